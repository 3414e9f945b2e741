/* SPDX-License-Identifier: MIT */
/*
 * Dialogs (RFC 3261 12): what both sides remember, and printing requests from it.
 */
#include "core/dialog.h"

#include "base/err.h"
#include "base/mem.h"

#define MAX_FORWARDS 70u

/* On an error it keeps what it has. Most responses say what the last one did. */
static int dialog_keep(struct dialog *dialog, const struct slice texts[DIALOG_TEXTS])
{
	return texts_keep(&dialog->texts, dialog->ends, texts, DIALOG_TEXTS);
}

/* What it has, for some of them to be replaced. */
static void dialog_texts(const struct dialog *dialog, struct slice ret_texts[DIALOG_TEXTS])
{
	for (enum dialog_text i = 0; i < DIALOG_TEXTS; i++)
		ret_texts[i] = dialog_text(dialog, i);
}

void dialog_fini(struct dialog *dialog)
{
	mem_free(dialog->texts);
	dialog->texts = NULL;
	memset(dialog->ends, 0, sizeof(dialog->ends));
}

int dialog_init_uac(struct dialog *dialog, struct stack *stack, const struct dialog_spec *spec)
{
	struct slice texts[DIALOG_TEXTS] = { [DIALOG_CALL_ID] = spec->call_id,
					     [DIALOG_LOCAL] = spec->local,
					     [DIALOG_REMOTE] = spec->remote,
					     [DIALOG_TARGET] = spec->target,
					     [DIALOG_CONTACT] = spec->contact };
	char token[TOKEN_BYTES];

	*dialog = (struct dialog){ .hops_used = spec->hops_used, .flow = spec->flow };
	stack_token(stack, dialog->local_tag);
	if (slice_is_empty(spec->call_id)) {
		stack_token(stack, token);
		texts[DIALOG_CALL_ID] = slice_of(token, sizeof(token));
	}
	return dialog_keep(dialog, texts);
}

/* A From or To value without its tag parameter, the rest as it stood. */
static struct slice addr_print_untagged(struct buf *buf, const struct sip_addr *addr)
{
	size_t from = buf->n;
	struct slice tag;
	const char *start;

	if (!sip_param(addr->params, SLICE("tag"), &tag) || slice_is_empty(tag))
		return addr->text;
	for (start = tag.p; *start != ';'; start--)
		continue; /* a parameter stands behind a semicolon, so there is one */
	sip_print_value(buf, slice_trim(slice_head(addr->text, (size_t)(start - addr->text.p))));
	sip_print_value(buf, slice_from(addr->text, (size_t)(tag.p + tag.n - addr->text.p)));
	return slice_from(buf_text(buf), from);
}

int dialog_init_sent(struct dialog *dialog, struct stack *stack, const struct sip_msg *sent,
		     const struct flow *flow)
{
	struct buf buf = { .p = stack->head_scratch, .cap = STACK_SCRATCH_BYTES };
	struct dialog_spec spec = { .call_id = sent->call_id,
				    .local = addr_print_untagged(&buf, &sent->from),
				    .remote = sent->to.text,
				    .target = sent->uri.text,
				    .flow = *flow };
	int err = dialog_init_uac(dialog, stack, &spec);

	if (err)
		return err;
	CHECK(sent->from_tag.n == TOKEN_BYTES);
	memcpy(dialog->local_tag, sent->from_tag.p, TOKEN_BYTES);
	dialog->local_cseq = sent->cseq;
	return 0;
}

/* --- Route set (RFC 3261 12.1.1, 12.1.2) -------------------------------------------------- */

static int routes_collect(const struct sip_msg *msg, struct slice entries[SIP_ROUTES_MAX],
			  size_t *ret_n)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;
	size_t n = 0;

	while (sip_msg_list_next(msg, HDR_RECORD_ROUTE, &cursor, &entry)) {
		if (n == SIP_ROUTES_MAX)
			return ERR_LIMIT;
		entries[n++] = entry;
	}
	*ret_n = n;
	return 0;
}

/*
 * Whole Route lines, and the URI of a strict router at their head, or nothing. The called side
 * keeps the order of Record-Route, the calling side turns it round.
 */
