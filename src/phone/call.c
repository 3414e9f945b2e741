/* SPDX-License-Identifier: MIT */
/*
 * The phone's calls: sessions with a number, a peer and a place in the row. A call is freed the
 * moment it ends; what its session still has to do on the wire, the session does alone.
 */
#include "base/err.h"
#include "base/mem.h"
#include "phone/phone_inner.h"

static const struct session_ops *phone_call_ops(const struct phone *phone);

struct slice phone_call_state_name(enum phone_call_state state)
{
	static const struct slice names[] = {
		[PHONE_CALL_FREE] = SLICE_INIT("free"),
		[PHONE_CALL_CALLING] = SLICE_INIT("calling"),
		[PHONE_CALL_RINGBACK] = SLICE_INIT("ringback"),
		[PHONE_CALL_RINGING] = SLICE_INIT("ringing"),
		[PHONE_CALL_TALKING] = SLICE_INIT("talking"),
		[PHONE_CALL_HOLDING] = SLICE_INIT("holding"),
	};

	CHECK((size_t)state < ARRAY_LEN(names));
	return names[state];
}

static const unsigned state_next[] = {
	/* The latter two in the place of another one. */
	[PHONE_CALL_FREE] = 1 << PHONE_CALL_CALLING | 1 << PHONE_CALL_RINGING |
			    1 << PHONE_CALL_TALKING | 1 << PHONE_CALL_HOLDING,
	[PHONE_CALL_CALLING] =
		1 << PHONE_CALL_RINGBACK | 1 << PHONE_CALL_TALKING | 1 << PHONE_CALL_FREE,
	[PHONE_CALL_RINGBACK] = 1 << PHONE_CALL_TALKING | 1 << PHONE_CALL_FREE,
	[PHONE_CALL_RINGING] = 1 << PHONE_CALL_TALKING | 1 << PHONE_CALL_FREE,
	[PHONE_CALL_TALKING] = 1 << PHONE_CALL_HOLDING | 1 << PHONE_CALL_FREE,
	[PHONE_CALL_HOLDING] = 1 << PHONE_CALL_TALKING | 1 << PHONE_CALL_FREE,
};

void phone_call_set_state(struct phone_call *call, enum phone_call_state state)
{
	CHECK(state_next[call->state] & (1u << state));
	call->state = state;
}

/* --- The row of calls --------------------------------------------------------------------- */

/* NULL when all are in use. */
static struct phone_call *call_new(struct phone *phone, enum phone_call_state state)
{
	const struct env *env = phone->stack.env;

	for (size_t i = 0; i < PHONE_CALLS_MAX; i++) {
		struct phone_call *call = &phone->calls[i];

		if (call->state != PHONE_CALL_FREE)
			continue;
		*call = (struct phone_call){ .phone = phone,
					     .number = ++phone->last_call,
					     .began_ms = phone->stack.timers->now_ms };
		phone_call_set_state(call, state);
		env->random(env->host, &call->sdp_id, sizeof(call->sdp_id));
		call->sdp_id >>= 2; /* some readers take it for a signed number */
		return call;
	}
	return NULL;
}

void phone_call_fini(struct phone_call *call)
{
	if (call->state == PHONE_CALL_FREE)
		return;
	timer_stop(call->phone->stack.timers, &call->retry);
	timer_stop(call->phone->stack.timers, &call->farewell);
	phone_transfer_fini(call);
	mem_free((char *)call->remote.p);
	mem_free((char *)call->display.p);
	mem_free((char *)call->answer.p);
	call->remote = call->display = call->answer = SLICE_NONE;
	phone_call_set_state(call, PHONE_CALL_FREE);
}

struct phone_event phone_call_event(const struct phone_call *call, enum phone_event_kind kind)
{
	return (struct phone_event){
		.kind = kind, .call = call->number, .remote = call->remote, .display = call->display
	};
}

void phone_call_emit(struct phone_call *call, enum phone_event_kind kind)
{
	struct phone_event event = phone_call_event(call, kind);

	phone_emit(call->phone, &event);
}

