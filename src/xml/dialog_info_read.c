/* SPDX-License-Identifier: MIT */
/*
 * Reading dialog-info documents (RFC 4235 4.1) with expat. A document type declaration ends the
 * reading at once, so entities cannot be declared, expanded or fetched. Elements that are not
 * known, in other namespaces, or out of place are skipped with all that is in them (RFC 4235 4.1
 * wants extensions ignored); a dialog whose state nobody knows is no news and left out.
 */
#include "xml/dialog_info_read.h"

#include "base/check.h"
#include "base/err.h"
#include "xml/expat_mem.h"

#define NAMESPACE "urn:ietf:params:xml:ns:dialog-info"
#define NAMESPACE_END '\n' /* stands in no namespace name: expat refuses one that has it */
#define TEXT_FIRST_BYTES 64
#define STATUS_MAX 699

enum node {
	NODE_DOCUMENT,
	NODE_SKIPPED,
	NODE_DIALOG_INFO,
	NODE_DIALOG,
	NODE_STATE,
	NODE_LOCAL,
	NODE_REMOTE,
	NODE_IDENTITY,
	NODE_TARGET,
	NODE_PARAM,
};

struct reader {
	XML_Parser parser;
	struct arena *arena;
	struct dialog_info info;
	struct dialog_entry dialog; /* the one being read */
	struct dialog_party *party; /* of that dialog */
	bool has_state;		    /* of that dialog */
	bool gathers_text;	    /* in an element whose text counts */
	struct slice text;	    /* the text so far, in the arena */
	char *text_room;	    /* where text.p points */
	size_t text_room_bytes;
	size_t depth;			    /* open elements */
	enum node nodes[XML_DEPTH_MAX + 1]; /* nodes[depth] is the innermost */
	int err;
};

static void reader_fail(struct reader *reader, int err)
{
	reader->err = err;
	XML_StopParser(reader->parser, XML_FALSE);
}

static struct slice text_keep(struct reader *reader, struct slice text)
{
	char *copy;

	if (text.n == 0 || reader->err)
		return SLICE_NONE;
	copy = arena_alloc(reader->arena, text.n);
	if (!copy) {
		reader_fail(reader, ERR_LIMIT); /* the arena is full */
		return SLICE_NONE;
	}
	memcpy(copy, text.p, text.n);
	return slice_of(copy, text.n);
}

/* The local name when it is ours: in the namespace, under any prefix, or in none at all. */
static struct slice name_local(const XML_Char *name)
{
	struct slice head, tail;

	if (!slice_cut(slice_from_cstr(name), NAMESPACE_END, &head, &tail))
		return head;
	return slice_eq(head, SLICE(NAMESPACE)) ? tail : SLICE_NONE;
}

/* Attributes of ours have no prefix and therefore no namespace. */
static struct slice attribute_get(const XML_Char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i]; i += 2)
		if (slice_eq(slice_from_cstr(attributes[i]), slice_from_cstr(name)))
			return slice_from_cstr(attributes[i + 1]);
	return SLICE_NONE;
}

static enum node node_find(enum node parent, struct slice name)
{
	static const struct {
		enum node parent;
		struct slice name;
		enum node node;
	} children[] = {
		{ NODE_DOCUMENT, SLICE_INIT("dialog-info"), NODE_DIALOG_INFO },
		{ NODE_DIALOG_INFO, SLICE_INIT("dialog"), NODE_DIALOG },
		{ NODE_DIALOG, SLICE_INIT("state"), NODE_STATE },
		{ NODE_DIALOG, SLICE_INIT("local"), NODE_LOCAL },
		{ NODE_DIALOG, SLICE_INIT("remote"), NODE_REMOTE },
		{ NODE_LOCAL, SLICE_INIT("identity"), NODE_IDENTITY },
		{ NODE_LOCAL, SLICE_INIT("target"), NODE_TARGET },
		{ NODE_REMOTE, SLICE_INIT("identity"), NODE_IDENTITY },
		{ NODE_REMOTE, SLICE_INIT("target"), NODE_TARGET },
		{ NODE_TARGET, SLICE_INIT("param"), NODE_PARAM },
	};

	for (size_t i = 0; i < ARRAY_LEN(children); i++)
		if (children[i].parent == parent && slice_eq(children[i].name, name))
			return children[i].node;
	return NODE_SKIPPED;
}

static void dialog_info_start(struct reader *reader, const XML_Char **attributes)
{
	struct slice version = slice_trim(attribute_get(attributes, "version"));

	/* Mandatory: without it nobody knows which of two documents is the newer one. */
	if (slice_to_u32(version, UINT32_MAX, &reader->info.version) != 0) {
		reader_fail(reader, ERR_SYNTAX);
		return;
	}
	reader->info.is_partial =
		slice_eq(slice_trim(attribute_get(attributes, "state")), SLICE("partial"));
	reader->info.entity = text_keep(reader, attribute_get(attributes, "entity"));
}

static void dialog_start(struct reader *reader, const XML_Char **attributes)
{
	struct slice direction = slice_trim(attribute_get(attributes, "direction"));

	reader->has_state = false;
	reader->dialog = (struct dialog_entry){
		.id = text_keep(reader, attribute_get(attributes, "id")),
		.call_id = text_keep(reader, attribute_get(attributes, "call-id")),
		.local_tag = text_keep(reader, attribute_get(attributes, "local-tag")),
		.remote_tag = text_keep(reader, attribute_get(attributes, "remote-tag")),
	};
	if (slice_eq(direction, SLICE("initiator")))
		reader->dialog.direction = DIALOG_INITIATOR;
	else if (slice_eq(direction, SLICE("recipient")))
		reader->dialog.direction = DIALOG_RECIPIENT;
}

