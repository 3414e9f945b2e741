/* SPDX-License-Identifier: MIT */
/*
 * Keeping a trunk: our registration there (RFC 3261 10.2) and the question by OPTIONS whether it is
 * there (11.1). Both go on to the next target when one fails (RFC 3263 4.3).
 */
#include "pbx/trunk.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/publish.h"
#include "sip/digest.h"
#include "sip/print.h"

#define URI_MAX_BYTES 512
#define PROBE_WAIT_MS 8000     /* how long an answer to OPTIONS is awaited */
#define PROBE_SOON_MS 5000     /* to the next one, when the last one was a surprise */
#define PROBE_RETRY_MS 5000    /* memory was refused */
#define RECONNECT_MIN_MS 30000 /* a registration by a lost connection is made anew after this */
#define STREAK_TURNS 2	       /* so many surprises in a row change the state */

static const char *const state_names[] = {
	[TRUNK_UNKNOWN] = "unknown",
	[TRUNK_UP] = "up",
	[TRUNK_DOWN] = "down",
};

struct slice trunk_state_name(enum trunk_state state)
{
	return slice_from_cstr(state_names[state]);
}

static void trace_registration(const struct trunk *trunk, const char *state, unsigned status)
{
	stack_trace(&trunk->pbx->stack, "event=trunk trunk=%.*s registration=%s status=%u",
		    SLICE_ARGS(trunk->config->name), state, status);
}

/* "<sip:USER@DOMAIN>": us, as the trunk knows us. */
static void print_account(const struct trunk *trunk, struct buf *buf)
{
	struct slice user = trunk->config->username;

	if (slice_is_empty(user))
		user = slice_of(trunk->contact_user, sizeof(trunk->contact_user));
	buf_lit(buf, "<sip:");
	uri_escape_user(buf, user);
	buf_char(buf, '@');
	buf_slice(buf, trunk_domain(trunk));
	buf_char(buf, '>');
}

static struct target target_of(const struct flow *flow)
{
	return (struct target){ .addr = flow->peer, .transport = flow->transport };
}

/* --- Registration ------------------------------------------------------------------------- */

/* The realm that the registrar challenged with is the only one to be answered from now on (A5). */
static void pin_realm(struct trunk *trunk)
{
	struct auth_client *client = &trunk->account.client;
	char text[AUTH_REALM_MAX_BYTES];
	struct buf plain = BUF_ON(text);

	if (!slice_is_empty(trunk->account.login.realm) || client->realm_n == 0)
		return;
	digest_unescape(&plain, slice_of(client->realm, client->realm_n));
	if (!plain.is_overflown && slice_keep(buf_text(&plain), &trunk->realm) == 0)
		trunk->account.login.realm = trunk->realm;
}

static void on_registered(struct registration *registration)
{
	struct trunk *trunk = registration->owner;

	trunk->last_status = 200;
	pin_realm(trunk);
	trace_registration(trunk, "up", 200);
}

/* REGISTER goes to this target from now on. ERR_NOTFOUND, ERR_NOMEM. */
static int register_move(struct trunk *trunk)
{
	char text[URI_MAX_BYTES];
	struct buf contact = BUF_ON(text);
	unsigned tried = 0;
	struct flow flow;
	int err = trunk_pick(trunk, &tried, &flow);

	if (err)
		return err;
	trunk_print_contact_uri(trunk, &contact, &flow);
	err = registration_move(trunk->registration, &flow, buf_text(&contact));
	if (!err)
		trunk->registrar = target_of(&flow);
	return err;
}

/* The next attempt goes to the next target: at once while there is one that has not failed. */
static void on_failed(struct registration *registration, unsigned status,
		      const struct sip_msg *response)
{
	struct trunk *trunk = registration->owner;
	bool is_next_fresh;

	trunk->last_status = status;
	trace_registration(trunk, "failed", status);
	if (!trunk_status_is_of_target(status, response != NULL))
		return;
	trunk_target_failed(trunk, &registration->numbering.flow, response);
	is_next_fresh = trunk_has_fresh(trunk, 0);
	if (register_move(trunk) == 0 && is_next_fresh)
		registration_start(registration);
}

static void on_stopped(struct registration *registration)
{
	struct trunk *trunk = registration->owner;

	trace_registration(trunk, "ended", 0);
	trunk->registration = NULL;
	registration_end(registration);
	trunk_end_if_idle(trunk);
}

