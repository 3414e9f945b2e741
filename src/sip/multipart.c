/* SPDX-License-Identifier: MIT */
/*
 * Multipart bodies (RFC 2046 5.1.1). A line that begins with "--" and the boundary is a delimiter;
 * its line end belongs to it, and so does the one before it. Lines may end in LF alone, as some
 * lists are written by hand.
 */
#include "sip/multipart.h"

#include "base/check.h"
#include "base/err.h"
#include "sip/lex.h"

#define BOUNDARY_MAX_BYTES 70 /* RFC 2046 5.1.1 */
#define TYPE_PREFIX SLICE("multipart/")

enum line_kind { LINE_PLAIN, LINE_DELIMITER, LINE_LAST_DELIMITER };

static bool is_boundary_char(char c)
{
	if (char_is_digit(c) || (char_to_lower(c) >= 'a' && char_to_lower(c) <= 'z'))
		return true;
	return c != '\0' && strchr("'()+_,-./:=? ", c) != NULL;
}

static bool is_boundary(struct slice s)
{
	if (s.n == 0 || s.n > BOUNDARY_MAX_BYTES || s.p[s.n - 1] == ' ')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_boundary_char(s.p[i]))
			return false;
	return true;
}

/*
 * What stands between the angle brackets of a Content-ID (RFC 2045 7). RFC 5322 3.6.4 would allow
 * a quoted part, which no id in use has, and which the start parameter could not repeat.
 */
static bool is_id_char(char c)
{
	return c != '<' && c != '>' && c != ' ' && c != '"' && c != '\\' && !lex_is_control(c);
}

/* Empty when it can be nobody's id. */
static struct slice id_read(struct slice text)
{
	text = lex_trim(text);
	if (text.n >= 2 && text.p[0] == '<' && text.p[text.n - 1] == '>')
		text = slice_of(text.p + 1, text.n - 2);
	for (size_t i = 0; i < text.n; i++)
		if (!is_id_char(text.p[i]))
			return SLICE_NONE;
	return text;
}

bool multipart_is(struct slice content_type)
{
	content_type = lex_trim(content_type);
	return slice_eq_nocase(slice_head(content_type, TYPE_PREFIX.n), TYPE_PREFIX);
}

/* --- Reading ------------------------------------------------------------------------------ */

static int read_type(struct slice content_type, struct slice *ret_boundary, struct slice *ret_start)
{
	struct slice type, params, rest;
	struct lex_param param;
	int got;

	*ret_boundary = *ret_start = SLICE_NONE;
	if (!multipart_is(content_type))
		return ERR_UNSUPPORTED;
	slice_cut(content_type, ';', &type, &params);
	rest = params;
	while ((got = lex_param_next(&rest, &param)) == 1) {
		/* Of two boundaries each reader may take another one. */
		if (lex_is_word(param.name, SLICE("boundary"))) {
			if (ret_boundary->n > 0)
				return ERR_SYNTAX;
			*ret_boundary = param.value;
		} else if (lex_is_word(param.name, SLICE("start"))) {
			*ret_start = id_read(param.value);
		}
	}
	return got == 0 && is_boundary(*ret_boundary) ? 0 : ERR_SYNTAX;
}

/* Cuts the next line; *ret_line is without its line end. False when no line end is left. */
static bool next_line(struct slice *rest, struct slice *ret_line)
{
	size_t n = slice_find_char(*rest, '\n');

	if (n == rest->n)
		return false;
	*ret_line = slice_head(*rest, n > 0 && rest->p[n - 1] == '\r' ? n - 1 : n);
	lex_drop(rest, n + 1);
	return true;
}

static enum line_kind line_kind(struct slice line, struct slice boundary)
{
	struct slice behind;
	bool is_last;

	if (!slice_starts_with(line, SLICE("--")) ||
	    !slice_starts_with(slice_from(line, 2), boundary))
		return LINE_PLAIN;
	behind = slice_from(line, 2 + boundary.n);
	is_last = slice_starts_with(behind, SLICE("--"));
	if (is_last)
		behind = slice_from(behind, 2);
	/* Transport padding may follow; anything else, and it is another boundary's line. */
	if (lex_trim(behind).n > 0)
		return LINE_PLAIN;
	return is_last ? LINE_LAST_DELIMITER : LINE_DELIMITER;
}

/* The last line may end with the body. */
static bool next_line_or_rest(struct slice *rest, struct slice *ret_line)
{
	if (rest->n == 0)
		return false;
	if (!next_line(rest, ret_line)) {
		*ret_line = *rest;
		*rest = SLICE_NONE;
	}
	return true;
}

/* What stands up to the next delimiter, without the line end before it; the delimiter is cut. */
static int cut_to_delimiter(struct slice *rest, struct slice boundary, struct slice *ret_before,
			    bool *ret_is_last)
{
	const char *start = rest->p;
	const char *end = start; /* of the text so far, without its last line end */
	struct slice line;

	while (next_line_or_rest(rest, &line)) {
		enum line_kind kind = line_kind(line, boundary);

		if (kind != LINE_PLAIN) {
			*ret_before = slice_of(start, (size_t)(end - start));
			*ret_is_last = kind == LINE_LAST_DELIMITER;
			return 0;
		}
		end = line.p + line.n;
	}
	return ERR_SYNTAX;
}

