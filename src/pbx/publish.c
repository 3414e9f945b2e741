/* SPDX-License-Identifier: MIT */
/*
 * The event state compositor of RFC 3903, for dialogs. Each publication is a report with a lease
 * (section 6): the publisher names it by the entity-tag that it was given last, which nobody can
 * guess. A document replaces what the publication said before, whatever its version; one in partial
 * state changes what it names.
 */
#include "pbx/publish.h"

#include "base/err.h"
#include "core/txn_server.h"
#include "pbx/auth.h"
#include "pbx/trunk.h"
#include "sip/print.h"
#include "xml/dialog_info_read.h"

/* How long a lamp may be wrong after its publisher has died without a word. */
#define LEASE_MAX_S 600
/* Kamailio says goodbye to a dialog with a lease of a few seconds. */
#define LEASE_MIN_S 5
#define PER_EXTENSION_MAX 32
#define DOCUMENT_MAX_BYTES 16384
#define DOCUMENT_TYPE SLICE("application/dialog-info+xml")

/* What a request asks for, as far as it has been read. */
struct wish {
	const struct extension *watched;
	struct trunk *trunk;	      /* who asks; NULL: the extension's phone */
	struct publication *existing; /* named by SIP-If-Match; NULL: a new one */
	uint32_t expires_s;
	struct dialog_info info;
	bool has_document;
};

/* --- Publications ------------------------------------------------------------------------- */

static struct publication *publication_of(struct lamp_report *report)
{
	return CONTAINER_OF(report, struct publication, report);
}

void publication_on_free(void *object)
{
	struct publication *publication = object;

	dialog_set_clear(&publication->report.dialogs);
}

static void publication_end(struct publication *publication, const char *cause)
{
	struct pbx *pbx = publication->pbx;

	stack_trace(&pbx->stack, "event=unpublish extension=%.*s cause=%s",
		    SLICE_ARGS(publication->report.entity->number), cause);
	timer_stop(pbx->stack.timers, &publication->expiry);
	lamp_report_close(&publication->report);
	pool_end(&pbx->publications, publication);
}

static void on_expiry(struct timer *timer)
{
	publication_end(CONTAINER_OF(timer, struct publication, expiry), "expired");
}

static bool is_by(const struct publication *publication, const struct trunk *trunk)
{
	return handle_eq(publication->trunk, trunk ? trunk->pooled.handle : HANDLE_NONE);
}

static struct publication *publication_find(struct pbx *pbx, struct slice number, struct slice etag,
					    const struct trunk *trunk)
{
	struct lamp_entity *entity = lamp_find(pbx, number);

	if (!entity)
		return NULL;
	LIST_FOR (report, &entity->reports, struct lamp_report, node) {
		struct publication *publication = publication_of(report);

		if (report->is_published && is_by(publication, trunk) &&
		    slice_eq(slice_of(publication->etag, TOKEN_BYTES), etag))
			return publication;
	}
	return NULL;
}

/*
 * A trunk is one peer wherever it comes from; of an extension's phones each is one, since two of
 * them may well number their dialogs alike.
 */
static uint64_t peer_of(const struct pbx *pbx, const struct wish *wish, const struct flow *flow)
{
	char text[ADDR_TEXT_MAX + 8];
	struct buf buf = BUF_ON(text);

	if (wish->trunk)
		return hash_bytes(pbx->entities.secret, wish->trunk->config->name) | 1;
	buf_lit(&buf, "phone ");
	addr_print(&buf, &flow->peer);
	return hash_bytes(pbx->entities.secret, buf_text(&buf)) | 1;
}

/* One that says nothing any more makes room; a lamp that burns for a call does not. */
static bool make_room(struct pbx *pbx, struct slice number)
{
	struct lamp_entity *entity = lamp_find(pbx, number);
	struct publication *silent = NULL;
	size_t count = 0;

	if (!entity)
		return true;
	LIST_FOR (report, &entity->reports, struct lamp_report, node) {
		if (!report->is_published)
			continue;
		count++;
		if (report->dialogs.count == 0 && !silent)
			silent = publication_of(report);
	}
	if (count < PER_EXTENSION_MAX)
		return true;
	if (silent)
		publication_end(silent, "full");
	return silent != NULL;
}

