/* SPDX-License-Identifier: MIT */
/*
 * The configuration: what every key gives, the sentence for every mistake, and that no text, whole
 * or torn, leaves anything behind. SOURCE_ROOT is the folder of the project.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "crypto/tls.h"
#include "support/certs.h"
#include "support/guarded.h"

static const uint64_t secret[2] = { 1, 2 };
static struct conf_report report;
static char folder[] = "/tmp/lampyrid-conf-XXXXXX"; /* where the tests run */

#define assert_slice(actual, expected) assert_true(slice_eq((actual), SLICE(expected)))

#define DOMAIN "domain: pbx.example.com\n"
#define EXTENSIONS "extensions: {\"201\": {password: x}}\n"
#define REST DOMAIN EXTENSIONS /* behind a key under test, what makes the file complete */

struct good {
	const char *name;
	const char *yaml;
	void (*check)(const struct directory *directory);
};

struct bad {
	const char *name;
	const char *yaml;
	const char *lines; /* of the report, each with its line end */
};

static int read_guarded(struct slice text, struct directory **ret_directory)
{
	struct guarded guarded = guarded_copy(text);
	int err = conf_read(guarded.text, SLICE("f"), secret, &report, ret_directory);

	guarded_free(&guarded);
	return err;
}

/* Every prefix is read to its end or refused with a reason, and nothing of it stays. */
static void try_prefixes(struct slice text)
{
	for (size_t n = 0; n <= text.n; n++) {
		struct directory *directory = NULL;
		int err = read_guarded(slice_head(text, n), &directory);

		assert_true(err == 0 || err == ERR_SYNTAX);
		assert_true((err == 0) == (directory != NULL));
		assert_true((err == 0) == (report.count == 0));
		directory_unref(directory);
		assert_int_equal(mem_count().blocks, 0);
	}
}

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
	assert_int_equal(directory->duration_max_s, 0);
	assert_int_equal(directory->extensions.count, 1);
	assert_non_null(extension);
	assert_slice(extension->password, "x");
	assert_int_equal(extension->name.n, 0);
	assert_int_equal(extension->group_count, 0);
	assert_int_equal(extension->visibility, VISIBILITY_NUMBERS);
	assert_int_equal(extension->pickup, PICKUP_SAME_GROUP);
}

static void check_listen(const struct directory *directory)
{
	static const struct {
		enum transport transport;
		const char *text;
	} expected[] = {
		{ TRANSPORT_UDP, "127.0.0.1:0" },	  { TRANSPORT_UDP, "127.0.0.1:0" },
		{ TRANSPORT_TCP, "[2001:db8::1]:65535" }, { TRANSPORT_UDP, "[::]:5060" },
		{ TRANSPORT_TCP, "0.0.0.0:5060" },
	};

	assert_int_equal(directory->listen_count, ARRAY_LEN(expected));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		char text[ADDR_TEXT_MAX];
		struct buf buf = BUF_ON(text);

		addr_print(&buf, &directory->listen[i].addr);
		assert_int_equal(directory->listen[i].transport, expected[i].transport);
		assert_true(slice_eq(buf_text(&buf), slice_from_cstr(expected[i].text)));
	}
}

static void check_codes(const struct directory *directory)
{
	assert_int_equal(directory->pickup_code_count, 1);
	assert_slice(directory->pickup_codes[0], "#7");
	assert_slice(directory->group_pickup_code, "#7");
}

static void check_no_codes(const struct directory *directory)
{
	assert_int_equal(directory->pickup_code_count, 0);
	assert_int_equal(directory->group_pickup_code.n, 0);
}

static void check_times(const struct directory *directory)
{
	assert_int_equal(directory->expires_max_s, 86400);
	assert_int_equal(directory->ring_timeout_s, 5);
	assert_int_equal(directory->session_expires_s, 90);
	assert_int_equal(directory->duration_max_s, 604800);
}

static void check_extensions(const struct directory *directory)
{
	const struct extension *alice = directory_find(directory, SLICE("201"));
	const struct extension *bob = directory_find(directory, SLICE("bob.b-1_+"));

	assert_int_equal(directory->extensions.count, 2);
	assert_slice(alice->name, "Ali\xc3\xa7"
				  "e \"A\"");
	assert_slice(alice->password, "0123");
	assert_int_equal(alice->group_count, 2);
	assert_slice(alice->groups[0], "sales");
	assert_slice(alice->groups[1], "first floor");
	assert_int_equal(alice->visibility, VISIBILITY_NONE);
	assert_int_equal(alice->pickup, PICKUP_ALL);
	assert_slice(bob->name, "null");
	assert_slice(bob->password, "p: #w");
	assert_int_equal(bob->visibility, VISIBILITY_BUSY);
	assert_int_equal(bob->pickup, PICKUP_NONE);
}

static void check_groups(const struct directory *directory)
{
	const struct group *sales = directory_find_group(directory, SLICE("600"));
	const struct group *floor = directory_find_group(directory, SLICE("601"));
	const struct group_member *first = LIST_FIRST(&sales->members, struct group_member, node);

	assert_slice(sales->name, "sales");
	assert_int_equal(sales->ring, GROUP_ALL);
	assert_int_equal(sales->member_s, 20);
	assert_true(first->extension == directory_find(directory, SLICE("202")));
	assert_true(first->node.next->next == &sales->members);
	assert_int_equal(floor->ring, GROUP_IN_TURN);
	assert_int_equal(floor->member_s, 15);
	assert_slice(floor->forward.to[FORWARD_NO_ANSWER], "201");
	assert_int_equal(floor->forward.after_s, 60);
	assert_int_equal(floor->forward.to[FORWARD_BUSY].n, 0);
	assert_true(list_is_empty(&floor->members));
	assert_true(directory_find_group_by_name(directory, SLICE("first floor")) == floor);
	assert_null(directory_find_group(directory, SLICE("sales")));
}

