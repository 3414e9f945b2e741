/* SPDX-License-Identifier: MIT */
/*
 * REGISTER (RFC 3261 10.3): all Contacts of a request are read and judged before the first binding
 * changes, so that a refused request changes nothing.
 */
#include "pbx/registrar.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/dialog.h"
#include "pbx/lamp.h"
#include "pbx/lamp_forward.h"
#include "pbx/lamp_unasked.h"
#include "pbx/publish.h"
#include "pbx/reg_event.h"
#include "sip/print.h"

/* What one Contact of the request asks for. */
struct wish {
	struct sip_addr contact;
	uint32_t expires_s;
	uint16_t q;
};

struct aor *registrar_find(struct pbx *pbx, struct slice number)
{
	struct map_node *node = map_find(&pbx->aors, number);

	return node ? CONTAINER_OF(node, struct aor, node) : NULL;
}

/* --- Bindings ----------------------------------------------------------------------------- */

static void aor_release(struct pbx *pbx, struct aor *aor)
{
	struct slice number = aor_number(aor);

	if (aor->count > 0)
		return;
	map_remove(&pbx->aors, &aor->node);
	lamp_state_changed(pbx, number);
	mem_free(aor);
}

static struct aor *aor_get(struct pbx *pbx, struct slice number)
{
	struct aor *aor = registrar_find(pbx, number);

	if (aor)
		return aor;
	aor = mem_alloc(offsetof(struct aor, number) + number.n);
	if (!aor)
		return NULL;
	list_init(&aor->bindings);
	memcpy(aor->number, number.p, number.n);
	if (map_insert(&pbx->aors, &aor->node, slice_of(aor->number, number.n))) {
		mem_free(aor);
		return NULL;
	}
	return aor;
}

void binding_on_free(void *object)
{
	struct binding *binding = object;

	mem_free(binding->texts);
}

/* `event` says why, to whoever watches. */
static void binding_end(struct binding *binding, enum reg_event event)
{
	struct pbx *pbx = binding->pbx;
	struct aor *aor = binding->aor;
	struct own *own = NULL;

	timer_stop(pbx->stack.timers, &binding->expiry);
	lamp_unasked_end(binding);
	pool_end(&pbx->bindings, binding);
	if (!aor)
		return;
	if (binding->registered_turn > 0)
		own = reg_event_note_end(binding, event);
	list_remove(&binding->node);
	aor->count--;
	lamp_forward_update(pbx, aor_number(aor));
	if (aor->count == 0)
		publish_on_unregistered(pbx, aor_number(aor));
	aor_release(pbx, aor);
	reg_event_tell(own);
}

static void on_expiry(struct timer *timer)
{
	struct binding *binding = CONTAINER_OF(timer, struct binding, expiry);

	stack_trace(&binding->pbx->stack, "event=expired extension=%.*s",
		    SLICE_ARGS(aor_number(binding->aor)));
	binding_end(binding, REG_EXPIRED);
}

uint64_t binding_expires_s(const struct binding *binding)
{
	uint64_t now_ms = binding->pbx->stack.timers->now_ms;

	return binding->expiry.at_ms > now_ms ? (binding->expiry.at_ms - now_ms + 999) / 1000 : 0;
}

static struct binding *binding_new(struct pbx *pbx, struct slice number)
{
	struct binding *binding = pool_new(&pbx->bindings);

	if (!binding)
		return NULL;
	binding->pbx = pbx;
	list_init(&binding->node);
	binding->aor = aor_get(pbx, number);
	if (!binding->aor) {
		binding_end(binding, REG_REJECTED);
		return NULL;
	}
	list_append(&binding->aor->bindings, &binding->node);
	if (binding->aor->count++ == 0)
		lamp_state_changed(pbx, number);
	return binding;
}

/* "192.0.2.1:5060", when the phone has registered there and not at the domain. */
static struct slice print_host(const struct pbx *pbx, const struct sip_uri *uri, struct buf *buf)
{
	if (uri->port == 0 && slice_eq_nocase(uri->host, pbx->directory->domain))
		return SLICE_NONE;
	buf_slice(buf, uri->host);
	if (uri->port > 0) {
		buf_char(buf, ':');
		buf_u64(buf, uri->port);
	}
	return buf_text(buf);
}

/* The Contact stays as it was written first. */
static int binding_keep(struct binding *binding, const struct sip_msg *msg, struct slice contact)
{
	char text[SIP_URI_MAX_BYTES];
	struct buf buf = BUF_ON(text);
	const struct slice texts[BINDING_TEXTS] = {
		[BINDING_CONTACT] = binding->texts ? binding_contact(binding) : contact,
		[BINDING_CALL_ID] = msg->call_id,
		[BINDING_HOST] = print_host(binding->pbx, &msg->uri, &buf),
	};

	return texts_keep(&binding->texts, binding->ends, texts, BINDING_TEXTS);
}

