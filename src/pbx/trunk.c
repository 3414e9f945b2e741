/* SPDX-License-Identifier: MIT */
/*
 * The table of trunks: coming, changing, leaving; and the targets of each (RFC 3263). Only names of
 * the configuration are ever looked up, never what a peer's message says. The targets are looked up
 * again when their time to live is over, so that no call waits for the DNS.
 */
#include "pbx/trunk.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/retry.h"
#include "pbx/publish.h"

#define TTL_MIN_S 10
#define TTL_MAX_S 3600
#define TTL_DOUBTFUL_S 30 /* a question got no answer, or there is nothing there */
#define RETRY_MS 5000	  /* memory was refused */

/* A BYE of the last call may yet be challenged. */
#define LINGER_MS (64 * T1_MS)

static void dns_ask(struct trunk *trunk);

/* --- Targets ------------------------------------------------------------------------------ */

static uint64_t now_ms(const struct trunk *trunk)
{
	return trunk->pbx->stack.timers->now_ms;
}

static bool target_is_at(const struct target *target, const struct flow *flow)
{
	return target->transport == flow->transport && addr_eq(&target->addr, &flow->peer);
}

static int target_route(struct trunk *trunk, const struct target *target, struct flow *ret_flow)
{
	const struct env *env = trunk->pbx->stack.env;

	if (!env->route)
		return ERR_UNSUPPORTED;
	*ret_flow = (struct flow){ .peer = target->addr, .transport = target->transport };
	/* The certificate has to be of the name in the configuration (RFC 5922 4). */
	if (target->transport == TRANSPORT_TLS &&
	    (!env->name || env->name(env->host, trunk->config->to.host, &ret_flow->name)))
		return ERR_UNSUPPORTED;
	return env->route(env->host, ret_flow);
}

static size_t pick(const struct trunk *trunk, unsigned tried, bool is_fresh_wanted)
{
	size_t i = 0;

	while (i < trunk->target_count &&
	       ((tried & (1u << i)) ||
		(is_fresh_wanted && trunk->targets[i].avoid_until_ms > now_ms(trunk))))
		i++;
	return i;
}

int trunk_pick(struct trunk *trunk, unsigned *tried, struct flow *ret_flow)
{
	for (;;) {
		size_t i = pick(trunk, *tried, true);

		if (i == trunk->target_count)
			i = pick(trunk, *tried, false);
		if (i == trunk->target_count)
			return ERR_NOTFOUND;
		*tried |= 1u << i;
		if (target_route(trunk, &trunk->targets[i].target, ret_flow) == 0)
			return 0;
	}
}

bool trunk_has_fresh(const struct trunk *trunk, unsigned tried)
{
	return pick(trunk, tried, true) < trunk->target_count;
}

void trunk_target_failed(struct trunk *trunk, const struct flow *flow,
			 const struct sip_msg *response)
{
	uint64_t wait_ms = response ? retry_after_ms(sip_msg_value(response, HDR_RETRY_AFTER)) : 0;

	if (wait_ms < TRUNK_AVOID_MS)
		wait_ms = TRUNK_AVOID_MS;
	for (size_t i = 0; i < trunk->target_count; i++)
		if (target_is_at(&trunk->targets[i].target, flow))
			trunk->targets[i].avoid_until_ms = now_ms(trunk) + wait_ms;
}

bool trunk_status_is_of_target(unsigned status, bool is_answered)
{
	return !is_answered || status == 503;
}

bool trunk_is_usable(const struct trunk *trunk)
{
	return !trunk->is_leaving && trunk->state != TRUNK_DOWN && trunk->target_count > 0;
}

static bool is_in_sources(const struct trunk *trunk, const struct addr *addr)
{
	for (size_t i = 0; i < trunk->config->source_count; i++)
		if (addr_range_has(&trunk->config->sources[i], addr))
			return true;
	return false;
}

bool trunk_is_at(const struct trunk *trunk, const struct flow *flow)
{
	for (size_t i = 0; i < trunk->target_count; i++)
		if (addr_eq_ip(&trunk->targets[i].target.addr, &flow->peer))
			return true;
	return is_in_sources(trunk, &flow->peer);
}

