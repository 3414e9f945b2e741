/* SPDX-License-Identifier: MIT */
/*
 * Trying a target: a leg for each of its phones, and what becomes of the attempt when they fail.
 */
#include "pbx/attempt.h"

#include "base/err.h"
#include "pbx/registrar.h"
#include "sip/print.h"

/* --- Life --------------------------------------------------------------------------------- */

static struct attempt *attempt_new(struct call *call, const struct destination *to)
{
	struct attempt *attempt = pool_new(&call->pbx->attempts);

	if (!attempt)
		return NULL;
	attempt->call = call;
	attempt->to = *to;
	list_append(&call->attempts, &attempt->node);
	return attempt;
}

void attempt_end(struct attempt *attempt)
{
	list_remove(&attempt->node);
	pool_end(&attempt->call->pbx->attempts, attempt);
}

/* --- Failing ------------------------------------------------------------------------------ */

/* The better of two failures (16.7.6): 6xx, then the lowest class; busy tells more than absent. */
static unsigned failure_better(unsigned a, unsigned b)
{
	bool is_a_absent = a == 408 || a == 480;

	if (a == 0 || b >= 600)
		return b;
	if (a >= 600 || a / 100 < b / 100)
		return a;
	return b / 100 < a / 100 || is_a_absent ? b : a;
}

static void attempt_over(struct attempt *attempt)
{
	struct call *call = attempt->call;

	call->best_status = failure_better(call->best_status, attempt->status);
	attempt_end(attempt);
	if (call->best_status >= 600 || list_is_empty(&call->attempts))
		call_end(call, call->best_status,
			 call->best_status == 503 ? SLICE("Retry-After: 5\r\n") : SLICE_NONE);
}

void attempt_leg_failed(struct attempt *attempt, unsigned status)
{
	attempt->status = failure_better(attempt->status, status);
	if (status >= 600 || attempt->legs == 0)
		attempt_over(attempt);
}

/* --- Ringing ------------------------------------------------------------------------------ */

/* One phone is called, with the caller's offer as it came. */
static int attempt_ring_phone(struct attempt *attempt, const struct binding *binding)
{
	struct call *call = attempt->call;
	const struct party *caller = &call->caller->party;
	struct leg *leg = call_new_leg(call, attempt, attempt->to.extension);
	char contact_text[CONTACT_LINE_MAX_BYTES];
	char local_text[IDENTITY_MAX_BYTES], remote_text[IDENTITY_MAX_BYTES];
	struct buf contact = BUF_ON(contact_text);
	struct buf local = BUF_ON(local_text), remote = BUF_ON(remote_text);
	struct session_spec spec;
	int err;

	if (!leg)
		return ERR_NOMEM;
	pbx_print_contact(&contact, caller->number, &binding->flow);
	pbx_print_identity(call->pbx, &local, caller->name, caller->number);
	pbx_print_identity(call->pbx, &remote, SLICE_NONE, leg->party.number);
	spec = (struct session_spec){
		.dialog = { .local = buf_text(&local),
			    .remote = buf_text(&remote),
			    .target = binding->contact,
			    .contact = buf_text(&contact),
			    .hops_used = call->hops_used,
			    .flow = binding->flow },
		.lines = SLICE(SESSION_CAN_LINES),
		.content_type = call->offer_type,
		.body = call->offer,
	};
	err = session_call(&call->pbx->stack, &spec, &leg_session_ops, leg, &leg->session);
	if (err)
		leg_end(leg, 0, SLICE_NONE);
	return err;
}

static void attempt_ring_extension(struct attempt *attempt)
{
	struct pbx *pbx = attempt->call->pbx;
	struct aor *aor = registrar_find(pbx, attempt->to.extension->number);

	attempt->status = aor ? 503 : 480;
	if (aor)
		LIST_FOR (binding, &aor->bindings, struct binding, node)
			if (attempt_ring_phone(attempt, binding) == 0)
				attempt->status = 0;
	if (attempt->status)
		attempt_over(attempt);
}

void attempt_start(struct call *call, const struct destination *to)
{
	struct attempt *attempt = attempt_new(call, to);

	if (attempt)
		attempt_ring_extension(attempt);
	else
		call_end(call, 503, SLICE("Retry-After: 5\r\n"));
}