struct session *phone_call_session(struct phone_call *call)
{
	return session_find(&call->phone->stack, call->session);
}

/* Freed before the event, so that a handler may start another one in its place. */
static void call_ended(struct phone_call *call, enum phone_cause cause, unsigned status,
		       struct slice reason)
{
	struct phone *phone = call->phone;
	struct phone_event event = phone_call_event(call, PHONE_ENDED);
	struct slice remote = call->remote, display = call->display;

	phone_transfer_on_ended(call);
	if (call->state == PHONE_CALL_CALLING || call->state == PHONE_CALL_RINGBACK)
		phone_refer_tell(call, status > 0 ? status : 487, reason);
	event.cause = cause;
	event.status = status;
	event.reason = reason;
	if (status > 0 && slice_is_empty(reason))
		event.reason = sip_status_reason(status);
	call->remote = call->display = SLICE_NONE;
	phone_call_fini(call);
	phone_emit(phone, &event);
	mem_free((char *)remote.p);
	mem_free((char *)display.p);
}

/* --- Calling ------------------------------------------------------------------------------ */

static void print_invite_lines(struct phone *phone, struct buf *lines, struct slice uri,
			       const struct phone_invite *how, struct auth_attempt *attempt)
{
	/*
	 * No Require: replaces, as desk phones do: the target of a pick-up is often a code, which
	 * works at a server without RFC 3891, too.
	 */
	if (how->replaces) {
		buf_lit(lines, "Replaces: ");
		sip_replaces_print(lines, how->replaces);
		buf_lit(lines, "\r\n");
	}
	if (!slice_is_empty(how->referred_by))
		sip_print_header(lines, HDR_REFERRED_BY, how->referred_by);
	account_print(&phone->account, &phone->stack, SLICE("INVITE"), uri, attempt, lines);
}

static int call_invite(struct phone_call *call, struct slice uri, const struct phone_invite *how)
{
	struct phone *phone = call->phone;
	char lines_text[PHONE_LINES_MAX_BYTES], sdp_text[PHONE_SDP_MAX_BYTES];
	char remote_text[SIP_URI_MAX_BYTES + 2];
	struct buf lines = BUF_ON(lines_text), sdp = BUF_ON(sdp_text), remote = BUF_ON(remote_text);
	struct session *session;
	int err;

	phone_media_print(call, &sdp);
	print_invite_lines(phone, &lines, uri, how, &call->attempt);
	buf_char(&remote, '<');
	buf_slice(&remote, uri);
	buf_char(&remote, '>');
	if (lines.is_overflown || remote.is_overflown)
		return ERR_LIMIT;
	err = session_call(&phone->stack,
			   &(struct session_spec){ .dialog = { .local = phone->local,
							       .remote = buf_text(&remote),
							       .target = uri,
							       .contact = phone->contact,
							       .flow = phone->config.server },
						   .lines = buf_text(&lines),
						   .content_type = PHONE_SDP_TYPE,
						   .body = buf_text(&sdp),
						   .is_100rel = true },
			   phone_call_ops(phone), call, &session);
	if (err)
		return err;
	call->session = session->pooled.handle;
	call->sdp_version++;
	return 0;
}

/* Who is called; of a call that is picked up, who is calling. */
static int call_set_called(struct phone_call *call, struct slice uri,
			   const struct phone_invite *how)
{
	bool is_known = !slice_is_empty(how->party);
	int err = slice_keep(is_known ? how->party : uri, &call->remote);

	if (!err && is_known)
		err = slice_keep(how->party_display, &call->display);
	return err;
}

int phone_call_start(struct phone *phone, struct slice target, const struct phone_invite *how)
{
	char text[SIP_URI_MAX_BYTES];
	struct buf uri = BUF_ON(text);
	struct phone_call *call;
	int err = phone_print_uri(phone, target, &uri);

	if (err)
		return phone_fail(phone, err, "'%.*s' is no number or SIP address",
				  SLICE_ARGS(target));
	call = call_new(phone, PHONE_CALL_CALLING);
	if (!call)
		return phone_fail(phone, ERR_LIMIT, "no more than %d calls at a time",
				  PHONE_CALLS_MAX);
	call->referrer = how->referrer;
	call->refer = how->refer;
	call->key = how->key;
	phone_hold_others(phone, call);
	err = call_set_called(call, buf_text(&uri), how);
	if (!err)
		err = call_invite(call, buf_text(&uri), how);
	if (err) {
		phone_call_fini(call);
		return phone_fail(phone, err, "the call could not be made: %s", err_text(err));
	}
	phone_call_emit(call, PHONE_CALLING);
	return 0;
}

