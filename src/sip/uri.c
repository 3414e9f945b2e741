/* SPDX-License-Identifier: MIT */
/*
 * URIs (RFC 3261 19.1 and 25.1, RFC 3966). A user part may hold ';', '?', '/' and the like
 * unescaped, so the '@' is looked for before anything else. What the grammar forbids but phones
 * send ('#' in a user, '@' in a header) is let through where it cannot be read in two ways;
 * bytes that could end a header, a start line or a name-addr never are.
 */
#include "sip/uri.h"

#include "base/addr.h"
#include "base/err.h"
#include "sip/limits.h"

/* Parameters or headers of one URI: comparing two URIs costs at most the square of it. */
#define URI_FIELDS_MAX 32

enum char_class {
	CHAR_BAD = 1,	      /* nowhere in a URI */
	CHAR_UNRESERVED = 2,  /* RFC 3261 25.1 unreserved */
	CHAR_RESERVED = 4,    /* escaped it means something else (RFC 3261 19.1.4) */
	CHAR_USER = 8,	      /* user-unreserved */
	CHAR_HEADER = 16,     /* hnv-unreserved */
	CHAR_HOST = 32,	      /* of a name or an IPv4 address */
	CHAR_ESCAPE = 64,     /* '%' */
	CHAR_SEPARATOR = 128, /* RFC 3966 3 visual-separator */
};

#define CHAR_ALNUM (CHAR_UNRESERVED | CHAR_HOST)

static const uint8_t char_classes[256] = {
	[0x00 ... 0x20] = CHAR_BAD,
	['!'] = CHAR_UNRESERVED,
	['"'] = CHAR_BAD,
	['$'] = CHAR_RESERVED | CHAR_USER | CHAR_HEADER,
	['%'] = CHAR_ESCAPE,
	['&'] = CHAR_RESERVED | CHAR_USER,
	['\''] = CHAR_UNRESERVED,
	['('] = CHAR_UNRESERVED | CHAR_SEPARATOR,
	[')'] = CHAR_UNRESERVED | CHAR_SEPARATOR,
	['*'] = CHAR_UNRESERVED,
	['+'] = CHAR_RESERVED | CHAR_USER | CHAR_HEADER,
	[','] = CHAR_RESERVED | CHAR_USER,
	['-'] = CHAR_UNRESERVED | CHAR_HOST | CHAR_SEPARATOR,
	['.'] = CHAR_UNRESERVED | CHAR_HOST | CHAR_SEPARATOR,
	['/'] = CHAR_RESERVED | CHAR_USER | CHAR_HEADER,
	['0' ... '9'] = CHAR_ALNUM,
	[':'] = CHAR_RESERVED | CHAR_HEADER,
	[';'] = CHAR_RESERVED | CHAR_USER,
	['<'] = CHAR_BAD,
	['='] = CHAR_RESERVED | CHAR_USER,
	['>'] = CHAR_BAD,
	['?'] = CHAR_RESERVED | CHAR_USER | CHAR_HEADER,
	['@'] = CHAR_RESERVED,
	['A' ... 'Z'] = CHAR_ALNUM,
	['['] = CHAR_HEADER,
	[']'] = CHAR_HEADER,
	['_'] = CHAR_UNRESERVED | CHAR_HOST,
	['a' ... 'z'] = CHAR_ALNUM,
	['~'] = CHAR_UNRESERVED,
	[0x7f] = CHAR_BAD,
};

static bool char_is(char c, unsigned classes)
{
	return char_classes[(unsigned char)c] & classes;
}

static bool char_is_alpha(char c)
{
	c = char_to_lower(c);
	return c >= 'a' && c <= 'z';
}

