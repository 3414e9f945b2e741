/* SPDX-License-Identifier: MIT */
/*
 * Server transactions (RFC 3261 17.2, RFC 6026). A response is the status line, the lines that the
 * transaction printed once when it began, and what the answer adds.
 */
#include "core/txn_server.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/print.h"

#define MAGIC_COOKIE SLICE("z9hG4bK")
#define TXN_KEY_MAX_BYTES 2048

/* A longer head would leave no room for an answer. */
#define HEAD_MAX_BYTES (SIP_MESSAGE_MAX_BYTES / 2)

/* Where each state may go (figures 5 and 7 of RFC 3261, figure 5 of RFC 6026). */
static const uint8_t state_next[] = {
	[TXN_SERVER_TRYING] = 1 << TXN_SERVER_PROCEEDING | 1 << TXN_SERVER_COMPLETED,
	[TXN_SERVER_PROCEEDING] = 1 << TXN_SERVER_COMPLETED | 1 << TXN_SERVER_ACCEPTED,
	[TXN_SERVER_COMPLETED] = 1 << TXN_SERVER_CONFIRMED,
	[TXN_SERVER_CONFIRMED] = 0,
	[TXN_SERVER_ACCEPTED] = 0,
	[TXN_SERVER_ENDED] = 0,
};

static void txn_server_set_state(struct txn_server *txn, enum txn_server_state state)
{
	CHECK(state == TXN_SERVER_ENDED || state_next[txn->state] & (1 << state));
	txn->state = state;
}

/* --- Matching (RFC 3261 17.2.3) ----------------------------------------------------------- */

/* A method is part of the key but ACK and CANCEL look for their INVITE. */
static void key_print(struct buf *buf, const struct sip_msg *msg, struct slice method)
{
	const struct sip_via *via = &msg->via;

	if (slice_starts_with(via->branch, MAGIC_COOKIE) && via->branch.n > MAGIC_COOKIE.n) {
		buf_slice(buf, via->branch);
		buf_char(buf, '\n');
		buf_slice(buf, via->host);
		buf_char(buf, ':');
		buf_u64(buf, via->port);
	} else {
		/* An RFC 2543 client: what its ACK has in common with its INVITE. */
		buf_slice(buf, msg->uri.text);
		buf_char(buf, '\n');
		buf_slice(buf, msg->from_tag);
		buf_char(buf, '\n');
		buf_slice(buf, msg->call_id);
		buf_char(buf, '\n');
		buf_u64(buf, msg->cseq);
		buf_char(buf, '\n');
		buf_slice(buf, via->text);
	}
	buf_char(buf, '\n');
	buf_slice(buf, method);
}

