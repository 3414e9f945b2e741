/* SPDX-License-Identifier: MIT */
/*
 * Printing dialog-info documents (RFC 4235 4.1). A peer's text (call ids, tags, names, URIs) goes
 * into attributes and elements, so all of it is escaped and made valid UTF-8 here: one stray byte
 * and the phone throws the whole document away.
 */
#include "sip/dialog_info.h"

#include "base/check.h"

static const struct slice state_names[] = {
	[DIALOG_TRYING] = SLICE_INIT("trying"),
	[DIALOG_PROCEEDING] = SLICE_INIT("proceeding"),
	[DIALOG_EARLY] = SLICE_INIT("early"),
	[DIALOG_CONFIRMED] = SLICE_INIT("confirmed"),
	[DIALOG_TERMINATED] = SLICE_INIT("terminated"),
};

struct slice dialog_state_name(enum dialog_state state)
{
	CHECK((size_t)state < ARRAY_LEN(state_names));
	return state_names[state];
}

static bool is_tail_byte(struct slice s, size_t at)
{
	return at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80;
}

/*
 * The length of the character that s starts with, 0 when it is none that XML may hold: overlong
 * forms, surrogates, U+FFFE, U+FFFF and all above U+10FFFF (RFC 3629 3, XML 1.0 2.2).
 */
static size_t utf8_length(struct slice s)
{
	unsigned char first = (unsigned char)s.p[0];
	unsigned char second = s.n > 1 ? (unsigned char)s.p[1] : 0;

	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return is_tail_byte(s, 1) ? 2 : 0;
	if (first >= 0xe0 && first <= 0xef) {
		bool is_overlong = first == 0xe0 && second < 0xa0;
		bool is_surrogate = first == 0xed && second > 0x9f;
		bool is_none =
			first == 0xef && second == 0xbf && s.n > 2 && (unsigned char)s.p[2] >= 0xbe;

		if (is_overlong || is_surrogate || is_none)
			return 0;
		return is_tail_byte(s, 1) && is_tail_byte(s, 2) ? 3 : 0;
	}
	if (first >= 0xf0 && first <= 0xf4) {
		bool is_overlong = first == 0xf0 && second < 0x90;
		bool is_too_high = first == 0xf4 && second > 0x8f;

		if (is_overlong || is_too_high)
			return 0;
		return is_tail_byte(s, 1) && is_tail_byte(s, 2) && is_tail_byte(s, 3) ? 4 : 0;
	}
	return 0;
}

static struct slice char_escape(char c)
{
	switch (c) {
	case '&':
		return SLICE("&amp;");
	case '<':
		return SLICE("&lt;");
	case '>':
		return SLICE("&gt;");
	case '"':
		return SLICE("&quot;");
	case '\'':
		return SLICE("&apos;");
	default:
		return SLICE_NONE;
	}
}

/* Characters of one byte that stand for themselves. */
static const bool is_plain[256] = {
	[' ' ... '!'] = true, ['#' ... '%'] = true, ['(' ... ';'] = true,
	['='] = true,	      ['?' ... '~'] = true,
};

static void char_print(struct buf *buf, struct slice character)
{
	struct slice escape = char_escape(character.p[0]);

	if (character.n > 1)
		buf_slice(buf, character);
	else if (escape.n > 0)
		buf_slice(buf, escape);
	else
		buf_char(buf, '?');
}

static void text_print(struct buf *buf, struct slice plain)
{
	while (plain.n > 0) {
		size_t n = 0;

		while (n < plain.n && is_plain[(unsigned char)plain.p[n]])
			n++;
		buf_slice(buf, slice_head(plain, n));
		plain = slice_from(plain, n);
		if (plain.n == 0)
			break;
		n = utf8_length(plain);
		n = n == 0 ? 1 : n;
		char_print(buf, slice_head(plain, n));
		plain = slice_from(plain, n);
	}
}

/* `name` with the space before it and all up to the value: " id=\"". */
static void attribute_print(struct buf *buf, struct slice name, struct slice value)
{
	buf_slice(buf, name);
	text_print(buf, value);
	buf_char(buf, '"');
}

static void attribute_print_unless_empty(struct buf *buf, struct slice name, struct slice value)
{
	if (value.n > 0)
		attribute_print(buf, name, value);
}

/* The on-hold mark is a parameter of the target (RFC 4235 4.1.6.2, RFC 3840). */
static void target_print(struct buf *buf, const struct dialog_party *party)
{
	if (party->target.n == 0 && !party->is_rendering_no)
		return;
	buf_lit(buf, "<target");
	attribute_print(buf, SLICE(" uri=\""), party->target);
	if (party->is_rendering_no)
		buf_lit(buf, "><param pname=\"+sip.rendering\" pval=\"no\"/></target>\n");
	else
		buf_lit(buf, "/>\n");
}

