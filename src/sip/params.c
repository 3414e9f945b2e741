/* SPDX-License-Identifier: MIT */
/*
 * Quoted strings, parameters and list entries of header values (RFC 3261 7.3.1, 25.1).
 */
#include "sip/lex.h"

#include "base/err.h"
#include "sip/msg.h"
#include "sip/scan.h"

enum {
	_ = 0,
	S = LEX_DISPLAY,			/* white space */
	W = LEX_WORD,				/* in a Call-ID only */
	V = LEX_VALUE | LEX_DISPLAY,		/* "#$&=^|" and UTF-8 */
	D = LEX_WORD | LEX_DISPLAY,		/* '\\' */
	B = LEX_WORD | LEX_VALUE,		/* "<>" */
	P = LEX_WORD | LEX_VALUE | LEX_DISPLAY, /* "()/:?@[]{}" */
	T = P | LEX_TOKEN,			/* "!%'*+`~" */
	H = T | LEX_HOST,			/* letters, digits and "-._" */
};

/* clang-format off */
const uint8_t lex_classes[256] = {
	_, _, _, _, _, _, _, _, _, S, S, _, _, S, _, _,
	_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _,
	S, T, W, V, V, T, V, T, P, P, T, T, _, H, H, P, /*  !"#$%&'()*+,-./ */
	H, H, H, H, H, H, H, H, H, H, P, _, B, V, B, P, /* 0123456789:;<=>? */
	P, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, /* @ABCDEFGHIJKLMNO */
	H, H, H, H, H, H, H, H, H, H, H, P, D, P, V, H, /* PQRSTUVWXYZ[\]^_ */
	T, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, /* `abcdefghijklmno */
	H, H, H, H, H, H, H, H, H, H, H, P, V, P, T, _, /* pqrstuvwxyz{|}~  */
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	V, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
};
/* clang-format on */

int lex_cut_quoted(struct slice *rest, struct slice *ret_inside)
{
	const char *p = rest->p;
	size_t i = 1;

	if (rest->n == 0 || p[0] != '"')
		return ERR_SYNTAX;
	for (; i < rest->n && p[i] != '"'; i++) {
		if (p[i] == '\\') {
			i++;
			if (i == rest->n || p[i] == '\0' || p[i] == '\r' || p[i] == '\n')
				return ERR_SYNTAX;
		} else if (lex_is_control(p[i]) && !lex_is_lws(p[i])) {
			return ERR_SYNTAX;
		}
	}
	if (i >= rest->n)
		return ERR_SYNTAX;
	*ret_inside = slice_of(p + 1, i - 1);
	lex_drop(rest, i + 1);
	return 0;
}

/* What may follow a parameter. */
static int check_param_end(struct slice rest)
{
	return rest.n == 0 || rest.p[0] == ';' ? 1 : ERR_SYNTAX;
}

static int read_quoted_value(struct slice *rest, struct lex_param *ret_param)
{
	ret_param->is_quoted = true;
	if (lex_cut_quoted(rest, &ret_param->value))
		return ERR_SYNTAX;
	lex_skip_lws(rest);
	return check_param_end(*rest);
}

/* Reads in a variable of its own: what a caller points to would be written back for each byte. */
int lex_param_next(struct slice *rest, struct lex_param *ret_param)
{
	struct slice s = *rest;

	do
		lex_skip_lws(&s);
	while (lex_eat(&s, ';'));
	*rest = s;
	if (s.n == 0)
		return 0;
	ret_param->name = lex_cut(&s, LEX_TOKEN);
	ret_param->value = SLICE_NONE;
	ret_param->is_quoted = false;
	if (ret_param->name.n == 0)
		return ERR_SYNTAX;
	if (lex_eat_spaced(&s, '=')) {
		if (s.n > 0 && s.p[0] == '"') {
			*rest = s;
			return read_quoted_value(rest, ret_param);
		}
		ret_param->value = lex_cut(&s, LEX_VALUE);
		lex_skip_lws(&s);
	}
	*rest = s;
	return check_param_end(s);
}

/* The offset of the first comma that separates, or s.n. What is left open hides all that follows.
 */
static size_t find_comma(struct slice s)
{
	size_t comma = (size_t)(scan_char(s.p, s.p + s.n, ',') - s.p);
	size_t i = 0;
	char end = 0; /* what closes the quotes or brackets around us */

	/* Most headers have no comma at all, and most others nothing that could hide it. */
	if (comma == s.n)
		return comma;
	while (i < comma && s.p[i] != '"' && s.p[i] != '<')
		i++;
	if (i == comma)
		return comma;
	for (; i < s.n; i++) {
		char c = s.p[i];

		if (end == '"' && c == '\\')
			i++;
		else if (end != 0)
			end = c == end ? 0 : end;
		else if (c == '"')
			end = '"';
		else if (c == '<')
			end = '>';
		else if (c == ',')
			return i;
	}
	return s.n;
}

bool lex_entry_next(struct slice *rest, struct slice *ret_entry)
{
	while (rest->n > 0) {
		size_t n = find_comma(*rest);
		struct slice entry = lex_trim(slice_of(rest->p, n));

		lex_drop(rest, n < rest->n ? n + 1 : n);
		if (entry.n > 0) {
			*ret_entry = entry;
			return true;
		}
	}
	return false;
}

bool sip_param(struct slice params, struct slice name, struct slice *ret_value)
{
	struct lex_param param;

	while (lex_param_next(&params, &param) == 1) {
		if (lex_is_word(param.name, name)) {
			*ret_value = param.value;
			return true;
		}
	}
	return false;
}

void sip_token_params(struct slice value, struct slice *ret_token, struct slice *ret_params)
{
	struct slice token;

	slice_cut(value, ';', &token, ret_params);
	*ret_token = lex_trim(token);
}
