/* SPDX-License-Identifier: MIT */
/*
 * Sending the other end of a call elsewhere by a REFER in its dialog (RFC 3515, RFC 5589): to a
 * number, or to the other end of a second call, which Replaces in Refer-To names. We stay until we
 * hear that it has worked, so that nobody is left alone when it has not; unless the phone that is
 * played leaves before.
 */
#include "base/err.h"
#include "base/mem.h"
#include "core/referral.h"
#include "phone/phone_inner.h"
#include "sip/refer_to.h"
#include "sip/target_dialog.h"

#define ANY_STATE (~(1u << PHONE_CALL_FREE))

bool phone_transfer_is_going(const struct phone_call *call)
{
	return call->transfer.state != PHONE_TRANSFER_NONE;
}

void phone_transfer_fini(struct phone_call *call)
{
	struct referral *referral = referral_find(&call->phone->stack, call->transfer.referral);

	if (referral)
		referral_end(referral);
	mem_free((char *)call->transfer.to.p);
	call->transfer = (struct phone_transfer){ 0 };
}

static void transfer_emit(const struct phone_call *call, enum phone_result result, unsigned status,
			  struct slice reason)
{
	struct phone_event event = phone_call_event(call, PHONE_TRANSFER);

	event.to = call->transfer.to;
	event.result = result;
	event.status = status;
	event.reason = reason;
	if (status > 0 && slice_is_empty(reason))
		event.reason = sip_status_reason(status);
	phone_emit(call->phone, &event);
}

/* --- How it ends -------------------------------------------------------------------------- */

/* It may be over by now. */
static void hang_up(struct phone *phone, unsigned number)
{
	if (number > 0 && phone_call_find(phone, number, ANY_STATE))
		(void)phone_hangup(phone, number);
}

/* The others talk with each other. */
static void transfer_done(struct phone_call *call, unsigned status, struct slice reason)
{
	struct phone *phone = call->phone;
	unsigned number = call->number, consulted = call->transfer.consulted;

	transfer_emit(call, PHONE_RESULT_DONE, status, reason);
	phone_transfer_fini(call);
	hang_up(phone, consulted);
	hang_up(phone, number);
}

/* Everybody is where he was. */
static void transfer_failed(struct phone_call *call, unsigned status, struct slice reason)
{
	struct phone *phone = call->phone;
	unsigned held = call->transfer.held;

	transfer_emit(call, PHONE_RESULT_FAILED, status, reason);
	phone_transfer_fini(call);
	if (held > 0 && phone_call_find(phone, held, 1 << PHONE_CALL_HOLDING))
		(void)phone_resume(phone, held);
}

/* The one that waits until `call` is held, or NULL. */
static struct phone_call *find_waiting(const struct phone_call *call)
{
	for (size_t i = 0; i < PHONE_CALLS_MAX; i++) {
		struct phone_call *waiting = &call->phone->calls[i];

		if (waiting->transfer.state == PHONE_TRANSFER_HOLDING &&
		    waiting->transfer.held == call->number)
			return waiting;
	}
	return NULL;
}

void phone_transfer_on_ended(struct phone_call *call)
{
	struct phone_call *waiting = find_waiting(call);

	if (phone_transfer_is_going(call))
		transfer_emit(call, PHONE_RESULT_UNKNOWN, 0, SLICE_NONE);
	/* There is nobody left to hold, nor to transfer to. */
	if (waiting && waiting != call) {
		waiting->transfer.held = 0;
		transfer_failed(waiting, 0, SLICE_NONE);
	}
}

/* --- Hearing of it ------------------------------------------------------------------------ */

static void on_accepted(struct referral *referral)
{
	struct phone_call *call = referral->owner;

	call->transfer.state = PHONE_TRANSFER_GOING;
	if (call->phone->config.transfer_leaves)
		transfer_done(call, 202, SLICE_NONE);
	else
		transfer_emit(call, PHONE_RESULT_NONE, 202, SLICE_NONE);
}

static void on_refused(struct referral *referral, unsigned status, const struct sip_msg *response)
{
	transfer_failed(referral->owner, status, response ? response->reason : SLICE_NONE);
}

static void on_progress(struct referral *referral, unsigned status, struct slice reason,
			bool is_final)
{
	if (!is_final)
		transfer_emit(referral->owner, PHONE_RESULT_NONE, status, reason);
	else if (status < 300)
		transfer_done(referral->owner, status, reason);
	else
		transfer_failed(referral->owner, status, reason);
}

