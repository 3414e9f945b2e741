/* SPDX-License-Identifier: MIT */
/*
 * Forks of our INVITE (RFC 3261 12.1.2, 13.2.2.4): behind one peer several may ring, each in an
 * early dialog of its own. One is in focus and is the session's dialog: the first that described
 * media, or the latest while none has. The answer decides.
 */
#include "core/session_inner.h"

#include "base/err.h"
#include "base/mem.h"

#define FORKS_MAX 7 /* beside the one in focus */

void session_early_fini(struct session_early *early)
{
	mem_free(early->answer);
	*early = (struct session_early){ 0 };
}

void session_forks_free(struct session *session)
{
	struct session_fork *fork;

	while ((fork = session->forks)) {
		session->forks = fork->next;
		dialog_fini(&fork->dialog);
		session_early_fini(&fork->early);
		mem_free(fork);
	}
}

static struct session_fork *fork_find(const struct session *session, struct slice tag)
{
	struct session_fork *fork = session->forks;

	while (fork && !slice_eq(dialog_remote_tag(&fork->dialog), tag))
		fork = fork->next;
	return fork;
}

static size_t fork_count(const struct session *session)
{
	size_t n = 0;

	for (const struct session_fork *fork = session->forks; fork; fork = fork->next)
		n++;
	return n;
}

static int fork_new(struct session *session, const struct sip_msg *response,
		    const struct flow *flow, struct session_fork **ret_fork)
{
	struct session_fork *fork;
	int err;

	if (fork_count(session) == FORKS_MAX)
		return ERR_LIMIT;
	fork = mem_alloc(sizeof(*fork));
	if (!fork)
		return ERR_NOMEM;
	err = dialog_fork(&session->dialog, session->stack, response, flow, &fork->dialog);
	if (err) {
		mem_free(fork);
		return err;
	}
	fork->next = session->forks;
	session->forks = fork;
	*ret_fork = fork;
	return 0;
}

/* One CSeq counts for all: it need only grow in each (12.2.1.1). */
static void fork_swap(struct session *session, struct session_fork *fork)
{
	struct dialog dialog = session->dialog;
	struct session_early early = session->early;

	session->dialog = fork->dialog;
	session->dialog.local_cseq = dialog.local_cseq;
	session->early = fork->early;
	fork->dialog = dialog;
	fork->early = early;
}

int session_fork_on_provisional(struct session *session, const struct sip_msg *response,
				const struct flow *flow, struct session_fork **ret_fork)
{
	struct slice tag = dialog_remote_tag(&session->dialog);
	struct session_fork *fork = NULL;
	int err;

	*ret_fork = NULL;
	if (slice_is_empty(tag) || slice_is_empty(response->to_tag) ||
	    slice_eq(tag, response->to_tag))
		return dialog_on_response(&session->dialog, session->stack, response, flow);
	fork = fork_find(session, response->to_tag);
	if (fork)
		err = dialog_on_response(&fork->dialog, session->stack, response, flow);
	else
		err = fork_new(session, response, flow, &fork);
	if (err)
		return err;
	if (!session->early.has_media && !session->is_prack_due)
		fork_swap(session, fork);
	else
		*ret_fork = fork;
	return 0;
}

void session_fork_choose(struct session *session, struct slice tag)
{
	struct session_fork *fork = fork_find(session, tag);

	if (fork)
		fork_swap(session, fork);
	/* A fork that was never heard of has described nothing reliably. */
	else if (!slice_eq(dialog_remote_tag(&session->dialog), tag))
		session_early_fini(&session->early);
	session_forks_free(session);
}

bool session_fork_on_request(struct session *session, struct incoming *in)
{
	struct session_fork *fork = fork_find(session, in->msg->from_tag);
	unsigned refusal;

	/* Who comes another way would have to prove to be it, and is not worth that. */
	if (!fork || (session->ops->is_peer && !flow_eq(&in->flow, &session->peer)))
		return false;
	refusal = dialog_check_request(&fork->dialog, in->msg);
	if (refusal)
		incoming_reply_status(in, refusal);
	else if (in->msg->method == METHOD_UPDATE && slice_is_empty(in->msg->body) &&
		 dialog_refresh_target(&fork->dialog, in->msg, &in->flow) == 0)
		incoming_reply(in, &(struct answer){ .status = 200,
						     .lines = dialog_contact(&session->dialog) });
	else
		incoming_reply_status(in, in->msg->method == METHOD_OPTIONS ? 200 : 480);
	return true;
}