/* Only text that came with the request can be refused memory; the rest is set in place. */
static int binding_set(struct binding *binding, const struct incoming *in, const struct wish *wish)
{
	const struct sip_msg *msg = in->msg;
	struct timers *timers = binding->pbx->stack.timers;
	bool is_anew = binding->is_anew || !slice_eq(binding_call_id(binding), msg->call_id);
	struct addr sent_by;
	bool is_natted =
		addr_parse_ip(msg->via.host, &sent_by) || !addr_eq_ip(&sent_by, &in->flow.peer);
	int err = binding_keep(binding, msg, wish->contact.uri.text);

	if (err)
		return err;
	binding->is_anew = is_anew;
	binding->profile = profile_of_agent(sip_msg_value(msg, HDR_USER_AGENT));
	binding->cseq = msg->cseq;
	binding->q = wish->q;
	binding->flow = dialog_flow_to(&wish->contact.uri, &in->flow, is_natted);
	timer_start(timers, &binding->expiry, (uint64_t)wish->expires_s * 1000, on_expiry);
	binding->is_refreshed = binding->registered_turn > 0;
	if (!binding->is_refreshed)
		binding->registered_turn = ++binding->pbx->turn;
	return 0;
}

/* --- Reading the request ------------------------------------------------------------------ */

/* "0.7" is 700; what is no q-value counts as 1 (RFC 3261 25.1 qvalue). */
static uint16_t parse_q(struct slice text)
{
	uint32_t thousandths = 0;
	size_t digits = 0;

	if (slice_is_empty(text) || text.p[0] != '0')
		return 1000;
	for (size_t i = 2; i < text.n && digits < 3; i++, digits++) {
		if (!char_is_digit(text.p[i]))
			return 1000;
		thousandths = thousandths * 10 + (uint32_t)(text.p[i] - '0');
	}
	for (; digits < 3; digits++)
		thousandths *= 10;
	return (uint16_t)thousandths;
}

static struct binding *aor_find_contact(struct aor *aor, const struct sip_uri *contact)
{
	struct sip_uri uri;

	if (!aor)
		return NULL;
	LIST_FOR (binding, &aor->bindings, struct binding, node)
		if (sip_uri_parse(binding_contact(binding), &uri) == 0 && sip_uri_eq(&uri, contact))
			return binding;
	return NULL;
}

/* Of the contact's own parameter, else the header, else all that we allow (10.3 6.). */
static unsigned wish_expires(struct pbx *pbx, const struct sip_msg *msg, struct wish *wish)
{
	uint32_t max_s = pbx->directory->expires_max_s;
	uint32_t asked_s = max_s;
	struct slice text;
	int err = sip_msg_seconds(msg, HDR_EXPIRES, &asked_s);

	if (err && err != ERR_NOTFOUND)
		return 400;
	if (sip_param(wish->contact.params, SLICE("expires"), &text) &&
	    slice_to_u32(text, SIP_EXPIRES_MAX, &asked_s))
		return 400;
	if (asked_s > 0 && asked_s < REGISTRATION_MIN_S)
		return 423;
	wish->expires_s = asked_s < max_s ? asked_s : max_s;
	return 0;
}

static unsigned wish_read(struct pbx *pbx, struct incoming *in, struct aor *aor, struct slice entry,
			  struct wish *wish)
{
	const struct sip_msg *msg = in->msg;
	struct binding *binding;
	struct slice q;
	unsigned refusal;

	*wish = (struct wish){ .q = 1000 };
	if (sip_addr_parse(entry, &wish->contact) ||
	    (wish->contact.uri.scheme != URI_SIP && wish->contact.uri.scheme != URI_SIPS))
		return 400;
	refusal = wish_expires(pbx, msg, wish);
	if (refusal)
		return refusal;
	if (sip_param(wish->contact.params, SLICE("q"), &q))
		wish->q = parse_q(q);
	binding = aor_find_contact(aor, &wish->contact.uri);
	/* A request that was overtaken by a later one changes nothing (10.3 7.). */
	if (binding && slice_eq(binding_call_id(binding), msg->call_id) &&
	    msg->cseq <= binding->cseq)
		return 500;
	return 0;
}

static bool has_star(const struct sip_msg *msg)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;

	while (sip_msg_list_next(msg, HDR_CONTACT, &cursor, &entry))
		if (slice_eq(slice_trim(entry), SLICE("*")))
			return true;
	return false;
}

