/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of what stands in a REFER and its NOTIFYs: Refer-To, Target-Dialog, message/sipfrag. What
 * is read is printed and reads the same again, and nothing printed ends a line or an address early.
 */
#include "base/check.h"
#include "sip/refer_to.h"
#include "sip/sipfrag.h"
#include "sip/target_dialog.h"

#define TEXT_BYTES (8 * SIP_URI_MAX_BYTES)

static void check_line(struct slice text, size_t end)
{
	for (size_t i = 0; i < end; i++)
		CHECK(text.p[i] != '\r' && text.p[i] != '\n' && text.p[i] != '\0');
}

static void check_refer_to(struct slice value)
{
	char room_text[SIP_REFER_TO_ROOM_BYTES], text[TEXT_BYTES], again_text[TEXT_BYTES];
	struct buf room = BUF_ON(room_text), printed = BUF_ON(text),
		   again_room = BUF_ON(again_text);
	struct sip_refer_to refer_to, again;
	struct sip_verdict verdict = sip_refer_to_parse(value, &room, &refer_to);

	if (verdict.status) {
		CHECK(verdict.status == 400 || verdict.status == 403 || verdict.status == 416);
		return;
	}
	sip_refer_to_print(&printed, &refer_to.uri,
			   refer_to.has_replaces ? &refer_to.replaces : NULL);
	CHECK(!printed.is_overflown);
	check_line(buf_text(&printed), printed.n);
	CHECK(slice_find_char(buf_text(&printed), '>') == printed.n - 1);
	/* Escaped it is longer, and may be too long for a URI. */
	if (printed.n - 2 > SIP_URI_MAX_BYTES)
		return;
	CHECK(sip_refer_to_parse(buf_text(&printed), &again_room, &again).status == 0);
	CHECK(slice_eq(again.uri.user, refer_to.uri.user));
	CHECK(slice_eq(again.uri.host, refer_to.uri.host) && again.uri.port == refer_to.uri.port);
	CHECK(slice_eq(again.uri.params, refer_to.uri.params));
	CHECK(again.has_replaces == refer_to.has_replaces);
	CHECK(slice_eq(again.replaces.call_id, refer_to.replaces.call_id));
	CHECK(slice_eq(again.replaces.to_tag, refer_to.replaces.to_tag));
	CHECK(slice_eq(again.replaces.from_tag, refer_to.replaces.from_tag));
}

static void check_target_dialog(struct slice value)
{
	struct sip_target_dialog target, again;
	char text[TEXT_BYTES];
	struct buf printed = BUF_ON(text);

	if (sip_target_dialog_parse(value, &target))
		return;
	sip_target_dialog_print(&printed, &target);
	check_line(buf_text(&printed), printed.n);
	CHECK(sip_target_dialog_parse(buf_text(&printed), &again) == 0);
	CHECK(slice_eq(again.call_id, target.call_id));
	CHECK(slice_eq(again.local_tag, target.local_tag));
	CHECK(slice_eq(again.remote_tag, target.remote_tag));
}

static void check_sipfrag(struct slice body)
{
	struct slice reason, again_reason;
	unsigned status, again_status;
	char text[TEXT_BYTES];
	struct buf printed = BUF_ON(text);

	if (sipfrag_parse(body, &status, &reason))
		return;
	CHECK(status >= 100 && status <= 699);
	sipfrag_print(&printed, status, reason);
	if (printed.is_overflown)
		return;
	check_line(buf_text(&printed), printed.n - 2);
	CHECK(sipfrag_parse(buf_text(&printed), &again_status, &again_reason) == 0);
	CHECK(again_status == status);
	CHECK(slice_is_empty(reason) || slice_eq(again_reason, reason));
}

/* One input is read as each. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);

	check_refer_to(text);
	check_target_dialog(text);
	check_sipfrag(text);
	return 0;
}
