/* SPDX-License-Identifier: MIT */
/*
 * Function keys: what there is of them, what their lamps show, and what a press does. Where the
 * lamps come from is key_watch.c, key_unasked.c and list.c.
 */
#include "base/err.h"
#include "base/mem.h"
#include "phone/phone_inner.h"

struct phone_key *phone_key_find(struct phone *phone, unsigned number)
{
	for (size_t i = 0; i < phone->key_count; i++)
		if (phone->keys[i] && phone->keys[i]->config.number == number)
			return phone->keys[i];
	return NULL;
}

bool phone_key_has_lamp(const struct phone_key *key)
{
	return key->config.kind == PHONE_KEY_BLF || key->config.kind == PHONE_KEY_PARK;
}

/* --- Lamps -------------------------------------------------------------------------------- */

struct slice phone_party_uri(const struct dialog_party *party)
{
	return slice_is_empty(party->identity) ? party->target : party->identity;
}

bool phone_key_set_text(struct slice *field, struct slice text)
{
	struct slice copy = SLICE_NONE;

	if (slice_eq(*field, text))
		return false;
	if (slice_keep(text, &copy))
		copy = SLICE_NONE;
	mem_free((char *)field->p);
	*field = copy;
	return true;
}

static void key_emit_lamp(struct phone_key *key)
{
	const struct dialog_entry *entry = watch_decider(&key->watch);
	struct phone_event event = { .kind = PHONE_LAMP,
				     .key = key->config.number,
				     .entity = key->target,
				     .display = key->name,
				     .lamp = key->lamp,
				     .state = dialog_state_name(key->state),
				     .text = key->status };

	if (entry)
		event.remote = phone_party_uri(&entry->remote);
	phone_emit(key->phone, &event);
}

void phone_key_update(struct phone_key *key)
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
		if (phone->keys[i] && phone_key_has_lamp(phone->keys[i]))
			key_emit_lamp(phone->keys[i]);
}

/* --- Life --------------------------------------------------------------------------------- */

/* A free place, or NULL. */
static struct phone_key **key_place(struct phone *phone)
{
	for (size_t i = 0; i < phone->key_count; i++)
		if (!phone->keys[i])
			return &phone->keys[i];
	return phone->key_count < PHONE_KEYS_MAX ? &phone->keys[phone->key_count++] : NULL;
}

static void on_ask(void *user)
{
	struct phone_key *key = user;

	dialog_set_on_asked(&key->watch.set);
}

static int key_new(struct phone *phone, const struct phone_key_config *config, struct slice uri,
		   struct phone_key **ret_key)
{
	struct phone_key *key = mem_alloc(sizeof(*key));
	struct slice target;

	if (!key || slice_keep(uri, &target)) {
		mem_free(key);
		return ERR_NOMEM;
	}
	*key = (struct phone_key){ .config = *config,
				   .phone = phone,
				   .target = target,
				   .watch = { .profile = phone->config.profile },
				   .feed = { .phone = phone,
					     .target = target,
					     .is_presence = phone->config.profile->asks_presence,
					     .on_ask = on_ask,
					     .user = key },
				   .state = DIALOG_TERMINATED };
	*ret_key = key;
	return 0;
}

int phone_key_add(struct phone *phone, const struct phone_key_config *config, struct slice uri,
		  struct phone_key **ret_key)
{
	struct phone_key **place;
	int err;

	if (phone_key_find(phone, config->number))
		return ERR_EXISTS;
	place = key_place(phone);
	if (!place)
		return ERR_LIMIT;
	*place = NULL;
	err = key_new(phone, config, uri, place);
	if (!err)
		*ret_key = *place;
	return err;
}

static void key_free(struct phone_key *key)
{
	feed_end(&key->feed);
	phone_unasked_end(key);
	dialog_set_clear(&key->watch.set);
	mem_free((char *)key->target.p);
	mem_free((char *)key->name.p);
	mem_free((char *)key->status.p);
	mem_free((char *)key->instance.p);
	mem_free(key);
}

void phone_key_remove(struct phone *phone, size_t place)
{
	phone_key_forget(phone->keys[place], SLICE_NONE);
	key_free(phone->keys[place]);
	phone->keys[place] = NULL;
}

/* A number is given once, to a key or to a list. */
static bool is_number_taken(struct phone *phone, unsigned number)
{
	for (size_t i = 0; i < phone->list_count; i++)
		if (phone->lists[i].config.number == number)
			return true;
	return phone_key_find(phone, number) != NULL;
}

