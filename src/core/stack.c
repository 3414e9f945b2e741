/* SPDX-License-Identifier: MIT */
/*
 * The stack's front door: a received message is parsed, matched to its transaction or dialog, or
 * checked (RFC 3261 8.2) and handed to the transaction user.
 */
#include "core/stack.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/notifier.h"
#include "core/refer.h"
#include "core/referral.h"
#include "core/registration.h"
#include "core/session.h"
#include "core/subscriber.h"
#include "sip/print.h"

#include <stdarg.h>

#define TRACE_LINE_MAX_BYTES 1024

int stack_init(struct stack *stack, const struct env *env, struct timers *timers,
	       const struct stack_user *user, const struct stack_limits *limits,
	       struct slice product)
{
	uint64_t map_secret[2];
	char *block;

	*stack = (struct stack){ .env = env, .timers = timers, .user = *user, .product = product };
	env->random(env->host, map_secret, sizeof(map_secret));
	env->random(env->host, stack->tag_secret, sizeof(stack->tag_secret));
	map_init_sparse(&stack->server_map, map_secret);
	map_init_sparse(&stack->merge_map, map_secret);
	map_init(&stack->usages, map_secret);
	map_init(&stack->twins, map_secret);
	pool_init(&stack->txn_clients, "client transactions", sizeof(struct txn_client),
		  limits->transactions, txn_client_on_free);
	pool_init(&stack->txn_servers, "server transactions", sizeof(struct txn_server),
		  limits->transactions, txn_server_on_free);
	pool_init(&stack->sessions, "sessions", sizeof(struct session), limits->sessions,
		  session_on_free);
	pool_init(&stack->notifiers, "subscriptions", sizeof(struct notifier),
		  limits->subscriptions, notifier_on_free);
	pool_init(&stack->registrations, "registrations", sizeof(struct registration),
		  limits->registrations, registration_on_free);
	pool_init(&stack->subscribers, "subscribers", sizeof(struct subscriber),
		  limits->subscribers, subscriber_on_free);
	pool_init(&stack->refers, "refers", sizeof(struct refer), limits->refers, refer_on_free);
	pool_init(&stack->referrals, "referrals", sizeof(struct referral), limits->referrals,
		  referral_on_free);
	block = mem_alloc(STACK_ARENA_BYTES);
	stack->scratch = mem_alloc(STACK_SCRATCH_BYTES);
	stack->head_scratch = mem_alloc(STACK_SCRATCH_BYTES);
	arena_init(&stack->arena, block, STACK_ARENA_BYTES);
	if (!block || !stack->scratch || !stack->head_scratch) {
		stack_fini(stack);
		return ERR_NOMEM;
	}
	return 0;
}

void stack_fini(struct stack *stack)
{
	stack->is_ending = true;
	pool_fini(&stack->sessions);
	pool_fini(&stack->notifiers);
	pool_fini(&stack->registrations);
	pool_fini(&stack->subscribers);
	pool_fini(&stack->refers);
	pool_fini(&stack->referrals);
	pool_fini(&stack->txn_clients);
	pool_fini(&stack->txn_servers);
	map_fini(&stack->server_map);
	map_fini(&stack->merge_map);
	map_fini(&stack->usages);
	map_fini(&stack->twins);
	mem_free(stack->arena.block);
	mem_free(stack->scratch);
	mem_free(stack->head_scratch);
}

int stack_send(struct stack *stack, const struct flow *flow, struct packet *packet)
{
	int err;

	if (stack->is_ending)
		return 0;
	err = stack->env->send(stack->env->host, flow, packet);
	if (err)
		stack->counts.unsent++;
	else
		stack->counts.sent++;
	return err;
}

void stack_on_turn_end(struct stack *stack)
{
	pool_sweep(&stack->sessions);
	pool_sweep(&stack->notifiers);
	pool_sweep(&stack->registrations);
	pool_sweep(&stack->subscribers);
	pool_sweep(&stack->refers);
	pool_sweep(&stack->referrals);
	pool_sweep(&stack->txn_clients);
	pool_sweep(&stack->txn_servers);
}

static bool txn_client_is_on(const struct txn_client *txn, const struct flow *lost)
{
	struct flow opened = *lost;

	if (txn->state != TXN_CLIENT_CALLING || txn->flow.transport != lost->transport)
		return false;
	opened.conn = HANDLE_NONE;
	return handle_eq(txn->flow.conn, lost->conn) || flow_eq(&txn->flow, &opened);
}

void stack_on_connection_lost(struct stack *stack, const struct flow *lost)
{
	uint32_t slot = 0;
	struct txn_client *txn;

	while ((txn = pool_walk(&stack->txn_clients, &slot)))
		if (txn_client_is_on(txn, lost))
			txn_client_lose(txn);
}

