/* SPDX-License-Identifier: MIT */
/*
 * Client transactions (RFC 3261 17.1, RFC 6026). ACK for a failure (17.1.1.3), CANCEL (9.1) and a
 * second try with credentials (22.2) are printed from the request that was sent.
 */
#include "core/txn_client.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/way.h"
#include "sip/print.h"

#define MAGIC_COOKIE "z9hG4bK"
#define AGAIN_ARENA_BYTES 16384
#define STREAM_MS 2500 /* for an answer by TCP: time for a second SYN */
#define MOVES_MAX 4    /* to other connections, by one request */

/* Where each state may go (figures 5 and 6 of RFC 3261, figure 6 of RFC 6026). */
static const uint8_t state_next[] = {
	[TXN_CLIENT_CALLING] =
		1 << TXN_CLIENT_PROCEEDING | 1 << TXN_CLIENT_COMPLETED | 1 << TXN_CLIENT_ACCEPTED,
	[TXN_CLIENT_PROCEEDING] = 1 << TXN_CLIENT_COMPLETED | 1 << TXN_CLIENT_ACCEPTED,
	[TXN_CLIENT_COMPLETED] = 0,
	[TXN_CLIENT_ACCEPTED] = 0,
	[TXN_CLIENT_ENDED] = 0,
};

static void txn_client_set_state(struct txn_client *txn, enum txn_client_state state)
{
	CHECK(state == TXN_CLIENT_ENDED || state_next[txn->state] & (1 << state));
	txn->state = state;
}

/* --- The branch (RFC 3261 17.1.3) --------------------------------------------------------- */

/*
 * "z9hG4bK" token "." slot "." serial: the handle leads back to the transaction, and the token,
 * which nobody can guess, proves that the response answers it.
 */
#define BRANCH_MAX_BYTES (7 + TOKEN_BYTES + 2 * 11)

static void branch_print(struct buf *buf, const struct txn_client *txn)
{
	buf_lit(buf, MAGIC_COOKIE);
	buf_slice(buf, slice_of(txn->token, TOKEN_BYTES));
	buf_char(buf, '.');
	buf_u64(buf, txn->pooled.handle.slot);
	buf_char(buf, '.');
	buf_u64(buf, txn->pooled.handle.serial);
}

static struct txn_client *branch_find(struct stack *stack, struct slice branch)
{
	struct slice token, slot, serial;
	struct txn_client *txn;
	struct handle handle;

	if (branch.n <= 7 + TOKEN_BYTES || branch.p[7 + TOKEN_BYTES] != '.')
		return NULL;
	token = slice_of(branch.p + 7, TOKEN_BYTES);
	slice_cut(slice_from(branch, 7 + TOKEN_BYTES + 1), '.', &slot, &serial);
	if (slice_to_u32(slot, UINT32_MAX, &handle.slot) ||
	    slice_to_u32(serial, UINT32_MAX, &handle.serial))
		return NULL;
	txn = pool_find(&stack->txn_clients, handle);
	return txn && slice_eq(token, slice_of(txn->token, TOKEN_BYTES)) ? txn : NULL;
}

/* A method without a name here is told by its text. */
static bool txn_client_has_method(const struct txn_client *txn, const struct sip_msg *msg)
{
	if (txn->method != METHOD_OTHER)
		return msg->method == txn->method;
	return txn->request && slice_starts_with(packet_bytes(txn->request), msg->method_name);
}

struct txn_client *txn_client_match(struct stack *stack, const struct sip_msg *msg)
{
	struct txn_client *txn = branch_find(stack, msg->via.branch);

	if (txn && txn->method == METHOD_INVITE && msg->method == METHOD_CANCEL)
		txn = pool_find(&stack->txn_clients, txn->cancel_txn);
	return txn && txn_client_has_method(txn, msg) ? txn : NULL;
}

/* --- Printing ----------------------------------------------------------------------------- */

static struct packet *request_print(struct stack *stack, const struct request *request,
				    struct slice branch)
{
	struct buf buf = { .p = stack->scratch, .cap = STACK_SCRATCH_BYTES };

