/* SPDX-License-Identifier: MIT */
/*
 * Ringing an extension: whether it may ring now, and an INVITE for each of its phones.
 */
#include "pbx/attempt_inner.h"

#include "base/err.h"
#include "pbx/call_early.h"
#include "pbx/dnd.h"
#include "pbx/lamp.h"
#include "pbx/phone_forward.h"
#include "pbx/registrar.h"
#include "sip/replaces.h"

#define INVITE_LINES_MAX_BYTES 4096

/* NULL: none, or it has ended. */
static const struct leg *attempt_replaced(const struct attempt *attempt)
{
	return pool_find(&attempt->call->pbx->legs, attempt->to.replaced);
}

/* What a phone may ring differently for (RFC 7462 8). */
static void print_alert(struct buf *lines, enum recall recall)
{
	switch (recall) {
	case RECALL_NONE:
		break;
	case RECALL_HOLD:
		buf_lit(lines, "Alert-Info: <urn:alert:service:recall:hold>\r\n");
		break;
	case RECALL_TRANSFER:
		buf_lit(lines, "Alert-Info: <urn:alert:service:recall:transfer>\r\n");
		break;
	}
}

/* The dialog as the phone sees it (RFC 3891 6.1); one that knows no Replaces shall not ring. */
static void print_replaces(struct buf *lines, const struct leg *replaced)
{
	const struct dialog *dialog = &replaced->session->dialog;

	buf_lit(lines, "Require: replaces\r\nReplaces: ");
	sip_replaces_print(lines, &(struct sip_replaces){ .call_id = dialog_call_id(dialog),
							  .to_tag = dialog_remote_tag(dialog),
							  .from_tag = dialog_local_tag(dialog) });
	buf_lit(lines, "\r\n");
}

static void print_invite_lines(struct buf *lines, const struct attempt *attempt, uint32_t breadth)
{
	const struct leg *replaced = attempt_replaced(attempt);
	const struct call *call = attempt->call;
	const struct trail *trail = attempt->parent ? &attempt->parent->trail : &attempt->trail;
	const struct destination *to = attempt->parent ? &attempt->parent->to : &attempt->to;

	if (breadth < BREADTH_MAX) {
		buf_lit(lines, "Max-Breadth: ");
		buf_u64(lines, breadth);
		buf_lit(lines, "\r\n");
	}
	if (call->referrer) {
		buf_lit(lines, "Referred-By: "); /* RFC 3892 2.2 */
		pbx_print_identity(call->pbx, lines, call->referrer->name, call->referrer->number);
		buf_lit(lines, "\r\n");
	}
	print_alert(lines, call->recall);
	if (replaced)
		print_replaces(lines, replaced);
	trail_print(trail, lines, destination_party(to).number, call->pbx->directory->domain);
}

/* One phone is called there, with the caller's offer as it came. */
static int ring_phone(struct attempt *attempt, struct slice target, const struct flow *flow,
		      uint32_t breadth)
{
	struct call *call = attempt->call;
	const struct party *caller = &call->caller->party;
	struct leg *leg = call_new_leg(call, attempt, attempt->to.extension);
	char contact_text[CONTACT_LINE_MAX_BYTES], lines_text[INVITE_LINES_MAX_BYTES];
	char local_text[IDENTITY_MAX_BYTES], remote_text[IDENTITY_MAX_BYTES];
	struct buf contact = BUF_ON(contact_text), lines = BUF_ON(lines_text);
	struct buf local = BUF_ON(local_text), remote = BUF_ON(remote_text);
	struct session_spec spec;
	int err;

	if (!leg)
		return ERR_NOMEM;
	if (attempt_replaced(attempt))
		leg_set_replaced(leg, attempt_replaced(attempt));
	leg->breadth = breadth;
	call->breadth_left -= breadth;
	pbx_print_contact(&contact, caller->number, flow);
	pbx_print_identity(call->pbx, &local, caller->name, caller->number);
	pbx_print_identity(call->pbx, &remote, SLICE_NONE, leg->party.number);
	print_invite_lines(&lines, attempt, breadth);
	spec = (struct session_spec){
		.dialog = { .local = buf_text(&local),
			    .remote = buf_text(&remote),
			    .target = target,
			    .contact = buf_text(&contact),
			    .hops_used = call->hops_used,
			    .flow = *flow },
		.lines = buf_text(&lines),
		.content_type = call->offer_type,
		.body = call->offer,
		.is_100rel = early_can_be_reliable(call),
	};
	err = lines.is_overflown ? ERR_LIMIT
				 : session_call(&call->pbx->stack, &spec, &leg_session_ops, leg,
						&leg->session);
	if (err)
		leg_end(leg, 0, SLICE_NONE);
	return err;
}

