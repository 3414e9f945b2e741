/* SPDX-License-Identifier: MIT */
/*
 * From libyaml's events to a tree (YAML 1.1). The parser is asked for events and not for a
 * document, so that an alias is seen as such and can be refused: nothing in a file stands for more
 * than its own bytes. The only file that knows libyaml.
 */
#include "conf/conf_tree.h"

#include "base/err.h"
#include "base/mem.h"
#include "conf/conf_report.h"

#include <yaml.h>

#define KEY_SYNTAX SLICE("syntax") /* stands for the key where there is none */

struct builder {
	struct conf_tree *tree;
	const struct conf_teller *teller;
	struct slice text;
	struct conf_node *open; /* the innermost list or map; NULL outside of the root */
	struct conf_node *key;	/* whose value comes next; not yet in the tree */
	size_t depth;
	size_t document_count;
};

/* libyaml's words for a mistake, and ours. */
struct plain_words {
	const char *problem;
	bool is_at_start; /* told where the text or container begins that libyaml was reading */
	const char *words;
};

static const struct plain_words plain_words[] = {
	{ "did not find expected alphabetic or numeric character", false,
	  "a value that begins with * or & must be quoted; write \"*8\" in place of *8" },
	{ "found character that cannot start any token", false,
	  "a value cannot begin with this character; put the value in quotes" },
	{ "mapping values are not allowed in this context", false,
	  "a ':' stands where no key can be; align the key with its neighbours, or put a value "
	  "with "
	  "a ':' in quotes" },
	{ "could not find expected ':'", true, "this key has no ':' behind it; write KEY: VALUE" },
	{ "did not find expected key", false,
	  "no key can stand here; give all keys of a section the same indentation, and look for a "
	  "wrong quote" },
	{ "did not find expected '-' indicator", false,
	  "no list item begins here; begin each item of a list with '-' in the same column" },
	{ "block sequence entries are not allowed in this context", false,
	  "a list item stands where none can be; put '-' on a line of its own below the key" },
	{ "did not find expected ',' or ']'", true,
	  "the list in brackets that begins here is not closed; add the missing ',' or ']'" },
	{ "did not find expected ',' or '}'", true,
	  "the map in braces that begins here is not closed; add the missing ',' or '}'" },
	{ "found unexpected end of stream", true,
	  "the quoted text that begins here is never closed; add the missing quote" },
	{ "found unexpected document indicator", true,
	  "the quoted text that begins here is never closed; add the missing quote" },
	{ "found unknown escape character", false,
	  "this backslash sequence is unknown; write \\\\ for a backslash, or use single quotes" },
	{ "did not find expected node content", false,
	  "a value is missing here; add one, or put a text with special characters in quotes" },
	{ "found undefined tag handle", false,
	  "a value that begins with ! must be quoted; put it in quotes" },
	{ "did not find expected <document start>", false,
	  "text follows behind the end of the configuration; remove it, or align it with the "
	  "keys" },
};

static struct conf_pos pos_of(const yaml_mark_t *mark)
{
	return (struct conf_pos){ .line = (uint32_t)mark->line + 1,
				  .column = (uint32_t)mark->column + 1 };
}

/* Where the byte at `offset` stands, for mistakes that come without a mark. */
static struct conf_pos pos_of_offset(struct slice text, size_t offset)
{
	struct conf_pos pos = { 1, 1 };

	for (size_t i = 0; i < offset && i < text.n; i++) {
		if (text.p[i] == '\n') {
			pos.line++;
			pos.column = 1;
		} else if (((unsigned char)text.p[i] & 0xc0) != 0x80) {
			pos.column++;
		}
	}
	return pos;
}

/* The column of a tab in the white space that begins line `line`; 0 when there is none. */
static uint32_t tab_column(struct slice text, uint32_t line)
{
	struct slice head = text, tail = text;

	for (uint32_t i = 0; i < line; i++)
		slice_cut(tail, '\n', &head, &tail);
	for (size_t i = 0; i < head.n && (head.p[i] == ' ' || head.p[i] == '\t'); i++)
		if (head.p[i] == '\t')
			return (uint32_t)i + 1;
	return 0;
}

static void tell_reader_error(const struct builder *builder, const yaml_parser_t *parser)
{
	struct slice text = builder->text;
	size_t at = parser->problem_offset;
	struct conf_pos pos;

	/* A character that breaks off is told where it begins. */
	if (strstr(parser->problem, "trailing"))
		for (int i = 0; i < 3 && at > 0 && at < text.n && (unsigned char)text.p[at] < 0xc0;
		     i++)
			at--;
	pos = pos_of_offset(text, at);
	if (parser->problem_value >= 0 && strstr(parser->problem, "control"))
		conf_tell(builder->teller, pos, KEY_SYNTAX,
			  "a control character (0x%02x) stands here; remove it, a configuration is "
			  "plain text",
			  (unsigned)parser->problem_value);
	else
		conf_tell(builder->teller, pos, KEY_SYNTAX,
			  "the text is not UTF-8 here; save the file in the encoding UTF-8");
}

