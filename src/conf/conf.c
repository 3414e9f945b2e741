/* SPDX-License-Identifier: MIT */
/*
 * The top level of the configuration, and the sections that are not about extensions.
 */
#include "conf/conf.h"

#include "base/err.h"
#include "conf/conf_reader.h"

#define CODE_MAX_BYTES 16
#define DOMAIN_MAX_BYTES 253 /* RFC 1035 2.3.4, as text */
#define LABEL_MAX_BYTES 63
#define EXPIRES_MAX_MIN_S 60
#define EXPIRES_MAX_MAX_S 86400
#define RING_TIMEOUT_MIN_S 5
#define RING_TIMEOUT_MAX_S 600
#define SESSION_EXPIRES_MIN_S 90 /* RFC 4028 4 */
#define SESSION_EXPIRES_MAX_S 86400
#define DURATION_MAX_MIN_S 60
#define DURATION_MAX_MAX_S 604800

#define EXPECTED_DOMAIN "a host name or an IP address, such as pbx.example.com"
#define EXPECTED_LISTEN "\"udp:ADDRESS:PORT\" (or tcp:, or tls:) without spaces"

static bool is_label(struct slice label)
{
	if (label.n == 0 || label.n > LABEL_MAX_BYTES || label.p[0] == '-' ||
	    label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++) {
		char c = char_to_lower(label.p[i]);

		if (!char_is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-')
			return false;
	}
	return true;
}

/* RFC 3261 25.1: hostname; the last label begins with a letter, so that it is no IPv4 address. */
static bool is_host_name(struct slice text)
{
	struct slice label = SLICE_NONE, rest = text;
	bool is_more = true;

	if (text.n > DOMAIN_MAX_BYTES)
		return false;
	while (is_more) {
		is_more = slice_cut(rest, '.', &label, &rest);
		if (!is_label(label))
			return false;
	}
	return !char_is_digit(label.p[0]);
}

bool conf_is_domain(struct slice text)
{
	struct addr addr;

	return is_host_name(text) || !addr_parse_ip(text, &addr);
}

static void tell_bad_domain(const struct conf_reader *reader, const struct conf_node *value)
{
	struct slice text = value->text, host, port;
	uint32_t number;

	if (slice_cut(text, ':', &host, &port) && is_host_name(host) &&
	    !slice_to_u32(port, 65535, &number))
		conf_tell_value(&reader->teller, value,
				"a domain has no port; write '%s', and the port under listen",
				conf_quote(host).text);
	else if (slice_starts_with(text, SLICE("sip:")) || slice_find_char(text, '@') < text.n)
		conf_tell_value(&reader->teller, value,
				"'%s' is an address of somebody; write only what stands behind the "
				"'@', such as pbx.example.com",
				conf_quote(text).text);
	else
		conf_tell_value(&reader->teller, value,
				"'%s' is neither a host name nor an IP address; use letters, "
				"digits, '-' and '.', such as pbx.example.com",
				conf_quote(text).text);
}

static int take_domain(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	char text[ADDR_TEXT_MAX];
	struct buf buf = BUF_ON(text);
	struct addr addr;

	(void)object;
	if (!addr_parse_ip(value->text, &addr)) {
		addr_print_ip(&buf, &addr);
		return directory_set_domain(reader->directory, buf_text(&buf));
	}
	if (is_host_name(value->text))
		return directory_set_domain(reader->directory, value->text);
	tell_bad_domain(reader, value);
	return 0;
}

static bool read_transport(const struct conf_reader *reader, const struct conf_node *text,
			   struct slice word, uint8_t *ret_transport)
{
	static const struct slice later[] = { SLICE_INIT("ws"), SLICE_INIT("wss") };

	if (!transport_parse(word, ret_transport)) {
		if (*ret_transport != TRANSPORT_TLS || reader->has_certificate)
			return true;
		conf_tell_value(&reader->teller, text,
				"tls needs a certificate; add tls: {certificate: FILE, key: FILE}");
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(later); i++) {
		if (slice_eq_nocase(word, later[i])) {
			conf_tell_value(&reader->teller, text,
					"the transport %.*s is not yet available in this version; "
					"use udp, tcp or tls",
					SLICE_ARGS(later[i]));
			return false;
		}
	}
	conf_tell_value(&reader->teller, text, "'%s' is no transport; expected " EXPECTED_LISTEN,
			conf_quote(word).text);
	return false;
}

static bool read_listen_addr(const struct conf_reader *reader, const struct conf_node *text,
			     struct slice word, struct addr *ret_addr)
{
	if (!addr_parse(word, ret_addr))
		return true;
	if (!addr_parse_ip(word, ret_addr))
		conf_tell_value(&reader->teller, text,
				"'%s' has no port; add one, such as 192.0.2.1:5060 or "
				"[2001:db8::1]:5060",
				conf_quote(word).text);
	else
		conf_tell_value(&reader->teller, text,
				"'%s' is no address with a port; expected numbers such as "
				"0.0.0.0:5060 or [::]:5060, the port from 0 to 65535",
				conf_quote(word).text);
	return false;
}

static int take_listener(struct conf_reader *reader, const struct conf_node *text, void *object)
{
	struct directory *directory = reader->directory;
	struct listen_addr listen;
	struct slice transport, addr;

	(void)object;
	slice_cut(text->text, ':', &transport, &addr);
	if (!read_transport(reader, text, transport, &listen.transport) ||
	    !read_listen_addr(reader, text, addr, &listen.addr))
		return 0;
	for (size_t i = 0; i < directory->listen_count; i++) {
		const struct listen_addr *other = &directory->listen[i];

		/* Port 0 is a port of its own each time. */
		if (listen.addr.port > 0 && other->transport == listen.transport &&
		    addr_eq(&other->addr, &listen.addr)) {
			conf_tell_value(&reader->teller, text,
					"this address is listed twice; remove one of them");
			return 0;
		}
	}
	if (directory->listen_count == DIRECTORY_LISTENERS_MAX) {
		conf_tell_value(&reader->teller, text, "there can be %d addresses; remove this one",
				DIRECTORY_LISTENERS_MAX);
		return 0;
	}
	directory->listen[directory->listen_count++] = listen;
	return 0;
}

static int take_listen(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	reader->directory->listen_count = 0;
	if (!value->first)
		conf_tell_value(&reader->teller, value,
				"the list is empty, and nobody could reach the server; add "
				"\"udp:0.0.0.0:5060\", or remove the key");
	return conf_read_texts(reader, value, EXPECTED_LISTEN, take_listener, object);
}

static int take_store(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	static const struct slice words[] = { SLICE_INIT("memory") };
	size_t i;

	(void)object;
	if (slice_starts_with(value->text, SLICE("sqlite:")))
		conf_tell_value(&reader->teller, value,
				"storing in SQLite is not yet available in this version; use "
				"memory");
	else
		(void)conf_read_word(reader, value, words, ARRAY_LEN(words), &i);
	return 0;
}

static int take_digest(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	static const struct slice words[] = { [DIGEST_MD5] = SLICE_INIT("md5"),
					      [DIGEST_SHA256] = SLICE_INIT("sha-256"),
					      [DIGEST_BOTH] = SLICE_INIT("both") };
	size_t i;

	(void)object;
	if (conf_read_word(reader, value, words, ARRAY_LEN(words), &i))
		reader->directory->digest = (enum digest_offer)i;
	return 0;
}

static bool is_code(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '*' && text.p[i] != '#' &&
		    !conf_is_number(slice_of(text.p + i, 1)))
			return false;
	return text.n > 0 && text.n <= CODE_MAX_BYTES;
}