	sip_print_request_line(&buf, request->method, request->uri);
	way_print_via(&buf, &request->flow, branch);
	buf_slice(&buf, request->lines);
	sip_print_header(&buf, HDR_USER_AGENT, stack->product);
	sip_print_body(&buf, request->content_type, request->body);
	return buf.is_overflown ? NULL : packet_new(buf_text(&buf));
}

int request_send(struct stack *stack, const struct request *request, struct packet **ret_packet)
{
	char text[7 + TOKEN_BYTES] = MAGIC_COOKIE;
	struct packet *packet;
	int err;

	stack_token(stack, text + 7);
	packet = request_print(stack, request, slice_of(text, sizeof(text)));
	if (!packet)
		return ERR_NOMEM;
	err = way_send(stack, &request->flow, packet);
	if (ret_packet)
		*ret_packet = packet;
	else
		packet_unref(packet);
	return err;
}

/* --- Life --------------------------------------------------------------------------------- */

void txn_client_end(struct txn_client *txn)
{
	txn_client_set_state(txn, TXN_CLIENT_ENDED);
	timer_stop(txn->stack->timers, &txn->timer);
	pool_end(&txn->stack->txn_clients, txn);
}

void txn_client_on_free(void *object)
{
	struct txn_client *txn = object;

	timer_stop(txn->stack->timers, &txn->timer);
	mem_free(txn->datagram);
	packet_unref(txn->request);
	packet_unref(txn->ack);
	packet_unref(txn->cancel_lines);
}

static void txn_client_fail(struct txn_client *txn, unsigned status)
{
	txn_client_end(txn);
	if (txn->ops)
		txn->ops->on_failed(txn, txn->owner, status);
}

static int txn_client_send(struct txn_client *txn, struct packet *packet)
{
	return stack_send(txn->stack, &txn->flow, packet);
}

/* --- Timers ------------------------------------------------------------------------------- */

static void on_time(struct timer *timer);

/* Where it runs early already it is left: on_time() looks again. */
static void txn_client_set_timer(struct txn_client *txn)
{
	struct timers *timers = txn->stack->timers;
	uint64_t at_ms = txn->retry_at_ms > 0 ? txn->retry_at_ms : TIMER_NEVER;

	if (txn->timeout_at_ms > 0 && txn->timeout_at_ms < at_ms)
		at_ms = txn->timeout_at_ms;
	if (at_ms == TIMER_NEVER)
		timer_stop(timers, &txn->timer);
	else if (!txn->timer.is_running || txn->timer.at_ms > at_ms)
		timer_start(timers, &txn->timer,
			    at_ms > timers->now_ms ? at_ms - timers->now_ms : 0, on_time);
}

static void txn_client_time_out_in(struct txn_client *txn, uint64_t after_ms)
{
	txn->timeout_at_ms = txn->stack->timers->now_ms + after_ms;
	txn_client_set_timer(txn);
}

static void txn_client_look_in(struct txn_client *txn, uint64_t after_ms)
{
	txn->retry_at_ms = txn->stack->timers->now_ms + after_ms;
	txn->is_way_lost = true;
	txn_client_set_timer(txn);
}

static void txn_client_retransmit_in(struct txn_client *txn, uint32_t after_ms)
{
	txn->retry_at_ms = txn->stack->timers->now_ms + after_ms;
	txn->interval_ms = after_ms;
	txn->is_way_lost = false;
	txn_client_set_timer(txn);
}

/* A doubles without end (17.1.1.2); E doubles up to T2, and is T2 once Proceeding (17.1.2.2). */
static void on_retransmit(struct txn_client *txn)
{
	uint32_t interval_ms = txn->interval_ms * 2;

	if (txn_client_send(txn, txn->request)) {
		txn_client_fail(txn, 503);
		return;
	}
	if (txn->method != METHOD_INVITE &&
	    (interval_ms > T2_MS || txn->state == TXN_CLIENT_PROCEEDING))
		interval_ms = T2_MS;
	txn_client_retransmit_in(txn, interval_ms);
}

