/* SPDX-License-Identifier: MIT */
/*
 * INVITE with Replaces (RFC 3891 3): somebody takes the place of the other end of one of our calls,
 * after a transfer most often. Nobody is asked: it is answered, and the old call ends.
 */
#include "phone/phone_inner.h"
#include "sip/replaces.h"

/* 0, or the status that refuses to have such a session replaced. */
static unsigned check_state(const struct session *session, bool is_early_only)
{
	switch (session->state) {
	case SESSION_EARLY:
		return session->is_uac ? 0 : 481;
	case SESSION_ANSWERED:
	case SESSION_CONFIRMED:
		return is_early_only ? 486 : 0;
	case SESSION_CALLING:
	case SESSION_CANCELLED:
	case SESSION_ENDING:
	case SESSION_ENDED:
		break;
	}
	return 481;
}

/* The ids are the caller's view of our dialog: the To tag is ours. */
unsigned phone_replaced_find(struct phone *phone, const struct incoming *in,
			     struct phone_call **ret_call)
{
	const struct sip_header *header = sip_msg_header(in->msg, HDR_REPLACES);
	struct sip_replaces replaces;
	struct session *session;
	unsigned status;

	*ret_call = NULL;
	if (!header || phone->config.lacks_replaces)
		return 0;
	if (sip_replaces_parse(header->value, &replaces) || slice_is_empty(replaces.to_tag) ||
	    sip_msg_header_named(in->msg, SLICE("Join")))
		return 400;
	/* Whoever knows the ids is not yet somebody who may use them: the server has checked. */
	if (!phone_flow_is_server(phone, &in->flow))
		return 481;
	session = session_find_dialog(&phone->stack, replaces.call_id, replaces.to_tag);
	if (!session || !slice_eq(dialog_remote_tag(&session->dialog), replaces.from_tag))
		return 481;
	status = check_state(session, replaces.is_early_only);
	if (status == 0)
		*ret_call = session->owner;
	return status;
}