bool conf_check_code(const struct conf_reader *reader, const struct conf_node *text)
{
	if (is_code(text->text))
		return true;
	conf_tell_value(&reader->teller, text,
			"'%s' is no code; use 1 to %d of letters, digits and * # + - . _",
			conf_quote(text->text).text, CODE_MAX_BYTES);
	return false;
}

/* What is dialed would be read in two ways: code and number, or longer code and shorter number. */
static bool is_ambiguous(struct slice a, struct slice b)
{
	return (slice_starts_with(a, b) && conf_is_number(slice_from(a, b.n))) ||
	       (slice_starts_with(b, a) && conf_is_number(slice_from(b, a.n)));
}

static int take_pickup_code(struct conf_reader *reader, const struct conf_node *text, void *object)
{
	struct directory *directory = reader->directory;

	(void)object;
	if (!conf_check_code(reader, text))
		return 0;
	for (size_t i = 0; i < directory->pickup_code_count; i++) {
		struct slice other = directory->pickup_codes[i];

		if (slice_eq(other, text->text)) {
			conf_tell_value(&reader->teller, text,
					"the code is listed twice; remove one of them");
			return 0;
		}
		if (is_ambiguous(other, text->text)) {
			conf_tell_value(&reader->teller, text,
					"'%s' and '%s' cannot be told apart before a number; "
					"change one of them",
					conf_quote(text->text).text, conf_quote(other).text);
			return 0;
		}
	}
	if (directory->pickup_code_count == DIRECTORY_CODES_MAX) {
		conf_tell_value(&reader->teller, text, "there can be %d codes; remove this one",
				DIRECTORY_CODES_MAX);
		return 0;
	}
	return directory_add_pickup_code(directory, text->text);
}

