/* SPDX-License-Identifier: MIT */
/*
 * The part of the configuration about trunks: providers and other offices, whom they are reached
 * by, and which of their calls are let in.
 */
#include "base/err.h"
#include "conf/conf_reader.h"
#include "pbx/route.h"
#include "sip/limits.h"

#define TRUNK_TEXT_MAX_BYTES 128
#define TRUNK_NUMBERS_MAX 4096
#define EXPIRES_MIN_S 60
#define EXPIRES_MAX_S 86400
#define EXPIRES_DEFAULT_S 600
#define QUALIFY_MIN_S 5
#define QUALIFY_MAX_S 3600
#define DNS_PORT 53
#define CALLS_MAX 10000
#define DOMAIN_MAX_BYTES 260

/* What is wider would let in strangers by the thousand (SECURITY A2). */
#define IPV4_BITS_MIN 8
#define IPV6_BITS_MIN 16

#define EXPECTED_URI "the provider's address, such as \"sip:sip.acme.example\""
#define EXPECTED_SOURCE "an address or a range of them, such as \"192.0.2.0/24\""
#define EXPECTED_NAME_SERVER "the address of a name server, such as \"192.0.2.53\""
#define EXPECTED_NUMBER "a number in quotes, such as \"+4930123450\" or \"+493012345*\""

/* What is being read: the texts stay the file's until the trunk is added. */
struct draft {
	struct trunk_config trunk;
	const struct conf_node *numbers;
	bool is_register_given;
};

static const struct slice yes_words[] = { SLICE_INIT("no"), SLICE_INIT("yes") };

bool conf_read_yes(const struct conf_reader *reader, const struct conf_node *text, bool *ret_is_yes)
{
	size_t i;

	if (!conf_read_word(reader, text, yes_words, ARRAY_LEN(yes_words), &i))
		return false;
	*ret_is_yes = i == 1;
	return true;
}

/* --- Numbers ------------------------------------------------------------------------------ */

static bool is_dialable(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		struct slice c = slice_of(text.p + i, 1);

		if (!conf_is_number(c) && c.p[0] != '*' && c.p[0] != '#')
			return false;
	}
	return true;
}

bool conf_read_match(const struct conf_reader *reader, const struct conf_node *node,
		     struct slice text, struct number_match *ret_match)
{
	struct number_match match = { .text = text };

	if (text.n > 0 && text.p[text.n - 1] == '*') {
		match.text.n--;
		match.is_prefix = true;
	}
	if (text.n == 0 || !is_dialable(match.text) || text.n > SIP_USER_MAX_BYTES) {
		conf_tell_value(
			&reader->teller, node,
			"'%s' is no number; use 1 to %d of digits, letters and + - . _ * #, "
			"and a '*' at the end for whatever may follow",
			conf_quote(text).text, SIP_USER_MAX_BYTES);
		return false;
	}
	*ret_match = match;
	return true;
}

/* --- Keys --------------------------------------------------------------------------------- */

static bool tell_uri(const struct conf_reader *reader, const struct conf_node *value,
		     const struct sip_uri *uri)
{
	struct slice param;
	uint8_t transport;

	if (uri->scheme != URI_SIP && uri->scheme != URI_SIPS)
		conf_tell_value(&reader->teller, value,
				"expected an address that begins with sip: or sips:, such as "
				"\"sip:sip.acme.example\"");
	else if (!slice_is_empty(uri->user))
		conf_tell_value(&reader->teller, value,
				"nobody's name belongs here; write \"sip:%s\", and the name under "
				"username",
				conf_quote(uri->host).text);
	else if (!slice_is_empty(uri->headers))
		conf_tell_value(&reader->teller, value,
				"headers behind a '?' do not belong here; remove them");
	else if (sip_uri_param(uri, SLICE("transport"), &param) &&
		 transport_parse(param, &transport))
		conf_tell_value(&reader->teller, value,
				"the transport '%s' is not known; use udp, tcp or tls, or leave it "
				"to the DNS",
				conf_quote(param).text);
	else
		return false;
	return true;
}

static int take_uri(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct draft *draft = object;
	struct sip_uri uri;

	if (sip_uri_parse(value->text, &uri))
		conf_tell_value(&reader->teller, value, "'%s' is no SIP address; expected %s",
				conf_quote(value->text).text, EXPECTED_URI);
	else if (!tell_uri(reader, value, &uri))
		draft->trunk.uri = value->text;
	return 0;
}