struct txn_server *txn_server_match(struct stack *stack, const struct sip_msg *msg,
				    enum sip_method method)
{
	char text[TXN_KEY_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct map_node *node;

	key_print(&buf, msg, method == METHOD_OTHER ? msg->method_name : sip_method_name(method));
	if (buf.is_overflown)
		return NULL;
	node = map_find(&stack->server_map, buf_text(&buf));
	return node ? CONTAINER_OF(node, struct txn_server, node) : NULL;
}

/* The same request by two ways has these in common but not the branch (RFC 3261 8.2.2.2). */
static void merge_key_print(struct buf *buf, const struct sip_msg *msg)
{
	buf_slice(buf, msg->from_tag);
	buf_char(buf, '\n');
	buf_slice(buf, msg->call_id);
	buf_char(buf, '\n');
	buf_u64(buf, msg->cseq);
	buf_char(buf, '\n');
	buf_slice(buf, msg->method_name);
}

bool txn_server_is_merged(struct stack *stack, const struct sip_msg *msg)
{
	char text[TXN_KEY_MAX_BYTES];
	struct buf buf = BUF_ON(text);

	if (msg->method == METHOD_ACK || msg->method == METHOD_CANCEL)
		return false;
	merge_key_print(&buf, msg);
	return map_find(&stack->merge_map, buf_text(&buf)) != NULL;
}

static void leave_map(struct map *map, struct map_node *node)
{
	if (map_node_is_in(node))
		map_remove(map, node);
}

static int txn_server_enter_maps(struct txn_server *txn, const struct sip_msg *msg)
{
	struct stack *stack = txn->stack;
	char text[2 * TXN_KEY_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct slice keys, merge_key;
	size_t key_bytes;
	int err;

	key_print(&buf, msg, msg->method_name);
	key_bytes = buf.n;
	if (slice_is_empty(msg->to_tag))
		merge_key_print(&buf, msg);
	if (key_bytes > TXN_KEY_MAX_BYTES || buf.is_overflown)
		return ERR_LIMIT;
	err = slice_keep(buf_text(&buf), &keys);
	if (err)
		return err;
	txn->keys = (char *)keys.p;
	err = map_insert(&stack->server_map, &txn->node, slice_head(keys, key_bytes));
	merge_key = slice_from(keys, key_bytes);
	if (err || slice_is_empty(merge_key) || map_find(&stack->merge_map, merge_key))
		return err;
	return map_insert(&stack->merge_map, &txn->merge_node, merge_key);
}

/* --- Life --------------------------------------------------------------------------------- */

struct flow txn_reply_flow(const struct sip_msg *msg, const struct flow *came_by)
{
	struct flow flow = *came_by;

	/*
	 * Without rport the answer goes to the port that the Via names (18.2.2). A maddr there is
	 * not followed: anybody could have answers sent to a third party by it.
	 */
	if (!transport_is_reliable(flow.transport) && !msg->via.has_rport)
		flow.peer.port = msg->via.port ? msg->via.port : 5060;
	return flow;
}

/* Prints what all responses share and remembers where our To tag stands in it. */
static int txn_server_print_head(struct txn_server *txn, struct incoming *in)
{
	struct stack *stack = txn->stack;
	struct buf buf = { .p = stack->head_scratch, .cap = STACK_SCRATCH_BYTES };
	enum sip_method method = in->msg->method;
	bool is_dialog =
		method == METHOD_INVITE || method == METHOD_SUBSCRIBE || method == METHOD_REFER;
	char tag[TOKEN_BYTES];
	struct slice to_tag = in->msg->to_tag, copy;
	size_t head_at, head_end;

	stack_token(stack, tag);
	sip_print_response_head(&buf, in->msg, &in->flow.peer, 200, SLICE("x"),
				slice_of(tag, sizeof(tag)), is_dialog);
	head_end = buf.n;
	buf_slice(&buf, to_tag);
	if (head_end > HEAD_MAX_BYTES || buf.is_overflown)
		return ERR_LIMIT;
	head_at = slice_find_char(buf_text(&buf), '\n') + 1;
	if (slice_keep(slice_from(buf_text(&buf), head_at), &copy))
		return ERR_NOMEM;
	txn->head = (char *)copy.p;
	txn->head_bytes = head_end - head_at;
	txn->request_to_tag = slice_from(copy, txn->head_bytes);
	if (slice_is_empty(to_tag)) {
		char *at = memmem(txn->head, txn->head_bytes, tag, sizeof(tag));

		CHECK(at);
		txn->to_tag_at = (size_t)(at - txn->head);
	}
	return 0;
}

struct txn_server *txn_server_start(struct incoming *in, const struct txn_server_ops *ops,
				    struct handle owner)
{
	struct stack *stack = in->stack;
	struct txn_server *txn;

	CHECK(!in->txn && in->msg->method != METHOD_ACK);
	txn = pool_new(&stack->txn_servers);
	if (!txn)
		return NULL;
	txn->stack = stack;
	txn->is_invite = in->msg->method == METHOD_INVITE;
	txn->state = txn->is_invite ? TXN_SERVER_PROCEEDING : TXN_SERVER_TRYING;
	txn->flow = txn_reply_flow(in->msg, &in->flow);
	txn->sent_by_port = in->msg->via.port ? in->msg->via.port : 5060;
	txn->ops = ops;
	txn->owner = owner;
	if (txn_server_print_head(txn, in) || txn_server_enter_maps(txn, in->msg)) {
		txn_server_end(txn);
		return NULL;
	}
	in->txn = txn;
	if (txn->is_invite)
		(void)txn_server_respond(txn, &(struct answer){ .status = 100 });
	return txn;
}

static void txn_server_leave_maps(struct txn_server *txn)
{
	leave_map(&txn->stack->server_map, &txn->node);
	leave_map(&txn->stack->merge_map, &txn->merge_node);
	mem_free(txn->keys);
	txn->keys = NULL;
}

/* After the final response nothing is printed any more. */
static void txn_server_drop_head(struct txn_server *txn)
{
	mem_free(txn->head);
	txn->head = NULL;
	txn->request_to_tag = SLICE_NONE;
}

void txn_server_end(struct txn_server *txn)
{
	txn_server_set_state(txn, TXN_SERVER_ENDED);
	timer_stop(txn->stack->timers, &txn->retransmit);
	timer_stop(txn->stack->timers, &txn->timeout);
	txn_server_leave_maps(txn);
	pool_end(&txn->stack->txn_servers, txn);
}

void txn_server_on_free(void *object)
{
	struct txn_server *txn = object;

	timer_stop(txn->stack->timers, &txn->retransmit);
	timer_stop(txn->stack->timers, &txn->timeout);
	txn_server_leave_maps(txn);
	txn_server_drop_head(txn);
	packet_unref(txn->last);
}

struct slice txn_server_to_tag(const struct txn_server *txn)
{
	CHECK(txn->head);
	if (txn->to_tag_at == 0)
		return txn->request_to_tag;
	return slice_of(txn->head + txn->to_tag_at, TOKEN_BYTES);
}

void txn_server_set_to_tag(struct txn_server *txn, const char tag[TOKEN_BYTES])
{
	if (txn->to_tag_at > 0 && txn->head)
		memcpy(txn->head + txn->to_tag_at, tag, TOKEN_BYTES);
}

/* --- Sending ------------------------------------------------------------------------------ */

void txn_server_resend(struct txn_server *txn)
{
	struct flow other = txn->flow;

	if (!txn->last || stack_send(txn->stack, &txn->flow, txn->last) == 0)
		return;
	if (txn->ops && txn->ops->find_way &&
	    txn->ops->find_way(txn->stack, txn->owner, &other) == 0 &&
	    stack_send(txn->stack, &other, txn->last) == 0) {
		txn->flow = other;
		return;
	}
	/* The connection is gone: a new one to where the Via says the peer listens (18.2.2). */
	txn->flow.conn = HANDLE_NONE;
	txn->flow.peer.port = txn->sent_by_port;
	(void)stack_send(txn->stack, &txn->flow, txn->last);
}

static void on_timer_g(struct timer *timer)
{
	struct txn_server *txn = CONTAINER_OF(timer, struct txn_server, retransmit);

	txn_server_resend(txn);
	txn->interval_ms = txn->interval_ms * 2 < T2_MS ? txn->interval_ms * 2 : T2_MS;
	timer_start(txn->stack->timers, &txn->retransmit, txn->interval_ms, on_timer_g);
}

/* H, I, J and L: a failure that was never acknowledged has nobody left to tell. */
static void on_timeout(struct timer *timer)
{
	txn_server_end(CONTAINER_OF(timer, struct txn_server, timeout));
}

static void txn_server_on_final(struct txn_server *txn, unsigned status)
{
	struct timers *timers = txn->stack->timers;
	bool is_reliable = transport_is_reliable(txn->flow.transport);

	if (txn->is_invite && status < 300) {
		txn_server_set_state(txn, TXN_SERVER_ACCEPTED);
		timer_start(timers, &txn->timeout, 64 * T1_MS, on_timeout);
		return;
	}
	txn_server_set_state(txn, TXN_SERVER_COMPLETED);
	if (txn->is_invite && !is_reliable) {
		txn->interval_ms = T1_MS;
		timer_start(timers, &txn->retransmit, T1_MS, on_timer_g);
	}
	timer_start(timers, &txn->timeout, txn->is_invite || !is_reliable ? 64 * T1_MS : 0,
		    on_timeout);
}

static int txn_server_print(struct txn_server *txn, const struct answer *answer,
			    struct packet **ret_packet)
{
	struct stack *stack = txn->stack;
	struct buf buf = { .p = stack->scratch, .cap = STACK_SCRATCH_BYTES };
	struct slice reason = answer->reason;

	if (slice_is_empty(reason))
		reason = sip_status_reason(answer->status);
	sip_print_status_line(&buf, answer->status, reason);
	buf_slice(&buf, slice_of(txn->head, txn->head_bytes));
	buf_slice(&buf, answer->lines);
	if (answer->status > 100)
		sip_print_header(&buf, HDR_SERVER, stack->product);
	sip_print_body(&buf, answer->content_type, answer->body);
	if (buf.is_overflown)
		return ERR_LIMIT;
	*ret_packet = packet_new(buf_text(&buf));
	return *ret_packet ? 0 : ERR_NOMEM;
}

/* A final answer that memory was refused for is still owed: the peer would wait for ever. */
static void on_owed_answer(struct timer *timer)
{
	struct txn_server *txn = CONTAINER_OF(timer, struct txn_server, retransmit);

	(void)txn_server_respond(txn, &(struct answer){ .status = 500 });
}

int txn_server_respond(struct txn_server *txn, const struct answer *answer)
{
	struct packet *packet;
	int err;

	CHECK(answer->status >= 100 && answer->status < 700);
	if (txn->state != TXN_SERVER_TRYING && txn->state != TXN_SERVER_PROCEEDING)
		return ERR_STATE;
	err = txn_server_print(txn, answer, &packet);
	if (err == ERR_NOMEM && (answer->status >= 300 || !txn->is_invite))
		timer_start(txn->stack->timers, &txn->retransmit, T1_MS, on_owed_answer);
	if (err)
		return err;
	timer_stop(txn->stack->timers, &txn->retransmit);
	packet_unref(txn->last);
	txn->last = packet;
	if (answer->status >= 200) {
		txn_server_drop_head(txn);
		txn_server_on_final(txn, answer->status);
	} else if (txn->state == TXN_SERVER_TRYING) {
		txn_server_set_state(txn, TXN_SERVER_PROCEEDING);
	}
	txn_server_resend(txn);
	return 0;
}

/* --- Receiving ---------------------------------------------------------------------------- */

static void txn_server_on_ack(struct txn_server *txn)
{
	bool is_reliable = transport_is_reliable(txn->flow.transport);

	if (txn->state != TXN_SERVER_COMPLETED)
		return;
	txn_server_set_state(txn, TXN_SERVER_CONFIRMED);
	timer_stop(txn->stack->timers, &txn->retransmit);
	timer_start(txn->stack->timers, &txn->timeout, is_reliable ? 0 : T4_MS, on_timeout);
}

void txn_server_on_request(struct txn_server *txn, const struct sip_msg *msg)
{
	if (msg->method == METHOD_ACK) {
		txn_server_on_ack(txn);
		return;
	}
	switch (txn->state) {
	case TXN_SERVER_PROCEEDING:
	case TXN_SERVER_COMPLETED:
		txn_server_resend(txn);
		break;
	case TXN_SERVER_TRYING:
	case TXN_SERVER_CONFIRMED:
	case TXN_SERVER_ACCEPTED: /* the 2xx is repeated by the session's own timer */
	case TXN_SERVER_ENDED:
		break;
	}
}
