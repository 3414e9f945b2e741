/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions to phones. When a phone refuses, or is lost, what it said is no longer so: its lamp
 * shows the calls that pass here until core/subscriber has it back.
 */
#include "pbx/lamp_forward.h"

#include "base/err.h"
#include "pbx/registrar.h"
#include "xml/dialog_info_read.h"

#define URI_MAX_BYTES (SIP_URI_MAX_BYTES + 2)

/* A lease, too: so long a lamp may burn for a phone that died in a call. */
#define EXPIRES_S 600

/* A phone that leaves gaps is not asked more often than this. */
#define ASK_GAP_MS 2000

static struct asked_phone *asked_of(struct lamp_report *report)
{
	return CONTAINER_OF(report, struct asked_phone, report);
}

static struct subscriber *subscriber_of(const struct asked_phone *asked)
{
	return pool_find(&asked->pbx->stack.subscribers, asked->subscriber);
}

/* --- What the phone says ------------------------------------------------------------------ */

static void trace(const struct asked_phone *asked, const char *state, unsigned status,
		  struct slice reason)
{
	stack_trace(&asked->pbx->stack, "event=ask-phone extension=%.*s state=%s status=%u%s%.*s",
		    SLICE_ARGS(asked->report.entity->number), state, status,
		    reason.n > 0 ? " reason=" : "", SLICE_ARGS(reason));
}

static void ask_now(struct asked_phone *asked)
{
	struct subscriber *subscriber = subscriber_of(asked);

	asked->ask_at_ms = asked->pbx->stack.timers->now_ms + ASK_GAP_MS;
	dialog_set_on_asked(&asked->report.dialogs);
	if (subscriber)
		subscriber_refresh(subscriber);
}

static void on_ask(struct timer *timer)
{
	ask_now(CONTAINER_OF(timer, struct asked_phone, ask));
}

/* Something is missing: SUBSCRIBE is answered with full state (RFC 4235 3.9). */
static void want_full_state(struct asked_phone *asked)
{
	struct timers *timers = asked->pbx->stack.timers;

	if (asked->ask.is_running)
		return;
	if (timers->now_ms >= asked->ask_at_ms)
		ask_now(asked);
	else
		timer_start(timers, &asked->ask, asked->ask_at_ms - timers->now_ms, on_ask);
}

static void on_new(struct subscriber *subscriber)
{
	struct asked_phone *asked = subscriber->owner;

	asked->last_status = 0;
	timer_stop(asked->pbx->stack.timers, &asked->ask);
	dialog_set_restart(&asked->report.dialogs);
}

static void on_notify(struct subscriber *subscriber, const struct sip_msg *notify)
{
	struct asked_phone *asked = subscriber->owner;
	struct dialog_info info;
	int err = dialog_info_read(notify->body, &asked->pbx->stack.arena, &info);

	if (err == ERR_NOMEM) {
		want_full_state(asked);
		return;
	}
	if (err && !asked->is_unreadable)
		trace(asked, "unreadable", 0, slice_from_cstr(err_text(err)));
	asked->is_unreadable = err != 0;
	if (err) {
		lamp_report_clear(&asked->report);
		return;
	}
	switch (lamp_report_take(&asked->report, &info)) {
	case DIALOG_SET_TAKEN:
	case DIALOG_SET_OLD:
		break;
	case DIALOG_SET_GAP:
	case DIALOG_SET_REFUSED:
		want_full_state(asked);
		break;
	}
}

/* The same refusal again and again is one line in the log. */
static void on_lost(struct subscriber *subscriber, unsigned status, struct slice reason)
{
	struct asked_phone *asked = subscriber->owner;

	if (status == 0 || status != asked->last_status)
		trace(asked, status > 0 ? "refused" : "lost", status, reason);
	asked->last_status = status;
	timer_stop(asked->pbx->stack.timers, &asked->ask);
	lamp_report_clear(&asked->report);
}

static void asked_end(struct asked_phone *asked)
{
	struct pbx *pbx = asked->pbx;
	struct subscriber *subscriber = subscriber_of(asked);

	timer_stop(pbx->stack.timers, &asked->ask);
	lamp_report_close(&asked->report);
	if (subscriber)
		subscriber_end(subscriber);
	pool_end(&pbx->asked_phones, asked);
}

static void on_stopped(struct subscriber *subscriber)
{
	asked_end(subscriber->owner);
}

static const struct subscriber_ops subscriber_ops = { on_new, on_notify, on_lost, on_stopped };

void asked_phone_on_free(void *object)
{
	struct asked_phone *asked = object;

	dialog_set_clear(&asked->report.dialogs);
}

/* --- Whom to ask -------------------------------------------------------------------------- */

