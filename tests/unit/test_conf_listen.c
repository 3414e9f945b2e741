/* SPDX-License-Identifier: MIT */
/*
 * Where the server is to be found: its domain, the addresses it listens on, and its certificates.
 */
#include "conf_rig.h"

#include "base/err.h"
#include "base/mem.h"
#include "crypto/tls.h"
#include "support/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/lampyrid-conf-XXXXXX"; /* where the tests run */

/* --- What is read ------------------------------------------------------------------------- */

static void check_domain_ipv4(const struct directory *directory)
{
	assert_slice(directory->domain, "127.0.0.1");
}

static void check_domain_ipv6(const struct directory *directory)
{
	assert_slice(directory->domain, "[2001:db8::1]");
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

static const struct conf_rig_good good[] = {
	{ "domain of IPv6", "domain: \"2001:DB8:0::1\"\n" EXTENSIONS, check_domain_ipv6 },
	{ "domain of IPv6 in brackets", "domain: \"[2001:db8::1]\"\n" EXTENSIONS,
	  check_domain_ipv6 },
	{ "domain of IPv4", "domain: 127.0.0.1\n" EXTENSIONS, check_domain_ipv4 },
	{ "listen",
	  "listen:\n"
	  "  - udp:127.0.0.1:0\n"
	  "  - udp:127.0.0.1:0\n"
	  "  - \"tcp:[2001:db8::1]:65535\"\n"
	  "  - udp:[::]:5060\n"
	  "  - TCP:0.0.0.0:5060\n" REST,
	  check_listen },
	{ "tls",
	  "listen: [\"tls:0.0.0.0:5061\"]\n"
	  "tls: {certificate: good.pem, key: good.key, ca: good.pem, verify-clients: yes}\n" REST,
	  check_tls },
	{ "roots for outgoing calls", "tls: {ca: good.pem}\n" REST, check_tls_roots },
};

static void a_good_file_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		conf_rig_expect_good(&good[i]);
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
	assert_int_equal(
		conf_read(text, slice_from_cstr(path), conf_rig_secret, &report, &directory), 0);
	assert_true(tls_context_can_accept(directory->tls));
	directory_unref(directory);
	assert_int_equal(conf_read(text, SLICE("f"), conf_rig_secret, &report, &directory),
			 ERR_SYNTAX);
	assert_int_equal(report.count, 2);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(mem_count().blocks, 0);
}

/* --- What is told ------------------------------------------------------------------------- */

static const struct conf_rig_bad bad[] = {
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
};

static void a_mistake_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		conf_rig_expect_bad(bad[i].name, bad[i].yaml, bad[i].lines);
}

/* --- Files to name ------------------------------------------------------------------------ */

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
		cmocka_unit_test(certificates_are_found_beside_the_file),
		cmocka_unit_test(a_mistake_is_told),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
