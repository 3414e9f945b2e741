/* SPDX-License-Identifier: MIT */
/*
 * The part of the configuration about the server as a process: where it is looked into, where it
 * writes the records of calls, and how much of everything there may be.
 */
#include "conf/conf_reader.h"

#include "base/err.h"

#define CTL_PATH_MAX_BYTES 107 /* unix(7): what a socket's name has room for */
#define FILE_PATH_MAX_BYTES 1023
#define CALLS_MAX 65536
#define ENTRIES_MAX 1000000
#define STRANGERS_MAX_PER_S 100000

/* Paths have to be text without controls: they go to the log and to the greeting. */
static bool check_path(const struct conf_reader *reader, const struct conf_node *value,
		       size_t max_bytes)
{
	if (value->text.n == 0) {
		conf_tell_value(&reader->teller, value,
				"the path is empty; name a file, or remove the key");
		return false;
	}
	return conf_check_text(reader, value, max_bytes);
}

int conf_take_ctl(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)object;
	if (slice_eq(value->text, SLICE("off"))) {
		reader->directory->is_ctl_off = true;
		return 0;
	}
	if (!check_path(reader, value, CTL_PATH_MAX_BYTES))
		return 0;
	return directory_set_ctl(reader->directory, value->text);
}

int conf_take_records(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)object;
	if (!check_path(reader, value, FILE_PATH_MAX_BYTES))
		return 0;
	return directory_set_records(reader->directory, value->text);
}

/* --- limits ------------------------------------------------------------------------------- */

static int take_max_calls(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)object;
	(void)conf_read_count(reader, value, 1, CALLS_MAX, &reader->directory->limits.calls);
	return 0;
}

static int take_max_registrations(struct conf_reader *reader, const struct conf_node *value,
				  void *object)
{
	(void)object;
	(void)conf_read_count(reader, value, 1, ENTRIES_MAX,
			      &reader->directory->limits.registrations);
	return 0;
}

static int take_max_subscriptions(struct conf_reader *reader, const struct conf_node *value,
				  void *object)
{
	(void)object;
	(void)conf_read_count(reader, value, 1, ENTRIES_MAX,
			      &reader->directory->limits.subscriptions);
	return 0;
}

static int take_max_subscriptions_each(struct conf_reader *reader, const struct conf_node *value,
				       void *object)
{
	(void)object;
	(void)conf_read_count(reader, value, 1, ENTRIES_MAX,
			      &reader->directory->limits.subscriptions_each);
	return 0;
}

static int take_max_transactions(struct conf_reader *reader, const struct conf_node *value,
				 void *object)
{
	(void)object;
	(void)conf_read_count(reader, value, 100, ENTRIES_MAX,
			      &reader->directory->limits.transactions);
	return 0;
}

static int take_strangers(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	uint32_t *per_s = &reader->directory->limits.strangers_per_s, given;

	(void)object;
	if (slice_eq(value->text, SLICE("off"))) {
		*per_s = 0;
		return 0;
	}
	if (slice_to_u32(value->text, STRANGERS_MAX_PER_S, &given) || given == 0)
		conf_tell_value(&reader->teller, value,
				"'%s' does not fit; expected a whole number from 1 to %d, or off "
				"for no limit",
				conf_quote(value->text).text, STRANGERS_MAX_PER_S);
	else
		*per_s = given;
	return 0;
}

int conf_take_limits(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	static const struct conf_key keys[] = {
		{ SLICE_INIT("calls"), CONF_TEXT, "a number, such as 500", take_max_calls },
		{ SLICE_INIT("registrations"), CONF_TEXT, "a number, such as 5000",
		  take_max_registrations },
		{ SLICE_INIT("subscriptions"), CONF_TEXT, "a number, such as 20000",
		  take_max_subscriptions },
		{ SLICE_INIT("subscriptions-each"), CONF_TEXT, "a number, such as 1000",
		  take_max_subscriptions_each },
		{ SLICE_INIT("transactions"), CONF_TEXT, "a number, such as 20000",
		  take_max_transactions },
		{ SLICE_INIT("strangers"), CONF_TEXT, "a number of requests per second, or off",
		  take_strangers },
	};

	return conf_read_map(reader, map, keys, ARRAY_LEN(keys), object);
}
