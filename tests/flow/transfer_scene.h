/* SPDX-License-Identifier: MIT */
/*
 * How flows of transfers begin: alice (201) has called bob (202), who is about to send her to carol
 * (203). Each of these takes a world of phones and returns it, so that they can be written as one
 * sentence: bob_consults_carol(watched_by_erin()).
 */
#ifndef LAMPYRID_TESTS_TRANSFER_SCENE_H
#define LAMPYRID_TESTS_TRANSFER_SCENE_H

#include "world.h"

/* Dave (204) is there, too, with a key for carol; erin (205) watches the three. */
struct world *watched_by_erin(void);

/* Alice calls bob, and they hear each other. */
struct world *alice_talks_to_bob(struct world *w);

/* Then bob calls carol, for which his phone holds alice, and carol's phone rings. */
struct world *bob_calls_carol(struct world *w);

/* Then carol answers. */
struct world *bob_consults_carol(struct world *w);

/* From now on this phone hangs up as soon as its REFER is accepted. Everybody has started. */
void leaves_at_once(struct world *w, const char *name);

#endif