/* B, F and the wait after CANCEL are failures; D and M are the quiet end. */
static void on_timeout(struct txn_client *txn)
{
	if (txn->state == TXN_CLIENT_CALLING || txn->state == TXN_CLIENT_PROCEEDING)
		txn_client_fail(txn, 408);
	else
		txn_client_end(txn);
}

static void on_way_lost(struct txn_client *txn);

static void on_time(struct timer *timer)
{
	struct txn_client *txn = CONTAINER_OF(timer, struct txn_client, timer);
	uint64_t now_ms = txn->stack->timers->now_ms;

	if (txn->timeout_at_ms > 0 && txn->timeout_at_ms <= now_ms) {
		on_timeout(txn);
	} else if (txn->retry_at_ms > 0 && txn->retry_at_ms <= now_ms) {
		txn->retry_at_ms = 0;
		if (txn->is_way_lost)
			on_way_lost(txn);
		else
			on_retransmit(txn);
	}
	if (txn->state != TXN_CLIENT_ENDED)
		txn_client_set_timer(txn);
}

/* --- Other ways --------------------------------------------------------------------------- */

/* It was too large for a datagram, and the peer takes it in no other way (RFC 3261 18.1.1). */
static int txn_client_fall_back(struct txn_client *txn)
{
	struct packet *request = way_reprint(txn->stack, txn->request, txn->datagram);

	if (!request)
		return ERR_NOMEM;
	way_refuse_stream(txn->stack, &txn->datagram->peer);
	packet_unref(txn->request);
	txn->request = request;
	txn->flow = *txn->datagram;
	mem_free(txn->datagram);
	txn->datagram = NULL;
	if (txn_client_send(txn, txn->request))
		return ERR_IO;
	txn_client_retransmit_in(txn, T1_MS);
	txn_client_time_out_in(txn, 64 * T1_MS);
	return 0;
}

static int txn_client_move(struct txn_client *txn)
{
	if (txn->datagram)
		return txn_client_fall_back(txn);
	if (txn->moves == MOVES_MAX || way_change(txn->stack, &txn->flow, &txn->request))
		return ERR_NOTFOUND;
	txn->moves++;
	if (txn_client_send(txn, txn->request))
		return ERR_IO;
	if (!transport_is_reliable(txn->flow.transport))
		txn_client_retransmit_in(txn, T1_MS);
	return 0;
}

/*
 * No handler is called inside of a send, so the failure comes by a timer. Who is in a dialog with
 * us may come back by a new connection: that is worth the time that an answer would be waited for.
 */
static void on_way_lost(struct txn_client *txn)
{
	/* An answer was quicker, or a stream only slow. */
	if (txn->state != TXN_CLIENT_CALLING || txn_client_move(txn) == 0)
		return;
	if (txn->is_in_dialog)
		txn_client_look_in(txn, T2_MS);
	else
		txn_client_fail(txn, 503);
}

void txn_client_lose(struct txn_client *txn)
{
	txn_client_look_in(txn, 0);
}

/* A large request goes by TCP where that is possible; that is found out by trying. */
static void txn_client_switch(struct txn_client *txn)
{
	struct packet *request;
	struct flow stream;

	if (way_for_size(txn->stack, &txn->flow, txn->request->n, &stream))
		return;
	txn->datagram = mem_alloc(sizeof(*txn->datagram));
	request = txn->datagram ? way_reprint(txn->stack, txn->request, &stream) : NULL;
	if (!request) {
		mem_free(txn->datagram);
		txn->datagram = NULL;
		return;
	}
	packet_unref(txn->request);
	txn->request = request;
	*txn->datagram = txn->flow;
	txn->flow = stream;
}

/* --- Starting ----------------------------------------------------------------------------- */

/* With the branch of the INVITE for a CANCEL, else empty: its own. */
static int txn_client_start_on(struct stack *stack, const struct request *request,
			       struct slice branch, const struct txn_client_ops *ops,
			       struct handle owner, struct handle *ret_handle)
{
	struct txn_client *txn = pool_new(&stack->txn_clients);
	char text[BRANCH_MAX_BYTES];
	struct buf own = BUF_ON(text);

