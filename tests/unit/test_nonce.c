/* SPDX-License-Identifier: MIT */
/*
 * Server nonces: which are ours, how long they live, that no count passes twice, and that the table
 * stays bounded and leaves nothing behind.
 */
#include "base/check.h"
#include "base/mem.h"
#include "core/nonce.h"
#include "support/guarded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW_MS 1000000

struct nonce_text {
	char text[NONCE_MAX_BYTES];
};

static void start(struct nonces *nonces)
{
	uint8_t secret[NONCE_SECRET_BYTES];

	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)i;
	nonces_init(nonces, secret);
}

/* Ends the table and asserts that it held the only memory. */
static void finish(struct nonces *nonces, const struct mem_count *before)
{
	nonces_fini(nonces);
	assert_int_equal(mem_count().blocks, before->blocks);
}

static struct slice make(struct nonces *nonces, uint64_t now_ms, struct nonce_text *room)
{
	static uint64_t number;
	uint8_t salt[NONCE_SALT_BYTES];
	struct buf buf = BUF_ON(room->text);

	number++;
	memcpy(salt, &number, sizeof(salt));
	nonce_make(nonces, now_ms, salt, &buf);
	assert_false(buf.is_overflown);
	assert_int_equal(buf.n, NONCE_MAX_BYTES);
	return buf_text(&buf);
}

static void issuing_and_refusing_cost_no_memory(void **state)
{
	struct mem_count before = mem_count();
	struct nonces nonces;
	struct nonce_text room;
	struct slice nonce;

	(void)state;
	start(&nonces);
	for (int i = 0; i < 1000; i++) {
		nonce = make(&nonces, NOW_MS, &room);
		assert_int_equal(nonce_peek(&nonces, nonce, 1, NOW_MS), NONCE_GOOD);
		room.text[0] = 'f';
		assert_int_equal(nonce_use(&nonces, nonce, 1, NOW_MS), NONCE_FOREIGN);
	}
	assert_int_equal(mem_count().allocs, before.allocs);
	finish(&nonces, &before);
}

static void a_changed_nonce_is_foreign(void **state)
{
	struct mem_count before = mem_count();
	struct nonces nonces;
	struct nonce_text room;
	struct slice nonce;

	(void)state;
	start(&nonces);
	nonce = make(&nonces, NOW_MS, &room);
	assert_int_equal(nonce_use(&nonces, nonce, 1, NOW_MS), NONCE_GOOD);
	for (size_t i = 0; i < nonce.n; i++) {
		static const char others[] = "0f/:`gAF \0\xff";
		char was = room.text[i];

		for (size_t j = 0; j < sizeof(others); j++) {
			if (others[j] == was)
				continue;
			room.text[i] = others[j];
			assert_int_equal(nonce_peek(&nonces, nonce, 2, NOW_MS), NONCE_FOREIGN);
			assert_int_equal(nonce_use(&nonces, nonce, 2, NOW_MS), NONCE_FOREIGN);
		}
		room.text[i] = was;
	}
	for (size_t n = 0; n < nonce.n; n++) {
		struct guarded head = guarded_copy(slice_head(nonce, n));

		assert_int_equal(nonce_use(&nonces, head.text, 2, NOW_MS), NONCE_FOREIGN);
		guarded_free(&head);
	}
	assert_int_equal(nonce_use(&nonces, SLICE_NONE, 2, NOW_MS), NONCE_FOREIGN);
	assert_int_equal(nonce_use(&nonces, nonce, 2, NOW_MS), NONCE_GOOD);
	finish(&nonces, &before);
}

static void a_nonce_of_another_secret_is_foreign(void **state)
{
	struct mem_count before = mem_count();
	uint8_t secret[NONCE_SECRET_BYTES] = { 1 };
	struct nonces nonces;
	struct nonces others;
	struct nonce_text room;

	(void)state;
	start(&nonces);
	nonces_init(&others, secret);
	assert_int_equal(nonce_use(&nonces, make(&others, NOW_MS, &room), 1, NOW_MS),
			 NONCE_FOREIGN);
	nonces_fini(&others);
	finish(&nonces, &before);
}

