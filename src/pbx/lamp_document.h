/* SPDX-License-Identifier: MIT */
/*
 * The text of dialog-info documents. Of a thousand watchers of one extension most see the same, so
 * that the text is made once for each view and kept until something changes; only version and
 * entity are each watcher's own.
 */
#ifndef LAMPYRID_PBX_LAMP_DOCUMENT_H
#define LAMPYRID_PBX_LAMP_DOCUMENT_H

#include "pbx/lamp_view.h"

struct lamp_document {
	struct slice rest; /* all behind the head */
	uint64_t hash;	   /* of all that it tells but durations; never 0 */
	bool has_ids;
	bool is_cut; /* not every dialog has room in it */
};

/* What a NOTIFY has around that, its headers and the head of the document, as phones make them. */
#define LAMP_HEADERS_BYTES 750

#define LAMP_CACHE_MAX 8

/* Which document it is. The pointers are compared only. */
struct lamp_document_key {
	const struct lamp_entity *entity;
	uint64_t turn;
	uint64_t since;
	uint64_t made_s; /* durations are as old as the document */
	size_t bytes_max;
	struct lamp_view view; /* viewer and only are empty: such ones are not kept */
};

/* Owned by the switch. */
struct lamp_cache {
	struct {
		struct lamp_document_key key;
		struct lamp_document document; /* owns rest */
	} entries[LAMP_CACHE_MAX];	       /* entity NULL: empty */
	size_t next;			       /* to be overwritten */
};

/*
 * The document for this view, as lamp_view_read(); valid until the next call. Above `bytes_max`
 * (0: what a message holds) it tells less of each dialog, but of every one. False as there, or when
 * it does not fit at all.
 */
bool lamp_document_make(const struct lamp_entity *entity, const struct lamp_view *view,
			uint64_t since, size_t bytes_max, struct lamp_document *ret_document);

/* Forgets the entity's, or with NULL all: a new directory. */
void lamp_cache_drop(struct lamp_cache *cache, const struct lamp_entity *entity);

#endif
