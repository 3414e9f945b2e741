/* SPDX-License-Identifier: MIT */
/*
 * Which route a dialled number takes, what the trunk is told, what a called number is inside, and
 * which addresses a range has.
 */
#include "base/err.h"
#include "base/mem.h"
#include "pbx/directory.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct extension alice = { .number = SLICE_INIT("201"),
					.groups = { SLICE_INIT("sales") },
					.group_count = 1 };
static const struct extension bob = { .number = SLICE_INIT("202") };

/* "0*" is a prefix. */
static struct number_match match_of(const char *text)
{
	struct number_match match = { .text = slice_from_cstr(text) };

	if (match.text.n > 0 && match.text.p[match.text.n - 1] == '*') {
		match.text.n--;
		match.is_prefix = true;
	}
	return match;
}

static void add_route(struct dialplan *dialplan, const char *match, const char *prepend,
		      size_t strip, const char *group)
{
	struct route route = { .match = match_of(match),
			       .prepend = slice_from_cstr(prepend),
			       .strip = strip };

	if (group)
		route.groups[route.group_count++] = slice_from_cstr(group);
	assert_int_equal(dialplan_add_route(dialplan, &route), 0);
}

/* What the trunk is told, "denied", or "" without a route. */
static const char *dial(const struct dialplan *dialplan, const struct extension *caller,
			const char *number)
{
	static char text[128];
	struct buf buf = { .p = text, .cap = sizeof(text) - 1 };
	bool is_denied;
	const struct route *route =
		dialplan_find_route(dialplan, slice_from_cstr(number), caller, &is_denied);

	if (is_denied)
		return "denied";
	if (route)
		route_print_number(&buf, route, slice_from_cstr(number));
	text[buf.n] = '\0';
	return text;
}

static void separators_walk_past_no_bar(void **state)
{
	struct dialplan dialplan;

	(void)state;
	dialplan_init(&dialplan);
	add_route(&dialplan, "0*", "", 1, NULL);
	add_route(&dialplan, "0900*", "", 1, "sales");
	add_route(&dialplan, "al*", "", 0, NULL);
	add_route(&dialplan, "1-1-2", "E", 0, NULL);
	assert_string_equal(dial(&dialplan, &bob, "0900123"), "denied");
	assert_string_equal(dial(&dialplan, &bob, "0-900-123"), "denied");
	assert_string_equal(dial(&dialplan, &bob, "-0900123"), "denied");
	assert_string_equal(dial(&dialplan, &bob, "(0) 900.123"), "denied");
	assert_string_equal(dial(&dialplan, &alice, "0 (900) 12-3"), "900123");
	assert_string_equal(dial(&dialplan, &bob, "0;phone-context=+49900"), "");
	assert_string_equal(dial(&dialplan, &bob, "0/900"), "");
	assert_string_equal(dial(&dialplan, &bob, "al-b.c_d"), "al-b.c_d");
	assert_string_equal(dial(&dialplan, &bob, "112"), "E112");
	dialplan_fini(&dialplan);
}

static void the_longest_match_decides(void **state)
{
	struct dialplan dialplan;

	(void)state;
	dialplan_init(&dialplan);
	add_route(&dialplan, "0*", "A", 1, NULL);
	add_route(&dialplan, "00*", "B", 2, NULL);
	add_route(&dialplan, "0*", "C", 1, NULL);
	add_route(&dialplan, "110*", "D", 0, NULL);
	add_route(&dialplan, "110", "E", 0, NULL);
	add_route(&dialplan, "0900*", "F", 0, "sales");
	add_route(&dialplan, "09001", "G", 5, NULL);
	assert_string_equal(dial(&dialplan, &alice, "030123"), "A30123");
	assert_string_equal(dial(&dialplan, &alice, "0"), "A");
	assert_string_equal(dial(&dialplan, &alice, "0043123"), "B43123");
	assert_string_equal(dial(&dialplan, &alice, "110"), "E110");
	assert_string_equal(dial(&dialplan, &alice, "1101"), "D1101");
	assert_string_equal(dial(&dialplan, &alice, "112"), "");
	assert_string_equal(dial(&dialplan, &alice, ""), "");
	assert_string_equal(dial(&dialplan, &alice, "0900123"), "F0900123");
	assert_string_equal(dial(&dialplan, &bob, "09001"), "G");
	dialplan_fini(&dialplan);
	assert_int_equal(mem_count().blocks, 0);
}

