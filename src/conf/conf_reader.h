/* SPDX-License-Identifier: MIT */
/*
 * Reading a map by a table of its keys. The table knows names and kinds; what a value means is its
 * `take` function's business. Mistakes go to the report and reading goes on, so that an admin sees
 * all of them at once; an error is returned only when memory is refused.
 */
#ifndef LAMPYRID_CONF_READER_H
#define LAMPYRID_CONF_READER_H

#include "conf/conf_report.h"

struct conf_reader {
	struct conf_teller teller;
	const uint64_t *map_secret;  /* [2] */
	struct directory *directory; /* being filled; thrown away when there are mistakes */
	struct extension defaults;   /* what an extension has when it says nothing */
	bool has_certificate;	     /* tls.certificate is there, be it good or not */
};

struct conf_key {
	struct slice name;
	unsigned kinds;	      /* of enum conf_kind, what the value may be */
	const char *expected; /* the value in words, behind "expected" */
	/* NULL: part of the contract, but not yet available. `object` is what the map describes. */
	int (*take)(struct conf_reader *reader, const struct conf_node *value, void *object);
};

/*
 * Takes the keys in the order of the table, not of the file: a key may rely on those before it.
 * Keys given twice, unknown keys and values of a wrong kind are told.
 */
int conf_read_map(struct conf_reader *reader, const struct conf_node *map,
		  const struct conf_key *keys, size_t count, void *object);

/* Tells the keys of a map that are given twice. */
int conf_check_keys(struct conf_reader *reader, const struct conf_node *map);

/* Tells a value that is missing or of no kind in `kinds`; false when it cannot be taken. */
bool conf_check_kind(const struct conf_reader *reader, const struct conf_node *node, unsigned kinds,
		     const char *expected);

/*
 * Calls `take` for each text of a list, or for the one text that stands in place of a list. Other
 * items are told.
 */
int conf_read_texts(struct conf_reader *reader, const struct conf_node *node, const char *expected,
		    int (*take)(struct conf_reader *reader, const struct conf_node *text,
				void *object),
		    void *object);

/* The index of the text among `words`; tells and answers false when it is none of them. */
bool conf_read_word(const struct conf_reader *reader, const struct conf_node *text,
		    const struct slice *words, size_t count, size_t *ret_index);

/* A whole number of seconds in bounds; tells and answers false when it is none. */
bool conf_read_seconds(const struct conf_reader *reader, const struct conf_node *text, uint32_t min,
		       uint32_t max, uint32_t *ret_seconds);

/* The same, or 0, which stands for never. */
bool conf_read_seconds_or_0(const struct conf_reader *reader, const struct conf_node *text,
			    uint32_t min, uint32_t max, uint32_t *ret_seconds);

/* A whole number in bounds; tells and answers false when it is none. */
bool conf_read_count(const struct conf_reader *reader, const struct conf_node *text, uint32_t min,
		     uint32_t max, uint32_t *ret_count);

/* Text for people: no control characters, at most `max_bytes`. Tells without quoting the text. */
bool conf_check_text(const struct conf_reader *reader, const struct conf_node *text,
		     size_t max_bytes);

/* One letter, digit or one of "+-._" after the other: what a number consists of. */
bool conf_is_number(struct slice text);

/* "yes" or "no"; tells and answers false when it is neither. */
bool conf_read_yes(const struct conf_reader *reader, const struct conf_node *text,
		   bool *ret_is_yes);

/* "handle" or "forward"; tells when it is neither. */
#define CONF_EXPECTED_REFER "handle or forward"
void conf_read_refer(const struct conf_reader *reader, const struct conf_node *text,
		     enum refer_mode *ret_refer);

/* A number, or the beginning of numbers with a '*' behind it; tells at `node` when it is none. */
bool conf_read_match(const struct conf_reader *reader, const struct conf_node *node,
		     struct slice text, struct number_match *ret_match);