static void tell_syntax_error(const struct builder *builder, const yaml_parser_t *parser)
{
	struct conf_pos pos = pos_of(&parser->problem_mark);
	uint32_t tab = tab_column(builder->text, pos.line);
	const char *problem = parser->problem ? parser->problem : "";

	if (tab > 0) {
		pos.column = tab;
		conf_tell(builder->teller, pos, KEY_SYNTAX, "a tab indents this line; use spaces");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(plain_words); i++) {
		const struct plain_words *row = &plain_words[i];

		if (strcmp(problem, row->problem) != 0)
			continue;
		if (row->is_at_start && parser->context)
			pos = pos_of(&parser->context_mark);
		conf_tell(builder->teller, pos, KEY_SYNTAX, "%s", row->words);
		return;
	}
	conf_tell(builder->teller, pos, KEY_SYNTAX,
		  "not valid YAML (%s); look for a missing quote or wrong indentation", problem);
}

/* A parser stops at the first such mistake, so there is one of them at most. */
static int on_parser_error(const struct builder *builder, const yaml_parser_t *parser)
{
	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		return ERR_NOMEM;
	case YAML_READER_ERROR:
		tell_reader_error(builder, parser);
		return ERR_SYNTAX;
	case YAML_NO_ERROR:
	case YAML_SCANNER_ERROR:
	case YAML_PARSER_ERROR:
	case YAML_COMPOSER_ERROR:
	case YAML_WRITER_ERROR:
	case YAML_EMITTER_ERROR:
		break;
	}
	tell_syntax_error(builder, parser);
	return ERR_SYNTAX;
}

static struct conf_node *node_new(struct conf_tree *tree, enum conf_kind kind,
				  const yaml_event_t *event, struct slice text)
{
	struct conf_node *node = mem_alloc(sizeof(*node) + text.n);

	if (!node)
		return NULL;
	node->kind = kind;
	node->pos = pos_of(&event->start_mark);
	if (text.n > 0) {
		memcpy(node + 1, text.p, text.n);
		node->text = slice_of((char *)(node + 1), text.n);
	}
	node->made_before = tree->made_last;
	tree->made_last = node;
	tree->node_count++;
	return node;
}

/* Hangs a value where it belongs: into the open list, behind its key, or as the root. */
static void node_hang(struct builder *builder, struct conf_node *node)
{
	struct conf_node *parent = builder->open;

	node->parent = parent;
	if (!parent) {
		builder->tree->root = node;
		return;
	}
	node->key = builder->key;
	builder->key = NULL;
	node->index = parent->last ? parent->last->index + 1 : 1;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
}

static bool is_key_due(const struct builder *builder)
{
	return builder->open && builder->open->kind == CONF_MAP && !builder->key;
}

/* Adds the node of an event: as the next key, or as a value, which opens when it is a container. */
static int on_node(struct builder *builder, const yaml_event_t *event, enum conf_kind kind,
		   struct slice text)
{
	struct conf_pos pos = pos_of(&event->start_mark);
	bool is_container = kind == CONF_LIST || kind == CONF_MAP;
	struct conf_node *node;

	if (is_key_due(builder) && is_container) {
		conf_tell(builder->teller, pos, KEY_SYNTAX,
			  "a key cannot be a list or a map; write KEY: VALUE, or put a text with "
			  "brackets or braces in quotes");
		return ERR_SYNTAX;
	}
	if (is_container && builder->depth == CONF_DEPTH_MAX) {
		conf_tell(
			builder->teller, pos, KEY_SYNTAX,
			"more than %d lists and maps stand inside each other; no setting needs so "
			"many",
			CONF_DEPTH_MAX);
		return ERR_SYNTAX;
	}
	if (builder->tree->node_count == CONF_NODES_MAX) {
		conf_tell(builder->teller, pos, KEY_SYNTAX,
			  "the file has more than %d keys and values; make it smaller",
			  CONF_NODES_MAX);
		return ERR_SYNTAX;
	}
	node = node_new(builder->tree, kind, event, text);
	if (!node)
		return ERR_NOMEM;
	node->is_quoted = event->type == YAML_SCALAR_EVENT &&
			  event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (is_key_due(builder)) {
		builder->key = node;
		return 0;
	}
	node_hang(builder, node);
	if (is_container) {
		builder->open = node;
		builder->depth++;
	}
	return 0;
}

static void on_container_end(struct builder *builder)
{
	builder->open = builder->open->parent;
	builder->depth--;
}

static int on_alias(struct builder *builder, const yaml_event_t *event)
{
	const char *anchor = (const char *)event->data.alias.anchor;
	struct conf_quote name = conf_quote(slice_from_cstr(anchor));

	conf_tell(
		builder->teller, pos_of(&event->start_mark), KEY_SYNTAX,
		"*%s without quotes is a YAML alias, which is not used here; write \"*%s\" if the "
		"text is meant, else repeat the value",
		name.text, name.text);
	return on_node(builder, event, CONF_BAD, slice_from_cstr(anchor));
}