static void check_forwards(const struct directory *directory)
{
	const struct extension *alice = directory_find(directory, SLICE("201"));
	const struct extension *bob = directory_find(directory, SLICE("202"));

	assert_slice(alice->forward.to[FORWARD_ALWAYS], "202");
	assert_int_equal(alice->max_calls, 3);
	assert_slice(bob->forward.to[FORWARD_BUSY], "201");
	assert_slice(bob->forward.to[FORWARD_NO_ANSWER], "201");
	assert_slice(bob->forward.to[FORWARD_UNREGISTERED], "600");
	assert_int_equal(bob->forward.after_s, 20);
	assert_int_equal(bob->max_calls, 0);
	assert_slice(directory->dnd_on_code, "*21");
	assert_int_equal(directory->dnd_off_code.n, 0);
}

static void check_domain_ipv6(const struct directory *directory)
{
	assert_slice(directory->domain, "[2001:db8::1]");
}

static void check_domain_ipv4(const struct directory *directory)
{
	assert_slice(directory->domain, "127.0.0.1");
}

static void check_tls(const struct directory *directory)
{
	assert_non_null(directory->tls);
	assert_true(tls_context_can_accept(directory->tls));
	assert_int_equal(directory->listen_count, 1);
	assert_int_equal(directory->listen[0].transport, TRANSPORT_TLS);
}

static void check_tls_roots(const struct directory *directory)
{
	assert_non_null(directory->tls);
	assert_false(tls_context_can_accept(directory->tls));
}

static const struct good good[] = {
	{ "tls",
	  "listen: [\"tls:0.0.0.0:5061\"]\n"
	  "tls: {certificate: good.pem, key: good.key, ca: good.pem, verify-clients: yes}\n" REST,
	  check_tls },
	{ "roots for outgoing calls", "tls: {ca: good.pem}\n" REST, check_tls_roots },
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
	  "lamps: {gap: 0}\n"
	  "defaults: {visibility: numbers, pickup: same-group}\n" REST,
	  check_minimal },
	{ "empty sections", "codes: {}\ncalls: {}\nregistration: {}\ndefaults: {}\n" REST,
	  check_minimal },
	{ "listen",
	  "listen:\n"
	  "  - udp:127.0.0.1:0\n"
	  "  - udp:127.0.0.1:0\n"
	  "  - \"tcp:[2001:db8::1]:65535\"\n"
	  "  - udp:[::]:5060\n"
	  "  - TCP:0.0.0.0:5060\n" REST,
	  check_listen },
	{ "one code as a text", "codes: {pickup: \"#7\", group-pickup: '#7'}\n" REST, check_codes },
	{ "no codes", "codes: {pickup: [], group-pickup: \"\"}\n" REST, check_no_codes },
	{ "times at their bounds",
	  "registration: {expires-max: 86400}\n"
	  "calls: {ring-timeout: \"5\", session-expires: 90, duration-max: 604800}\n" REST,
	  check_times },
	{ "extensions, before the defaults they take",
	  "extensions:\n"
	  "  201: {name: \"Ali\\u00e7e \\\"A\\\"\", password: 0123, groups: [sales, first floor],\n"
	  "        visibility: none, pickup: all}\n"
	  "  bob.b-1_+: {name: \"null\", password: \"p: #w\"}\n"
	  "defaults: {visibility: busy, pickup: none}\n" DOMAIN,
	  check_extensions },
	{ "groups, behind the extensions that name them",
	  DOMAIN "extensions:\n"
		 "  \"202\": {password: x, groups: [sales]}\n"
		 "  \"201\": {password: x, groups: [sales, nobody calls this one]}\n"
		 "groups:\n"
		 "  sales: {number: \"600\"}\n"
		 "  first floor: {number: 601, ring: in-turn, time: 15,\n"
		 "                forward: {no-answer: {after: 60, to: \"201\"}}}\n",
	  check_groups },
	{ "forwards",
	  DOMAIN "extensions:\n"
		 "  201: {password: x, forward: {always: \"202\"}}\n"
		 "  202: {password: x, max-calls: 0,\n"
		 "        forward: {busy: 201, no-answer: \"201\", unregistered: \"600\"}}\n"
		 "defaults: {max-calls: 3}\ncodes: {dnd-on: \"*21\", dnd-off: \"\"}\n"
		 "groups: {sales: {number: \"600\"}}\n",
	  check_forwards },
	{ "domain of IPv6", "domain: \"2001:DB8:0::1\"\n" EXTENSIONS, check_domain_ipv6 },
	{ "domain of IPv6 in brackets", "domain: \"[2001:db8::1]\"\n" EXTENSIONS,
	  check_domain_ipv6 },
	{ "domain of IPv4", "domain: 127.0.0.1\n" EXTENSIONS, check_domain_ipv4 },
};

static void a_good_file_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct slice text = slice_from_cstr(good[i].yaml);
		struct directory *directory = NULL;
		int err = read_guarded(text, &directory);

		if (err || report.count > 0)
			fail_msg("%s: %s", good[i].name, report.mistakes[0].text);
		good[i].check(directory);
		directory_unref(directory);
		assert_int_equal(mem_count().blocks, 0);
		try_prefixes(text);
	}
}

#define ANYONE "an extension without a password could be taken by anyone"
#define TOP_KEYS                                                                                   \
	"domain, tls, listen, store, digest, codes, park, registration, calls, lamps, ctl, "       \
	"records, limits, defaults, groups, extensions, dns, trunks, routes"
#define LATER "not yet available in this version; remove the key\n"
#define PICKUP_REMEDY "one of none, same-group, all"

