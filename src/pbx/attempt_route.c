/* SPDX-License-Identifier: MIT */
/*
 * Calling somebody outside: by the first trunk of the route that has a way, and on to the next
 * target or trunk where one is silent or overloaded (RFC 3263 4.3). Who the caller is said to be
 * depends on the trunk (RFC 3323, RFC 3325).
 */
#include "pbx/attempt_inner.h"

#include "base/err.h"
#include "core/txn_client.h"
#include "pbx/trunk.h"
#include "sip/print.h"

#define INVITE_LINES_MAX_BYTES 4096

/* Without a word from a target, while there is another one, the caller waits no longer than this.
 */
#define SILENCE_MS 6000

/* --- Who calls ---------------------------------------------------------------------------- */

/* The extension in whose name it goes out: the caller, or who forwarded or transferred a call from
 * outside.
 */
static struct party who_calls(const struct attempt *attempt)
{
	const struct leg *caller = attempt->call->caller;

	if (!caller->extension && attempt->trail.count > 0)
		return attempt->trail.steps[attempt->trail.count - 1].party;
	if (!caller->extension && attempt->call->referrer)
		return *attempt->call->referrer;
	return caller->party;
}

static void print_user(struct buf *buf, const struct trunk_config *config, struct slice number)
{
	if (!config->has_from) {
		uri_escape_user(buf, slice_is_empty(config->username) ? number : config->username);
		return;
	}
	uri_escape_user(buf, config->from.text);
	if (config->from.is_prefix)
		uri_escape_user(buf, number);
}

/* `"Alice" <sip:+493012345201@acme.example>`; the name is for trusted eyes. */
static void print_us(struct buf *buf, const struct trunk *trunk, const struct party *party)
{
	if (trunk->config->is_trusted && !slice_is_empty(party->name)) {
		sip_print_quoted(buf, party->name);
		buf_char(buf, ' ');
	}
	buf_lit(buf, "<sip:");
	print_user(buf, trunk->config, party->number);
	buf_char(buf, '@');
	buf_slice(buf, trunk_domain(trunk));
	buf_char(buf, '>');
}

/* Where the call has been is nobody's business but a trusted one's (RFC 7044 10.1.2). */
static void print_lines(struct buf *lines, const struct attempt *attempt, const struct trunk *trunk,
			const struct party *us, uint32_t breadth)
{
	const struct call *call = attempt->call;
	bool is_trusted = trunk->config->is_trusted;

	if (breadth < BREADTH_MAX) {
		buf_lit(lines, "Max-Breadth: ");
		buf_u64(lines, breadth);
		buf_lit(lines, "\r\n");
	}
	if (is_trusted) {
		buf_lit(lines, "P-Asserted-Identity: ");
		print_us(lines, trunk, us);
		buf_lit(lines, "\r\n");
	}
	if (call->is_private)
		buf_lit(lines, "Privacy: id\r\n");
	else if (is_trusted)
		trail_print(&attempt->trail, lines, attempt->to.number, trunk_domain(trunk));
}

/* --- Calling ------------------------------------------------------------------------------ */

static void on_silence(struct timer *timer);

static int call_by(struct attempt *attempt, struct trunk *trunk, const struct flow *flow)
{
	struct call *call = attempt->call;
	struct party us = who_calls(attempt);
	uint32_t breadth = share_of(call, 1);
	char number_text[2 * SIP_USER_MAX_BYTES], uri_text[IDENTITY_MAX_BYTES];
	char local_text[IDENTITY_MAX_BYTES], remote_text[IDENTITY_MAX_BYTES + 2];
	char contact_text[CONTACT_LINE_MAX_BYTES], lines_text[INVITE_LINES_MAX_BYTES];
	struct buf number = BUF_ON(number_text), uri = BUF_ON(uri_text);
	struct buf local = BUF_ON(local_text), remote = BUF_ON(remote_text);
	struct buf contact = BUF_ON(contact_text), lines = BUF_ON(lines_text);
	struct session_spec spec;
	struct leg *leg;
	int err;

	route_print_number(&number, attempt->to.route, attempt->to.number);
	trunk_print_uri(trunk, &uri, buf_text(&number));
	if (call->is_private)
		pbx_print_identity(call->pbx, &local, SLICE_NONE, SLICE_NONE);
	else
		print_us(&local, trunk, &us);
	buf_char(&remote, '<');
	buf_slice(&remote, buf_text(&uri));
	buf_char(&remote, '>');
	trunk_print_contact(trunk, &contact, flow);
	print_lines(&lines, attempt, trunk, &us, breadth);
	if (number.is_overflown || uri.is_overflown || local.is_overflown || contact.is_overflown ||
	    lines.is_overflown)
		return ERR_LIMIT;
	leg = call_new_trunk_leg(call, attempt, trunk, attempt->to.number);
	if (!leg)
		return ERR_NOMEM;
	leg->breadth = breadth;
	call->breadth_left -= breadth;
	spec = (struct session_spec){
		.dialog = { .local = buf_text(&local),
			    .remote = buf_text(&remote),
			    .target = buf_text(&uri),
			    .contact = buf_text(&contact),
			    .hops_used = call->hops_used,
			    .flow = *flow },
		.lines = buf_text(&lines),
		.content_type = call->offer_type,
		.body = call->offer,
	};
	err = session_call(&call->pbx->stack, &spec, &leg_session_ops, leg, &leg->session);
	if (err) {
		leg_end(leg, 0, SLICE_NONE);
		return err;
	}
	leg->session->account = trunk->pooled.handle;
	attempt->flow = *flow;
	stack_trace(&call->pbx->stack, "event=outside call=%u trunk=%.*s number=%.*s", call->number,
		    SLICE_ARGS(trunk->config->name), SLICE_ARGS(buf_text(&number)));
	return 0;
}

