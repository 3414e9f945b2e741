/* SPDX-License-Identifier: MIT */
/*
 * Registrations (RFC 3261 10.2). One REGISTER at a time is unanswered (10.2: "MUST NOT send a new
 * registration until" the last one is through), so starting and stopping only set the goal.
 */
#include "core/registration.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/retry.h"

#define RAISES_MAX 2 /* 423 answered in a row */
#define EXPIRES_RAISED_MAX_S 86400

static void registration_go_on(struct registration *registration);

static const unsigned state_next[] = {
	[REGISTRATION_IDLE] = 1 << REGISTRATION_ASKING | 1 << REGISTRATION_WAITING,
	[REGISTRATION_ASKING] = 1 << REGISTRATION_IDLE | 1 << REGISTRATION_ASKING |
				1 << REGISTRATION_KEPT | 1 << REGISTRATION_WAITING,
	[REGISTRATION_KEPT] =
		1 << REGISTRATION_IDLE | 1 << REGISTRATION_ASKING | 1 << REGISTRATION_WAITING,
	[REGISTRATION_WAITING] =
		1 << REGISTRATION_IDLE | 1 << REGISTRATION_ASKING | 1 << REGISTRATION_WAITING,
};

static void registration_set_state(struct registration *registration, enum registration_state state)
{
	CHECK(state_next[registration->state] & (1u << state));
	registration->state = state;
}

bool registration_is_up(const struct registration *registration)
{
	return registration->is_wanted &&
	       registration->expires_at_ms > registration->stack->timers->now_ms;
}

/* --- Life --------------------------------------------------------------------------------- */

void registration_on_free(void *object)
{
	struct registration *registration = object;

	timer_stop(registration->stack->timers, &registration->due);
	dialog_fini(&registration->numbering);
	mem_free((char *)registration->contact.p);
}

int registration_new(struct stack *stack, const struct registration_spec *spec,
		     const struct registration_ops *ops, void *owner,
		     struct registration **ret_registration)
{
	struct registration *registration = pool_new(&stack->registrations);
	int err;

	if (!registration)
		return ERR_NOMEM;
	registration->stack = stack;
	registration->ops = ops;
	registration->owner = owner;
	registration->account = spec->account;
	registration->expires_s = spec->expires_s;
	err = dialog_init_uac(&registration->numbering, stack,
			      &(struct dialog_spec){ .local = spec->aor,
						     .remote = spec->aor,
						     .target = spec->registrar,
						     .flow = spec->flow });
	if (!err)
		err = slice_keep(spec->contact, &registration->contact);
	if (err) {
		pool_end(&stack->registrations, registration);
		return err;
	}
	*ret_registration = registration;
	return 0;
}

int registration_move(struct registration *registration, const struct flow *flow,
		      struct slice contact)
{
	struct slice copy;
	int err = slice_keep(contact, &copy);

	if (err)
		return err;
	mem_free((char *)registration->contact.p);
	registration->contact = copy;
	registration->numbering.flow = *flow;
	return 0;
}

void registration_end(struct registration *registration)
{
	timer_stop(registration->stack->timers, &registration->due);
	pool_end(&registration->stack->registrations, registration);
}

/* --- Answers ------------------------------------------------------------------------------ */

static void on_due(struct timer *timer)
{
	registration_go_on(CONTAINER_OF(timer, struct registration, due));
}

static void registration_wait(struct registration *registration, uint64_t wait_ms)
{
	registration_set_state(registration, REGISTRATION_WAITING);
	timer_start(registration->stack->timers, &registration->due, wait_ms, on_due);
}

/* What our own contact was granted: its parameter, else the header, else what was asked (10.2.4).
 */
static uint32_t granted_s(const struct registration *registration, const struct sip_msg *response)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry, value;
	struct sip_uri ours;
	struct sip_addr addr;
	uint32_t seconds;

	if (sip_uri_parse(registration->contact, &ours))
		return registration->asked_s;
	while (sip_msg_list_next(response, HDR_CONTACT, &cursor, &entry))
		if (sip_addr_parse(entry, &addr) == 0 && sip_uri_eq(&addr.uri, &ours) &&
		    sip_param(addr.params, SLICE("expires"), &value) &&
		    slice_to_u32(value, SIP_EXPIRES_MAX, &seconds) == 0)
			return seconds;
	if (sip_msg_seconds(response, HDR_EXPIRES, &seconds) == 0)
		return seconds;
	return registration->asked_s;
}

static void registration_fail(struct registration *registration, unsigned status,
			      const struct sip_msg *response)
{
	uint64_t wait_ms = retry_wait_ms(registration->stack, ++registration->failures);
	uint64_t asked_ms = response ? retry_after_ms(sip_msg_value(response, HDR_RETRY_AFTER)) : 0;

	/* A registrar that was not reached or is overloaded has not forgotten us. */
	if (status != 408 && status < 500)
		registration->expires_at_ms = 0;
	registration->raises = 0;
	registration_wait(registration, asked_ms > wait_ms ? asked_ms : wait_ms);
	registration->ops->on_failed(registration, status, response);
}