static void on_end(struct referral *referral, enum referral_end end)
{
	switch (end) {
	case REFERRAL_TOLD:
		break;
	case REFERRAL_UNTOLD:
		transfer_done(referral->owner, 202, SLICE_NONE);
		break;
	case REFERRAL_DROPPED:
		transfer_failed(referral->owner, 0, SLICE_NONE);
		break;
	case REFERRAL_TIMED_OUT:
		transfer_failed(referral->owner, 408, SLICE_NONE);
		break;
	}
}

/* Of a REFER outside of any dialog, which goes to the peer's target. */
static int on_challenge(struct referral *referral, const struct sip_msg *response, struct buf *line)
{
	struct phone_call *call = referral->owner;
	struct session *session = phone_call_session(call);

	if (!session)
		return ERR_STATE;
	return account_answer(&call->phone->account, &call->phone->stack, response,
			      dialog_target(&session->dialog), &call->attempt, line);
}

static const struct referral_ops referral_ops = {
	.on_accepted = on_accepted,
	.on_refused = on_refused,
	.on_progress = on_progress,
	.on_end = on_end,
	.on_challenge = on_challenge,
};

/* --- Asking for it ------------------------------------------------------------------------ */

/* The dialog of the consultation call as its other end sees it: the From tag is ours. */
static int print_consulted(struct phone_call *consulted, struct buf *buf)
{
	struct session *session = phone_call_session(consulted);
	struct sip_uri uri;

	if (!session || slice_is_empty(dialog_remote_tag(&session->dialog)) ||
	    sip_uri_parse(dialog_target(&session->dialog), &uri))
		return ERR_STATE;
	sip_refer_to_print(
		buf, &uri,
		&(struct sip_replaces){ .call_id = dialog_call_id(&session->dialog),
					.to_tag = dialog_remote_tag(&session->dialog),
					.from_tag = dialog_local_tag(&session->dialog) });
	return buf->is_overflown ? ERR_LIMIT : 0;
}

static int print_refer_to(const struct phone_call *call, struct buf *buf)
{
	struct phone_call *consulted;
	struct sip_uri uri;
	int err;

	if (call->transfer.consulted > 0) {
		consulted = phone_call_find(call->phone, call->transfer.consulted, ANY_STATE);
		return consulted ? print_consulted(consulted, buf) : ERR_STATE;
	}
	err = sip_uri_parse(call->transfer.to, &uri);
	if (!err)
		sip_refer_to_print(buf, &uri, NULL);
	return buf->is_overflown ? ERR_LIMIT : err;
}

/* In a dialog of its own, which names the one that it is about as we see that. */
static int refer_outside(struct phone_call *call, const struct dialog *dialog,
			 struct referral_spec *spec, struct referral **ret_referral)
{
	struct phone *phone = call->phone;
	char target_text[SIP_HEADER_MAX_BYTES], lines_text[PHONE_LINES_MAX_BYTES];
	struct buf target = BUF_ON(target_text), lines = BUF_ON(lines_text);

	sip_target_dialog_print(
		&target, &(struct sip_target_dialog){ .call_id = dialog_call_id(dialog),
						      .local_tag = dialog_local_tag(dialog),
						      .remote_tag = dialog_remote_tag(dialog) });
	account_print(&phone->account, &phone->stack, SLICE("REFER"), dialog_target(dialog),
		      &call->attempt, &lines);
	if (target.is_overflown || lines.is_overflown)
		return ERR_LIMIT;
	spec->target_dialog = buf_text(&target);
	spec->lines = buf_text(&lines);
	return referral_send_outside(&phone->stack,
				     &(struct dialog_spec){ .local = phone->local,
							    .remote = dialog_remote(dialog),
							    .target = dialog_target(dialog),
							    .contact = phone->contact,
							    .flow = phone->config.server },
				     spec, &referral_ops, call, ret_referral);
}

static int transfer_send(struct phone_call *call)
{
	struct phone *phone = call->phone;
	char text[SIP_HEADER_MAX_BYTES];
	struct buf refer_to = BUF_ON(text);
	struct session *session = phone_call_session(call);
	struct referral_spec spec = { .referred_by = phone->local,
				      .is_untold = phone->config.transfer_unheard };
	struct referral *referral;
	int err = session ? print_refer_to(call, &refer_to) : ERR_STATE;

	if (err)
		return err;
	spec.refer_to = buf_text(&refer_to);
	call->attempt = (struct auth_attempt){ 0 };
	err = phone->config.transfer_outside
		      ? refer_outside(call, &session->dialog, &spec, &referral)
		      : referral_send(session, &spec, &referral_ops, call, &referral);
	if (err)
		return err;
	call->transfer.referral = referral->pooled.handle;
	call->transfer.state = PHONE_TRANSFER_ASKED;
	return 0;
}

