/* SPDX-License-Identifier: MIT */
/*
 * The configuration of lamps: what every key gives, who then sees what, the sentence for every
 * mistake, and that nothing of it stays when memory is refused or the text is torn.
 */
#include "conf_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "pbx/profile.h"
#include "pbx/visibility.h"

#define HEAD "domain: pbx.example.com\nextensions:\n"

/* --- What is read ------------------------------------------------------------------------- */

static const char full[] =
	"lamps: {gap: 250}\n"
	"park: {code: \"*7\", orbits: 3}\n"
	"defaults:\n"
	"  visibility: {default: calls, groups: {buyers: none}}\n"
	"  notify: [\"201\"]\n"
	"  keys: [\"201\", \"*73\"]\n"
	"  profile: snom\n"
	"  lamps: published\n"
	"trunks: {pbx: {uri: \"sip:192.0.2.7\", publish: yes}, acme: {uri: "
	"\"sip:192.0.2.8\"},\n"
	"         p: {uri: \"sip:sip.partner.example\", from-domain: partner.Example}}\n" HEAD
	"  \"201\": {password: x, groups: [sales, door],\n"
	"          notify: [\"202\", \"203\"], keys: [\"203\", \"201\"], profile: cisco-mpp, "
	"lamps: own,\n"
	"          visibility: {default: busy, groups: {sales: numbers, buyers: calls, door: "
	"none},\n"
	"                       users: {\"205\": none}, domains: {Partner.example: calls}}}\n"
	"  \"202\": {password: x, groups: [sales, buyers], visibility: none, notify: [], keys: "
	"[]}\n"
	"  \"203\": {password: x, groups: [buyers, door], visibility: {users: {\"204\": "
	"numbers}}}\n"
	"  \"204\": {password: x}\n"
	"  \"205\": {password: x, groups: [sales], lamps: forward, profile: auto}\n";

static enum visibility seen(const struct directory *directory, const char *watched,
			    const char *viewer)
{
	return rights_of(directory_find(directory, slice_from_cstr(watched)),
			 directory_find(directory, slice_from_cstr(viewer)))
		.visibility;
}

static void check_rights(const struct directory *directory)
{
	/* The user before the group, of several groups the most, and then the default. */
	assert_int_equal(seen(directory, "201", "205"), VISIBILITY_NONE);
	assert_int_equal(seen(directory, "201", "202"), VISIBILITY_NUMBERS);
	assert_int_equal(seen(directory, "201", "203"), VISIBILITY_CALLS);
	assert_int_equal(seen(directory, "201", "204"), VISIBILITY_BUSY);
	assert_int_equal(seen(directory, "201", "201"), VISIBILITY_NUMBERS);
	/* A word is for everybody; what the defaults say of groups is not added to it. */
	assert_int_equal(seen(directory, "202", "203"), VISIBILITY_NONE);
	assert_int_equal(seen(directory, "202", "202"), VISIBILITY_NUMBERS);
	/* A map without a default has that of the defaults, and none of their exceptions. */
	assert_int_equal(seen(directory, "203", "204"), VISIBILITY_NUMBERS);
	assert_int_equal(seen(directory, "203", "202"), VISIBILITY_CALLS);
	/* No word at all. */
	assert_int_equal(seen(directory, "204", "202"), VISIBILITY_NONE);
	assert_int_equal(seen(directory, "204", "201"), VISIBILITY_CALLS);
}

static void check_domains(const struct directory *directory)
{
	const struct extension *alice = directory_find(directory, SLICE("201"));
	const struct extension *dave = directory_find(directory, SLICE("204"));
	struct rights rights = rights_of_domain(alice, SLICE("partner.EXAMPLE"));

	assert_int_equal(rights.visibility, VISIBILITY_CALLS);
	assert_false(rights.may_pick_up);
	assert_int_equal(rights_of_domain(alice, SLICE("example")).visibility, VISIBILITY_NONE);
	assert_int_equal(rights_of_domain(alice, SLICE("sales")).visibility, VISIBILITY_NONE);
	assert_int_equal(rights_of_domain(dave, SLICE("partner.example")).visibility,
			 VISIBILITY_NONE);
}

