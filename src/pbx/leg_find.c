/* SPDX-License-Identifier: MIT */
/*
 * Legs by the ids of their dialogs, as Replaces says them.
 */
#include "pbx/leg_find.h"

#include "pbx/call.h"
#include "pbx/lamp.h"

/*
 * Our tag names the dialog, and is as hard to guess as both are. Who was told of it before its
 * phone had one (RFC 4235 4.1.1) knows no more: `theirs` may be empty.
 */
static struct leg *find_by_tags(struct pbx *pbx, struct slice call_id, struct slice ours,
				struct slice theirs)
{
	struct session *session = session_find_dialog(&pbx->stack, call_id, ours);

	/* There are sessions that are no calls: the notice of do-not-disturb. */
	if (!session || session->ops != &leg_session_ops ||
	    !(slice_is_empty(theirs) || slice_eq(dialog_remote_tag(&session->dialog), theirs)))
		return NULL;
	return session->owner;
}

static bool leg_is_of(const struct leg *leg, const struct extension *extension)
{
	return leg->extension && slice_eq(leg->extension->number, extension->number);
}

/*
 * Some phones send the call-id alone. It is enough when it names one leg only and this very
 * extension was told it, or has the dialog itself; whoever saw it elsewhere gets nothing.
 */
static struct leg *find_by_call_id(struct pbx *pbx, struct slice call_id,
				   const struct extension *asker)
{
	struct leg *leg, *found = NULL;
	uint32_t slot = 0;

	while ((leg = pool_walk(&pbx->legs, &slot))) {
		if (!leg->session || !slice_eq(dialog_call_id(&leg->session->dialog), call_id) ||
		    !(leg_is_of(leg, asker) || lamp_was_told(leg, asker->number)))
			continue;
		if (found)
			return NULL;
		found = leg;
	}
	return found;
}

struct leg *leg_by_replaces(struct pbx *pbx, const struct sip_replaces *replaces,
			    const struct extension *asker)
{
	bool has_both = !slice_is_empty(replaces->to_tag) && !slice_is_empty(replaces->from_tag);
	struct leg *leg;

	if (!asker && !has_both)
		return NULL;
	leg = find_by_tags(pbx, replaces->call_id, replaces->to_tag, replaces->from_tag);
	/* Phones disagree about whose view the two tags are (PHONES trap 2). */
	if (!leg)
		leg = find_by_tags(pbx, replaces->call_id, replaces->from_tag, replaces->to_tag);
	return leg || has_both ? leg : find_by_call_id(pbx, replaces->call_id, asker);
}
