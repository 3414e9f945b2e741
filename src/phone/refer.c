/* SPDX-License-Identifier: MIT */
/*
 * REFERs that we get (RFC 3515): the other end of a call sends us to somebody else (RFC 5589), or
 * the server has us call. We call there, by an INVITE with the Replaces that Refer-To asks for, and
 * tell how it goes. Once that is answered the old call is the referrer's to end, and after a while
 * ours.
 */
#include "core/refer.h"
#include "base/err.h"
#include "phone/phone_inner.h"
#include "sip/refer_to.h"
#include "sip/target_dialog.h"

#define FAREWELL_MS 5000

/* A call keeps a handle, which is stale by now. */
static void on_end(struct refer *refer)
{
	(void)refer;
}

static const struct refer_ops refer_ops = { .on_end = on_end };

/* --- Taking one --------------------------------------------------------------------------- */

static bool has_free_call(const struct phone *phone)
{
	return phone_count_calls_in(phone, PHONE_CALL_FREE) > 0;
}

/* One transfer of a call at a time: by us, or by the peer as long as we still try. */
static bool is_transferred(const struct phone *phone, const struct phone_call *call)
{
	for (size_t i = 0; i < PHONE_CALLS_MAX; i++)
		if (phone->calls[i].state != PHONE_CALL_FREE &&
		    phone->calls[i].referrer == call->number)
			return true;
	return phone_transfer_is_going(call);
}

/* `call`: whose peer refers us; NULL: outside of any. True when it has been answered. */
static bool refuse(struct phone *phone, const struct phone_call *call, struct incoming *in,
		   struct buf *room, struct sip_refer_to *ret_refer_to)
{
	struct sip_verdict verdict = sip_refer_to_read(in->msg, room, ret_refer_to);

	if (verdict.status == 0 && phone->is_stopping)
		verdict.status = 480;
	else if (verdict.status == 0 && call && is_transferred(phone, call))
		verdict.status = 491;
	else if (verdict.status == 0 && !has_free_call(phone))
		verdict.status = 486;
	if (verdict.status > 0)
		incoming_reply(
			in, &(struct answer){ .status = verdict.status, .reason = verdict.reason });
	return verdict.status > 0;
}

/* Without what belongs to it elsewhere in the REFER (a signature, RFC 3892 5). */
static struct slice print_referred_by(const struct sip_msg *refer, struct buf *buf)
{
	struct sip_addr by;

	if (sip_referred_by_read(refer, &by))
		return SLICE_NONE;
	buf_char(buf, '<');
	buf_slice(buf, by.uri.text);
	buf_char(buf, '>');
	return buf->is_overflown ? SLICE_NONE : buf_text(buf);
}

static void call_there(struct phone *phone, const struct sip_msg *msg, struct refer *refer,
		       const struct sip_refer_to *refer_to, unsigned referrer)
{
	char text[SIP_URI_MAX_BYTES + 2];
	struct buf referred_by = BUF_ON(text);
	bool has_replaces = refer_to->has_replaces && !phone->config.lacks_replaces;
	struct handle handle = refer->pooled.handle;

	if (phone_call_start(
		    phone, refer_to->uri.text,
		    &(struct phone_invite){ .replaces = has_replaces ? &refer_to->replaces : NULL,
					    .referred_by = print_referred_by(msg, &referred_by),
					    .referrer = referrer,
					    .refer = handle }) == 0)
		return;
	refer = refer_find(&phone->stack, handle);
	if (refer)
		refer_tell(refer, 503, SLICE_NONE);
}

/* In the dialog of `session`, or NULL: outside of it; `call` as above. */
static void take(struct phone *phone, struct phone_call *call, struct session *session,
		 struct incoming *in)
{
	char text[SIP_REFER_TO_ROOM_BYTES];
	struct buf room = BUF_ON(text);
	struct sip_refer_to refer_to;
	struct phone_event event = { 0 };
	struct refer *refer;

	if (refuse(phone, call, in, &room, &refer_to))
		return;
	if (session ? refer_accept(session, in, &refer_ops, phone, &refer)
		    : refer_take(in, phone->contact, &refer_ops, phone, &refer))
		return;
	if (call) {
		event = phone_call_event(call, PHONE_TRANSFER);
		event.to = refer_to.uri.text;
		event.is_by_peer = true;
		phone_emit(phone, &event);
	}
	call_there(phone, in->msg, refer, &refer_to, event.call);
}

void phone_refer_on_request(struct phone_call *call, struct session *session, struct incoming *in)
{
	take(call->phone, call, session, in);
}

/* The call whose dialog the sender shows to know (RFC 4538 5): the remote tag is ours. */
static struct phone_call *find_target(struct phone *phone, const struct sip_msg *refer)
{
	struct sip_target_dialog target;
	struct session *session;

	if (sip_target_dialog_parse(sip_msg_value(refer, HDR_TARGET_DIALOG), &target))
		return NULL;
	session = session_find_dialog(&phone->stack, target.call_id, target.remote_tag);
	if (!session || !slice_eq(dialog_remote_tag(&session->dialog), target.local_tag) ||
	    (session->state != SESSION_ANSWERED && session->state != SESSION_CONFIRMED))
		return NULL;
	return session->owner;
}

void phone_refer_on_request_outside(struct phone *phone, struct incoming *in)
{
	struct phone_call *call = find_target(phone, in->msg);

	if (session_refuse_required(in))
		return;
	if ((!call && !phone->config.takes_click_to_dial) ||
	    !phone_flow_is_server(phone, &in->flow))
		incoming_reply_status(in, 403);
	else
		take(phone, call, NULL, in);
}

/* --- Telling how it goes ------------------------------------------------------------------ */

void phone_refer_tell(struct phone_call *call, unsigned status, struct slice reason)
{
	struct refer *refer = refer_find(&call->phone->stack, call->refer);

	if (refer)
		refer_tell(refer, status, reason);
}

static void on_farewell(struct timer *timer)
{
	struct phone_call *call = CONTAINER_OF(timer, struct phone_call, farewell);

	(void)phone_hangup(call->phone, call->number);
}

void phone_refer_on_answered(struct phone_call *call)
{
	struct phone_call *old = NULL;
	unsigned states = 1 << PHONE_CALL_TALKING | 1 << PHONE_CALL_HOLDING;

	phone_refer_tell(call, 200, SLICE_NONE);
	if (call->referrer > 0)
		old = phone_call_find(call->phone, call->referrer, states);
	call->referrer = 0;
	if (old)
		timer_start(call->phone->stack.timers, &old->farewell, FAREWELL_MS, on_farewell);
}