	if (!txn)
		return ERR_NOMEM;
	txn->stack = stack;
	txn->flow = request->flow;
	txn->method = sip_method_of(request->method);
	txn->is_in_dialog = request->is_in_dialog;
	txn->challenges = request->challenges;
	txn->ops = ops;
	txn->owner = owner;
	stack_token(stack, txn->token);
	branch_print(&own, txn);
	txn->request =
		request_print(stack, request, slice_is_empty(branch) ? buf_text(&own) : branch);
	if (!txn->request) {
		txn_client_end(txn);
		return ERR_NOMEM;
	}
	if (ret_handle)
		*ret_handle = txn->pooled.handle;
	txn->timeout_at_ms = stack->timers->now_ms + 64 * T1_MS;
	txn_client_switch(txn);
	if (txn_client_send(txn, txn->request)) {
		if (txn_client_move(txn))
			txn_client_lose(txn);
	} else if (txn->datagram) {
		txn_client_look_in(txn, STREAM_MS);
	} else if (!transport_is_reliable(txn->flow.transport)) {
		txn_client_retransmit_in(txn, T1_MS);
	}
	txn_client_set_timer(txn);
	return 0;
}

int txn_client_start(struct stack *stack, const struct request *request,
		     const struct txn_client_ops *ops, struct handle owner,
		     struct handle *ret_handle)
{
	return txn_client_start_on(stack, request, SLICE_NONE, ops, owner, ret_handle);
}

/* --- From the sent request ---------------------------------------------------------------- */

/* Copies the header lines that a derived request has in common with the sent one. */
static void print_lines_of(struct buf *buf, const struct sip_msg *sent, const uint8_t *ids,
			   size_t id_count)
{
	for (size_t i = 0; i < sent->header_count; i++)
		for (size_t k = 0; k < id_count; k++)
			if (sent->headers[i].id == ids[k])
				sip_print_header(buf, sent->headers[i].id, sent->headers[i].value);
}

static int sent_parse(struct txn_client *txn, struct arena *arena, char *block, size_t block_bytes,
		      struct sip_msg *ret_msg)
{
	struct sip_fault fault;

	CHECK(txn->request);
	arena_init(arena, block, block_bytes);
	return sip_msg_parse(packet_bytes(txn->request), arena, ret_msg, &fault);
}

/* ACK for a non-2xx (17.1.1.3): the To of the response, one Via, the Route set of the INVITE. */
static void txn_client_print_ack(struct txn_client *txn, const struct sip_msg *response)
{
	static const uint8_t ids[] = { HDR_FROM, HDR_CALL_ID, HDR_MAX_FORWARDS, HDR_ROUTE };
	struct stack *stack = txn->stack;
	struct buf lines = { .p = stack->head_scratch, .cap = STACK_SCRATCH_BYTES };
	_Alignas(max_align_t) char block[AGAIN_ARENA_BYTES];
	struct arena arena;
	struct sip_msg sent;

	if (sent_parse(txn, &arena, block, sizeof(block), &sent))
		return;
	print_lines_of(&lines, &sent, ids, sizeof(ids));
	sip_print_header(&lines, HDR_TO, response->to.text);
	sip_print_cseq(&lines, sent.cseq, SLICE("ACK"));
	txn->ack = request_print(stack,
				 &(struct request){ .method = SLICE("ACK"),
						    .uri = sent.uri.text,
						    .flow = txn->flow,
						    .lines = buf_text(&lines) },
				 sent.via.branch);
}

static void txn_client_send_ack(struct txn_client *txn, const struct sip_msg *response)
{
	if (!txn->ack)
		txn_client_print_ack(txn, response);
	if (txn->ack)
		(void)txn_client_send(txn, txn->ack);
}

void txn_client_keep_ack(struct txn_client *txn, struct packet *ack)
{
	packet_unref(txn->ack);
	txn->ack = ack ? packet_ref(ack) : NULL;
}

