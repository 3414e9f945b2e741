/* SPDX-License-Identifier: MIT */
/*
 * Digest access authentication (RFC 7616, RFC 8760, RFC 3261 22.4 and 25.1). Challenge and
 * credentials are one list of name=value: one pass sorts it into a table of known fields, and the
 * two parsers only pick what they need. A known name that stands twice is refused, because two
 * readers could each take another one.
 */
#include "sip/digest.h"

#include "base/check.h"
#include "base/err.h"
#include "sip/lex.h"
#include "sip/limits.h"

enum field {
	FIELD_USERNAME,
	FIELD_REALM,
	FIELD_NONCE,
	FIELD_URI,
	FIELD_RESPONSE,
	FIELD_OPAQUE,
	FIELD_CNONCE,
	FIELD_NC,
	FIELD_QOP,
	FIELD_ALGORITHM,
	FIELD_STALE,
	FIELD_USERHASH,
	FIELD_COUNT
};

static const struct slice field_names[FIELD_COUNT] = {
	[FIELD_USERNAME] = SLICE_INIT("username"), [FIELD_REALM] = SLICE_INIT("realm"),
	[FIELD_NONCE] = SLICE_INIT("nonce"),	   [FIELD_URI] = SLICE_INIT("uri"),
	[FIELD_RESPONSE] = SLICE_INIT("response"), [FIELD_OPAQUE] = SLICE_INIT("opaque"),
	[FIELD_CNONCE] = SLICE_INIT("cnonce"),	   [FIELD_NC] = SLICE_INIT("nc"),
	[FIELD_QOP] = SLICE_INIT("qop"),	   [FIELD_ALGORITHM] = SLICE_INIT("algorithm"),
	[FIELD_STALE] = SLICE_INIT("stale"),	   [FIELD_USERHASH] = SLICE_INIT("userhash"),
};

static const struct slice alg_names[] = {
	[HASH_MD5] = SLICE_INIT("MD5"),
	[HASH_SHA256] = SLICE_INIT("SHA-256"),
};

#define NC_DIGITS 8

#define FIELD_BIT(field) (1u << (field))
#define CHALLENGE_NEEDS (FIELD_BIT(FIELD_REALM) | FIELD_BIT(FIELD_NONCE))
#define CREDENTIALS_NEED                                                                           \
	(FIELD_BIT(FIELD_USERNAME) | FIELD_BIT(FIELD_REALM) | FIELD_BIT(FIELD_NONCE) |             \
	 FIELD_BIT(FIELD_URI) | FIELD_BIT(FIELD_RESPONSE))

struct fields {
	struct slice values[FIELD_COUNT]; /* without quotes, escapes still in them */
	unsigned seen;			  /* FIELD_BIT each */
};

/* A tab is the one control character that a quoted string may hold once folds are excluded. */
static bool char_is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

static bool char_is_hex(char c)
{
	return char_is_digit(c) || (char_to_lower(c) >= 'a' && char_to_lower(c) <= 'f');
}

/* Looser than a token: some clients leave the quotes of a URI or a nonce away. */
static bool char_is_bare(char c)
{
	return !char_is_control(c) && !lex_is_lws(c) && c != '"' && c != '\\' && c != ',';
}

static struct slice take_bare(struct slice *rest)
{
	size_t n = 0;
	struct slice taken;

	while (n < rest->n && char_is_bare(rest->p[n]))
		n++;
	taken = slice_head(*rest, n);
	*rest = slice_from(*rest, n);
	return taken;
}

/* `rest` starts with the opening quote (RFC 3261 25.1: quoted-string). */
static int take_quoted(struct slice *rest, struct slice *ret_value)
{
	for (size_t at = 1; at < rest->n; at++) {
		if (rest->p[at] == '"') {
			*ret_value = slice_of(rest->p + 1, at - 1);
			lex_drop(rest, at + 1);
			return 0;
		}
		if (rest->p[at] == '\\' && ++at == rest->n)
			break;
		if (char_is_control(rest->p[at]))
			break;
	}
	return ERR_SYNTAX;
}