/* `Contact: *` removes all and must stand alone with Expires: 0 (10.3 6.). */
static unsigned remove_all(struct incoming *in, struct aor *aor)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;
	uint32_t expires_s;
	size_t entries = 0;

	while (sip_msg_list_next(in->msg, HDR_CONTACT, &cursor, &entry))
		entries++;
	if (entries != 1 || sip_msg_seconds(in->msg, HDR_EXPIRES, &expires_s) || expires_s != 0)
		return 400;
	if (!aor)
		return 0;
	LIST_FOR (binding, &aor->bindings, struct binding, node)
		if (slice_eq(binding_call_id(binding), in->msg->call_id) &&
		    in->msg->cseq <= binding->cseq)
			return 500;
	for (size_t left = aor->count; left > 0; left--)
		binding_end(LIST_FIRST(&aor->bindings, struct binding, node), REG_UNREGISTERED);
	return 0;
}

/*
 * A phone that comes back with another Contact each time leaves its old ones behind; the one that
 * would run out first makes room, so that nobody locks themselves out.
 */
static void aor_make_room(struct aor *aor)
{
	struct binding *oldest = NULL;

	if (!aor || aor->count < BINDINGS_PER_AOR_MAX)
		return;
	LIST_FOR (binding, &aor->bindings, struct binding, node)
		if (!oldest || binding->expiry.at_ms < oldest->expiry.at_ms)
			oldest = binding;
	binding_end(oldest, REG_DEACTIVATED);
}

/* Looked up anew, since an entry before this one may have made or removed the same binding. */
static unsigned wish_apply(struct pbx *pbx, struct incoming *in, struct slice number,
			   const struct wish *wish)
{
	struct binding *binding = aor_find_contact(registrar_find(pbx, number), &wish->contact.uri);

	if (wish->expires_s == 0) {
		if (binding)
			binding_end(binding, REG_UNREGISTERED);
		return 0;
	}
	if (!binding) {
		aor_make_room(registrar_find(pbx, number));
		binding = binding_new(pbx, number);
	}
	if (!binding)
		return 503;
	if (binding_set(binding, in, wish) == 0)
		return 0;
	if (!binding->expiry.is_running)
		binding_end(binding, REG_REJECTED);
	return 503;
}

static unsigned update(struct pbx *pbx, struct incoming *in, struct slice number)
{
	struct aor *aor = registrar_find(pbx, number);
	struct wish wishes[BINDINGS_PER_AOR_MAX];
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;
	size_t count = 0;

	if (has_star(in->msg))
		return remove_all(in, aor);
	while (sip_msg_list_next(in->msg, HDR_CONTACT, &cursor, &entry)) {
		unsigned refusal;

		if (count == BINDINGS_PER_AOR_MAX)
			return 403;
		refusal = wish_read(pbx, in, aor, entry, &wishes[count]);
		if (refusal)
			return refusal;
		count++;
	}
	for (size_t i = 0; i < count; i++) {
		unsigned refusal = wish_apply(pbx, in, number, &wishes[i]);

		if (refusal)
			return refusal;
	}
	return 0;
}

/* --- Answering ---------------------------------------------------------------------------- */

static void print_contact(struct buf *lines, const struct binding *binding)
{
	buf_lit(lines, "Contact: <");
	sip_print_value(lines, binding_contact(binding));
	buf_lit(lines, ">;expires=");
	buf_u64(lines, binding_expires_s(binding));
	if (binding->q < 1000) {
		buf_lit(lines, ";q=0.");
		buf_char(lines, (char)('0' + binding->q / 100));
		buf_char(lines, (char)('0' + binding->q / 10 % 10));
		buf_char(lines, (char)('0' + binding->q % 10));
	}
	buf_lit(lines, "\r\n");
}

static void answer_bindings(struct pbx *pbx, struct incoming *in, struct slice number)
{
	char text[BINDINGS_PER_AOR_MAX * (SIP_URI_MAX_BYTES + 64)];
	struct buf lines = BUF_ON(text);
	struct aor *aor = registrar_find(pbx, number);

	if (aor)
		LIST_FOR (binding, &aor->bindings, struct binding, node)
			print_contact(&lines, binding);
	incoming_reply(in, &(struct answer){ .status = 200, .lines = buf_text(&lines) });
}

static void answer_refusal(struct incoming *in, unsigned refusal)
{
	char text[64];
	struct buf lines = BUF_ON(text);
	struct slice reason = SLICE_NONE;

	if (refusal == 423)
		sip_print_header_u32(&lines, HDR_MIN_EXPIRES, REGISTRATION_MIN_S);
	if (refusal == 503)
		buf_lit(&lines, "Retry-After: 5\r\n");
	if (refusal == 400)
		reason = SLICE("Bad Contact or Expires");
	if (refusal == 403)
		reason = SLICE("Too many contacts");
	if (refusal == 500)
		reason = SLICE("CSeq is not higher than before");
	incoming_reply(
		in,
		&(struct answer){ .status = refusal, .reason = reason, .lines = buf_text(&lines) });
}