/* CANCEL has the INVITE's Request-URI, top Via, To, From, Call-ID, CSeq number and Route (9.1). */
static void txn_client_send_cancel(struct txn_client *txn, struct slice more_lines)
{
	static const uint8_t ids[] = { HDR_FROM, HDR_TO, HDR_CALL_ID, HDR_MAX_FORWARDS, HDR_ROUTE };
	struct stack *stack = txn->stack;
	struct buf lines = { .p = stack->head_scratch, .cap = STACK_SCRATCH_BYTES };
	_Alignas(max_align_t) char block[AGAIN_ARENA_BYTES];
	struct arena arena;
	struct sip_msg sent;

	txn->cancel = TXN_CANCEL_SENT;
	/* Without a final response in 64*T1 the INVITE counts as gone (9.1). */
	txn_client_time_out_in(txn, 64 * T1_MS);
	if (sent_parse(txn, &arena, block, sizeof(block), &sent))
		return;
	print_lines_of(&lines, &sent, ids, sizeof(ids));
	sip_print_cseq(&lines, sent.cseq, SLICE("CANCEL"));
	buf_slice(&lines, more_lines);
	(void)txn_client_start_on(stack,
				  &(struct request){ .method = SLICE("CANCEL"),
						     .uri = sent.uri.text,
						     .flow = txn->flow,
						     .lines = buf_text(&lines) },
				  sent.via.branch, NULL, HANDLE_NONE, &txn->cancel_txn);
}

void txn_client_cancel(struct txn_client *txn, struct slice lines)
{
	if (txn->method != METHOD_INVITE || txn->cancel != TXN_CANCEL_NONE)
		return;
	if (txn->state == TXN_CLIENT_CALLING) {
		txn->cancel = TXN_CANCEL_WANTED;
		txn->cancel_lines = slice_is_empty(lines) ? NULL : packet_new(lines);
	} else if (txn->state == TXN_CLIENT_PROCEEDING) {
		txn_client_send_cancel(txn, lines);
	}
}

/* One of the lines has this name before its colon: it takes the place of the old one. */
static bool lines_name(struct slice lines, struct slice name)
{
	struct slice line, head, value;

	while (!slice_is_empty(lines)) {
		slice_cut(lines, '\n', &line, &lines);
		slice_cut(line, ':', &head, &value);
		if (slice_eq_nocase(slice_trim(head), name))
			return true;
	}
	return false;
}

int txn_client_start_again(struct txn_client *txn, uint32_t cseq, struct slice more_lines,
			   const struct txn_client_ops *ops, struct handle owner,
			   struct handle *ret_handle)
{
	struct stack *stack = txn->stack;
	struct buf lines = { .p = stack->head_scratch, .cap = STACK_SCRATCH_BYTES };
	_Alignas(max_align_t) char block[AGAIN_ARENA_BYTES];
	struct arena arena;
	struct sip_msg sent;
	int err = sent_parse(txn, &arena, block, sizeof(block), &sent);

	if (err)
		return err;
	for (size_t i = 0; i < sent.header_count; i++) {
		const struct sip_header *header = &sent.headers[i];

		if (header->id == HDR_VIA || header->id == HDR_CSEQ ||
		    header->id == HDR_CONTENT_TYPE || header->id == HDR_CONTENT_LENGTH ||
		    header->id == HDR_USER_AGENT || lines_name(more_lines, header->name))
			continue;
		sip_print_header_named(&lines, header->name, header->value);
	}
	sip_print_cseq(&lines, cseq, sent.method_name);
	buf_slice(&lines, more_lines);
	if (lines.is_overflown)
		return ERR_LIMIT;
	return txn_client_start_on(
		stack,
		&(struct request){ .method = sent.method_name,
				   .uri = sent.uri.text,
				   .flow = txn->datagram ? *txn->datagram : txn->flow,
				   .is_in_dialog = txn->is_in_dialog,
				   .challenges = txn->challenges,
				   .lines = buf_text(&lines),
				   .content_type = sip_msg_value(&sent, HDR_CONTENT_TYPE),
				   .body = sent.body },
		SLICE_NONE, ops, owner, ret_handle);
}

