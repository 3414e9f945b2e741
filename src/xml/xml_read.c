/* SPDX-License-Identifier: MIT */
/*
 * Expat's events, put into a kind's nodes.
 */
#include "xml/xml_read.h"

#include "base/check.h"
#include "base/err.h"
#include "xml/expat_mem.h"

#define NAMESPACE_END '\n' /* stands in no namespace name: expat refuses one that has it */
#define TEXT_FIRST_BYTES 64

void xml_fail(struct xml_reader *reader, int err)
{
	reader->err = err;
	XML_StopParser(reader->parser, XML_FALSE);
}

struct slice xml_keep(struct xml_reader *reader, struct slice text)
{
	char *copy;

	if (text.n == 0 || reader->err)
		return SLICE_NONE;
	copy = arena_alloc(reader->arena, text.n);
	if (!copy) {
		xml_fail(reader, ERR_LIMIT);
		return SLICE_NONE;
	}
	memcpy(copy, text.p, text.n);
	return slice_of(copy, text.n);
}

/* One of ours has no prefix and therefore no namespace. */
struct slice xml_attribute(const XML_Char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i]; i += 2)
		if (slice_eq(slice_from_cstr(attributes[i]), slice_from_cstr(name)))
			return slice_from_cstr(attributes[i + 1]);
	return SLICE_NONE;
}

struct slice xml_attribute_keep(struct xml_reader *reader, const XML_Char **attributes,
				const char *name)
{
	return xml_keep(reader, xml_attribute(attributes, name));
}

/* --- Elements ----------------------------------------------------------------------------- */

static bool space_is(const struct xml_kind *kind, const struct xml_element *element,
		     struct slice space)
{
	if (element->space.n > 0)
		return slice_eq(space, element->space);
	if (kind->has_subspaces)
		return slice_starts_with(space, kind->space);
	return slice_eq(space, kind->space);
}

/* The row of the element, or NULL when it is none that is known here. */
static const struct xml_element *element_find(const struct xml_kind *kind, uint8_t parent,
					      const XML_Char *qualified)
{
	struct slice space, name;
	bool has_space = slice_cut(slice_from_cstr(qualified), NAMESPACE_END, &space, &name);

	if (!has_space)
		name = space;
	for (size_t i = 0; i < kind->element_count; i++) {
		const struct xml_element *element = &kind->elements[i];

		if (element->parent == parent && slice_eq(element->name, name) &&
		    (has_space ? space_is(kind, element, space) : element->space.n == 0))
			return element;
	}
	return NULL;
}

static void on_element_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct xml_reader *reader = context;
	const struct xml_element *element;

	if (reader->err)
		return;
	if (reader->depth == XML_DEPTH_MAX) {
		xml_fail(reader, ERR_LIMIT);
		return;
	}
	element = element_find(reader->kind, reader->nodes[reader->depth], name);
	if (reader->depth == 0 && !element) {
		xml_fail(reader, ERR_SYNTAX);
		return;
	}
	reader->nodes[++reader->depth] = element ? element->node : XML_SKIPPED;
	if (!element)
		return;
	if (element->has_text) {
		reader->gathered = element;
		reader->text = SLICE_NONE;
		reader->text_room_bytes = 0;
	}
	reader->kind->on_start(reader, element->node, attributes);
}

static void on_element_end(void *context, const XML_Char *name)
{
	struct xml_reader *reader = context;
	struct slice text = SLICE_NONE;
	uint8_t node;

	(void)name;
	if (reader->err)
		return;
	node = reader->nodes[reader->depth--];
	if (node == XML_SKIPPED)
		return;
	if (reader->gathered && reader->gathered->node == node) {
		text = slice_trim(reader->text);
		reader->gathered = NULL;
	}
	reader->kind->on_end(reader, node, text);
}

/* --- Text --------------------------------------------------------------------------------- */

/* Room doubles, so however many pieces there are, the arena gives at most twice the text. */
static bool text_grow(struct xml_reader *reader, size_t n)
{
	size_t bytes = reader->text_room_bytes ? reader->text_room_bytes : TEXT_FIRST_BYTES;
	char *room;

	if (n <= reader->text_room_bytes)
		return true;
	while (bytes < n)
		bytes *= 2;
	room = arena_alloc(reader->arena, bytes);
	if (!room)
		return false;
	if (reader->text.n > 0)
		memcpy(room, reader->text.p, reader->text.n);
	reader->text_room = room;
	reader->text_room_bytes = bytes;
	reader->text.p = room;
	return true;
}

/* Expat hands text over in pieces, cut wherever it likes. */
static void on_text(void *context, const XML_Char *piece, int piece_bytes)
{
	struct xml_reader *reader = context;
	size_t n = (size_t)piece_bytes;

	/* The text of an element inside is no part of it. */
	if (reader->err || !reader->gathered ||
	    reader->nodes[reader->depth] != reader->gathered->node)
		return;
	if (!text_grow(reader, reader->text.n + n)) {
		xml_fail(reader, ERR_LIMIT); /* the arena is full */
		return;
	}
	memcpy(reader->text_room + reader->text.n, piece, n);
	reader->text.n += n;
}

/* --- The document ------------------------------------------------------------------------- */

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
		       const XML_Char *public_id, int has_internal_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	xml_fail(context, ERR_SYNTAX);
}

static int document_read(struct xml_reader *reader, struct slice document)
{
	XML_SetUserData(reader->parser, reader);
	XML_SetElementHandler(reader->parser, on_element_start, on_element_end);
	XML_SetCharacterDataHandler(reader->parser, on_text);
	XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
	if (XML_Parse(reader->parser, document.p, (int)document.n, XML_TRUE) == XML_STATUS_OK)
		return reader->err;
	if (reader->err)
		return reader->err;
	return XML_GetErrorCode(reader->parser) == XML_ERROR_NO_MEMORY ? ERR_NOMEM : ERR_SYNTAX;
}

int xml_read(struct slice document, struct arena *arena, const struct xml_kind *kind, void *context)
{
	static const XML_Char separator[] = { NAMESPACE_END, '\0' };
	struct xml_reader reader = { .kind = kind, .context = context, .arena = arena };
	int err;

	if (document.n > XML_MAX_BYTES)
		return ERR_LIMIT;
	if (document.n == 0)
		return ERR_SYNTAX;
	reader.parser = XML_ParserCreate_MM(NULL, &expat_mem_suite, separator);
	if (!reader.parser)
		return ERR_NOMEM;
	err = document_read(&reader, document);
	XML_ParserFree(reader.parser);
	return err;
}