static const struct registration_ops registration_ops = { on_registered, on_failed, on_stopped };

static void register_start(struct trunk *trunk)
{
	char aor_text[URI_MAX_BYTES], contact_text[URI_MAX_BYTES], registrar_text[URI_MAX_BYTES];
	struct buf aor = BUF_ON(aor_text), contact = BUF_ON(contact_text);
	struct buf registrar = BUF_ON(registrar_text);
	struct registration_spec spec = { .expires_s = trunk->config->expires_s,
					  .account = &trunk->account };
	unsigned tried = 0;

	if (trunk_pick(trunk, &tried, &spec.flow))
		return;
	print_account(trunk, &aor);
	trunk_print_contact_uri(trunk, &contact, &spec.flow);
	buf_lit(&registrar, "sip:");
	buf_slice(&registrar, trunk_domain(trunk));
	if (aor.is_overflown || contact.is_overflown || registrar.is_overflown)
		return;
	spec.aor = buf_text(&aor);
	spec.contact = buf_text(&contact);
	spec.registrar = buf_text(&registrar);
	if (registration_new(&trunk->pbx->stack, &spec, &registration_ops, trunk,
			     &trunk->registration))
		return; /* the targets are looked up again by and by, and then this is */
	trunk->registrar = target_of(&spec.flow);
	registration_start(trunk->registration);
}

/* The DNS does not name the target any more that we registered at: over to one that it names. */
static void register_follow(struct trunk *trunk)
{
	for (size_t i = 0; i < trunk->target_count; i++)
		if (target_eq(&trunk->targets[i].target, &trunk->registrar))
			return;
	if (trunk->registration->state != REGISTRATION_ASKING && register_move(trunk) == 0)
		registration_start(trunk->registration);
}

static bool is_registered_by(const struct trunk *trunk, const struct addr *peer)
{
	const struct registration *registration = trunk->registration;

	return registration && registration->state == REGISTRATION_KEPT &&
	       transport_is_reliable(trunk->registrar.transport) &&
	       addr_eq(&trunk->registrar.addr, peer);
}

void trunk_on_connection_lost(struct pbx *pbx, const struct addr *peer)
{
	LIST_FOR (trunk, &pbx->trunks, struct trunk, node) {
		const struct registration *registration = trunk->registration;

		if (is_registered_by(trunk, peer) &&
		    registration->expires_at_ms - (uint64_t)registration->granted_s * 1000 +
				    RECONNECT_MIN_MS <=
			    pbx->stack.timers->now_ms)
			registration_start(trunk->registration);
	}
}

/* --- OPTIONS ------------------------------------------------------------------------------ */

static void on_probe_due(struct timer *timer);

static void set_state(struct trunk *trunk, enum trunk_state state)
{
	trunk->streak = 0;
	if (trunk->state == state)
		return;
	trunk->state = state;
	trunk->since_ms = trunk->pbx->stack.timers->now_ms;
	stack_trace(&trunk->pbx->stack, "event=trunk trunk=%.*s state=%s status=%u",
		    SLICE_ARGS(trunk->config->name), state_names[state], trunk->last_status);
	if (state == TRUNK_DOWN)
		publish_on_trunk_lost(trunk);
}

/* One surprise is none: a single lost answer does not take a trunk away (hysteresis). */
static void take_news(struct trunk *trunk, bool is_there)
{
	enum trunk_state news = is_there ? TRUNK_UP : TRUNK_DOWN;

	if (trunk->state == TRUNK_UNKNOWN && is_there)
		set_state(trunk, news);
	else if (trunk->state == news)
		trunk->streak = 0;
	else if (++trunk->streak >= STREAK_TURNS)
		set_state(trunk, news);
}

/* Whoever answers is there, unless it is to say that nobody behind it is. */
static bool status_is_there(unsigned status)
{
	return status != 408 && status != 502 && status != 503 && status != 504;
}

static void probe_result(struct trunk *trunk, unsigned status, const struct sip_msg *response)
{
	uint64_t wait_ms = (uint64_t)trunk->config->qualify_s * 1000;
	struct flow flow = { .peer = trunk->probed.addr, .transport = trunk->probed.transport };

	trunk->probe = HANDLE_NONE;
	trunk->last_status = status;
	if (trunk_status_is_of_target(status, response != NULL))
		trunk_target_failed(trunk, &flow, response);
	take_news(trunk, status_is_there(status));
	if (trunk->streak > 0 && wait_ms > PROBE_SOON_MS)
		wait_ms = PROBE_SOON_MS;
	timer_start(trunk->pbx->stack.timers, &trunk->probe_due, wait_ms, on_probe_due);
}

