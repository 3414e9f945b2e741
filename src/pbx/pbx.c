/* SPDX-License-Identifier: MIT */
/*
 * The switch's front: what a request outside of any dialog asks for, and whether it may.
 */
#include "pbx/pbx.h"

#include "base/err.h"
#include "core/session.h"
#include "pbx/attempt.h"
#include "pbx/auth.h"
#include "pbx/click.h"
#include "pbx/dnd.h"
#include "pbx/event_package.h"
#include "pbx/lamp.h"
#include "pbx/lamp_forward.h"
#include "pbx/lamp_list.h"
#include "pbx/lamp_unasked.h"
#include "pbx/own_watch.h"
#include "pbx/park.h"
#include "pbx/phone_forward.h"
#include "pbx/publish.h"
#include "pbx/registrar.h"
#include "pbx/splice.h"
#include "pbx/ticket.h"
#include "pbx/transfer.h"
#include "pbx/trunk.h"
#include "sip/digest.h"
#include "sip/feature_event.h"
#include "sip/print.h"

#define ANONYMOUS "\"Anonymous\" <sip:anonymous@anonymous.invalid>" /* RFC 3323 4.1.1.3 */
#define PRODUCT "lampyrid/" LAMPYRID_VERSION
#define ALLOW_LINE                                                                                 \
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, "         \
	"REFER\r\n"
#define LEGS_PER_CALL 4

/* What a call needs; of each some more than the limits allow are for emergency calls. */
#define EMERGENCY_SLOTS 8
#define CALL_POOLS(pbx)                                                                            \
	{                                                                                          \
		&(pbx)->calls, &(pbx)->legs, &(pbx)->attempts, &(pbx)->stack.sessions,             \
			&(pbx)->stack.txn_clients, &(pbx)->stack.txn_servers                       \
	}

#define FLOOD_TOLD_MS 10000
#define ACCEPT_LINE                                                                                \
	"Accept: application/sdp, application/dialog-info+xml, " FEATURE_DOCUMENT_TYPE "\r\n"

const struct pbx_limits pbx_default_limits = {
	.stack = { .transactions = 65536,
		   .sessions = 65536,
		   .subscriptions = 65536,
		   .registrations = 2 * TRUNKS_MAX,
		   .subscribers = 16384,
		   .refers = 16384,
		   .referrals = 16384 },
	.bindings = 65536,
	.calls = 16384,
	.attempts = 16384,
	.legs = 65536,
	.notices = 256,
	.publications = 16384,
	.asked_phones = 16384,
};

/* --- Life --------------------------------------------------------------------------------- */

static void on_request(void *user, struct incoming *in);
static int find_way(void *user, struct slice identity, struct slice target, struct flow *flow);
static bool may_answer(void *user, const struct incoming *in);

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void limit_set(struct pool *pool, uint32_t configured, uint32_t usual)
{
	pool_set_max(pool, configured > 0 ? configured : usual);
}

/* A call may have a leg for each of LEGS_PER_CALL phones on the average, whatever is configured. */
static void apply_limits(struct pbx *pbx)
{
	const struct directory_limits *wanted = &pbx->directory->limits;
	const struct pbx_limits *usual = &pbx->limits;
	uint32_t legs = wanted->calls * LEGS_PER_CALL;

	limit_set(&pbx->calls, wanted->calls, usual->calls);
	limit_set(&pbx->attempts, larger(wanted->calls, usual->attempts), usual->attempts);
	limit_set(&pbx->legs, larger(legs, usual->legs), usual->legs);
	limit_set(&pbx->stack.sessions, larger(legs, usual->stack.sessions), usual->stack.sessions);
	limit_set(&pbx->bindings, wanted->registrations, usual->bindings);
	limit_set(&pbx->stack.notifiers, wanted->subscriptions, usual->stack.subscriptions);
	limit_set(&pbx->stack.txn_servers, wanted->transactions, usual->stack.transactions);
	limit_set(&pbx->stack.txn_clients, wanted->transactions, usual->stack.transactions);
}

int pbx_init(struct pbx *pbx, const struct env *env, struct timers *timers,
	     struct directory *directory, const struct pbx_limits *limits)
{
	struct stack_user user = { .user = pbx,
				   .on_request = on_request,
				   .find_way = find_way,
				   .may_answer = may_answer };
	struct pool *call_pools[] = CALL_POOLS(pbx);
	uint8_t nonce_secret[NONCE_SECRET_BYTES];
	uint64_t map_secret[2];
	int err;