static struct publication *publication_new(struct pbx *pbx, const struct wish *wish,
					   const struct flow *flow)
{
	struct publication *publication;

	if (!make_room(pbx, wish->watched->number))
		return NULL;
	publication = pool_new(&pbx->publications);
	if (!publication)
		return NULL;
	publication->pbx = pbx;
	if (lamp_report_open(&publication->report, pbx, wish->watched->number,
			     peer_of(pbx, wish, flow))) {
		pool_end(&pbx->publications, publication);
		return NULL;
	}
	publication->report.is_published = true;
	if (wish->trunk)
		publication->trunk = wish->trunk->pooled.handle;
	return publication;
}

/* --- Reading the request (RFC 3903 6) ----------------------------------------------------- */

/* Each step gives 0, or the answer's status with lines and a reason where it has any. */
struct refusal {
	unsigned status;
	struct slice reason;
	struct slice lines;
};

static struct refusal refused(unsigned status, struct slice reason, struct slice lines)
{
	return (struct refusal){ status, reason, lines };
}

static const struct refusal fine;

/* 1. Whose state it is, and who may tell it. */
static struct refusal read_resource(struct pbx *pbx, const struct incoming *in,
				    const struct extension *extension, struct wish *wish)
{
	char text[SIP_USER_MAX_BYTES];
	struct buf user = BUF_ON(text);

	if (pbx_is_own_host(pbx, &in->msg->uri, &in->flow) &&
	    !uri_unescape(&user, in->msg->uri.user) && !user.is_overflown)
		wish->watched = directory_find(pbx->directory, buf_text(&user));
	/* Who speaks for themselves only learns nothing of others. */
	if (extension && (!wish->watched || !slice_eq(wish->watched->number, extension->number)))
		return refused(403, SLICE_NONE, SLICE_NONE);
	if (!wish->watched)
		return refused(404, SLICE_NONE, SLICE_NONE);
	if (wish->watched->lamp_source != LAMP_SOURCE_PUBLISHED)
		return refused(403, SLICE("Its lamps are not published"), SLICE_NONE);
	return fine;
}

/* 2. */
static struct refusal read_event(const struct sip_msg *msg)
{
	struct slice event, params;

	sip_token_params(sip_msg_value(msg, HDR_EVENT), &event, &params);
	if (!slice_eq_nocase(event, SLICE("dialog")))
		return refused(489, SLICE_NONE, SLICE("Allow-Events: dialog\r\n"));
	return fine;
}

/* 3. One entity-tag, and that of a publication of this publisher. */
static struct refusal read_condition(struct pbx *pbx, const struct sip_msg *msg, struct wish *wish)
{
	struct slice etag = sip_msg_value(msg, HDR_SIP_IF_MATCH);

	if (!sip_msg_header(msg, HDR_SIP_IF_MATCH))
		return fine;
	if (slice_is_empty(etag) || slice_find_char(etag, ',') < etag.n)
		return refused(400, SLICE("Bad SIP-If-Match"), SLICE_NONE);
	wish->existing = publication_find(pbx, wish->watched->number, etag, wish->trunk);
	return wish->existing ? fine : refused(412, SLICE_NONE, SLICE_NONE);
}

/* 4. */
static struct refusal read_expires(const struct sip_msg *msg, struct wish *wish)
{
	int err = sip_msg_seconds(msg, HDR_EXPIRES, &wish->expires_s);

	if (err == ERR_NOTFOUND)
		wish->expires_s = LEASE_MAX_S;
	else if (err)
		return refused(400, SLICE("Bad Expires"), SLICE_NONE);
	if (wish->expires_s > 0 && wish->expires_s < LEASE_MIN_S)
		return refused(423, SLICE_NONE, SLICE("Min-Expires: 5\r\n"));
	if (wish->expires_s > LEASE_MAX_S)
		wish->expires_s = LEASE_MAX_S;
	return fine;
}