/* --- Choosing ----------------------------------------------------------------------------- */

static struct trunk *trunk_at(const struct attempt *attempt, size_t i)
{
	const struct route *route = attempt->to.route;

	return i < route->trunk_count ? trunk_find(attempt->call->pbx, route->trunks[i]->name)
				      : NULL;
}

/* An emergency call tries what is said to be down, too, and no limit counts for it. */
static bool trunk_may_be_tried(const struct attempt *attempt, const struct trunk *trunk)
{
	if (!trunk || trunk->is_leaving || trunk->target_count == 0)
		return false;
	return attempt->to.route->is_emergency || (trunk_is_usable(trunk) && !trunk_is_full(trunk));
}

/* Whether anything would be tried if what is being tried now stayed silent. */
static bool has_another_way(const struct attempt *attempt)
{
	const struct trunk *trunk = trunk_at(attempt, attempt->trunk_at);

	if (trunk && trunk_has_fresh(trunk, attempt->tried))
		return true;
	for (size_t i = attempt->trunk_at + 1; i < attempt->to.route->trunk_count; i++)
		if (trunk_may_be_tried(attempt, trunk_at(attempt, i)) &&
		    trunk_has_fresh(trunk_at(attempt, i), 0))
			return true;
	return false;
}

/* The next target of this trunk, or of one behind it; fresh: that has not failed a while ago. */
static bool call_next(struct attempt *attempt, bool is_fresh_wanted)
{
	for (; attempt->trunk_at < attempt->to.route->trunk_count; attempt->trunk_at++) {
		struct trunk *trunk = trunk_at(attempt, attempt->trunk_at);
		struct flow flow;

		while (trunk_may_be_tried(attempt, trunk) &&
		       (!is_fresh_wanted || trunk_has_fresh(trunk, attempt->tried)) &&
		       trunk_pick(trunk, &attempt->tried, &flow) == 0) {
			if (call_by(attempt, trunk, &flow))
				continue;
			if (has_another_way(attempt))
				timer_start(attempt->call->pbx->stack.timers, &attempt->no_answer,
					    SILENCE_MS, on_silence);
			return true;
		}
		attempt->tried = 0;
	}
	return false;
}

/* Not even 100, which says that a target is there (RFC 3261 17.1.1.2). */
static bool is_silent(const struct attempt *attempt)
{
	struct stack *stack = &attempt->call->pbx->stack;

	LIST_FOR (leg, &attempt->call->legs, struct leg, node) {
		const struct txn_client *invite =
			leg->attempt == attempt
				? pool_find(&stack->txn_clients, leg->session->client)
				: NULL;

		if (invite && invite->state == TXN_CLIENT_PROCEEDING)
			return false;
	}
	return true;
}

static void on_silence(struct timer *timer)
{
	struct attempt *attempt = CONTAINER_OF(timer, struct attempt, no_answer);

	/* The other way may be gone by now. */
	if (!is_silent(attempt) || !has_another_way(attempt))
		return;
	LIST_FOR (leg, &attempt->call->legs, struct leg, node)
		if (leg->attempt == attempt)
			leg_end(leg, 0, SLICE_NONE);
	attempt_leg_failed(attempt, 408, NULL);
}

void attempt_on_provisional(struct attempt *attempt)
{
	if (attempt->to.kind != DESTINATION_ROUTE)
		return;
	attempt->has_rung = true;
	timer_stop(attempt->call->pbx->stack.timers, &attempt->no_answer);
}

/* A provider whose inside fails may have a neighbour that does not. */
static bool status_is_of_trunk(unsigned status)
{
	return status == 500 || status == 502 || status == 504;
}

/* An emergency call is given up by one trunk only when somebody behind it has spoken. */
static bool emergency_goes_on(const struct attempt *attempt, unsigned status)
{
	return attempt->to.route->is_emergency && status != 486 && status < 600;
}

bool route_goes_on(struct attempt *attempt, unsigned status, const struct sip_msg *response)
{
	struct trunk *trunk = trunk_at(attempt, attempt->trunk_at);
	bool is_of_target = trunk_status_is_of_target(status, response != NULL);

	timer_stop(attempt->call->pbx->stack.timers, &attempt->no_answer);
	if (trunk && is_of_target)
		trunk_target_failed(trunk, &attempt->flow, response);
	/* Once it has rung, what comes is about the call (RFC 3263 4.3). */
	if ((attempt->has_rung || (!is_of_target && !status_is_of_trunk(status))) &&
	    !emergency_goes_on(attempt, status))
		return false;
	if (!is_of_target) {
		attempt->trunk_at++;
		attempt->tried = 0;
	}
	return call_next(attempt, !attempt->to.route->is_emergency);
}

void try_route(struct attempt *attempt)
{
	if (attempt->call->breadth_left == 0) {
		attempt->failure = (struct failure){ 440, FORWARD_NEVER }; /* RFC 5393 5.3.3.1 */
		attempt_over(attempt);
		return;
	}
	if (call_next(attempt, true))
		return;
	/* All of them failed a while ago, which is no reason not to try at all. */
	attempt->trunk_at = 0;
	attempt->tried = 0;
	if (call_next(attempt, false))
		return;
	attempt->failure = (struct failure){ 503, FORWARD_NEVER };
	attempt_over(attempt);
}