	*pbx = (struct pbx){ .limits = *limits };
	err = digest_init();
	if (err)
		return err;
	err = stack_init(&pbx->stack, env, timers, &user, &limits->stack, SLICE(PRODUCT));
	if (err)
		return err;
	env->random(env->host, map_secret, sizeof(map_secret));
	env->random(env->host, nonce_secret, sizeof(nonce_secret));
	nonces_init(&pbx->nonces, nonce_secret);
	strangers_init(&pbx->strangers, map_secret);
	map_init(&pbx->aors, map_secret);
	map_init(&pbx->entities, map_secret);
	err = lamp_init(pbx);
	if (err)
		return err;
	map_init(&pbx->owns, map_secret);
	map_init(&pbx->viewers[false], map_secret);
	map_init(&pbx->viewers[true], map_secret);
	map_init(&pbx->referrers[false], map_secret);
	map_init(&pbx->referrers[true], map_secret);
	map_init(&pbx->phone_forwards, map_secret);
	dnd_init(pbx, map_secret, limits->notices);
	pool_init(&pbx->bindings, "bindings", sizeof(struct binding), limits->bindings,
		  binding_on_free);
	pool_init(&pbx->calls, "calls", sizeof(struct call), limits->calls, call_on_free);
	pool_init(&pbx->attempts, "attempts", sizeof(struct attempt), limits->attempts, NULL);
	pool_init(&pbx->legs, "legs", sizeof(struct leg), limits->legs, leg_on_free);
	pool_init(&pbx->splices, "splices", sizeof(struct splice), limits->calls, splice_on_free);
	pool_init(&pbx->transfers, "transfers", sizeof(struct transfer), limits->calls,
		  transfer_on_free);
	pool_init(&pbx->clicks, "clicks", sizeof(struct click), limits->calls, click_on_free);
	pool_init(&pbx->ticket_pool, "tickets", sizeof(struct ticket), TICKETS_MAX, ticket_on_free);
	pool_init(&pbx->publications, "publications", sizeof(struct publication),
		  limits->publications, publication_on_free);
	pool_init(&pbx->asked_phones, "asked phones", sizeof(struct asked_phone),
		  limits->asked_phones, asked_phone_on_free);
	pool_init(&pbx->trunk_pool, "trunks", sizeof(struct trunk), 2 * TRUNKS_MAX, trunk_on_free);
	list_init(&pbx->trunks);
	list_init(&pbx->tickets);
	list_init(&pbx->lists);
	list_init(&pbx->parked);
	pbx->directory = directory_ref(directory);
	pbx->directory_turn = ++pbx->turn;
	pbx->stack.session_expires_s = directory->session_expires_s;
	apply_limits(pbx);
	for (size_t i = 0; i < ARRAY_LEN(call_pools); i++)
		pool_keep(call_pools[i], EMERGENCY_SLOTS);
	return 0;
}

/* The watchers and legs go first: they point into entities and sessions. */
static void pbx_silence(struct pbx *pbx)
{
	struct call *call;
	uint32_t slot = 0;

	pbx->stack.is_ending = true;
	while ((call = pool_walk(&pbx->calls, &slot)))
		call_end(call, 503, SLICE_NONE);
	lamp_list_fini(pbx);
	lamp_forward_fini(pbx);
	publish_stop(pbx);
	lamp_fini(pbx);
	lamp_unasked_fini(pbx);
	own_fini(pbx);
	registrar_fini(pbx);
}

void pbx_fini(struct pbx *pbx)
{
	pbx_silence(pbx);
	trunk_fini(pbx);
	stack_fini(&pbx->stack);
	pool_fini(&pbx->transfers);
	pool_fini(&pbx->clicks);
	pool_fini(&pbx->ticket_pool);
	pool_fini(&pbx->splices);
	pool_fini(&pbx->legs);
	pool_fini(&pbx->attempts);
	pool_fini(&pbx->calls);
	pool_fini(&pbx->bindings);
	pool_fini(&pbx->publications);
	pool_fini(&pbx->asked_phones);
	dnd_fini(pbx);
	phone_forward_fini(pbx);
	map_fini(&pbx->aors);
	map_fini(&pbx->entities);
	map_fini(&pbx->owns);
	map_fini(&pbx->viewers[false]);
	map_fini(&pbx->viewers[true]);
	map_fini(&pbx->referrers[false]);
	map_fini(&pbx->referrers[true]);
	strangers_fini(&pbx->strangers);
	nonces_fini(&pbx->nonces);
	directory_unref(pbx->directory);
}

