/* SPDX-License-Identifier: MIT */
/*
 * The messages that nobody has: said once, and again when asked.
 */
#include "pbx/mwi.h"

#include "pbx/own_watch.h"
#include "sip/message_summary.h"

static bool mwi_print(struct own_watch *watch, struct buf *body)
{
	char text[512];
	struct buf account = BUF_ON(text);

	if (!watch->notifier->must_send)
		return false;
	pbx_print_aor(watch->own->pbx, &account, watch->own->number);
	message_summary_print_none(body, buf_text(&account));
	return true;
}

static const struct own_package package = {
	.event = SLICE_INIT("message-summary"),
	.content_type = SLICE_INIT("application/simple-message-summary"),
	.watch_bytes = sizeof(struct own_watch),
	.print = mwi_print,
};

void mwi_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *extension)
{
	own_subscribe(pbx, in, extension, &package);
}
