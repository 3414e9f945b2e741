/* SPDX-License-Identifier: MIT */
/*
 * Maps by tables, and the kinds of value that more than one key has.
 */
#include "conf/conf_reader.h"

#include "base/err.h"
#include "base/nearest.h"

#define KEYS_MAX 24 /* of one table */
#define WORDS_TEXT_MAX_BYTES 200

/* "none, busy, calls, numbers", NUL-terminated. */
static void print_words(struct buf *buf, const struct slice *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_lit(buf, ", ");
		buf_slice(buf, words[i]);
	}
	buf_char(buf, '\0');
	CHECK(!buf->is_overflown);
}

const struct conf_node *conf_find(const struct conf_node *map, struct slice key)
{
	for (const struct conf_node *node = map->first; node; node = node->next)
		if (node->key->kind == CONF_TEXT && slice_eq(node->key->text, key))
			return node;
	return NULL;
}

int conf_check_keys(struct conf_reader *reader, const struct conf_node *map)
{
	struct map seen;
	struct map_node *hit;
	int err = 0;

	map_init(&seen, reader->map_secret);
	for (struct conf_node *node = map->first; node && !err; node = node->next) {
		if (node->key->kind == CONF_BAD)
			continue;
		hit = map_find(&seen, node->key->text);
		if (hit)
			conf_tell_key(&reader->teller, node,
				      "given twice, first in line %u; remove one of them",
				      CONTAINER_OF(hit, struct conf_node, key_seen)->key->pos.line);
		else
			err = map_insert(&seen, &node->key_seen, node->key->text);
	}
	while ((hit = map_first(&seen)))
		map_remove(&seen, hit);
	map_fini(&seen);
	return err;
}

bool conf_check_kind(const struct conf_reader *reader, const struct conf_node *node, unsigned kinds,
		     const char *expected)
{
	const char *found = "a text";

	if (node->kind == CONF_BAD)
		return false;
	if (conf_node_is_null(node)) {
		conf_tell_value(&reader->teller, node, "there is no value; expected %s", expected);
		return false;
	}
	if (node->kind & kinds)
		return true;
	if (node->kind == CONF_LIST)
		found = "a list";
	else if (node->kind == CONF_MAP)
		found = "a map (KEY: VALUE)";
	conf_tell_value(&reader->teller, node, "%s stands here; expected %s", found, expected);
	return false;
}

static void check_unknown(const struct conf_reader *reader, const struct conf_node *map,
			  const struct conf_key *keys, size_t count)
{
	struct slice names[KEYS_MAX];
	struct slice available[KEYS_MAX];
	size_t available_count = 0;
	char known[WORDS_TEXT_MAX_BYTES];
	struct buf buf = BUF_ON(known);

	CHECK(count <= KEYS_MAX);
	for (size_t i = 0; i < count; i++) {
		names[i] = keys[i].name;
		if (keys[i].take)
			available[available_count++] = keys[i].name;
	}
	print_words(&buf, available, available_count);
	for (const struct conf_node *node = map->first; node; node = node->next) {
		struct slice key = node->key->text, near;
		bool is_known = node->key->kind == CONF_BAD;

		for (size_t i = 0; i < count && !is_known; i++)
			is_known = slice_eq(key, names[i]);
		if (is_known)
			continue;
		near = slice_nearest(key, names, count);
		if (conf_is_default_key(key))
			conf_tell_key(
				&reader->teller, node,
				"unknown key here; it stands under 'defaults', or an extension");
		else if (near.n > 0)
			conf_tell_key(&reader->teller, node, "unknown key; did you mean '%.*s'?",
				      SLICE_ARGS(near));
		else
			conf_tell_key(&reader->teller, node, "unknown key; the keys here are %s",
				      known);
	}
}

int conf_read_map(struct conf_reader *reader, const struct conf_node *map,
		  const struct conf_key *keys, size_t count, void *object)
{
	int err = conf_check_keys(reader, map);

	check_unknown(reader, map, keys, count);
	for (size_t i = 0; i < count && !err; i++) {
		const struct conf_node *value = conf_find(map, keys[i].name);

		if (!value)
			continue;
		if (!keys[i].take)
			conf_tell_key(&reader->teller, value,
				      "not yet available in this version; remove the key");
		else if (conf_check_kind(reader, value, keys[i].kinds, keys[i].expected))
			err = keys[i].take(reader, value, object);
	}
	return err;
}

