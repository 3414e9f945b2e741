/* SPDX-License-Identifier: MIT */
/*
 * What the readers of header values share: character classes, linear white space (RFC 3261 25.1,
 * folds included), parameters and list entries. A reader holds a slice of what is left and cuts
 * from its front.
 */
#ifndef LAMPYRID_SIP_LEX_H
#define LAMPYRID_SIP_LEX_H

#include "base/slice.h"

enum lex_class {
	LEX_TOKEN = 1,	 /* RFC 3261 25.1 token */
	LEX_WORD = 2,	 /* word, and the '@' of a Call-ID */
	LEX_VALUE = 4,	 /* an unquoted parameter value: wider than a token, safe to cut at ';' */
	LEX_DISPLAY = 8, /* an unquoted display name: wider than tokens, spaces and folds too */
	LEX_HOST = 16,	 /* a host name (with the field's '_') or an IPv4 address */
};

extern const uint8_t lex_classes[256];

static inline bool lex_is(char c, enum lex_class class)
{
	return (lex_classes[(unsigned char)c] & class) != 0;
}

static inline bool lex_is_lws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline bool lex_is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* slice_eq_nocase() for a literal, which is mostly written so or is another word. */
static inline bool lex_is_word(struct slice s, struct slice word)
{
	return s.n == word.n && (slice_eq(s, word) || slice_eq_nocase(s, word));
}

static inline void lex_drop(struct slice *rest, size_t n)
{
	if (n == 0)
		return; /* an empty slice may have no address to add to */
	rest->p += n;
	rest->n -= n;
}

static inline void lex_skip_lws(struct slice *rest)
{
	while (rest->n > 0 && lex_is_lws(rest->p[0]))
		lex_drop(rest, 1);
}

static inline struct slice lex_trim(struct slice s)
{
	lex_skip_lws(&s);
	while (s.n > 0 && lex_is_lws(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Cuts the longest run of one class; it may be empty. */
static inline struct slice lex_cut(struct slice *rest, enum lex_class class)
{
	size_t n = 0;
	struct slice run;

	while (n < rest->n && lex_is(rest->p[n], class))
		n++;
	run = slice_of(rest->p, n);
	lex_drop(rest, n);
	return run;
}

/* Cuts `c` when it comes next. */
static inline bool lex_eat(struct slice *rest, char c)
{
	if (rest->n == 0 || rest->p[0] != c)
		return false;
	lex_drop(rest, 1);
	return true;
}

/* Cuts `c` with the linear white space around it (RFC 3261 25.1: SLASH, COLON, EQUAL). */
static inline bool lex_eat_spaced(struct slice *rest, char c)
{
	lex_skip_lws(rest);
	if (!lex_eat(rest, c))
		return false;
	lex_skip_lws(rest);
	return true;
}

/*
 * Cuts a quoted-string; *ret_inside is without the quotes, its escapes untouched. ERR_SYNTAX when
 * there is none, on a missing end, a control byte outside a fold, or an escaped NUL, CR or LF.
 */
int lex_cut_quoted(struct slice *rest, struct slice *ret_inside);

struct lex_param {
	struct slice name;
	struct slice value; /* without quotes */
	bool is_quoted;
};

/*
 * Cuts the next of "a=b;c;d="x"". 1 with *ret_param, 0 at the end, ERR_SYNTAX (*ret_param is then
 * undefined). Empty ones (";;") are passed over.
 */
int lex_param_next(struct slice *rest, struct lex_param *ret_param);

/*
 * Cuts the next entry of a list at a comma outside quotes and angle brackets, trimmed. Empty
 * entries are passed over (RFC 3261 7.3.1 and the field); false at the end.
 */
bool lex_entry_next(struct slice *rest, struct slice *ret_entry);

/* A From's or To's tag, or why there is none to use. */
struct lex_tag {
	struct slice value; /* empty: none */
	int err;	    /* ERR_SYNTAX, ERR_LIMIT: `value` is not to be used; 0 */
};

/* sip_addr_parse(), which meets the tag on its way. */
struct sip_addr;
int lex_addr_parse(struct slice text, struct sip_addr *ret_addr, struct lex_tag *ret_tag);

#endif