/* A text that ends up in a header: printable, not empty, not endless. */
static bool take_text(struct conf_reader *reader, const struct conf_node *value,
		      struct slice *ret_text)
{
	if (value->text.n == 0)
		conf_tell_value(&reader->teller, value,
				"the text is empty; leave the key out instead");
	else if (conf_check_text(reader, value, TRUNK_TEXT_MAX_BYTES))
		*ret_text = value->text;
	else
		return false;
	return value->text.n > 0;
}

static int take_username(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)take_text(reader, value, &((struct draft *)object)->trunk.username);
	return 0;
}

static int take_password(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)take_text(reader, value, &((struct draft *)object)->trunk.password);
	return 0;
}

static int take_realm(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)take_text(reader, value, &((struct draft *)object)->trunk.realm);
	return 0;
}

static int take_register(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct draft *draft = object;

	draft->is_register_given = conf_read_yes(reader, value, &draft->trunk.is_registering);
	return 0;
}

static int take_expires(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct draft *draft = object;

	(void)conf_read_seconds(reader, value, EXPIRES_MIN_S, EXPIRES_MAX_S,
				&draft->trunk.expires_s);
	return 0;
}

static int take_from(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct draft *draft = object;

	draft->trunk.has_from = conf_read_match(reader, value, value->text, &draft->trunk.from);
	return 0;
}

static int take_from_domain(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct draft *draft = object;
	char text[DOMAIN_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct sip_uri uri;

	buf_lit(&buf, "sip:");
	buf_slice(&buf, value->text);
	if (buf.is_overflown || sip_uri_parse(buf_text(&buf), &uri) ||
	    !slice_eq(uri.host, slice_from(buf_text(&buf), 4)))
		conf_tell_value(&reader->teller, value,
				"'%s' is no domain; write only what stands behind the '@', such as "
				"acme.example",
				conf_quote(value->text).text);
	else
		draft->trunk.from_domain = value->text;
	return 0;
}

static int take_trusted(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)conf_read_yes(reader, value, &((struct draft *)object)->trunk.is_trusted);
	return 0;
}

static int take_publish(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)conf_read_yes(reader, value, &((struct draft *)object)->trunk.may_publish);
	return 0;
}

static int take_refer(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	conf_read_refer(reader, value, &((struct draft *)object)->trunk.refer);
	return 0;
}

static int take_calls(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct draft *draft = object;
	uint32_t calls;

	if (slice_to_u32(value->text, CALLS_MAX, &calls) || calls == 0)
		conf_tell_value(&reader->teller, value,
				"'%s' does not fit; expected a whole number from 1 to %d, or leave "
				"the key out for any number of calls",
				conf_quote(value->text).text, CALLS_MAX);
	else
		draft->trunk.calls_max = calls;
	return 0;
}

static int take_qualify(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct draft *draft = object;

	(void)conf_read_seconds(reader, value, QUALIFY_MIN_S, QUALIFY_MAX_S,
				&draft->trunk.qualify_s);
	return 0;
}

static int take_numbers(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)reader;
	((struct draft *)object)->numbers = value;
	return 0;
}

/* --- inbound-from ------------------------------------------------------------------------- */

static bool range_has_host_bits(const struct addr_range *range)
{
	struct addr_range net = *range;

	for (size_t i = 0; i < sizeof(net.addr.ip); i++) {
		size_t bits = range->bits > 8 * i ? range->bits - 8 * i : 0;

		if (bits < 8)
			net.addr.ip[i] &= (uint8_t)(0xff00u >> bits);
	}
	return !addr_eq_ip(&net.addr, &range->addr);
}

static bool read_range(const struct conf_reader *reader, const struct conf_node *text,
		       struct addr_range *range)
{
	struct slice ip, bits;
	bool has_bits = slice_cut(text->text, '/', &ip, &bits);
	uint32_t all, min, count;

	if (addr_parse_ip(ip, &range->addr)) {
		conf_tell_value(&reader->teller, text,
				"'%s' is no address; expected " EXPECTED_SOURCE
				" (a name is not looked up here)",
				conf_quote(text->text).text);
		return false;
	}
	all = range->addr.family == ADDR_IPV4 ? 32 : 128;
	min = range->addr.family == ADDR_IPV4 ? IPV4_BITS_MIN : IPV6_BITS_MIN;
	count = all;
	if (has_bits && (slice_to_u32(bits, all, &count) || count < min)) {
		conf_tell_value(
			&reader->teller, text,
			"expected %u to %u behind the '/': whoever sends from there may call "
			"without a password",
			min, all);
		return false;
	}
	range->bits = (uint8_t)count;
	if (addr_is_any(&range->addr) || range_has_host_bits(range)) {
		conf_tell_value(&reader->teller, text,
				"'%s' has more than the first %u bits; write the first address of "
				"the range before the '/'",
				conf_quote(text->text).text, count);
		return false;
	}
	return true;
}

