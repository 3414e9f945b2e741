/* SPDX-License-Identifier: MIT */
/*
 * Choosing the pick-up. The ids of a document are those of the watched phone's own leg, seen from
 * that phone: its remote tag is the To tag of Replaces, its local tag the From tag.
 */
#include "phone/pickup.h"

#include "base/err.h"

static int choose_replaces(const struct dialog_entry *entry, struct phone_pickup *ret_pickup)
{
	const struct dialog_party *remote = &entry->remote;
	struct slice target = slice_is_empty(remote->target) ? remote->identity : remote->target;

	if (slice_is_empty(entry->call_id) || slice_is_empty(target))
		return ERR_NOTFOUND;
	*ret_pickup = (struct phone_pickup){ .target = target,
					     .has_replaces = true,
					     .replaces = { .call_id = entry->call_id,
							   .to_tag = entry->remote_tag,
							   .from_tag = entry->local_tag } };
	return 0;
}

/* The remote identity is no pick-up URI: it would call the caller. */
static int choose_target(const struct dialog_entry *entry, struct phone_pickup *ret_pickup)
{
	if (slice_is_empty(entry->remote.target))
		return ERR_NOTFOUND;
	*ret_pickup = (struct phone_pickup){ .target = entry->remote.target };
	return 0;
}

static int choose_code(struct slice code_number, struct phone_pickup *ret_pickup)
{
	if (slice_is_empty(code_number))
		return ERR_NOTFOUND;
	*ret_pickup = (struct phone_pickup){ .target = code_number, .is_code = true };
	return 0;
}

static int choose_any(const struct dialog_entry *entry, struct slice code_number,
		      struct phone_pickup *ret_pickup)
{
	if (choose_replaces(entry, ret_pickup) == 0 || choose_target(entry, ret_pickup) == 0)
		return 0;
	return choose_code(code_number, ret_pickup);
}

static int choose_tags(const struct dialog_entry *entry, struct slice code_number,
		       struct phone_pickup *ret_pickup)
{
	if (!slice_is_empty(entry->local_tag) && !slice_is_empty(entry->remote_tag) &&
	    choose_replaces(entry, ret_pickup) == 0)
		return 0;
	return choose_code(code_number, ret_pickup);
}

int phone_pickup_choose(const struct dialog_entry *entry, enum pickup_mode mode,
			struct slice code_number, struct phone_pickup *ret_pickup)
{
	int err = ERR_NOTFOUND;

	switch (mode) {
	case PICKUP_AS_PROFILE:
		break;
	case PICKUP_AUTO:
		err = choose_any(entry, code_number, ret_pickup);
		break;
	case PICKUP_BY_REPLACES:
		err = choose_replaces(entry, ret_pickup);
		break;
	case PICKUP_BY_TAGS:
		err = choose_tags(entry, code_number, ret_pickup);
		break;
	case PICKUP_BY_TARGET:
		err = choose_target(entry, ret_pickup);
		break;
	case PICKUP_BY_CODE:
		err = choose_code(code_number, ret_pickup);
		break;
	}
	if (!err) {
		ret_pickup->caller = entry->remote.identity;
		ret_pickup->caller_display = entry->remote.display;
	}
	return err;
}