static void text_start(struct reader *reader)
{
	reader->gathers_text = true;
	reader->text = SLICE_NONE;
	reader->text_room_bytes = 0;
}

/* A code that is no SIP status is as good as none. */
static void state_start(struct reader *reader, const XML_Char **attributes)
{
	uint32_t code = 0;

	if (slice_to_u32(slice_trim(attribute_get(attributes, "code")), STATUS_MAX, &code) != 0)
		code = 0;
	reader->dialog.code = code;
	reader->dialog.event = text_keep(reader, attribute_get(attributes, "event"));
	text_start(reader);
}

/* RFC 4235 5.2 writes the tag with a '+' here; the bare name means the same. */
static void param_start(struct reader *reader, const XML_Char **attributes)
{
	struct slice name = slice_trim(attribute_get(attributes, "pname"));
	struct slice value = slice_trim(attribute_get(attributes, "pval"));

	if ((slice_eq_nocase(name, SLICE("+sip.rendering")) ||
	     slice_eq_nocase(name, SLICE("sip.rendering"))) &&
	    slice_eq_nocase(value, SLICE("no")))
		reader->party->is_rendering_no = true;
}

static void node_start(struct reader *reader, enum node node, const XML_Char **attributes)
{
	switch (node) {
	case NODE_DOCUMENT:
	case NODE_SKIPPED:
		break;
	case NODE_DIALOG_INFO:
		dialog_info_start(reader, attributes);
		break;
	case NODE_DIALOG:
		dialog_start(reader, attributes);
		break;
	case NODE_STATE:
		state_start(reader, attributes);
		break;
	case NODE_LOCAL:
		reader->party = &reader->dialog.local;
		break;
	case NODE_REMOTE:
		reader->party = &reader->dialog.remote;
		break;
	case NODE_IDENTITY:
		reader->party->display = text_keep(reader, attribute_get(attributes, "display"));
		text_start(reader);
		break;
	case NODE_TARGET:
		reader->party->target = text_keep(reader, attribute_get(attributes, "uri"));
		break;
	case NODE_PARAM:
		param_start(reader, attributes);
		break;
	}
}

static void on_element_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *reader = context;
	enum node node;

	if (reader->err)
		return;
	if (reader->depth == XML_DEPTH_MAX) {
		reader_fail(reader, ERR_LIMIT);
		return;
	}
	node = node_find(reader->nodes[reader->depth], name_local(name));
	if (reader->depth == 0 && node != NODE_DIALOG_INFO) {
		reader_fail(reader, ERR_SYNTAX);
		return;
	}
	reader->nodes[++reader->depth] = node;
	node_start(reader, node, attributes);
}

static void state_end(struct reader *reader)
{
	struct slice name = slice_trim(reader->text);

	reader->has_state = false;
	for (int state = DIALOG_TRYING; state <= DIALOG_TERMINATED; state++) {
		if (slice_eq_nocase(name, dialog_state_name((enum dialog_state)state))) {
			reader->dialog.state = (enum dialog_state)state;
			reader->has_state = true;
		}
	}
}

static void dialog_end(struct reader *reader)
{
	if (!reader->has_state)
		return;
	if (reader->info.dialog_count == DIALOG_INFO_MAX) {
		reader_fail(reader, ERR_LIMIT);
		return;
	}
	reader->info.dialogs[reader->info.dialog_count++] = reader->dialog;
}

static void on_element_end(void *context, const XML_Char *name)
{
	struct reader *reader = context;
	enum node node;

	(void)name;
	if (reader->err)
		return;
	node = reader->nodes[reader->depth--];
	if (node == NODE_STATE || node == NODE_IDENTITY)
		reader->gathers_text = false;
	if (node == NODE_STATE)
		state_end(reader);
	else if (node == NODE_IDENTITY)
		reader->party->identity = slice_trim(reader->text);
	else if (node == NODE_DIALOG)
		dialog_end(reader);
}

/* Room doubles, so however many pieces there are, the arena gives at most twice the text. */
static bool text_grow(struct reader *reader, size_t n)
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
	struct reader *reader = context;
	size_t n = (size_t)piece_bytes;
	enum node node = reader->nodes[reader->depth];

	/* The text of an unknown element inside is no part of it. */
	if (reader->err || !reader->gathers_text || (node != NODE_STATE && node != NODE_IDENTITY))
		return;
	if (!text_grow(reader, reader->text.n + n)) {
		reader_fail(reader, ERR_LIMIT); /* the arena is full */
		return;
	}
	memcpy(reader->text_room + reader->text.n, piece, n);
	reader->text.n += n;
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
		       const XML_Char *public_id, int has_internal_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	reader_fail(context, ERR_SYNTAX);
}

static int document_read(struct reader *reader, struct slice document)
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

int dialog_info_read(struct slice document, struct arena *arena, struct dialog_info *ret_info)
{
	static const XML_Char separator[] = { NAMESPACE_END, '\0' };
	struct reader reader = { .arena = arena };
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
	if (err)
		return err;
	*ret_info = reader.info;
	return 0;
}