int pbx_add_own_address(struct pbx *pbx, const struct addr *addr)
{
	if (pbx->own_count == DIRECTORY_LISTENERS_MAX)
		return ERR_LIMIT;
	pbx->own[pbx->own_count++] = *addr;
	return 0;
}

void pbx_start(struct pbx *pbx)
{
	trunk_on_directory(pbx);
}

void pbx_set_directory(struct pbx *pbx, struct directory *directory)
{
	directory_ref(directory);
	phone_forward_on_directory(pbx, directory);
	directory_unref(pbx->directory);
	pbx->directory = directory;
	pbx->directory_turn = ++pbx->turn;
	pbx->stack.session_expires_s = directory->session_expires_s;
	apply_limits(pbx);
	lamp_list_on_directory(pbx);
	lamp_on_directory(pbx);
	registrar_drop_unknown(pbx);
	dnd_drop_unknown(pbx);
	own_on_directory(pbx);
	lamp_unasked_on_directory(pbx);
	trunk_on_directory(pbx);
	publish_on_directory(pbx);
	lamp_forward_on_directory(pbx);
}

void pbx_stop(struct pbx *pbx)
{
	struct call *call;
	uint32_t slot = 0;

	while ((call = pool_walk(&pbx->calls, &slot)))
		if (call->state != CALL_TALKING) {
			record_set_cause(call, RECORD_SHUTDOWN, NULL);
			call_end(call, 503, SLICE("Retry-After: 5\r\n"));
		}
	park_stop(pbx);
	lamp_list_stop(pbx);
	lamp_stop(pbx);
	own_stop(pbx);
	publish_stop(pbx);
	trunk_stop_all(pbx);
}

/* --- Strangers ---------------------------------------------------------------------------- */

void pbx_vouch(struct pbx *pbx, const struct flow *flow)
{
	const struct env *env = pbx->stack.env;

	if (env->trust)
		env->trust(env->host, flow);
	strangers_vouch(&pbx->strangers, &flow->peer, pbx->directory->limits.strangers_per_s,
			pbx->stack.timers->now_ms);
}

/* A trunk is no stranger, wherever it is; it is asked for only when it would be taken for one. */
static bool vouch_for_trunk(struct pbx *pbx, const struct flow *flow)
{
	LIST_FOR (trunk, &pbx->trunks, struct trunk, node) {
		if (!trunk_is_source(trunk, flow))
			continue;
		pbx_vouch(pbx, flow);
		return true;
	}
	return false;
}

/* A flood must not fill the log as well. */
static void drop_flood(struct pbx *pbx, const struct addr *peer)
{
	struct strangers *strangers = &pbx->strangers;
	uint64_t now_ms = pbx->stack.timers->now_ms;
	char text[ADDR_TEXT_MAX];
	struct buf buf = BUF_ON(text);

	strangers_drop(strangers);
	if (strangers->told_ms > 0 && now_ms - strangers->told_ms < FLOOD_TOLD_MS)
		return;
	addr_print(&buf, peer);
	stack_trace(&pbx->stack, "event=flood peer=%.*s dropped=%llu", SLICE_ARGS(buf_text(&buf)),
		    (unsigned long long)strangers->untold);
	strangers->untold = 0;
	strangers->told_ms = now_ms;
}

static bool take_answer(struct pbx *pbx, const struct addr *peer)
{
	return strangers_take(&pbx->strangers, peer, pbx->directory->limits.strangers_per_s,
			      pbx->stack.timers->now_ms);
}

static bool may_answer(void *user, const struct incoming *in)
{
	struct pbx *pbx = user;

	if (take_answer(pbx, &in->flow.peer) ||
	    (vouch_for_trunk(pbx, &in->flow) && take_answer(pbx, &in->flow.peer)))
		return true;
	drop_flood(pbx, &in->flow.peer);
	return false;
}

static bool may_ask(struct pbx *pbx, const struct flow *flow)
{
	return strangers_may_ask(&pbx->strangers, &flow->peer,
				 pbx->directory->limits.strangers_per_s,
				 pbx->stack.timers->now_ms) ||
	       vouch_for_trunk(pbx, flow);
}

/* --- Messages ----------------------------------------------------------------------------- */