static void registration_on_success(struct registration *registration,
				    const struct sip_msg *response)
{
	struct timers *timers = registration->stack->timers;
	bool was_up = registration_is_up(registration);
	uint32_t seconds = granted_s(registration, response);

	registration->failures = 0;
	registration->raises = 0;
	registration->granted_s = seconds;
	/* Removed by somebody else in the same breath: as if we had been refused. */
	if (seconds == 0) {
		registration_fail(registration, 503, response);
		return;
	}
	registration->expires_at_ms = timers->now_ms + (uint64_t)seconds * 1000;
	registration_set_state(registration, REGISTRATION_KEPT);
	timer_start(timers, &registration->due, refresh_wait_ms(registration->stack, seconds),
		    on_due);
	if (!was_up)
		registration->ops->on_registered(registration);
}

/* Min-Expires of a 423 taken over (10.2.8). */
static bool registration_raise(struct registration *registration, const struct sip_msg *response)
{
	uint32_t min_s;

	if (response->status != 423 || registration->raises >= RAISES_MAX ||
	    sip_msg_seconds(response, HDR_MIN_EXPIRES, &min_s) ||
	    min_s <= registration->expires_s || min_s > EXPIRES_RAISED_MAX_S)
		return false;
	registration->raises++;
	registration->expires_s = min_s;
	return true;
}

static const struct txn_client_ops register_ops;

/* True when it was sent again with credentials. */
static bool registration_try_again(struct registration *registration, struct txn_client *txn,
				   const struct sip_msg *response)
{
	char text[2048];
	struct buf line = BUF_ON(text);

	if ((response->status != 401 && response->status != 407) || !registration->account ||
	    account_answer(registration->account, registration->stack, response,
			   dialog_target(&registration->numbering), &registration->attempt, &line))
		return false;
	if (txn_client_start_again(txn, registration->numbering.local_cseq + 1, buf_text(&line),
				   &register_ops, registration->pooled.handle,
				   &registration->client))
		return false;
	registration->numbering.local_cseq++;
	return true;
}

static void registration_finish(struct registration *registration)
{
	registration_set_state(registration, REGISTRATION_IDLE);
	timer_stop(registration->stack->timers, &registration->due);
	registration->expires_at_ms = 0;
	registration->ops->on_stopped(registration);
}

/* The last REGISTER is through; `response` is NULL without one. */
static void registration_on_final(struct registration *registration, unsigned status,
				  const struct sip_msg *response)
{
	bool is_2xx = status < 300;

	registration->client = HANDLE_NONE;
	if (registration->asked_s == 0) {
		registration->expires_at_ms = 0;
		/* Whatever a registrar says to a removal, it cannot hold us. */
		if (registration->is_wanted)
			registration_go_on(registration);
		else
			registration_finish(registration);
	} else if (!registration->is_wanted) {
		if (is_2xx)
			registration->expires_at_ms = UINT64_MAX;
		registration_go_on(registration);
	} else if (is_2xx) {
		registration_on_success(registration, response);
	} else if (response && registration_raise(registration, response)) {
		registration_go_on(registration);
	} else {
		registration_fail(registration, status, response);
	}
}

static void register_on_response(struct txn_client *txn, struct handle owner,
				 const struct sip_msg *response, const struct flow *flow)
{
	struct registration *registration = pool_find(&txn->stack->registrations, owner);

	(void)flow;
	if (registration && response->status >= 200 &&
	    !registration_try_again(registration, txn, response))
		registration_on_final(registration, response->status, response);
}

static void register_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct registration *registration = pool_find(&txn->stack->registrations, owner);

	if (registration)
		registration_on_final(registration, status, NULL);
}

static const struct txn_client_ops register_ops = { register_on_response, register_on_failed };

/* --- REGISTER ----------------------------------------------------------------------------- */

static int registration_ask(struct registration *registration, uint32_t expires_s)
{
	char text[SIP_HEADER_MAX_BYTES];
	struct buf lines = BUF_ON(text);

	registration->attempt = (struct auth_attempt){ 0 };
	registration->asked_s = expires_s;
	sip_print_addr(&lines, HDR_CONTACT, SLICE_NONE, registration->contact, SLICE_NONE);
	sip_print_header_u32(&lines, HDR_EXPIRES, expires_s);
	if (registration->account)
		account_print(registration->account, registration->stack, SLICE("REGISTER"),
			      dialog_target(&registration->numbering), &registration->attempt,
			      &lines);
	if (lines.is_overflown)
		return ERR_LIMIT;
	return dialog_request(&registration->numbering, registration->stack, METHOD_REGISTER,
			      buf_text(&lines), SLICE_NONE, SLICE_NONE, &register_ops,
			      registration->pooled.handle, &registration->client);
}

/* The next step towards the goal. */
static void registration_go_on(struct registration *registration)
{
	bool has_binding = registration->expires_at_ms > registration->stack->timers->now_ms;

	timer_stop(registration->stack->timers, &registration->due);
	if (!registration->is_wanted && !has_binding) {
		registration_finish(registration);
		return;
	}
	if (registration_ask(registration, registration->is_wanted ? registration->expires_s : 0)) {
		registration_on_final(registration, 503, NULL);
		return;
	}
	registration_set_state(registration, REGISTRATION_ASKING);
}

void registration_start(struct registration *registration)
{
	registration->is_wanted = true;
	if (registration->state != REGISTRATION_ASKING)
		registration_go_on(registration);
}

void registration_stop(struct registration *registration)
{
	if (!registration->is_wanted)
		return;
	registration->is_wanted = false;
	if (registration->state != REGISTRATION_ASKING)
		registration_go_on(registration);
}
