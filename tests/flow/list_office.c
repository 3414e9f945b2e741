/* SPDX-License-Identifier: MIT */
/*
 * The office of flows with lists.
 */
#include "list_office.h"

const struct profile roomy_profile = {
	.name = "roomy",
	.is_dialog_needed = true,
	.is_name_shown = true,
	.notify_bytes = 6000,
};

struct world *office_with_raw_alice(struct raw **ret_raw)
{
	struct world *w = world_new("alice", "bob", "carol", "dave");

	*ret_raw = world_raw(w, "raw");
	return w;
}

unsigned alice_says(struct raw *raw, const char *text)
{
	return raw_ask_as(raw, "201", OFFICE_PASSWORD, text);
}