void pbx_on_message(struct pbx *pbx, const struct flow *flow, struct slice bytes)
{
	/* Responses are for what we asked; and those for nothing are not answered. */
	if (!slice_starts_with(bytes, SLICE("SIP/2.0 ")) && !may_ask(pbx, flow)) {
		drop_flood(pbx, &flow->peer);
		return;
	}
	stack_on_message(&pbx->stack, flow, bytes);
}

void pbx_on_connection_lost(struct pbx *pbx, const struct flow *lost)
{
	registrar_on_connection_lost(pbx, lost->conn);
	stack_on_connection_lost(&pbx->stack, lost);
	trunk_on_connection_lost(pbx, &lost->peer);
}

void pbx_on_turn_end(struct pbx *pbx)
{
	stack_on_turn_end(&pbx->stack);
	pool_sweep(&pbx->transfers);
	pool_sweep(&pbx->clicks);
	pool_sweep(&pbx->ticket_pool);
	pool_sweep(&pbx->splices);
	pool_sweep(&pbx->legs);
	pool_sweep(&pbx->attempts);
	pool_sweep(&pbx->calls);
	pool_sweep(&pbx->bindings);
	pool_sweep(&pbx->publications);
	pool_sweep(&pbx->asked_phones);
	pool_sweep(&pbx->notices);
	pool_sweep(&pbx->trunk_pool);
}

bool pbx_has_room(struct pbx *pbx)
{
	struct pool *pools[] = CALL_POOLS(pbx);

	for (size_t i = 0; i < ARRAY_LEN(pools); i++)
		if (!pool_has_room(pools[i]))
			return false;
	return true;
}

/* --- Names -------------------------------------------------------------------------------- */

static bool port_is(uint16_t given, uint16_t ours)
{
	return given == 0 || given == ours;
}

bool pbx_is_own_host(const struct pbx *pbx, const struct sip_uri *uri, const struct flow *flow)
{
	struct addr addr;

	if (slice_eq_nocase(uri->host, pbx->directory->domain))
		return true;
	if (addr_parse_ip(uri->host, &addr))
		return false;
	if (addr_eq_ip(&addr, &flow->local) && port_is(uri->port, flow->local.port))
		return true;
	for (size_t i = 0; i < pbx->own_count; i++)
		if (addr_eq_ip(&addr, &pbx->own[i]) && port_is(uri->port, pbx->own[i].port))
			return true;
	return false;
}

bool privacy_has(const struct sip_msg *msg, struct slice kind)
{
	const struct sip_header *header = sip_msg_header_named(msg, SLICE("Privacy"));
	struct slice rest = header ? header->value : SLICE_NONE, word;

	while (rest.n > 0) {
		slice_cut(rest, ';', &word, &rest);
		if (slice_eq_nocase(slice_trim(word), kind))
			return true;
	}
	return false;
}

bool addr_is_anonymous(const struct sip_addr *addr)
{
	return slice_eq_nocase(addr->uri.user, SLICE("anonymous")) ||
	       slice_eq_nocase(addr->uri.host, SLICE("anonymous.invalid"));
}

void pbx_print_aor(const struct pbx *pbx, struct buf *buf, struct slice number)
{
	buf_lit(buf, "sip:");
	uri_escape_user(buf, number);
	buf_char(buf, '@');
	buf_slice(buf, pbx->directory->domain);
}

void pbx_print_identity(const struct pbx *pbx, struct buf *buf, struct slice name,
			struct slice number)
{
	if (slice_is_empty(number)) {
		buf_lit(buf, ANONYMOUS);
		return;
	}
	if (!slice_is_empty(name)) {
		sip_print_quoted(buf, name);
		buf_char(buf, ' ');
	}
	buf_char(buf, '<');
	pbx_print_aor(pbx, buf, number);
	buf_char(buf, '>');
}

void pbx_print_contact_uri(struct buf *buf, struct slice number, const struct flow *flow)
{
	buf_lit(buf, "sip:");
	if (!slice_is_empty(number)) {
		uri_escape_user(buf, number);
		buf_char(buf, '@');
	}
	addr_print(buf, &flow->local);
	if (flow->transport != TRANSPORT_UDP) {
		buf_lit(buf, ";transport=");
		buf_slice(buf, transport_word(flow->transport));
	}
}

void pbx_print_contact(struct buf *buf, struct slice number, const struct flow *flow)
{
	buf_lit(buf, "Contact: <");
	pbx_print_contact_uri(buf, number, flow);
	buf_lit(buf, ">\r\n");
}

