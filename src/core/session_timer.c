/* SPDX-License-Identifier: MIT */
/*
 * Session timers (RFC 4028): a session ends unless one side, the refresher, says by UPDATE or
 * re-INVITE in time that it goes on. Each of our sessions agrees on its own with its peer. A peer
 * that does not know them is left alone.
 */
#include "core/session_inner.h"

#include "base/err.h"
#include "base/mem.h"

#define INTERVAL_MIN_S 90    /* RFC 4028 5: no less, for the sake of everybody on the way */
#define INTERVAL_MAX_S 86400 /* and nobody makes us wait longer */
#define INTERVAL_TRIES_MAX 3 /* raises for 422 in a row */
#define GRACE_MAX_S 32	     /* how long before the end it is ended, at most (10) */
#define RETRY_MS 10000	     /* after a refusal that says nothing of use */
#define GLARE_UNIT_MS 10
#define LINES_MAX_BYTES 1024

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* "1800;refresher=uac": the seconds, and the parameter's value or nothing. */
static int interval_read(const struct sip_msg *msg, uint32_t *ret_s, struct slice *ret_refresher)
{
	struct slice number, params;

	sip_token_params(sip_msg_value(msg, HDR_SESSION_EXPIRES), &number, &params);
	if (slice_to_u32(number, UINT32_MAX, ret_s))
		return ERR_SYNTAX;
	if (!sip_param(params, SLICE("refresher"), ret_refresher))
		*ret_refresher = SLICE_NONE;
	return 0;
}

/* 0 without one. */
static uint32_t min_se_read(const struct sip_msg *msg)
{
	const struct sip_header *header = sip_msg_header_named(msg, SLICE("Min-SE"));
	struct slice number, params;
	uint32_t s;

	if (!header)
		return 0;
	sip_token_params(header->value, &number, &params);
	return slice_to_u32(number, INTERVAL_MAX_S, &s) ? 0 : s;
}

/* --- Keeping time ------------------------------------------------------------------------- */

static void on_refresh(struct timer *timer);

void session_timer_stop(struct session *session)
{
	timer_stop(session->stack->timers, &session->refresh);
	mem_free(session->media);
	session->media = NULL;
}

/* From now on the agreed interval runs anew. */
static void timer_begin(struct session *session)
{
	struct timers *timers = session->stack->timers;
	uint32_t s = session->interval.s;
	uint32_t grace_s = s / 3 < GRACE_MAX_S ? s / 3 : GRACE_MAX_S;

	session->interval_tries = 0;
	if (s == 0) {
		session_timer_stop(session);
		return;
	}
	session->expires_at_ms = timers->now_ms + (uint64_t)(s - grace_s) * 1000;
	timer_start(timers, &session->refresh,
		    session->interval.is_ours ? (uint64_t)s * 500 : (uint64_t)(s - grace_s) * 1000,
		    on_refresh);
}

/* The next try, or the end if that comes first. */
static void timer_retry(struct session *session, uint64_t after_ms)
{
	struct timers *timers = session->stack->timers;
	uint64_t left_ms = 0;

	if (session->expires_at_ms > timers->now_ms)
		left_ms = session->expires_at_ms - timers->now_ms;
	timer_start(timers, &session->refresh, after_ms < left_ms ? after_ms : left_ms, on_refresh);
}

uint64_t session_glare_ms(struct session *session)
{
	uint32_t bits;

	session->stack->env->random(session->stack->env->host, &bits, sizeof(bits));
	return session->is_uac ? 2100 + bits % 191 * GLARE_UNIT_MS : bits % 201 * GLARE_UNIT_MS;
}

/* --- Refreshing --------------------------------------------------------------------------- */

/* 422: longer, if that is not beyond reason. */
static bool interval_raise(struct session *session, const struct sip_msg *response)
{
	uint32_t min_s = response ? min_se_read(response) : 0;

	if (min_s <= session->interval_min_s || session->interval_tries == INTERVAL_TRIES_MAX)
		return false;
	session->interval_tries++;
	session->interval_min_s = min_s;
	return true;
}

void session_timer_on_result(struct session *session, unsigned status,
			     const struct sip_msg *response)
{
	session->is_refreshing = false;
	if (status == 408 || status == 481)
		session_lose(session);
	else if (status < 300)
		session_timer_on_response(session, response);
	else if (status == 422 && interval_raise(session, response))
		timer_retry(session, 0);
	else
		timer_retry(session, status == 491 ? session_glare_ms(session) : RETRY_MS);
}

static void refresh_on_failed(struct txn_client *txn, struct handle owner, unsigned status)
{
	struct session *session = session_find(txn->stack, owner);

	if (session)
		session_timer_on_result(session, status, NULL);
}

static void refresh_on_response(struct txn_client *txn, struct handle owner,
				const struct sip_msg *response, const struct flow *flow);

static const struct txn_client_ops refresh_ops = { refresh_on_response, refresh_on_failed };

static void refresh_on_response(struct txn_client *txn, struct handle owner,
				const struct sip_msg *response, const struct flow *flow)
{
	struct session *session = session_find(txn->stack, owner);

	if (!session || response->status < 200 ||
	    session_try_again(session, txn, response, &refresh_ops, NULL))
		return;
	if (response->status < 300) {
		(void)dialog_refresh_target(&session->dialog, response, flow);
		session_learn(session, response);
	}
	session_timer_on_result(session, response->status, response);
}