void registrar_on_register(struct pbx *pbx, struct incoming *in, const struct extension *extension)
{
	char text[SIP_USER_MAX_BYTES];
	struct buf user = BUF_ON(text);
	unsigned refusal;

	if (!pbx_is_own_host(pbx, &in->msg->uri, &in->flow)) {
		incoming_reply(
			in, &(struct answer){ .status = 404,
					      .reason = SLICE("This domain is not served here") });
		return;
	}
	if (uri_unescape(&user, in->msg->to.uri.user) || user.is_overflown ||
	    !slice_eq(buf_text(&user), extension->number)) {
		/* Nobody registers for somebody else (10.3 3.). */
		incoming_reply_status(in, 403);
		return;
	}
	refusal = update(pbx, in, extension->number);
	if (refusal) {
		answer_refusal(in, refusal);
		return;
	}
	stack_trace(&pbx->stack, "event=register extension=%.*s contacts=%u",
		    SLICE_ARGS(extension->number),
		    registrar_find(pbx, extension->number)
			    ? registrar_find(pbx, extension->number)->count
			    : 0);
	answer_bindings(pbx, in, extension->number);
	reg_event_tell(own_find(pbx, extension->number));
	lamp_unasked_on_register(pbx, extension->number);
	lamp_forward_update(pbx, extension->number);
}

/* --- Connections -------------------------------------------------------------------------- */

/*
 * There are phones that name the port of their connection in the Contact, so that it is another one
 * each time: the one binding for the same user at the same host, reached otherwise than by `flow`.
 */
static struct binding *aor_find_similar(struct aor *aor, const struct sip_uri *contact,
					const struct flow *flow)
{
	struct binding *found = NULL;
	struct sip_uri uri;

	if (!aor)
		return NULL;
	LIST_FOR (binding, &aor->bindings, struct binding, node) {
		if (sip_uri_parse(binding_contact(binding), &uri) ||
		    flow_eq(&binding->flow, flow) || !slice_eq(uri.user, contact->user) ||
		    !slice_eq_nocase(uri.host, contact->host))
			continue;
		if (found)
			return NULL;
		found = binding;
	}
	return found;
}

int registrar_find_way(struct pbx *pbx, struct slice number, struct slice contact,
		       struct flow *flow)
{
	struct aor *aor = registrar_find(pbx, number);
	struct sip_uri uri;
	struct binding *binding;

	if (sip_uri_parse(contact, &uri))
		return ERR_NOTFOUND;
	binding = aor_find_contact(aor, &uri);
	if (!binding || flow_eq(&binding->flow, flow))
		binding = aor_find_similar(aor, &uri, flow);
	if (!binding)
		return ERR_NOTFOUND;
	*flow = binding->flow;
	return 0;
}

static void binding_on_connection_lost(struct binding *binding)
{
	struct sip_uri uri;
	struct addr addr;

	if (binding->flow.is_natted || binding->flow.transport == TRANSPORT_TLS ||
	    sip_uri_parse(binding_contact(binding), &uri) || addr_parse_ip(uri.host, &addr) ||
	    addr.family != binding->flow.peer.family) {
		stack_trace(&binding->pbx->stack, "event=unreachable extension=%.*s",
			    SLICE_ARGS(aor_number(binding->aor)));
		binding_end(binding, REG_DEACTIVATED);
		return;
	}
	addr.port = uri.port ? uri.port : transport_port(binding->flow.transport);
	binding->flow.peer = addr;
	binding->flow.conn = HANDLE_NONE;
	lamp_unasked_on_moved(binding);
}

void registrar_on_connection_lost(struct pbx *pbx, struct handle conn)
{
	struct binding *binding;
	uint32_t slot = 0;

	while ((binding = pool_walk(&pbx->bindings, &slot)))
		if (handle_eq(binding->flow.conn, conn))
			binding_on_connection_lost(binding);
}

/* --- Whole-table work --------------------------------------------------------------------- */

static void drop_where(struct pbx *pbx, bool is_all)
{
	struct binding *binding;
	uint32_t slot = 0;

	while ((binding = pool_walk(&pbx->bindings, &slot)))
		if (is_all || !directory_find(pbx->directory, aor_number(binding->aor)))
			binding_end(binding, REG_REJECTED);
}

void registrar_drop_unknown(struct pbx *pbx)
{
	drop_where(pbx, false);
}

void registrar_fini(struct pbx *pbx)
{
	drop_where(pbx, true);
}
