/* SPDX-License-Identifier: MIT */
/*
 * Requests that one peer says to another through two dialogs of ours: INFO, MESSAGE, and methods
 * that we need not know (RFC 6086, RFC 3428). The other end's answer finds the waiting request by
 * its server transaction, so nothing is kept in between but the two transactions.
 */
#include "core/session_inner.h"

#include "base/err.h"

#define PASSED_MAX 8 /* unanswered by one peer at a time */
#define VALUE_MAX_BYTES SIP_HEADER_MAX_BYTES

/* What a session can be asked to understand. */
static const struct slice extensions[] = { SLICE_INIT("replaces"), SLICE_INIT("timer"),
					   SLICE_INIT("100rel") };

/*
 * Lists are known, too, where one can be asked for (RFC 4662), and that there is no subscription
 * (RFC 4488) or another dialog is meant (RFC 4538), where a REFER says so.
 */
static bool is_extension(const struct incoming *in, struct slice token)
{
	if (in->msg->method == METHOD_REFER && (slice_eq_nocase(token, SLICE("norefersub")) ||
						slice_eq_nocase(token, SLICE("tdialog"))))
		return true;
	if (in->msg->method == METHOD_SUBSCRIBE && slice_eq_nocase(token, SLICE("eventlist")))
		return true;
	if (in->stack->lacks_replaces && slice_eq_nocase(token, SLICE("replaces")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
		if (slice_eq_nocase(token, extensions[i]))
			return true;
	return false;
}

static void print_unknown(struct buf *buf, const struct incoming *in)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;

	while (sip_msg_list_next(in->msg, HDR_REQUIRE, &cursor, &entry)) {
		entry = slice_trim(entry);
		if (slice_is_empty(entry) || is_extension(in, entry))
			continue;
		if (buf->n > 0)
			buf_lit(buf, ", ");
		sip_print_value(buf, entry);
	}
}

bool session_refuse_required(struct incoming *in)
{
	char value_text[VALUE_MAX_BYTES], line_text[VALUE_MAX_BYTES + 32];
	struct buf value = BUF_ON(value_text), line = BUF_ON(line_text);
	struct answer answer = { .status = 420 };

	print_unknown(&value, in);
	if (value.n == 0)
		return false;
	sip_print_header(&line, HDR_UNSUPPORTED, buf_text(&value));
	answer.lines = buf_text(&line);
	/* In a dialog its CSeq has been counted, so a retransmission must find its answer. */
	if (slice_is_empty(in->msg->to_tag))
		incoming_reply_stateless(in, &answer);
	else
		incoming_reply(in, &answer);
	return true;
}

void session_refuse_method(struct session *session, struct incoming *in)
{
	incoming_reply(in, &(struct answer){ .status = 405, .lines = session->ops->allow_line });
}

/* --- What goes along ---------------------------------------------------------------------- */

/*
 * Headers that are for the other end (RFC 3261 table 2, RFC 6086 7.1, RFC 3428 11.1). All others
 * are about the way, the dialog, or who may ask: those are each side's own.
 */
static const struct slice end_to_end[] = {
	SLICE_INIT("Accept"),
	SLICE_INIT("Accept-Encoding"),
	SLICE_INIT("Accept-Language"),
	SLICE_INIT("Content-Disposition"),
	SLICE_INIT("Content-Encoding"),
	SLICE_INIT("Content-Language"),
	SLICE_INIT("Date"),
	SLICE_INIT("Expires"),
	SLICE_INIT("Info-Package"),
	SLICE_INIT("In-Reply-To"),
	SLICE_INIT("MIME-Version"),
	SLICE_INIT("Priority"),
	SLICE_INIT("Recv-Info"),
	SLICE_INIT("Retry-After"),
	SLICE_INIT("Subject"),
	SLICE_INIT("Warning"),
};

static bool is_end_to_end(const struct sip_header *header)
{
	/* A compact name is as good as the long one. */
	struct slice name = header->id == HDR_OTHER ? header->name : sip_header_name(header->id);

	for (size_t i = 0; i < ARRAY_LEN(end_to_end); i++)
		if (slice_eq_nocase(name, end_to_end[i]))
			return true;
	return false;
}

static int print_end_to_end(struct buf *buf, const struct sip_msg *msg)
{
	for (size_t i = 0; i < msg->header_count; i++)
		if (is_end_to_end(&msg->headers[i]))
			sip_print_header_named(buf, msg->headers[i].name, msg->headers[i].value);
	return buf->is_overflown ? ERR_LIMIT : 0;
}

/* --- The answer --------------------------------------------------------------------------- */

/* Redirections and challenges are between that peer and us. */
static unsigned status_to_tell(unsigned status)
{
	if (status == 408)
		return 481;
	return (status >= 300 && status < 400) || status == 401 || status == 407 ? 488 : status;
}

static void tell(struct txn_server *asker, const struct sip_msg *response)
{
	char text[SIP_MESSAGE_MAX_BYTES / 4];
	struct buf lines = BUF_ON(text);
	struct answer answer = { .status = status_to_tell(response->status) };

	if (answer.status == response->status && print_end_to_end(&lines, response) == 0) {
		answer.reason = response->reason;
		answer.lines = buf_text(&lines);
		answer.content_type = sip_msg_value(response, HDR_CONTENT_TYPE);
		answer.body = response->body;
	}
	if (txn_server_respond(asker, &answer) == ERR_LIMIT)
		(void)txn_server_respond(asker, &(struct answer){ .status = 500 });
}

/* The owner of the asker's transaction is the session that was asked. */
static void passed(struct stack *stack, struct handle owner, unsigned status,
		   const struct sip_msg *response)
{
	struct txn_server *asker = pool_find(&stack->txn_servers, owner);
	struct session *session;

	if (!asker || status < 200)
		return;
	session = session_find(stack, asker->owner);
	if (session)
		session->passed_count--;
	if (response)
		tell(asker, response);
	else
		(void)txn_server_respond(asker,
					 &(struct answer){ .status = status == 408 ? 481 : 500 });
	if (session && session_is_up(session) && (status == 408 || status == 481))
		session_lose(session);
}

static void pass_on_response(struct txn_client *txn, struct handle owner,
			     const struct sip_msg *response, const struct flow *flow)
{
	(void)flow;
	passed(txn->stack, owner, response->status, response);
}

static void pass_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	passed(txn->stack, owner, status, NULL);
}