static bool is_encoded(const struct sip_msg *msg)
{
	return sip_msg_header(msg, HDR_CONTENT_ENCODING) &&
	       !sip_msg_has_token(msg, HDR_CONTENT_ENCODING, SLICE("identity"));
}

/* 5. A publication begins with a document; later ones may do without. */
static struct refusal read_document(struct pbx *pbx, const struct sip_msg *msg, struct wish *wish)
{
	struct slice type, params;
	int err;

	if (slice_is_empty(msg->body))
		return wish->existing ? fine
				      : refused(400, SLICE("Nothing to publish"), SLICE_NONE);
	sip_token_params(sip_msg_value(msg, HDR_CONTENT_TYPE), &type, &params);
	if (!slice_eq_nocase(type, DOCUMENT_TYPE))
		return refused(415, SLICE_NONE, SLICE("Accept: application/dialog-info+xml\r\n"));
	if (is_encoded(msg))
		return refused(415, SLICE_NONE, SLICE("Accept-Encoding: identity\r\n"));
	if (msg->body.n > DOCUMENT_MAX_BYTES)
		return refused(413, SLICE_NONE, SLICE_NONE);
	err = dialog_info_read(msg->body, &pbx->stack.arena, &wish->info);
	if (err == ERR_NOMEM)
		return refused(503, SLICE_NONE, SLICE("Retry-After: 5\r\n"));
	if (err)
		return refused(400, SLICE("Bad dialog-info"), SLICE_NONE);
	wish->has_document = true;
	return fine;
}

static struct refusal read_wish(struct pbx *pbx, const struct incoming *in,
				const struct extension *extension, struct wish *wish)
{
	struct refusal refusal = read_resource(pbx, in, extension, wish);

	if (!refusal.status)
		refusal = read_event(in->msg);
	if (!refusal.status)
		refusal = read_condition(pbx, in->msg, wish);
	if (!refusal.status)
		refusal = read_expires(in->msg, wish);
	if (!refusal.status)
		refusal = read_document(pbx, in->msg, wish);
	return refusal;
}

/* --- Doing it ----------------------------------------------------------------------------- */

/* Its word, whole or not at all; versions do not count between publications. */
static int publication_take(struct publication *publication, struct dialog_info *info)
{
	dialog_set_restart(&publication->report.dialogs);
	return lamp_report_take(&publication->report, info) == DIALOG_SET_REFUSED ? ERR_NOMEM : 0;
}

/* The publication that stands now, NULL: it is removed. ERR_NOMEM: nothing has changed. */
static int apply(struct pbx *pbx, const struct flow *flow, struct wish *wish,
		 struct publication **ret_publication)
{
	struct publication *publication = wish->existing;

	*ret_publication = NULL;
	if (wish->expires_s == 0) {
		if (publication)
			publication_end(publication, "removed");
		return 0;
	}
	if (!publication)
		publication = publication_new(pbx, wish, flow);
	if (!publication)
		return ERR_NOMEM;
	if (wish->has_document && publication_take(publication, &wish->info)) {
		if (!wish->existing)
			publication_end(publication, "refused");
		return ERR_NOMEM;
	}
	timer_start(pbx->stack.timers, &publication->expiry, (uint64_t)wish->expires_s * 1000,
		    on_expiry);
	*ret_publication = publication;
	return 0;
}

/* Each success has a new entity-tag, so that an old request changes nothing (RFC 3903 6 6.). */
static void answer(struct incoming *in, struct publication *publication, uint32_t expires_s)
{
	char text[128], etag[TOKEN_BYTES];
	struct buf lines = BUF_ON(text);

	stack_token(in->stack, etag);
	if (publication)
		memcpy(publication->etag, etag, sizeof(etag));
	sip_print_header_u32(&lines, HDR_EXPIRES, expires_s);
	sip_print_header(&lines, HDR_SIP_ETAG, slice_of(etag, sizeof(etag)));
	incoming_reply(in, &(struct answer){ .status = 200, .lines = buf_text(&lines) });
}