/* Reads `name = value` and the spaces behind it. */
static int take_param(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
	*ret_name = lex_cut(rest, LEX_TOKEN);
	lex_skip_lws(rest);
	if (ret_name->n == 0 || rest->n == 0 || rest->p[0] != '=')
		return ERR_SYNTAX;
	*rest = slice_from(*rest, 1);
	lex_skip_lws(rest);
	if (rest->n > 0 && rest->p[0] == '"') {
		if (take_quoted(rest, ret_value))
			return ERR_SYNTAX;
	} else {
		*ret_value = take_bare(rest);
		if (ret_value->n == 0)
			return ERR_SYNTAX;
	}
	lex_skip_lws(rest);
	return 0;
}

/* False when the field stood there already; an unknown name says nothing to us. */
static bool fields_add(struct fields *fields, struct slice name, struct slice value)
{
	for (unsigned i = 0; i < FIELD_COUNT; i++) {
		if (!lex_is_word(name, field_names[i]))
			continue;
		if (fields->seen & FIELD_BIT(i))
			return false;
		fields->seen |= FIELD_BIT(i);
		fields->values[i] = value;
		break;
	}
	return true;
}

/* RFC 3261 25.1: "Digest" LWS digest-param *(COMMA digest-param); empty list entries pass. */
static int fields_parse(struct slice rest, struct fields *ret_fields)
{
	struct slice name;
	struct slice value;

	*ret_fields = (struct fields){ 0 };
	lex_skip_lws(&rest);
	name = lex_cut(&rest, LEX_TOKEN);
	if (!slice_eq_nocase(name, SLICE("Digest")) || rest.n == 0 || !lex_is_lws(rest.p[0]))
		return ERR_SYNTAX;
	lex_skip_lws(&rest);
	while (rest.n > 0) {
		if (rest.p[0] != ',') {
			if (take_param(&rest, &name, &value))
				return ERR_SYNTAX;
			if (!fields_add(ret_fields, name, value))
				return ERR_SYNTAX;
			if (rest.n > 0 && rest.p[0] != ',')
				return ERR_SYNTAX;
		}
		rest = slice_from(rest, 1);
		lex_skip_lws(&rest);
	}
	return 0;
}

/* Without the field it is MD5 (RFC 7616 3.3). */
static int fields_alg(const struct fields *fields, enum hash_alg *ret_alg)
{
	*ret_alg = HASH_MD5;
	if (!(fields->seen & FIELD_BIT(FIELD_ALGORITHM)))
		return 0;
	for (unsigned i = 0; i < ARRAY_LEN(alg_names); i++) {
		if (slice_eq_nocase(fields->values[FIELD_ALGORITHM], alg_names[i])) {
			*ret_alg = (enum hash_alg)i;
			return 0;
		}
	}
	return ERR_UNSUPPORTED;
}

/* A list without any entry counts as no list: RFC 2069 servers send qop="" like that. */
static int fields_qop(const struct fields *fields, bool *ret_has_auth)
{
	struct slice list = slice_trim(fields->values[FIELD_QOP]);
	bool is_empty = list.n == 0;
	struct slice entry;

	*ret_has_auth = false;
	while (list.n > 0) {
		slice_cut(list, ',', &entry, &list);
		if (slice_eq_nocase(slice_trim(entry), SLICE("auth")))
			*ret_has_auth = true;
	}
	return is_empty || *ret_has_auth ? 0 : ERR_UNSUPPORTED;
}

int digest_challenge_parse(struct slice value, struct digest_challenge *ret_challenge)
{
	struct fields fields;
	struct digest_challenge challenge;
	int err = fields_parse(value, &fields);

	if (err)
		return err;
	if ((fields.seen & CHALLENGE_NEEDS) != CHALLENGE_NEEDS)
		return ERR_SYNTAX;
	challenge = (struct digest_challenge){
		.realm = fields.values[FIELD_REALM],
		.nonce = fields.values[FIELD_NONCE],
		.opaque = fields.values[FIELD_OPAQUE],
		.is_alg_given = fields.seen & FIELD_BIT(FIELD_ALGORITHM),
		.is_stale = slice_eq_nocase(fields.values[FIELD_STALE], SLICE("true")),
	};
	err = fields_alg(&fields, &challenge.alg);
	if (!err)
		err = fields_qop(&fields, &challenge.has_qop_auth);
	if (err)
		return err;
	challenge.has_qop = challenge.has_qop_auth;
	*ret_challenge = challenge;
	return 0;
}

