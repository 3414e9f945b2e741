/* SPDX-License-Identifier: MIT */
/*
 * The table of event packages.
 */
#include "pbx/event_package.h"

#include "pbx/feature_sync.h"
#include "pbx/lamp_subscription.h"
#include "pbx/mwi.h"
#include "pbx/presence.h"
#include "pbx/reg_event.h"

struct package {
	struct slice name;
	void (*on_subscribe)(struct pbx *pbx, struct incoming *in,
			     const struct extension *extension);
	/* NULL: not for anybody outside. */
	void (*on_subscribe_from_trunk)(struct pbx *pbx, struct incoming *in,
					const struct trunk *trunk);
};

static const struct package packages[] = {
	{ SLICE_INIT("dialog"), lamp_on_subscribe, lamp_on_subscribe_from_trunk },
	{ SLICE_INIT("presence"), presence_on_subscribe, presence_on_subscribe_from_trunk },
	{ SLICE_INIT("message-summary"), mwi_on_subscribe, NULL },
	{ SLICE_INIT("reg"), reg_event_on_subscribe, NULL },
	{ SLICE_INIT("as-feature-event"), feature_sync_on_subscribe, NULL },
};

void event_packages_print(struct buf *lines)
{
	buf_lit(lines, "Allow-Events: ");
	for (size_t i = 0; i < ARRAY_LEN(packages); i++) {
		if (i > 0)
			buf_lit(lines, ", ");
		buf_slice(lines, packages[i].name);
	}
	buf_lit(lines, "\r\n");
}

bool event_accepts(const struct sip_msg *msg, struct slice content_type)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry, type, params;

	if (!sip_msg_header(msg, HDR_ACCEPT))
		return true;
	while (sip_msg_list_next(msg, HDR_ACCEPT, &cursor, &entry)) {
		sip_token_params(entry, &type, &params);
		if (slice_eq_nocase(type, content_type) || slice_eq(type, SLICE("*/*")) ||
		    slice_eq_nocase(type, SLICE("application/*")))
			return true;
	}
	return false;
}

/* Without an Event it is a request of RFC 2543 for nothing that we know (RFC 6665 7.2.1). */
static const struct package *find_package(const struct sip_msg *msg)
{
	struct slice event, params;

	sip_token_params(sip_msg_value(msg, HDR_EVENT), &event, &params);
	for (size_t i = 0; i < ARRAY_LEN(packages); i++)
		if (slice_eq_nocase(event, packages[i].name))
			return &packages[i];
	return NULL;
}

static void refuse_event(struct incoming *in)
{
	char text[256];
	struct buf lines = BUF_ON(text);

	event_packages_print(&lines);
	incoming_reply(in, &(struct answer){ .status = 489, .lines = buf_text(&lines) });
}

void event_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *extension)
{
	const struct package *package = find_package(in->msg);

	if (package)
		package->on_subscribe(pbx, in, extension);
	else
		refuse_event(in);
}

void event_on_subscribe_from_trunk(struct pbx *pbx, struct incoming *in, struct trunk *trunk)
{
	const struct package *package = find_package(in->msg);

	if (package && package->on_subscribe_from_trunk)
		package->on_subscribe_from_trunk(pbx, in, trunk);
	else
		refuse_event(in);
}