/* Anchors without an alias, and tags, do no harm; but whoever writes one expects an effect. */
static void check_properties(const struct builder *builder, const yaml_event_t *event,
			     const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct conf_pos pos = pos_of(&event->start_mark);

	if (anchor)
		conf_tell(builder->teller, pos, KEY_SYNTAX,
			  "&%s without quotes is a YAML anchor, which is not used here; put the "
			  "text in quotes, or remove the anchor",
			  conf_quote(slice_from_cstr((const char *)anchor)).text);
	if (tag)
		conf_tell(builder->teller, pos, KEY_SYNTAX,
			  "a YAML tag (!) is not used here; remove it, or put the text in quotes");
}

static int on_document_start(struct builder *builder, const yaml_event_t *event)
{
	if (++builder->document_count == 1)
		return 0;
	conf_tell(
		builder->teller, pos_of(&event->start_mark), KEY_SYNTAX,
		"a second document begins here; a file holds one configuration, remove the '---'");
	return ERR_SYNTAX;
}

static int on_event(struct builder *builder, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		return on_document_start(builder, event);
	case YAML_ALIAS_EVENT:
		return on_alias(builder, event);
	case YAML_SCALAR_EVENT:
		check_properties(builder, event, event->data.scalar.anchor, event->data.scalar.tag);
		return on_node(builder, event, CONF_TEXT,
			       slice_of((const char *)event->data.scalar.value,
					event->data.scalar.length));
	case YAML_SEQUENCE_START_EVENT:
		check_properties(builder, event, event->data.sequence_start.anchor,
				 event->data.sequence_start.tag);
		return on_node(builder, event, CONF_LIST, SLICE_NONE);
	case YAML_MAPPING_START_EVENT:
		check_properties(builder, event, event->data.mapping_start.anchor,
				 event->data.mapping_start.tag);
		return on_node(builder, event, CONF_MAP, SLICE_NONE);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_container_end(builder);
		return 0;
	}
	return 0;
}

/* Behind a line break of YAML 1.1 (5.4): LF, CR, NEL, LS, PS. */
static bool is_line_start(struct slice text, size_t at)
{
	static const struct slice breaks[] = { SLICE_INIT("\n"), SLICE_INIT("\r"),
					       SLICE_INIT("\xc2\x85"), SLICE_INIT("\xe2\x80\xa8"),
					       SLICE_INIT("\xe2\x80\xa9") };

	for (size_t i = 0; i < ARRAY_LEN(breaks); i++)
		if (at >= breaks[i].n &&
		    slice_starts_with(slice_from(text, at - breaks[i].n), breaks[i]))
			return true;
	return at == 0;
}

/*
 * libyaml compares each %TAG line with all before it. A configuration needs no directives, so none
 * gets that far.
 */
static int refuse_directives(const struct builder *builder)
{
	for (size_t i = 0; i < builder->text.n; i++) {
		if (builder->text.p[i] != '%' || !is_line_start(builder->text, i))
			continue;
		conf_tell(
			builder->teller, pos_of_offset(builder->text, i), KEY_SYNTAX,
			"a YAML directive (%%) is not used here; remove the line, or put the text "
			"in quotes");
		return ERR_SYNTAX;
	}
	return 0;
}

static int read_events(struct builder *builder, yaml_parser_t *parser)
{
	bool is_end = false;

	while (!is_end) {
		yaml_event_t event;
		int err;

		if (!yaml_parser_parse(parser, &event))
			return on_parser_error(builder, parser);
		is_end = event.type == YAML_STREAM_END_EVENT;
		err = on_event(builder, &event);
		yaml_event_delete(&event);
		if (err)
			return err;
	}
	return 0;
}

int conf_tree_read(struct conf_tree *tree, struct slice text, const struct conf_teller *teller)
{
	struct builder builder = { .tree = tree, .teller = teller };
	yaml_parser_t parser;
	int err;

	*tree = (struct conf_tree){ 0 };
	if (slice_starts_with(text, SLICE("\xef\xbb\xbf"))) /* the mark some editors leave */
		text = slice_from(text, 3);
	builder.text = text;
	err = refuse_directives(&builder);
	if (err)
		return err;
	if (!yaml_parser_initialize(&parser))
		return ERR_NOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)(text.p ? text.p : ""),
				     text.n);
	err = read_events(&builder, &parser);
	yaml_parser_delete(&parser);
	return err;
}

void conf_tree_fini(struct conf_tree *tree)
{
	while (tree->made_last) {
		struct conf_node *node = tree->made_last;

		tree->made_last = node->made_before;
		mem_free(node);
	}
	*tree = (struct conf_tree){ 0 };
}

bool conf_node_is_null(const struct conf_node *node)
{
	return node->kind == CONF_TEXT && !node->is_quoted &&
	       (node->text.n == 0 || slice_eq(node->text, SLICE("~")) ||
		slice_eq_nocase(node->text, SLICE("null")));
}