static bool is_hex_of(struct slice text, size_t digits)
{
	for (size_t i = 0; i < text.n; i++)
		if (!char_is_hex(text.p[i]))
			return false;
	return text.n == digits;
}

/* The text must be hex digits. */
static uint32_t hex_value(struct slice hex)
{
	uint32_t value = 0;

	for (size_t i = 0; i < hex.n; i++) {
		char c = char_to_lower(hex.p[i]);

		value = value << 4 | (uint32_t)(char_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	return value;
}

/* RFC 7616 3.4: with qop there must be cnonce and nc, without it they mean nothing. */
static int credentials_read_qop(const struct fields *fields, struct digest_credentials *credentials)
{
	int err = fields_qop(fields, &credentials->has_qop);

	if (err || !credentials->has_qop)
		return err;
	if (!(fields->seen & FIELD_BIT(FIELD_CNONCE)))
		return ERR_SYNTAX;
	if (!is_hex_of(fields->values[FIELD_NC], NC_DIGITS))
		return ERR_SYNTAX;
	credentials->cnonce = fields->values[FIELD_CNONCE];
	credentials->nc_text = fields->values[FIELD_NC];
	credentials->nc = hex_value(credentials->nc_text);
	return 0;
}

int digest_credentials_parse(struct slice value, struct digest_credentials *ret_credentials)
{
	struct fields fields;
	struct digest_credentials credentials;
	int err = fields_parse(value, &fields);

	if (err)
		return err;
	if ((fields.seen & CREDENTIALS_NEED) != CREDENTIALS_NEED)
		return ERR_SYNTAX;
	/* RFC 7616 3.4.4: a hashed user name; we never offer it. */
	if (slice_eq_nocase(fields.values[FIELD_USERHASH], SLICE("true")))
		return ERR_UNSUPPORTED;
	credentials = (struct digest_credentials){
		.username = fields.values[FIELD_USERNAME],
		.realm = fields.values[FIELD_REALM],
		.nonce = fields.values[FIELD_NONCE],
		.uri = fields.values[FIELD_URI],
		.response = fields.values[FIELD_RESPONSE],
		.opaque = fields.values[FIELD_OPAQUE],
	};
	err = fields_alg(&fields, &credentials.alg);
	if (!err)
		err = credentials_read_qop(&fields, &credentials);
	if (err)
		return err;
	if (!is_hex_of(credentials.response, 2 * hash_size(credentials.alg)))
		return ERR_SYNTAX;
	*ret_credentials = credentials;
	return 0;
}

static bool char_ends_line(char c)
{
	return c == '\r' || c == '\n' || c == '\0';
}

/* The text as it was parsed comes out unchanged; anything else becomes a quoted string still. */
static void print_quoted(struct buf *buf, struct slice text)
{
	buf_char(buf, '"');
	for (size_t i = 0; i < text.n; i++) {
		bool is_pair =
			text.p[i] == '\\' && i + 1 < text.n && !char_ends_line(text.p[i + 1]);

		if (char_ends_line(text.p[i]))
			continue;
		if (is_pair)
			buf_char(buf, text.p[i++]);
		else if (text.p[i] == '"' || text.p[i] == '\\')
			buf_char(buf, '\\');
		buf_char(buf, text.p[i]);
	}
	buf_char(buf, '"');
}

static void print_field(struct buf *buf, enum field field, struct slice text)
{
	buf_slice(buf, field_names[field]);
	buf_char(buf, '=');
	print_quoted(buf, text);
}

static void print_next_field(struct buf *buf, enum field field, struct slice text)
{
	buf_lit(buf, ", ");
	print_field(buf, field, text);
}

void digest_challenge_print(struct buf *buf, const struct digest_challenge *challenge)
{
	buf_lit(buf, "Digest ");
	print_field(buf, FIELD_REALM, challenge->realm);
	print_next_field(buf, FIELD_NONCE, challenge->nonce);
	if (challenge->opaque.n > 0)
		print_next_field(buf, FIELD_OPAQUE, challenge->opaque);
	if (challenge->is_alg_given) {
		buf_lit(buf, ", algorithm=");
		buf_slice(buf, alg_names[challenge->alg]);
	}
	if (challenge->has_qop_auth)
		buf_lit(buf, ", qop=\"auth\"");
	if (challenge->is_stale)
		buf_lit(buf, ", stale=true");
}

/* The count as eight digits: the text as it stood, or for our own credentials made from `nc`. */
static struct slice nc_digits(const struct digest_credentials *credentials, char room[NC_DIGITS])
{
	uint32_t nc = credentials->nc;
	uint8_t bytes[] = { (uint8_t)(nc >> 24), (uint8_t)(nc >> 16), (uint8_t)(nc >> 8),
			    (uint8_t)nc };
	struct buf buf = { .p = room, .cap = NC_DIGITS };

	if (is_hex_of(credentials->nc_text, NC_DIGITS))
		return credentials->nc_text;
	buf_hex(&buf, bytes, sizeof(bytes));
	return buf_text(&buf);
}

void digest_credentials_print(struct buf *buf, const struct digest_credentials *credentials)
{
	char room[NC_DIGITS];

	buf_lit(buf, "Digest ");
	print_field(buf, FIELD_USERNAME, credentials->username);
	print_next_field(buf, FIELD_REALM, credentials->realm);
	print_next_field(buf, FIELD_NONCE, credentials->nonce);
	print_next_field(buf, FIELD_URI, credentials->uri);
	print_next_field(buf, FIELD_RESPONSE, credentials->response);
	buf_lit(buf, ", algorithm=");
	buf_slice(buf, alg_names[credentials->alg]);
	if (credentials->opaque.n > 0)
		print_next_field(buf, FIELD_OPAQUE, credentials->opaque);
	if (credentials->has_qop) {
		print_next_field(buf, FIELD_CNONCE, credentials->cnonce);
		buf_lit(buf, ", qop=auth, nc=");
		buf_slice(buf, nc_digits(credentials, room));
	}
}

void digest_escape(struct buf *buf, struct slice plain)
{
	for (size_t i = 0; i < plain.n; i++) {
		if (plain.p[i] == '"' || plain.p[i] == '\\')
			buf_char(buf, '\\');
		buf_char(buf, plain.p[i]);
	}
}

void digest_unescape(struct buf *buf, struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\\' && i + 1 < text.n)
			i++;
		buf_char(buf, text.p[i]);
	}
}

/* The text itself when it has no escapes, which is nearly always; else a copy in `room`. */
static struct slice unescaped(struct buf *room, struct slice text)
{
	size_t from = room->n;

	if (slice_find_char(text, '\\') == text.n)
		return text;
	digest_unescape(room, text);
	return slice_of(room->p + from, room->n - from);
}

int digest_response(const struct digest_credentials *credentials, struct slice method,
		    struct slice password, char ret_hex[HASH_MAX_HEX])
{
	char text[SIP_HEADER_MAX_BYTES]; /* all fields together stood in one header */
	struct buf room = BUF_ON(text);
	char nc[NC_DIGITS];
	char ha1[HASH_MAX_HEX];
	char ha2[HASH_MAX_HEX];
	size_t digits = 2 * hash_size(credentials->alg);
	/* RFC 7616 3.4.2 and 3.4.3: A1 and A2 take the values that the quoted strings stand for. */
	struct slice a1[] = { unescaped(&room, credentials->username),
			      unescaped(&room, credentials->realm), password };
	struct slice a2[] = { method, unescaped(&room, credentials->uri) };
	struct slice parts[6] = { slice_of(ha1, digits), unescaped(&room, credentials->nonce) };
	size_t count = 2;
	int err;

	if (credentials->has_qop) {
		parts[count++] = nc_digits(credentials, nc);
		parts[count++] = unescaped(&room, credentials->cnonce);
		parts[count++] = SLICE("auth");
	}
	parts[count++] = slice_of(ha2, digits);
	if (room.is_overflown)
		return ERR_LIMIT;
	err = hash_joined_hex(credentials->alg, a1, ARRAY_LEN(a1), ha1);
	if (!err)
		err = hash_joined_hex(credentials->alg, a2, ARRAY_LEN(a2), ha2);
	if (!err)
		err = hash_joined_hex(credentials->alg, parts, count, ret_hex);
	return err;
}

bool digest_is_right(const struct digest_credentials *credentials, struct slice method,
		     struct slice password)
{
	char hex[HASH_MAX_HEX];

	if (digest_response(credentials, method, password, hex))
		return false;
	return hash_eq(credentials->response, slice_of(hex, 2 * hash_size(credentials->alg)));
}

int digest_init(void)
{
	return hash_init();
}
