/* SPDX-License-Identifier: MIT */
/*
 * Reading dialog-info documents (RFC 4235 4.1). A dialog whose state nobody knows is no news and
 * left out.
 */
#include "xml/dialog_info_read.h"

#include "base/check.h"
#include "base/err.h"
#include "xml/xml_read.h"

#define STATUS_MAX 699

enum node {
	NODE_DIALOG_INFO = XML_FIRST,
	NODE_STATUS, /* ours, see DESIGN: what is true of the extension beside its calls */
	NODE_DIALOG,
	NODE_STATE,
	NODE_DURATION,
	NODE_REPLACES,
	NODE_REFERRED_BY,
	NODE_LOCAL,
	NODE_REMOTE,
	NODE_IDENTITY,
	NODE_TARGET,
	NODE_PARAM,
};

struct reading {
	struct dialog_info info;
	struct dialog_entry dialog; /* the one being read */
	struct dialog_party *party; /* of that dialog */
	bool has_state;		    /* of that dialog */
};

static const struct xml_element elements[] = {
	{ XML_DOCUMENT, NODE_DIALOG_INFO, false, SLICE_INIT("dialog-info"), { 0 } },
	{ NODE_DIALOG_INFO, NODE_DIALOG, false, SLICE_INIT("dialog"), { 0 } },
	{ NODE_DIALOG_INFO, NODE_STATUS, true, SLICE_INIT("status"),
	  SLICE_INIT("urn:lampyrid:lamp") },
	{ NODE_DIALOG, NODE_STATE, true, SLICE_INIT("state"), { 0 } },
	{ NODE_DIALOG, NODE_DURATION, true, SLICE_INIT("duration"), { 0 } },
	{ NODE_DIALOG, NODE_REPLACES, false, SLICE_INIT("replaces"), { 0 } },
	{ NODE_DIALOG, NODE_REFERRED_BY, true, SLICE_INIT("referred-by"), { 0 } },
	{ NODE_DIALOG, NODE_LOCAL, false, SLICE_INIT("local"), { 0 } },
	{ NODE_DIALOG, NODE_REMOTE, false, SLICE_INIT("remote"), { 0 } },
	{ NODE_LOCAL, NODE_IDENTITY, true, SLICE_INIT("identity"), { 0 } },
	{ NODE_LOCAL, NODE_TARGET, false, SLICE_INIT("target"), { 0 } },
	{ NODE_REMOTE, NODE_IDENTITY, true, SLICE_INIT("identity"), { 0 } },
	{ NODE_REMOTE, NODE_TARGET, false, SLICE_INIT("target"), { 0 } },
	{ NODE_TARGET, NODE_PARAM, false, SLICE_INIT("param"), { 0 } },
};

/* --- Starts ------------------------------------------------------------------------------- */

static void dialog_info_start(struct xml_reader *reader, const XML_Char **attributes)
{
	struct reading *reading = reader->context;
	struct slice version = slice_trim(xml_attribute(attributes, "version"));

	/* Mandatory: without it nobody knows which of two documents is the newer one. */
	if (slice_to_u32(version, UINT32_MAX, &reading->info.version) != 0) {
		xml_fail(reader, ERR_SYNTAX);
		return;
	}
	reading->info.is_partial =
		slice_eq(slice_trim(xml_attribute(attributes, "state")), SLICE("partial"));
	reading->info.entity = xml_attribute_keep(reader, attributes, "entity");
}

static void dialog_start(struct xml_reader *reader, const XML_Char **attributes)
{
	struct reading *reading = reader->context;
	struct slice direction = slice_trim(xml_attribute(attributes, "direction"));

	reading->has_state = false;
	reading->dialog = (struct dialog_entry){
		.id = xml_attribute_keep(reader, attributes, "id"),
		.call_id = xml_attribute_keep(reader, attributes, "call-id"),
		.local_tag = xml_attribute_keep(reader, attributes, "local-tag"),
		.remote_tag = xml_attribute_keep(reader, attributes, "remote-tag"),
	};
	if (slice_eq(direction, SLICE("initiator")))
		reading->dialog.direction = DIALOG_INITIATOR;
	else if (slice_eq(direction, SLICE("recipient")))
		reading->dialog.direction = DIALOG_RECIPIENT;
}

/* A code that is no SIP status is as good as none. */
static void state_start(struct xml_reader *reader, const XML_Char **attributes)
{
	struct reading *reading = reader->context;
	uint32_t code = 0;

	if (slice_to_u32(slice_trim(xml_attribute(attributes, "code")), STATUS_MAX, &code) != 0)
		code = 0;
	reading->dialog.code = code;
	reading->dialog.event = xml_attribute_keep(reader, attributes, "event");
}

