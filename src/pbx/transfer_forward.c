/* SPDX-License-Identifier: MIT */
/*
 * `refer: forward`: the REFER goes on to the transferee's phone (RFC 5589 6, 7), which calls the
 * target by itself. What it asks for has been checked as for a transfer of our own, and a ticket
 * lets that phone do so much and no more. Its NOTIFYs go back to the transferor. Ids are never
 * translated: a Replaces names the dialog of a phone with us as that phone sees it, in Refer-To, in
 * INVITE and in dialog-info alike; here it is the transferor's with the target, whose place the
 * transferee takes.
 */
#include "pbx/transfer_inner.h"

#include "base/err.h"
#include "core/referral.h"
#include "pbx/ticket.h"
#include "pbx/trunk.h"
#include "sip/refer_to.h"

/* A NOTIFY that is lost is sent again for so long (RFC 3261 17.1.2.2). */
#define LAST_WORD_S (64 * T1_MS / 1000)

/* --- Whether it does ---------------------------------------------------------------------- */

static enum refer_mode word_of_extension(const struct leg *leg)
{
	return leg->extension ? leg->extension->refer : REFER_UNSAID;
}

static enum refer_mode word_of_trunk(const struct leg *leg)
{
	return leg->trunk ? leg->trunk->config->refer : REFER_UNSAID;
}

static enum refer_mode mode_of(const struct leg *transferor, const struct leg *transferee)
{
	const enum refer_mode words[] = { word_of_extension(transferor),
					  word_of_extension(transferee), word_of_trunk(transferor),
					  word_of_trunk(transferee) };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i] != REFER_UNSAID)
			return words[i];
	return transferor->pbx->directory->refer;
}

bool transfer_goes_on(const struct leg *transferor, const struct leg *transferee, bool has_replaces)
{
	unsigned needed = has_replaces ? PEER_REFER | PEER_REPLACES : PEER_REFER;

	return mode_of(transferor, transferee) == REFER_FORWARD &&
	       (transferee->session->peer_can & needed) == needed;
}

/* --- What is heard of it ------------------------------------------------------------------ */

/* Its phone has called where it was sent to; NULL: it has not, or not any more. */
static struct leg *arrival_of(const struct transfer *transfer)
{
	return pool_find(&transfer->pbx->legs, transfer->arrival);
}

/* Its phone is calling there, or has talked there. */
static bool has_come(const struct transfer *transfer)
{
	return transfer->has_arrived || arrival_of(transfer);
}

void transfer_forward_stop(struct transfer *transfer)
{
	if (transfer->referral)
		referral_end(transfer->referral);
	transfer->referral = NULL;
	ticket_void(transfer);
}

/* We bring the target, who talks by us, and the transferee together. */
static void take_back(struct transfer *transfer)
{
	struct call *to = transfer->to;

	transfer_forward_stop(transfer);
	transfer->target = transfer->seat ? leg_other(transfer->seat)
					  : (to->caller ? to->caller : to->partner);
	transfer_splice(transfer, SLICE_NONE, SLICE_NONE);
}

/* What the target has declined is declined, whatever that phone makes of it. */
static void note_failure(struct transfer *transfer, unsigned status)
{
	if (status >= 300 && transfer->failure < 600)
		transfer->failure = status;
}

/*
 * Nothing has come of it. A target whose phone does not let itself be replaced, and who is still
 * there, is brought together with the transferee by us; unless one of the two would not have it.
 */
static void give_up(struct transfer *transfer)
{
	unsigned status = transfer->failure;

	if (transfer->to && status != 487 && status < 600)
		take_back(transfer);
	else
		transfer_fail(transfer, status);
}

/*
 * That phone says no more. There are some that say at once that all is well, or end what they were
 * to tell: what counts is whether it comes.
 */
static void on_silence(struct transfer *transfer, unsigned status)
{
	if (transfer->has_arrived) {
		transfer_arrive(transfer, 200);
	} else if (!ticket_is_out(transfer)) {
		if (!transfer->failure)
			transfer->failure = status;
		give_up(transfer);
	}
}

/*
 * Whether that phone talks there is known, and it cannot come any more. It may still say why; one
 * that says "ringing" for ever does not keep the transferor from another transfer.
 */
void transfer_on_ticket_over(struct transfer *transfer, unsigned status)
{
	if (transfer->state != TRANSFER_FORWARDED)
		return;
	note_failure(transfer, status);
	if (transfer->referral)
		referral_hurry(transfer->referral, LAST_WORD_S);
	else
		on_silence(transfer, status);
}

static void on_accepted(struct referral *referral)
{
	(void)referral; /* the transferor has had its 202 */
}

/*
 * A challenge or a redirection is between that phone and us. One that will not, or cannot just now
 * (491: its hold is not agreed on yet), is brought together with a target who talks by us; but for
 * one that goes there all the same.
 */
static void on_refused(struct referral *referral, unsigned status, const struct sip_msg *response)
{
	struct transfer *transfer = referral->owner;

	(void)response;
	transfer->referral = NULL;
	if (has_come(transfer))
		on_silence(transfer, 480);
	else if (transfer->to)
		take_back(transfer);
	else
		transfer_fail(transfer,
			      status < 400 || status == 401 || status == 407 ? 480 : status);
}

static void on_progress(struct referral *referral, unsigned status, struct slice reason,
			bool is_final)
{
	struct transfer *transfer = referral->owner;

	(void)reason;
	if (!is_final) {
		transfer_on_provisional(transfer->from, status);
		return;
	}
	note_failure(transfer, status);
	if (status >= 300 && !has_come(transfer))
		give_up(transfer);
}