static int take_source(struct conf_reader *reader, const struct conf_node *text, void *object)
{
	struct trunk_config *trunk = &((struct draft *)object)->trunk;
	struct addr_range range;

	if (!read_range(reader, text, &range))
		return 0;
	if (trunk->source_count == TRUNK_SOURCES_MAX)
		conf_tell_value(&reader->teller, text, "there can be %d; remove this one",
				TRUNK_SOURCES_MAX);
	else
		trunk->sources[trunk->source_count++] = range;
	return 0;
}

static int take_sources(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	return conf_read_texts(reader, value, EXPECTED_SOURCE, take_source, object);
}

/* --- numbers ------------------------------------------------------------------------------ */

/* Whether the number inside exists, where that can be known: not behind a '*'. */
static bool check_inside(const struct conf_reader *reader, const struct conf_node *node,
			 const struct number_match *match, const struct number_match *to)
{
	if (to->is_prefix && !match->is_prefix) {
		conf_tell_value(
			&reader->teller, node,
			"a '*' here stands for what the '*' of the called number stood for, "
			"and there is none; remove it");
		return false;
	}
	if (to->is_prefix || route_find(reader->directory, to->text).kind != DESTINATION_NONE)
		return true;
	conf_tell_value(&reader->teller, node,
			"there is no '%s' under extensions; add it, or name one that is there",
			conf_quote(to->text).text);
	return false;
}

static int add_number(struct conf_reader *reader, struct trunk_config *trunk,
		      const struct conf_node *node, struct slice called, struct slice inside)
{
	struct number_match match, to;

	if (!conf_read_match(reader, node, called, &match) ||
	    !conf_read_match(reader, node, inside, &to) || !check_inside(reader, node, &match, &to))
		return 0;
	return trunk_config_add_number(trunk, &match, &to);
}

/* A list says which numbers are ours; a map says what each is inside. */
static int read_numbers(struct conf_reader *reader, const struct conf_node *value,
			struct trunk_config *trunk)
{
	int err = value->kind == CONF_MAP ? conf_check_keys(reader, value) : 0;
	size_t count = 0;

	for (const struct conf_node *node = value->first; node && !err; node = node->next) {
		if ((node->key && node->key->kind != CONF_TEXT) ||
		    !conf_check_kind(reader, node, CONF_TEXT,
				     node->key ? "an extension, such as \"201\"" : EXPECTED_NUMBER))
			continue;
		if (++count > TRUNK_NUMBERS_MAX) {
			conf_tell_value(&reader->teller, node,
					"there can be %d numbers; use a '*' for a range of them",
					TRUNK_NUMBERS_MAX);
			break;
		}
		err = add_number(reader, trunk, node, node->key ? node->key->text : node->text,
				 node->text);
	}
	return err;
}

/* --- A trunk ------------------------------------------------------------------------------ */

static const struct conf_key trunk_keys[] = {
	{ SLICE_INIT("uri"), CONF_TEXT, EXPECTED_URI, take_uri },
	{ SLICE_INIT("username"), CONF_TEXT, "the name of your account there", take_username },
	{ SLICE_INIT("password"), CONF_TEXT, "the password of your account there", take_password },
	{ SLICE_INIT("realm"), CONF_TEXT, "the realm of its challenges, such as acme.example",
	  take_realm },
	{ SLICE_INIT("register"), CONF_TEXT, "yes or no", take_register },
	{ SLICE_INIT("expires"), CONF_TEXT, "seconds, such as 600", take_expires },
	{ SLICE_INIT("from"), CONF_TEXT, EXPECTED_NUMBER, take_from },
	{ SLICE_INIT("from-domain"), CONF_TEXT, "a domain, such as acme.example",
	  take_from_domain },
	{ SLICE_INIT("numbers"), CONF_MAP | CONF_LIST,
	  "a map of called numbers, such as {\"+4930123450\": \"201\"}, or a list of them",
	  take_numbers },
	{ SLICE_INIT("inbound-from"), CONF_TEXT | CONF_LIST, EXPECTED_SOURCE, take_sources },
	{ SLICE_INIT("trusted"), CONF_TEXT, "yes or no", take_trusted },
	{ SLICE_INIT("calls"), CONF_TEXT, "how many calls there may be at a time, such as 10",
	  take_calls },
	{ SLICE_INIT("qualify"), CONF_TEXT, "seconds, such as 60", take_qualify },
	{ SLICE_INIT("publish"), CONF_TEXT, "yes or no", take_publish },
	{ SLICE_INIT("refer"), CONF_TEXT, CONF_EXPECTED_REFER, take_refer },
};

