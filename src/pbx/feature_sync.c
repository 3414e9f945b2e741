/* SPDX-License-Identifier: MIT */
/*
 * What phones read of their features, and what they may set. A document tells of one feature, so
 * the whole state takes one NOTIFY after the other: phones know that, while not all of them take
 * several documents in one body, which would be too long for a datagram besides.
 */
#include "pbx/feature_sync.h"

#include "base/err.h"
#include "pbx/dnd.h"
#include "pbx/own_watch.h"
#include "pbx/phone_forward.h"
#include "pbx/route.h"
#include "sip/print.h"
#include "xml/feature_read.h"

#define RING_S 6 /* how long one ring is, for phones that count rings */
#define DOCUMENT_MAX_BYTES 2048
#define ALL_FEATURES ((1u << FEATURES) - 1)

struct features_watch {
	struct own_watch base;
	uint64_t told[FEATURES]; /* hashes of the documents sent last; 0: none */
	unsigned repeated;	 /* bits: to be told again, whatever was told */
};

/* --- What is told ------------------------------------------------------------------------- */

static enum forward_when when_of(enum feature feature)
{
	switch (feature) {
	case FEATURE_FORWARD_BUSY:
		return FORWARD_BUSY;
	case FEATURE_FORWARD_NO_ANSWER:
		return FORWARD_NO_ANSWER;
	case FEATURE_FORWARD_ALWAYS:
	case FEATURE_DND:
	case FEATURES:
		break;
	}
	return FORWARD_ALWAYS;
}

/* The feature as it is now; that of an extension that has left is off. */
static struct feature_event feature_of(const struct own *own, enum feature feature)
{
	struct feature_event event = { .feature = feature, .device = own->number };
	const struct extension *extension = directory_find(own->pbx->directory, own->number);
	struct forward forward;

	if (feature == FEATURE_DND)
		event.is_on = dnd_is_on(own->pbx, own->number);
	if (feature == FEATURE_DND || !extension)
		return event;
	forward = phone_forward_of(own->pbx, extension);
	event.to = forward.to[when_of(feature)];
	event.is_on = !slice_is_empty(event.to);
	if (feature == FEATURE_FORWARD_NO_ANSWER && event.is_on)
		event.ring_count = (forward.after_s + RING_S - 1) / RING_S;
	return event;
}

static uint64_t feature_print(const struct own *own, enum feature feature, struct buf *body)
{
	struct feature_event event = feature_of(own, feature);

	feature_event_print(body, &event);
	return hash_bytes(own->pbx->owns.secret, buf_text(body)) | 1;
}

static bool is_due(const struct features_watch *watch, enum feature feature)
{
	char text[DOCUMENT_MAX_BYTES];
	struct buf body = BUF_ON(text);

	return watch->repeated & 1u << feature ||
	       feature_print(watch->base.own, feature, &body) != watch->told[feature];
}

static bool features_print(struct own_watch *base, struct buf *body)
{
	struct features_watch *watch = CONTAINER_OF(base, struct features_watch, base);

	if (base->notifier->must_send)
		watch->repeated = ALL_FEATURES;
	for (enum feature feature = FEATURE_DND; feature < FEATURES; feature++) {
		if (!is_due(watch, feature))
			continue;
		watch->repeated &= ~(1u << feature);
		watch->told[feature] = feature_print(base->own, feature, body);
		return true;
	}
	return false;
}

static bool has_more(const struct own_watch *base)
{
	const struct features_watch *watch = CONTAINER_OF(base, struct features_watch, base);

	for (enum feature feature = FEATURE_DND; feature < FEATURES; feature++)
		if (is_due(watch, feature))
			return true;
	return false;
}

/* --- What is set -------------------------------------------------------------------------- */

/* The number of ours that a phone means, plain or in a URI. Empty: none. */
static struct slice number_of(struct pbx *pbx, const struct incoming *in, struct slice text,
			      struct buf *room)
{
	struct sip_uri uri;

	if (slice_find_char(text, ':') == text.n)
		return text;
	if (sip_uri_parse(text, &uri) || !pbx_is_own_host(pbx, &uri, &in->flow) ||
	    uri_unescape(room, uri.user) || room->is_overflown)
		return SLICE_NONE;
	return buf_text(room);
}

/* As the configuration has its numbers: whatever else somebody typed is none. */
static bool is_dialable(struct slice number)
{
	for (size_t i = 0; i < number.n; i++) {
		char c = char_to_lower(number.p[i]);

		if (!char_is_digit(c) && (c < 'a' || c > 'z') &&
		    slice_find_char(SLICE("+-._*#"), c) == sizeof("+-._*#") - 1)
			return false;
	}
	return number.n > 0 && number.n <= SIP_USER_MAX_BYTES;
}