/* A stream comes from any port; a datagram that answers to us from the one that we send to. */
bool trunk_is_source(const struct trunk *trunk, const struct flow *flow)
{
	for (size_t i = 0; i < trunk->target_count; i++) {
		const struct target *target = &trunk->targets[i].target;

		if (transport_is_reliable(flow->transport) ? addr_eq_ip(&target->addr, &flow->peer)
							   : addr_eq(&target->addr, &flow->peer))
			return true;
	}
	return is_in_sources(trunk, &flow->peer);
}

/* --- DNS ---------------------------------------------------------------------------------- */

static void on_dns_due(struct timer *timer)
{
	dns_ask(CONTAINER_OF(timer, struct trunk, dns_due));
}

static void dns_again(struct trunk *trunk, uint64_t after_ms)
{
	timer_start(trunk->pbx->stack.timers, &trunk->dns_due, after_ms, on_dns_due);
}

static void dns_drop(struct trunk *trunk)
{
	mem_free(trunk->resolve);
	trunk->resolve = NULL;
}

/* How long the answer may be used; UINT64_MAX: for ever, nothing was asked. */
static uint64_t dns_life_ms(const struct resolve *resolve)
{
	uint32_t ttl_s = resolve->ttl_s;

	if (resolve->asked == 0)
		return UINT64_MAX;
	if (resolve->is_doubtful || resolve->target_count == 0)
		return TTL_DOUBTFUL_S * 1000;
	if (ttl_s < TTL_MIN_S)
		ttl_s = TTL_MIN_S;
	return (uint64_t)(ttl_s < TTL_MAX_S ? ttl_s : TTL_MAX_S) * 1000;
}

static void take_targets(struct trunk *trunk, const struct resolve *resolve)
{
	struct trunk_target fresh[RESOLVE_TARGETS_MAX];

	for (size_t i = 0; i < resolve->target_count; i++) {
		fresh[i] = (struct trunk_target){ .target = resolve->targets[i] };
		for (size_t k = 0; k < trunk->target_count; k++)
			if (target_eq(&trunk->targets[k].target, &fresh[i].target))
				fresh[i].avoid_until_ms = trunk->targets[k].avoid_until_ms;
	}
	memcpy(trunk->targets, fresh, resolve->target_count * sizeof(fresh[0]));
	trunk->target_count = resolve->target_count;
}

static void dns_done(struct trunk *trunk)
{
	struct resolve *resolve = trunk->resolve;
	uint64_t life_ms = dns_life_ms(resolve);

	/* What was there is better than nothing while the DNS is in trouble. */
	if (resolve->target_count > 0)
		take_targets(trunk, resolve);
	else
		stack_trace(&trunk->pbx->stack,
			    "event=trunk trunk=%.*s dns=%s host=%.*s targets-kept=%zu",
			    SLICE_ARGS(trunk->config->name),
			    resolve->is_doubtful ? "no-answer" : "no-address",
			    SLICE_ARGS(trunk->config->to.host), trunk->target_count);
	dns_drop(trunk);
	if (life_ms != UINT64_MAX)
		dns_again(trunk, life_ms);
	if (trunk->target_count > 0)
		trunk_watch_start(trunk);
	if (trunk->target_count > 0 && trunk->config->is_registering && !trunk->registration)
		dns_again(trunk, RETRY_MS);
}

static void on_dns_answer(void *user, struct handle owner, const struct dns_answer *answer);

/* Asks on until an answer has to be awaited, or there is nothing left to ask. */
static void dns_go_on(struct trunk *trunk)
{
	static const struct dns_answer nobody = { .status = DNS_FAILED };
	const struct env *env = trunk->pbx->stack.env;
	struct dns_question question = { .user = trunk->pbx,
					 .owner = trunk->pooled.handle,
					 .on_answer = on_dns_answer };

	while (resolve_ask(trunk->resolve, &question.name, &question.type)) {
		if (env->resolve && env->resolve(env->host, &question) == 0)
			return;
		resolve_on_answer(trunk->resolve, &nobody);
	}
	dns_done(trunk);
}