/* --- Requests ----------------------------------------------------------------------------- */

static void on_options(struct incoming *in)
{
	char text[512];
	struct buf lines = BUF_ON(text);

	buf_lit(&lines, ALLOW_LINE ACCEPT_LINE SESSION_SUPPORTED_LINE);
	event_packages_print(&lines);
	incoming_reply_stateless(in, &(struct answer){ .status = 200, .lines = buf_text(&lines) });
}

static void refuse_method(struct incoming *in)
{
	char text[512];
	struct buf lines = BUF_ON(text);

	buf_lit(&lines, ALLOW_LINE);
	event_packages_print(&lines);
	incoming_reply_stateless(in, &(struct answer){ .status = 405, .lines = buf_text(&lines) });
}

/* A phone whose connection is gone is reached where it has registered since, by the same Contact.
 */
static int find_way(void *user, struct slice identity, struct slice target, struct flow *flow)
{
	struct pbx *pbx = user;
	struct sip_addr addr;
	char text[SIP_USER_MAX_BYTES];
	struct buf number = BUF_ON(text);

	if (sip_addr_parse(identity, &addr) || !pbx_is_own_host(pbx, &addr.uri, flow) ||
	    uri_unescape(&number, addr.uri.user) || number.is_overflown)
		return ERR_NOTFOUND;
	return registrar_find_way(pbx, buf_text(&number), target, flow);
}

typedef void request_handler(struct pbx *pbx, struct incoming *in,
			     const struct extension *extension);
typedef void trunk_handler(struct pbx *pbx, struct incoming *in, struct trunk *trunk);

/*
 * By where it comes from. A phone of ours may stand there, too: who subscribes from a trunk says
 * so in From.
 */
static struct trunk *identify_trunk(struct pbx *pbx, const struct incoming *in)
{
	struct trunk *trunk = NULL;

	if (in->msg->method == METHOD_PUBLISH)
		return publish_identify(pbx, in);
	if (in->msg->method == METHOD_INVITE || in->msg->method == METHOD_SUBSCRIBE)
		trunk = trunk_identify(pbx, in);
	if (trunk && in->msg->method == METHOD_SUBSCRIBE &&
	    !slice_eq_nocase(in->msg->from.uri.host, trunk_domain(trunk)))
		return NULL;
	return trunk;
}

/* What an INVITE alone may have (RFC 3891 3, RFC 3911 4). */
static bool names_dialog(const struct sip_msg *msg)
{
	return sip_msg_header(msg, HDR_REPLACES) || sip_msg_header(msg, HDR_JOIN);
}

static void on_request(void *user, struct incoming *in)
{
	static request_handler *const handlers[METHOD_COUNT] = {
		[METHOD_INVITE] = call_on_invite,	 [METHOD_REGISTER] = registrar_on_register,
		[METHOD_SUBSCRIBE] = event_on_subscribe, [METHOD_PUBLISH] = publish_on_request,
		[METHOD_REFER] = click_on_refer,
	};
	static trunk_handler *const trunk_handlers[METHOD_COUNT] = {
		[METHOD_INVITE] = trunk_on_invite,
		[METHOD_SUBSCRIBE] = event_on_subscribe_from_trunk,
		[METHOD_PUBLISH] = publish_on_trunk,
	};
	struct pbx *pbx = user;
	enum sip_method method = in->msg->method;
	const struct extension *extension;
	struct trunk *trunk;

	if (method == METHOD_OTHER) {
		incoming_reply_stateless(in, &(struct answer){ .status = 501 });
	} else if (method == METHOD_BYE || method == METHOD_NOTIFY) {
		/* They make sense inside a dialog only. */
		incoming_reply_stateless(in, &(struct answer){ .status = 481 });
	} else if (method != METHOD_INVITE && names_dialog(in->msg)) {
		incoming_reply_stateless(in, &(struct answer){ .status = 400 });
	} else if (method == METHOD_OPTIONS) {
		if (!session_refuse_required(in))
			on_options(in);
	} else if (!handlers[method]) {
		refuse_method(in);
	} else if (!session_refuse_required(in)) {
		trunk = identify_trunk(pbx, in);
		extension = trunk ? NULL : auth_check(pbx, in, &trunk);
		if (extension)
			handlers[method](pbx, in, extension);
		else if (trunk)
			trunk_handlers[method](pbx, in, trunk);
	}
}