static int refresh_by_update(struct session *session)
{
	char text[LINES_MAX_BYTES];
	struct buf lines = BUF_ON(text);

	session_print_abilities(session, &lines);
	session_timer_print(session, &lines);
	return dialog_request(&session->dialog, session->stack, METHOD_UPDATE, buf_text(&lines),
			      SLICE_NONE, SLICE_NONE, &refresh_ops, session->pooled.handle, NULL);
}

static void on_refresh(struct timer *timer)
{
	struct session *session = CONTAINER_OF(timer, struct session, refresh);
	int err;

	if (!session_is_up(session))
		return;
	if (session->stack->timers->now_ms >= session->expires_at_ms) {
		session_lose(session);
		return;
	}
	if (session->peer_can & PEER_UPDATE)
		err = refresh_by_update(session);
	else
		err = session_refresh_by_invite(session);
	/* Something else is under way, or memory was refused. */
	timer_retry(session, err ? session_glare_ms(session) : UINT64_MAX);
}

/* --- What a re-INVITE says ---------------------------------------------------------------- */

bool session_needs_media(const struct session *session)
{
	return session->interval.s > 0 && session->interval.is_ours &&
	       !(session->peer_can & PEER_UPDATE);
}

void session_keep_media(struct session *session, struct slice content_type, struct slice body)
{
	/* Before the answer nobody knows yet whether it will be needed. */
	if (slice_is_empty(body) || (session_is_up(session) && !session_needs_media(session)))
		return;
	/* Without memory there is no refresh: what is no longer true must not be said again. */
	mem_free(session->media);
	session->media = body_keep(content_type, body);
}

/* --- Agreeing as UAS (RFC 4028 9) --------------------------------------------------------- */

bool session_timer_refuse(struct incoming *in)
{
	static const struct answer too_small = { .status = 422,
						 .lines = SLICE_INIT("Min-SE: 90\r\n") };
	struct slice refresher;
	uint32_t s;

	if (in->stack->session_expires_s == 0 || interval_read(in->msg, &s, &refresher) ||
	    s >= INTERVAL_MIN_S || !sip_msg_has_token(in->msg, HDR_SUPPORTED, SLICE("timer")))
		return false;
	if (slice_is_empty(in->msg->to_tag))
		incoming_reply_stateless(in, &too_small);
	else
		incoming_reply(in, &too_small);
	return true;
}

/*
 * We refresh unless the peer wants to, or would have to be told all of its session's media again
 * for it: UPDATE needs no description.
 */
static bool refresher_is_us(const struct session *session, struct slice wanted)
{
	if (slice_eq_nocase(wanted, SLICE("uac")))
		return false;
	if (slice_eq_nocase(wanted, SLICE("uas")))
		return true;
	if (session->interval.s > 0)
		return session->interval.is_ours;
	return session->peer_can & PEER_UPDATE;
}

void session_timer_on_request(struct session *session, const struct sip_msg *request)
{
	uint32_t ours_s = session->stack->session_expires_s, s;
	struct slice refresher = SLICE_NONE;

	session->asked = (struct session_interval){ 0 };
	if (ours_s == 0 || !(session->peer_can & PEER_TIMER))
		return;
	session->interval_min_s = max_u32(session->interval_min_s, min_se_read(request));
	ours_s = max_u32(max_u32(ours_s, INTERVAL_MIN_S), session->interval_min_s);
	if (interval_read(request, &s, &refresher) || s > ours_s)
		s = ours_s;
	session->asked.s = max_u32(s, INTERVAL_MIN_S);
	session->asked.is_ours = refresher_is_us(session, refresher);
}

void session_timer_answer(struct session *session, struct buf *lines)
{
	session->interval = session->asked;
	timer_begin(session);
	if (session->interval.s == 0)
		return;
	buf_printf(lines, "Session-Expires: %u;refresher=%s\r\n", session->interval.s,
		   session->interval.is_ours ? "uas" : "uac");
	if (!session->interval.is_ours)
		buf_lit(lines, "Require: timer\r\n");
}

/* --- Agreeing as UAC (RFC 4028 7) --------------------------------------------------------- */

void session_timer_print(const struct session *session, struct buf *lines)
{
	uint32_t s = session->interval.s;

	/* The first INVITE leaves the role to who is called. */
	if (!session_is_up(session))
		s = session->stack->session_expires_s;
	if (s == 0)
		return;
	buf_printf(lines, "Session-Expires: %u", max_u32(s, session->interval_min_s));
	if (session_is_up(session))
		buf_cstr(lines, session->interval.is_ours ? ";refresher=uac" : ";refresher=uas");
	buf_lit(lines, "\r\n");
	if (session->interval_min_s > INTERVAL_MIN_S)
		buf_printf(lines, "Min-SE: %u\r\n", session->interval_min_s);
}

void session_timer_on_response(struct session *session, const struct sip_msg *response)
{
	struct slice refresher;
	uint32_t s;

	session->interval = (struct session_interval){ 0 };
	if (session->stack->session_expires_s > 0 && interval_read(response, &s, &refresher) == 0) {
		session->interval.s = max_u32(s, INTERVAL_MIN_S);
		session->interval.is_ours = !slice_eq_nocase(refresher, SLICE("uas"));
	}
	timer_begin(session);
}

bool session_timer_again(struct session *session, const struct sip_msg *response, struct buf *lines)
{
	if (response->status != 422 || !interval_raise(session, response))
		return false;
	session_timer_print(session, lines);
	return !lines->is_overflown;
}