static void on_end(struct referral *referral, enum referral_end end)
{
	struct transfer *transfer = referral->owner;

	transfer->referral = NULL;
	on_silence(transfer, end == REFERRAL_TIMED_OUT ? 408 : 480);
}

static const struct referral_ops referral_ops = {
	.on_accepted = on_accepted,
	.on_refused = on_refused,
	.on_progress = on_progress,
	.on_end = on_end,
};

/* The consultation is none of our business any more. */
static void let_go(struct transfer *transfer)
{
	transfer->to->transfer = NULL;
	transfer->to = NULL;
	transfer->seat = NULL;
}

/*
 * The target's phone may have let its old call go before its answer to the new one gets here, and
 * the transferee's may have hung up before it is answered.
 */
bool transfer_forward_on_call_end(struct transfer *transfer, const struct call *call)
{
	if (transfer->state != TRANSFER_FORWARDED || !has_come(transfer))
		return false;
	if (call == transfer->to)
		let_go(transfer);
	else if (transfer->has_arrived)
		transfer_arrive(transfer, 200);
	else if (ticket_is_out(transfer))
		transfer_part(transfer);
	else
		return false;
	return true;
}

/* Whose place it takes in the consultation is for takeover.c now. */
void transfer_on_arrival(struct transfer *transfer, const struct leg *leg)
{
	transfer->arrival = leg->pooled.handle;
	if (transfer->to == leg->call)
		let_go(transfer);
}

/* The target's phone lets it go by itself (RFC 3891 3); one that does not is hung up on. */
void transfer_end_consultation(struct call *call, const struct leg *seat)
{
	LIST_FOR (replaced, &call->legs, struct leg, node)
		replaced->exit = (struct leg_exit){ "replaced", 0 };
	record_set_cause(call, RECORD_TRANSFERRED, seat);
	transfer_end_soon(call);
}

/* The transferor hangs up when the transferee's phone has said that it is there. */
void transfer_on_arrived(struct transfer *transfer, const struct leg *leg)
{
	transfer->has_arrived = true;
	leg->call->former = transfer->from->number;
	transfer_end_soon(transfer->from);
	if (transfer->to) {
		transfer_end_consultation(transfer->to, transfer->seat);
		transfer_record_in(transfer, transfer->to);
	}
}

void transfer_forward_on_seat_gone(struct transfer *transfer)
{
	if (!has_come(transfer))
		take_back(transfer);
}

/* --- The REFER ---------------------------------------------------------------------------- */

/*
 * At the address that the phone reaches us at in any case, as our Contact is: a trunk need not know
 * our domain, and a phone that was told an address need not find it in the DNS.
 */
static int print_refer_to(struct buf *buf, const struct leg *transferee, struct slice number,
			  const struct leg *replaced)
{
	char text[SIP_URI_MAX_BYTES];
	struct buf target = BUF_ON(text);
	struct sip_replaces replaces;
	const struct dialog *dialog;
	struct sip_uri uri;

	pbx_print_contact_uri(&target, slice_is_empty(number) ? SLICE("anonymous") : number,
			      &transferee->session->dialog.flow);
	if (target.is_overflown || sip_uri_parse(buf_text(&target), &uri))
		return ERR_LIMIT;
	if (replaced) {
		dialog = &replaced->session->dialog;
		replaces = (struct sip_replaces){ .call_id = dialog_call_id(dialog),
						  .to_tag = dialog_local_tag(dialog),
						  .from_tag = dialog_remote_tag(dialog) };
	}
	sip_refer_to_print(buf, &uri, replaced ? &replaces : NULL);
	return buf->is_overflown ? ERR_LIMIT : 0;
}

/* Who has asked for it (RFC 3892 2.2), as far as whoever is outside may know. */
static int print_referred_by(struct buf *buf, const struct transfer *transfer)
{
	const struct leg *transferee = transfer->transferee;
	const struct party *by = transfer->by;

	if (!transferee->trunk || transferee->trunk->config->is_trusted)
		pbx_print_identity(transfer->pbx, buf, by->name, by->number);
	return buf->is_overflown ? ERR_LIMIT : 0;
}

static int send(struct transfer *transfer, struct slice number, const struct leg *replaced)
{
	char refer_to_text[SIP_HEADER_MAX_BYTES], by_text[IDENTITY_MAX_BYTES];
	struct buf refer_to = BUF_ON(refer_to_text), by = BUF_ON(by_text);
	struct leg *transferee = transfer->transferee;
	int err;

	if ((err = slice_keep(number, &transfer->number)) ||
	    (err = print_refer_to(&refer_to, transferee, number, replaced)) ||
	    (err = print_referred_by(&by, transfer)) ||
	    (err = ticket_issue(transfer, number, replaced)))
		return err;
	return referral_send(transferee->session,
			     &(struct referral_spec){ .refer_to = buf_text(&refer_to),
						      .referred_by = buf_text(&by) },
			     &referral_ops, transfer, &transfer->referral);
}

void transfer_forward(struct transfer *transfer, struct slice number, const struct leg *replaced)
{
	int err = send(transfer, number, replaced);

	if (err) {
		transfer_fail(transfer, err == ERR_STATE ? 491 : 503);
		return;
	}
	transfer->state = TRANSFER_FORWARDED;
	transfer_trace(transfer, "forwarded", 0);
}