static struct trunk *probe_owner(struct txn_client *txn, struct handle owner)
{
	struct pbx *pbx = CONTAINER_OF(txn->stack, struct pbx, stack);
	struct trunk *trunk = pool_find(&pbx->trunk_pool, owner);

	return trunk && handle_eq(trunk->probe, txn->pooled.handle) ? trunk : NULL;
}

static void probe_on_response(struct txn_client *txn, struct handle owner,
			      const struct sip_msg *response, const struct flow *flow)
{
	struct trunk *trunk = probe_owner(txn, owner);

	(void)flow;
	if (trunk && response->status >= 200)
		probe_result(trunk, response->status, response);
}

static void probe_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct trunk *trunk = probe_owner(txn, owner);

	if (trunk)
		probe_result(trunk, status, NULL);
}

static const struct txn_client_ops probe_ops = { probe_on_response, probe_on_failed };

static int probe_numbering(struct trunk *trunk)
{
	char us_text[URI_MAX_BYTES], them_text[URI_MAX_BYTES];
	struct buf us = BUF_ON(us_text), them = BUF_ON(them_text);

	if (!slice_is_empty(dialog_call_id(&trunk->probing)))
		return 0;
	print_account(trunk, &us);
	buf_char(&them, '<');
	buf_slice(&them, trunk->config->uri);
	buf_char(&them, '>');
	if (us.is_overflown || them.is_overflown)
		return ERR_LIMIT;
	return dialog_init_uac(&trunk->probing, &trunk->pbx->stack,
			       &(struct dialog_spec){ .local = buf_text(&us),
						      .remote = buf_text(&them),
						      .target = trunk->config->uri });
}

static void probe_send(struct trunk *trunk)
{
	unsigned tried = 0;
	struct flow flow;

	if (trunk_pick(trunk, &tried, &flow)) {
		trunk->probed = (struct target){ 0 };
		probe_result(trunk, 503, NULL);
		return;
	}
	if (probe_numbering(trunk)) {
		timer_start(trunk->pbx->stack.timers, &trunk->probe_due, PROBE_RETRY_MS,
			    on_probe_due);
		return;
	}
	trunk->probed = target_of(&flow);
	trunk->probing.flow = flow;
	/* The wait is ours: the transaction's own time-out comes too late to be of use. */
	timer_start(trunk->pbx->stack.timers, &trunk->probe_due, PROBE_WAIT_MS, on_probe_due);
	if (dialog_request(&trunk->probing, &trunk->pbx->stack, METHOD_OPTIONS,
			   SLICE("Accept: application/sdp\r\n"), SLICE_NONE, SLICE_NONE, &probe_ops,
			   trunk->pooled.handle, &trunk->probe))
		timer_start(trunk->pbx->stack.timers, &trunk->probe_due, PROBE_RETRY_MS,
			    on_probe_due);
}

static void on_probe_due(struct timer *timer)
{
	struct trunk *trunk = CONTAINER_OF(timer, struct trunk, probe_due);
	struct txn_client *open = pool_find(&trunk->pbx->stack.txn_clients, trunk->probe);

	if (open && (open->state == TXN_CLIENT_CALLING || open->state == TXN_CLIENT_PROCEEDING)) {
		txn_client_end(open);
		probe_result(trunk, 408, NULL);
	} else if (trunk->config->qualify_s > 0) {
		probe_send(trunk);
	}
}

/* --- Both --------------------------------------------------------------------------------- */

void trunk_watch_start(struct trunk *trunk)
{
	if (trunk->registration)
		register_follow(trunk);
	else if (trunk->config->is_registering)
		register_start(trunk);
	if (trunk->config->qualify_s == 0) {
		timer_stop(trunk->pbx->stack.timers, &trunk->probe_due);
		set_state(trunk, TRUNK_UNKNOWN);
	} else if (!trunk->probe_due.is_running) {
		probe_send(trunk);
	}
}

void trunk_watch_stop(struct trunk *trunk)
{
	timer_stop(trunk->pbx->stack.timers, &trunk->probe_due);
	trunk->probe = HANDLE_NONE;
	if (trunk->registration)
		registration_stop(trunk->registration);
}
