/* SPDX-License-Identifier: MIT */
/*
 * Cutting a description into lines and attributes (RFC 8866 5, 5.13). CRLF is the rule and a bare
 * LF is taken too, as section 5 asks of parsers.
 */
#include "sip/sdp_line.h"

#include "base/err.h"

int sdp_line_next(struct slice *rest, struct sdp_line *ret_line)
{
	struct slice line, tail;
	size_t end = slice_find_char(*rest, '\n');

	if (rest->n == 0)
		return 0;
	line = slice_head(*rest, end);
	tail = slice_from(*rest, end + 1);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n == 0 && slice_trim(tail).n == 0)
		return 0;
	if (line.n < 2 || line.p[0] < 'a' || line.p[0] > 'z' || line.p[1] != '=')
		return ERR_SYNTAX;
	if (slice_find_char(line, '\0') < line.n || slice_find_char(line, '\r') < line.n)
		return ERR_SYNTAX;
	*rest = tail;
	*ret_line = (struct sdp_line){ line.p[0], slice_from(line, 2) };
	return 1;
}

bool sdp_word_next(struct slice *rest, struct slice *ret_word)
{
	while (rest->n > 0 && rest->p[0] == ' ')
		*rest = slice_from(*rest, 1);
	if (rest->n == 0)
		return false;
	slice_cut(*rest, ' ', ret_word, rest);
	return true;
}

bool sdp_line_attribute(const struct sdp_line *line, struct slice *ret_name,
			struct slice *ret_value)
{
	if (line->type != 'a')
		return false;
	slice_cut(line->value, ':', ret_name, ret_value);
	*ret_name = slice_trim(*ret_name);
	*ret_value = slice_trim(*ret_value);
	return true;
}

bool sdp_attribute_find(struct slice text, struct slice name, struct slice *ret_value)
{
	struct sdp_line line;
	struct slice line_name, value;

	while (sdp_line_next(&text, &line) > 0) {
		if (sdp_line_attribute(&line, &line_name, &value) && slice_eq(line_name, name)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}