static void check_account(struct conf_reader *reader, const struct conf_node *map,
			  struct draft *draft)
{
	bool has_user = conf_find(map, SLICE("username")), has_password;

	has_password = conf_find(map, SLICE("password"));
	if (has_user && !has_password)
		conf_tell_missing(&reader->teller, map, SLICE("password"),
				  "missing beside username; add it");
	if (has_password && !has_user)
		conf_tell_missing(&reader->teller, map, SLICE("username"),
				  "missing beside password; add it");
	if (!draft->is_register_given)
		draft->trunk.is_registering = has_user;
	else if (draft->trunk.is_registering && !has_user)
		conf_tell_missing(&reader->teller, map, SLICE("username"),
				  "missing, and nobody can register without a name; add it");
}

static bool check_name(const struct conf_reader *reader, const struct conf_node *node)
{
	if (conf_is_number(node->key->text) && node->key->text.n <= SIP_USER_MAX_BYTES)
		return true;
	conf_tell_key(&reader->teller, node,
		      "'%s' is no name for a trunk; use 1 to %d of letters, digits and + - . _",
		      conf_quote(node->key->text).text, SIP_USER_MAX_BYTES);
	return false;
}

static int take_trunk(struct conf_reader *reader, const struct conf_node *map)
{
	struct draft draft = { .trunk = { .expires_s = EXPIRES_DEFAULT_S } };
	bool is_good = check_name(reader, map);
	struct trunk_config *trunk;
	int err;

	if (!conf_check_kind(reader, map, CONF_MAP,
			     "a map with a uri at least, such as {uri: \"sip:sip.acme.example\"}"))
		return 0;
	err = conf_read_map(reader, map, trunk_keys, ARRAY_LEN(trunk_keys), &draft);
	if (err)
		return err;
	if (!conf_find(map, SLICE("uri")))
		conf_tell_missing(&reader->teller, map, SLICE("uri"), "missing; add %s",
				  EXPECTED_URI);
	check_account(reader, map, &draft);
	if (!is_good || slice_is_empty(draft.trunk.uri))
		return 0;
	draft.trunk.name = map->key->text;
	err = dialplan_add_trunk(&reader->directory->dialplan, &draft.trunk, &trunk);
	if (err == ERR_LIMIT)
		conf_tell_key(&reader->teller, map, "there can be %d trunks; remove this one",
			      TRUNKS_MAX);
	if (err == ERR_LIMIT || err == ERR_EXISTS)
		return 0; /* the latter is told as a key that is given twice */
	return !err && draft.numbers ? read_numbers(reader, draft.numbers, trunk) : err;
}

static int take_name_server(struct conf_reader *reader, const struct conf_node *text, void *object)
{
	struct directory *directory = reader->directory;
	struct addr addr;

	(void)object;
	if (addr_parse(text->text, &addr)) {
		if (addr_parse_ip(text->text, &addr)) {
			conf_tell_value(&reader->teller, text,
					"'%s' is no address; expected " EXPECTED_NAME_SERVER,
					conf_quote(text->text).text);
			return 0;
		}
		addr.port = DNS_PORT;
	}
	if (directory->dns_count == DIRECTORY_DNS_MAX)
		conf_tell_value(&reader->teller, text, "there can be %d; remove this one",
				DIRECTORY_DNS_MAX);
	else
		directory->dns[directory->dns_count++] = addr;
	return 0;
}

int conf_take_dns(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	return conf_read_texts(reader, value, EXPECTED_NAME_SERVER, take_name_server, object);
}

int conf_take_trunks(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	int err = conf_check_keys(reader, map);

	(void)object;
	for (const struct conf_node *node = map->first; node && !err; node = node->next)
		if (node->key->kind == CONF_TEXT)
			err = take_trunk(reader, node);
	return err;
}