static void check_extensions(const struct directory *directory)
{
	const struct extension *alice = directory_find(directory, SLICE("201"));
	const struct extension *bob = directory_find(directory, SLICE("202"));
	const struct extension *dave = directory_find(directory, SLICE("204"));
	const struct extension *erin = directory_find(directory, SLICE("205"));

	assert_int_equal(alice->notify.count, 2);
	assert_slice(alice->notify.numbers[0], "202");
	assert_slice(alice->notify.numbers[1], "203");
	assert_int_equal(alice->keys.count, 2);
	assert_slice(alice->keys.numbers[0], "203");
	assert_slice(alice->keys.numbers[1], "201");
	assert_string_equal(alice->profile->name, "cisco-mpp");
	assert_int_equal(alice->lamp_source, LAMP_SOURCE_OWN);
	assert_int_equal(bob->notify.count, 0);
	assert_int_equal(bob->keys.count, 0);
	assert_string_equal(bob->profile->name, "snom");
	assert_int_equal(dave->notify.count, 1);
	assert_slice(dave->keys.numbers[1], "*73");
	assert_int_equal(dave->lamp_source, LAMP_SOURCE_PUBLISHED);
	assert_int_equal(erin->lamp_source, LAMP_SOURCE_FORWARD);
	assert_null(erin->profile);
}