static void on_dns_answer(void *user, struct handle owner, const struct dns_answer *answer)
{
	struct pbx *pbx = user;
	struct trunk *trunk = pool_find(&pbx->trunk_pool, owner);

	if (!trunk || !trunk->resolve)
		return;
	resolve_on_answer(trunk->resolve, answer);
	dns_go_on(trunk);
}

static void dns_ask(struct trunk *trunk)
{
	const struct env *env = trunk->pbx->stack.env;
	struct resolve_means means = { 0 };

	trunk->resolve = mem_alloc(sizeof(*trunk->resolve));
	if (!trunk->resolve) {
		dns_again(trunk, RETRY_MS);
		return;
	}
	if (env->means)
		env->means(env->host, &means.transports, &means.families);
	if (resolve_start(trunk->resolve, env, &trunk->config->to, &means)) {
		stack_trace(&trunk->pbx->stack,
			    "event=trunk trunk=%.*s state=unreachable cause=\"no address under "
			    "listen has its transport and kind of address\"",
			    SLICE_ARGS(trunk->config->name));
		dns_drop(trunk);
		return;
	}
	dns_go_on(trunk);
}

/* --- Life --------------------------------------------------------------------------------- */

static void use_config(struct trunk *trunk, struct directory *directory,
		       const struct trunk_config *config)
{
	directory_ref(directory);
	directory_unref(trunk->directory);
	trunk->directory = directory;
	trunk->config = config;
	trunk->account.login.username = config->username;
	trunk->account.login.password = config->password;
	if (!slice_is_empty(config->realm))
		trunk->account.login.realm = config->realm;
	if (trunk->registration)
		trunk->registration->expires_s = config->expires_s;
}

/*
 * Unguessable for whoever does not know the password, and the same after a restart, so that the
 * new registration takes the place of the old one.
 */
static int make_contact_user(struct trunk *trunk)
{
	const struct trunk_config *config = trunk->config;
	char text[1024];
	struct buf buf = BUF_ON(text);

	buf_printf(&buf, "contact\n%.*s\n%.*s\n%.*s", SLICE_ARGS(config->name),
		   SLICE_ARGS(config->uri), SLICE_ARGS(config->username));
	return account_token(&trunk->account.login, buf_text(&buf), trunk->contact_user);
}

static struct trunk *trunk_new(struct pbx *pbx, const struct trunk_config *config)
{
	struct trunk *trunk = pool_new(&pbx->trunk_pool);

	if (!trunk)
		return NULL;
	trunk->pbx = pbx;
	trunk->since_ms = pbx->stack.timers->now_ms;
	list_append(&pbx->trunks, &trunk->node);
	use_config(trunk, pbx->directory, config);
	if (make_contact_user(trunk)) {
		list_remove(&trunk->node);
		pool_end(&pbx->trunk_pool, trunk);
		return NULL;
	}
	dns_ask(trunk);
	return trunk;
}

static void on_linger(struct timer *timer)
{
	struct trunk *trunk = CONTAINER_OF(timer, struct trunk, dns_due);

	pool_end(&trunk->pbx->trunk_pool, trunk);
}

void trunk_end_if_idle(struct trunk *trunk)
{
	if (trunk->is_leaving && trunk->calls == 0 && !trunk->registration)
		timer_start(trunk->pbx->stack.timers, &trunk->dns_due, LINGER_MS, on_linger);
}

static void trunk_leave(struct trunk *trunk)
{
	trunk->is_leaving = true;
	list_remove(&trunk->node);
	timer_stop(trunk->pbx->stack.timers, &trunk->dns_due);
	dns_drop(trunk);
	trunk_watch_stop(trunk);
	publish_on_trunk_lost(trunk);
	trunk_end_if_idle(trunk);
}

