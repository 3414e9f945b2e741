/* SPDX-License-Identifier: MIT */
/*
 * The auditor of lamps: what nobody said it finds. In every other flow expect_quiet() asks that it
 * found nothing.
 */
#include "pbx/api.h"
#include "pbx/lamp.h"
#include "world.h"

static const struct lamp_audit *audit(const struct world *w)
{
	return &w->office.pbx.lamp_audit;
}

/* Nobody tells bob's watchers of what happens, as if a line of ours were missing. */
static void forget_watchers(struct world *w, struct list *ret_watchers)
{
	struct lamp_entity *entity = lamp_find(&w->office.pbx, SLICE("202"));

	expect(w, entity != NULL);
	list_init(ret_watchers);
	LIST_FOR (watcher, &entity->watchers, struct watcher, node) {
		list_remove(&watcher->node);
		list_append(ret_watchers, &watcher->node);
	}
}

static void remember_watchers(struct world *w, struct list *watchers)
{
	struct lamp_entity *entity = lamp_find(&w->office.pbx, SLICE("202"));

	expect(w, entity != NULL);
	LIST_FOR (watcher, watchers, struct watcher, node) {
		list_remove(&watcher->node);
		list_append(&entity->watchers, &watcher->node);
	}
}

/* The call keeps the entity while its watchers are away. */
FLOW_PLAIN(complaint_17_a_lamp_that_was_forgotten_is_repaired, "RFC 4235 3.9, RFC 6665 4.2.2")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");
	struct list watchers;

	watch(w, "carol", "bob");
	watch(w, "dave", "bob");
	dial(w, "alice", "bob");
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	forget_watchers(w, &watchers);
	answer(w, "bob");
	advance_ms(w, 1000);
	remember_watchers(w, &watchers);
	expect_lamp(w, "carol", "bob", LAMP_RINGING);
	expect(w, audit(w)->repairs == 0);
	advance_ms(w, 60000);
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	expect_lamp(w, "dave", "bob", LAMP_TALKING);
	w->broken_lamps = 2;
	expect(w, audit(w)->repairs == 2);
	expect(w, audit(w)->wrong_ms > 30000 && audit(w)->wrong_ms < 2 * 61000);
	expect_quiet(w);
}

/* What a person looks at: from the change to the phone's 200, here by 2 * 10 ms of wire. */
FLOW_PLAIN(the_time_of_wrong_lamps_is_counted, "RFC 6665 4.2.2")
{
	struct world *w = world_new("alice", "bob", "carol");
	uint64_t before_ms;

	watch(w, "carol", "bob");
	advance_ms(w, 1000);
	before_ms = audit(w)->wrong_ms;
	dial(w, "alice", "bob");
	advance_ms(w, 1000);
	expect(w, audit(w)->wrong_ms > before_ms && audit(w)->wrong_ms < before_ms + 100);
	before_ms = audit(w)->wrong_ms;
	/* Four seconds of a lamp that still rings. */
	unplug(w, "carol");
	answer(w, "bob");
	advance_ms(w, 4000);
	expect(w, audit(w)->wrong_ms == before_ms);
	plug_in(w, "carol");
	advance_ms(w, 10000);
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	expect(w, audit(w)->wrong_ms > before_ms + 4000 && audit(w)->wrong_ms < before_ms + 9000);
	expect_quiet(w);
}

FLOW_PLAIN(the_auditor_is_round_in_a_minute, "RFC 6665 4.2.2")
{
	struct world *w = world_new("alice", "bob", "carol", "dave");
	uint64_t before;

	watch(w, "carol", "bob");
	watch(w, "dave", "bob");
	watch(w, "alice", "bob");
	world_start(w);
	advance_ms(w, 60000);
	before = audit(w)->looks;
	advance_ms(w, 60000);
	expect(w, audit(w)->count == 3);
	expect(w, audit(w)->looks >= before + 3 && audit(w)->looks <= before + 4);
	expect_silence(w, "switch -> carol NOTIFY");
	expect_quiet(w);
}

/* What `ctl lamp` says of bob's lamp to the first who watches it. */
static const char *explain(struct world *w, const char *watcher)
{
	static char text[API_ROW_MAX_BYTES + 1];
	struct buf buf = BUF_ON(text);
	struct api_cursor cursor;

	api_cursor_init(&cursor, &w->office.pbx, API_LAMP, SLICE("202"));
	cursor.watcher = slice_from_cstr(watcher);
	expect(w, api_next(&cursor, &buf) == API_ROW);
	buf = BUF_ON(text);
	expect(w, api_next(&cursor, &buf) == API_ROW && !buf.is_overflown);
	api_cursor_fini(&cursor);
	text[buf.n] = '\0';
	return text;
}

static bool explains(struct world *w, const char *watcher, const char *what)
{
	return strstr(explain(w, watcher), what) != NULL;
}

FLOW_PLAIN(a_lamp_is_explained_at_each_point, "ctl")
{
	struct world *w = world_new("alice", "bob", "carol");

	world_extension(w, "bob")->pickup = PICKUP_NONE;
	watch(w, "carol", "bob");
	dial(w, "alice", "bob");
	expect(w, explains(w, "203", "\"told\":\"right\"") && explains(w, "203", "\"status\":200"));
	expect(w, explains(w, "203", "\"lamp\":\"steady\",\"dialogs\":[{\"state\":\"confirmed\""));
	expect(w, explains(w, "203", "\"pickup\":false,\"pickup_by\":\"nobody\""));
	expect(w, explains(w, "201", "\"watching\":false,\"exists\":true"));
	expect(w, explains(w, "299", "\"watching\":false,\"exists\":false"));
	unplug(w, "carol");
	hang_up(w, "alice");
	expect(w, explains(w, "203", "\"told\":\"sent\",\"wrong\":0"));
	expect(w, explains(w, "203", "\"lamp\":\"off\"") && !explains(w, "203", "\"status\":"));
	advance_ms(w, 33000);
	expect(w, explains(w, "203", "\"told\":\"lost\",\"wrong\":33"));
	expect(w, explains(w, "203", "\"status\":408,\"after\":32.000"));
	plug_in(w, "carol");
	advance_ms(w, 10000);
	expect(w, explains(w, "203", "\"told\":\"right\",\"right\":"));
	expect_quiet(w);
}