static void every_key_is_read(void **state)
{
	struct directory *directory = NULL;

	(void)state;
	if (conf_rig_read(SLICE(full), &directory))
		fail_msg("%s", report.mistakes[0].text);
	assert_int_equal(directory->lamp_gap_ms, 250);
	assert_true(dialplan_find_trunk(&directory->dialplan, SLICE("pbx"))->may_publish);
	assert_false(dialplan_find_trunk(&directory->dialplan, SLICE("acme"))->may_publish);
	check_rights(directory);
	check_domains(directory);
	check_extensions(directory);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

/* Who sees nothing takes nothing; what is seen does not say what may be taken. */
static void the_right_to_pick_up_is_apart(void **state)
{
	static const struct visibility_rule hidden = { SCOPE_USER, SLICE_INIT("202"),
						       VISIBILITY_NONE };
	struct extension bob = { .number = SLICE("202"),
				 .groups = { SLICE("sales") },
				 .group_count = 1 };
	struct extension alice = { .number = SLICE("201"),
				   .groups = { SLICE("sales") },
				   .group_count = 1,
				   .visibility = VISIBILITY_BUSY,
				   .pickup = PICKUP_SAME_GROUP };

	(void)state;
	assert_true(rights_of(&alice, &bob).may_pick_up);
	alice.visibility = VISIBILITY_NUMBERS;
	alice.pickup = PICKUP_NONE;
	assert_false(rights_of(&alice, &bob).may_pick_up);
	alice.pickup = PICKUP_ALL;
	alice.visibility_rules = (struct visibility_rules){ &hidden, 1 };
	assert_int_equal(rights_of(&alice, &bob).visibility, VISIBILITY_NONE);
	assert_false(rights_of(&alice, &bob).may_pick_up);
	alice.number = SLICE("202");
	assert_true(rights_of(&alice, &bob).may_pick_up);
}

static void nothing_stays_of_a_torn_text(void **state)
{
	(void)state;
	conf_rig_try_prefixes(SLICE(full));
}

static void nothing_stays_when_memory_is_refused(void **state)
{
	(void)state;
	conf_rig_refuse_memory(SLICE(full));
}

/* --- Mistakes ----------------------------------------------------------------------------- */

#define BOB "  \"202\": {password: x, groups: [sales]}\n"
#define ALICE(keys) HEAD "  \"201\": {password: x, " keys "}\n" BOB

static const struct {
	const char *yaml;
	const char *lines; /* of the report */
} bad[] = {
	{ "lamps: {gap: 5001, gop: 1}\n" ALICE("lamps: {gap: 1}"),
	  "f:1:14: lamps.gap: '5001' does not fit; expected whole milliseconds from 0 to 5000, "
	  "without a unit\n"
	  "f:1:20: lamps.gop: unknown key; did you mean 'gap'?\n"
	  "f:4:31: extensions.201.lamps: a map (KEY: VALUE) stands here; expected one of own, "
	  "forward, published\n" },
	{ ALICE("visibility: [busy]"),
	  "f:3:36: extensions.201.visibility: a list stands here; expected one of none, busy, "
	  "calls, numbers, or a map, such as {default: busy}\n" },
	{ ALICE("visibility: {defaults: busy, users: 202, groups: {sales: {a: b}, sales: all}}"),
	  "f:3:37: extensions.201.visibility.defaults: unknown key; did you mean 'default'?\n"
	  "f:3:60: extensions.201.visibility.users: a text stands here; expected a map of "
	  "extensions, such as {\"209\": none}\n"
	  "f:3:81: extensions.201.visibility.groups.sales: a map (KEY: VALUE) stands here; "
	  "expected "
	  "one of none, busy, calls, numbers\n"
	  "f:3:89: extensions.201.visibility.groups.sales: given twice, first in line 3; remove "
	  "one "
	  "of them\n"
	  "f:3:96: extensions.201.visibility.groups.sales: 'all' is not known; expected none, "
	  "busy, "
	  "calls, numbers\n" },
	{ ALICE("visibility: {users: {\"203\": busy, \"2022\": busy, \"201\": busy, x: busy}}"),
	  "f:3:45: extensions.201.visibility.users.203: there is no extension '203'; add it, or "
	  "name one that is there\n"
	  "f:3:58: extensions.201.visibility.users.2022: there is no extension '2022'; did you "
	  "mean "
	  "'202'?\n"
	  "f:3:72: extensions.201.visibility.users.201: everybody sees all of their own calls; "
	  "remove it\n"
	  "f:3:85: extensions.201.visibility.users.x: there is no extension 'x'; add it, or name "
	  "one that is there\n" },
	{ "defaults: {visibility: {groups: {sails: busy, \"\": busy}, users: {2O2: busy}}}\n" ALICE(
		  "name: A"),
	  "f:1:34: defaults.visibility.groups.sails: there is no extension in the group 'sails'; "
	  "did you mean 'sales'?\n"
	  "f:1:47: defaults.visibility.groups.: there is no extension in the group ''; add it, or "
	  "name one that is there\n"
	  "f:1:66: defaults.visibility.users.2O2: there is no extension '2O2'; did you mean "
	  "'202'?\n" },
	{ ALICE("visibility: {domains: {\"sip:a@b.example\": busy, PBX.example.com: busy, "
		"a.example: busy, A.example: none}}"),
	  "f:3:47: extensions.201.visibility.domains.sip:a@b.example: 'sip:a@b.example' is no "
	  "domain; write only what stands behind the '@', such as partner.example\n"
	  "f:3:72: extensions.201.visibility.domains.PBX.example.com: this is your own domain; "
	  "what "
	  "holds here is said by default, groups and users\n"
	  "f:3:95: extensions.201.visibility.domains.a.example: there is no trunk with the domain "
	  "'a.example'; add it, or name one that is there\n"
	  "f:3:112: extensions.201.visibility.domains.A.example: this is the domain 'a.example' in "
	  "other letters; remove one of them\n"
	  "f:3:112: extensions.201.visibility.domains.A.example: there is no trunk with the domain "
	  "'A.example'; add it, or name one that is there\n" },
	{ "trunks: {p: {uri: \"sip:partner.example\"}, q: {uri: \"sip:q.example\", from-domain: "
	  "other.example}}\n" ALICE("visibility: {domains: {Partner.Example: busy, "
				    "patner.example: busy, q.example: none, other.example: busy}}"),
	  "f:4:70: extensions.201.visibility.domains.patner.example: there is no trunk with the "
	  "domain 'patner.example'; did you mean 'partner.example'?\n"
	  "f:4:92: extensions.201.visibility.domains.q.example: there is no trunk with the domain "
	  "'q.example'; add it, or name one that is there\n" },
	{ ALICE("notify: [\"202\", \"212\", \"202\", [a]], keys: [\"22\", \"201\"]"),
	  "f:3:40: extensions.201.notify[2]: there is no extension '212'; did you mean '202'?\n"
	  "f:3:47: extensions.201.notify[3]: '202' is named twice; remove one of them\n"
	  "f:3:54: extensions.201.notify[4]: a list stands here; expected an extension in quotes, "
	  "such as \"202\"\n"
	  "f:3:67: extensions.201.keys[1]: there is no extension '22'; did you mean '202'?\n" },
	{ ALICE("keys: [\"*851\"], notify: [\"*851\"]"),
	  "f:3:31: extensions.201.keys[1]: there is no extension '*851', and there are no orbits; "
	  "add park, such as park: {code: \"*85\", orbits: 9}, or name an extension\n"
	  "f:3:49: extensions.201.notify[1]: there is no extension '*851'; add it, or name one "
	  "that is there\n" },
	{ "park: {orbits: 3}\n" ALICE("keys: [\"*853\", \"*854\", \"*8533\", \"22\"], notify: "
				      "[\"*853\"]"),
	  "f:4:39: extensions.201.keys[2]: there is no extension or orbit '*854'; add it, or name "
	  "one that is there\n"
	  "f:4:47: extensions.201.keys[3]: there is no extension or orbit '*8533'; did you mean "
	  "'*853'?\n"
	  "f:4:56: extensions.201.keys[4]: there is no extension or orbit '22'; did you mean "
	  "'202'?\n"
	  "f:4:72: extensions.201.notify[1]: there is no extension '*853'; add it, or name one "
	  "that is there\n" },
	{ ALICE("keys: \"202\""),
	  "f:3:30: extensions.201.keys: a text stands here; expected a list of extensions and "
	  "orbits, such as [\"202\", \"*851\"]\n" },
	{ ALICE("notify: \"202\""),
	  "f:3:32: extensions.201.notify: a text stands here; expected a list of extensions, such "
	  "as [\"202\", \"203\"]\n" },
	{ ALICE("visibility: {groups: {sales: none}}, notify: [\"201\", \"202\"]"),
	  "f:3:70: extensions.201.notify[1]: '201' knows of its own calls; remove it here\n"
	  "f:3:77: extensions.201.notify[2]: '202' may see nothing of '201', so there is nothing "
	  "to "
	  "tell; remove it here, or change the visibility\n" },
	{ ALICE("profile: snomm, lamps: publish"),
	  "f:3:33: extensions.201.profile: 'snomm' is not known; did you mean 'snom'?\n"
	  "f:3:47: extensions.201.lamps: 'publish' is not known; did you mean 'published'?\n" },
	{ "trunks: {a: {uri: \"sip:192.0.2.7\", publish: yes}, b: {uri: \"sip:192.0.2.8\", "
	  "publish: no}}\n" ALICE("lamps: forward"),
	  "f:1:45: trunks.a.publish: no extension has lamps: published, so that nothing of it "
	  "would "
	  "be shown; say so at those it publishes, or remove the key\n" },
	{ HEAD "  \"201\": {password: x, keys: [\"202\"]}\n"
	       "  \"202\": {password: x, groups: [\"201\", \"202\"]}\n"
	       "  keys-201: {password: x}\n",
	  "f:3:3: extensions.201: a group has the name '201' too, and keys-201 would be the list "
	  "of "
	  "both; rename the group, or remove the keys\n"
	  "f:5:3: extensions.keys-201: 'keys-201' would be the address of a list of keys; choose a "
	  "number that does not begin with keys-\n" },
};

static void a_mistake_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		conf_rig_expect_bad(bad[i].yaml, bad[i].yaml, bad[i].lines);
}