void trunk_on_free(void *object)
{
	struct trunk *trunk = object;

	timer_stop(trunk->pbx->stack.timers, &trunk->dns_due);
	timer_stop(trunk->pbx->stack.timers, &trunk->probe_due);
	dialog_fini(&trunk->probing);
	dns_drop(trunk);
	mem_free((char *)trunk->realm.p);
	directory_unref(trunk->directory);
}

struct trunk *trunk_find(struct pbx *pbx, struct slice name)
{
	LIST_FOR (trunk, &pbx->trunks, struct trunk, node)
		if (slice_eq(trunk->config->name, name))
			return trunk;
	return NULL;
}

static void on_trunks_due(struct timer *timer)
{
	trunk_on_directory(CONTAINER_OF(timer, struct pbx, trunks_due));
}

void trunk_on_directory(struct pbx *pbx)
{
	const struct dialplan *dialplan = &pbx->directory->dialplan;

	timer_stop(pbx->stack.timers, &pbx->trunks_due);
	LIST_FOR (trunk, &pbx->trunks, struct trunk, node) {
		const struct trunk_config *config =
			dialplan_find_trunk(dialplan, trunk->config->name);

		if (!config || !trunk_config_is_same_peer(trunk->config, config))
			trunk_leave(trunk);
	}
	/* In the order of the file; one that did not change goes on as it is. */
	LIST_FOR (config, &dialplan->trunks, struct trunk_config, node) {
		struct trunk *trunk = trunk_find(pbx, config->name);

		if (trunk) {
			list_remove(&trunk->node);
			list_append(&pbx->trunks, &trunk->node);
			use_config(trunk, pbx->directory, config);
			if (trunk->target_count > 0)
				trunk_watch_start(trunk);
		} else if (!trunk_new(pbx, config)) {
			stack_trace(&pbx->stack,
				    "event=trunk trunk=%.*s state=unreachable "
				    "cause=\"out of memory\"",
				    SLICE_ARGS(config->name));
			timer_start(pbx->stack.timers, &pbx->trunks_due, RETRY_MS, on_trunks_due);
		}
	}
}

void trunk_stop_all(struct pbx *pbx)
{
	timer_stop(pbx->stack.timers, &pbx->trunks_due);
	LIST_FOR (trunk, &pbx->trunks, struct trunk, node)
		trunk_leave(trunk);
}

void trunk_fini(struct pbx *pbx)
{
	struct trunk *trunk;
	uint32_t slot = 0;

	timer_stop(pbx->stack.timers, &pbx->trunks_due);
	while ((trunk = pool_walk(&pbx->trunk_pool, &slot)))
		list_remove(&trunk->node);
	pool_fini(&pbx->trunk_pool);
}

/* --- Names -------------------------------------------------------------------------------- */

struct slice trunk_domain(const struct trunk *trunk)
{
	const struct trunk_config *config = trunk->config;

	return slice_is_empty(config->from_domain) ? config->to.host : config->from_domain;
}

void trunk_print_uri(const struct trunk *trunk, struct buf *buf, struct slice number)
{
	const struct sip_uri *to = &trunk->config->to;

	buf_lit(buf, "sip:");
	uri_escape_user(buf, number);
	buf_char(buf, '@');
	buf_slice(buf, to->host);
	if (to->port) {
		buf_char(buf, ':');
		buf_u64(buf, to->port);
	}
	if (!slice_is_empty(to->params)) {
		buf_char(buf, ';');
		buf_slice(buf, to->params);
	}
}

void trunk_print_contact_uri(const struct trunk *trunk, struct buf *buf, const struct flow *flow)
{
	buf_lit(buf, "sip:");
	buf_slice(buf, slice_of(trunk->contact_user, sizeof(trunk->contact_user)));
	buf_char(buf, '@');
	addr_print(buf, &flow->local);
	if (flow->transport != TRANSPORT_UDP) {
		buf_lit(buf, ";transport=");
		buf_slice(buf, transport_word(flow->transport));
	}
}

void trunk_print_contact(const struct trunk *trunk, struct buf *buf, const struct flow *flow)
{
	buf_lit(buf, "Contact: <");
	trunk_print_contact_uri(trunk, buf, flow);
	buf_lit(buf, ">\r\n");
}