void ring_extension(struct attempt *attempt, uint32_t share)
{
	struct call *call = attempt->call;
	struct aor *aor = registrar_find(call->pbx, attempt->to.extension->number);

	attempt->failure = (struct failure){ 440, FORWARD_NEVER }; /* RFC 5393 5.3.3.1 */
	LIST_FOR (binding, &aor->bindings, struct binding, node) {
		if (call->breadth_left < share)
			break;
		attempt->failure = (struct failure){ 503, FORWARD_NEVER };
		(void)ring_phone(attempt, binding_contact(binding), &binding->flow, share);
	}
	if (attempt->legs == 0)
		attempt_over(attempt);
	else
		attempt->failure = (struct failure){ 0, FORWARD_NEVER };
}

uint32_t share_of(const struct call *call, size_t phones)
{
	uint32_t share = (uint32_t)(call->breadth_left / (phones ? phones : 1));

	return share > 0 ? share : 1;
}

void try_replaced(struct attempt *attempt)
{
	const struct leg *replaced = attempt_replaced(attempt);
	const struct dialog *dialog;

	attempt->failure = (struct failure){ replaced ? 440 : 481, FORWARD_NEVER };
	if (replaced && attempt->call->breadth_left > 0) {
		dialog = &replaced->session->dialog;
		attempt->failure = (struct failure){ 503, FORWARD_NEVER };
		(void)ring_phone(attempt, dialog_target(dialog), &dialog->flow,
				 attempt->call->breadth_left);
	}
	if (attempt->legs == 0)
		attempt_over(attempt);
	else
		attempt->failure = (struct failure){ 0, FORWARD_NEVER };
}

/* Of the legs that the extension has in this one's call. A call has as many as may ring at once. */
static bool is_first_in_call(const struct leg *leg)
{
	LIST_FOR (other, &leg->call->legs, struct leg, node)
		if (other->entity == leg->entity)
			return other == leg;
	return false;
}

/* Each call once, however many phones ring for it. */
static size_t count_calls(const struct lamp_entity *entity, const struct call *but)
{
	size_t count = 0;

	LIST_FOR (leg, &entity->legs, struct leg, lamp_node)
		count += leg->call != but && is_first_in_call(leg);
	return count;
}

struct failure extension_check(const struct call *call, const struct extension *extension)
{
	struct pbx *pbx = call->pbx;
	const struct lamp_entity *entity = lamp_find(pbx, extension->number);

	if (dnd_is_on(pbx, extension->number))
		return (struct failure){ 480, FORWARD_BUSY };
	/* Who is called back for a call on hold has that one in the place of this. */
	if (extension->max_calls > 0 && call->recall != RECALL_HOLD && entity &&
	    count_calls(entity, call) >= extension->max_calls)
		return (struct failure){ 486, FORWARD_BUSY };
	if (!registrar_find(pbx, extension->number))
		return (struct failure){ 480, FORWARD_UNREGISTERED };
	return (struct failure){ 0, FORWARD_NEVER };
}

void try_extension(struct attempt *attempt)
{
	const struct extension *extension = attempt->to.extension;
	struct call *call = attempt->call;
	struct forward forward = phone_forward_of(call->pbx, extension);

	attempt->failure = extension_check(call, extension);
	if (attempt->failure.status) {
		attempt_over(attempt);
		return;
	}
	if (!slice_is_empty(forward.to[FORWARD_NO_ANSWER]))
		attempt_limit(attempt, forward.after_s);
	ring_extension(attempt,
		       share_of(call, registrar_find(call->pbx, extension->number)->count));
}