void stack_token(struct stack *stack, char ret_token[TOKEN_BYTES])
{
	static const char letters[33] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t bytes[TOKEN_BYTES];

	stack->env->random(stack->env->host, bytes, sizeof(bytes));
	for (size_t i = 0; i < TOKEN_BYTES; i++)
		ret_token[i] = letters[bytes[i] & 31];
}

void stack_trace(struct stack *stack, const char *format, ...)
{
	char line[TRACE_LINE_MAX_BYTES];
	struct buf buf = BUF_ON(line);
	va_list args;

	if (!stack->env->trace || stack->is_ending)
		return;
	va_start(args, format);
	buf_vprintf(&buf, format, args);
	va_end(args);
	stack->env->trace(stack->env->host, buf_text(&buf));
}

/* --- Usages ------------------------------------------------------------------------------- */

int usage_start(struct stack *stack, struct usage *usage, const struct usage_ops *ops,
		struct slice local_tag)
{
	usage->ops = ops;
	return map_insert(&stack->usages, &usage->node, local_tag);
}

void usage_rename(struct stack *stack, struct usage *usage, char local_tag[TOKEN_BYTES],
		  const char fresh[TOKEN_BYTES])
{
	int err;

	CHECK(usage->node.key == local_tag);
	map_remove(&stack->usages, &usage->node);
	memcpy(local_tag, fresh, TOKEN_BYTES);
	/* The table is there already, so this cannot be refused. */
	err = map_insert(&stack->usages, &usage->node, slice_of(local_tag, TOKEN_BYTES));
	CHECK(err == 0);
}

void usage_stop(struct stack *stack, struct usage *usage)
{
	if (map_node_is_in(&usage->node))
		map_remove(&stack->usages, &usage->node);
}

struct usage *usage_find(struct stack *stack, struct slice call_id, struct slice local_tag)
{
	struct map_node *node = map_find(&stack->usages, local_tag);
	struct usage *usage = node ? CONTAINER_OF(node, struct usage, node) : NULL;

	return usage && slice_eq(usage->ops->call_id(usage), call_id) ? usage : NULL;
}

/* --- Answering ---------------------------------------------------------------------------- */

/*
 * The To tag of a stateless answer must be the same for each retransmission (RFC 3261 8.2.7): it
 * is derived from what identifies the request.
 */