static void on_provisional(struct session *session, const struct sip_msg *response)
{
	struct phone_call *call = session->owner;

	if (session_is_prack_due(session, response))
		(void)session_prack(session, SLICE_NONE, SLICE_NONE);
	phone_refer_tell(call, response->status, response->reason);
	if (call->state != PHONE_CALL_CALLING ||
	    (response->status != 180 && response->status != 183))
		return;
	phone_call_set_state(call, PHONE_CALL_RINGBACK);
	phone_call_emit(call, PHONE_RINGBACK);
}

/* After a pick-up the server names who is really there. */
static void on_answer(struct session *session, const struct sip_msg *response)
{
	struct phone_call *call = session->owner;

	(void)session_ack(session, SLICE_NONE, SLICE_NONE);
	(void)phone_call_identify(call, session, response);
	phone_hold_others(call->phone, call);
	phone_call_set_state(call, PHONE_CALL_TALKING);
	phone_refer_on_answered(call);
	phone_call_emit(call, PHONE_ANSWERED);
	if (phone_msg_is_hold(response))
		phone_call_set_held(call, true);
}

static void on_refused(struct session *session, unsigned status, const struct sip_msg *response)
{
	struct phone_call *call = session->owner;

	call_ended(call, PHONE_CAUSE_REFUSED, status, response ? response->reason : SLICE_NONE);
}

/* --- Being called ------------------------------------------------------------------------- */

/* True when the INVITE was answered with a refusal. *ret_replaced: the call that it replaces, or
 * NULL. */
static bool refuse_invite(struct phone *phone, struct incoming *in,
			  struct phone_call **ret_replaced)
{
	unsigned status;

	if (session_refuse_required(in))
		return true;
	if (!slice_is_empty(in->msg->body) && !phone_body_is_sdp(in->msg)) {
		incoming_reply(in, &phone_unsupported_type);
		return true;
	}
	status = phone_replaced_find(phone, in, ret_replaced);
	if (status == 0 && phone->is_stopping)
		status = 480;
	else if (status == 0 && phone->is_dnd && !*ret_replaced)
		status = 486;
	if (status > 0)
		incoming_reply_status(in, status);
	return status > 0;
}

/* What our 200 will say is made now, so that an impossible offer is refused before it rings. */
static int call_take(struct phone_call *call, struct incoming *in)
{
	char text[PHONE_SDP_MAX_BYTES];
	struct buf sdp = BUF_ON(text);
	int err = phone_call_print_media(call, in->msg, &sdp, &call->is_held_by_invite);

	if (!err)
		err = slice_keep(buf_text(&sdp), &call->answer);
	return err ? err : phone_call_identify_caller(call, in);
}

/* Early media is told reliably where that is possible: it counts as the answer then. */
static void call_ring(struct phone_call *call, struct session *session)
{
	struct answer progress = { .status = 183,
				   .content_type = PHONE_SDP_TYPE,
				   .body = call->answer };

	if (call->phone->config.has_early_media && session_ring_reliably(session, &progress) == 0)
		return;
	(void)session_ring(session, &(struct answer){ .status = 180 });
}

static int call_answer(struct phone_call *call, struct session *session)
{
	int err = session_answer(session, &(struct answer){ .status = 200,
							    .content_type = PHONE_SDP_TYPE,
							    .body = call->answer });

	if (!err)
		call->sdp_version++;
	return err;
}

/* Both now talk, or we hold the peer as we held the one that was there before. */
static void call_answered(struct phone_call *call)
{
	if (call->state == PHONE_CALL_TALKING)
		phone_hold_others(call->phone, call);
	phone_refer_on_answered(call);
	phone_call_emit(call, PHONE_ANSWERED);
	phone_call_set_held(call, call->is_held_by_invite);
}

