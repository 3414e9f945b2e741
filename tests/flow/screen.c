/* SPDX-License-Identifier: MIT */
/*
 * Reading the NOTIFYs of a list as strictly as the strictest phone would.
 */
#include "screen.h"

#include "sip/multipart.h"
#include "xml/dialog_info_read.h"
#include "xml/rlmi_read.h"

#include <stdio.h>
#include <stdlib.h>

const struct screen screen_blank = { .version = -1 };

void screen_cut(const char *text, const char *before, char *ret, size_t size)
{
	const char *p = strstr(text, before);

	p = p ? p + strlen(before) : "";
	snprintf(ret, size, "%.*s", (int)strcspn(p, "\"<"), p);
}

static long cut_number(const char *text, const char *before)
{
	char number[16];

	screen_cut(text, before, number, sizeof(number));
	return strtol(number, NULL, 10);
}

struct screen_key *screen_find_key(struct screen *screen, const char *uri)
{
	for (size_t i = 0; i < screen->count; i++)
		if (strcmp(screen->keys[i].uri, uri) == 0)
			return &screen->keys[i];
	return NULL;
}

/* Expat finds nothing wrong with any part. */
static void expect_xml(struct world *w, const struct multipart *multipart)
{
	_Alignas(max_align_t) static char block[4 * XML_MAX_BYTES];
	struct rlmi_list list;
	struct dialog_info info;
	struct arena arena;

	arena_init(&arena, block, sizeof(block));
	expect(w, rlmi_read(multipart->parts[0].body, &arena, &list) == 0);
	for (size_t i = 1; i < multipart->part_count; i++) {
		arena_init(&arena, block, sizeof(block));
		expect(w, dialog_info_read(multipart->parts[i].body, &arena, &info) == 0);
	}
}

static void show_part(struct world *w, struct screen_key *key, const struct multipart_part *part)
{
	char entity[64];
	long version = cut_number(part->body.p, "\" version=\"");

	screen_cut(part->body.p, " entity=\"", entity, sizeof(entity));
	expect(w, strcmp(entity, key->uri) == 0);
	expect(w, slice_eq(part->type, SLICE("application/dialog-info+xml")));
	expect(w, version == key->version + 1);
	key->version = version;
	/* Behind its attributes, if it has any. */
	screen_cut(strchr(strstr(part->body.p, "<state"), '>'), ">", key->state,
		   sizeof(key->state));
	snprintf(key->document, sizeof(key->document), "%s", part->body.p);
}

/* A full list is shown in its own order; of who was on it before the instance is still known. */
static struct screen_key *list_key(struct world *w, struct screen *screen,
				   const struct screen *before, const char *uri)
{
	struct screen_key *key = screen->is_full ? NULL : screen_find_key(screen, uri);
	const struct screen_key *known = screen_find_key((struct screen *)before, uri);

	if (key)
		return key;
	expect(w, screen->is_full && screen->count < SCREEN_MAX);
	key = &screen->keys[screen->count++];
	*key = (struct screen_key){ .version = -1 };
	if (known)
		*key = *known;
	key->state[0] = '\0';
	snprintf(key->uri, sizeof(key->uri), "%s", uri);
	return key;
}

/* A resource with its instance, if it has one; what its cid names is there. */
static void show_resource(struct world *w, struct screen *screen, const struct screen *before,
			  const struct multipart *multipart, const char *text)
{
	char uri[64], instance[12], cid[64];
	const struct multipart_part *part;
	struct screen_key *key;

	screen_cut(text, "<resource uri=\"", uri, sizeof(uri));
	screen_cut(text, "<instance id=\"", instance, sizeof(instance));
	screen_cut(text, " cid=\"", cid, sizeof(cid));
	key = list_key(w, screen, before, uri);
	if (screen->is_full)
		screen_cut(text, "<name>", key->name, sizeof(key->name));
	if (!*instance)
		return;
	if (strcmp(key->instance, instance) != 0)
		key->version = -1;
	snprintf(key->instance, sizeof(key->instance), "%s", instance);
	part = multipart_find(multipart, slice_from_cstr(cid));
	expect(w, part != NULL);
	if (part)
		show_part(w, key, part);
}

/* RFC 4662 5.2, 5.6: the first one is full; a full one is all there is; no version is left out. */
static void show_list(struct world *w, struct screen *screen, const struct multipart *multipart)
{
	const char *root = multipart->parts[0].body.p;
	struct screen before = *screen;
	char line[512];

	expect(w, cut_number(root, "\" version=\"") == screen->version + 1);
	screen->version++;
	screen->is_full = strstr(root, "fullState=\"true\"") != NULL;
	screen->parts = multipart->part_count - 1;
	expect(w, screen->is_full || screen->version > 0);
	if (screen->is_full)
		screen->count = 0;
	for (const char *p = root; (p = strstr(p, "<resource ")); p++) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		show_resource(w, screen, &before, multipart, line);
	}
}

static void show_notify(struct world *w, struct screen *screen, const char *notify)
{
	static char body[RAW_MESSAGE_MAX_BYTES];
	static struct multipart multipart;
	const char *type = strstr(notify, "\r\nContent-Type: ");

	screen->notifies++;
	expect(w, strstr(notify, "\r\nRequire: eventlist\r\n") != NULL);
	if (!type)
		return;
	type += strlen("\r\nContent-Type: ");
	snprintf(body, sizeof(body), "%s", strstr(notify, "\r\n\r\n") + 4);
	expect(w, multipart_read(slice_of(type, strcspn(type, "\r")), slice_from_cstr(body),
				 &multipart) == 0);
	for (size_t i = 0; i < multipart.part_count; i++)
		*(char *)(multipart.parts[i].body.p + multipart.parts[i].body.n) = '\0';
	expect(w, multipart.root == 0);
	expect_xml(w, &multipart);
	show_list(w, screen, &multipart);
	/* What is longer than a datagram is one document, or nothing but names. */
	if (screen->bytes > DATAGRAM_BYTES && !screen->is_whole)
		expect(w, screen->parts == (screen->is_full ? 0 : 1));
}

static bool is_repeated(const struct raw *raw, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(raw->inbox[i], raw->inbox[at]) == 0)
			return true;
	return false;
}

void screen_look(struct world *w, struct screen *screen, const struct raw *raw)
{
	for (; screen->seen < raw->count; screen->seen++) {
		if (strncmp(raw->inbox[screen->seen], "NOTIFY", 6) != 0 ||
		    is_repeated(raw, screen->seen))
			continue;
		screen->bytes = raw->sizes[screen->seen];
		show_notify(w, screen, raw->inbox[screen->seen]);
	}
}

bool screen_shows(const struct screen *screen, const char *expected)
{
	char text[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < screen->count; i++) {
		const char *user = screen->keys[i].uri + strlen("sip:");

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s%s%s", i ? ", " : "",
				      (int)strcspn(user, "@"), user,
				      screen->keys[i].state[0] ? " " : "", screen->keys[i].state);
	}
	if (strcmp(text, expected) == 0)
		return true;
	fprintf(stderr, "# the screen shows: %s\n", text);
	return false;
}

bool screen_has(const struct screen *screen, const char *uri, const char *what)
{
	struct screen_key *key = screen_find_key((struct screen *)screen, uri);

	return key && strstr(key->document, what);
}