static int hex_value(char c)
{
	c = char_to_lower(c);
	if (char_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte an escape at offset `at` stands for, or -1 for what is no escape. */
static int escape_value(struct slice s, size_t at)
{
	int high, low;

	if (at >= s.n || s.n - at < 3 || s.p[at] != '%')
		return -1;
	high = hex_value(s.p[at + 1]);
	low = hex_value(s.p[at + 2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool is_text_clean(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (!char_is(text.p[i], CHAR_BAD | CHAR_ESCAPE))
			continue;
		if (char_is(text.p[i], CHAR_BAD) || escape_value(text, i) < 0)
			return false;
	}
	return true;
}

static int check_fields(struct slice s, char separator)
{
	size_t n = 1;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == separator && ++n > URI_FIELDS_MAX)
			return ERR_LIMIT;
	return 0;
}

static int parse_scheme(struct slice text, enum uri_scheme *ret_scheme, struct slice *ret_rest)
{
	struct slice name;

	/* Bit 5 tells the cases of a letter apart, and nothing but these letters becomes them. */
	if (text.n >= 4 && (text.p[0] | 0x20) == 's' && (text.p[1] | 0x20) == 'i' &&
	    (text.p[2] | 0x20) == 'p' && text.p[3] == ':') {
		*ret_scheme = URI_SIP;
		*ret_rest = slice_of(text.p + 4, text.n - 4);
		return 0;
	}
	if (!slice_cut(text, ':', &name, ret_rest) || name.n == 0 || !char_is_alpha(name.p[0]))
		return ERR_SYNTAX;
	for (size_t i = 1; i < name.n; i++)
		if (!char_is_alpha(name.p[i]) && !char_is_digit(name.p[i]) && name.p[i] != '+' &&
		    name.p[i] != '-' && name.p[i] != '.')
			return ERR_SYNTAX;
	*ret_scheme = URI_OTHER;
	if (slice_eq_nocase(name, SLICE("sips")))
		*ret_scheme = URI_SIPS;
	else if (slice_eq_nocase(name, SLICE("tel")))
		*ret_scheme = URI_TEL;
	return 0;
}

static int parse_port(struct slice text, uint16_t *ret_port)
{
	uint32_t port;

	if (slice_to_u32(text, 65535, &port) || port == 0)
		return ERR_SYNTAX;
	*ret_port = (uint16_t)port;
	return 0;
}

/* Where the parts of what stands behind "sip:" begin; NULL: no such part. */
struct marks {
	const char *at;	      /* the first '@' */
	const char *password; /* the first ':' before it */
	const char *host;
	const char *host_end;  /* the first character that is no host's */
	const char *semicolon; /* the first one before `question` */
	const char *question;
	size_t params;	/* one more than semicolons from `semicolon` on */
	size_t headers; /* one more than ampersands behind `question` */
	bool is_params_bad;
};

/* All before an '@' was a user and password, whatever it looked like (RFC 3261 25.1 userinfo). */
static void mark_at(struct marks *marks, const char *p)
{
	if (!marks->at) {
		*marks = (struct marks){ .at = p, .password = marks->password, .host = p + 1 };
		return;
	}
	if (marks->semicolon && !marks->question)
		marks->is_params_bad = true;
	if (!marks->host_end)
		marks->host_end = p;
}

/* A character that is no host's. */
static void mark_char(struct marks *marks, const char *p)
{
	if (*p == '@') {
		mark_at(marks, p);
		return;
	}
	if (!marks->host_end)
		marks->host_end = p;
	if (*p == ';' && !marks->question) {
		marks->semicolon = marks->semicolon ? marks->semicolon : p;
		marks->params++;
	} else if (*p == '?' && !marks->question) {
		marks->question = p;
	} else if (*p == '&' && marks->question) {
		marks->headers++;
	} else if (*p == ':' && !marks->at && !marks->password) {
		marks->password = p;
	}
}

/* One pass, which sees each byte once; false on one that stands in no URI. */
static bool find_marks(struct slice rest, struct marks *ret_marks)
{
	const char *p = rest.p, *end = rest.p + rest.n;
	struct marks marks = { .host = rest.p };

	for (;; p++) {
		while (p < end && char_is(*p, CHAR_HOST))
			p++;
		if (p == end)
			break;
		if (char_is(*p, CHAR_BAD))
			return false;
		if (*p == '%' && escape_value(rest, (size_t)(p - rest.p)) < 0)
			return false;
		mark_char(&marks, p);
	}
	*ret_marks = marks;
	return true;
}

static struct slice between(const char *start, const char *end)
{
	return slice_of(start, (size_t)(end - start));
}

/* `end` is where the parameters begin; *ret_end where the host ends. */
static int check_host(const char *host, const char *end, const char **ret_end)
{
	struct addr addr;
	const char *bracket;

	if (host == end)
		return ERR_SYNTAX;
	if (*host != '[')
		return *ret_end == host ? ERR_SYNTAX : 0;
	bracket = memchr(host, ']', (size_t)(end - host));
	if (!bracket || addr_parse_ip(between(host, bracket + 1), &addr) ||
	    addr.family != ADDR_IPV6)
		return ERR_SYNTAX;
	*ret_end = bracket + 1;
	return 0;
}

/* The marks' parts of `rest`, which is what stands behind "sip:" (RFC 3261 25.1 SIP-URI). */
static int cut_parts(struct slice rest, const struct marks *marks, struct sip_uri *uri)
{
	const char *end = rest.p + rest.n;
	const char *host_end;

	uri->user = uri->password = uri->params = uri->headers = SLICE_NONE;
	uri->port = 0;
	if (marks->at) {
		uri->user = between(rest.p, marks->password ? marks->password : marks->at);
		if (marks->password)
			uri->password = between(marks->password + 1, marks->at);
		if (uri->user.n == 0)
			return ERR_SYNTAX;
	}
	if (marks->question) {
		uri->headers = between(marks->question + 1, end);
		end = marks->question;
	}
	if (marks->semicolon) {
		uri->params = between(marks->semicolon + 1, end);
		end = marks->semicolon;
	}
	host_end = marks->host_end ? marks->host_end : end;
	if (check_host(marks->host, end, &host_end))
		return ERR_SYNTAX;
	uri->host = between(marks->host, host_end);
	if (host_end == end)
		return 0;
	return *host_end == ':' ? parse_port(between(host_end + 1, end), &uri->port) : ERR_SYNTAX;
}

static int parse_sip(struct slice rest, struct sip_uri *uri)
{
	struct marks marks;

	if (!find_marks(rest, &marks) || marks.is_params_bad || cut_parts(rest, &marks, uri))
		return ERR_SYNTAX;
	if (marks.params > URI_FIELDS_MAX || marks.headers >= URI_FIELDS_MAX)
		return ERR_LIMIT;
	return 0;
}

static bool is_phone_digit(char c, bool is_global)
{
	return char_is_digit(c) || (!is_global && (hex_value(c) >= 0 || c == '*' || c == '#'));
}

/* Behind "tel:" (RFC 3966 3); a local number without phone-context is let through. */
static int parse_tel(struct slice rest, struct sip_uri *uri)
{
	struct slice digits;
	bool is_global, has_digit = false;

	slice_cut(rest, ';', &uri->user, &uri->params);
	if (slice_find_char(uri->params, '?') < uri->params.n)
		return ERR_SYNTAX;
	is_global = uri->user.n > 0 && uri->user.p[0] == '+';
	digits = slice_from(uri->user, is_global ? 1 : 0);
	for (size_t i = 0; i < digits.n; i++) {
		if (is_phone_digit(digits.p[i], is_global))
			has_digit = true;
		else if (!char_is(digits.p[i], CHAR_SEPARATOR))
			return ERR_SYNTAX;
	}
	return has_digit ? check_fields(uri->params, ';') : ERR_SYNTAX;
}

/* A number or the text of an unknown scheme; all else stays empty. */
static int parse_plain(struct slice rest, struct sip_uri *uri)
{
	*uri = (struct sip_uri){ .text = uri->text, .scheme = uri->scheme };
	if (!is_text_clean(rest))
		return ERR_SYNTAX;
	if (uri->scheme == URI_TEL)
		return parse_tel(rest, uri);
	uri->user = rest;
	return rest.n > 0 ? 0 : ERR_SYNTAX;
}

int sip_uri_parse(struct slice text, struct sip_uri *ret_uri)
{
	struct sip_uri uri;
	struct slice rest;
	int err;

	if (text.n > SIP_URI_MAX_BYTES)
		return ERR_LIMIT;
	/* Zeroing it all would cost as much as reading it: the parsers set each part. */
	uri.text = text;
	if (parse_scheme(text, &uri.scheme, &rest))
		return ERR_SYNTAX;
	if (uri.scheme == URI_SIP || uri.scheme == URI_SIPS)
		err = parse_sip(rest, &uri);
	else
		err = parse_plain(rest, &uri);
	if (!err)
		*ret_uri = uri;
	return err;
}

/* A part that was set by hand may hold what no parsed one does: such bytes are left out. */
static void print_part(struct buf *buf, struct slice part)
{
	size_t start = 0;

	for (size_t i = 0; i < part.n; i++) {
		if (!char_is(part.p[i], CHAR_BAD))
			continue;
		buf_slice(buf, slice_of(part.p + start, i - start));
		start = i + 1;
	}
	buf_slice(buf, slice_from(part, start));
}

static void print_part_after(struct buf *buf, char c, struct slice part)
{
	if (part.n == 0)
		return;
	buf_char(buf, c);
	print_part(buf, part);
}

static void print_sip(struct buf *buf, const struct sip_uri *uri)
{
	if (uri->user.n > 0) {
		print_part(buf, uri->user);
		print_part_after(buf, ':', uri->password);
		buf_char(buf, '@');
	}
	print_part(buf, uri->host);
	if (uri->port != 0) {
		buf_char(buf, ':');
		buf_u64(buf, uri->port);
	}
	print_part_after(buf, ';', uri->params);
	print_part_after(buf, '?', uri->headers);
}

void sip_uri_print(struct buf *buf, const struct sip_uri *uri)
{
	switch (uri->scheme) {
	case URI_SIP:
		buf_lit(buf, "sip:");
		print_sip(buf, uri);
		break;
	case URI_SIPS:
		buf_lit(buf, "sips:");
		print_sip(buf, uri);
		break;
	case URI_TEL:
		buf_lit(buf, "tel:");
		print_part(buf, uri->user);
		print_part_after(buf, ';', uri->params);
		break;
	case URI_OTHER:
		print_part(buf, uri->text);
		break;
	}
}

/*
 * The next character of escaped text as a number for comparing: an escape counts as the character
 * it stands for, except a reserved one, which never equals its bare self (RFC 3261 19.1.4).
 */
static int next_unescaped(struct slice *s, bool is_case_kept)
{
	int value = escape_value(*s, 0);
	char c = value < 0 ? s->p[0] : (char)value;
	bool is_reserved = value >= 0 && char_is(c, CHAR_RESERVED);

	*s = slice_from(*s, value < 0 ? 1 : 3);
	if (!is_case_kept)
		c = char_to_lower(c);
	return (unsigned char)c + (is_reserved ? 256 : 0);
}

static bool escaped_eq(struct slice a, struct slice b, bool is_case_kept)
{
	while (a.n > 0 && b.n > 0)
		if (next_unescaped(&a, is_case_kept) != next_unescaped(&b, is_case_kept))
			return false;
	return a.n == 0 && b.n == 0;
}

/* The next non-empty "name=value" of a list; false at its end. */
static bool next_field(struct slice *rest, char separator, struct slice *ret_name,
		       struct slice *ret_value)
{
	struct slice field = SLICE_NONE;

	while (rest->n > 0 && field.n == 0)
		slice_cut(*rest, separator, &field, rest);
	slice_cut(field, '=', ret_name, ret_value);
	return field.n > 0;
}

static bool find_field(struct slice list, char separator, struct slice name,
		       struct slice *ret_value)
{
	struct slice found, value;

	while (next_field(&list, separator, &found, &value)) {
		if (!escaped_eq(found, name, false))
			continue;
		*ret_value = value;
		return true;
	}
	return false;
}

bool sip_uri_param(const struct sip_uri *uri, struct slice name, struct slice *ret_value)
{
	return find_field(uri->params, ';', name, ret_value);
}

bool sip_uri_header(const struct sip_uri *uri, struct slice name, struct slice *ret_value)
{
	return find_field(uri->headers, '&', name, ret_value);
}

/* Parameters that count even when only one of two sip URIs has them (RFC 3261 19.1.4). */
static bool is_telling_param(struct slice name)
{
	static const struct slice names[] = {
		SLICE_INIT("user"),  SLICE_INIT("ttl"),	      SLICE_INIT("method"),
		SLICE_INIT("maddr"), SLICE_INIT("transport"),
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (escaped_eq(name, names[i], false))
			return true;
	return false;
}

/* One way only: `b` has what of `a` must be there, and what is in both is equal. */
static bool params_fit(struct slice a, struct slice b)
{
	struct slice name, value, other;

	while (next_field(&a, ';', &name, &value)) {
		if (find_field(b, ';', name, &other) ? !escaped_eq(value, other, false)
						     : is_telling_param(name))
			return false;
	}
	return true;
}

/* One way only. A header may stand more than once (RFC 3261 19.1.1), so the pair is looked for. */
static bool headers_fit(struct slice a, struct slice b)
{
	struct slice name, value, other_name, other_value;

	while (next_field(&a, '&', &name, &value)) {
		struct slice rest = b;
		bool is_found = false;

		while (!is_found && next_field(&rest, '&', &other_name, &other_value))
			is_found = escaped_eq(name, other_name, false) &&
				   escaped_eq(value, other_value, true);
		if (!is_found)
			return false;
	}
	return true;
}

/* IPv6 references compare as addresses (RFC 5954 4.2). */
static bool host_eq(struct slice a, struct slice b)
{
	struct addr addr_a, addr_b;

	if (slice_eq_nocase(a, b))
		return true;
	return a.n > 0 && b.n > 0 && a.p[0] == '[' && b.p[0] == '[' && !addr_parse_ip(a, &addr_a) &&
	       !addr_parse_ip(b, &addr_b) && addr_eq_ip(&addr_a, &addr_b);
}

static bool sip_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	return a->port == b->port && escaped_eq(a->user, b->user, true) &&
	       escaped_eq(a->password, b->password, true) && host_eq(a->host, b->host) &&
	       params_fit(a->params, b->params) && params_fit(b->params, a->params) &&
	       headers_fit(a->headers, b->headers) && headers_fit(b->headers, a->headers);
}

static struct slice skip_separators(struct slice s)
{
	while (s.n > 0 && char_is(s.p[0], CHAR_SEPARATOR))
		s = slice_from(s, 1);
	return s;
}

static bool number_eq(struct slice a, struct slice b)
{
	for (;;) {
		a = skip_separators(a);
		b = skip_separators(b);
		if (a.n == 0 || b.n == 0)
			return a.n == b.n;
		if (next_unescaped(&a, false) != next_unescaped(&b, false))
			return false;
	}
}

static bool is_number_param(struct slice name, struct slice value)
{
	return escaped_eq(name, SLICE("ext"), false) ||
	       (escaped_eq(name, SLICE("phone-context"), false) && value.n > 0 &&
		value.p[0] == '+');
}

/* One way only: every parameter must stand in both (RFC 3966 4). */
static bool tel_params_fit(struct slice a, struct slice b)
{
	struct slice name, value, other;

	while (next_field(&a, ';', &name, &value)) {
		if (!find_field(b, ';', name, &other))
			return false;
		if (is_number_param(name, value) ? !number_eq(value, other)
						 : !escaped_eq(value, other, false))
			return false;
	}
	return true;
}

bool sip_uri_eq(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	if (a->scheme == URI_OTHER)
		return slice_eq(a->text, b->text);
	if (a->scheme == URI_TEL)
		return number_eq(a->user, b->user) && tel_params_fit(a->params, b->params) &&
		       tel_params_fit(b->params, a->params);
	return sip_eq(a, b);
}

int uri_unescape(struct buf *buf, struct slice escaped)
{
	for (size_t i = 0; i < escaped.n; i++)
		if (escaped.p[i] == '\0' || (escaped.p[i] == '%' && escape_value(escaped, i) <= 0))
			return ERR_SYNTAX;
	for (size_t i = 0; i < escaped.n; i++) {
		int value = escape_value(escaped, i);

		buf_char(buf, value < 0 ? escaped.p[i] : (char)value);
		i += value < 0 ? 0 : 2;
	}
	return 0;
}

static void escape(struct buf *buf, struct slice plain, unsigned classes)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < plain.n; i++) {
		unsigned char c = (unsigned char)plain.p[i];

		if (char_is(plain.p[i], classes)) {
			buf_char(buf, plain.p[i]);
			continue;
		}
		buf_char(buf, '%');
		buf_char(buf, hex[c >> 4]);
		buf_char(buf, hex[c & 15]);
	}
}

void uri_escape_user(struct buf *buf, struct slice plain)
{
	escape(buf, plain, CHAR_UNRESERVED | CHAR_USER);
}

void uri_escape_header(struct buf *buf, struct slice plain)
{
	escape(buf, plain, CHAR_UNRESERVED | CHAR_HEADER);
}