static int take_pickup_codes(struct conf_reader *reader, const struct conf_node *value,
			     void *object)
{
	directory_clear_pickup_codes(reader->directory);
	return conf_read_texts(reader, value, CONF_EXPECTED_CODE, take_pickup_code, object);
}

static int take_group_code(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)object;
	if (value->text.n > 0 && !conf_check_code(reader, value))
		return 0;
	return directory_set_group_pickup_code(reader->directory, value->text);
}

static bool take_dnd_code(struct conf_reader *reader, const struct conf_node *value)
{
	return value->text.n == 0 || conf_check_code(reader, value);
}

static int take_dnd_on(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct directory *directory = reader->directory;

	(void)object;
	if (!take_dnd_code(reader, value))
		return 0;
	return directory_set_dnd_codes(directory, value->text, directory->dnd_off_code);
}

static int take_dnd_off(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct directory *directory = reader->directory;

	(void)object;
	if (!take_dnd_code(reader, value))
		return 0;
	return directory_set_dnd_codes(directory, directory->dnd_on_code, value->text);
}

struct named_code {
	struct slice key, code;
};

/* Told where one of the two stands in the file: the other may be a default. */
static void check_codes_differ(const struct conf_reader *reader, const struct conf_node *map,
			       const struct named_code *a, const struct named_code *b)
{
	const struct conf_node *at_a = conf_find(map, a->key), *at_b = conf_find(map, b->key);

	if (a->code.n == 0 || !slice_eq(a->code, b->code) || (!at_a && !at_b))
		return;
	conf_tell_value(&reader->teller, at_b ? at_b : at_a,
			"'%s' is the code %.*s too; choose another code", conf_quote(a->code).text,
			SLICE_ARGS(at_b ? a->key : b->key));
}

/* Each is dialled alone, and has to mean one thing. */
static void check_codes(const struct conf_reader *reader, const struct conf_node *map)
{
	const struct directory *directory = reader->directory;
	const struct named_code group = { SLICE("group-pickup"), directory->group_pickup_code },
				on = { SLICE("dnd-on"), directory->dnd_on_code },
				off = { SLICE("dnd-off"), directory->dnd_off_code };

	check_codes_differ(reader, map, &group, &on);
	check_codes_differ(reader, map, &group, &off);
	check_codes_differ(reader, map, &on, &off);
}

