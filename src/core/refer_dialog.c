/* SPDX-License-Identifier: MIT */
/*
 * The dialog of REFERs (RFC 3515 2.4.6, RFC 5057 3): finding whom a SUBSCRIBE or NOTIFY in it is
 * for, and taking it over from a session that ends. Whoever transfers a call hangs up as soon as
 * the REFER is accepted, and still waits for what becomes of it.
 */
#include "core/refer_dialog.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/refer.h"
#include "core/referral.h"
#include "core/session_inner.h"

static struct refer_dialog *refer_dialog_new(struct stack *stack)
{
	struct refer_dialog *dialog = mem_alloc(sizeof(*dialog));

	if (!dialog)
		return NULL;
	dialog->stack = stack;
	list_init(&dialog->refers);
	list_init(&dialog->referrals);
	return dialog;
}

static void refer_dialog_free(struct refer_dialog *dialog)
{
	usage_stop(dialog->stack, &dialog->usage);
	dialog_fini(&dialog->own);
	mem_free(dialog);
}

static bool refer_dialog_is_idle(const struct refer_dialog *dialog)
{
	return list_is_empty(&dialog->refers) && list_is_empty(&dialog->referrals);
}

/* --- Who is meant ------------------------------------------------------------------------- */

/* False when it is another event than "refer". */
static bool event_read(const struct sip_msg *msg, struct slice *ret_id)
{
	struct slice package, params;

	sip_token_params(sip_msg_value(msg, HDR_EVENT), &package, &params);
	if (!slice_eq_nocase(package, SLICE("refer")))
		return false;
	if (!sip_param(params, SLICE("id"), ret_id))
		*ret_id = SLICE_NONE;
	return true;
}

bool refer_dialog_is_for(const struct sip_msg *msg)
{
	struct slice id;

	return (msg->method == METHOD_SUBSCRIBE || msg->method == METHOD_NOTIFY) &&
	       event_read(msg, &id);
}

bool refer_event_is_of(const struct sip_msg *msg, uint32_t cseq, bool needs_no_id)
{
	struct slice id;
	uint32_t number;

	if (!event_read(msg, &id))
		return false;
	if (slice_is_empty(id))
		return needs_no_id;
	return slice_to_u32(id, SIP_CSEQ_MAX, &number) == 0 && number == cseq;
}

static void on_request(struct refer_dialog *dialog, struct incoming *in)
{
	bool is_taken = false;

	if (session_refuse_required(in))
		return;
	if (dialog && in->msg->method == METHOD_SUBSCRIBE)
		is_taken = refer_on_subscribe(dialog, in);
	else if (dialog)
		is_taken = referral_on_notify(dialog, in);
	if (!is_taken)
		incoming_reply_status(in, 481);
}

void refer_dialog_on_request(struct session *session, struct incoming *in)
{
	on_request(session->refers, in);
}

/* --- Without a session -------------------------------------------------------------------- */

/*
 * The session is over, and every other usage with it. The peer may have another port by now, but
 * somebody who has learned the ids elsewhere is not the peer (SECURITY R2).
 */
static void usage_on_request(struct usage *usage, struct incoming *in)
{
	struct refer_dialog *dialog = CONTAINER_OF(usage, struct refer_dialog, usage);
	unsigned refusal = 481;

	if (in->msg->method == METHOD_ACK)
		return;
	if (!dialog->is_peer_open && !addr_eq_ip(&in->flow.peer, &dialog->peer.peer)) {
		incoming_reply_stateless(in, &(struct answer){ .status = 481 });
		return;
	}
	if (refer_dialog_is_for(in->msg))
		refusal = dialog_check_request(&dialog->own, in->msg);
	if (refusal)
		incoming_reply_status(in, refusal);
	else
		on_request(dialog, in);
}

static struct slice usage_call_id(const struct usage *usage)
{
	return dialog_call_id(&CONTAINER_OF(usage, const struct refer_dialog, usage)->own);
}

static const struct usage_ops usage_ops = { usage_on_request, usage_call_id };