/* RFC 4235 4.1.4 */
static void replaces_start(struct xml_reader *reader, const XML_Char **attributes)
{
	struct reading *reading = reader->context;

	reading->dialog.replaces = (struct dialog_ids){
		.call_id = xml_attribute_keep(reader, attributes, "call-id"),
		.local_tag = xml_attribute_keep(reader, attributes, "local-tag"),
		.remote_tag = xml_attribute_keep(reader, attributes, "remote-tag"),
	};
}

/* RFC 4235 5.2 writes the tag with a '+' here; the bare name means the same. */
static void param_start(struct reading *reading, const XML_Char **attributes)
{
	struct slice name = slice_trim(xml_attribute(attributes, "pname"));
	struct slice value = slice_trim(xml_attribute(attributes, "pval"));

	if ((slice_eq_nocase(name, SLICE("+sip.rendering")) ||
	     slice_eq_nocase(name, SLICE("sip.rendering"))) &&
	    slice_eq_nocase(value, SLICE("no")))
		reading->party->is_rendering_no = true;
}

static void on_start(struct xml_reader *reader, uint8_t node, const XML_Char **attributes)
{
	struct reading *reading = reader->context;

	switch ((enum node)node) {
	case NODE_DIALOG_INFO:
		dialog_info_start(reader, attributes);
		break;
	case NODE_DIALOG:
		dialog_start(reader, attributes);
		break;
	case NODE_STATE:
		state_start(reader, attributes);
		break;
	case NODE_REPLACES:
		replaces_start(reader, attributes);
		break;
	case NODE_REFERRED_BY:
		reading->dialog.referred_by_display =
			xml_attribute_keep(reader, attributes, "display");
		break;
	case NODE_LOCAL:
		reading->party = &reading->dialog.local;
		break;
	case NODE_REMOTE:
		reading->party = &reading->dialog.remote;
		break;
	case NODE_IDENTITY:
		reading->party->display = xml_attribute_keep(reader, attributes, "display");
		break;
	case NODE_TARGET:
		reading->party->target = xml_attribute_keep(reader, attributes, "uri");
		break;
	case NODE_PARAM:
		param_start(reading, attributes);
		break;
	case NODE_STATUS:
	case NODE_DURATION:
		break;
	}
}

/* --- Ends --------------------------------------------------------------------------------- */

static void state_end(struct reading *reading, struct slice name)
{
	reading->has_state = false;
	for (int state = DIALOG_TRYING; state <= DIALOG_TERMINATED; state++) {
		if (slice_eq_nocase(name, dialog_state_name((enum dialog_state)state))) {
			reading->dialog.state = (enum dialog_state)state;
			reading->has_state = true;
		}
	}
}

static void dialog_end(struct xml_reader *reader)
{
	struct reading *reading = reader->context;

	if (!reading->has_state)
		return;
	if (reading->info.dialog_count == DIALOG_INFO_MAX) {
		xml_fail(reader, ERR_LIMIT);
		return;
	}
	reading->info.dialogs[reading->info.dialog_count++] = reading->dialog;
}

static void on_end(struct xml_reader *reader, uint8_t node, struct slice text)
{
	struct reading *reading = reader->context;

	switch ((enum node)node) {
	case NODE_STATE:
		state_end(reading, text);
		break;
	case NODE_DURATION:
		reading->dialog.has_duration =
			slice_to_u32(text, UINT32_MAX, &reading->dialog.duration_s) == 0;
		break;
	case NODE_REFERRED_BY:
		reading->dialog.referred_by = text;
		break;
	case NODE_IDENTITY:
		reading->party->identity = text;
		break;
	case NODE_DIALOG:
		dialog_end(reader);
		break;
	case NODE_STATUS:
		reading->info.status = text;
		break;
	case NODE_DIALOG_INFO:
	case NODE_REPLACES:
	case NODE_LOCAL:
	case NODE_REMOTE:
	case NODE_TARGET:
	case NODE_PARAM:
		break;
	}
}

int dialog_info_read(struct slice document, struct arena *arena, struct dialog_info *ret_info)
{
	static const struct xml_kind kind = {
		.space = SLICE_INIT("urn:ietf:params:xml:ns:dialog-info"),
		.elements = elements,
		.element_count = ARRAY_LEN(elements),
		.on_start = on_start,
		.on_end = on_end,
	};
	struct reading reading = { 0 };
	int err = xml_read(document, arena, &kind, &reading);

	if (err)
		return err;
	*ret_info = reading.info;
	return 0;
}
