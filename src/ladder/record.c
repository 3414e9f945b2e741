/* SPDX-License-Identifier: MIT */
/*
 * Summaries of messages. The lamp states of a NOTIFY (RFC 4235 4.1.4) are looked up in the text of
 * the body: a viewer shows what it finds and needs no document that is valid.
 */
#include "ladder/record.h"

#include "sip/refer_to.h"
#include "sip/sdp.h"
#include "sip/sipfrag.h"

#define STATES_SHOWN_MAX 8
#define STATE_MAX_BYTES 16
#define EVENT_MAX_BYTES 24
#define REASON_MAX_BYTES 60

static void put_clean(struct buf *buf, struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		buf_char(buf, text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?');
}

static void put_word(struct buf *buf, struct slice text)
{
	if (slice_is_empty(text))
		return;
	buf_char(buf, ' ');
	put_clean(buf, text);
}

/* "%2A8202" reads "*8202"; a URI without a user is shown by its host. */
static void put_user(struct buf *buf, const struct sip_uri *uri)
{
	struct slice shown = slice_is_empty(uri->user) ? uri->host : uri->user;
	char plain[SIP_URI_MAX_BYTES];
	struct buf user = BUF_ON(plain);

	if (uri_unescape(&user, shown) == 0 && !user.is_overflown)
		shown = buf_text(&user);
	put_word(buf, slice_head(shown, SIP_USER_MAX_BYTES));
}

static bool has_content_type(const struct sip_msg *msg, struct slice type)
{
	struct slice token, params;

	sip_token_params(sip_msg_value(msg, HDR_CONTENT_TYPE), &token, &params);
	return slice_eq_nocase(token, type);
}

/* The offset of the '>' that ends a tag, quoted ones passed over; the end when there is none. */
static size_t find_tag_end(struct slice xml)
{
	char quote = 0;

	for (size_t i = 0; i < xml.n; i++) {
		if (quote)
			quote = xml.p[i] == quote ? 0 : quote;
		else if (xml.p[i] == '"' || xml.p[i] == '\'')
			quote = xml.p[i];
		else if (xml.p[i] == '>')
			return i;
	}
	return xml.n;
}

static struct slice skip_comment(struct slice xml)
{
	const char *end = memmem(xml.p, xml.n, "-->", 3);

	return end ? slice_from(xml, (size_t)(end - xml.p) + 3) : SLICE_NONE;
}

/* "state", "di:state" or "state event=..."; an empty element has nothing to say. */
static bool is_state_tag(struct slice tag)
{
	size_t n = 0;
	struct slice prefix, name;

	if (tag.n > 0 && tag.p[tag.n - 1] == '/')
		return false;
	while (n < tag.n && tag.p[n] > ' ')
		n++;
	if (!slice_cut(slice_head(tag, n), ':', &prefix, &name))
		name = prefix;
	return slice_eq(name, SLICE("state"));
}

static bool next_state(struct slice *xml, struct slice *ret_state)
{
	while (xml->n > 0) {
		struct slice tag;

		*xml = slice_from(*xml, slice_find_char(*xml, '<') + 1);
		if (slice_starts_with(*xml, SLICE("!--"))) {
			*xml = skip_comment(*xml);
			continue;
		}
		tag = slice_head(*xml, find_tag_end(*xml));
		*xml = slice_from(*xml, tag.n + 1);
		if (!is_state_tag(tag))
			continue;
		*ret_state = slice_trim(slice_head(*xml, slice_find_char(*xml, '<')));
		return true;
	}
	return false;
}

static void put_lamp_states(struct buf *buf, struct slice xml)
{
	struct slice state;

	for (int shown = 0; next_state(&xml, &state); shown++) {
		if (shown == STATES_SHOWN_MAX) {
			buf_lit(buf, " ...");
			return;
		}
		put_word(buf, slice_head(state, STATE_MAX_BYTES));
	}
}

/* Why something failed, where the status alone does not say it. */
static void put_reason(struct buf *buf, unsigned status, struct slice reason)
{
	if (status < 400 || slice_is_empty(reason) ||
	    slice_eq_nocase(reason, sip_status_reason(status)))
		return;
	buf_lit(buf, " (");
	put_clean(buf, slice_head(reason, REASON_MAX_BYTES));
	buf_char(buf, ')');
}

/* The event package; lamps go without saying. */
static void put_event(struct buf *buf, const struct sip_msg *msg)
{
	struct slice event, params;

	sip_token_params(sip_msg_value(msg, HDR_EVENT), &event, &params);
	if (!slice_eq_nocase(event, SLICE("dialog")) && !slice_eq_nocase(event, SLICE("refer")))
		put_word(buf, slice_head(event, EVENT_MAX_BYTES));
}

/* A subscription that is over. */
static void put_ending(struct buf *buf, const struct sip_msg *msg)
{
	struct slice state, params, reason;

	sip_token_params(sip_msg_value(msg, HDR_SUBSCRIPTION_STATE), &state, &params);
	if (!slice_eq_nocase(state, SLICE("terminated")))
		return;
	buf_lit(buf, " (ended");
	if (sip_param(params, SLICE("reason"), &reason)) {
		buf_char(buf, ':');
		put_word(buf, slice_head(reason, EVENT_MAX_BYTES));
	}
	buf_char(buf, ')');
}

/* "SIP/2.0 180 Ringing" is shown as "sipfrag 180"; after a final status nothing is expected. */
static void put_sipfrag(struct buf *buf, const struct sip_msg *msg, bool is_full)
{
	unsigned status = 0;
	struct slice reason;

	if (sipfrag_parse(msg->body, &status, &reason) == 0) {
		buf_lit(buf, " sipfrag ");
		buf_u64(buf, status);
		if (is_full)
			put_reason(buf, status, reason);
	}
	if (is_full && status < 200)
		put_ending(buf, msg);
}

static void put_event_body(struct buf *buf, const struct sip_msg *msg, bool is_full)
{
	struct slice type = sip_msg_value(msg, HDR_CONTENT_TYPE);

	if (has_content_type(msg, SLICE(SIPFRAG_MEDIA_TYPE))) {
		put_sipfrag(buf, msg, is_full);
		return;
	}
	if (has_content_type(msg, SLICE("application/dialog-info+xml")) ||
	    slice_eq_nocase(slice_head(type, 10), SLICE("multipart/")))
		put_lamp_states(buf, msg->body);
	if (is_full)
		put_ending(buf, msg);
}

static void put_sdp_mark(struct buf *buf, const struct sip_msg *msg)
{
	struct sdp sdp;

	if (slice_is_empty(msg->body) || !has_content_type(msg, SLICE("application/sdp")))
		return;
	if (sdp_parse(msg->body, &sdp) == 0 && sdp_is_hold(&sdp))
		buf_lit(buf, " (hold)");
	else
		buf_lit(buf, " (sdp)");
}

/* --- Transfers ---------------------------------------------------------------------------- */

/* In another domain than the parties of this request: that is not where "204" usually leads. */
static bool is_elsewhere(const struct sip_msg *msg, struct slice host)
{
	return !slice_eq_nocase(host, msg->uri.host) &&
	       !slice_eq_nocase(host, msg->from.uri.host) &&
	       !slice_eq_nocase(host, msg->to.uri.host);
}

static void put_refer_target(struct buf *buf, const struct sip_msg *msg, const struct sip_uri *uri)
{
	struct slice method;

	put_user(buf, uri);
	if (!slice_is_empty(uri->user) && !slice_is_empty(uri->host) &&
	    is_elsewhere(msg, uri->host)) {
		buf_char(buf, '@');
		put_clean(buf, uri->host);
	}
	if (sip_uri_param(uri, SLICE("method"), &method) && !slice_eq(method, SLICE("INVITE"))) {
		buf_lit(buf, " method=");
		put_clean(buf, slice_head(method, SIP_METHOD_MAX_BYTES));
	}
}

static void put_refer(struct buf *buf, const struct sip_msg *msg, bool is_full)
{
	struct sip_addr target;
	struct slice replaces;

	if (sip_refer_to_addr(sip_msg_value(msg, HDR_REFER_TO), &target))
		return;
	if (is_full)
		put_refer_target(buf, msg, &target.uri);
	if (sip_uri_header(&target.uri, SLICE("Replaces"), &replaces))
		buf_lit(buf, " Replaces");
}

/* For whom, unless it is for who sends it (RFC 3892); beside which dialog (RFC 4538). */
static void put_referral(struct buf *buf, const struct sip_msg *msg)
{
	struct sip_addr referrer;

	if (sip_referred_by_read(msg, &referrer) == 0 &&
	    !slice_eq(referrer.uri.user, msg->from.uri.user)) {
		buf_lit(buf, " by");
		put_user(buf, &referrer.uri);
	}
	if (sip_msg_header(msg, HDR_TARGET_DIALOG))
		buf_lit(buf, " Target-Dialog");
	if (msg->method == METHOD_REFER && sip_refer_sub_is_false(msg))
		buf_lit(buf, " Refer-Sub=false");
}

/* --- All of it ---------------------------------------------------------------------------- */

/* ACK, BYE, CANCEL and what else lives inside a call need no target: the arrow has one. */
static void put_target(struct buf *buf, const struct sip_msg *msg)
{
	if (msg->method == METHOD_REGISTER)
		put_user(buf, &msg->to.uri);
	else if (msg->method == METHOD_NOTIFY)
		put_user(buf, &msg->from.uri); /* the watched one (RFC 6665 4.1.3) */
	else if (msg->method == METHOD_INVITE || msg->method == METHOD_SUBSCRIBE ||
		 msg->method == METHOD_MESSAGE || msg->method == METHOD_PUBLISH)
		put_user(buf, &msg->uri);
}

static void put_request(struct buf *buf, const struct sip_msg *msg, bool is_full)
{
	if (is_full && msg->method == METHOD_INVITE && !slice_is_empty(msg->to_tag))
		buf_lit(buf, "re-");
	put_clean(buf, slice_head(msg->method_name, SIP_METHOD_MAX_BYTES));
	if (is_full)
		put_target(buf, msg);
	if (msg->method == METHOD_REFER)
		put_refer(buf, msg, is_full);
	if (msg->method == METHOD_INVITE && sip_msg_header(msg, HDR_REPLACES))
		buf_lit(buf, " Replaces");
	if (is_full)
		put_referral(buf, msg);
	if (msg->method == METHOD_SUBSCRIBE || msg->method == METHOD_NOTIFY ||
	    msg->method == METHOD_PUBLISH)
		put_event(buf, msg);
	if (msg->method == METHOD_NOTIFY || msg->method == METHOD_PUBLISH)
		put_event_body(buf, msg, is_full);
}

static void summarize(const struct sip_msg *msg, struct buf *buf, bool is_full)
{
	if (msg->is_request) {
		put_request(buf, msg, is_full);
	} else {
		buf_u64(buf, msg->status);
		put_word(buf, slice_head(msg->method_name, SIP_METHOD_MAX_BYTES));
		if (is_full)
			put_reason(buf, msg->status, msg->reason);
	}
	if (is_full)
		put_sdp_mark(buf, msg);
}

void ladder_summarize(const struct sip_msg *msg, struct buf *buf)
{
	summarize(msg, buf, true);
}

void ladder_summarize_terse(const struct sip_msg *msg, struct buf *buf)
{
	summarize(msg, buf, false);
}