void phone_transfer_on_offer_done(struct phone_call *call)
{
	struct phone_call *waiting = find_waiting(call);

	if (waiting && transfer_send(waiting))
		transfer_failed(waiting, 0, SLICE_NONE);
}

/* `to` is how it is told; `consulted`: to whose other end, or NULL. */
static int transfer_start(struct phone_call *call, struct slice to,
			  const struct phone_call *consulted)
{
	struct phone *phone = call->phone;
	const struct phone_call *active = consulted ? consulted : call;
	int err;

	if (phone_transfer_is_going(call))
		return phone_fail(phone, ERR_STATE, "call %u is being transferred already",
				  call->number);
	err = slice_keep(to, &call->transfer.to);
	if (err)
		return phone_fail(phone, err, "call %u: %s", call->number, err_text(err));
	call->transfer.consulted = consulted ? consulted->number : 0;
	if (phone->config.transfer_holds && active->state == PHONE_CALL_TALKING &&
	    !phone_call_is_to_be_held(active)) {
		call->transfer.held = active->number;
		call->transfer.state = PHONE_TRANSFER_HOLDING;
		return phone_hold(phone, active->number);
	}
	err = transfer_send(call);
	if (!err)
		return 0;
	phone_transfer_fini(call);
	return phone_fail(phone, err, "call %u cannot be transferred now: %s", call->number,
			  err_text(err));
}

/* The one that we talk with. The one before it talks, too, until its hold is agreed on. */
static struct phone_call *find_active(struct phone *phone)
{
	for (size_t i = 0; i < PHONE_CALLS_MAX; i++)
		if (phone->calls[i].state == PHONE_CALL_TALKING &&
		    !phone_call_is_to_be_held(&phone->calls[i]))
			return &phone->calls[i];
	return NULL;
}

/* The last one that we hold, or the one of that number. */
static struct phone_call *find_held(struct phone *phone, unsigned number,
				    const struct phone_call *but)
{
	struct phone_call *last = NULL;

	for (size_t i = 0; i < PHONE_CALLS_MAX; i++) {
		struct phone_call *call = &phone->calls[i];

		if (call == but ||
		    (call->state != PHONE_CALL_TALKING && call->state != PHONE_CALL_HOLDING) ||
		    (number > 0 ? call->number != number : !phone_call_is_to_be_held(call)))
			continue;
		if (!last || call->number > last->number)
			last = call;
	}
	return last;
}

/* The one that we talk with, else the one that we call, or the one of that number. */
static struct phone_call *find_consulted(struct phone *phone, unsigned number)
{
	unsigned states =
		1 << PHONE_CALL_RINGBACK | 1 << PHONE_CALL_TALKING | 1 << PHONE_CALL_HOLDING;
	struct phone_call *call =
		number > 0 ? phone_call_find(phone, number, states) : find_active(phone);

	if (call || number > 0)
		return call;
	return phone_call_find(phone, 0, 1 << PHONE_CALL_RINGBACK);
}

int phone_transfer(struct phone *phone, unsigned number, struct slice target)
{
	char text[SIP_URI_MAX_BYTES];
	struct buf uri = BUF_ON(text);
	struct phone_call *call = number > 0 ? NULL : find_active(phone);
	int err;

	if (!call)
		call = find_held(phone, number, NULL);
	if (!call)
		return phone_no_call(phone, number, "is there to transfer");
	err = phone_print_uri(phone, target, &uri);
	if (err)
		return phone_fail(phone, err, "'%.*s' is no number or SIP address",
				  SLICE_ARGS(target));
	return transfer_start(call, buf_text(&uri), NULL);
}

/* Our own call there is taken back, and the other end of the held one is sent there as to any. */
static int transfer_anew(struct phone_call *held, struct phone_call *consulted)
{
	char text[SIP_URI_MAX_BYTES];
	struct buf uri = BUF_ON(text);
	int err;

	buf_slice(&uri, consulted->remote);
	err = phone_hangup(held->phone, consulted->number);
	return err ? err : transfer_start(held, buf_text(&uri), NULL);
}

int phone_transfer_attended(struct phone *phone, unsigned held_number, unsigned consulted_number)
{
	struct phone_call *consulted = find_consulted(phone, consulted_number);
	struct phone_call *held;

	if (!consulted)
		return phone_no_call(phone, consulted_number,
				     "talks or rings there to transfer to");
	held = find_held(phone, held_number, consulted);
	if (!held)
		return phone_no_call(phone, held_number, "is on hold to be transferred");
	if (phone->config.transfer_cancels && consulted->state == PHONE_CALL_RINGBACK)
		return transfer_anew(held, consulted);
	return transfer_start(held, consulted->remote, consulted);
}