/* --- Responses ---------------------------------------------------------------------------- */

static void txn_client_tell(struct txn_client *txn, const struct sip_msg *msg,
			    const struct flow *flow)
{
	/* Only this request went by TCP; its peer's own go the usual way. */
	if (txn->ops)
		txn->ops->on_response(txn, txn->owner, msg, txn->datagram ? txn->datagram : flow);
}

static void txn_client_on_provisional(struct txn_client *txn, const struct sip_msg *msg,
				      const struct flow *flow)
{
	if (txn->state == TXN_CLIENT_CALLING)
		txn_client_set_state(txn, TXN_CLIENT_PROCEEDING);
	if (txn->method == METHOD_INVITE) {
		/* From here on its owner decides how long it may ring; CANCEL bounds it again. */
		txn->retry_at_ms = 0;
		if (txn->cancel == TXN_CANCEL_NONE)
			txn->timeout_at_ms = 0;
		txn_client_set_timer(txn);
	}
	if (txn->cancel == TXN_CANCEL_WANTED)
		txn_client_send_cancel(txn, txn->cancel_lines ? packet_bytes(txn->cancel_lines)
							      : SLICE_NONE);
	txn_client_tell(txn, msg, flow);
}

static void invite_on_final(struct txn_client *txn, const struct sip_msg *msg,
			    const struct flow *flow)
{
	bool is_reliable = transport_is_reliable(txn->flow.transport);
	bool is_2xx = msg->status < 300;

	if (is_2xx) {
		txn_client_set_state(txn, TXN_CLIENT_ACCEPTED);
		txn_client_time_out_in(txn, 64 * T1_MS); /* M */
	} else {
		txn_client_set_state(txn, TXN_CLIENT_COMPLETED);
		txn_client_time_out_in(txn, is_reliable ? 0 : 64 * T1_MS); /* D */
		txn_client_send_ack(txn, msg);
	}
	txn_client_tell(txn, msg, flow);
	/*
	 * Nothing is printed from it any more, but an ACK that memory was refused for, and what
	 * another fork's 2xx is answered with (RFC 3261 13.2.2.4).
	 */
	if (!is_2xx && txn->ack) {
		packet_unref(txn->request);
		txn->request = NULL;
	}
}

/*
 * In the state Completed of figure 6 it would wait timer K, and swallow copies of the response.
 * That is what becomes of a response without a transaction, too (RFC 6026 8.2), so none is kept:
 * thousands of answered NOTIFYs would stand in memory for these five seconds.
 */
static void other_on_final(struct txn_client *txn, const struct sip_msg *msg,
			   const struct flow *flow)
{
	txn_client_set_state(txn, TXN_CLIENT_COMPLETED);
	txn_client_tell(txn, msg, flow);
	txn_client_end(txn);
}

static void txn_client_on_final(struct txn_client *txn, const struct sip_msg *msg,
				const struct flow *flow)
{
	txn->retry_at_ms = 0;
	if (txn->method == METHOD_INVITE)
		invite_on_final(txn, msg, flow);
	else
		other_on_final(txn, msg, flow);
}

void txn_client_on_response(struct txn_client *txn, const struct sip_msg *msg,
			    const struct flow *flow)
{
	switch (txn->state) {
	case TXN_CLIENT_CALLING:
	case TXN_CLIENT_PROCEEDING:
		if (msg->status < 200)
			txn_client_on_provisional(txn, msg, flow);
		else
			txn_client_on_final(txn, msg, flow);
		break;
	case TXN_CLIENT_COMPLETED:
		if (msg->status >= 300)
			txn_client_send_ack(txn, msg);
		break;
	case TXN_CLIENT_ACCEPTED:
		if (msg->status >= 200 && msg->status < 300)
			txn_client_tell(txn, msg, flow);
		break;
	case TXN_CLIENT_ENDED:
		break;
	}
}