static int routes_print(struct buf *buf, const struct sip_msg *msg, bool is_reversed,
			struct slice texts[DIALOG_TEXTS])
{
	struct slice entries[SIP_ROUTES_MAX];
	struct slice first = SLICE_NONE, lr;
	struct sip_addr addr;
	size_t n, from = buf->n;
	int err = routes_collect(msg, entries, &n);

	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		struct slice entry = entries[is_reversed ? n - 1 - i : i];

		if (sip_addr_parse(entry, &addr))
			return ERR_SYNTAX;
		if (i == 0 && !sip_uri_param(&addr.uri, SLICE("lr"), &lr)) {
			first = addr.uri.text;
			continue;
		}
		sip_print_header(buf, HDR_ROUTE, entry);
	}
	if (buf->is_overflown)
		return ERR_LIMIT;
	texts[DIALOG_ROUTES] = slice_from(buf_text(buf), from);
	texts[DIALOG_FIRST_ROUTE] = first;
	return 0;
}

/* --- Target and way ----------------------------------------------------------------------- */

struct flow dialog_flow_to(const struct sip_uri *target, const struct flow *came_by, bool is_natted)
{
	struct flow flow = *came_by;
	struct addr addr;

	flow.is_natted = is_natted;
	if (is_natted || transport_is_reliable(came_by->transport))
		return flow;
	if (addr_parse_ip(target->host, &addr) || addr.family != came_by->peer.family)
		return flow;
	addr.port = target->port ? target->port : 5060;
	flow.peer = addr;
	return flow;
}

/* Behind a NAT when the topmost Via of its request names another address than it came from. */
static bool peer_is_natted(const struct sip_msg *msg, const struct flow *flow)
{
	struct addr sent_by;

	if (!msg->is_request)
		return false;
	if (addr_parse_ip(msg->via.host, &sent_by) || !addr_eq_ip(&sent_by, &flow->peer))
		return true;
	/* A connection's port is never the one where its owner listens. */
	return !transport_is_reliable(flow->transport) &&
	       (msg->via.port ? msg->via.port : 5060) != flow->peer.port;
}

static int contact_find(const struct sip_msg *msg, struct sip_addr *ret_addr)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;

	if (!sip_msg_list_next(msg, HDR_CONTACT, &cursor, &entry))
		return ERR_NOTFOUND;
	if (sip_addr_parse(entry, ret_addr) ||
	    (ret_addr->uri.scheme != URI_SIP && ret_addr->uri.scheme != URI_SIPS))
		return ERR_SYNTAX;
	return 0;
}

/*
 * Keeps the texts with the target that the message names, if it names one, and finds the way to it.
 * With a route set the first hop stays; a response came from where we already send.
 */
static int dialog_keep_target(struct dialog *dialog, struct slice texts[DIALOG_TEXTS],
			      const struct sip_msg *msg, const struct flow *flow)
{
	struct sip_addr contact;
	int no_contact = contact_find(msg, &contact);
	int err;

	if (no_contact && no_contact != ERR_NOTFOUND)
		return no_contact;
	if (!no_contact)
		texts[DIALOG_TARGET] = contact.uri.text;
	err = dialog_keep(dialog, texts);
	if (!err && !no_contact && msg->is_request &&
	    slice_is_empty(dialog_text(dialog, DIALOG_ROUTES)) &&
	    slice_is_empty(dialog_text(dialog, DIALOG_FIRST_ROUTE)))
		dialog->flow = dialog_flow_to(&contact.uri, flow, peer_is_natted(msg, flow));
	return err;
}

int dialog_refresh_target(struct dialog *dialog, const struct sip_msg *msg, const struct flow *flow)
{
	struct slice texts[DIALOG_TEXTS];

	dialog_texts(dialog, texts);
	return dialog_keep_target(dialog, texts, msg, flow);
}

