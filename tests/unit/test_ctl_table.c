/* SPDX-License-Identifier: MIT */
/*
 * What `lampyrid ctl` shows to people: columns that line up whatever peers have put into the rows.
 */
#include "base/check.h"
#include "cmd/ctl_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
	uint64_t seconds;
	const char *text;
} ages[] = {
	{ 0, "0s" },	    { 59, "59s" },	 { 60, "1m00s" },	   { 192, "3m12s" },
	{ 3599, "59m59s" }, { 3600, "1h00m" },	 { 7380, "2h03m" },	   { 86399, "23h59m" },
	{ 86400, "1d00h" }, { 446400, "5d04h" }, { 86400000, "1000d00h" },
};

static void ages_are_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ages); i++) {
		char text[32] = { 0 };
		struct buf buf = BUF_ON(text);

		ctl_age_print(&buf, ages[i].seconds);
		assert_string_equal(text, ages[i].text);
	}
}

/* As the command shows them: sorted by the first column. */
static void expect_table(const char *type, struct slice *rows, size_t count, const char *expected)
{
	char *text = NULL;
	size_t n = 0, column_count;
	FILE *file = open_memstream(&text, &n);
	const struct ctl_column *columns = ctl_columns_find(slice_from_cstr(type), &column_count);

	assert_non_null(columns);
	ctl_table_sort(&columns[0], rows, count);
	ctl_table_print(file, columns, column_count, rows, count);
	fclose(file);
	assert_string_equal(text, expected);
	free(text);
}

static void columns_line_up(void **state)
{
	struct slice rows[] = {
		SLICE("{\"extension\":\"1001\",\"name\":\"\xc3\x84rger\",\"lamp\":\"off\","
		      "\"legs\":[],\"watchers\":0,\"registered\":false,"
		      "\"status\":\"unregistered\"}"),
		SLICE("{\"extension\":\"202\",\"name\":\"Bob\",\"lamp\":\"flash\",\"legs\":[{"
		      "\"call\":7,\"state\":\"ringing\",\"with\":\"201\"},{\"call\":12,"
		      "\"state\":\"talking\"}],\"watchers\":12,\"registered\":true}"),
		SLICE("{\"extension\":\"203\",\"name\":\"C\",\"lamp\":\"steady\",\"legs\":[],"
		      "\"elsewhere\":2,\"watchers\":1,\"registered\":true,"
		      "\"status\":\"do-not-disturb\"}"),
	};

	(void)state;
	expect_table("lamp", rows, ARRAY_LEN(rows),
		     "EXTENSION  NAME   LAMP    WHY                                     WATCHERS  "
		     "PHONES\n"
		     "202        Bob    flash   call 7: ringing, 201; call 12: talking        12\n"
		     "203        C      steady  2 elsewhere; do-not-disturb                    1\n"
		     "1001       \xc3\x84rger  off                                                 "
		     "   0  "
		     "no phone\n");
}

static void a_transfer_is_told_with_both_calls(void **state)
{
#define TRANSFER                                                                                   \
	"\"transfer\":{\"how\":\"blind\",\"state\":\"calling\",\"by\":\"202\","                    \
	"\"of\":\"201\",\"to\":\"203\",\"from_call\":7,\"to_call\":9}"
	struct slice rows[] = {
		SLICE("{\"call\":7,\"state\":\"talking\",\"from\":{\"number\":\"201\"},"
		      "\"legs\":[]," TRANSFER "}"),
		SLICE("{\"call\":9,\"state\":\"ringing\",\"from\":{\"number\":\"201\"},"
		      "\"legs\":[{\"number\":\"201\",\"state\":\"calling\",\"waits\":true},"
		      "{\"number\":\"203\",\"state\":\"ringing\"}]," TRANSFER
		      ",\"transferred_by\":\"202\"}"),
		SLICE("{\"call\":5,\"state\":\"talking\",\"from\":{\"number\":\"204\"},"
		      "\"legs\":[],\"transferred_by\":\"205\",\"was_call\":4}"),
		SLICE("{\"call\":6,\"state\":\"talking\",\"from\":{\"number\":\"206\"},"
		      "\"legs\":[],\"was_call\":3}"),
		SLICE("{\"call\":8,\"state\":\"talking\",\"from\":{\"number\":\"207\"},"
		      "\"legs\":[],\"transfer\":{\"how\":\"recall\",\"by\":\"208\","
		      "\"of\":\"207\",\"to\":\"208\",\"from_call\":8,\"to_call\":11}}"),
		SLICE("{\"call\":12,\"state\":\"joining\",\"from\":{\"number\":\"209\"},"
		      "\"legs\":[],\"transfer\":{\"how\":\"click-to-dial\",\"by\":\"210\","
		      "\"of\":\"210\",\"to\":\"209\",\"from_call\":12}}"),
	};

	(void)state;
	expect_table("call", rows, ARRAY_LEN(rows),
		     "CALL  STATE    FROM  TRANSFER                             LEGS\n"
		     "   5  talking  204   by 205, was call 4\n"
		     "   6  talking  206   was call 3\n"
		     "   7  talking  201   202 sends 201 to 203, call 9\n"
		     "   8  talking  207   208 is called back for 207, call 11\n"
		     "   9  ringing  201   202 sends 201 to 203, call 9         201 waits, "
		     "203 ringing\n"
		     "  12  joining  209   210 calls 209\n");
}