/* The value of `key` in a map; NULL when there is none. */
const struct conf_node *conf_find(const struct conf_node *map, struct slice key);

/*
 * Whether a number is dialable and not what a code dials; `what` is whose number, for the report,
 * which is told at the key of `node`.
 */
bool conf_check_number(const struct conf_reader *reader, const struct conf_node *node,
		       struct slice number, const char *what);

/* What is dialled to make the server do something, such as "*85"; tells when it cannot be one. */
#define CONF_EXPECTED_CODE "a code in quotes, such as \"*8\""
bool conf_check_code(const struct conf_reader *reader, const struct conf_node *text);

/*
 * The map behind "park" (conf_park.c). Then: whether a number is none of park's, and whether the
 * pick-up of an extension is not hidden by one. Both tell at the key of `node`.
 */
int conf_take_park(struct conf_reader *reader, const struct conf_node *map, void *object);
bool conf_check_park(const struct conf_reader *reader, const struct conf_node *node,
		     struct slice number);
bool conf_check_hidden(const struct conf_reader *reader, const struct conf_node *node,
		       struct slice number);

/* A map of forwards; where they lead to is checked at the end, by conf_check_forwards(). */
int conf_take_forward(struct conf_reader *reader, const struct conf_node *map,
		      struct forward *forward);
void conf_check_forwards(const struct conf_reader *reader, const struct conf_node *root);

/* A host name or an IP address, without a port: what can stand behind an '@'. */
bool conf_is_domain(struct slice text);

/* Whether this key stands under `defaults` and extensions (conf_extension.c). */
bool conf_is_default_key(struct slice key);

/*
 * About lamps (conf_lamp.c): keys of an extension, the top level's "lamps", and what can only be
 * checked at the end. The latter: ERR_NOMEM.
 */
#define CONF_EXPECTED_VISIBILITY "one of none, busy, calls, numbers"
int conf_take_visibility(struct conf_reader *reader, const struct conf_node *value, void *object);
int conf_take_notify(struct conf_reader *reader, const struct conf_node *value, void *object);
int conf_take_keys(struct conf_reader *reader, const struct conf_node *value, void *object);
int conf_take_profile(struct conf_reader *reader, const struct conf_node *value, void *object);
int conf_take_lamp_source(struct conf_reader *reader, const struct conf_node *value, void *object);
int conf_take_lamps(struct conf_reader *reader, const struct conf_node *map, void *object);
int conf_check_lamps(const struct conf_reader *reader, const struct conf_node *root);

/* The map behind "groups" (conf_group.c). */
int conf_take_groups(struct conf_reader *reader, const struct conf_node *map, void *object);

/* The map behind the top-level key "extensions" (conf_extension.c), and the one behind "defaults".
 */
int conf_take_extensions(struct conf_reader *reader, const struct conf_node *map, void *object);
int conf_take_defaults(struct conf_reader *reader, const struct conf_node *map, void *object);

/* About the server as a process (conf_server.c): behind "ctl", "records" and "limits". */
int conf_take_ctl(struct conf_reader *reader, const struct conf_node *value, void *object);
int conf_take_records(struct conf_reader *reader, const struct conf_node *value, void *object);
int conf_take_limits(struct conf_reader *reader, const struct conf_node *map, void *object);
/* Those behind "trunks" (conf_trunk.c) and "routes" (conf_route.c), in this order. */
int conf_take_trunks(struct conf_reader *reader, const struct conf_node *map, void *object);
int conf_take_routes(struct conf_reader *reader, const struct conf_node *list, void *object);

/* The name servers behind "dns" (conf_trunk.c). */
int conf_take_dns(struct conf_reader *reader, const struct conf_node *value, void *object);
/* The map behind "tls" (conf_tls.c). */
int conf_take_tls(struct conf_reader *reader, const struct conf_node *map, void *object);

/* Up to `cap` bytes of a file (conf_file.c). ERR_IO with errno. */
int conf_read_fd(int fd, char *p, size_t cap, size_t *ret_n);

#endif
