/* SPDX-License-Identifier: MIT */
/*
 * The configuration as a whole: its defaults, keys that are unknown, twice or without a value, how
 * a report is bounded, and that no text, whole or torn, leaves anything behind. SOURCE_ROOT is the
 * folder of the project.
 */
#include "conf_rig.h"

#include "base/err.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- What is read ------------------------------------------------------------------------- */

static void check_minimal(const struct directory *directory)
{
	const struct extension *extension = directory_find(directory, SLICE("201"));

	assert_slice(directory->domain, "pbx.example.com");
	assert_int_equal(directory->refs, 1);
	assert_int_equal(directory->listen_count, 2);
	assert_int_equal(directory->listen[0].addr.port, 5060);
	assert_int_equal(directory->pickup_code_count, 2);
	assert_slice(directory->pickup_codes[0], "**");
	assert_slice(directory->pickup_codes[1], "*8");
	assert_slice(directory->group_pickup_code, "*8");
	assert_int_equal(directory->expires_max_s, 3600);
	assert_int_equal(directory->ring_timeout_s, 60);
	assert_int_equal(directory->session_expires_s, 1800);
	assert_int_equal(directory->lamp_gap_ms, 20);
	assert_int_equal(directory->duration_max_s, 0);
	assert_int_equal(directory->extensions.count, 1);
	assert_non_null(extension);
	assert_slice(extension->password, "x");
	assert_int_equal(extension->name.n, 0);
	assert_int_equal(extension->group_count, 0);
	assert_int_equal(extension->visibility, VISIBILITY_NUMBERS);
	assert_int_equal(extension->pickup, PICKUP_SAME_GROUP);
}

static const struct conf_rig_good good[] = {
	{ "minimal", REST, check_minimal },
	{ "number without quotes", DOMAIN "extensions:\n  201:\n    password: x\n", check_minimal },
	{ "domain in capitals", "domain: PBX.Example.COM\n" EXTENSIONS, check_minimal },
	{ "byte order mark", "\xef\xbb\xbf" REST, check_minimal },
	{ "line ends of Windows",
	  "domain: pbx.example.com\r\nextensions:\r\n  201: {password: x}\r\n", check_minimal },
	{ "document marks", "---\n" REST "...\n", check_minimal },
	{ "the defaults written out",
	  "store: memory\n"
	  "listen: [\"udp:0.0.0.0:5060\", \"tcp:0.0.0.0:5060\"]\n"
	  "codes: {pickup: [\"**\", \"*8\"], group-pickup: \"*8\"}\n"
	  "registration: {expires-max: 3600}\n"
	  "calls: {ring-timeout: 60, session-expires: 1800, duration-max: 0}\n"
	  "lamps: {gap: 20}\n"
	  "defaults: {visibility: numbers, pickup: same-group}\n" REST,
	  check_minimal },
	{ "empty sections", "codes: {}\ncalls: {}\nregistration: {}\ndefaults: {}\n" REST,
	  check_minimal },
};

static void a_good_file_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		conf_rig_expect_good(&good[i]);
}