/* Premium numbers that are barred must not leave by a shorter route (SECURITY R3). */
static void a_denied_number_takes_no_shorter_route(void **state)
{
	struct dialplan dialplan;

	(void)state;
	dialplan_init(&dialplan);
	add_route(&dialplan, "0*", "A", 0, NULL);
	add_route(&dialplan, "0900*", "B", 0, "sales");
	assert_string_equal(dial(&dialplan, &alice, "0900123"), "B0900123");
	assert_string_equal(dial(&dialplan, &bob, "0900123"), "denied");
	assert_string_equal(dial(&dialplan, &bob, "0800123"), "A0800123");
	add_route(&dialplan, "0900*", "C", 0, NULL);
	assert_string_equal(dial(&dialplan, &alice, "0900123"), "B0900123");
	assert_string_equal(dial(&dialplan, &bob, "0900123"), "C0900123");
	dialplan_fini(&dialplan);
}

static void a_star_matches_everything(void **state)
{
	struct dialplan dialplan;

	(void)state;
	dialplan_init(&dialplan);
	add_route(&dialplan, "*", "", 0, NULL);
	assert_string_equal(dial(&dialplan, &alice, "+4930"), "+4930");
	dialplan_fini(&dialplan);
}

static void a_called_number_is_known_inside(void **state)
{
	static const struct {
		const char *called, *inside; /* NULL: not there */
	} calls[] = {
		{ "+4930123450", "600" },
		{ "+493012345201", "201" },
		{ "+4930123459", "9" },
		{ "+4940", NULL },
		{ "", NULL },
		{ "+49301234590", "690" },
	};
	struct dialplan dialplan;
	struct trunk_config *trunk;
	struct trunk_config spec = { .name = SLICE("acme"), .uri = SLICE("sip:acme.example") };
	static const char *const numbers[][2] = { { "+493012345*", "*" },
						  { "+4930123450", "600" },
						  { "+49301234590", "690" } };

	(void)state;
	dialplan_init(&dialplan);
	assert_int_equal(dialplan_add_trunk(&dialplan, &spec, &trunk), 0);
	assert_int_equal(dialplan_add_trunk(&dialplan, &spec, &trunk), ERR_EXISTS);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct number_match match = match_of(numbers[i][0]), to = match_of(numbers[i][1]);

		assert_int_equal(trunk_config_add_number(trunk, &match, &to), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		char text[64];
		struct buf buf = BUF_ON(text);
		bool is_there =
			trunk_config_print_inside(&buf, trunk, slice_from_cstr(calls[i].called));

		assert_true(is_there == (calls[i].inside != NULL));
		assert_true(!is_there ||
			    slice_eq(buf_text(&buf), slice_from_cstr(calls[i].inside)));
	}
	dialplan_fini(&dialplan);
	assert_int_equal(mem_count().blocks, 0);
}

static void a_range_has_its_addresses_only(void **state)
{
	static const struct {
		const char *first;
		uint8_t bits;
		const char *addr;
		bool is_in;
	} rows[] = {
		{ "192.0.2.0", 24, "192.0.2.255", true },
		{ "192.0.2.0", 24, "192.0.3.0", false },
		{ "192.0.2.8", 29, "192.0.2.15", true },
		{ "192.0.2.8", 29, "192.0.2.16", false },
		{ "192.0.2.1", 32, "192.0.2.1", true },
		{ "192.0.2.1", 32, "192.0.2.2", false },
		{ "2001:db8::", 32, "2001:db8:ffff::1", true },
		{ "2001:db8::", 32, "2001:db9::", false },
		{ "2001:db8::1", 128, "2001:db8::1", true },
		{ "2001:db8::1", 128, "2001:db8::2", false },
		/* SECURITY A9: the family is compared, too; A2: nothing matches everybody. */
		{ "192.0.2.0", 24, "c000:200::", false },
		{ "c000:200::", 24, "192.0.2.1", false },
		{ "0.0.0.0", 0, "192.0.2.1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct addr_range range = { .bits = rows[i].bits };
		struct addr addr;

		assert_int_equal(addr_parse_ip(slice_from_cstr(rows[i].first), &range.addr), 0);
		assert_int_equal(addr_parse_ip(slice_from_cstr(rows[i].addr), &addr), 0);
		assert_true(addr_range_has(&range, &addr) == rows[i].is_in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_match_decides),
		cmocka_unit_test(separators_walk_past_no_bar),
		cmocka_unit_test(a_denied_number_takes_no_shorter_route),
		cmocka_unit_test(a_star_matches_everything),
		cmocka_unit_test(a_called_number_is_known_inside),
		cmocka_unit_test(a_range_has_its_addresses_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