static int own_start(struct refer_dialog *dialog)
{
	return usage_start(dialog->stack, &dialog->usage, &usage_ops,
			   dialog_local_tag(&dialog->own));
}

int refer_dialog_new_uas(struct incoming *in, struct slice contact_line,
			 struct refer_dialog **ret_dialog)
{
	struct refer_dialog *dialog = refer_dialog_new(in->stack);
	int err;

	if (!dialog)
		return ERR_NOMEM;
	dialog->peer = in->flow;
	err = dialog_init_uas(&dialog->own, in, txn_server_to_tag(in->txn).p, contact_line);
	if (!err)
		err = own_start(dialog);
	if (err) {
		refer_dialog_free(dialog);
		return err;
	}
	*ret_dialog = dialog;
	return 0;
}

int refer_dialog_new_uac(struct stack *stack, const struct dialog_spec *spec,
			 struct refer_dialog **ret_dialog)
{
	struct refer_dialog *dialog = refer_dialog_new(stack);
	int err;

	if (!dialog)
		return ERR_NOMEM;
	dialog->is_peer_open = true;
	err = dialog_init_uac(&dialog->own, stack, spec);
	if (!err)
		err = own_start(dialog);
	if (err) {
		refer_dialog_free(dialog);
		return err;
	}
	*ret_dialog = dialog;
	return 0;
}

/* --- With one ----------------------------------------------------------------------------- */

struct refer_dialog *refer_dialog_of(struct session *session)
{
	if (!session->refers) {
		session->refers = refer_dialog_new(session->stack);
		if (session->refers)
			session->refers->session = session;
	}
	return session->refers;
}

/* Its key leaves the table just before, so there is room for it. */
static void take_over(struct refer_dialog *dialog, struct session *session)
{
	int err;

	dialog->own = session->dialog;
	dialog->peer = session->peer;
	session->is_dialog_left = true;
	err = own_start(dialog);
	CHECK(err == 0);
}

void refer_dialog_on_session_end(struct session *session)
{
	struct refer_dialog *dialog = session->refers;

	if (!dialog)
		return;
	session->refers = NULL;
	dialog->session = NULL;
	if (!refer_dialog_is_idle(dialog))
		take_over(dialog, session);
	else if (dialog->holders == 0)
		refer_dialog_free(dialog);
}

void refer_dialog_on_session_free(struct session *session)
{
	struct refer_dialog *dialog = session->refers;

	if (!dialog)
		return;
	session->refers = NULL;
	dialog->session = NULL;
	if (dialog->holders == 0)
		refer_dialog_free(dialog);
}

/* --- Holders ------------------------------------------------------------------------------ */

void refer_dialog_join(struct refer_dialog *dialog, struct list *list, struct list *node)
{
	list_append(list, node);
	dialog->holders++;
}

void refer_dialog_leave(struct refer_dialog *dialog, struct list *node)
{
	list_remove(node);
	if (!dialog->session && refer_dialog_is_idle(dialog))
		usage_stop(dialog->stack, &dialog->usage);
}

void refer_dialog_release(struct refer_dialog *dialog)
{
	dialog->holders--;
	if (dialog->holders == 0 && !dialog->session)
		refer_dialog_free(dialog);
}

int refer_dialog_send_again(struct refer_dialog *dialog, struct txn_client *txn, struct slice line,
			    const struct txn_client_ops *ops, struct handle owner,
			    struct handle *ret_client)
{
	struct dialog *in = refer_dialog_in(dialog);
	int err = txn_client_start_again(txn, in->local_cseq + 1, line, ops, owner, ret_client);

	if (!err)
		in->local_cseq++;
	return err;
}

bool refer_dialog_try_again(struct refer_dialog *dialog, struct txn_client *txn,
			    const struct sip_msg *response, const struct txn_client_ops *ops,
			    struct handle owner, struct handle *ret_client)
{
	char text[2048];
	struct buf line = BUF_ON(text);

	return dialog->session && session_answer_challenge(dialog->session, txn, response, &line) &&
	       refer_dialog_send_again(dialog, txn, buf_text(&line), ops, owner, ret_client) == 0;
}
