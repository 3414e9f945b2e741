/* SPDX-License-Identifier: MIT */
/*
 * Watching somebody whose calls are elsewhere.
 */
#include "elsewhere.h"

#include "pbx/api.h"

#include <stdio.h>

void watch_bob(struct world *w, struct raw *carol)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 TEXT_HEAD("SUBSCRIBE", "203", "202", "s") "Contact: <sip:203@192.0.2.%u:5060>\n%s",
		 carol->node->addr.ip[3], EVENT TEXT_END);
	expect(w, raw_ask_as(carol, "203", OFFICE_PASSWORD, text) == 200);
}

bool is_told(const struct raw *watcher, const char *what)
{
	return strstr(raw_last(watcher, "NOTIFY"), what) != NULL;
}

const char *explained(struct world *w)
{
	static char text[8192];
	struct buf buf = { .p = text, .cap = sizeof(text) - 1 };
	struct api_cursor cursor;

	api_cursor_init(&cursor, &w->office.pbx, API_LAMP, SLICE("202"));
	while (api_next(&cursor, &buf) != API_END)
		continue;
	api_cursor_fini(&cursor);
	text[buf.n] = '\0';
	return text;
}