static const struct bad bad[] = {
	{ "unknown digest algorithm", "digest: sha256\n" REST,
	  "f:1:9: digest: 'sha256' is not known; did you mean 'sha-256'?\n" },
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

	/* The domain. */
	{ "domain is a list", "domain: [a, b]\n" EXTENSIONS,
	  "f:1:9: domain: a list stands here; expected a host name or an IP address, such as "
	  "pbx.example.com\n" },
	{ "domain with a port", "domain: pbx.example.com:5060\n" EXTENSIONS,
	  "f:1:9: domain: a domain has no port; write 'pbx.example.com', and the port under "
	  "listen\n" },
	{ "domain is an address of record", "domain: sip:201@pbx.example.com\n" EXTENSIONS,
	  "f:1:9: domain: 'sip:201@pbx.example.com' is an address of somebody; write only what "
	  "stands behind the '@', such as pbx.example.com\n" },
	{ "domain with an underscore", "domain: my_pbx\n" EXTENSIONS,
	  "f:1:9: domain: 'my_pbx' is neither a host name nor an IP address; use letters, digits, "
	  "'-' and '.', such as pbx.example.com\n" },
	{ "domain like IPv4", "domain: 300.1.2.3\n" EXTENSIONS,
	  "f:1:9: domain: '300.1.2.3' is neither a host name nor an IP address; use letters, "
	  "digits, '-' and '.', such as pbx.example.com\n" },
	{ "domain with an empty label", "domain: pbx..example\n" EXTENSIONS,
	  "f:1:9: domain: 'pbx..example' is neither a host name nor an IP address; use letters, "
	  "digits, '-' and '.', such as pbx.example.com\n" },
	{ "empty domain", "domain: \"\"\n" EXTENSIONS,
	  "f:1:9: domain: '' is neither a host name nor an IP address; use letters, digits, '-' "
	  "and "
	  "'.', such as pbx.example.com\n" },
	{ "domain that would paint", "domain: \"a\\n\\eb\\0\"\n" EXTENSIONS,
	  "f:1:9: domain: 'a\\x0a\\x1bb\\x00' is neither a host name nor an IP address; use "
	  "letters, digits, '-' and '.', such as pbx.example.com\n" },

	/* Where to listen. */
	{ "listen is a text", "listen: udp:0.0.0.0:5060\n" REST,
	  "f:1:9: listen: a text stands here; expected a list of addresses, such as "
	  "[\"udp:0.0.0.0:5060\", \"tcp:0.0.0.0:5060\"]\n" },
	{ "listen is empty", "listen: []\n" REST,
	  "f:1:9: listen: the list is empty, and nobody could reach the server; add "
	  "\"udp:0.0.0.0:5060\", or remove the key\n" },
	{ "listen with a space", "listen:\n  - udp: 0.0.0.0:5060\n" REST,
	  "f:2:5: listen[1]: a map (KEY: VALUE) stands here; expected \"udp:ADDRESS:PORT\" (or "
	  "tcp:, or tls:) without spaces\n" },
	{ "listen without a port", "listen: [\"udp:0.0.0.0:5060\", \"tcp:0.0.0.0\"]\n" REST,
	  "f:1:30: listen[2]: '0.0.0.0' has no port; add one, such as 192.0.2.1:5060 or "
	  "[2001:db8::1]:5060\n" },
	{ "listen without an address", "listen: [\"udp:5060\"]\n" REST,
	  "f:1:10: listen[1]: '5060' is no address with a port; expected numbers such as "
	  "0.0.0.0:5060 or [::]:5060, the port from 0 to 65535\n" },
	{ "listen with a name", "listen: [\"udp:localhost:5060\"]\n" REST,
	  "f:1:10: listen[1]: 'localhost:5060' is no address with a port; expected numbers such as "
	  "0.0.0.0:5060 or [::]:5060, the port from 0 to 65535\n" },
	{ "listen with a large port", "listen: [\"udp:0.0.0.0:65536\"]\n" REST,
	  "f:1:10: listen[1]: '0.0.0.0:65536' is no address with a port; expected numbers such as "
	  "0.0.0.0:5060 or [::]:5060, the port from 0 to 65535\n" },
	{ "listen without brackets", "listen: [\"udp:2001:db8::1:5060\"]\n" REST,
	  "f:1:10: listen[1]: '2001:db8::1:5060' has no port; add one, such as 192.0.2.1:5060 or "
	  "[2001:db8::1]:5060\n" },
	{ "listen by tls", "listen: [\"tls:0.0.0.0:5061\"]\n" REST,
	  "f:1:10: listen[1]: tls needs a certificate; add tls: {certificate: FILE, key: "
	  "FILE}\n" },
	{ "listen by wss", "listen: [\"wss:0.0.0.0:5061\"]\n" REST,
	  "f:1:10: listen[1]: the transport wss is not yet available in this version; use udp, tcp "
	  "or tls\n" },

	/* TLS. */
	{ "a certificate without its key", "tls: {certificate: good.pem}\n" REST,
	  "f:1:1: tls.key: missing; add the file with the certificate's private key\n" },
	{ "a key without its certificate", "tls: {key: good.key}\n" REST,
	  "f:1:1: tls.certificate: missing; add the file with the certificate that the key belongs "
	  "to\n" },
	{ "files that are not there", "tls: {certificate: no/such.pem, key: no.key}\n" REST,
	  "f:1:20: tls.certificate: 'no/such.pem' cannot be read: No such file or directory; write "
	  "the path as seen from the folder of this file, or a whole one\n"
	  "f:1:38: tls.key: 'no.key' cannot be read: No such file or directory; write the path as "
	  "seen from the folder of this file, or a whole one\n" },
	{ "a folder and a device", "tls: {certificate: /, key: /dev/zero}\n" REST,
	  "f:1:20: tls.certificate: '/' cannot be read: Is a directory; name a file with PEM text\n"
	  "f:1:28: tls.key: '/dev/zero' cannot be read: Invalid argument; name a file with PEM "
	  "text\n" },
	{ "names of no file", "tls: {certificate: \"\", key: \"a\\0b\"}\n" REST,
	  "f:1:20: tls.certificate: this is no name of a file; write one, such as lampyrid.pem\n"
	  "f:1:29: tls.key: this is no name of a file; write one, such as lampyrid.pem\n" },
	{ "files changed over", "tls: {certificate: good.key, key: good.pem}\n" REST,
	  "f:1:20: tls.certificate: there is no certificate in the file; expected PEM text that "
	  "begins with -----BEGIN CERTIFICATE-----\n" },
	{ "an empty certificate", "tls: {certificate: empty, key: good.key}\n" REST,
	  "f:1:20: tls.certificate: there is no certificate in the file; expected PEM text that "
	  "begins with -----BEGIN CERTIFICATE-----\n" },
	{ "a certificate in the key's place", "tls: {certificate: good.pem, key: good.pem}\n" REST,
	  "f:1:35: tls.key: there is no private key in the file, or it has a passphrase; expected "
	  "PEM text without one, as `openssl pkey` writes it\n" },
	{ "another's key", "tls: {certificate: good.pem, key: other.key}\n" REST,
	  "f:1:35: tls.key: the key is not that of the certificate; take the one that the "
	  "certificate was requested with\n" },
	{ "a weak certificate", "tls: {certificate: weak.pem, key: weak.key}\n" REST,
	  "f:1:20: tls.certificate: the certificate is too weak; use RSA with 2048 bits or more, "
	  "or "
	  "an elliptic curve, signed with SHA-256\n" },
	{ "no root in the file", "tls: {ca: good.key}\n" REST,
	  "f:1:11: tls.ca: there is no certificate in the file; expected those of the authorities "
	  "to trust, as PEM text\n" },
	{ "clients without a root",
	  "tls: {certificate: good.pem, key: good.key, verify-clients: yes}\n" REST,
	  "f:1:1: tls.ca: missing; verify-clients needs the file with the certificate of the "
	  "authority that signs your phones' certificates\n" },
	{ "a strange word",
	  "tls: {certificate: good.pem, key: good.key, verify-clients: maybe}\n" REST,
	  "f:1:61: tls.verify-clients: 'maybe' is not known; expected no, yes\n" },
	{ "roots only, and a listener",
	  "listen: [\"tls:0.0.0.0:5061\"]\ntls: {ca: good.pem}\n" REST,
	  "f:1:10: listen[1]: tls needs a certificate; add tls: {certificate: FILE, key: "
	  "FILE}\n" },
	{ "a bad certificate, told once",
	  "listen: [\"tls:0.0.0.0:5061\"]\ntls: {certificate: no, key: good.key}\n" REST,
	  "f:2:20: tls.certificate: 'no' cannot be read: No such file or directory; write the path "
	  "as seen from the folder of this file, or a whole one\n" },
	{ "listen without a transport", "listen: [\"0.0.0.0:5060\"]\n" REST,
	  "f:1:10: listen[1]: '0.0.0.0' is no transport; expected \"udp:ADDRESS:PORT\" (or "
	  "tcp:, or tls:) without spaces\n" },
	{ "listen twice", "listen: [\"udp:0.0.0.0:5060\", \"udp:0.0.0.0:5060\"]\n" REST,
	  "f:1:30: listen[2]: this address is listed twice; remove one of them\n" },
	{ "too many addresses",
	  "listen: [udp:127.0.0.1:0, udp:127.0.0.1:0, udp:127.0.0.1:0, udp:127.0.0.1:0,\n"
	  "  udp:127.0.0.1:0, udp:127.0.0.1:0, udp:127.0.0.1:0, udp:127.0.0.1:0,\n"
	  "  udp:127.0.0.1:0, udp:127.0.0.1:0, udp:127.0.0.1:0, udp:127.0.0.1:0,\n"
	  "  udp:127.0.0.1:0, udp:127.0.0.1:0, udp:127.0.0.1:0, udp:127.0.0.1:0,\n"
	  "  udp:127.0.0.1:0]\n" REST,
	  "f:5:3: listen[17]: there can be 16 addresses; remove this one\n" },

	/* Store, codes, times. */
	{ "unknown store", "store: disk\n" REST,
	  "f:1:8: store: 'disk' is not known; expected memory\n" },
	{ "mistyped store", "store: memmory\n" REST,
	  "f:1:8: store: 'memmory' is not known; did you mean 'memory'?\n" },
	{ "codes is a list", "codes: [\"*8\"]\n" REST,
	  "f:1:8: codes: a list stands here; expected a map, such as {pickup: [\"**\", \"*8\"], "
	  "group-pickup: \"*8\"}\n" },
	{ "code with a space", "codes: {pickup: \"* 8\"}\n" REST,
	  "f:1:17: codes.pickup: '* 8' is no code; use 1 to 16 of letters, digits and * # + - . "
	  "_\n" },
	{ "empty code", "codes: {pickup: [\"\"]}\n" REST,
	  "f:1:18: codes.pickup[1]: '' is no code; use 1 to 16 of letters, digits and * # + - . "
	  "_\n" },
	{ "bad group code", "codes: {group-pickup: \"*8;\"}\n" REST,
	  "f:1:23: codes.group-pickup: '*8;' is no code; use 1 to 16 of letters, digits and * # + "
	  "- "
	  ". _\n" },
	{ "code twice", "codes: {pickup: [\"*8\", \"*8\"]}\n" REST,
	  "f:1:24: codes.pickup[2]: the code is listed twice; remove one of them\n" },
	{ "ambiguous codes", "codes: {pickup: [\"*\", \"*8\"]}\n" REST,
	  "f:1:23: codes.pickup[2]: '*8' and '*' cannot be told apart before a number; change one "
	  "of them\n" },
	{ "too many codes",
	  "codes: {pickup: [\"*a\", \"*b\", \"*c\", \"*d\", \"*e\", \"*f\", \"*g\", \"*h\", "
	  "\"*i\"]}\n" REST,
	  "f:1:66: codes.pickup[9]: there can be 8 codes; remove this one\n" },
	{ "code that an extension begins with", "codes: {pickup: \"2\", group-pickup: \"\"}\n" REST,
	  "f:3:14: extensions.201: the number begins with the pick-up code '2', so that a call to "
	  "it "
	  "would be a pick-up; choose another number or another code\n" },
	{ "code that is an extension", "codes: {pickup: \"201\"}\n" REST,
	  "f:3:14: extensions.201: the number begins with the pick-up code '201', so that a call "
	  "to "
	  "it would be a pick-up; choose another number or another code\n" },
	{ "group code that is an extension", "codes: {group-pickup: \"201\"}\n" REST,
	  "f:3:14: extensions.201: this number is the group-pickup code too; choose another number "
	  "or another code\n" },
	{ "time with a unit", "calls: {ring-timeout: 60s}\n" REST,
	  "f:1:23: calls.ring-timeout: '60s' does not fit; expected whole seconds from 5 to 600, "
	  "without a unit\n" },
	{ "times out of bounds",
	  "calls: {ring-timeout: 4}\nregistration: {expires-max: 86401}\n" REST,
	  "f:1:23: calls.ring-timeout: '4' does not fit; expected whole seconds from 5 to 600, "
	  "without a unit\n"
	  "f:2:29: registration.expires-max: '86401' does not fit; expected whole seconds from 60 "
	  "to "
	  "86400, without a unit\n" },
	{ "session times out of bounds", "calls: {session-expires: 89, duration-max: 1h}\n" REST,
	  "f:1:26: calls.session-expires: '89' does not fit; expected whole seconds from 90 to "
	  "86400, without a unit, or 0 for never\n"
	  "f:1:44: calls.duration-max: '1h' does not fit; expected whole seconds from 60 to "
	  "604800, without a unit, or 0 for never\n" },
	{ "huge and negative times",
	  "calls: {ring-timeout: 99999999999999999999999}\nregistration: {expires-max: -1}\n" REST,
	  "f:1:23: calls.ring-timeout: '99999999999999999999999' does not fit; expected whole "
	  "seconds from 5 to 600, without a unit\n"
	  "f:2:29: registration.expires-max: '-1' does not fit; expected whole seconds from 60 to "
	  "86400, without a unit\n" },
	{ "time is a map", "calls: {ring-timeout: {s: 60}}\n" REST,
	  "f:1:23: calls.ring-timeout: a map (KEY: VALUE) stands here; expected seconds, such as "
	  "60\n" },

	/* Extensions. */
	{ "no extensions", DOMAIN "extensions: {}\n",
	  "f:2:13: extensions: there are no extensions; add one, such as \"201\": {name: Alice, "
	  "password: ...}\n" },
	{ "extensions is a list", DOMAIN "extensions:\n  - 201\n",
	  "f:3:3: extensions: a list stands here; expected a map of extensions, such as \"201\": "
	  "{name: Alice, password: ...}\n" },
	{ "extension is a text", DOMAIN "extensions:\n  201: secret\n",
	  "f:3:8: extensions.201: a text stands here; expected a map with a password at least, "
	  "such "
	  "as {name: Alice, password: ...}\n" },
	{ "extension without a value", DOMAIN "extensions:\n  201:\n",
	  "f:3:7: extensions.201: there is no value; expected a map with a password at least, such "
	  "as {name: Alice, password: ...}\n" },
	{ "missing password", DOMAIN "extensions:\n  201: {name: A}\n",
	  "f:3:3: extensions.201.password: missing, and " ANYONE "; add one\n" },
	{ "empty password", DOMAIN "extensions:\n  201: {password: \"\"}\n",
	  "f:3:19: extensions.201.password: the password is empty, and " ANYONE "; choose one\n" },
	{ "password without a value", DOMAIN "extensions:\n  201: {password: }\n",
	  "f:3:19: extensions.201.password: there is no value; expected a password: " ANYONE "\n" },
	{ "password is a list", DOMAIN "extensions:\n  201: {password: [hidden]}\n",
	  "f:3:19: extensions.201.password: a list stands here; expected a password: " ANYONE
	  "\n" },
	{ "password with a line end is not printed",
	  DOMAIN "extensions:\n  201: {password: \"hidden\\n\"}\n",
	  "f:3:19: extensions.201.password: the text has a control character, such as a line end; "
	  "remove it\n" },
	{ "name with a line end",
	  DOMAIN "extensions:\n  201: {password: x, name: \"A\\r\\nVia: x\"}\n",
	  "f:3:28: extensions.201.name: the text has a control character, such as a line end; "
	  "remove "
	  "it\n" },
	{ "number with a code", DOMAIN "extensions:\n  \"*8202\": {password: x}\n",
	  "f:3:3: extensions.*8202: '*8202' is no extension number; use 1 to 64 of letters, digits "
	  "and + - . _\n" },
	{ "number with a space", DOMAIN "extensions:\n  20 1: {password: x}\n",
	  "f:3:3: extensions.20 1: '20 1' is no extension number; use 1 to 64 of letters, digits "
	  "and "
	  "+ - . _\n" },
	{ "number of 65 letters",
	  DOMAIN
	  "extensions:\n  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: "
	  "{password: x}\n",
	  "f:3:3: extensions.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: "
	  "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' is no extension number; "
	  "use 1 to 64 of letters, digits and + - . _\n" },
	{ "groups is a text", DOMAIN "extensions:\n  201: {password: x, groups: sales}\n",
	  "f:3:30: extensions.201.groups: a text stands here; expected a list of group names, such "
	  "as [sales, office]\n" },
	{ "groups of wrong kinds",
	  DOMAIN "extensions:\n  201: {password: x, groups: [[a], {b: c}, \"\", d, d]}\n",
	  "f:3:31: extensions.201.groups[1]: a list stands here; expected the name of a group, "
	  "such "
	  "as sales\n"
	  "f:3:36: extensions.201.groups[2]: a map (KEY: VALUE) stands here; expected the name of "
	  "a "
	  "group, such as sales\n"
	  "f:3:44: extensions.201.groups[3]: the name is empty; expected the name of a group, such "
	  "as "
	  "sales\n"
	  "f:3:51: extensions.201.groups[5]: the group 'd' is named twice; remove one of them\n" },
	{ "too many groups",
	  DOMAIN "extensions:\n  201: {password: x, groups: [a, b, c, d, e, f, g, h, i]}\n",
	  "f:3:55: extensions.201.groups[9]: an extension can be in 8 groups; remove this one\n" },
	{ "mistyped visibility", "defaults: {visibility: number}\n" REST,
	  "f:1:24: defaults.visibility: 'number' is not known; did you mean 'numbers'?\n" },
	{ "unknown pickup", DOMAIN "extensions:\n  201: {password: x, pickup: everybody}\n",
	  "f:3:30: extensions.201.pickup: 'everybody' is not known; expected none, same-group, "
	  "all\n" },
	{ "pickup is a list", DOMAIN "extensions:\n  201: {password: x, pickup: [all]}\n",
	  "f:3:30: extensions.201.pickup: a list stands here; expected " PICKUP_REMEDY "\n" },

	/* What the contract has and this version has not. */
	{ "web", "web: \"127.0.0.1:8080\"\n" REST, "f:1:1: web: " LATER },
	{ "a group without a number", "groups: {sales: {}, door: 600}\n" REST,
	  "f:1:10: groups.sales.number: missing; add what is dialled for the group, such as "
	  "\"600\" (a group that only picks up calls for each other needs no entry here)\n"
	  "f:1:27: groups.door: a text stands here; expected a map with a number at least, such as "
	  "{number: \"600\", ring: all}\n" },
	{ "groups with numbers that cannot be",
	  "groups: {a: {number: \"*78\"}, b: {number: \"7\"}, c: {number: \"7\"},\n"
	  "         d: {number: \"201\", ring: round, time: 3}}\n" REST,
	  "f:1:14: groups.a.number: '*78' is no group number; use 1 to 64 of letters, digits and "
	  "+ "
	  "- . _\n"
	  "f:1:51: groups.c: another group has the number '7'; change one\n"
	  "f:2:35: groups.d.ring: 'round' is not known; expected all, in-turn\n"
	  "f:2:48: groups.d.time: '3' does not fit; expected whole seconds from 5 to 600, without "
	  "a "
	  "unit\n"
	  "f:4:14: extensions.201: a group has this number too; change one\n" },
	{ "forwards that lead nowhere",
	  DOMAIN "extensions:\n  201: {password: x, forward: {always: \"300\", busy: \"201\",\n"
		 "        no-answer: {after: 10}, sometimes: \"202\", unregistered: \"\"}}\n",
	  "f:3:40: extensions.201.forward.always: there is no extension, no group and no route for "
	  "the number '300'; add one, or choose a number that exists\n"
	  "f:3:53: extensions.201.forward.busy: '201' is forwarded to itself; choose another "
	  "number\n"
	  "f:4:9: extensions.201.forward.no-answer.to: missing; add where the calls go, such as "
	  "to: \"302\"\n"
	  "f:4:33: extensions.201.forward.sometimes: unknown key; the keys here are always, busy, "
	  "no-answer, unregistered\n"
	  "f:4:65: extensions.201.forward.unregistered: expected a number in quotes, such as "
	  "\"302\"\n" },
	{ "codes of do-not-disturb", "codes: {dnd-on: \"*2 1\", dnd-off: \"*78\"}\n" REST,
	  "f:1:17: codes.dnd-on: '*2 1' is no code; use 1 to 16 of letters, digits and * # + - . "
	  "_\n"
	  "f:1:34: codes.dnd-off: '*78' is the code dnd-on too; choose another code\n" },
	{ "a code that is the default of another", "codes: {dnd-on: \"*79\"}\n" REST,
	  "f:1:17: codes.dnd-on: '*79' is the code dnd-off too; choose another code\n" },
	{ "two codes that are the same", "codes: {dnd-on: \"*8\", group-pickup: \"*79\"}\n" REST,
	  "f:1:37: codes.group-pickup: '*79' is the code dnd-off too; choose another code\n" },
	{ "a code that takes calls of the group, too", "codes: {dnd-on: \"*8\"}\n" REST,
	  "f:1:17: codes.dnd-on: '*8' is the code group-pickup too; choose another code\n" },
	{ "max-calls", DOMAIN "extensions:\n  201: {password: x, max-calls: many}\n",
	  "f:3:33: extensions.201.max-calls: 'many' does not fit; expected a whole number from 0 "
	  "to "
	  "1000\n" },
	{ "store in SQLite", "store: \"sqlite:lampyrid.db\"\n" REST,
	  "f:1:8: store: storing in SQLite is not yet available in this version; use memory\n" },
	{ "what is yet to come", "web: \"127.0.0.1:8080\"\n" REST, "f:1:1: web: " LATER },

	/* YAML. */
	{ "code without quotes", "codes:\n  pickup: *8\n" REST,
	  "f:2:11: syntax: *8 without quotes is a YAML alias, which is not used here; write \"*8\" "
	  "if "
	  "the text is meant, else repeat the value\n" },
	{ "two stars without quotes", "codes: {pickup: [**, \"*8\"]}\n" REST,
	  "f:1:19: syntax: a value that begins with * or & must be quoted; write \"*8\" in place "
	  "of "
	  "*8\n" },
	{ "anchor and alias",
	  DOMAIN "extensions:\n  201: &a {password: x}\n  202: *a\n  203: {<<: *a}\n",
	  "f:3:8: syntax: &a without quotes is a YAML anchor, which is not used here; put the text "
	  "in "
	  "quotes, or remove the anchor\n"
	  "f:4:8: syntax: *a without quotes is a YAML alias, which is not used here; write \"*a\" "
	  "if "
	  "the text is meant, else repeat the value\n"
	  "f:5:3: extensions.203.password: missing, and " ANYONE "; add one\n"
	  "f:5:9: extensions.203.<<: unknown key; the keys here are name, password, groups, "
	  "forward, visibility, pickup, max-calls, notify, keys, profile, lamps, refer, barge-in, "
	  "trunk-to-trunk, click-to-dial, hold-reminder\n"
	  "f:5:13: syntax: *a without quotes is a YAML alias, which is not used here; write \"*a\" "
	  "if "
	  "the text is meant, else repeat the value\n" },
	{ "alias as a key", "*a : 1\n" REST,
	  "f:1:1: syntax: *a without quotes is a YAML alias, which is not used here; write \"*a\" "
	  "if "
	  "the text is meant, else repeat the value\n" },
	{ "tag", "store: !!str memory\n" REST,
	  "f:1:8: syntax: a YAML tag (!) is not used here; remove it, or put the text in "
	  "quotes\n" },
	{ "undefined tag", "store: !x!y memory\n" REST,
	  "f:1:8: syntax: a value that begins with ! must be quoted; put it in quotes\n" },
	{ "directive", "%YAML 1.1\n---\n" REST,
	  "f:1:1: syntax: a YAML directive (%) is not used here; remove the line, or put the text "
	  "in "
	  "quotes\n" },
	{ "two documents", REST "---\n" REST,
	  "f:3:1: syntax: a second document begins here; a file holds one configuration, remove "
	  "the "
	  "'---'\n" },
	{ "text behind the end", REST "...\nstore: memory\n",
	  "f:4:1: syntax: text follows behind the end of the configuration; remove it, or align it "
	  "with the keys\n" },
	{ "tab", DOMAIN "extensions:\n\t201: {password: x}\n",
	  "f:3:1: syntax: a tab indents this line; use spaces\n" },
	{ "tab behind spaces", DOMAIN "extensions:\n  \t201: {password: x}\n",
	  "f:3:3: syntax: a tab indents this line; use spaces\n" },
	{ "quote not closed", DOMAIN "extensions:\n  201: {password: \"x}\n",
	  "f:3:19: syntax: the quoted text that begins here is never closed; add the missing "
	  "quote\n" },
	{ "brace not closed", DOMAIN "extensions:\n  201: {password: x\n  202: {password: y}\n",
	  "f:3:8: syntax: the map in braces that begins here is not closed; add the missing ',' or "
	  "'}'\n" },
	{ "bracket not closed", "listen: [udp:127.0.0.1:0\n" REST,
	  "f:1:9: syntax: the list in brackets that begins here is not closed; add the missing ',' "
	  "or "
	  "']'\n" },
	{ "wrong indentation", DOMAIN "extensions:\n  201: {password: x}\n 202: {password: y}\n",
	  "f:4:2: syntax: no key can stand here; give all keys of a section the same indentation, "
	  "and "
	  "look for a wrong quote\n" },
	{ "wrong indentation of an item", "listen:\n  - udp:127.0.0.1:0\n  udp:127.0.0.1:0\n" REST,
	  "f:3:3: syntax: this key has no ':' behind it; write KEY: VALUE\n" },
	{ "key without a colon", DOMAIN "extensions\n  201: {password: x}\n",
	  "f:2:1: syntax: this key has no ':' behind it; write KEY: VALUE\n" },
	{ "colon in a value", DOMAIN "extensions:\n  201: {password: x}\nstore: a: b\n",
	  "f:4:9: syntax: a ':' stands where no key can be; align the key with its neighbours, or "
	  "put "
	  "a value with a ':' in quotes\n" },
	{ "value that begins with @", DOMAIN "extensions:\n  201: {password: @x}\n",
	  "f:3:19: syntax: a value cannot begin with this character; put the value in quotes\n" },
	{ "backslash", DOMAIN "extensions:\n  201: {password: \"a\\q\"}\n",
	  "f:3:21: syntax: this backslash sequence is unknown; write \\\\ for a backslash, or use "
	  "single quotes\n" },
	{ "item behind a key", "listen: - udp:127.0.0.1:0\n" REST,
	  "f:1:9: syntax: a list item stands where none can be; put '-' on a line of its own below "
	  "the key\n" },
	{ "template never filled in", "domain: {{ domain }}\n" EXTENSIONS,
	  "f:1:10: syntax: a key cannot be a list or a map; write KEY: VALUE, or put a text with "
	  "brackets or braces in quotes\n" },
	{ "not UTF-8", "domain: pbx\n# caf\xe9\n" EXTENSIONS,
	  "f:2:6: syntax: the text is not UTF-8 here; save the file in the encoding UTF-8\n" },
	{ "UTF-16",
	  "\xff\xfe"
	  "d",
	  "f:1:1: syntax: the text is not UTF-8 here; save the file in the "
	  "encoding UTF-8\n" },
	{ "UTF-8 torn at the end", DOMAIN "# caf\xc3",
	  "f:2:6: syntax: the text is not UTF-8 here; save the file in the encoding UTF-8\n" },
	{ "control character", "domain: \xc3\xa9\x01\n" EXTENSIONS,
	  "f:1:10: syntax: a control character (0x01) stands here; remove it, a configuration is "
	  "plain text\n" },
	{ "too deep", "a: [[[[[[[[[[[[[[[[[[[[[[[[",
	  "f:1:19: syntax: more than 16 lists and maps stand inside each other; no setting needs "
	  "so "
	  "many\n" },

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
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		static char lines[CONF_MISTAKES_MAX * CONF_MISTAKE_MAX_BYTES];
		struct slice text = slice_from_cstr(bad[i].yaml);
		struct directory *directory = NULL;
		struct buf buf = BUF_ON(lines);
		int err = read_guarded(text, &directory);

		for (size_t k = 0; k < report.count; k++) {
			buf_cstr(&buf, report.mistakes[k].text);
			buf_char(&buf, '\n');
		}
		if (!slice_eq(buf_text(&buf), slice_from_cstr(bad[i].lines)))
			fail_msg("%s:\n%.*sexpected:\n%s", bad[i].name, SLICE_ARGS(buf_text(&buf)),
				 bad[i].lines);
		assert_int_equal(err, ERR_SYNTAX);
		assert_null(directory);
		assert_int_equal(report.left_out, 0);
		assert_int_equal(mem_count().blocks, 0);
		try_prefixes(text);
	}
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
	assert_int_equal(read_guarded(buf_text(&buf), &directory), ERR_SYNTAX);
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
	assert_int_equal(conf_read(slice_of(text, n), SLICE("f"), secret, &report, &directory),
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
	assert_int_equal(conf_read(buf_text(&buf), slice_of(file_name, sizeof(file_name)), secret,
				   &report, &directory),
			 ERR_SYNTAX);
	assert_int_equal(report.count, 1);
	assert_true(strlen(report.mistakes[0].text) < 600);
	assert_null(strchr(report.mistakes[0].text, '\x1b'));
	assert_non_null(strstr(report.mistakes[0].text, "...:1:14: extensions.\xe2\x82\xac\\x1b"));
}

