/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions of keys and lists, and how often they ask.
 */
#include "phone/feed.h"

#include "core/retry.h"
#include "phone/phone.h"

static struct subscriber *feed_subscriber(const struct feed *feed)
{
	return pool_find(&feed->phone->stack.subscribers, feed->subscriber);
}

/* A list's documents come in the parts of one body (RFC 4662 4.1, 4.5). */
#define LIST_TYPES "multipart/related, " FEED_RLMI_TYPE ", "

static struct slice feed_accept(const struct feed *feed)
{
	if (feed->is_list)
		return feed->is_presence ? SLICE(LIST_TYPES FEED_PRESENCE_TYPE)
					 : SLICE(LIST_TYPES FEED_DIALOG_TYPE);
	return feed->is_presence ? SLICE(FEED_PRESENCE_TYPE) : SLICE(FEED_DIALOG_TYPE);
}

static int feed_subscriber_new(struct feed *feed, const struct subscriber_ops *ops,
			       struct subscriber **ret_subscriber)
{
	struct phone *phone = feed->phone;
	char text[SIP_URI_MAX_BYTES + 2];
	struct buf remote = BUF_ON(text);
	struct subscriber_spec spec = {
		.dialog = { .local = phone->local,
			    .target = feed->target,
			    .contact = phone->contact,
			    .flow = phone->config.server },
		.event = feed->is_presence ? SLICE("presence") : SLICE("dialog"),
		.accept = feed_accept(feed),
		.lines = feed->is_list ? SLICE("Supported: eventlist\r\n") : SLICE_NONE,
		.expires_s = phone->config.expires_s,
		.account = &phone->account,
	};
	int err;

	buf_char(&remote, '<');
	buf_slice(&remote, feed->target);
	buf_char(&remote, '>');
	spec.dialog.remote = buf_text(&remote);
	err = subscriber_new(&phone->stack, &spec, ops, feed, ret_subscriber);
	if (!err)
		feed->subscriber = (*ret_subscriber)->pooled.handle;
	return err;
}

int feed_start(struct feed *feed, const struct subscriber_ops *ops)
{
	struct subscriber *subscriber = feed_subscriber(feed);
	int err = subscriber ? 0 : feed_subscriber_new(feed, ops, &subscriber);

	if (!err)
		subscriber_start(subscriber);
	return err;
}

/* RFC 6665 4.2.1.4: 489 says that the package is not known. */
bool feed_fall_back(struct feed *feed, unsigned status, const struct subscriber_ops *ops)
{
	if (status != 489 || feed->is_presence)
		return false;
	feed_end(feed);
	feed->is_presence = true;
	return feed_start(feed, ops) == 0;
}

void feed_stop(struct feed *feed)
{
	struct subscriber *subscriber = feed_subscriber(feed);

	if (subscriber)
		subscriber_stop(subscriber);
}

void feed_end(struct feed *feed)
{
	struct subscriber *subscriber = feed_subscriber(feed);

	if (subscriber)
		subscriber_end(subscriber);
	feed->subscriber = HANDLE_NONE;
	feed_want_no_more(feed);
}

bool feed_is_up(const struct feed *feed)
{
	const struct subscriber *subscriber = feed_subscriber(feed);

	return subscriber &&
	       (subscriber->state == SUBSCRIBER_PENDING || subscriber->state == SUBSCRIBER_ACTIVE);
}

/* --- Asking ------------------------------------------------------------------------------- */

static void feed_ask(struct feed *feed)
{
	struct subscriber *subscriber = feed_subscriber(feed);
	struct stack *stack = &feed->phone->stack;

	if (!subscriber)
		return;
	feed->ask_at_ms = stack->timers->now_ms + retry_wait_ms(stack, ++feed->asks);
	feed->on_ask(feed->user);
	subscriber_refresh(subscriber);
}

static void on_ask(struct timer *timer)
{
	feed_ask(CONTAINER_OF(timer, struct feed, ask));
}

void feed_want_full_state(struct feed *feed)
{
	struct timers *timers = feed->phone->stack.timers;

	if (feed->ask.is_running)
		return;
	if (timers->now_ms > feed->ask_at_ms + RETRY_MAX_MS)
		feed->asks = 0;
	if (timers->now_ms >= feed->ask_at_ms)
		feed_ask(feed);
	else
		timer_start(timers, &feed->ask, feed->ask_at_ms - timers->now_ms, on_ask);
}

void feed_want_no_more(struct feed *feed)
{
	timer_stop(feed->phone->stack.timers, &feed->ask);
}

void feed_on_connection_lost(struct feed *feed, struct handle conn)
{
	struct subscriber *subscriber = feed_subscriber(feed);

	if (!subscriber)
		return;
	subscriber_on_connection_lost(subscriber, conn);
	feed_want_full_state(feed);
}
