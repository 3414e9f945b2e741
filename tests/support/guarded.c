/* SPDX-License-Identifier: MIT */
/*
 * Copies of test input in front of a page without access rights.
 */
#include "support/guarded.h"

#include "base/check.h"

#include <sys/mman.h>
#include <unistd.h>

struct guarded guarded_copy(struct slice text)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (text.n / page + 1) * page;
	char *map =
		mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *start;

	CHECK(map != MAP_FAILED);
	CHECK(mprotect(map + room, page, PROT_NONE) == 0);
	start = map + room - text.n;
	if (text.n > 0)
		memcpy(start, text.p, text.n);
	return (struct guarded){ slice_of(start, text.n), map, room + page };
}

void guarded_free(struct guarded *guarded)
{
	munmap(guarded->map, guarded->map_bytes);
	*guarded = (struct guarded){ 0 };
}
