/* SPDX-License-Identifier: MIT */
/*
 * Function keys: each blf key watches one extension by a subscription to its dialogs (RFC 4235) and
 * shows it by a lamp. What a press does follows from the lamp.
 */
#include "base/err.h"
#include "base/mem.h"
#include "core/retry.h"
#include "core/subscriber.h"
#include "phone/phone_inner.h"
#include "xml/dialog_info_read.h"

#define EVENT SLICE("dialog")
#define ACCEPT SLICE("application/dialog-info+xml")

static struct subscriber *key_subscriber(const struct phone_key *key)
{
	return pool_find(&key->phone->stack.subscribers, key->subscriber);
}

struct phone_key *phone_key_find(struct phone *phone, unsigned number)
{
	for (size_t i = 0; i < phone->key_count; i++)
		if (phone->keys[i].config.number == number)
			return &phone->keys[i];
	return NULL;
}

/* --- Lamps -------------------------------------------------------------------------------- */

static struct slice party_uri(const struct dialog_party *party)
{
	return slice_is_empty(party->identity) ? party->target : party->identity;
}

static void key_emit_lamp(struct phone_key *key)
{
	const struct dialog_entry *entry = watch_decider(&key->watch);
	struct phone_event event = { .kind = PHONE_LAMP,
				     .key = key->config.number,
				     .entity = key->target,
				     .lamp = key->lamp,
				     .state = dialog_state_name(key->state) };

	if (entry)
		event.remote = party_uri(&entry->remote);
	phone_emit(key->phone, &event);
}

static void key_update_lamp(struct phone_key *key)
{
	const struct dialog_entry *entry = watch_decider(&key->watch);
	enum dialog_state state = entry ? entry->state : DIALOG_TERMINATED;
	enum lamp lamp = watch_lamp(&key->watch);

	if (key->is_told && key->lamp == lamp && key->state == state)
		return;
	key->is_told = true;
	key->lamp = lamp;
	key->state = state;
	key_emit_lamp(key);
}

enum lamp phone_lamp(const struct phone *phone, unsigned number)
{
	const struct phone_key *key = phone_key_find((struct phone *)phone, number);

	return key ? watch_lamp(&key->watch) : LAMP_OFF;
}

void phone_show_lamps(struct phone *phone)
{
	for (size_t i = 0; i < phone->key_count; i++)
		if (phone->keys[i].config.kind == PHONE_KEY_BLF)
			key_emit_lamp(&phone->keys[i]);
}

/* --- Subscriptions ------------------------------------------------------------------------ */

static void key_ask(struct phone_key *key)
{
	struct stack *stack = &key->phone->stack;
	struct subscriber *subscriber = key_subscriber(key);

	if (!subscriber)
		return;
	key->ask_at_ms = stack->timers->now_ms + retry_wait_ms(stack, ++key->asks);
	dialog_set_on_asked(&key->watch.set);
	subscriber_refresh(subscriber);
}

static void on_ask(struct timer *timer)
{
	key_ask(CONTAINER_OF(timer, struct phone_key, ask));
}

/*
 * Something is missing. A notifier that goes on leaving gaps is asked later and later, so that it
 * cannot make us send as fast as it does; one that was in order for long is trusted again.
 */
static void key_want_full_state(struct phone_key *key)
{
	struct timers *timers = key->phone->stack.timers;

	if (key->ask.is_running)
		return;
	if (timers->now_ms > key->ask_at_ms + RETRY_MAX_MS)
		key->asks = 0;
	if (timers->now_ms >= key->ask_at_ms)
		key_ask(key);
	else
		timer_start(timers, &key->ask, key->ask_at_ms - timers->now_ms, on_ask);
}

static void on_new(struct subscriber *subscriber)
{
	struct phone_key *key = subscriber->owner;

	timer_stop(key->phone->stack.timers, &key->ask);
	dialog_set_restart(&key->watch.set);
}

/* A lamp that cannot be known is dark; a document refused for want of memory can be had again. */
static void key_on_unreadable(struct phone_key *key, int err)
{
	(void)phone_fail(key->phone, err, "key %u: unreadable dialog-info: %s", key->config.number,
			 err_text(err));
	if (err == ERR_NOMEM)
		key_want_full_state(key);
	else
		dialog_set_clear(&key->watch.set);
	key_update_lamp(key);
}

static void on_notify(struct subscriber *subscriber, const struct sip_msg *notify)
{
	struct phone_key *key = subscriber->owner;
	struct phone *phone = key->phone;
	struct dialog_info info;
	struct arena arena;
	int err;

	arena_init(&arena, phone->xml_block, PHONE_XML_BYTES);
	err = dialog_info_read(notify->body, &arena, &info);
	if (err) {
		key_on_unreadable(key, err);
		return;
	}
	switch (watch_take(&key->watch, key->target, &info)) {
	case WATCH_TAKEN:
	case WATCH_IGNORED:
		break;
	case WATCH_GAP:
	case WATCH_REFUSED:
		key_want_full_state(key);
		break;
	}
	/* What was missing has come. */
	if (!key->watch.set.is_asked && !info.is_partial)
		timer_stop(phone->stack.timers, &key->ask);
	key_update_lamp(key);
}