static int subscribe(struct asked_phone *asked, const struct binding *binding)
{
	struct pbx *pbx = asked->pbx;
	char us_text[URI_MAX_BYTES], them_text[URI_MAX_BYTES], contact_text[URI_MAX_BYTES];
	struct buf us = BUF_ON(us_text), them = BUF_ON(them_text), contact = BUF_ON(contact_text);
	struct subscriber *subscriber;
	int err;

	buf_lit(&us, "<sip:");
	buf_slice(&us, pbx->directory->domain);
	buf_char(&us, '>');
	pbx_print_identity(pbx, &them, SLICE_NONE, aor_number(binding->aor));
	pbx_print_contact(&contact, SLICE_NONE, &binding->flow);
	err = subscriber_new(
		&pbx->stack,
		&(struct subscriber_spec){ .dialog = { .local = buf_text(&us),
						       .remote = buf_text(&them),
						       .target = binding_contact(binding),
						       .contact = buf_text(&contact),
						       .flow = binding->flow },
					   .event = SLICE("dialog"),
					   .accept = SLICE("application/dialog-info+xml"),
					   .expires_s = EXPIRES_S },
		&subscriber_ops, asked, &subscriber);
	if (err)
		return err;
	asked->subscriber = subscriber->pooled.handle;
	subscriber_start(subscriber);
	return 0;
}

/* When memory is refused, the next watcher or REGISTER is the next try. */
static void ask_new_phone(struct pbx *pbx, const struct binding *binding)
{
	struct asked_phone *asked = pool_new(&pbx->asked_phones);

	if (!asked)
		return;
	asked->pbx = pbx;
	asked->binding = binding->pooled.handle;
	if (lamp_report_open(&asked->report, pbx, aor_number(binding->aor), 0)) {
		pool_end(&pbx->asked_phones, asked);
		return;
	}
	asked->boot = hash_bytes(asked->report.secret, binding_call_id(binding));
	if (subscribe(asked, binding))
		asked_end(asked);
}

/* Unsubscribes where there is still a phone; any other is told 481 when it speaks again. */
static void ask_no_more(struct asked_phone *asked)
{
	struct subscriber *subscriber = subscriber_of(asked);

	lamp_report_close(&asked->report);
	timer_stop(asked->pbx->stack.timers, &asked->ask);
	if (subscriber && pool_find(&asked->pbx->bindings, asked->binding))
		subscriber_stop(subscriber);
	else
		asked_end(asked);
}

static struct asked_phone *asked_find(const struct lamp_entity *entity,
				      const struct binding *binding)
{
	LIST_FOR (report, &entity->reports, struct lamp_report, node)
		if (!report->is_published &&
		    handle_eq(asked_of(report)->binding, binding->pooled.handle))
			return asked_of(report);
	return NULL;
}

/*
 * Another Call-ID than before (RFC 3261 10.2): the phone was started anew and knows nothing of our
 * subscription. It tells us so when it is asked.
 */
static void ask_after_boot(struct asked_phone *asked, const struct binding *binding)
{
	struct subscriber *subscriber = subscriber_of(asked);
	uint64_t boot = hash_bytes(asked->report.secret, binding_call_id(binding));

	if (asked->boot == boot)
		return;
	asked->boot = boot;
	subscriber_start(subscriber);
	subscriber_refresh(subscriber);
}

static bool is_wanted(const struct lamp_entity *entity)
{
	const struct extension *extension = directory_find(entity->pbx->directory, entity->number);

	return extension && extension->lamp_source == LAMP_SOURCE_FORWARD &&
	       !list_is_empty(&entity->watchers) && !entity->pbx->stack.is_ending;
}

static void ask_phone(const struct lamp_entity *entity, const struct binding *binding)
{
	struct asked_phone *asked = asked_find(entity, binding);

	if (asked)
		ask_after_boot(asked, binding);
	else
		ask_new_phone(entity->pbx, binding);
}

static struct asked_phone *find_unwanted(const struct lamp_entity *entity)
{
	bool is_any_wanted = is_wanted(entity);

	LIST_FOR (report, &entity->reports, struct lamp_report, node)
		if (!report->is_published &&
		    (!is_any_wanted ||
		     !pool_find(&entity->pbx->bindings, asked_of(report)->binding)))
			return asked_of(report);
	return NULL;
}

static void update(struct lamp_entity *entity)
{
	struct asked_phone *asked;
	struct aor *aor;

	entity->pins++;
	while ((asked = find_unwanted(entity)))
		ask_no_more(asked);
	aor = is_wanted(entity) ? registrar_find(entity->pbx, entity->number) : NULL;
	if (aor)
		LIST_FOR (binding, &aor->bindings, struct binding, node)
			ask_phone(entity, binding);
	entity->pins--;
	lamp_release(entity);
}

void lamp_forward_update(struct pbx *pbx, struct slice number)
{
	struct lamp_entity *entity = lamp_find(pbx, number);

	if (entity)
		update(entity);
}

void lamp_forward_on_directory(struct pbx *pbx)
{
	for (struct map_node *node = map_first(&pbx->entities), *next; node; node = next) {
		struct lamp_entity *entity = CONTAINER_OF(node, struct lamp_entity, node);

		entity->pins++;
		update(entity);
		next = map_next(&pbx->entities, node);
		entity->pins--;
		lamp_release(entity);
	}
}

unsigned lamp_forward_refusal(const struct lamp_entity *entity)
{
	LIST_FOR (report, &entity->reports, struct lamp_report, node)
		if (!report->is_published && asked_of(report)->last_status > 0)
			return asked_of(report)->last_status;
	return 0;
}

void lamp_forward_fini(struct pbx *pbx)
{
	struct asked_phone *asked;
	uint32_t slot = 0;

	while ((asked = pool_walk(&pbx->asked_phones, &slot)))
		asked_end(asked);
}