/* Extension 201 with `n` others in a list or map, and these. */
static int read_crowd(const char *before, const char *between, const char *behind, uint64_t n)
{
	static char text[32 * 1024];
	struct buf buf = BUF_ON(text);
	struct directory *directory = NULL;
	int err;

	buf_lit(&buf, HEAD "  \"201\": {password: x, ");
	buf_cstr(&buf, before);
	for (uint64_t i = 0; i < n; i++) {
		buf_u64(&buf, 1000 + i);
		buf_cstr(&buf, between);
	}
	buf_cstr(&buf, behind);
	for (uint64_t i = 0; i < n; i++) {
		buf_lit(&buf, "  ");
		buf_u64(&buf, 1000 + i);
		buf_lit(&buf, ": {password: x}\n");
	}
	assert_false(buf.is_overflown);
	err = conf_rig_read(buf_text(&buf), &directory);
	directory_unref(directory);
	return err;
}

/* As many as fit, and one more. */
static void the_lists_are_bounded(void **state)
{
	static const struct {
		const char *before, *between, *behind, *told;
	} lists[] = {
		{ "keys: [", ", ", "]}\n",
		  ": extensions.201.keys[129]: there can be 128; remove this one" },
		{ "notify: [", ", ", "]}\n",
		  ": extensions.201.notify[129]: there can be 128; remove this one" },
		{ "visibility: {users: {", ": busy, ", "}}}\n",
		  ": extensions.201.visibility.users.1128: there can be 128 exceptions; name a "
		  "group of them instead" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		assert_int_equal(
			read_crowd(lists[i].before, lists[i].between, lists[i].behind, 128), 0);
		assert_int_equal(
			read_crowd(lists[i].before, lists[i].between, lists[i].behind, 129),
			ERR_SYNTAX);
		assert_int_equal(report.count, 1);
		assert_non_null(strstr(report.mistakes[0].text, lists[i].told));
	}
	assert_int_equal(mem_count().blocks, 0);
}

/* Nobody reads more than the first mistakes, and so no more likely names are looked for. */
static void unknown_names_beyond_the_report_are_only_counted(void **state)
{
	static char text[4096];
	struct buf buf = BUF_ON(text);
	struct directory *directory = NULL;

	(void)state;
	buf_lit(&buf, "defaults: {keys: [");
	for (uint64_t i = 0; i < 50; i++) {
		buf_u64(&buf, 1000 + i);
		buf_lit(&buf, ", ");
	}
	buf_lit(&buf, "]}\n" HEAD "  \"201\": {password: x}\n");
	assert_int_equal(conf_rig_read(buf_text(&buf), &directory), ERR_SYNTAX);
	assert_int_equal(report.count, CONF_MISTAKES_MAX);
	assert_int_equal(report.left_out, 50 - CONF_MISTAKES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(the_right_to_pick_up_is_apart),
		cmocka_unit_test(nothing_stays_of_a_torn_text),
		cmocka_unit_test(nothing_stays_when_memory_is_refused),
		cmocka_unit_test(a_mistake_is_told),
		cmocka_unit_test(the_lists_are_bounded),
		cmocka_unit_test(unknown_names_beyond_the_report_are_only_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