int dialog_init_uas(struct dialog *dialog, const struct incoming *in,
		    const char local_tag[TOKEN_BYTES], struct slice contact_line)
{
	struct buf buf = { .p = in->stack->head_scratch, .cap = STACK_SCRATCH_BYTES };
	const struct sip_msg *msg = in->msg;
	struct slice texts[DIALOG_TEXTS] = { [DIALOG_CALL_ID] = msg->call_id,
					     [DIALOG_REMOTE_TAG] = msg->from_tag,
					     [DIALOG_CONTACT] = contact_line };
	int err = routes_print(&buf, msg, false, texts);

	*dialog = (struct dialog){ .flow = in->flow,
				   .remote_cseq = msg->cseq,
				   .has_remote_cseq = true };
	if (err)
		return err;
	memcpy(dialog->local_tag, local_tag, TOKEN_BYTES);
	texts[DIALOG_LOCAL] = addr_print_untagged(&buf, &msg->to);
	texts[DIALOG_REMOTE] = addr_print_untagged(&buf, &msg->from);
	err = dialog_keep_target(dialog, texts, msg, &in->flow);
	if (!err && slice_is_empty(dialog_target(dialog))) {
		dialog_fini(dialog);
		return ERR_SYNTAX;
	}
	return err;
}

int dialog_on_response(struct dialog *dialog, struct stack *stack, const struct sip_msg *response,
		       const struct flow *flow)
{
	struct buf buf = { .p = stack->head_scratch, .cap = STACK_SCRATCH_BYTES };
	struct slice texts[DIALOG_TEXTS];
	int err;

	if (slice_is_empty(response->to_tag))
		return 0; /* 100, or an RFC 2543 peer: no dialog by this response */
	dialog_texts(dialog, texts);
	/* Each fork counts its own CSeq. */
	if (!slice_eq(response->to_tag, dialog_remote_tag(dialog)))
		dialog->has_remote_cseq = false;
	texts[DIALOG_REMOTE_TAG] = response->to_tag;
	err = routes_print(&buf, response, true, texts);
	return err ? err : dialog_keep_target(dialog, texts, response, flow);
}

int dialog_set_remote_tag(struct dialog *dialog, struct slice tag)
{
	struct slice texts[DIALOG_TEXTS];

	dialog_texts(dialog, texts);
	texts[DIALOG_REMOTE_TAG] = tag;
	return dialog_keep(dialog, texts);
}

int dialog_on_first_notify(struct dialog *dialog, const struct incoming *in)
{
	struct buf buf = { .p = in->stack->head_scratch, .cap = STACK_SCRATCH_BYTES };
	struct slice texts[DIALOG_TEXTS];
	int err;

	dialog_texts(dialog, texts);
	texts[DIALOG_REMOTE_TAG] = in->msg->from_tag;
	err = routes_print(&buf, in->msg, false, texts);
	return err ? err : dialog_keep_target(dialog, texts, in->msg, &in->flow);
}

int dialog_fork(const struct dialog *dialog, struct stack *stack, const struct sip_msg *response,
		const struct flow *flow, struct dialog *ret_fork)
{
	struct dialog_spec spec = { .call_id = dialog_call_id(dialog),
				    .local = dialog_local(dialog),
				    .remote = dialog_remote(dialog),
				    .target = dialog_target(dialog),
				    .contact = dialog_contact(dialog),
				    .flow = dialog->flow };
	int err = dialog_init_uac(ret_fork, stack, &spec);

	if (err)
		return err;
	memcpy(ret_fork->local_tag, dialog->local_tag, TOKEN_BYTES);
	ret_fork->local_cseq = dialog->local_cseq;
	err = dialog_on_response(ret_fork, stack, response, flow);
	if (err)
		dialog_fini(ret_fork);
	return err;
}

unsigned dialog_check_request(struct dialog *dialog, const struct sip_msg *msg)
{
	struct slice remote_tag = dialog_remote_tag(dialog);

	if (!slice_is_empty(remote_tag) && !slice_eq(msg->from_tag, remote_tag))
		return 481;
	if (msg->method == METHOD_ACK || msg->method == METHOD_CANCEL)
		return 0;
	if (dialog->has_remote_cseq && msg->cseq <= dialog->remote_cseq)
		return 500;
	dialog->remote_cseq = msg->cseq;
	dialog->has_remote_cseq = true;
	return 0;
}

bool dialog_status_ends_usage(unsigned status)
{
	switch (status) {
	case 404:
	case 405:
	case 410:
	case 416:
	case 480:
	case 481:
	case 482:
	case 483:
	case 484:
	case 485:
	case 489:
	case 501:
	case 604:
		return true;
	default:
		return false;
	}
}

