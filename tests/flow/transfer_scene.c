/* SPDX-License-Identifier: MIT */
/*
 * How flows of transfers begin.
 */
#include "transfer_scene.h"

struct world *watched_by_erin(void)
{
	struct world *w = world_new("alice", "bob", "carol", "dave", "erin");

	watch(w, "erin", "alice");
	watch(w, "erin", "bob");
	watch(w, "erin", "carol");
	watch(w, "dave", "carol");
	return w;
}

struct world *alice_talks_to_bob(struct world *w)
{
	dial(w, "alice", "bob");
	answer(w, "bob");
	expect_media(w, "alice", "bob");
	return w;
}

struct world *bob_calls_carol(struct world *w)
{
	alice_talks_to_bob(w);
	dial(w, "bob", "carol");
	return w;
}

struct world *bob_consults_carol(struct world *w)
{
	bob_calls_carol(w);
	answer(w, "carol");
	return w;
}

void leaves_at_once(struct world *w, const char *name)
{
	world_phone(w, name)->phone.config.transfer_leaves = true;
}
