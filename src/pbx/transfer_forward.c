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

/* Its phone talks where it was sent to, whatever it has said of that so far. */
static bool has_arrived(const struct transfer *transfer)
{
	const struct leg *leg = pool_find(&transfer->pbx->legs, transfer->arrival);

	return leg && leg->state == LEG_TALKING;
}

/*
 * That phone says no more. There are some that say at once that all is well, or end what they were
 * to tell: what counts is whether it comes.
 */
static void on_silence(struct transfer *transfer)
{
	if (has_arrived(transfer))
		transfer_arrive(transfer, 200);
	else if (!ticket_is_out(transfer))
		transfer_fail(transfer, 480);
}

void transfer_on_ticket_over(struct transfer *transfer)
{
	if (transfer->state == TRANSFER_FORWARDED && !transfer->referral)
		on_silence(transfer);
}

static void on_accepted(struct referral *referral)
{
	(void)referral; /* the transferor has had its 202 */
}

/*
 * A challenge or a redirection is between that phone and us. One that will not, or cannot just now
 * (491: its hold is not agreed on yet), is brought together with a target who talks by us.
 */
static void on_refused(struct referral *referral, unsigned status, const struct sip_msg *response)
{
	struct transfer *transfer = referral->owner;

	(void)response;
	transfer->referral = NULL;
	if (transfer->to && transfer->seat) {
		transfer_forward_stop(transfer);
		transfer->state = TRANSFER_WAITING;
		transfer_on_talking(transfer->to);
		return;
	}
	transfer_fail(transfer, status < 400 || status == 401 || status == 407 ? 480 : status);
}

static void on_progress(struct referral *referral, unsigned status, struct slice reason,
			bool is_final)
{
	struct transfer *transfer = referral->owner;

	(void)reason;
	if (!is_final)
		transfer_on_provisional(transfer->from, status);
	else if (status >= 300)
		transfer_fail(transfer, status);
}

static void on_end(struct referral *referral, enum referral_end end)
{
	struct transfer *transfer = referral->owner;

	transfer->referral = NULL;
	if (end == REFERRAL_TIMED_OUT && !has_arrived(transfer))
		transfer_fail(transfer, 408);
	else
		on_silence(transfer);
}

static const struct referral_ops referral_ops = {
	.on_accepted = on_accepted,
	.on_refused = on_refused,
	.on_progress = on_progress,
	.on_end = on_end,
};

void transfer_forward_stop(struct transfer *transfer)
{
	if (transfer->referral)
		referral_end(transfer->referral);
	transfer->referral = NULL;
	ticket_void(transfer);
}

bool transfer_forward_on_call_end(struct transfer *transfer)
{
	if (transfer->state != TRANSFER_FORWARDED || !has_arrived(transfer))
		return false;
	transfer_arrive(transfer, 200);
	return true;
}

/* Whose place it takes there is for takeover.c now. */
void transfer_on_arrival(struct transfer *transfer, const struct leg *leg)
{
	transfer->arrival = leg->pooled.handle;
	if (transfer->to)
		transfer->to->transfer = NULL;
	transfer->to = NULL;
	transfer->seat = NULL;
}

void transfer_take_back(struct transfer *transfer)
{
	struct call *to = transfer->to;

	transfer_forward_stop(transfer);
	transfer->target = to->caller ? to->caller : to->partner;
	transfer_splice(transfer, SLICE_NONE, SLICE_NONE);
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
		replaces = (struct sip_replaces){ .call_id = dialog->call_id,
						  .to_tag = dialog_local_tag(dialog),
						  .from_tag = dialog->remote_tag };
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

	if ((err = print_refer_to(&refer_to, transferee, number, replaced)) ||
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