static void stateless_tag(struct stack *stack, const struct sip_msg *msg, char tag[TOKEN_BYTES])
{
	char text[SIP_CALL_ID_MAX_BYTES + SIP_TAG_MAX_BYTES + SIP_BRANCH_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	struct buf out;
	uint64_t hash;

	buf_slice(&buf, msg->call_id);
	buf_slice(&buf, msg->from_tag);
	buf_slice(&buf, msg->via.branch);
	hash = hash_bytes(stack->tag_secret, buf_text(&buf));
	buf_init(&out, tag, TOKEN_BYTES);
	buf_hex(&out, &hash, sizeof(hash));
}

void incoming_reply_stateless(struct incoming *in, const struct answer *answer)
{
	struct stack *stack = in->stack;
	struct buf buf = { .p = stack->scratch, .cap = STACK_SCRATCH_BYTES };
	struct flow flow = txn_reply_flow(in->msg, &in->flow);
	char tag[TOKEN_BYTES];
	struct packet *packet;

	if (in->msg->method == METHOD_ACK ||
	    (stack->user.may_answer && !stack->user.may_answer(stack->user.user, in)))
		return;
	stateless_tag(stack, in->msg, tag);
	sip_print_response_head(&buf, in->msg, &in->flow.peer, answer->status, answer->reason,
				slice_of(tag, sizeof(tag)), false);
	buf_slice(&buf, answer->lines);
	sip_print_header(&buf, HDR_SERVER, stack->product);
	sip_print_body(&buf, answer->content_type, answer->body);
	packet = buf.is_overflown ? NULL : packet_new(buf_text(&buf));
	if (!packet)
		return; /* as if lost on the wire: the peer sends again */
	(void)stack_send(stack, &flow, packet);
	packet_unref(packet);
}

static const struct answer answer_full = { .status = 503,
					   .lines = SLICE_INIT("Retry-After: 5\r\n") };

void incoming_reply(struct incoming *in, const struct answer *answer)
{
	if (in->msg->method == METHOD_ACK)
		return;
	if (!in->txn && !txn_server_start(in, NULL, HANDLE_NONE)) {
		incoming_reply_stateless(in, &answer_full);
		return;
	}
	/* What cannot even be printed is as good as not received. */
	if (txn_server_respond(in->txn, answer) == ERR_LIMIT)
		txn_server_end(in->txn);
}

void incoming_reply_status(struct incoming *in, unsigned status)
{
	incoming_reply(in, &(struct answer){ .status = status });
}

void incoming_refuse_full(struct incoming *in)
{
	incoming_reply(in, &answer_full);
}

/* --- Receiving ---------------------------------------------------------------------------- */

static void stack_on_response(struct stack *stack, const struct sip_msg *msg,
			      const struct flow *flow)
{
	struct txn_client *txn = txn_client_match(stack, msg);

	/* RFC 6026 8.2: a response without a transaction is dropped. */
	if (txn)
		txn_client_on_response(txn, msg, flow);
}

static void stack_on_cancel(struct incoming *in)
{
	struct txn_server *invite = txn_server_match(in->stack, in->msg, METHOD_INVITE);

	if (!invite) {
		incoming_reply_stateless(in, &(struct answer){ .status = 481 });
		return;
	}
	incoming_reply_status(in, 200);
	if (invite->state == TXN_SERVER_PROCEEDING && invite->ops)
		invite->ops->on_cancel(in->stack, invite->owner, in->msg);
}

static void stack_on_dialog_request(struct incoming *in)
{
	struct usage *usage = usage_find(in->stack, in->msg->call_id, in->msg->to_tag);

	if (usage)
		usage->ops->on_request(usage, in);
	else if (in->msg->method != METHOD_ACK)
		incoming_reply_stateless(in, &(struct answer){ .status = 481 });
}

/* The checks of RFC 3261 8.2.2 and 16.3 that need no configuration; 0 when all is well. */
static unsigned stack_check_request(struct stack *stack, const struct sip_msg *msg)
{
	if (msg->is_uri_bad)
		return 400;
	if (msg->uri.scheme == URI_OTHER)
		return 416;
	if (!slice_is_empty(msg->to_tag))
		return 0;
	/* A B2BUA calls on as a proxy would, so a spent hop count stops here (16.3 3.). */
	if (msg->has_max_forwards && msg->max_forwards == 0 && msg->method == METHOD_INVITE)
		return 483;
	if (txn_server_is_merged(stack, msg))
		return 482;
	return 0;
}

static void stack_on_new_request(struct incoming *in)
{
	unsigned refusal = stack_check_request(in->stack, in->msg);

	if (refusal && in->msg->method != METHOD_ACK) {
		struct slice reason = in->msg->is_uri_bad ? SLICE("Bad Request-URI") : SLICE_NONE;

		incoming_reply_stateless(in,
					 &(struct answer){ .status = refusal, .reason = reason });
	} else if (in->msg->method == METHOD_CANCEL) {
		stack_on_cancel(in);
	} else if (!slice_is_empty(in->msg->to_tag) && in->msg->method != METHOD_REGISTER) {
		stack_on_dialog_request(in);
	} else if (in->msg->method != METHOD_ACK) {
		in->stack->user.on_request(in->stack->user.user, in);
	}
}

static void stack_on_request(struct stack *stack, const struct sip_msg *msg,
			     const struct flow *flow)
{
	struct incoming in = { .stack = stack, .msg = msg, .flow = *flow };
	struct txn_server *txn;

	txn = txn_server_match(stack, msg, msg->method == METHOD_ACK ? METHOD_INVITE : msg->method);
	if (txn && !(msg->method == METHOD_ACK && txn->state == TXN_SERVER_ACCEPTED))
		txn_server_on_request(txn, msg);
	else
		stack_on_new_request(&in);
}

static void stack_on_fault(struct stack *stack, const struct sip_msg *msg, const struct flow *flow,
			   const struct sip_fault *fault)
{
	struct incoming in = { .stack = stack, .msg = msg, .flow = *flow };
	struct answer answer = { .status = 400, .reason = slice_from_cstr(fault->reason) };

	stack->counts.malformed++;
	if (!fault->is_answerable)
		return;
	if (slice_eq(answer.reason, SLICE("SIP version not supported")))
		answer = (struct answer){ .status = 505 };
	incoming_reply_stateless(&in, &answer);
}

void stack_on_message(struct stack *stack, const struct flow *flow, struct slice bytes)
{
	struct sip_msg msg;
	struct sip_fault fault;

	stack->counts.received++;
	arena_reset(&stack->arena);
	if (sip_msg_parse(bytes, &stack->arena, &msg, &fault))
		stack_on_fault(stack, &msg, flow, &fault);
	else if (msg.is_request)
		stack_on_request(stack, &msg, flow);
	else
		stack_on_response(stack, &msg, flow);
}
