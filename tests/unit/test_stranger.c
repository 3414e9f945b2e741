/* SPDX-License-Identifier: MIT */
/*
 * The buckets of strangers: how fast they empty and fill, who shares one, who has a larger one, and
 * that their number is bounded.
 */
#include "base/check.h"
#include "base/mem.h"
#include "pbx/stranger.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define RATE 10

static const uint64_t secret[2] = { 1, 2 };
static struct strangers strangers;

static int start(void **state)
{
	(void)state;
	strangers_init(&strangers, secret);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	strangers_fini(&strangers);
	return mem_count().blocks == 0 ? 0 : -1;
}

static struct addr from(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse_ip(slice_from_cstr(text), &addr), 0);
	addr.port = 5060;
	return addr;
}

/* How many answers there are at once. */
static unsigned take_all(const char *peer, uint64_t now_ms)
{
	struct addr addr = from(peer);
	unsigned n = 0;

	while (n < 100000 && strangers_take(&strangers, &addr, RATE, now_ms))
		n++;
	return n;
}

static void a_bucket_empties_and_fills(void **state)
{
	struct addr peer = from("192.0.2.1");

	(void)state;
	assert_int_equal(take_all("192.0.2.1", 1000), RATE * STRANGERS_BURST_S);
	assert_false(strangers_may_ask(&strangers, &peer, RATE, 1099));
	assert_int_equal(take_all("192.0.2.1", 1099), 0);
	assert_true(strangers_may_ask(&strangers, &peer, RATE, 1100));
	assert_int_equal(take_all("192.0.2.1", 1100), 1);
	assert_int_equal(take_all("192.0.2.1", 2100), RATE);
	assert_int_equal(take_all("192.0.2.1", 1000000), RATE * STRANGERS_BURST_S);
}

static void sources_do_not_share_a_bucket(void **state)
{
	(void)state;
	assert_int_equal(take_all("192.0.2.1", 1000), RATE * STRANGERS_BURST_S);
	assert_int_equal(take_all("192.0.2.2", 1000), RATE * STRANGERS_BURST_S);
	assert_int_equal(take_all("2001:db8::1", 1000), RATE * STRANGERS_BURST_S);
	assert_int_equal(take_all("2001:db8::ffff:1", 1000), 0);
	assert_int_equal(take_all("2001:db8:0:1::1", 1000), RATE * STRANGERS_BURST_S);
}

static void a_port_is_no_other_source(void **state)
{
	struct addr other = from("192.0.2.1");

	(void)state;
	assert_int_equal(take_all("192.0.2.1", 1000), RATE * STRANGERS_BURST_S);
	other.port = 1;
	assert_false(strangers_take(&strangers, &other, RATE, 1000));
}

static void who_is_known_has_more_and_is_always_read(void **state)
{
	struct addr peer = from("192.0.2.1");
	uint64_t much = RATE * STRANGERS_BURST_S * STRANGERS_KNOWN_FACTOR;

	(void)state;
	assert_int_equal(take_all("192.0.2.1", 1000), RATE * STRANGERS_BURST_S);
	strangers_vouch(&strangers, &peer, RATE, 1000);
	assert_int_equal(take_all("192.0.2.1", 1000), much);
	/* Vouched for again: no new bucket, or good credentials would pay for bad ones. */
	strangers_vouch(&strangers, &peer, RATE, 1000);
	assert_int_equal(take_all("192.0.2.1", 1000), 0);
	assert_true(strangers_may_ask(&strangers, &peer, RATE, 1000));
	assert_int_equal(take_all("192.0.2.1", 2000), RATE * STRANGERS_KNOWN_FACTOR);
	assert_int_equal(take_all("192.0.2.1", 1000 + STRANGERS_KNOWN_MS),
			 RATE * STRANGERS_BURST_S);
	assert_false(strangers_may_ask(&strangers, &peer, RATE, 1000 + STRANGERS_KNOWN_MS));
}

static void the_machine_itself_and_no_limit_are_not_limited(void **state)
{
	struct addr peer = from("192.0.2.1");

	(void)state;
	assert_int_equal(take_all("127.0.0.1", 1000), 100000);
	assert_int_equal(take_all("127.8.8.8", 1000), 100000);
	assert_int_equal(take_all("::1", 1000), 100000);
	for (int i = 0; i < 10000; i++)
		assert_true(strangers_take(&strangers, &peer, 0, 1000) &&
			    strangers_may_ask(&strangers, &peer, 0, 1000));
	assert_int_equal(strangers.sources.count, 0);
}

static void strangers_make_room_before_the_known(void **state)
{
	struct addr known = from("192.0.2.1"), stranger = from("192.0.2.2");

	(void)state;
	strangers.sources_max = 10;
	strangers_vouch(&strangers, &known, RATE, 1000);
	assert_true(strangers_take(&strangers, &known, RATE, 1000));
	for (uint32_t i = 0; i < 1000; i++) {
		stranger.ip[2] = (uint8_t)(i / 256);
		stranger.ip[3] = (uint8_t)i;
		stranger.ip[0] = 10;
		assert_true(strangers_take(&strangers, &stranger, RATE, 1000 + i));
	}
	assert_int_equal(strangers.sources.count, 10);
	assert_int_equal(take_all("192.0.2.1", 1000),
			 RATE * STRANGERS_BURST_S * STRANGERS_KNOWN_FACTOR - 1);
	for (uint32_t i = 0; i < 20; i++) {
		stranger.ip[3] = (uint8_t)i;
		strangers_vouch(&strangers, &stranger, RATE, 3000 + i);
	}
	assert_int_equal(strangers.sources.count, 10);
}

static void refused_memory_refuses_nobody(void **state)
{
	struct addr peer = from("192.0.2.1");

	(void)state;
	for (uint64_t nth = 1; nth <= 2; nth++) {
		mem_refuse_nth(nth);
		assert_true(strangers_take(&strangers, &peer, RATE, 1000));
		mem_refuse_nth(0);
	}
	mem_refuse_nth(1);
	peer.ip[3] = 9;
	strangers_vouch(&strangers, &peer, RATE, 1000);
	mem_refuse_nth(0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_bucket_empties_and_fills, start, stop),
		cmocka_unit_test_setup_teardown(sources_do_not_share_a_bucket, start, stop),
		cmocka_unit_test_setup_teardown(a_port_is_no_other_source, start, stop),
		cmocka_unit_test_setup_teardown(who_is_known_has_more_and_is_always_read, start,
						stop),
		cmocka_unit_test_setup_teardown(the_machine_itself_and_no_limit_are_not_limited,
						start, stop),
		cmocka_unit_test_setup_teardown(strangers_make_room_before_the_known, start, stop),
		cmocka_unit_test_setup_teardown(refused_memory_refuses_nobody, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
