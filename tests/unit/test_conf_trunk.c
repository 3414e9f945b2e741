/* SPDX-License-Identifier: MIT */
/*
 * The configuration of trunks and routes: what every key gives, the sentence for every mistake, and
 * that nothing of it stays when memory is refused or the text is torn.
 */
#include "conf_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"

#define HEAD                                                                                       \
	"domain: pbx.example.com\n"                                                                \
	"extensions: {\"201\": {password: x, groups: [sales]}, \"202\": {password: x}}\n"
#define ACME "trunks: {acme: {uri: \"sip:acme.example\"}}\n"

/* --- What is read ------------------------------------------------------------------------- */

static const char full[] =
	HEAD "dns: [\"127.0.0.1:5353\", \"2001:db8::53\"]\n"
	     "trunks:\n"
	     "  acme:\n"
	     "    uri: \"sip:sip.acme.example;transport=tcp\"\n"
	     "    username: \"4930123450\"\n"
	     "    password: \"evening\"\n"
	     "    realm: acme.example\n"
	     "    expires: 300\n"
	     "    from: \"+493012345*\"\n"
	     "    from-domain: acme.example\n"
	     "    numbers: {\"+4930123450\": \"201\", \"+493012345*\": \"*\"}\n"
	     "    inbound-from: [\"192.0.2.0/24\", \"2001:db8::1\"]\n"
	     "    trusted: yes\n"
	     "    calls: 10\n"
	     "    qualify: 60\n"
	     "  office:\n"
	     "    uri: \"sip:198.51.100.1\"\n"
	     "    username: u\n"
	     "    password: p\n"
	     "    register: no\n"
	     "    numbers: [\"201\"]\n"
	     "routes:\n"
	     "  - {match: \"0*\", trunk: [acme, office], strip: 1, prepend: \"+49\","
	     " extensions: [\"202\"], groups: [sales]}\n"
	     "  - {match: \"112\", trunk: acme, emergency: yes}\n";

static void check_trunks(const struct dialplan *dialplan)
{
	const struct trunk_config *acme = dialplan_find_trunk(dialplan, SLICE("acme"));
	const struct trunk_config *office = dialplan_find_trunk(dialplan, SLICE("office"));

	assert_non_null(acme);
	assert_non_null(office);
	assert_slice(acme->to.host, "sip.acme.example");
	assert_slice(acme->username, "4930123450");
	assert_slice(acme->password, "evening");
	assert_slice(acme->realm, "acme.example");
	assert_true(acme->is_registering && acme->is_trusted && acme->has_from);
	assert_int_equal(acme->expires_s, 300);
	assert_slice(acme->from.text, "+493012345");
	assert_true(acme->from.is_prefix);
	assert_slice(acme->from_domain, "acme.example");
	assert_int_equal(acme->source_count, 2);
	assert_int_equal(acme->sources[0].bits, 24);
	assert_int_equal(acme->sources[1].bits, 128);
	assert_int_equal(acme->calls_max, 10);
	assert_int_equal(acme->qualify_s, 60);
	assert_false(office->is_registering || office->is_trusted || office->has_from);
	assert_int_equal(office->expires_s, 600);
	assert_int_equal(office->qualify_s, 0);
}

static void check_routes(const struct directory *directory)
{
	const struct dialplan *dialplan = &directory->dialplan;
	const struct extension *caller = directory_find(directory, SLICE("201"));
	const struct route *route;
	bool is_denied;

	route = dialplan_find_route(dialplan, SLICE("030123"), caller, &is_denied);
	assert_non_null(route);
	assert_int_equal(route->trunk_count, 2);
	assert_slice(route->trunks[0]->name, "acme");
	assert_int_equal(route->strip, 1);
	assert_slice(route->prepend, "+49");
	assert_false(route->is_emergency);
	route = dialplan_find_route(dialplan, SLICE("112"), caller, &is_denied);
	assert_non_null(route);
	assert_true(route->is_emergency);
}