static int take_codes(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	static const struct conf_key keys[] = {
		{ SLICE_INIT("pickup"), CONF_TEXT | CONF_LIST,
		  "a code or a list of codes in quotes, such as [\"**\", \"*8\"]",
		  take_pickup_codes },
		{ SLICE_INIT("group-pickup"), CONF_TEXT, CONF_EXPECTED_CODE, take_group_code },
		{ SLICE_INIT("dnd-on"), CONF_TEXT, CONF_EXPECTED_CODE, take_dnd_on },
		{ SLICE_INIT("dnd-off"), CONF_TEXT, CONF_EXPECTED_CODE, take_dnd_off },
	};

	int err = conf_read_map(reader, map, keys, ARRAY_LEN(keys), object);

	if (!err)
		check_codes(reader, map);
	return err;
}

static int take_expires_max(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)object;
	(void)conf_read_seconds(reader, value, EXPIRES_MAX_MIN_S, EXPIRES_MAX_MAX_S,
				&reader->directory->expires_max_s);
	return 0;
}

static int take_registration(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	static const struct conf_key keys[] = {
		{ SLICE_INIT("expires-max"), CONF_TEXT, "seconds, such as 3600", take_expires_max },
	};

	return conf_read_map(reader, map, keys, ARRAY_LEN(keys), object);
}

static int take_ring_timeout(struct conf_reader *reader, const struct conf_node *value,
			     void *object)
{
	(void)object;
	(void)conf_read_seconds(reader, value, RING_TIMEOUT_MIN_S, RING_TIMEOUT_MAX_S,
				&reader->directory->ring_timeout_s);
	return 0;
}

static int take_session_expires(struct conf_reader *reader, const struct conf_node *value,
				void *object)
{
	(void)object;
	(void)conf_read_seconds_or_0(reader, value, SESSION_EXPIRES_MIN_S, SESSION_EXPIRES_MAX_S,
				     &reader->directory->session_expires_s);
	return 0;
}

static int take_duration_max(struct conf_reader *reader, const struct conf_node *value,
			     void *object)
{
	(void)object;
	(void)conf_read_seconds_or_0(reader, value, DURATION_MAX_MIN_S, DURATION_MAX_MAX_S,
				     &reader->directory->duration_max_s);
	return 0;
}

static int take_calls(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	static const struct conf_key keys[] = {
		{ SLICE_INIT("ring-timeout"), CONF_TEXT, "seconds, such as 60", take_ring_timeout },
		{ SLICE_INIT("session-expires"), CONF_TEXT, "seconds, such as 1800, or 0 for none",
		  take_session_expires },
		{ SLICE_INIT("duration-max"), CONF_TEXT, "seconds, such as 14400, or 0 for no end",
		  take_duration_max },
	};

	return conf_read_map(reader, map, keys, ARRAY_LEN(keys), object);
}

/*
 * Extensions rely on the codes, park, the defaults and the groups, trunks on both, and routes on
 * all; `listen` relies on `tls`.
 */
static const struct conf_key top_keys[] = {
	{ SLICE_INIT("domain"), CONF_TEXT, EXPECTED_DOMAIN, take_domain },
	{ SLICE_INIT("tls"), CONF_MAP, "a map, such as {certificate: FILE, key: FILE}",
	  conf_take_tls },
	{ SLICE_INIT("listen"), CONF_LIST,
	  "a list of addresses, such as [\"udp:0.0.0.0:5060\", \"tcp:0.0.0.0:5060\"]",
	  take_listen },
	{ SLICE_INIT("store"), CONF_TEXT, "memory", take_store },
	{ SLICE_INIT("digest"), CONF_TEXT, "md5, sha-256 or both", take_digest },
	{ SLICE_INIT("codes"), CONF_MAP,
	  "a map, such as {pickup: [\"**\", \"*8\"], group-pickup: \"*8\"}", take_codes },
	{ SLICE_INIT("park"), CONF_MAP, "a map, such as {code: \"*85\", orbits: 9}",
	  conf_take_park },
	{ SLICE_INIT("registration"), CONF_MAP, "a map, such as {expires-max: 3600}",
	  take_registration },
	{ SLICE_INIT("calls"), CONF_MAP, "a map, such as {ring-timeout: 60}", take_calls },
	{ SLICE_INIT("lamps"), CONF_MAP, "a map, such as {gap: 100}", conf_take_lamps },
	{ SLICE_INIT("ctl"), CONF_TEXT, "a path, such as /run/lampyrid/ctl.sock, or off",
	  conf_take_ctl },
	{ SLICE_INIT("records"), CONF_TEXT, "a path, or \"-\" for standard output",
	  conf_take_records },
	{ SLICE_INIT("limits"), CONF_MAP, "a map, such as {calls: 500}", conf_take_limits },
	{ SLICE_INIT("defaults"), CONF_MAP, "a map, such as {visibility: numbers}",
	  conf_take_defaults },
	{ SLICE_INIT("groups"), CONF_MAP, "a map of groups, such as sales: {number: \"600\"}",
	  conf_take_groups },
	{ SLICE_INIT("extensions"), CONF_MAP,
	  "a map of extensions, such as \"201\": {name: Alice, password: ...}",
	  conf_take_extensions },
	{ SLICE_INIT("web"), CONF_TEXT, NULL, NULL },
	{ SLICE_INIT("dns"), CONF_TEXT | CONF_LIST,
	  "the address of a name server, or a list of them, such as \"192.0.2.53\"",
	  conf_take_dns },
	{ SLICE_INIT("trunks"), CONF_MAP,
	  "a map of trunks, such as acme: {uri: \"sip:sip.acme.example\"}", conf_take_trunks },
	{ SLICE_INIT("routes"), CONF_LIST,
	  "a list of routes, such as [{match: \"0*\", trunk: acme, strip: 1}]", conf_take_routes },
};

