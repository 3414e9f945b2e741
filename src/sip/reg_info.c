/* SPDX-License-Identifier: MIT */
/*
 * Printing registration documents (RFC 3680 5.4).
 */
#include "sip/reg_info.h"

#include "base/check.h"
#include "sip/xml_print.h"

static const struct slice event_names[] = {
	[REG_REGISTERED] = SLICE_INIT("registered"),
	[REG_REFRESHED] = SLICE_INIT("refreshed"),
	[REG_EXPIRED] = SLICE_INIT("expired"),
	[REG_UNREGISTERED] = SLICE_INIT("unregistered"),
	[REG_DEACTIVATED] = SLICE_INIT("deactivated"),
	[REG_REJECTED] = SLICE_INIT("rejected"),
};

static const struct slice state_names[] = {
	[REG_INIT] = SLICE_INIT("init"),
	[REG_ACTIVE] = SLICE_INIT("active"),
	[REG_TERMINATED] = SLICE_INIT("terminated"),
};

bool reg_event_is_end(enum reg_event event)
{
	return event >= REG_EXPIRED;
}

static void number_print(struct buf *buf, struct slice name, uint64_t value)
{
	buf_slice(buf, name);
	buf_u64(buf, value);
	buf_char(buf, '"');
}

/* RFC 3261 25.1 qvalue; 1 is what it is when nothing is said. */
static void q_print(struct buf *buf, uint16_t q)
{
	if (q >= 1000)
		return;
	buf_lit(buf, " q=\"0.");
	buf_char(buf, (char)('0' + q / 100));
	buf_char(buf, (char)('0' + q / 10 % 10));
	buf_char(buf, (char)('0' + q % 10));
	buf_char(buf, '"');
}

static void contact_print(struct buf *buf, const struct reg_contact *contact)
{
	bool is_ended = reg_event_is_end(contact->event);

	CHECK((size_t)contact->event < ARRAY_LEN(event_names));
	number_print(buf, SLICE("<contact id=\"c"), contact->id);
	buf_lit(buf, " state=\"");
	buf_slice(buf, is_ended ? SLICE("terminated") : SLICE("active"));
	buf_lit(buf, "\" event=\"");
	buf_slice(buf, event_names[contact->event]);
	buf_char(buf, '"');
	if (!is_ended)
		number_print(buf, SLICE(" expires=\""), contact->expires_s);
	q_print(buf, contact->q);
	if (contact->call_id.n > 0) {
		xml_attribute_print(buf, SLICE(" callid=\""), contact->call_id);
		number_print(buf, SLICE(" cseq=\""), contact->cseq);
	}
	buf_lit(buf, ">\n<uri>");
	xml_text_print(buf, contact->uri);
	buf_lit(buf, "</uri>\n</contact>\n");
}

void reg_info_print(struct buf *buf, const struct reg_info *info)
{
	CHECK(info->contact_count <= REG_INFO_CONTACTS_MAX);
	CHECK((size_t)info->state < ARRAY_LEN(state_names));
	buf_lit(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		     "<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"");
	buf_u64(buf, info->version);
	buf_lit(buf, "\" state=\"");
	buf_slice(buf, info->is_partial ? SLICE("partial") : SLICE("full"));
	buf_lit(buf, "\">\n<registration id=\"r\"");
	xml_attribute_print(buf, SLICE(" aor=\""), info->aor);
	buf_lit(buf, " state=\"");
	buf_slice(buf, state_names[info->state]);
	buf_lit(buf, "\">\n");
	for (size_t i = 0; i < info->contact_count; i++)
		contact_print(buf, &info->contacts[i]);
	buf_lit(buf, "</registration>\n</reginfo>\n");
}
