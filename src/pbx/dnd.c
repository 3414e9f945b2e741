/* SPDX-License-Identifier: MIT */
/*
 * Who is in do-not-disturb, and the short call that tells so: 200 with an inactive description and
 * the news as the name of the connected party (RFC 3325), then BYE.
 */
#include "pbx/dnd.h"

#include "base/err.h"
#include "base/mem.h"
#include "core/session.h"
#include "pbx/call.h"
#include "pbx/feature_sync.h"
#include "pbx/lamp.h"
#include "sip/print.h"
#include "sip/sdp.h"

#define NOTICE_MS 3000

struct dnd {
	struct map_node node; /* in pbx->dnd; behind the struct stands its key */
};

struct notice {
	struct pooled pooled;
	struct pbx *pbx;
	struct session *session;
	struct timer timer;
};

/* --- The set ------------------------------------------------------------------------------ */

static void notice_on_free(void *object)
{
	struct notice *notice = object;

	timer_stop(notice->pbx->stack.timers, &notice->timer);
}

void dnd_init(struct pbx *pbx, const uint64_t map_secret[2], uint32_t notice_max)
{
	map_init(&pbx->dnd, map_secret);
	pool_init(&pbx->notices, "notices", sizeof(struct notice), notice_max, notice_on_free);
}

static void dnd_remove(struct pbx *pbx, struct map_node *node)
{
	map_remove(&pbx->dnd, node);
	mem_free(CONTAINER_OF(node, struct dnd, node));
}

void dnd_fini(struct pbx *pbx)
{
	struct map_node *node;

	pool_fini(&pbx->notices);
	while ((node = map_first(&pbx->dnd)))
		dnd_remove(pbx, node);
	map_fini(&pbx->dnd);
}

bool dnd_is_on(const struct pbx *pbx, struct slice number)
{
	return map_find(&pbx->dnd, number) != NULL;
}

int dnd_set(struct pbx *pbx, struct slice number, bool is_on)
{
	struct map_node *node = map_find(&pbx->dnd, number);
	struct dnd *dnd;
	int err;

	if (node && !is_on) {
		dnd_remove(pbx, node);
		lamp_state_changed(pbx, number);
		feature_sync_changed(pbx, number);
	}
	if (!is_on || node)
		return 0;
	dnd = mem_alloc(sizeof(*dnd) + number.n);
	if (!dnd)
		return ERR_NOMEM;
	memcpy(dnd + 1, number.p, number.n);
	err = map_insert(&pbx->dnd, &dnd->node, slice_of((const char *)(dnd + 1), number.n));
	if (err) {
		mem_free(dnd);
		return err;
	}
	lamp_state_changed(pbx, number);
	feature_sync_changed(pbx, number);
	return 0;
}

void dnd_drop_unknown(struct pbx *pbx)
{
	for (struct map_node *node = map_first(&pbx->dnd), *next; node; node = next) {
		next = map_next(&pbx->dnd, node);
		if (!directory_find(pbx->directory, map_key(node)))
			dnd_remove(pbx, node);
	}
}

/* --- The notice --------------------------------------------------------------------------- */

static void notice_end(struct notice *notice)
{
	if (notice->session)
		session_end(notice->session, 0, SLICE_NONE);
	notice->session = NULL;
	timer_stop(notice->pbx->stack.timers, &notice->timer);
	pool_end(&notice->pbx->notices, notice);
}

static void on_notice_timer(struct timer *timer)
{
	notice_end(CONTAINER_OF(timer, struct notice, timer));
}

static void notice_on_gone(struct session *session, const struct sip_msg *msg)
{
	struct notice *notice = session->owner;

	(void)msg;
	notice->session = NULL;
	notice_end(notice);
}

static void notice_on_end(struct session *session, enum session_cause cause,
			  const struct sip_msg *bye)
{
	(void)cause;
	notice_on_gone(session, bye);
}

static void notice_on_ack(struct session *session, const struct sip_msg *ack)
{
	(void)session;
	(void)ack;
}

static void notice_on_offer(struct session *session, const struct sip_msg *invite)
{
	(void)invite;
	(void)session_refuse_offer(session, &(struct answer){ .status = 488 });
}

static const struct session_ops notice_ops = {
	.on_cancel = notice_on_gone,
	.on_ack = notice_on_ack,
	.on_offer = notice_on_offer,
	.on_end = notice_on_end,
};

/* Nobody is there to talk to, whatever is offered. */
static int print_silence(struct buf *body, const struct sip_msg *invite, uint64_t version)
{
	static struct sdp offer; /* one thread, not re-entered */

	if (sdp_parse(invite->body, &offer))
		return ERR_UNSUPPORTED;
	sdp_print_inactive_answer(body, &offer, version);
	return body->is_overflown ? ERR_LIMIT : 0;
}

static struct notice *notice_take(struct pbx *pbx, struct incoming *in, struct slice number)
{
	char text[CONTACT_LINE_MAX_BYTES];
	struct buf contact = BUF_ON(text);
	struct notice *notice = pool_new(&pbx->notices);

	if (!notice) {
		incoming_refuse_full(in);
		return NULL;
	}
	notice->pbx = pbx;
	pbx_print_contact(&contact, number, &in->flow);
	if (session_take(in, buf_text(&contact), &notice_ops, notice, &notice->session)) {
		notice->session = NULL;
		notice_end(notice);
		return NULL;
	}
	timer_start(pbx->stack.timers, &notice->timer, NOTICE_MS, on_notice_timer);
	return notice;
}

static void notice_answer(struct notice *notice, struct slice name, struct slice number,
			  struct slice body)
{
	char text[IDENTITY_MAX_BYTES];
	struct buf line = BUF_ON(text);

	buf_lit(&line, "P-Asserted-Identity: ");
	pbx_print_identity(notice->pbx, &line, name, number);
	buf_lit(&line, "\r\n");
	if (session_answer(notice->session,
			   &(struct answer){ .status = 200,
					     .lines = buf_text(&line),
					     .content_type = SLICE_INIT("application/sdp"),
					     .body = body }))
		notice_end(notice);
}

void dnd_by_code(struct pbx *pbx, struct incoming *in, const struct extension *extension,
		 bool is_on)
{
	static char text[SDP_MAX_BYTES]; /* one thread, not re-entered */
	struct buf body = BUF_ON(text);
	struct slice code = is_on ? pbx->directory->dnd_on_code : pbx->directory->dnd_off_code;
	struct notice *notice;

	if (print_silence(&body, in->msg, pbx->turn)) {
		incoming_reply_status(in, 488);
		return;
	}
	notice = notice_take(pbx, in, code);
	if (!notice)
		return;
	if (dnd_set(pbx, extension->number, is_on)) {
		session_end(notice->session, 503, SLICE("Retry-After: 5\r\n"));
		notice->session = NULL;
		notice_end(notice);
		return;
	}
	stack_trace(&pbx->stack, "event=dnd extension=%.*s state=%s", SLICE_ARGS(extension->number),
		    is_on ? "on" : "off");
	notice_answer(notice, is_on ? SLICE("Do not disturb: on") : SLICE("Do not disturb: off"),
		      code, buf_text(&body));
}