/* The caller is answered at once, and the one in whose place he comes is hung up on. */
static void call_replace(struct phone_call *call, struct session *session,
			 struct phone_call *replaced)
{
	struct session *old = phone_call_session(replaced);

	if (call_answer(call, session)) {
		session_end(session, 503, SLICE_NONE);
		phone_call_fini(call);
		return;
	}
	if (old)
		session_end(old, 0, SLICE_NONE);
	/* Who has sent us to the one who is replaced hears that somebody has answered. */
	call->refer = replaced->refer;
	call->referrer = replaced->referrer;
	call->key = replaced->key;
	replaced->refer = HANDLE_NONE;
	call_ended(replaced, PHONE_CAUSE_REPLACED, 0, SLICE_NONE);
	call_answered(call);
}

/* It rings, or talks or is held in the place of another one. */
static enum phone_call_state state_beginning(const struct phone_call *replaced)
{
	if (!replaced)
		return PHONE_CALL_RINGING;
	return phone_call_is_to_be_held(replaced) ? PHONE_CALL_HOLDING : PHONE_CALL_TALKING;
}

void phone_call_on_invite(struct phone *phone, struct incoming *in)
{
	struct phone_call *call, *replaced;
	struct session *session;
	struct answer refusal;
	int err;

	if (refuse_invite(phone, in, &replaced))
		return;
	call = call_new(phone, state_beginning(replaced));
	if (!call) {
		incoming_reply_status(in, 486);
		return;
	}
	err = call_take(call, in);
	if (err) {
		refusal = phone_refusal_of_body(err);
		if (err == ERR_NOMEM)
			refusal = (struct answer){ .status = 503 };
		incoming_reply(in, &refusal);
	} else {
		err = session_take(in, phone->contact, phone_call_ops(phone), call, &session);
	}
	if (err) {
		phone_call_fini(call);
		return;
	}
	call->session = session->pooled.handle;
	if (replaced) {
		call_replace(call, session, replaced);
		return;
	}
	call_ring(call, session);
	phone_call_emit(call, PHONE_RINGING);
}

/* RFC 3326: SIP;cause=200 says that somebody else took it. */
static bool is_answered_elsewhere(const struct sip_msg *msg)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry, protocol, params, cause;

	while (sip_msg_list_next(msg, HDR_REASON, &cursor, &entry)) {
		sip_token_params(entry, &protocol, &params);
		if (slice_eq_nocase(protocol, SLICE("SIP")) &&
		    sip_param(params, SLICE("cause"), &cause) && slice_eq(cause, SLICE("200")))
			return true;
	}
	return false;
}

static void on_cancel(struct session *session, const struct sip_msg *cancel)
{
	call_ended(session->owner,
		   is_answered_elsewhere(cancel) ? PHONE_CAUSE_ELSEWHERE : PHONE_CAUSE_CANCELLED, 0,
		   SLICE_NONE);
}

static void on_end(struct session *session, enum session_cause cause, const struct sip_msg *bye)
{
	(void)bye;
	call_ended(session->owner, cause == SESSION_BYE ? PHONE_CAUSE_REMOTE : PHONE_CAUSE_LOST, 0,
		   SLICE_NONE);
}

/* --- Credentials -------------------------------------------------------------------------- */

/* A BYE goes on after its call is gone: `owner` is NULL then. */
static int on_challenge(struct session *session, const struct sip_msg *response, struct buf *line)
{
	struct phone *phone = session->stack->user.user;
	struct phone_call *call = session->owner;
	struct auth_attempt alone = { 0 };
	const struct dialog *dialog = &session->dialog;

	return account_answer(&phone->account, &phone->stack, response, dialog_request_uri(dialog),
			      call ? &call->attempt : &alone, line);
}

/* Keys of the other side (RFC 6086 2) are taken and not heard; no package is known (RFC 6086 4.2).
 */