static void a_parked_call_is_told_with_its_orbit(void **state)
{
	struct slice rows[] = {
		SLICE("{\"call\":7,\"state\":\"parked\",\"from\":{\"number\":\"201\"},"
		      "\"parked\":{\"orbit\":\"*851\",\"by\":\"203\",\"age\":12},"
		      "\"legs\":[{\"number\":\"201\",\"state\":\"talking\"}]}"),
	};

	(void)state;
	expect_table("call", rows, ARRAY_LEN(rows),
		     "CALL  STATE   FROM  PARKED            LEGS\n"
		     "   7  parked  201   *851 by 203, 12s  201 talking\n");
}

static void an_orbit_is_told_with_who_waits_there(void **state)
{
	struct slice rows[] = {
		SLICE("{\"orbit\":\"*851\",\"lamp\":\"steady\",\"parked\":{\"call\":7,"
		      "\"with\":\"201\",\"by\":\"203\",\"age\":12},\"watchers\":2}"),
	};

	(void)state;
	expect_table("lamp", rows, ARRAY_LEN(rows),
		     "EXTENSION  LAMP    WHY                         WATCHERS\n"
		     "*851       steady  call 7: parked by 203, 201         2\n");
}

static void columns_without_a_word_are_left_out(void **state)
{
	struct slice rows[] = {
		SLICE("{\"call\":10,\"state\":\"ringing\",\"age\":5,\"from\":{\"number\":\"201\"},"
		      "\"to\":{\"number\":\"600\",\"name\":\"office\"},\"legs\":[]}"),
		SLICE("{\"call\":9,\"state\":\"ringing\",\"age\":65,\"from\":{\"number\":\"203\"},"
		      "\"to\":{\"number\":\"600\",\"name\":\"office\"},\"legs\":[]}"),
	};

	(void)state;
	expect_table("call", rows, ARRAY_LEN(rows),
		     "CALL  STATE    FROM  TO            AGE\n"
		     "   9  ringing  203   600 office  1m05s\n"
		     "  10  ringing  201   600 office     5s\n");
}

/* A contact that wants to paint on the terminal, and rows that are no rows. */
static void peers_cannot_move_the_cursor(void **state)
{
	struct slice rows[] = {
		SLICE("{\"extension\":\"201\",\"expires\":60,\"transport\":\"udp\",\"peer\":"
		      "\"192.0.2.1:5060\",\"contact\":\"sip:\\u001b[2J\\u202e\\n\\ufffd\"}"),
		SLICE("{\"extension\":"),
	};

	(void)state;
	expect_table("registration", rows, ARRAY_LEN(rows),
		     "EXTENSION  EXPIRES IN  WAY                 CONTACT\n"
		     "                       :\n"
		     "201             1m00s  udp:192.0.2.1:5060  sip:?[2J??\xef\xbf\xbd\n");
}

static void a_status_is_a_page(void **state)
{
	struct slice row =
		SLICE("{\"version\":\"1\",\"pid\":7,\"uptime\":192,\"started\":\"then\","
		      "\"config\":\"c.yaml\",\"domain\":\"d\",\"extensions\":3,\"listeners\":["
		      "\"udp:a\",\"tcp:b\"],\"calls\":1,\"calls_total\":2,\"registrations\":4,"
		      "\"subscriptions\":5,\"lamps\":{\"watchers\":12,\"repairs\":13,"
		      "\"wrong_lamp_seconds\":14},\"messages\":{\"received\":6,\"malformed\":0,"
		      "\"sent\":8,"
		      "\"unsent\":9},\"strangers\":{\"dropped\":10,\"sources\":11},\"memory\":{"
		      "\"bytes\":12,\"blocks\":13},\"log_dropped\":0,\"pools\":[{\"name\":\"legs\","
		      "\"used\":1,\"limit\":2,\"peak\":3,\"refused\":4}]}");
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	(void)state;
	ctl_status_print(file, row);
	fclose(file);
	assert_string_equal(text,
			    "lampyrid        1, pid 7\n"
			    "running         for 3m12s, since then\n"
			    "configuration   c.yaml\n"
			    "domain          d, 3 extensions\n"
			    "listening on    udp:a\n"
			    "listening on    tcp:b\n"
			    "calls           1 now, 2 since the start\n"
			    "registrations   4\n"
			    "subscriptions   5\n"
			    "lamps           12 watchers, wrong for 14 s in all, 13 repaired\n"
			    "messages        6 received (0 malformed), 8 sent (9 could not be)\n"
			    "strangers       10 requests dropped, 11 sources known\n"
			    "memory          12 bytes in 13 blocks\n"
			    "log             0 lines dropped\n"
			    "\n"
			    "ROOM FOR  USED  LIMIT  PEAK  REFUSED\n"
			    "legs         1      2     3        4\n");
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages_are_short),
		cmocka_unit_test(columns_line_up),
		cmocka_unit_test(a_transfer_is_told_with_both_calls),
		cmocka_unit_test(a_parked_call_is_told_with_its_orbit),
		cmocka_unit_test(an_orbit_is_told_with_who_waits_there),
		cmocka_unit_test(columns_without_a_word_are_left_out),
		cmocka_unit_test(peers_cannot_move_the_cursor),
		cmocka_unit_test(a_status_is_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
