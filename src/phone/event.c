/* SPDX-License-Identifier: MIT */
/*
 * Printing events. Names, URIs and reasons come from peers: on a terminal they cannot move the
 * cursor, in JSON they cannot end their string, and what is no UTF-8 becomes a replacement mark.
 */
#include "phone/event.h"

#include "base/check.h"
#include "base/json.h"
#include "base/utf8.h"
#include "phone/rows.h"

struct slice lamp_name(enum lamp lamp)
{
	switch (lamp) {
	case LAMP_OFF:
		return SLICE("off");
	case LAMP_FLASH:
		return SLICE("flash");
	case LAMP_STEADY:
		return SLICE("steady");
	}
	return SLICE_NONE;
}

struct slice phone_cause_name(enum phone_cause cause)
{
	static const struct slice names[] = {
		[PHONE_CAUSE_LOCAL] = SLICE_INIT("local"),
		[PHONE_CAUSE_REMOTE] = SLICE_INIT("remote"),
		[PHONE_CAUSE_CANCELLED] = SLICE_INIT("cancelled"),
		[PHONE_CAUSE_ELSEWHERE] = SLICE_INIT("elsewhere"),
		[PHONE_CAUSE_REPLACED] = SLICE_INIT("replaced"),
		[PHONE_CAUSE_REFUSED] = SLICE_INIT("refused"),
		[PHONE_CAUSE_LOST] = SLICE_INIT("lost"),
	};

	CHECK((size_t)cause < ARRAY_LEN(names));
	return names[cause];
}

static struct slice kind_name(enum phone_event_kind kind)
{
	static const struct slice names[] = {
		[PHONE_REGISTERED] = SLICE_INIT("registered"),
		[PHONE_UNREGISTERED] = SLICE_INIT("unregistered"),
		[PHONE_CALLING] = SLICE_INIT("calling"),
		[PHONE_RINGBACK] = SLICE_INIT("ringback"),
		[PHONE_RINGING] = SLICE_INIT("ringing"),
		[PHONE_ANSWERED] = SLICE_INIT("answered"),
		[PHONE_CONNECTED] = SLICE_INIT("connected"),
		[PHONE_HELD] = SLICE_INIT("held"),
		[PHONE_RESUMED] = SLICE_INIT("resumed"),
		[PHONE_ENDED] = SLICE_INIT("ended"),
		[PHONE_LAMP] = SLICE_INIT("lamp"),
		[PHONE_CALLS] = SLICE_INIT("calls"),
		[PHONE_TRANSFER] = SLICE_INIT("transfer"),
		[PHONE_DND] = SLICE_INIT("dnd"),
		[PHONE_HELP] = SLICE_INIT("help"),
		[PHONE_ERROR] = SLICE_INIT("error"),
	};

	CHECK((size_t)kind < ARRAY_LEN(names));
	return names[kind];
}

/* --- Plain text --------------------------------------------------------------------------- */

static void plain_party(struct buf *buf, const struct phone_event *event)
{
	if (!slice_is_empty(event->display)) {
		utf8_print_plain(buf, event->display);
		buf_lit(buf, " <");
		utf8_print_plain(buf, event->remote);
		buf_char(buf, '>');
	} else {
		utf8_print_plain(buf, event->remote);
	}
}

static void plain_status(struct buf *buf, const struct phone_event *event)
{
	if (event->status == 0)
		return;
	buf_lit(buf, " (");
	buf_u64(buf, event->status);
	buf_char(buf, ' ');
	utf8_print_plain(buf, event->reason);
	buf_char(buf, ')');
}

static void plain_lamp(struct buf *buf, const struct phone_event *event)
{
	buf_printf(buf, "key %u: %.*s, ", event->key, SLICE_ARGS(lamp_name(event->lamp)));
	utf8_print_plain(buf, event->entity);
	if (!slice_is_empty(event->display)) {
		buf_lit(buf, " (");
		utf8_print_plain(buf, event->display);
		buf_char(buf, ')');
	}
	buf_lit(buf, " is ");
	utf8_print_plain(buf, event->state);
	if (!slice_is_empty(event->text)) {
		buf_lit(buf, ", ");
		utf8_print_plain(buf, event->text);
	}
	if (!slice_is_empty(event->remote)) {
		buf_lit(buf, ", with ");
		utf8_print_plain(buf, event->remote);
	}
}

static void plain_call(struct buf *buf, const struct phone_event *event, struct slice what,
		       bool has_party)
{
	buf_printf(buf, "call %u: %.*s", event->call, SLICE_ARGS(what));
	if (has_party) {
		buf_char(buf, ' ');
		plain_party(buf, event);
	}
}

static struct slice result_name(enum phone_result result)
{
	switch (result) {
	case PHONE_RESULT_NONE:
		break;
	case PHONE_RESULT_DONE:
		return SLICE("done");
	case PHONE_RESULT_FAILED:
		return SLICE("failed");
	case PHONE_RESULT_UNKNOWN:
		return SLICE("unknown");
	}
	return SLICE_NONE;
}

static void plain_transfer(struct buf *buf, const struct phone_event *event)
{
	struct slice result = result_name(event->result);

	buf_printf(buf, "call %u: %s", event->call,
		   event->is_by_peer ? "transferred by the other side to " : "transfer to ");
	utf8_print_plain(buf, event->to);
	if (!slice_is_empty(result))
		buf_printf(buf, " %.*s", SLICE_ARGS(result));
	plain_status(buf, event);
}