/* --- Requests (RFC 3261 12.2.1.1) --------------------------------------------------------- */

static void print_party(struct buf *buf, enum sip_header_id id, struct slice addr, struct slice tag)
{
	buf_slice(buf, sip_header_name(id));
	buf_lit(buf, ": ");
	buf_slice(buf, addr);
	if (!slice_is_empty(tag)) {
		buf_lit(buf, ";tag=");
		buf_slice(buf, tag);
	}
	buf_lit(buf, "\r\n");
}

static bool method_refreshes_target(enum sip_method method)
{
	return method == METHOD_INVITE || method == METHOD_SUBSCRIBE || method == METHOD_NOTIFY ||
	       method == METHOD_REFER || method == METHOD_UPDATE;
}

/* Ours included; a value beyond the usual 70 is not believed (16.6 3.). */
uint32_t dialog_hops_used(const struct sip_msg *msg)
{
	if (!msg->has_max_forwards || msg->max_forwards > MAX_FORWARDS)
		return 1;
	return MAX_FORWARDS - msg->max_forwards + 1;
}

/* The result points into the stack's head scratch. */
static struct request dialog_print(struct dialog *dialog, struct stack *stack, struct slice method,
				   uint32_t cseq, struct slice lines)
{
	struct buf buf = { .p = stack->head_scratch, .cap = STACK_SCRATCH_BYTES };
	bool is_strict = !slice_is_empty(dialog_text(dialog, DIALOG_FIRST_ROUTE));

	sip_print_header_u32(&buf, HDR_MAX_FORWARDS,
			     dialog->hops_used < MAX_FORWARDS ? MAX_FORWARDS - dialog->hops_used
							      : 0);
	dialog->hops_used = 0;
	buf_slice(&buf, dialog_text(dialog, DIALOG_ROUTES));
	if (is_strict) {
		buf_lit(&buf, "Route: <");
		buf_slice(&buf, dialog_target(dialog));
		buf_lit(&buf, ">\r\n");
	}
	print_party(&buf, HDR_FROM, dialog_local(dialog), dialog_local_tag(dialog));
	print_party(&buf, HDR_TO, dialog_remote(dialog), dialog_remote_tag(dialog));
	sip_print_header(&buf, HDR_CALL_ID, dialog_call_id(dialog));
	sip_print_cseq(&buf, cseq, method);
	if (method_refreshes_target(sip_method_of(method)))
		buf_slice(&buf, dialog_contact(dialog));
	buf_slice(&buf, lines);
	return (struct request){ .method = method,
				 .uri = dialog_request_uri(dialog),
				 .flow = dialog->flow,
				 .is_in_dialog = !slice_is_empty(dialog_remote_tag(dialog)),
				 .lines = buf_text(&buf) };
}

int dialog_request_named(struct dialog *dialog, struct stack *stack, struct slice method,
			 struct slice lines, struct slice content_type, struct slice body,
			 const struct txn_client_ops *ops, struct handle owner,
			 struct handle *ret_handle)
{
	struct request request = dialog_print(dialog, stack, method, dialog->local_cseq + 1, lines);
	int err;

	request.content_type = content_type;
	request.body = body;
	err = txn_client_start(stack, &request, ops, owner, ret_handle);
	if (!err)
		dialog->local_cseq++;
	return err;
}

int dialog_request(struct dialog *dialog, struct stack *stack, enum sip_method method,
		   struct slice lines, struct slice content_type, struct slice body,
		   const struct txn_client_ops *ops, struct handle owner, struct handle *ret_handle)
{
	return dialog_request_named(dialog, stack, sip_method_name(method), lines, content_type,
				    body, ops, owner, ret_handle);
}

int dialog_ack(struct dialog *dialog, struct stack *stack, uint32_t cseq, struct slice lines,
	       struct slice content_type, struct slice body, struct packet **ret_packet)
{
	struct request request = dialog_print(dialog, stack, SLICE("ACK"), cseq, lines);

	request.content_type = content_type;
	request.body = body;
	return request_send(stack, &request, ret_packet);
}