static void the_example_is_taken_without_a_word(void **state)
{
	struct directory *directory = NULL;
	const struct extension *extension;

	(void)state;
	if (conf_read_file(SOURCE_ROOT "/config/lampyrid.yaml", secret, &report, &directory))
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

static void a_file_that_cannot_be_read_is_told(void **state)
{
	struct directory *directory = NULL;

	(void)state;
	assert_int_equal(conf_read_file("/nonexistent/x.yaml", secret, &report, &directory),
			 ERR_IO);
	assert_int_equal(report.count, 1);
	assert_string_equal(report.mistakes[0].text,
			    "/nonexistent/x.yaml: cannot be opened: No such file or directory; "
			    "check the path behind -c");
	assert_int_equal(conf_read_file("/", secret, &report, &directory), ERR_IO);
	assert_int_equal(report.count, 1);
	assert_string_equal(report.mistakes[0].text,
			    "/: cannot be read: Is a directory; name the file, such as "
			    "lampyrid.yaml in it");
	assert_null(directory);
	assert_int_equal(mem_count().blocks, 0);
}

static void every_refused_allocation_is_survived(void **state)
{
	struct slice text = SLICE("codes: {pickup: [\"*7\", \"*9\"], group-pickup: \"*7\"}\n"
				  "domain: a.example\n"
				  "extensions:\n"
				  "  201: {name: A, password: x, groups: [sales]}\n"
				  "  202: {name: B, password: y}\n");
	struct directory *directory = NULL;
	uint64_t nth = 0;

	(void)state;
	while (!directory) {
		int err;

		mem_refuse_nth(++nth);
		err = conf_read(text, SLICE("f"), secret, &report, &directory);
		mem_refuse_nth(0);
		assert_int_equal(report.count, 0);
		assert_int_equal(err, directory ? 0 : ERR_NOMEM);
		if (!directory)
			assert_int_equal(mem_count().blocks, 0);
		assert_true(nth < 200);
	}
	assert_true(nth > 20);
	directory_unref(directory);
	assert_int_equal(mem_count().blocks, 0);
}

/* A file's name counts from the folder of the configuration. */
static void certificates_are_found_beside_the_file(void **state)
{
	struct slice text = SLICE("tls: {certificate: good.pem, key: good.key}\n" REST);
	struct directory *directory = NULL;
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/lampyrid.yaml", folder);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(conf_read(text, slice_from_cstr(path), secret, &report, &directory), 0);
	assert_true(tls_context_can_accept(directory->tls));
	directory_unref(directory);
	assert_int_equal(conf_read(text, SLICE("f"), secret, &report, &directory), ERR_SYNTAX);
	assert_int_equal(report.count, 2);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(mem_count().blocks, 0);
}

static const char *const file_names[] = { "good.pem", "good.key", "other.key",
					  "weak.pem", "weak.key", "empty" };

static int remove_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(file_names); i++)
		(void)unlink(file_names[i]);
	return rmdir(folder);
}

static int make_files(void **state)
{
	static struct cert first, other, weak;
	const char *const texts[] = { first.text, first.key, other.key, weak.text, weak.key, "" };

	(void)state;
	cert_make(&(struct cert_spec){ 0 }, &first);
	cert_make(&(struct cert_spec){ 0 }, &other);
	cert_make(&(struct cert_spec){ .rsa_bits = 1024 }, &weak);
	if (!mkdtemp(folder) || chdir(folder))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(file_names); i++) {
		FILE *file = fopen(file_names[i], "we");

		if (!file || fputs(texts[i], file) < 0 || fclose(file))
			return -1;
	}
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_is_taken),
		cmocka_unit_test(a_mistake_is_told),
		cmocka_unit_test(the_report_is_bounded),
		cmocka_unit_test(a_text_over_the_limit_is_refused),
		cmocka_unit_test(a_line_is_clipped_and_printable),
		cmocka_unit_test(the_example_is_taken_without_a_word),
		cmocka_unit_test(a_file_that_cannot_be_read_is_told),
		cmocka_unit_test(every_refused_allocation_is_survived),
		cmocka_unit_test(certificates_are_found_beside_the_file),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