void phone_event_print(struct buf *buf, const struct phone_event *event)
{
	struct slice by = event->is_by_peer ? SLICE(" by the other side") : SLICE_NONE;

	switch (event->kind) {
	case PHONE_REGISTERED:
		buf_lit(buf, "registered ");
		utf8_print_plain(buf, event->aor);
		buf_printf(buf, " for %u s", (unsigned)event->expires_s);
		break;
	case PHONE_UNREGISTERED:
		buf_lit(buf, "unregistered ");
		utf8_print_plain(buf, event->aor);
		plain_status(buf, event);
		if (!slice_is_empty(event->text)) {
			buf_lit(buf, ": ");
			utf8_print_plain(buf, event->text);
		}
		break;
	case PHONE_CALLING:
		plain_call(buf, event, SLICE("calling"), true);
		break;
	case PHONE_RINGBACK:
		plain_call(buf, event, SLICE("ringing at"), true);
		break;
	case PHONE_RINGING:
		plain_call(buf, event, SLICE("called by"), true);
		break;
	case PHONE_ANSWERED:
		plain_call(buf, event, SLICE("talking with"), true);
		break;
	case PHONE_CONNECTED:
		plain_call(buf, event, SLICE("now with"), true);
		break;
	case PHONE_HELD:
		plain_call(buf, event, SLICE("held"), false);
		buf_slice(buf, by);
		break;
	case PHONE_RESUMED:
		plain_call(buf, event, SLICE("resumed"), false);
		buf_slice(buf, by);
		break;
	case PHONE_ENDED:
		plain_call(buf, event, SLICE("ended, "), false);
		buf_slice(buf, phone_cause_name(event->cause));
		plain_status(buf, event);
		break;
	case PHONE_LAMP:
		plain_lamp(buf, event);
		break;
	case PHONE_CALLS:
		phone_rows_print(buf, event->rows, event->row_count);
		break;
	case PHONE_DND:
		buf_cstr(buf, event->is_on ? "do not disturb is on" : "do not disturb is off");
		break;
	case PHONE_HELP:
		buf_slice(buf, event->text);
		break;
	case PHONE_TRANSFER:
		plain_transfer(buf, event);
		break;
	case PHONE_ERROR:
		buf_lit(buf, "error: ");
		utf8_print_plain(buf, event->text);
		break;
	}
}

/* --- JSON --------------------------------------------------------------------------------- */

static void json_status(struct buf *buf, const struct phone_event *event)
{
	if (event->status == 0)
		return;
	json_number(buf, "status", event->status);
	json_text(buf, "reason", event->reason);
}

static void json_call(struct buf *buf, const struct phone_event *event)
{
	json_number(buf, "call", event->call);
	json_text_unless_empty(buf, "remote", event->remote);
	json_text_unless_empty(buf, "display", event->display);
}

static void json_lamp(struct buf *buf, const struct phone_event *event)
{
	json_number(buf, "key", event->key);
	json_text(buf, "entity", event->entity);
	json_text(buf, "lamp", lamp_name(event->lamp));
	json_text(buf, "state", event->state);
	json_text_unless_empty(buf, "name", event->display);
	json_text_unless_empty(buf, "status", event->text);
	json_text_unless_empty(buf, "remote", event->remote);
}

static void json_transfer(struct buf *buf, const struct phone_event *event)
{
	json_call(buf, event);
	json_text(buf, "to", event->to);
	json_text(buf, "by", event->is_by_peer ? SLICE("remote") : SLICE("local"));
	json_status(buf, event);
	json_text_unless_empty(buf, "result", result_name(event->result));
}

static void json_fields(struct buf *buf, const struct phone_event *event)
{
	switch (event->kind) {
	case PHONE_REGISTERED:
		json_text(buf, "aor", event->aor);
		json_number(buf, "expires", event->expires_s);
		break;
	case PHONE_UNREGISTERED:
		json_text(buf, "aor", event->aor);
		json_status(buf, event);
		json_text_unless_empty(buf, "text", event->text);
		break;
	case PHONE_CALLING:
	case PHONE_RINGBACK:
	case PHONE_RINGING:
	case PHONE_ANSWERED:
	case PHONE_CONNECTED:
		json_call(buf, event);
		break;
	case PHONE_HELD:
	case PHONE_RESUMED:
		json_call(buf, event);
		json_text(buf, "by", event->is_by_peer ? SLICE("remote") : SLICE("local"));
		break;
	case PHONE_ENDED:
		json_call(buf, event);
		json_text(buf, "cause", phone_cause_name(event->cause));
		json_status(buf, event);
		break;
	case PHONE_LAMP:
		json_lamp(buf, event);
		break;
	case PHONE_CALLS:
		phone_rows_print_json(buf, event->rows, event->row_count);
		break;
	case PHONE_DND:
		json_text(buf, "dnd", event->is_on ? SLICE("on") : SLICE("off"));
		break;
	case PHONE_TRANSFER:
		json_transfer(buf, event);
		break;
	case PHONE_HELP:
	case PHONE_ERROR:
		json_text(buf, "text", event->text);
		break;
	}
}

void phone_event_print_json(struct buf *buf, const struct phone_event *event)
{
	json_object_begin(buf, NULL);
	json_text(buf, "event", kind_name(event->kind));
	json_fields(buf, event);
	json_object_end(buf);
}

static void event_print(struct buf *buf, const struct phone_event *event, bool is_json)
{
	if (is_json)
		phone_event_print_json(buf, event);
	else
		phone_event_print(buf, event);
	buf_char(buf, '\n');
}

void phone_event_print_line(struct buf *buf, const struct phone_event *event, bool is_json)
{
	size_t start = buf->n;

	event_print(buf, event, is_json);
	if (!buf->is_overflown)
		return;
	buf->n = start;
	buf->is_overflown = false;
	event_print(buf,
		    &(struct phone_event){ .kind = PHONE_ERROR,
					   .text = SLICE("an event is too long to be shown") },
		    is_json);
}