static void on_request(struct session *session, struct incoming *in)
{
	struct phone_call *call = session->owner;

	if (in->msg->method == METHOD_REFER && !call->phone->config.lacks_refer)
		phone_refer_on_request(call, session, in);
	else if (in->msg->method != METHOD_INFO)
		session_refuse_method(session, in);
	else if (sip_msg_header_named(in->msg, SLICE("Info-Package")))
		incoming_reply(in, &(struct answer){ .status = 469,
						     .lines = SLICE_INIT("Recv-Info: \r\n") });
	else
		incoming_reply_status(in, 200);
}

#define CALL_OPS(allow)                                                                            \
	{                                                                                          \
		.allow_line = SLICE_INIT(allow), .on_request = on_request,                         \
		.on_provisional = on_provisional, .on_answer = on_answer,                          \
		.on_refused = on_refused, .on_cancel = on_cancel, .on_ack = phone_call_on_ack,     \
		.on_offer = phone_call_on_offer, .on_offer_result = phone_call_on_offer_result,    \
		.on_update = phone_call_on_connected, .on_end = on_end,                            \
		.on_challenge = on_challenge,                                                      \
	}

/* By whether we take REFER. */
static const struct session_ops call_ops[] = {
	[false] = CALL_OPS("Allow: " SESSION_METHODS "\r\n"),
	[true] = CALL_OPS("Allow: " SESSION_METHODS ", REFER\r\n"
			  "Supported: norefersub, tdialog\r\n"),
};

static const struct session_ops *phone_call_ops(const struct phone *phone)
{
	return &call_ops[!phone->config.lacks_refer];
}

struct slice phone_allow_line(const struct phone *phone)
{
	return phone_call_ops(phone)->allow_line;
}

/* --- What a person does ------------------------------------------------------------------- */

struct phone_call *phone_call_find(struct phone *phone, unsigned number, unsigned states)
{
	struct phone_call *oldest = NULL;

	for (size_t i = 0; i < PHONE_CALLS_MAX; i++) {
		struct phone_call *call = &phone->calls[i];

		if (call->state == PHONE_CALL_FREE || !(states & (1u << call->state)) ||
		    (number > 0 && call->number != number))
			continue;
		if (!oldest || call->number < oldest->number)
			oldest = call;
	}
	return oldest;
}

int phone_no_call(struct phone *phone, unsigned number, const char *what)
{
	if (number > 0)
		return phone_fail(phone, ERR_NOTFOUND, "no call %u %s", number, what);
	return phone_fail(phone, ERR_NOTFOUND, "no call %s", what);
}

int phone_dial(struct phone *phone, struct slice target)
{
	return phone_call_start(phone, target, &(struct phone_invite){ 0 });
}

int phone_answer(struct phone *phone, unsigned number)
{
	struct phone_call *call = phone_call_find(phone, number, 1 << PHONE_CALL_RINGING);
	struct session *session = call ? phone_call_session(call) : NULL;
	int err;

	if (!session)
		return phone_no_call(phone, number, "is ringing");
	err = call_answer(call, session);
	if (err)
		return phone_fail(phone, err, "call %u: %s", call->number, err_text(err));
	phone_call_set_state(call, PHONE_CALL_TALKING);
	call_answered(call);
	return 0;
}

int phone_hangup(struct phone *phone, unsigned number)
{
	static const unsigned order[] = { 1 << PHONE_CALL_TALKING,
					  1 << PHONE_CALL_CALLING | 1 << PHONE_CALL_RINGBACK,
					  1 << PHONE_CALL_RINGING, 1 << PHONE_CALL_HOLDING };
	struct phone_call *call = NULL;
	struct session *session;

	for (size_t i = 0; !call && i < ARRAY_LEN(order); i++)
		call = phone_call_find(phone, number, order[i]);
	if (!call)
		return phone_no_call(phone, number, "is there to hang up");
	session = phone_call_session(call);
	if (session)
		session_end(session, call->state == PHONE_CALL_RINGING ? 486 : 0, SLICE_NONE);
	call_ended(call, PHONE_CAUSE_LOCAL, 0, SLICE_NONE);
	return 0;
}