static int read_root(struct conf_reader *reader, const struct conf_node *root)
{
	int err;

	if (!root || conf_node_is_null(root)) {
		conf_tell(&reader->teller, (struct conf_pos){ 1, 1 }, SLICE_NONE,
			  "the file says nothing; it needs domain and extensions at least");
		return 0;
	}
	if (!conf_check_kind(reader, root, CONF_MAP, "keys, such as domain: pbx.example.com"))
		return 0;
	if (!conf_find(root, SLICE("domain")))
		conf_tell_missing(&reader->teller, NULL, SLICE("domain"),
				  "missing; add the domain of your phones' addresses, such as "
				  "domain: pbx.example.com");
	if (!conf_find(root, SLICE("extensions")))
		conf_tell_missing(&reader->teller, NULL, SLICE("extensions"),
				  "missing; add who can call and be called, such as extensions: "
				  "{\"201\": {name: Alice, password: ...}}");
	err = conf_read_map(reader, root, top_keys, ARRAY_LEN(top_keys), NULL);
	if (!err)
		conf_check_forwards(reader, root);
	return err ? err : conf_check_lamps(reader, root);
}

static int read_text(struct conf_reader *reader, struct slice text)
{
	struct conf_tree tree;
	int err;

	if (text.n > CONF_TEXT_MAX_BYTES) {
		conf_tell(&reader->teller, (struct conf_pos){ 0, 0 }, SLICE_NONE,
			  "the file is larger than %u bytes; is it the right one?",
			  CONF_TEXT_MAX_BYTES);
		return ERR_SYNTAX;
	}
	err = conf_tree_read(&tree, text, &reader->teller);
	if (!err)
		err = read_root(reader, tree.root);
	conf_tree_fini(&tree);
	return err;
}

int conf_read(struct slice text, struct slice file_name, const uint64_t map_secret[2],
	      struct conf_report *report, struct directory **ret_directory)
{
	struct conf_reader reader = {
		.teller = { .report = report, .file_name = file_name },
		.map_secret = map_secret,
		.defaults = { .visibility = VISIBILITY_NUMBERS, .pickup = PICKUP_SAME_GROUP },
	};
	int err;

	report->count = 0;
	report->left_out = 0;
	reader.directory = directory_new(map_secret);
	if (!reader.directory)
		return ERR_NOMEM;
	err = read_text(&reader, text);
	if (!err && report->count > 0)
		err = ERR_SYNTAX;
	if (!err)
		err = directory_link(reader.directory);
	if (err) {
		directory_unref(reader.directory);
		return err;
	}
	*ret_directory = reader.directory;
	return 0;
}
