/* SPDX-License-Identifier: MIT */
/*
 * Ways. Who has refused TCP stands in a small table of the stack, the oldest making room: a wrong
 * guess costs a moment, not a call.
 */
#include "core/way.h"

#include "base/err.h"
#include "sip/print.h"

#define DATAGRAM_MAX_BYTES 1300 /* of a request, when the path's MTU is not known */
#define REFUSAL_MS (10 * 60 * 1000)
#define ARENA_BYTES 16384

void way_print_via(struct buf *buf, const struct flow *flow, struct slice branch)
{
	buf_lit(buf, "Via: SIP/2.0/");
	buf_slice(buf, transport_name(flow->transport));
	buf_char(buf, ' ');
	addr_print(buf, &flow->local);
	buf_lit(buf, ";rport;branch=");
	buf_slice(buf, branch);
	buf_lit(buf, "\r\n");
}

/* Cuts a line off, with its end. */
static struct slice cut_line(struct slice *text)
{
	size_t n = slice_find_char(*text, '\n') + 1;
	struct slice line = slice_head(*text, n);

	*text = slice_from(*text, n);
	return line;
}

/* Our own Via ends with its branch. */
static struct slice branch_of(struct slice via)
{
	size_t at = via.n;

	while (at > 0 && via.p[at - 1] != '=')
		at--;
	return slice_trim(slice_from(via, at));
}

struct packet *way_reprint(struct stack *stack, const struct packet *request,
			   const struct flow *flow)
{
	struct buf buf = { .p = stack->scratch, .cap = STACK_SCRATCH_BYTES };
	struct slice rest = packet_bytes(request);
	struct slice via;

	buf_slice(&buf, cut_line(&rest));
	via = cut_line(&rest);
	way_print_via(&buf, flow, branch_of(via));
	buf_slice(&buf, rest);
	return buf.is_overflown ? NULL : packet_new(buf_text(&buf));
}

/* --- When a connection is gone ------------------------------------------------------------ */

/* A connection of our own that could not be opened leaves no Contact to try. */
static int find_by_contact(struct slice target, struct flow *flow)
{
	struct sip_uri uri;
	struct addr addr;

	if (flow->is_natted || handle_eq(flow->conn, HANDLE_NONE) || sip_uri_parse(target, &uri) ||
	    addr_parse_ip(uri.host, &addr) || addr.family != flow->peer.family)
		return ERR_NOTFOUND;
	addr.port = uri.port ? uri.port : transport_port(flow->transport);
	flow->peer = addr;
	flow->conn = HANDLE_NONE;
	return 0;
}

int way_find(struct stack *stack, struct slice identity, struct slice target, struct flow *flow)
{
	struct flow other = *flow;

	if (stack->user.find_way &&
	    stack->user.find_way(stack->user.user, identity, target, &other) == 0 &&
	    !flow_eq(&other, flow)) {
		*flow = other;
		return 0;
	}
	return find_by_contact(target, flow);
}

int way_change(struct stack *stack, struct flow *flow, struct packet **request)
{
	_Alignas(max_align_t) char block[ARENA_BYTES];
	struct flow other = *flow;
	struct packet *reprinted;
	struct sip_fault fault;
	struct arena arena;
	struct sip_msg sent;

	arena_init(&arena, block, sizeof(block));
	if (sip_msg_parse(packet_bytes(*request), &arena, &sent, &fault) ||
	    way_find(stack, sent.to.text, sent.uri.text, &other))
		return ERR_NOTFOUND;
	if (other.transport != flow->transport || !addr_eq(&other.local, &flow->local)) {
		reprinted = way_reprint(stack, *request, &other);
		if (!reprinted)
			return ERR_NOTFOUND;
		packet_unref(*request);
		*request = reprinted;
	}
	*flow = other;
	return 0;
}

int way_send(struct stack *stack, const struct flow *flow, struct packet *request)
{
	struct flow used = *flow;
	int err = stack_send(stack, &used, request);

	if (!err)
		return 0;
	request = packet_ref(request);
	if (way_change(stack, &used, &request) == 0)
		err = stack_send(stack, &used, request);
	packet_unref(request);
	return err;
}

/* --- When a request is large -------------------------------------------------------------- */

static bool is_refused(const struct stack *stack, const struct addr *peer)
{
	for (size_t i = 0; i < STACK_REFUSALS_MAX; i++)
		if (stack->refusals[i].until_ms > stack->timers->now_ms &&
		    addr_eq(&stack->refusals[i].peer, peer))
			return true;
	return false;
}

void way_refuse_stream(struct stack *stack, const struct addr *peer)
{
	struct stack_refusal *oldest = &stack->refusals[0];

	for (size_t i = 1; i < STACK_REFUSALS_MAX; i++)
		if (stack->refusals[i].until_ms < oldest->until_ms)
			oldest = &stack->refusals[i];
	*oldest = (struct stack_refusal){ .peer = *peer,
					  .until_ms = stack->timers->now_ms + REFUSAL_MS };
}

int way_for_size(struct stack *stack, const struct flow *datagram, size_t bytes,
		 struct flow *ret_stream)
{
	struct flow stream = *datagram;

	if (bytes <= DATAGRAM_MAX_BYTES || datagram->transport != TRANSPORT_UDP ||
	    datagram->is_natted || !stack->env->route || is_refused(stack, &datagram->peer))
		return ERR_NOTFOUND;
	stream.transport = TRANSPORT_TCP;
	if (stack->env->route(stack->env->host, &stream))
		return ERR_NOTFOUND;
	*ret_stream = stream;
	return 0;
}
