/* SPDX-License-Identifier: MIT */
/*
 * A look is the carrier's own: on_change, as if there had been news. So the auditor cannot have
 * another idea of the truth, or of what a phone was told, than the NOTIFYs themselves.
 */
#include "pbx/lamp_audit.h"

#include "pbx/lamp.h"

#define ROUND_MS 60000 /* to all of them once, however many there are */
#define PAUSE_MIN_MS 250

static struct lamp_audit *audit_of(const struct watcher *watcher)
{
	return &watcher->entity->pbx->lamp_audit;
}

static struct timers *timers_of(const struct watcher *watcher)
{
	return watcher->entity->pbx->stack.timers;
}

static uint64_t now_of(const struct watcher *watcher)
{
	return timers_of(watcher)->now_ms;
}

/* --- Looking ------------------------------------------------------------------------------ */

/* What is being told, or could not be, is on its way: its carrier sees to that. */
static void look(struct lamp_audit *audit, struct watcher *watcher)
{
	list_remove(&watcher->account.node);
	list_append(&audit->watchers, &watcher->account.node);
	audit->looks++;
	if (watcher->account.telling_ms == 0)
		watcher->ops->on_change(watcher);
}

static uint64_t pause_ms(const struct lamp_audit *audit)
{
	uint64_t pause = audit->count > 0 ? ROUND_MS / audit->count : ROUND_MS;

	return pause > PAUSE_MIN_MS ? pause : PAUSE_MIN_MS;
}

static void on_due(struct timer *timer)
{
	struct lamp_audit *audit = CONTAINER_OF(timer, struct lamp_audit, due);
	struct pbx *pbx = CONTAINER_OF(audit, struct pbx, lamp_audit);
	size_t looks = audit->count * pause_ms(audit) / ROUND_MS;

	/* One of them may end others; those that are left come first the next time. */
	do {
		struct watcher *watcher =
			LIST_FIRST(&audit->watchers, struct watcher, account.node);

		if (!watcher)
			return;
		look(audit, watcher);
	} while (looks-- > 1);
	timer_start(pbx->stack.timers, &audit->due, pause_ms(audit), on_due);
}

/* --- Who is looked at --------------------------------------------------------------------- */

void lamp_audit_init(struct pbx *pbx)
{
	list_init(&pbx->lamp_audit.watchers);
}

void lamp_audit_add(struct watcher *watcher)
{
	struct lamp_audit *audit = audit_of(watcher);
	uint64_t now_ms = now_of(watcher);

	watcher->account.changed_ms = now_ms;
	list_append(&audit->watchers, &watcher->account.node);
	audit->count++;
	if (!audit->due.is_running || audit->due.at_ms > now_ms + pause_ms(audit))
		timer_start(timers_of(watcher), &audit->due, pause_ms(audit), on_due);
}

void lamp_audit_remove(struct watcher *watcher)
{
	struct lamp_audit *audit = audit_of(watcher);

	list_remove(&watcher->account.node);
	if (--audit->count == 0)
		timer_stop(timers_of(watcher), &audit->due);
}

/* --- The account -------------------------------------------------------------------------- */

void lamp_audit_on_change(struct watcher *watcher)
{
	if (watcher->account.changed_ms == 0)
		watcher->account.changed_ms = now_of(watcher);
}

void lamp_audit_on_same(struct watcher *watcher)
{
	watcher->account.changed_ms = 0;
	watcher->account.right_ms = now_of(watcher);
}

/* Nothing changed that anybody said, and yet it is told something else than before. */
static void on_lie(struct watcher *watcher)
{
	audit_of(watcher)->repairs++;
	watcher->account.changed_ms = watcher->account.right_ms;
	stack_trace(&watcher->entity->pbx->stack,
		    "event=lamp-repaired watcher=%.*s watched=%.*s seconds=%llu",
		    SLICE_ARGS(viewer_number(watcher->viewer)), SLICE_ARGS(watcher->entity->number),
		    (unsigned long long)(now_of(watcher) - watcher->account.right_ms) / 1000);
}

void lamp_audit_on_told(struct watcher *watcher, bool is_other)
{
	struct lamp_account *account = &watcher->account;

	if (is_other && account->changed_ms == 0 && account->telling_ms == 0)
		on_lie(watcher);
	if (account->telling_ms == 0)
		account->telling_ms = account->changed_ms;
	account->changed_ms = 0;
}

void lamp_audit_on_answer(struct watcher *watcher, bool has_arrived)
{
	struct lamp_account *account = &watcher->account;

	if (!has_arrived)
		return;
	if (account->telling_ms > 0)
		audit_of(watcher)->wrong_ms += now_of(watcher) - account->telling_ms;
	account->telling_ms = 0;
	if (account->changed_ms == 0)
		account->right_ms = now_of(watcher);
}
