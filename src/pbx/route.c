/* SPDX-License-Identifier: MIT */
/*
 * What a called number means. Orbits and the codes that stand alone come first, then the longest
 * pick-up code with something behind it, then extensions and groups.
 */
#include "pbx/route.h"

#include "pbx/call.h"
#include "pbx/dnd.h"
#include "pbx/park.h"
#include "pbx/phone_forward.h"
#include "pbx/pickup.h"
#include "pbx/ticket.h"

struct slice route_behind_pickup_code(const struct directory *directory, struct slice number)
{
	struct slice best = SLICE_NONE;
	size_t best_n = 0;

	for (size_t i = 0; i < directory->pickup_code_count; i++) {
		struct slice code = directory->pickup_codes[i];

		if (slice_starts_with(number, code) && number.n > code.n && code.n > best_n) {
			best = slice_from(number, code.n);
			best_n = code.n;
		}
	}
	return best;
}

struct destination route_find(const struct directory *directory, struct slice number)
{
	const struct extension *extension = directory_find(directory, number);

	const struct group *group = directory_find_group(directory, number);

	if (extension)
		return (struct destination){ .kind = DESTINATION_EXTENSION,
					     .extension = extension };
	if (group)
		return (struct destination){ .kind = DESTINATION_GROUP, .group = group };
	return (struct destination){ .kind = DESTINATION_NONE };
}

struct destination route_find_for(const struct directory *directory, struct slice number,
				  const struct extension *caller, bool *ret_is_denied)
{
	struct destination to = route_find(directory, number);

	*ret_is_denied = false;
	if (to.kind != DESTINATION_NONE)
		return to;
	to.route = dialplan_find_route(&directory->dialplan, number, caller, ret_is_denied);
	if (to.route) {
		to.kind = DESTINATION_ROUTE;
		to.number = number;
	}
	return to;
}

struct party destination_party(const struct destination *to)
{
	if (to->kind == DESTINATION_ROUTE)
		return (struct party){ .number = to->number };
	if (to->kind == DESTINATION_GROUP)
		return (struct party){ to->group->number, to->group->name };
	return (struct party){ to->extension->number, to->extension->name };
}

struct forward destination_forward(const struct pbx *pbx, const struct destination *to)
{
	if (to->kind == DESTINATION_ROUTE)
		return (struct forward){ 0 };
	return to->kind == DESTINATION_GROUP ? to->group->forward
					     : phone_forward_of(pbx, to->extension);
}

bool destination_is_emergency(const struct destination *to)
{
	return to->kind == DESTINATION_ROUTE && to->route->is_emergency;
}

static void refuse_full(struct pbx *pbx, struct incoming *in, const struct extension *caller,
			struct slice number)
{
	record_refused(pbx, &(struct party){ caller->number, caller->name }, number, 503,
		       RECORD_LIMIT);
	incoming_refuse_full(in);
}

static void refuse_unknown(struct pbx *pbx, struct incoming *in, const struct extension *caller,
			   struct slice number, unsigned status)
{
	record_refused(pbx, &(struct party){ caller->number, caller->name }, number, status,
		       RECORD_REFUSED);
	incoming_reply_status(in, status);
}

void call_on_invite(struct pbx *pbx, struct incoming *in, const struct extension *caller)
{
	const struct directory *directory = pbx->directory;
	struct destination to;
	char text[SIP_USER_MAX_BYTES];
	struct buf user = BUF_ON(text);
	struct slice number, picked;
	struct ticket *ticket;
	bool is_denied;

	if (sip_msg_header(in->msg, HDR_JOIN)) {
		pickup_refuse_join(pbx, in, caller);
		return;
	}
	if (sip_msg_header(in->msg, HDR_REPLACES)) {
		pickup_by_replaces(pbx, in, caller);
		return;
	}
	/* No open relay: other domains are not ours to call. */
	if (!pbx_is_own_host(pbx, &in->msg->uri, &in->flow) ||
	    uri_unescape(&user, in->msg->uri.user) || user.is_overflown) {
		incoming_reply_status(in, 404);
		return;
	}
	number = buf_text(&user);
	picked = route_behind_pickup_code(directory, number);
	ticket = ticket_to_call(pbx, &(struct ticket_holder){ .extension = caller }, number);
	to = ticket ? ticket_destination(ticket, &is_denied)
		    : route_find_for(directory, number, caller, &is_denied);
	if (park_is_number(pbx, number))
		park_on_invite(pbx, in, caller, number);
	else if (!slice_is_empty(number) && slice_eq(number, directory->group_pickup_code))
		pickup_by_group(pbx, in, caller);
	else if (!slice_is_empty(number) && slice_eq(number, directory->dnd_on_code))
		dnd_by_code(pbx, in, caller, true);
	else if (!slice_is_empty(number) && slice_eq(number, directory->dnd_off_code))
		dnd_by_code(pbx, in, caller, false);
	else if (!slice_is_empty(picked))
		pickup_by_number(pbx, in, caller, picked);
	else if (to.kind == DESTINATION_NONE)
		refuse_unknown(pbx, in, caller, number, is_denied ? 403 : 404);
	else if (!destination_is_emergency(&to) && !pbx_has_room(pbx))
		refuse_full(pbx, in, caller, number);
	else
		call_start(pbx, in, caller, number, &to, ticket);
}
