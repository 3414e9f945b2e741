/* SPDX-License-Identifier: MIT */
/*
 * Mistakes are kept in the order of the file, whatever the order in which they are found.
 */
#include "conf/conf_report.h"

#include <stdarg.h>
#include <stdio.h>

#define PATH_MAX_BYTES 256
#define PATH_STEP_MAX_BYTES (CONF_QUOTE_MAX_BYTES + 4) /* ".key", with room for "..." behind */
#define FILE_NAME_MAX_BYTES 255

/*
 * Bytes of the UTF-8 character at the start of `s`, 1 for a stray byte. The parser has let only
 * valid UTF-8 through; a file name may hold anything.
 */
static size_t char_length(struct slice s)
{
	unsigned char lead = (unsigned char)s.p[0];
	size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;

	for (size_t i = 1; i < n; i++)
		if (i >= s.n || ((unsigned char)s.p[i] & 0xc0) != 0x80)
			return 1;
	return n;
}

/* C0 and C1 controls, DEL, and bytes that are no character. */
static bool is_printable_char(struct slice c)
{
	unsigned char lead = (unsigned char)c.p[0];

	if (c.n == 1)
		return lead >= 0x20 && lead < 0x7f;
	return !(lead == 0xc2 && (unsigned char)c.p[1] < 0xa0);
}

bool conf_is_printable(struct slice text)
{
	while (text.n > 0) {
		size_t n = char_length(text);

		if (!is_printable_char(slice_head(text, n)))
			return false;
		text = slice_from(text, n);
	}
	return true;
}

/* Clips with "..." in front of the buffer's last byte; that one is for the NUL. */
static void print_escaped(struct buf *buf, struct slice s)
{
	while (s.n > 0) {
		size_t n = char_length(s);

		if (buf->n + 4 * n + 4 > buf->cap) {
			buf_lit(buf, "...");
			return;
		}
		if (is_printable_char(slice_head(s, n))) {
			buf_slice(buf, slice_head(s, n));
		} else {
			for (size_t i = 0; i < n; i++) {
				buf_lit(buf, "\\x");
				buf_hex(buf, s.p + i, 1);
			}
		}
		s = slice_from(s, n);
	}
}

struct conf_quote conf_quote(struct slice text)
{
	struct conf_quote quote = { 0 };
	struct buf buf = BUF_ON(quote.text);

	print_escaped(&buf, text);
	return quote;
}

/* "extensions.201.groups[2]"; NULL and the root have the empty path. */
static void print_path(struct buf *buf, const struct conf_node *node)
{
	const struct conf_node *way[CONF_DEPTH_MAX + 1];
	size_t n = 0;

	for (; node && node->parent && n < ARRAY_LEN(way); node = node->parent)
		way[n++] = node;
	while (n-- > 0) {
		if (buf->n + PATH_STEP_MAX_BYTES > buf->cap) {
			buf_lit(buf, "...");
			return;
		}
		if (way[n]->key && buf->n > 0)
			buf_char(buf, '.');
		if (way[n]->key) {
			buf_cstr(buf, conf_quote(way[n]->key->text).text);
		} else {
			buf_char(buf, '[');
			buf_u64(buf, way[n]->index);
			buf_char(buf, ']');
		}
	}
}

/* Room for a mistake at `pos`, behind those of the same place; NULL when the report is full. */
static struct conf_mistake *mistake_new(struct conf_report *report, struct conf_pos pos)
{
	size_t at = report->count;

	if (report->count == CONF_MISTAKES_MAX) {
		report->left_out++;
		return NULL;
	}
	for (; at > 0; at--) {
		const struct conf_mistake *before = &report->mistakes[at - 1];

		if (before->line < pos.line ||
		    (before->line == pos.line && before->column <= pos.column))
			break;
		report->mistakes[at] = *before;
	}
	report->count++;
	report->mistakes[at] = (struct conf_mistake){ .line = pos.line, .column = pos.column };
	return &report->mistakes[at];
}

__attribute__((format(printf, 4, 0))) static void tell(const struct conf_teller *teller,
						       struct conf_pos pos, struct slice key,
						       const char *format, va_list args)
{
	struct conf_mistake *mistake = mistake_new(teller->report, pos);
	char name[FILE_NAME_MAX_BYTES + 1];
	struct buf name_buf = BUF_ON(name);
	struct buf buf;

	if (!mistake)
		return;
	print_escaped(&name_buf, teller->file_name);
	buf = BUF_ON(mistake->text);
	buf_slice(&buf, buf_text(&name_buf));
	if (pos.line > 0) {
		buf_char(&buf, ':');
		buf_u64(&buf, pos.line);
		buf_char(&buf, ':');
		buf_u64(&buf, pos.column);
	}
	buf_lit(&buf, ": ");
	if (key.n > 0) {
		buf_slice(&buf, key);
		buf_lit(&buf, ": ");
	}
	CHECK(!buf.is_overflown && buf.n < buf.cap);
	vsnprintf(buf.p + buf.n, buf.cap - buf.n, format, args);
}

void conf_tell(const struct conf_teller *teller, struct conf_pos pos, struct slice key,
	       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(teller, pos, key, format, args);
	va_end(args);
}

__attribute__((format(printf, 4, 0))) static void tell_node(const struct conf_teller *teller,
							    const struct conf_node *node,
							    struct conf_pos pos, const char *format,
							    va_list args)
{
	char path[PATH_MAX_BYTES];
	struct buf buf = BUF_ON(path);

	print_path(&buf, node);
	tell(teller, pos, buf_text(&buf), format, args);
}

void conf_tell_value(const struct conf_teller *teller, const struct conf_node *node,
		     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell_node(teller, node, node->pos, format, args);
	va_end(args);
}

void conf_tell_key(const struct conf_teller *teller, const struct conf_node *node,
		   const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell_node(teller, node, node->key ? node->key->pos : node->pos, format, args);
	va_end(args);
}

void conf_tell_missing(const struct conf_teller *teller, const struct conf_node *map,
		       struct slice key, const char *format, ...)
{
	struct conf_pos pos = { 1, 1 };
	char path[PATH_MAX_BYTES];
	struct buf buf = BUF_ON(path);
	va_list args;

	print_path(&buf, map);
	if (buf.n > 0)
		buf_char(&buf, '.');
	buf_slice(&buf, key);
	if (map)
		pos = map->key ? map->key->pos : map->pos;
	va_start(args, format);
	tell(teller, pos, buf_text(&buf), format, args);
	va_end(args);
}
