/* SPDX-License-Identifier: MIT */
/*
 * From the dialogs of a view to what a person does. There is no second look at the calls: what
 * lamp_view_read() does not show, nobody is told here.
 */
#include "pbx/presence.h"

#include "pbx/lamp_subscription.h"
#include "pbx/lamp_view.h"
#include "pbx/trunk.h"
#include "sip/pidf.h"

/* What the dialogs come to. */
struct doing {
	bool is_ringing; /* for somebody who may take the call */
	bool is_talking; /* or calls, or rings for others */
	bool is_busy;	 /* no more is shown than that */
};

static struct doing doing_of(const struct dialog_info *info)
{
	struct doing doing = { 0 };

	for (size_t i = 0; i < info->dialog_count; i++) {
		const struct dialog_entry *entry = &info->dialogs[i];

		if (entry->state == DIALOG_TERMINATED)
			continue;
		if (entry->direction == DIALOG_DIRECTION_NONE)
			doing.is_busy = true;
		else if (dialog_entry_is_offered(entry))
			doing.is_ringing = true;
		else
			doing.is_talking = true;
	}
	return doing;
}

/* The words are those that Asterisk made known, MicroSIP and others look for them. */
static void pidf_set_doing(struct pidf *pidf, const struct dialog_info *info)
{
	struct doing doing = doing_of(info);

	pidf->is_open = true;
	if (doing.is_talking)
		pidf->activity = PIDF_ON_THE_PHONE;
	else if (doing.is_ringing || doing.is_busy)
		pidf->activity = PIDF_BUSY;
	if (doing.is_ringing)
		pidf->note = SLICE("Ringing");
	else if (doing.is_talking)
		pidf->note = SLICE("On the phone");
	else if (slice_eq(info->status, SLICE("do-not-disturb")))
		pidf->note = SLICE("Do not disturb");
	else if (doing.is_busy)
		pidf->note = SLICE("Busy");
	else if (slice_eq(info->status, SLICE("forwarded")))
		pidf->note = SLICE("Forwarded");
	else if (slice_eq(info->status, SLICE("unregistered"))) {
		pidf->is_open = false;
		pidf->note = SLICE("Not registered");
	}
}

static void presence_print(struct watcher *watcher, struct buf *body)
{
	static struct lamp_dialogs dialogs; /* one thread, not re-entered */
	const struct lamp_entity *entity = watcher->entity;
	struct lamp_view view = lamp_view_of(watcher);
	char text[LAMP_URI_MAX_BYTES];
	struct buf contact = BUF_ON(text);
	struct pidf pidf = { .entity = watcher_entity_uri(watcher) };

	pbx_print_aor(entity->pbx, &contact, entity->number);
	pidf.contact = buf_text(&contact);
	/* Who may see nothing (any more) sees nobody. */
	if (view.visibility > VISIBILITY_NONE && lamp_view_read(entity, &view, 0, &dialogs))
		pidf_set_doing(&pidf, &dialogs.info);
	pidf_print(body, &pidf);
}

static uint64_t hash_of(const struct watcher *watcher, const struct buf *body)
{
	return hash_bytes(watcher->entity->pbx->entities.secret, buf_text(body)) | 1;
}

static bool is_news(struct watcher *watcher)
{
	char text[4 * SIP_URI_MAX_BYTES + 1024];
	struct buf body = BUF_ON(text);

	presence_print(watcher, &body);
	return lamp_hash_is_news(watcher, hash_of(watcher, &body));
}

/* Always the full state: there is not more of it than of any change. */
static void tell(struct watcher *watcher, struct buf *body, bool is_full, bool is_datagram)
{
	(void)is_full;
	(void)is_datagram;
	presence_print(watcher, body);
	lamp_note_told(watcher, hash_of(watcher, body));
}

static const struct lamp_package package = {
	.ops = { lamp_package_on_change, lamp_package_on_gone, lamp_package_notifier },
	.event = SLICE_INIT("presence"),
	.content_type = SLICE_INIT("application/pidf+xml"),
	.is_news = is_news,
	.tell = tell,
};

void presence_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *viewer)
{
	lamp_subscribe(pbx, in, &(struct lamp_viewer){ .extension = viewer }, &package, NULL);
}

void presence_on_subscribe_from_trunk(struct pbx *pbx, struct incoming *in,
				      const struct trunk *trunk)
{
	lamp_subscribe(pbx, in, &(struct lamp_viewer){ .domain = trunk_domain(trunk) }, &package,
		       NULL);
}