/* A lamp that nobody keeps is dark rather than wrong. */
static void on_lost(struct subscriber *subscriber, unsigned status, struct slice reason)
{
	struct phone_key *key = subscriber->owner;

	timer_stop(key->phone->stack.timers, &key->ask);
	dialog_set_clear(&key->watch.set);
	key_update_lamp(key);
	if (status > 0)
		(void)phone_fail(key->phone, ERR_DENIED, "key %u: %.*s cannot be watched: %u %.*s",
				 key->config.number, SLICE_ARGS(key->target), status,
				 SLICE_ARGS(sip_status_reason(status)));
	else
		(void)phone_fail(
			key->phone, ERR_DENIED, "key %u: %.*s is no longer watched: %.*s",
			key->config.number, SLICE_ARGS(key->target),
			SLICE_ARGS(slice_is_empty(reason) ? SLICE("no reason given") : reason));
}

static void on_stopped(struct subscriber *subscriber)
{
	struct phone_key *key = subscriber->owner;

	subscriber_end(subscriber);
	key->subscriber = HANDLE_NONE;
	timer_stop(key->phone->stack.timers, &key->ask);
	dialog_set_clear(&key->watch.set);
	key_update_lamp(key);
}

static const struct subscriber_ops subscriber_ops = { on_new, on_notify, on_lost, on_stopped };

static int key_start(struct phone_key *key)
{
	struct phone *phone = key->phone;
	char text[SIP_URI_MAX_BYTES + 2];
	struct buf remote = BUF_ON(text);
	struct subscriber *subscriber;
	int err;

	buf_char(&remote, '<');
	buf_slice(&remote, key->target);
	buf_char(&remote, '>');
	err = subscriber_new(&phone->stack,
			     &(struct subscriber_spec){ .dialog = { .local = phone->local,
								    .remote = buf_text(&remote),
								    .target = key->target,
								    .contact = phone->contact,
								    .flow = phone->config.server },
							.event = EVENT,
							.accept = ACCEPT,
							.expires_s = phone->config.expires_s,
							.account = &phone->account },
			     &subscriber_ops, key, &subscriber);
	if (err)
		return err;
	key->subscriber = subscriber->pooled.handle;
	subscriber_start(subscriber);
	return 0;
}

void phone_keys_start(struct phone *phone)
{
	for (size_t i = 0; i < phone->key_count; i++) {
		struct phone_key *key = &phone->keys[i];
		struct subscriber *subscriber = key_subscriber(key);
		int err = 0;

		if (key->config.kind != PHONE_KEY_BLF)
			continue;
		if (subscriber)
			subscriber_start(subscriber);
		else
			err = key_start(key);
		if (err)
			(void)phone_fail(phone, err, "key %u cannot be watched: %s",
					 key->config.number, err_text(err));
	}
}

void phone_keys_stop(struct phone *phone)
{
	for (size_t i = 0; i < phone->key_count; i++) {
		struct subscriber *subscriber = key_subscriber(&phone->keys[i]);

		if (subscriber)
			subscriber_stop(subscriber);
	}
}

/* What was told on it in the meantime is lost; asking is bounded as for any other gap. */
void phone_keys_on_connection_lost(struct phone *phone, struct handle conn)
{
	for (size_t i = 0; i < phone->key_count; i++) {
		struct subscriber *subscriber = key_subscriber(&phone->keys[i]);

		if (!subscriber)
			continue;
		subscriber_on_connection_lost(subscriber, conn);
		key_want_full_state(&phone->keys[i]);
	}
}

/* --- Life --------------------------------------------------------------------------------- */

static int key_init(struct phone *phone, const struct phone_key_config *config)
{
	struct phone_key *key = &phone->keys[phone->key_count];
	char text[SIP_URI_MAX_BYTES];
	struct buf uri = BUF_ON(text);
	int err;

	if (phone->key_count == PHONE_KEYS_MAX)
		return ERR_LIMIT;
	if (phone_key_find(phone, config->number))
		return ERR_EXISTS;
	*key = (struct phone_key){ .config = *config, .phone = phone, .state = DIALOG_TERMINATED };
	err = phone_print_uri(phone, config->target, &uri);
	if (!err)
		err = slice_keep(buf_text(&uri), &key->target);
	if (!err)
		phone->key_count++;
	return err;
}

int phone_keys_init(struct phone *phone, const struct phone_config *config)
{
	int err = 0;

	for (size_t i = 0; i < config->key_count && !err; i++)
		err = key_init(phone, &config->keys[i]);
	return err;
}

