/* SPDX-License-Identifier: MIT */
/*
 * Roots to trust, from a file.
 */
#include "cmd/tls_ca.h"

#include "base/err.h"
#include "base/mem.h"
#include "cmd/options.h"
#include "crypto/tls.h"

#include <errno.h>
#include <stdio.h>

#define CA_MAX_BYTES (1 << 20)

static int refuse(const char *command, const char *path, const char *why)
{
	fprintf(stderr, "lampyrid %s: --tls-ca %s: %s\n", command, path, why);
	return EXIT_CODE_FAILED;
}

/* NULL without memory; *ret_n is 0 for what cannot be read, with errno. */
static char *read_file(const char *path, size_t *ret_n)
{
	char *text = mem_alloc(CA_MAX_BYTES);
	FILE *file = text ? fopen(path, "re") : NULL;

	*ret_n = 0;
	if (!file)
		return text;
	*ret_n = fread(text, 1, CA_MAX_BYTES, file);
	(void)fclose(file);
	return text;
}

static int make_context(struct slice ca, struct tls_context **ret_context)
{
	enum tls_fault fault;

	return tls_context_new(&(struct tls_spec){ .ca = ca }, ret_context, &fault);
}

int tls_ca_read(const char *command, const char *path, struct tls_context **ret_context)
{
	size_t n;
	char *text;
	int err;

	if (!path)
		return make_context(SLICE_NONE, ret_context) ? EXIT_CODE_FAILED : EXIT_CODE_OK;
	errno = 0;
	text = read_file(path, &n);
	if (!text)
		return refuse(command, path, err_text(ERR_NOMEM));
	err = n > 0 ? make_context(slice_of(text, n), ret_context) : ERR_IO;
	mem_free(text);
	if (err == ERR_IO)
		return refuse(command, path, errno ? strerror(errno) : "the file is empty");
	if (err)
		return refuse(command, path,
			      err == ERR_SYNTAX ? "there is no certificate in the file; expected "
						  "PEM text"
						: err_text(err));
	return EXIT_CODE_OK;
}