/*
 * Forwards lead where the extension itself may call, not back to it, and never to an emergency
 * number: whoever calls the extension would be put through to it.
 */
static bool may_forward(const struct pbx *pbx, const struct extension *extension,
			struct slice number)
{
	struct destination to;
	bool is_denied;

	if (!is_dialable(number) || slice_eq(number, extension->number))
		return false;
	to = route_find_for(pbx->directory, number, extension, &is_denied);
	return to.kind != DESTINATION_NONE && !destination_is_emergency(&to);
}

static uint32_t after_of(const struct feature_event *wish)
{
	uint32_t after_s = wish->ring_count * RING_S;

	if (wish->feature != FEATURE_FORWARD_NO_ANSWER)
		return 0;
	return after_s < FORWARD_AFTER_MAX_S ? after_s : FORWARD_AFTER_MAX_S;
}

/* What cannot be is not set, and no reason to lose the subscription: the phone is told what is. */
static int set_forward(struct pbx *pbx, const struct incoming *in,
		       const struct extension *extension, const struct feature_event *wish)
{
	char text[SIP_USER_MAX_BYTES];
	struct buf room = BUF_ON(text);
	enum forward_when when = when_of(wish->feature);
	struct slice number = SLICE_NONE;
	int err;

	if (wish->is_on) {
		number = number_of(pbx, in, wish->to, &room);
		if (!may_forward(pbx, extension, number)) {
			stack_trace(&pbx->stack, "event=refused cause=forward extension=%.*s",
				    SLICE_ARGS(extension->number));
			return 0;
		}
	}
	err = phone_forward_set(pbx, extension, when, number, after_of(wish));
	if (!err)
		stack_trace(&pbx->stack, "event=forward-set extension=%.*s when=%.*s to=%.*s",
			    SLICE_ARGS(extension->number), SLICE_ARGS(forward_name(when)),
			    SLICE_ARGS(number));
	return err;
}

static int set_dnd(struct pbx *pbx, const struct extension *extension, bool is_on)
{
	int err = dnd_set(pbx, extension->number, is_on);

	if (!err)
		stack_trace(&pbx->stack, "event=dnd extension=%.*s state=%s",
			    SLICE_ARGS(extension->number), is_on ? "on" : "off");
	return err;
}

static void refuse(struct incoming *in, int err)
{
	struct answer answer = { .status = 400, .reason = SLICE("Feature request not understood") };

	if (err == ERR_NOMEM)
		answer = (struct answer){ .status = 503, .lines = SLICE("Retry-After: 5\r\n") };
	else if (err == ERR_UNSUPPORTED)
		answer = (struct answer){ .status = 415,
					  .lines = SLICE("Accept: " FEATURE_DOCUMENT_TYPE "\r\n") };
	incoming_reply(in, &answer);
}

static int take_wish(struct pbx *pbx, const struct incoming *in, const struct extension *extension)
{
	struct feature_event wish;
	struct slice type, params;
	int err;

	sip_token_params(sip_msg_value(in->msg, HDR_CONTENT_TYPE), &type, &params);
	if (!slice_eq_nocase(type, SLICE(FEATURE_DOCUMENT_TYPE)))
		return ERR_UNSUPPORTED;
	err = feature_request_read(in->msg->body, &pbx->stack.arena, &wish);
	if (err)
		return err;
	return wish.feature == FEATURE_DND ? set_dnd(pbx, extension, wish.is_on)
					   : set_forward(pbx, in, extension, &wish);
}

static bool on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *extension)
{
	int err = slice_is_empty(in->msg->body) ? 0 : take_wish(pbx, in, extension);

	if (err)
		refuse(in, err);
	return err == 0;
}

static const struct own_package package = {
	.event = SLICE_INIT("as-feature-event"),
	.content_type = SLICE_INIT(FEATURE_DOCUMENT_TYPE),
	.watch_bytes = sizeof(struct features_watch),
	.print = features_print,
	.has_more = has_more,
	.on_subscribe = on_subscribe,
};

void feature_sync_on_subscribe(struct pbx *pbx, struct incoming *in,
			       const struct extension *extension)
{
	own_subscribe(pbx, in, extension, &package);
}

void feature_sync_changed(struct pbx *pbx, struct slice number)
{
	struct own *own = own_find(pbx, number);

	if (own)
		own_change(own, &package);
}