void phone_keys_fini(struct phone *phone)
{
	for (size_t i = 0; i < phone->key_count; i++) {
		timer_stop(phone->stack.timers, &phone->keys[i].ask);
		dialog_set_clear(&phone->keys[i].watch.set);
		mem_free((char *)phone->keys[i].target.p);
	}
	phone->key_count = 0;
}

/* --- Pressing ----------------------------------------------------------------------------- */

/* The first dialog of that lamp that can be taken. */
static int key_choose(const struct phone_key *key, enum lamp lamp, struct slice code_number,
		      struct phone_pickup *ret_pickup)
{
	const struct watch *watch = &key->watch;

	for (size_t i = 0; i < watch->set.count; i++) {
		const struct dialog_entry *entry = &watch->set.dialogs[i]->entry;

		if (watch_dialog_lamp(watch, entry) == lamp &&
		    phone_pickup_choose(entry, key->phone->config.pickup, code_number,
					ret_pickup) == 0)
			return 0;
	}
	return ERR_NOTFOUND;
}

/* The code with the watched number behind it, at our own server. */
static void print_code_number(const struct phone_key *key, struct buf *buf)
{
	struct slice code = key->phone->config.pickup_code;
	struct sip_uri uri;

	if (slice_is_empty(code) || sip_uri_parse(key->target, &uri))
		return;
	buf_slice(buf, code);
	if (uri_unescape(buf, uri.user))
		buf->n = 0;
}

static int key_pick_up(struct phone_key *key, enum lamp lamp)
{
	char text[SIP_URI_MAX_BYTES];
	struct buf code_number = BUF_ON(text);
	struct phone_pickup pickup;
	int err;

	print_code_number(key, &code_number);
	err = key_choose(key, lamp, buf_text(&code_number), &pickup);
	if (err)
		return phone_fail(key->phone, err,
				  "key %u: the server offers no such pick-up; a pick-up code "
				  "could be configured",
				  key->config.number);
	return phone_call_start(key->phone, pickup.target, &pickup);
}

static int key_press_while_talking(struct phone_key *key)
{
	switch (key->config.talking) {
	case PHONE_TALKING_CALLS:
		return phone_dial(key->phone, key->target);
	case PHONE_TALKING_PICKS_UP:
		return key_pick_up(key, LAMP_STEADY);
	case PHONE_TALKING_NOTHING:
		return 0;
	}
	return 0;
}

int phone_press(struct phone *phone, unsigned number)
{
	struct phone_key *key = phone_key_find(phone, number);

	if (!key)
		return phone_fail(phone, ERR_NOTFOUND, "there is no key %u", number);
	if (key->config.kind == PHONE_KEY_SPEED)
		return phone_dial(phone, key->target);
	switch (watch_lamp(&key->watch)) {
	case LAMP_OFF:
		return phone_dial(phone, key->target);
	case LAMP_FLASH:
		return key_pick_up(key, LAMP_FLASH);
	case LAMP_STEADY:
		return key_press_while_talking(key);
	}
	return 0;
}

/* --- The calls screen --------------------------------------------------------------------- */

#define ROWS_MAX (PHONE_CALLS_MAX + PHONE_KEYS_MAX * DIALOG_INFO_MAX)

static struct phone_row row_of_call(struct phone_call *call)
{
	const struct session *session = session_find(&call->phone->stack, call->session);

	return (struct phone_row){ .call = call->number,
				   .state = phone_call_state_name(call->state),
				   .remote = call->remote,
				   .local = call->phone->aor,
				   .is_outgoing = session && session->is_uac,
				   .is_held = call->is_held_by_peer };
}

static size_t rows_of_calls(struct phone *phone, struct phone_row *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < PHONE_CALLS_MAX; i++)
		if (phone->calls[i].state != PHONE_CALL_FREE)
			rows[n++] = row_of_call(&phone->calls[i]);
	return n;
}

/* Only what has a name is shown: without <local> and <remote> there is just the lamp. */
static size_t rows_of_key(const struct phone_key *key, struct phone_row *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < key->watch.set.count; i++) {
		const struct dialog_entry *entry = &key->watch.set.dialogs[i]->entry;

		if (watch_dialog_lamp(&key->watch, entry) != LAMP_FLASH ||
		    slice_is_empty(party_uri(&entry->remote)))
			continue;
		rows[n++] = (struct phone_row){ .key = key->config.number,
						.state = dialog_state_name(entry->state),
						.remote = party_uri(&entry->remote),
						.local = slice_is_empty(party_uri(&entry->local))
								 ? key->target
								 : party_uri(&entry->local) };
	}
	return n;
}

void phone_show_calls(struct phone *phone)
{
	struct phone_row rows[ROWS_MAX];
	size_t n = rows_of_calls(phone, rows);

	for (size_t i = 0; i < phone->key_count; i++)
		n += rows_of_key(&phone->keys[i], rows + n);
	phone_emit(phone,
		   &(struct phone_event){ .kind = PHONE_CALLS, .rows = rows, .row_count = n });
}