static int key_init(struct phone *phone, const struct phone_key_config *config)
{
	char text[SIP_URI_MAX_BYTES];
	struct buf uri = BUF_ON(text);
	struct phone_key *key;
	int err;

	if (is_number_taken(phone, config->number))
		return ERR_EXISTS;
	if (config->kind == PHONE_KEY_LIST)
		return phone_list_init(phone, config);
	err = phone_print_uri(phone, config->target, &uri);
	return err ? err : phone_key_add(phone, config, buf_text(&uri), &key);
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
	for (size_t i = 0; i < phone->key_count; i++)
		if (phone->keys[i])
			key_free(phone->keys[i]);
	phone->key_count = 0;
	phone_lists_fini(phone);
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
	return phone_call_start(
		key->phone, pickup.target,
		&(struct phone_invite){ .replaces = pickup.has_replaces ? &pickup.replaces : NULL,
					.party = pickup.caller,
					.party_display = pickup.caller_display });
}

static int key_dial(struct phone_key *key)
{
	return phone_call_start(key->phone, key->target,
				&(struct phone_invite){ .key = key->config.number });
}

/* While the watched one talks. */
static int key_press_steady(struct phone_key *key)
{
	switch (key->config.talking) {
	case PHONE_TALKING_CALLS:
		return key_dial(key);
	case PHONE_TALKING_PICKS_UP:
		return key_pick_up(key, LAMP_STEADY);
	case PHONE_TALKING_NOTHING:
		return 0;
	}
	return 0;
}

/* We talk with somebody. */
static bool is_talking(struct phone *phone)
{
	return phone_call_find(phone, 0, 1 << PHONE_CALL_TALKING) != NULL;
}

static bool has_held(const struct phone *phone)
{
	for (size_t i = 0; i < PHONE_CALLS_MAX; i++)
		if ((phone->calls[i].state == PHONE_CALL_TALKING ||
		     phone->calls[i].state == PHONE_CALL_HOLDING) &&
		    phone_call_is_to_be_held(&phone->calls[i]))
			return true;
	return false;
}

/* The consultation call that the key has begun while another one waits, or 0. */
static unsigned key_consulted(const struct phone_key *key)
{
	if (!has_held(key->phone))
		return 0;
	for (size_t i = 0; i < PHONE_CALLS_MAX; i++) {
		const struct phone_call *call = &key->phone->calls[i];

		if (call->key == key->config.number &&
		    (call->state == PHONE_CALL_RINGBACK || call->state == PHONE_CALL_TALKING) &&
		    !phone_call_is_to_be_held(call))
			return call->number;
	}
	return 0;
}

/* Puts the one we talk with on the place, else fetches who waits there. */
static int key_press_park(struct phone_key *key)
{
	return is_talking(key->phone) ? phone_transfer(key->phone, 0, key->target) : key_dial(key);
}

/* True when the press belongs to the transfer of a call. */
static bool key_press_transfers(struct phone_key *key, enum lamp lamp, int *ret_err)
{
	struct phone *phone = key->phone;
	bool is_attended = phone->config.key_transfer == PHONE_KEY_ATTENDED;
	unsigned consulted = is_attended ? key_consulted(key) : 0;

	/* Our own consultation call makes the lamp flash, too. */
	if (consulted > 0) {
		*ret_err = phone_transfer_attended(phone, 0, consulted);
		return true;
	}
	if (phone->config.key_transfer != PHONE_KEY_BLIND || lamp == LAMP_FLASH ||
	    !is_talking(phone))
		return false;
	*ret_err = phone_transfer(phone, 0, key->target);
	return true;
}

static int key_press(struct phone_key *key, enum lamp lamp)
{
	switch (lamp) {
	case LAMP_OFF:
		return key_dial(key);
	case LAMP_FLASH:
		return key_pick_up(key, LAMP_FLASH);
	case LAMP_STEADY:
		return key_press_steady(key);
	}
	return 0;
}

int phone_press(struct phone *phone, unsigned number)
{
	struct phone_key *key = phone_key_find(phone, number);
	enum lamp lamp;
	int err = 0;

	if (!key)
		return phone_fail(phone, ERR_NOTFOUND, "there is no key %u", number);
	if (key->config.kind == PHONE_KEY_PARK)
		return key_press_park(key);
	lamp = watch_lamp(&key->watch);
	return key_press_transfers(key, lamp, &err) ? err : key_press(key, lamp);
}
