/* SPDX-License-Identifier: MIT */
/*
 * What was printed last says whether a comma is due: a value ends in no opening mark.
 */
#include "base/json.h"

#include "base/utf8.h"

static void string_print(struct buf *buf, struct slice text)
{
	size_t n;

	buf_char(buf, '"');
	for (; text.n > 0; text = slice_from(text, n)) {
		uint32_t c = utf8_char(text, &n);

		if (c == UTF8_BAD)
			buf_lit(buf, "\\ufffd");
		else if (utf8_is_control(c))
			buf_printf(buf, "\\u%04x", (unsigned)c);
		else if (c == '"' || c == '\\')
			buf_printf(buf, "\\%c", (char)c);
		else
			buf_slice(buf, slice_head(text, n));
	}
	buf_char(buf, '"');
}

static void value_begin(struct buf *buf, const char *name)
{
	char last = buf->n > 0 ? buf->p[buf->n - 1] : '\n';

	if (last != '{' && last != '[' && last != '\n')
		buf_char(buf, ',');
	if (!name)
		return;
	string_print(buf, slice_from_cstr(name));
	buf_char(buf, ':');
}

void json_object_begin(struct buf *buf, const char *name)
{
	value_begin(buf, name);
	buf_char(buf, '{');
}

void json_object_end(struct buf *buf)
{
	buf_char(buf, '}');
}

void json_array_begin(struct buf *buf, const char *name)
{
	value_begin(buf, name);
	buf_char(buf, '[');
}

void json_array_end(struct buf *buf)
{
	buf_char(buf, ']');
}

void json_text(struct buf *buf, const char *name, struct slice text)
{
	value_begin(buf, name);
	string_print(buf, text);
}

void json_text_unless_empty(struct buf *buf, const char *name, struct slice text)
{
	if (!slice_is_empty(text))
		json_text(buf, name, text);
}

void json_number(struct buf *buf, const char *name, uint64_t number)
{
	value_begin(buf, name);
	buf_u64(buf, number);
}

void json_seconds(struct buf *buf, const char *name, uint64_t ms)
{
	value_begin(buf, name);
	buf_printf(buf, "%llu.%03u", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
}

void json_bool(struct buf *buf, const char *name, bool is_true)
{
	value_begin(buf, name);
	buf_cstr(buf, is_true ? "true" : "false");
}