static void party_print(struct buf *buf, struct slice element, const struct dialog_party *party)
{
	bool has_identity = party->identity.n > 0 || party->display.n > 0;

	if (!has_identity && party->target.n == 0 && !party->is_rendering_no)
		return;
	buf_char(buf, '<');
	buf_slice(buf, element);
	buf_lit(buf, ">\n");
	if (has_identity) {
		buf_lit(buf, "<identity");
		attribute_print_unless_empty(buf, SLICE(" display=\""), party->display);
		buf_char(buf, '>');
		text_print(buf, party->identity);
		buf_lit(buf, "</identity>\n");
	}
	target_print(buf, party);
	buf_lit(buf, "</");
	buf_slice(buf, element);
	buf_lit(buf, ">\n");
}

static void state_print(struct buf *buf, const struct dialog_entry *dialog)
{
	buf_lit(buf, "<state");
	attribute_print_unless_empty(buf, SLICE(" event=\""), dialog->event);
	if (dialog->code > 0) {
		buf_lit(buf, " code=\"");
		buf_u64(buf, dialog->code);
		buf_char(buf, '"');
	}
	buf_char(buf, '>');
	buf_slice(buf, dialog_state_name(dialog->state));
	buf_lit(buf, "</state>\n");
}

static void direction_print(struct buf *buf, enum dialog_direction direction)
{
	switch (direction) {
	case DIALOG_DIRECTION_NONE:
		break;
	case DIALOG_INITIATOR:
		buf_lit(buf, " direction=\"initiator\"");
		break;
	case DIALOG_RECIPIENT:
		buf_lit(buf, " direction=\"recipient\"");
		break;
	}
}

static void replaces_print(struct buf *buf, const struct dialog_ids *ids)
{
	if (ids->call_id.n == 0)
		return;
	buf_lit(buf, "<replaces");
	attribute_print(buf, SLICE(" call-id=\""), ids->call_id);
	attribute_print(buf, SLICE(" local-tag=\""), ids->local_tag);
	attribute_print(buf, SLICE(" remote-tag=\""), ids->remote_tag);
	buf_lit(buf, "/>\n");
}

static void referred_by_print(struct buf *buf, const struct dialog_entry *dialog)
{
	if (dialog->referred_by.n == 0)
		return;
	buf_lit(buf, "<referred-by");
	attribute_print_unless_empty(buf, SLICE(" display=\""), dialog->referred_by_display);
	buf_char(buf, '>');
	text_print(buf, dialog->referred_by);
	buf_lit(buf, "</referred-by>\n");
}

static void duration_print(struct buf *buf, const struct dialog_entry *dialog)
{
	if (!dialog->has_duration)
		return;
	buf_lit(buf, "<duration>");
	buf_u64(buf, dialog->duration_s);
	buf_lit(buf, "</duration>\n");
}

static void dialog_print(struct buf *buf, const struct dialog_entry *dialog)
{
	buf_lit(buf, "<dialog");
	attribute_print(buf, SLICE(" id=\""), dialog->id);
	attribute_print_unless_empty(buf, SLICE(" call-id=\""), dialog->call_id);
	attribute_print_unless_empty(buf, SLICE(" local-tag=\""), dialog->local_tag);
	attribute_print_unless_empty(buf, SLICE(" remote-tag=\""), dialog->remote_tag);
	direction_print(buf, dialog->direction);
	buf_lit(buf, ">\n");
	state_print(buf, dialog);
	duration_print(buf, dialog);
	replaces_print(buf, &dialog->replaces);
	referred_by_print(buf, dialog);
	party_print(buf, SLICE("local"), &dialog->local);
	party_print(buf, SLICE("remote"), &dialog->remote);
	buf_lit(buf, "</dialog>\n");
}

void dialog_info_print_head(struct buf *buf, uint32_t version, bool is_partial, struct slice entity)
{
	buf_lit(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		     "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"");
	buf_u64(buf, version);
	buf_lit(buf, "\" state=\"");
	buf_slice(buf, is_partial ? SLICE("partial\"") : SLICE("full\""));
	attribute_print_unless_empty(buf, SLICE(" entity=\""), entity);
	buf_lit(buf, ">\n");
}

void dialog_info_print_rest(struct buf *buf, const struct dialog_info *info)
{
	CHECK(info->dialog_count <= DIALOG_INFO_MAX);
	for (size_t i = 0; i < info->dialog_count; i++)
		dialog_print(buf, &info->dialogs[i]);
	if (info->status.n > 0) {
		buf_lit(buf, "<status xmlns=\"urn:lampyrid:lamp\">");
		text_print(buf, info->status);
		buf_lit(buf, "</status>\n");
	}
	buf_lit(buf, "</dialog-info>\n");
}

void dialog_info_print(struct buf *buf, const struct dialog_info *info)
{
	dialog_info_print_head(buf, info->version, info->is_partial, info->entity);
	dialog_info_print_rest(buf, info);
}