static void every_key_is_read(void **state)
{
	struct directory *directory;

	(void)state;
	assert_int_equal(conf_rig_read(SLICE(full), &directory), 0);
	assert_int_equal(directory->dns_count, 2);
	assert_int_equal(directory->dns[0].port, 5353);
	assert_int_equal(directory->dns[1].port, 53);
	check_trunks(&directory->dialplan);
	check_routes(directory);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
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

/* --- What is told ------------------------------------------------------------------------- */

static const struct {
	const char *yaml;  /* behind HEAD, from line 3 */
	const char *lines; /* of the report */
} bad[] = {
	{ ACME "routes: [{match: \"0*\", trunk: acme, extensions: [\"202\"]}]\n"
	       "groups: {door: {number: \"600\", forward: {always: \"030\"}}}\n",
	  "f:5:50: groups.door.forward.always: the route for '030' is not for '600'; name it "
	  "there, "
	  "or choose another number\n" },
	{ ACME "routes: [{match: \"112\", trunk: acme, emergency: yes}]\n"
	       "groups: {door: {number: \"600\", forward: {no-answer: {to: \"1-12\"}}}}\n",
	  "f:5:58: groups.door.forward.no-answer.to: '1-12' has an emergency route, and whoever "
	  "calls here would be put through to it; choose another number\n" },
	{ "dns: [dns.example]\n",
	  "f:3:7: dns[1]: 'dns.example' is no address; expected the address of a name server, such "
	  "as \"192.0.2.53\"\n" },
	{ "trunks: {acme: {}}\n",
	  "f:3:10: trunks.acme.uri: missing; add the provider's address, such as "
	  "\"sip:sip.acme.example\"\n" },
	{ "trunks: {acme: {uri: \"acme.example\"}}\n",
	  "f:3:22: trunks.acme.uri: 'acme.example' is no SIP address; expected the provider's "
	  "address, such as \"sip:sip.acme.example\"\n" },
	{ "trunks: {acme: {uri: \"tel:+4930\"}}\n",
	  "f:3:22: trunks.acme.uri: expected an address that begins with sip: or sips:, such "
	  "as "
	  "\"sip:sip.acme.example\"\n" },
	{ "trunks: {acme: {uri: \"sip:u@acme.example\"}}\n",
	  "f:3:22: trunks.acme.uri: nobody's name belongs here; write \"sip:acme.example\", and "
	  "the "
	  "name under username\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example;transport=sctp\"}}\n",
	  "f:3:22: trunks.acme.uri: the transport 'sctp' is not known; use udp, tcp or tls, or "
	  "leave it to the DNS\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", username: u}}\n",
	  "f:3:10: trunks.acme.password: missing beside username; add it\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", register: yes}}\n",
	  "f:3:10: trunks.acme.username: missing, and nobody can register without a name; add "
	  "it\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", register: always}}\n",
	  "f:3:52: trunks.acme.register: 'always' is not known; expected no, yes\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", usrname: u}}\n",
	  "f:3:42: trunks.acme.usrname: unknown key; did you mean 'username'?\n" },
	{ "trunks: {\"a b\": {uri: \"sip:acme.example\"}}\n",
	  "f:3:10: trunks.a b: 'a b' is no name for a trunk; use 1 to 64 of letters, digits and + "
	  "- "
	  ". _\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", inbound-from: [\"0.0.0.0/0\"]}}\n",
	  "f:3:57: trunks.acme.inbound-from[1]: expected 8 to 32 behind the '/': whoever sends "
	  "from "
	  "there may call without a password\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", inbound-from: \"0.0.0.0\"}}\n",
	  "f:3:56: trunks.acme.inbound-from: '0.0.0.0' has more than the first 32 bits; write the "
	  "first address of the range before the '/'\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", inbound-from: \"192.0.2.5/24\"}}\n",
	  "f:3:56: trunks.acme.inbound-from: '192.0.2.5/24' has more than the first 24 bits; write "
	  "the first address of the range before the '/'\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", inbound-from: acme.example}}\n",
	  "f:3:56: trunks.acme.inbound-from: 'acme.example' is no address; expected an address or "
	  "a "
	  "range of them, such as \"192.0.2.0/24\" (a name is not looked up here)\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", numbers: {\"+4930\": \"299\"}}}\n",
	  "f:3:61: trunks.acme.numbers.+4930: there is no '299' under extensions; add it, or name "
	  "one that is there\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", numbers: {\"+4930\": \"*\"}}}\n",
	  "f:3:61: trunks.acme.numbers.+4930: a '*' here stands for what the '*' of the called "
	  "number stood for, and there is none; remove it\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", from: \"a b\"}}\n",
	  "f:3:48: trunks.acme.from: 'a b' is no number; use 1 to 64 of digits, letters and + - . "
	  "_ "
	  "* #, and a '*' at the end for whatever may follow\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", from-domain: \"x;y\"}}\n",
	  "f:3:55: trunks.acme.from-domain: 'x;y' is no domain; write only what stands behind the "
	  "'@', such as acme.example\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", calls: 0}}\n",
	  "f:3:49: trunks.acme.calls: '0' does not fit; expected a whole number from 1 to 10000, "
	  "or "
	  "leave the key out for any number of calls\n" },
	{ "trunks: {acme: {uri: \"sip:acme.example\", qualify: 1s}}\n",
	  "f:3:51: trunks.acme.qualify: '1s' does not fit; expected whole seconds from 5 to 3600, "
	  "without a unit\n" },
	{ ACME "routes: [{match: \"0*\", trunk: acem}]\n",
	  "f:4:31: routes[1].trunk: there is no trunk 'acem'; did you mean 'acme'?\n" },
	{ ACME "routes: [{match: \"0*\", trunk: other}]\n",
	  "f:4:31: routes[1].trunk: there is no trunk 'other'; add it under trunks, or name one "
	  "that "
	  "is there\n" },
	{ "trunks: {acme: {url: \"sip:acme.example\"}}\nroutes: [{match: \"0*\", trunk: acme}]\n",
	  "f:3:10: trunks.acme.uri: missing; add the provider's address, such as "
	  "\"sip:sip.acme.example\"\n"
	  "f:3:17: trunks.acme.url: unknown key; did you mean 'uri'?\n" },
	{ ACME "routes: [{match: \"0*\", trunk: [acme, acme]}]\n",
	  "f:4:38: routes[1].trunk[2]: this trunk is named twice; remove one of them\n" },
	{ ACME "routes: [{trunk: acme}]\n",
	  "f:4:10: routes[1].match: missing; add how the dialled numbers begin, such as \"0*\"; "
	  "without the '*' it is the whole number\n" },
	{ ACME "routes: [{match: \"0*\"}]\n", "f:4:10: routes[1].trunk: missing; add the name of a "
					      "trunk, or a list of such names in the "
					      "order of trying\n" },
	{ ACME "routes: [{match: \"201\", trunk: acme}]\n",
	  "f:4:18: routes[1].match: this is an extension, and extensions come first: the route "
	  "would "
	  "never be used; remove it, or the extension\n" },
	{ ACME "groups: {door: {number: \"112\"}}\nroutes: [{match: \"112\", trunk: acme}]\n",
	  "f:5:18: routes[1].match: this is a group, and groups come first: the route would never "
	  "be used; remove it, or the group\n" },
	{ ACME "codes: {pickup: \"11\"}\nroutes: [{match: \"112\", trunk: acme, emergency: yes}]\n",
	  "f:5:11: routes[1].match: the number begins with the pick-up code '11', so that a call "
	  "to "
	  "it would be a pick-up; choose another number or another code\n" },
	{ ACME
	  "codes: {dnd-on: \"112\"}\nroutes: [{match: \"112\", trunk: acme, emergency: yes}]\n",
	  "f:5:11: routes[1].match: this number is the dnd-on code too; choose another number or "
	  "another code\n" },
	{ ACME "routes: [{match: \"112\", trunk: acme}, {match: \"112\", trunk: acme, emergency: "
	       "yes}]\n",
	  "f:4:47: routes[2].match: an earlier route is for the same numbers and everybody: this "
	  "one would never be used; remove one of them\n" },
	{ ACME "routes: [{match: \"112\", trunk: acme, strip: 4}]\n",
	  "f:4:45: routes[1].strip: the number has only 3 digits\n" },
	{ ACME "routes: [{match: \"112\", trunk: acme, emergency: yes, groups: [sales]}]\n",
	  "f:4:10: routes[1]: an emergency route is for everybody; remove extensions and "
	  "groups\n" },
	{ ACME "routes: [{match: \"0*\", trunk: acme, groups: [buyers]}]\n",
	  "f:4:46: routes[1].groups[1]: no extension is in the group 'buyers'; name one that "
	  "extensions are in\n" },
	{ ACME "routes: [acme]\n",
	  "f:4:10: routes[1]: a text stands here; expected a map, such as {match: \"0*\", trunk: "
	  "acme, strip: 1}\n" },
};

static void a_mistake_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char yaml[1024];

		assert_true(snprintf(yaml, sizeof(yaml), "%s%s", HEAD, bad[i].yaml) <
			    (int)sizeof(yaml));
		conf_rig_expect_bad(bad[i].yaml, yaml, bad[i].lines);
	}
}

/* A password is never told, whatever is wrong with it. */
static void a_password_is_not_told(void **state)
{
	struct directory *directory;

	(void)state;
	assert_int_equal(
		conf_rig_read(SLICE(HEAD "trunks: {a: {uri: \"sip:a.example\", username: u, "
					 "password: \"hush\\n\"}}\n"),
			      &directory),
		ERR_SYNTAX);
	assert_int_equal(report.count, 1);
	assert_null(strstr(report.mistakes[0].text, "hush"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(nothing_stays_of_a_torn_text),
		cmocka_unit_test(nothing_stays_when_memory_is_refused),
		cmocka_unit_test(a_mistake_is_told),
		cmocka_unit_test(a_password_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