int conf_read_texts(struct conf_reader *reader, const struct conf_node *node, const char *expected,
		    int (*take)(struct conf_reader *reader, const struct conf_node *text,
				void *object),
		    void *object)
{
	int err = 0;

	if (node->kind == CONF_TEXT)
		return take(reader, node, object);
	for (const struct conf_node *item = node->first; item && !err; item = item->next)
		if (conf_check_kind(reader, item, CONF_TEXT, expected))
			err = take(reader, item, object);
	return err;
}

bool conf_read_word(const struct conf_reader *reader, const struct conf_node *text,
		    const struct slice *words, size_t count, size_t *ret_index)
{
	struct slice near = slice_nearest(text->text, words, count);
	char known[WORDS_TEXT_MAX_BYTES];
	struct buf buf = BUF_ON(known);

	for (size_t i = 0; i < count; i++) {
		if (slice_eq(text->text, words[i])) {
			*ret_index = i;
			return true;
		}
	}
	print_words(&buf, words, count);
	if (near.n > 0)
		conf_tell_value(&reader->teller, text, "'%s' is not known; did you mean '%.*s'?",
				conf_quote(text->text).text, SLICE_ARGS(near));
	else
		conf_tell_value(&reader->teller, text, "'%s' is not known; expected %s",
				conf_quote(text->text).text, known);
	return false;
}

void conf_read_refer(const struct conf_reader *reader, const struct conf_node *text,
		     enum refer_mode *ret_refer)
{
	static const struct slice words[] = { SLICE_INIT("handle"), SLICE_INIT("forward") };
	size_t i;

	if (conf_read_word(reader, text, words, ARRAY_LEN(words), &i))
		*ret_refer = i == 0 ? REFER_HANDLE : REFER_FORWARD;
}

/* What a number is called, and what is said behind its range. */
struct number_form {
	const char *name;
	const char *rest;
	bool may_be_0;
};

static const struct number_form counts = { "a whole number", "", false };
static const struct number_form seconds = { "whole seconds", ", without a unit", false };
static const struct number_form seconds_or_0 = { "whole seconds",
						 ", without a unit, or 0 for never", true };

static bool read_number(const struct conf_reader *reader, const struct conf_node *text,
			const struct number_form *form, uint32_t min, uint32_t max,
			uint32_t *ret_number)
{
	uint32_t number;

	if (!slice_to_u32(text->text, max, &number) &&
	    (number >= min || (number == 0 && form->may_be_0))) {
		*ret_number = number;
		return true;
	}
	conf_tell_value(&reader->teller, text, "'%s' does not fit; expected %s from %u to %u%s",
			conf_quote(text->text).text, form->name, min, max, form->rest);
	return false;
}

bool conf_read_count(const struct conf_reader *reader, const struct conf_node *text, uint32_t min,
		     uint32_t max, uint32_t *ret_count)
{
	return read_number(reader, text, &counts, min, max, ret_count);
}

bool conf_read_seconds(const struct conf_reader *reader, const struct conf_node *text, uint32_t min,
		       uint32_t max, uint32_t *ret_seconds)
{
	return read_number(reader, text, &seconds, min, max, ret_seconds);
}

bool conf_read_seconds_or_0(const struct conf_reader *reader, const struct conf_node *text,
			    uint32_t min, uint32_t max, uint32_t *ret_seconds)
{
	return read_number(reader, text, &seconds_or_0, min, max, ret_seconds);
}

bool conf_check_text(const struct conf_reader *reader, const struct conf_node *text,
		     size_t max_bytes)
{
	if (text->text.n > max_bytes)
		conf_tell_value(&reader->teller, text, "the text has %zu bytes; use at most %zu",
				text->text.n, max_bytes);
	else if (!conf_is_printable(text->text))
		conf_tell_value(&reader->teller, text,
				"the text has a control character, such as a line end; remove it");
	else
		return true;
	return false;
}

bool conf_is_number(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = char_to_lower(text.p[i]);

		if (!char_is_digit(c) && !(c >= 'a' && c <= 'z') &&
		    slice_find_char(SLICE("+-._"), c) == 4)
			return false;
	}
	return text.n > 0;
}
