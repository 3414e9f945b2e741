/* SPDX-License-Identifier: MIT */
/*
 * Reading a document of a known kind with expat: what all such readers share. A kind is a table of
 * elements, each with the place where it may stand; all others are skipped with what is in them, as
 * extensions have to be. A document type declaration ends the reading at once, so entities cannot
 * be declared, expanded or fetched. Depth, size and memory are bounded.
 */
#ifndef LAMPYRID_XML_XML_READ_H
#define LAMPYRID_XML_XML_READ_H

#include "base/arena.h"
#include "base/slice.h"
#include "sip/limits.h"

#include <expat.h>

/* Nodes of a kind are numbered from XML_FIRST on. */
enum { XML_DOCUMENT, XML_SKIPPED, XML_FIRST };

struct xml_element {
	uint8_t parent; /* a node; XML_DOCUMENT for the root */
	uint8_t node;
	bool has_text; /* on_end gets what stands in it, without that of elements inside */
	struct slice name;
	struct slice space; /* its namespace when that is not the kind's own, or empty */
};

struct xml_reader;

struct xml_kind {
	struct slice space; /* the namespace; elements in none at all are taken, too */
	bool has_subspaces; /* and those whose names go on behind it */
	const struct xml_element *elements; /* [element_count] */
	size_t element_count;
	void (*on_start)(struct xml_reader *reader, uint8_t node, const XML_Char **attributes);
	/* `text` is trimmed and lasts as long as the arena; empty without has_text. */
	void (*on_end)(struct xml_reader *reader, uint8_t node, struct slice text);
};

struct xml_reader {
	const struct xml_kind *kind;
	void *context; /* of the kind's handlers */
	XML_Parser parser;
	struct arena *arena;
	const struct xml_element *gathered; /* whose text is being gathered, or NULL */
	struct slice text;		    /* of it so far, in the arena */
	char *text_room;		    /* where text.p points */
	size_t text_room_bytes;
	size_t depth;			  /* open elements */
	uint8_t nodes[XML_DEPTH_MAX + 1]; /* nodes[depth] is the innermost */
	int err;
};

/*
 * 0; ERR_SYNTAX for what is not well-formed or another kind; ERR_LIMIT for too deep, too large or
 * too small an arena; ERR_NOMEM when the heap refuses, which another try may not; or what a handler
 * has said by xml_fail().
 */
int xml_read(struct slice document, struct arena *arena, const struct xml_kind *kind,
	     void *context);

/* No handler is called any more; xml_read() answers `err`. */
void xml_fail(struct xml_reader *reader, int err);

/* A copy in the arena; when that is full the reading fails with ERR_LIMIT. */
struct slice xml_keep(struct xml_reader *reader, struct slice text);

/* The attribute without a prefix, or SLICE_NONE; it lasts during the handler. */
struct slice xml_attribute(const XML_Char **attributes, const char *name);

/* xml_keep() of it. */
struct slice xml_attribute_keep(struct xml_reader *reader, const XML_Char **attributes,
				const char *name);

#endif