static void a_nonce_is_good_for_its_life(void **state)
{
	static const struct {
		uint64_t issued_ms;
		uint64_t used_ms;
		enum nonce_verdict verdict;
	} cases[] = {
		{ 0, 0, NONCE_GOOD },
		{ NOW_MS, NOW_MS, NONCE_GOOD },
		{ NOW_MS, NOW_MS + NONCE_LIFE_MS - 1, NONCE_GOOD },
		{ NOW_MS, NOW_MS + NONCE_LIFE_MS, NONCE_STALE },
		{ NOW_MS, NOW_MS + 10 * (uint64_t)NONCE_LIFE_MS, NONCE_STALE },
		{ NOW_MS, UINT64_MAX - NONCE_LIFE_MS, NONCE_STALE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mem_count before = mem_count();
		struct nonces nonces;
		struct nonce_text room;
		struct slice nonce;
		uint64_t used_ms = cases[i].used_ms;

		start(&nonces);
		nonce = make(&nonces, cases[i].issued_ms, &room);
		assert_int_equal(nonce_peek(&nonces, nonce, 1, used_ms), cases[i].verdict);
		assert_int_equal(nonce_use(&nonces, nonce, 1, used_ms), cases[i].verdict);
		finish(&nonces, &before);
	}
}

static void a_nonce_from_the_future_is_stale(void **state)
{
	struct mem_count before = mem_count();
	struct nonces nonces;
	struct nonces ahead;
	struct nonce_text room;

	(void)state;
	start(&nonces);
	start(&ahead);
	assert_int_equal(nonce_use(&nonces, make(&ahead, NOW_MS + 1, &room), 1, NOW_MS),
			 NONCE_STALE);
	nonces_fini(&ahead);
	finish(&nonces, &before);
}

static void each_count_passes_once(void **state)
{
	static const struct {
		uint32_t nc;
		enum nonce_verdict verdict;
	} steps[] = {
		{ 1, NONCE_GOOD },
		{ 1, NONCE_STALE },
		{ 3, NONCE_GOOD },
		{ 2, NONCE_GOOD },
		{ 2, NONCE_STALE },
		{ 3, NONCE_STALE },
		{ 66, NONCE_GOOD },
		{ 3, NONCE_STALE },
		{ 2, NONCE_STALE },
		{ 4, NONCE_GOOD },
		{ 4, NONCE_STALE },
		{ 67, NONCE_GOOD },
		{ 4, NONCE_STALE },
		{ 5, NONCE_GOOD },
		{ 131, NONCE_GOOD },
		{ 67, NONCE_STALE },
		{ 68, NONCE_GOOD },
		{ 130, NONCE_GOOD },
		{ UINT32_MAX, NONCE_GOOD },
		{ UINT32_MAX, NONCE_STALE },
		{ 131, NONCE_STALE },
		{ UINT32_MAX - 64, NONCE_STALE },
		{ UINT32_MAX - 63, NONCE_GOOD },
		{ UINT32_MAX - 63, NONCE_STALE },
		{ 0, NONCE_STALE },
	};
	struct mem_count before = mem_count();
	struct nonces nonces;
	struct nonce_text room;
	struct slice nonce;

	(void)state;
	start(&nonces);
	nonce = make(&nonces, NOW_MS, &room);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		enum nonce_verdict peeked = nonce_peek(&nonces, nonce, steps[i].nc, NOW_MS);

		if (peeked != steps[i].verdict ||
		    nonce_use(&nonces, nonce, steps[i].nc, NOW_MS) != steps[i].verdict)
			fail_msg("step %zu, count %u", i, steps[i].nc);
	}
	finish(&nonces, &before);
}

/* Counts as a shuffling network would deliver them, against a plain list of what passed. */
static void a_window_agrees_with_a_list(void **state)
{
	static bool is_used[4096];
	struct mem_count before = mem_count();
	uint32_t highest = 0;
	uint64_t random = 1;
	struct nonces nonces;
	struct nonce_text room;
	struct slice nonce;

	(void)state;
	start(&nonces);
	nonce = make(&nonces, NOW_MS, &room);
	for (int i = 0; i < 20000; i++) {
		uint32_t nc;
		bool is_good;

		random = random * 6364136223846793005u + 1442695040888963407u;
		nc = (uint32_t)(i / 8 + (int)(random >> 33) % 160);
		is_good = !is_used[nc] && (nc > highest || highest - nc < 64);
		if ((nonce_use(&nonces, nonce, nc, NOW_MS) == NONCE_GOOD) != is_good)
			fail_msg("count %u, highest %u", nc, highest);
		is_used[nc] |= is_good;
		highest = nc > highest ? nc : highest;
	}
	finish(&nonces, &before);
}