static void the_example_is_taken_without_a_word(void **state)
{
	struct directory *directory = NULL;
	const struct extension *extension;

	(void)state;
	if (conf_read_file(SOURCE_ROOT "/config/lampyrid.yaml", conf_rig_secret, &report,
			   &directory))
		fail_msg("%s", report.count > 0 ? report.mistakes[0].text : "no reason");
	assert_int_equal(report.count, 0);
	assert_slice(directory->domain, "lampyrid.local");
	assert_int_equal(directory->listen_count, 4);
	assert_int_equal(directory->extensions.count, 4);
	extension = directory_find(directory, SLICE("202"));
	assert_slice(extension->name, "Bob");
	assert_int_equal(extension->group_count, 3);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static void every_refused_allocation_is_survived(void **state)
{
	struct slice text = SLICE("codes: {pickup: [\"*7\", \"*9\"], group-pickup: \"*7\"}\n"
				  "domain: a.example\n"
				  "extensions:\n"
				  "  201: {name: A, password: x, groups: [sales]}\n"
				  "  202: {name: B, password: y}\n");
	uint64_t reads;

	(void)state;
	reads = conf_rig_refuse_memory(text);
	assert_true(reads > 20 && reads < 200);
}

/* --- What is told ------------------------------------------------------------------------- */

#define TOP_KEYS                                                                                   \
	"domain, tls, listen, store, digest, codes, park, registration, calls, lamps, ctl, "       \
	"records, limits, defaults, groups, extensions, dns, trunks, routes"
#define LATER "not yet available in this version; remove the key\n"

static const struct conf_rig_bad bad[] = {
	/* Nothing there, or nothing that could be a configuration. */
	{ "empty", "", "f:1:1: the file says nothing; it needs domain and extensions at least\n" },
	{ "only a comment", "# soon\n",
	  "f:1:1: the file says nothing; it needs domain and extensions at least\n" },
	{ "a text", "hello\n",
	  "f:1:1: a text stands here; expected keys, such as domain: pbx.example.com\n" },
	{ "a list", "- a\n",
	  "f:1:1: a list stands here; expected keys, such as domain: pbx.example.com\n" },
	{ "missing domain", EXTENSIONS,
	  "f:1:1: domain: missing; add the domain of your phones' addresses, such as domain: "
	  "pbx.example.com\n" },
	{ "missing extensions", DOMAIN,
	  "f:1:1: extensions: missing; add who can call and be called, such as extensions: "
	  "{\"201\": {name: Alice, password: ...}}\n" },

	/* Keys. */
	{ "mistyped key", "lisen: [\"udp:0.0.0.0:5060\"]\n" REST,
	  "f:1:1: lisen: unknown key; did you mean 'listen'?\n" },
	{ "key in capitals", "Listen: [\"udp:0.0.0.0:5060\"]\n" REST,
	  "f:1:1: Listen: unknown key; did you mean 'listen'?\n" },
	{ "swapped letters", "extensions: {201: {password: x, naem: A}}\n" DOMAIN,
	  "f:1:33: extensions.201.naem: unknown key; did you mean 'name'?\n" },
	{ "unlike any key", "voicemail: yes\n" REST,
	  "f:1:1: voicemail: unknown key; the keys here are " TOP_KEYS "\n" },
	{ "unlike any key, further down", "calls: {volume: 11}\n" REST,
	  "f:1:9: calls.volume: unknown key; the keys here are ring-timeout, session-expires, "
	  "duration-max\n" },
	{ "empty key", "\"\": 1\n" REST, "f:1:1: unknown key; the keys here are " TOP_KEYS "\n" },
	{ "key that would paint", "\"\\e[31m\\x9b\": 1\n" REST,
	  "f:1:1: \\x1b[31m\\xc2\\x9b: unknown key; the keys here are " TOP_KEYS "\n" },
	{ "very long key",
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: 1\n" REST,
	  "f:1:1: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: unknown key; the "
	  "keys here are " TOP_KEYS "\n" },
	{ "key given twice", DOMAIN "store: memory\n" REST,
	  "f:3:1: domain: given twice, first in line 1; remove one of them\n" },
	{ "key given twice, further down", "codes:\n  pickup: \"*7\"\n  pickup: \"*9\"\n" REST,
	  "f:3:3: codes.pickup: given twice, first in line 2; remove one of them\n" },
	{ "number given twice",
	  DOMAIN
	  "extensions:\n  \"201\": {password: x}\n  202: {password: y}\n  201: {password: z}\n",
	  "f:5:3: extensions.201: given twice, first in line 3; remove one of them\n" },
	{ "key without a value", "domain:\n" EXTENSIONS,
	  "f:1:8: domain: there is no value; expected a host name or an IP address, such as "
	  "pbx.example.com\n" },
	{ "null", "store: ~\n" REST, "f:1:8: store: there is no value; expected memory\n" },
	{ "null in a list", "listen: [null]\n" REST,
	  "f:1:10: listen[1]: there is no value; expected \"udp:ADDRESS:PORT\" (or "
	  "tcp:, or tls:) without spaces\n" },

	/* Words, and what the contract has and this version has not. */
	{ "unknown digest algorithm", "digest: sha256\n" REST,
	  "f:1:9: digest: 'sha256' is not known; did you mean 'sha-256'?\n" },
	{ "unknown store", "store: disk\n" REST,
	  "f:1:8: store: 'disk' is not known; expected memory\n" },
	{ "mistyped store", "store: memmory\n" REST,
	  "f:1:8: store: 'memmory' is not known; did you mean 'memory'?\n" },
	{ "store in SQLite", "store: \"sqlite:lampyrid.db\"\n" REST,
	  "f:1:8: store: storing in SQLite is not yet available in this version; use memory\n" },
	{ "web", "web: \"127.0.0.1:8080\"\n" REST, "f:1:1: web: " LATER },

	/* All mistakes at once, in the order of the file. */
	{ "several mistakes",
	  "extensions:\n  201: {pasword: x}\n  202: {password: \"\"}\n"
	  "codes: {pickup: \"2\"}\nlisten: []\n" DOMAIN,
	  "f:2:3: extensions.201: the number begins with the pick-up code '2', so that a call to "
	  "it "
	  "would be a pick-up; choose another number or another code\n"
	  "f:2:3: extensions.201.password: missing, and " ANYONE "; add one\n"
	  "f:2:9: extensions.201.pasword: unknown key; did you mean 'password'?\n"
	  "f:3:3: extensions.202: the number begins with the pick-up code '2', so that a call to "
	  "it "
	  "would be a pick-up; choose another number or another code\n"
	  "f:3:19: extensions.202.password: the password is empty, and " ANYONE "; choose one\n"
	  "f:5:9: listen: the list is empty, and nobody could reach the server; add "
	  "\"udp:0.0.0.0:5060\", or remove the key\n" },
};

static void a_mistake_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		conf_rig_expect_bad(bad[i].name, bad[i].yaml, bad[i].lines);
}