static void trace_publish(struct pbx *pbx, const struct wish *wish,
			  const struct publication *publication)
{
	struct slice by = wish->trunk ? wish->trunk->config->name : wish->watched->number;

	if (publication && (wish->has_document || !wish->existing))
		stack_trace(&pbx->stack, "event=publish extension=%.*s by=%.*s dialogs=%zu",
			    SLICE_ARGS(wish->watched->number), SLICE_ARGS(by),
			    publication->report.dialogs.count);
}

static void on_publish(struct pbx *pbx, struct incoming *in, const struct extension *extension,
		       struct trunk *trunk)
{
	struct wish wish = { .trunk = trunk };
	struct publication *publication;
	struct refusal refusal;

	/* Without a transaction a retransmission would be another publication. */
	if (!in->txn && !txn_server_start(in, NULL, HANDLE_NONE)) {
		incoming_reply_stateless(
			in, &(struct answer){ .status = 503,
					      .lines = SLICE_INIT("Retry-After: 5\r\n") });
		return;
	}
	refusal = read_wish(pbx, in, extension, &wish);
	if (!refusal.status && apply(pbx, &in->flow, &wish, &publication))
		refusal = refused(503, SLICE_NONE, SLICE("Retry-After: 5\r\n"));
	if (refusal.status) {
		incoming_reply(in, &(struct answer){ .status = refusal.status,
						     .reason = refusal.reason,
						     .lines = refusal.lines });
		return;
	}
	trace_publish(pbx, &wish, publication);
	answer(in, publication, wish.expires_s);
}

void publish_on_request(struct pbx *pbx, struct incoming *in, const struct extension *extension)
{
	on_publish(pbx, in, extension, NULL);
}

void publish_on_trunk(struct pbx *pbx, struct incoming *in, struct trunk *trunk)
{
	if (trunk->config->may_publish)
		on_publish(pbx, in, NULL, trunk);
	else
		incoming_reply_status(in, 403);
}

struct trunk *publish_identify(struct pbx *pbx, const struct incoming *in)
{
	if (auth_is_tried(pbx, in->msg))
		return NULL;
	LIST_FOR (trunk, &pbx->trunks, struct trunk, node)
		if (trunk->config->may_publish && trunk_is_source(trunk, &in->flow))
			return trunk;
	return NULL;
}

/* --- Peers that are gone ------------------------------------------------------------------ */

void publish_on_trunk_lost(struct trunk *trunk)
{
	struct pbx *pbx = trunk->pbx;
	struct publication *publication;
	uint32_t slot = 0;

	while ((publication = pool_walk(&pbx->publications, &slot)))
		if (is_by(publication, trunk))
			publication_end(publication, "trunk-lost");
}

void publish_on_unregistered(struct pbx *pbx, struct slice number)
{
	struct lamp_entity *entity = lamp_find(pbx, number);

	if (!entity)
		return;
	entity->pins++;
	LIST_FOR (report, &entity->reports, struct lamp_report, node)
		if (report->is_published && is_by(publication_of(report), NULL))
			publication_end(publication_of(report), "unregistered");
	entity->pins--;
	lamp_release(entity);
}

/* Whose lamps are not published any more, or by whom they may not be. */
static bool is_allowed(struct pbx *pbx, const struct publication *publication)
{
	const struct extension *watched =
		directory_find(pbx->directory, publication->report.entity->number);
	const struct trunk *trunk = pool_find(&pbx->trunk_pool, publication->trunk);

	if (!watched || watched->lamp_source != LAMP_SOURCE_PUBLISHED)
		return false;
	return handle_eq(publication->trunk, HANDLE_NONE) ||
	       (trunk && !trunk->is_leaving && trunk->config->may_publish);
}

void publish_on_directory(struct pbx *pbx)
{
	struct publication *publication;
	uint32_t slot = 0;

	while ((publication = pool_walk(&pbx->publications, &slot)))
		if (!is_allowed(pbx, publication))
			publication_end(publication, "not-allowed");
}

void publish_stop(struct pbx *pbx)
{
	struct publication *publication;
	uint32_t slot = 0;

	while ((publication = pool_walk(&pbx->publications, &slot)))
		publication_end(publication, "shutdown");
}