static void without_qop_a_nonce_is_good_once(void **state)
{
	struct mem_count before = mem_count();
	struct nonces nonces;
	struct nonce_text room;
	struct slice nonce;

	(void)state;
	start(&nonces);
	nonce = make(&nonces, NOW_MS, &room);
	assert_int_equal(nonce_use(&nonces, nonce, 0, NOW_MS), NONCE_GOOD);
	assert_int_equal(nonce_use(&nonces, nonce, 0, NOW_MS), NONCE_STALE);
	nonce = make(&nonces, NOW_MS, &room);
	assert_int_equal(nonce_use(&nonces, nonce, 1, NOW_MS), NONCE_GOOD);
	assert_int_equal(nonce_use(&nonces, nonce, 0, NOW_MS), NONCE_GOOD);
	assert_int_equal(nonce_use(&nonces, nonce, 0, NOW_MS), NONCE_STALE);
	finish(&nonces, &before);
}

static void expired_nonces_leave_the_table(void **state)
{
	struct mem_count before = mem_count();
	struct nonces nonces;
	struct nonce_text room;

	(void)state;
	start(&nonces);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(
			nonce_use(&nonces, make(&nonces, NOW_MS + i, &room), 1, NOW_MS + i),
			NONCE_GOOD);
	assert_int_equal(nonces.used.count, 100);
	make(&nonces, NOW_MS + NONCE_LIFE_MS + 49, &room);
	assert_int_equal(nonces.used.count, 50);
	assert_int_equal(nonce_use(&nonces, SLICE("x"), 1, NOW_MS + NONCE_LIFE_MS + 99),
			 NONCE_FOREIGN);
	assert_int_equal(nonces.used.count, 0);
	finish(&nonces, &before);
}

/* Behind one that was used before it, and waits until that one goes. */
static void an_old_nonce_used_late_leaves_the_table_too(void **state)
{
	struct mem_count before = mem_count();
	struct nonces nonces;
	struct nonce_text rooms[2];
	struct slice old, young;

	(void)state;
	start(&nonces);
	old = make(&nonces, NOW_MS, &rooms[0]);
	young = make(&nonces, NOW_MS + 1000, &rooms[1]);
	assert_int_equal(nonce_use(&nonces, young, 1, NOW_MS + 1000), NONCE_GOOD);
	assert_int_equal(nonce_use(&nonces, old, 1, NOW_MS + 1000), NONCE_GOOD);
	assert_int_equal(nonce_use(&nonces, old, 2, NOW_MS + NONCE_LIFE_MS), NONCE_STALE);
	assert_int_equal(nonce_use(&nonces, young, 2, NOW_MS + NONCE_LIFE_MS), NONCE_GOOD);
	assert_int_equal(nonce_use(&nonces, young, 3, NOW_MS + 1000 + NONCE_LIFE_MS), NONCE_STALE);
	assert_int_equal(nonces.used.count, 0);
	finish(&nonces, &before);
}

static void a_full_table_forgets_the_oldest_and_stays_safe(void **state)
{
	enum { COUNT = 40, ROOM = 8 };
	static struct nonce_text rooms[COUNT];
	struct mem_count before = mem_count();
	struct nonce_text old_room;
	struct nonces nonces;
	struct slice never_used;

	(void)state;
	start(&nonces);
	nonces.used_max = ROOM;
	never_used = make(&nonces, NOW_MS, &old_room);
	for (uint64_t i = 0; i < COUNT; i++) {
		struct slice nonce = make(&nonces, NOW_MS + i, &rooms[i]);

		assert_int_equal(nonce_use(&nonces, nonce, 1, NOW_MS + COUNT), NONCE_GOOD);
		assert_true(nonces.used.count <= ROOM);
	}
	/* What fell out cannot be replayed, nor used on; what is left can be used on. */
	for (uint64_t i = 0; i < COUNT; i++) {
		struct slice nonce = slice_of(rooms[i].text, NONCE_MAX_BYTES);

		assert_int_equal(nonce_use(&nonces, nonce, 1, NOW_MS + COUNT), NONCE_STALE);
		assert_int_equal(nonce_use(&nonces, nonce, 2, NOW_MS + COUNT),
				 i < COUNT - ROOM ? NONCE_STALE : NONCE_GOOD);
	}
	assert_int_equal(nonce_use(&nonces, never_used, 1, NOW_MS + COUNT), NONCE_STALE);
	finish(&nonces, &before);
}

