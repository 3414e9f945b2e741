/* SPDX-License-Identifier: MIT */
/*
 * Printing dialog-info documents (RFC 4235 4.1). A peer's text (call ids, tags, names, URIs) goes
 * into attributes and elements only by xml_print.h.
 */
#include "sip/dialog_info.h"

#include "base/check.h"
#include "sip/xml_print.h"

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

bool dialog_entry_is_offered(const struct dialog_entry *dialog)
{
	return dialog->direction == DIALOG_RECIPIENT &&
	       (dialog->state == DIALOG_PROCEEDING || dialog->state == DIALOG_EARLY);
}

/* The on-hold mark is a parameter of the target (RFC 4235 4.1.6.2, RFC 3840). */
static void target_print(struct buf *buf, const struct dialog_party *party)
{
	if (party->target.n == 0 && !party->is_rendering_no)
		return;
	buf_lit(buf, "<target");
	xml_attribute_print(buf, SLICE(" uri=\""), party->target);
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
		xml_attribute_print_unless_empty(buf, SLICE(" display=\""), party->display);
		buf_char(buf, '>');
		xml_text_print(buf, party->identity);
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
	xml_attribute_print_unless_empty(buf, SLICE(" event=\""), dialog->event);
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
	xml_attribute_print(buf, SLICE(" call-id=\""), ids->call_id);
	xml_attribute_print(buf, SLICE(" local-tag=\""), ids->local_tag);
	xml_attribute_print(buf, SLICE(" remote-tag=\""), ids->remote_tag);
	buf_lit(buf, "/>\n");
}

static void referred_by_print(struct buf *buf, const struct dialog_entry *dialog)
{
	if (dialog->referred_by.n == 0)
		return;
	buf_lit(buf, "<referred-by");
	xml_attribute_print_unless_empty(buf, SLICE(" display=\""), dialog->referred_by_display);
	buf_char(buf, '>');
	xml_text_print(buf, dialog->referred_by);
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
	xml_attribute_print(buf, SLICE(" id=\""), dialog->id);
	xml_attribute_print_unless_empty(buf, SLICE(" call-id=\""), dialog->call_id);
	xml_attribute_print_unless_empty(buf, SLICE(" local-tag=\""), dialog->local_tag);
	xml_attribute_print_unless_empty(buf, SLICE(" remote-tag=\""), dialog->remote_tag);
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
	xml_attribute_print_unless_empty(buf, SLICE(" entity=\""), entity);
	buf_lit(buf, ">\n");
}

void dialog_info_print_rest(struct buf *buf, const struct dialog_info *info)
{
	CHECK(info->dialog_count <= DIALOG_INFO_MAX);
	for (size_t i = 0; i < info->dialog_count; i++)
		dialog_print(buf, &info->dialogs[i]);
	if (info->status.n > 0) {
		buf_lit(buf, "<status xmlns=\"urn:lampyrid:lamp\">");
		xml_text_print(buf, info->status);
		buf_lit(buf, "</status>\n");
	}
	buf_lit(buf, "</dialog-info>\n");
}

void dialog_info_print(struct buf *buf, const struct dialog_info *info)
{
	dialog_info_print_head(buf, info->version, info->is_partial, info->entity);
	dialog_info_print_rest(buf, info);
}