static const struct txn_client_ops pass_ops = { pass_on_response, pass_on_failed };

/* --- The request -------------------------------------------------------------------------- */

/* The dialog exists on both sides, so a request can be sent in it (12.1). */
static bool session_has_dialog(const struct session *session)
{
	return session_is_up(session) || (session->state == SESSION_EARLY &&
					  !slice_is_empty(dialog_remote_tag(&session->dialog)));
}

static int pass_on(struct session *session, const struct incoming *in)
{
	const struct sip_msg *msg = in->msg;
	char text[SIP_MESSAGE_MAX_BYTES / 4];
	struct buf lines = BUF_ON(text);
	int err = print_end_to_end(&lines, msg);

	if (err)
		return err;
	session->dialog.hops_used = dialog_hops_used(msg);
	return dialog_request_named(&session->dialog, session->stack, msg->method_name,
				    buf_text(&lines), sip_msg_value(msg, HDR_CONTENT_TYPE),
				    msg->body, &pass_ops, in->txn->pooled.handle, NULL);
}

static void refuse_busy(struct incoming *in)
{
	incoming_reply(
		in, &(struct answer){ .status = 500, .lines = SLICE_INIT("Retry-After: 2\r\n") });
}

void session_pass(struct session *session, struct incoming *in)
{
	if (in->msg->has_max_forwards && in->msg->max_forwards == 0)
		incoming_reply_status(in, 483);
	else if (!session_has_dialog(session) || session->passed_count == PASSED_MAX ||
		 !txn_server_start(in, NULL, session->pooled.handle))
		refuse_busy(in);
	else if (pass_on(session, in))
		refuse_busy(in);
	else
		session->passed_count++;
}