/* An old nonce does not push out a younger one that is in use. */
static void the_late_user_of_an_old_nonce_is_challenged_again(void **state)
{
	struct mem_count before = mem_count();
	struct nonces nonces;
	struct nonce_text rooms[3];
	struct slice old;
	struct slice young;

	(void)state;
	start(&nonces);
	nonces.used_max = 1;
	old = make(&nonces, NOW_MS, &rooms[0]);
	young = make(&nonces, NOW_MS + 1, &rooms[1]);
	assert_int_equal(nonce_use(&nonces, young, 1, NOW_MS + 1), NONCE_GOOD);
	assert_int_equal(nonce_use(&nonces, old, 1, NOW_MS + 1), NONCE_STALE);
	assert_int_equal(nonce_use(&nonces, young, 2, NOW_MS + 1), NONCE_GOOD);
	old = make(&nonces, NOW_MS + 2, &rooms[2]);
	assert_int_equal(nonce_use(&nonces, old, 1, NOW_MS + 2), NONCE_GOOD);
	finish(&nonces, &before);
}

/* All within one millisecond: whoever is pushed out gets through with the next nonce. */
static void a_fresh_nonce_always_gets_through(void **state)
{
	struct mem_count before = mem_count();
	struct nonces nonces;
	struct nonce_text room;

	(void)state;
	start(&nonces);
	nonces.used_max = 4;
	for (int i = 0; i < 100; i++) {
		int tries = 1;

		while (nonce_use(&nonces, make(&nonces, NOW_MS, &room), 1, NOW_MS) != NONCE_GOOD)
			tries++;
		assert_true(tries <= 2);
	}
	finish(&nonces, &before);
}

static void the_default_table_is_bounded(void **state)
{
	struct mem_count before = mem_count();
	struct nonces nonces;
	struct nonce_text room;

	(void)state;
	start(&nonces);
	for (uint64_t i = 0; i < NONCE_TABLE_MAX + 100; i++)
		assert_int_equal(
			nonce_use(&nonces, make(&nonces, NOW_MS + i, &room), 1, NOW_MS + i),
			NONCE_GOOD);
	assert_int_equal(nonces.used.count, NONCE_TABLE_MAX);
	assert_true(mem_count().blocks - before.blocks <= NONCE_TABLE_MAX + 1);
	finish(&nonces, &before);
}

static void refused_memory_refuses_the_nonce(void **state)
{
	struct mem_count before = mem_count();
	struct nonces nonces;
	struct nonce_text room;
	struct slice nonce;

	(void)state;
	start(&nonces);
	nonce = make(&nonces, NOW_MS, &room);
	for (uint64_t nth = 1; nth <= 2; nth++) {
		mem_refuse_nth(nth);
		assert_int_equal(nonce_use(&nonces, nonce, 1, NOW_MS), NONCE_STALE);
	}
	mem_refuse_nth(0);
	assert_int_equal(nonce_use(&nonces, nonce, 1, NOW_MS), NONCE_GOOD);
	finish(&nonces, &before);
}

static void a_buffer_too_small_overflows(void **state)
{
	struct mem_count before = mem_count();
	const uint8_t salt[NONCE_SALT_BYTES] = { 0 };
	char text[NONCE_MAX_BYTES - 1];
	struct buf buf = BUF_ON(text);
	struct nonces nonces;

	(void)state;
	start(&nonces);
	nonce_make(&nonces, NOW_MS, salt, &buf);
	assert_true(buf.is_overflown);
	finish(&nonces, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(issuing_and_refusing_cost_no_memory),
		cmocka_unit_test(a_changed_nonce_is_foreign),
		cmocka_unit_test(a_nonce_of_another_secret_is_foreign),
		cmocka_unit_test(a_nonce_is_good_for_its_life),
		cmocka_unit_test(a_nonce_from_the_future_is_stale),
		cmocka_unit_test(each_count_passes_once),
		cmocka_unit_test(a_window_agrees_with_a_list),
		cmocka_unit_test(without_qop_a_nonce_is_good_once),
		cmocka_unit_test(expired_nonces_leave_the_table),
		cmocka_unit_test(an_old_nonce_used_late_leaves_the_table_too),
		cmocka_unit_test(a_full_table_forgets_the_oldest_and_stays_safe),
		cmocka_unit_test(the_late_user_of_an_old_nonce_is_challenged_again),
		cmocka_unit_test(a_fresh_nonce_always_gets_through),
		cmocka_unit_test(the_default_table_is_bounded),
		cmocka_unit_test(refused_memory_refuses_the_nonce),
		cmocka_unit_test(a_buffer_too_small_overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