static void the_report_is_bounded(void **state)
{
	static char text[64 * 200];
	struct buf buf = BUF_ON(text);
	struct directory *directory = NULL;

	(void)state;
	for (uint64_t i = 0; i < 200; i++) {
		buf_lit(&buf, "strange-key-");
		buf_u64(&buf, i);
		buf_lit(&buf, ": 1\n");
	}
	buf_lit(&buf, REST);
	assert_false(buf.is_overflown);
	assert_int_equal(conf_rig_read(buf_text(&buf), &directory), ERR_SYNTAX);
	assert_int_equal(report.count, CONF_MISTAKES_MAX);
	assert_int_equal(report.left_out, 200 - CONF_MISTAKES_MAX);
	assert_int_equal(mem_count().blocks, 0);
}

static void a_text_over_the_limit_is_refused(void **state)
{
	size_t n = CONF_TEXT_MAX_BYTES + 1;
	char *text = mem_alloc(n);
	struct directory *directory = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, '#', n);
	assert_int_equal(
		conf_read(slice_of(text, n), SLICE("f"), conf_rig_secret, &report, &directory),
		ERR_SYNTAX);
	assert_string_equal(report.mistakes[0].text,
			    "f: the file is larger than 4194304 bytes; is it the right one?");
	assert_int_equal(report.mistakes[0].line, 0);
	mem_free(text);
}

/* The worst of each part of a line at once still leaves a line. */
static void a_line_is_clipped_and_printable(void **state)
{
	static char file_name[5000];
	static char text[2000];
	struct buf buf = BUF_ON(text);
	struct directory *directory = NULL;

	(void)state;
	memset(file_name, '\x1b', sizeof(file_name));
	buf_lit(&buf, "extensions: {\"");
	for (int i = 0; i < 200; i++)
		buf_lit(&buf, "\xe2\x82\xac\\e");
	buf_lit(&buf, "\": {password: x}}\n" DOMAIN);
	assert_int_equal(conf_read(buf_text(&buf), slice_of(file_name, sizeof(file_name)),
				   conf_rig_secret, &report, &directory),
			 ERR_SYNTAX);
	assert_int_equal(report.count, 1);
	assert_true(strlen(report.mistakes[0].text) < 600);
	assert_null(strchr(report.mistakes[0].text, '\x1b'));
	assert_non_null(strstr(report.mistakes[0].text, "...:1:14: extensions.\xe2\x82\xac\\x1b"));
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
	struct directory *directory = NULL;

	(void)state;
	assert_int_equal(
		conf_read_file("/nonexistent/x.yaml", conf_rig_secret, &report, &directory),
		ERR_IO);
	assert_int_equal(report.count, 1);
	assert_string_equal(report.mistakes[0].text,
			    "/nonexistent/x.yaml: cannot be opened: No such file or directory; "
			    "check the path behind -c");
	assert_int_equal(conf_read_file("/", conf_rig_secret, &report, &directory), ERR_IO);
	assert_int_equal(report.count, 1);
	assert_string_equal(report.mistakes[0].text,
			    "/: cannot be read: Is a directory; name the file, such as "
			    "lampyrid.yaml in it");
	assert_null(directory);
	assert_int_equal(mem_count().blocks, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_is_taken),
		cmocka_unit_test(the_example_is_taken_without_a_word),
		cmocka_unit_test(every_refused_allocation_is_survived),
		cmocka_unit_test(a_mistake_is_told),
		cmocka_unit_test(the_report_is_bounded),
		cmocka_unit_test(a_text_over_the_limit_is_refused),
		cmocka_unit_test(a_line_is_clipped_and_printable),
		cmocka_unit_test(a_file_that_cannot_be_read_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