/* A header with its folds; false at the empty line that ends them, or at the end of the part. */
static bool next_header(struct slice *rest, struct slice *ret_header)
{
	struct slice line;

	if (!next_line_or_rest(rest, ret_header) || ret_header->n == 0)
		return false;
	while (rest->n > 0 && (rest->p[0] == ' ' || rest->p[0] == '\t')) {
		(void)next_line_or_rest(rest, &line);
		ret_header->n = (size_t)(line.p + line.n - ret_header->p);
	}
	return true;
}

static int set_once(struct slice *field, struct slice value)
{
	if (field->n > 0)
		return ERR_SYNTAX;
	*field = value;
	return 0;
}

/* Tabs, and the CR and LF of a fold. */
static bool is_good_control(struct slice value, size_t at)
{
	if (value.p[at] == '\r')
		return at + 1 < value.n && value.p[at + 1] == '\n';
	return value.p[at] == '\t' || value.p[at] == '\n';
}

/* White space is trimmed, a fold kept. */
static int header_read(struct slice header, struct multipart_part *part)
{
	struct slice name, value;

	if (!slice_cut(header, ':', &name, &value))
		return ERR_SYNTAX;
	name = lex_trim(name);
	value = lex_trim(value);
	for (size_t i = 0; i < value.n; i++)
		if (lex_is_control(value.p[i]) && !is_good_control(value, i))
			return ERR_SYNTAX;
	if (slice_eq_nocase(name, SLICE("Content-Type")))
		return set_once(&part->type, value);
	if (slice_eq_nocase(name, SLICE("Content-ID")))
		return set_once(&part->id, id_read(value));
	if (slice_eq_nocase(name, SLICE("Content-Transfer-Encoding")))
		return set_once(&part->encoding, value);
	return 0;
}

static int part_read(struct slice text, struct multipart_part *ret_part)
{
	struct multipart_part part = { 0 };
	struct slice header;

	while (next_header(&text, &header))
		if (header_read(header, &part))
			return ERR_SYNTAX;
	part.body = text;
	*ret_part = part;
	return 0;
}

static size_t find_root(const struct multipart *multipart, struct slice start)
{
	const struct multipart_part *root = multipart_find(multipart, start);

	return root ? (size_t)(root - multipart->parts) : 0;
}

int multipart_read(struct slice content_type, struct slice body, struct multipart *ret_multipart)
{
	struct slice boundary, start, text;
	bool is_last;
	int err = read_type(content_type, &boundary, &start);

	ret_multipart->part_count = 0;
	if (!err)
		err = cut_to_delimiter(&body, boundary, &text, &is_last); /* the preamble */
	while (!err && !is_last) {
		if (ret_multipart->part_count == MULTIPART_PARTS_MAX)
			return ERR_LIMIT;
		err = cut_to_delimiter(&body, boundary, &text, &is_last);
		if (!err)
			err = part_read(text, &ret_multipart->parts[ret_multipart->part_count++]);
	}
	if (err)
		return err;
	ret_multipart->root = find_root(ret_multipart, start);
	return ret_multipart->part_count > 0 ? 0 : ERR_SYNTAX;
}

const struct multipart_part *multipart_find(const struct multipart *multipart, struct slice id)
{
	for (size_t i = 0; id.n > 0 && i < multipart->part_count; i++)
		if (slice_eq(multipart->parts[i].id, id))
			return &multipart->parts[i];
	return NULL;
}

bool multipart_part_is_plain(const struct multipart_part *part)
{
	return part->encoding.n == 0 || lex_is_word(part->encoding, SLICE("binary")) ||
	       lex_is_word(part->encoding, SLICE("8bit")) ||
	       lex_is_word(part->encoding, SLICE("7bit"));
}

struct slice multipart_part_type(const struct multipart_part *part)
{
	struct slice type, params;

	slice_cut(part->type, ';', &type, &params);
	return lex_trim(type);
}

/* --- Writing ------------------------------------------------------------------------------ */

/* A resource's name may stand in it: what would end the id is left out. */
static void id_print(struct buf *buf, struct slice id)
{
	buf_char(buf, '<');
	for (size_t i = 0; i < id.n; i++)
		if (is_id_char(id.p[i]))
			buf_char(buf, id.p[i]);
	buf_char(buf, '>');
}

void multipart_print_type(struct buf *buf, struct slice boundary, struct slice root_type,
			  struct slice root_id)
{
	CHECK(is_boundary(boundary));
	buf_lit(buf, "multipart/related;type=\"");
	buf_slice(buf, root_type);
	buf_lit(buf, "\";start=\"");
	id_print(buf, root_id);
	buf_lit(buf, "\";boundary=\"");
	buf_slice(buf, boundary);
	buf_char(buf, '"');
}

void multipart_print_part(struct buf *buf, struct slice boundary, const struct multipart_part *part,
			  bool is_first)
{
	buf_slice(buf, is_first ? SLICE("--") : SLICE("\r\n--"));
	buf_slice(buf, boundary);
	if (part->encoding.n > 0) {
		buf_lit(buf, "\r\nContent-Transfer-Encoding: ");
		buf_slice(buf, part->encoding);
	}
	if (part->id.n > 0) {
		buf_lit(buf, "\r\nContent-ID: ");
		id_print(buf, part->id);
	}
	if (part->type.n > 0) {
		buf_lit(buf, "\r\nContent-Type: ");
		buf_slice(buf, part->type);
	}
	buf_lit(buf, "\r\n\r\n");
}

void multipart_print_end(struct buf *buf, struct slice boundary)
{
	buf_lit(buf, "\r\n--");
	buf_slice(buf, boundary);
	buf_lit(buf, "--\r\n");
}
