/* SPDX-License-Identifier: MIT */
/*
 * The part of the configuration about extensions: the map of them, and the defaults for what they
 * leave out.
 */
#include "base/err.h"
#include "conf/conf_reader.h"
#include "sip/limits.h"

#define NAME_MAX_BYTES 128
#define PASSWORD_MAX_BYTES 128
#define GROUP_MAX_BYTES 64
#define MAX_CALLS_MAX 1000
#define HOLD_REMINDER_MIN_S 10
#define HOLD_REMINDER_MAX_S 3600

#define EXPECTED_VISIBILITY CONF_EXPECTED_VISIBILITY ", or a map, such as {default: busy}"
#define EXPECTED_PICKUP "one of none, same-group, all"
#define EXPECTED_FORWARD "a map, such as {busy: \"301\", no-answer: {to: \"302\", after: 20}}"
#define EXPECTED_MAX_CALLS "a number of calls, such as 2; 0 for no limit"
#define EXPECTED_NUMBERS "a list of extensions, such as [\"202\", \"203\"]"
#define EXPECTED_KEYS "a list of extensions and orbits, such as [\"202\", \"*851\"]"
#define EXPECTED_PROFILE "auto, or the make of the phone, such as snom"
#define EXPECTED_SOURCE "one of own, forward, published"
#define EXPECTED_BARGE_IN "no or same-group"
#define EXPECTED_YES "yes or no"
#define EXPECTED_HOLD_REMINDER "seconds, such as 60, or no"
#define EXPECTED_GROUP "the name of a group, such as sales"

/* By enum pickup_right and enum barge_in_right. */
static const struct slice pickup_words[] = { SLICE_INIT("none"), SLICE_INIT("same-group"),
					     SLICE_INIT("all") };
static const struct slice barge_in_words[] = { SLICE_INIT("no"), SLICE_INIT("same-group") };

static int take_pickup(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct extension *extension = object;
	size_t i;

	if (conf_read_word(reader, value, pickup_words, ARRAY_LEN(pickup_words), &i))
		extension->pickup = (enum pickup_right)i;
	return 0;
}

static int take_name(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct extension *extension = object;

	if (conf_check_text(reader, value, NAME_MAX_BYTES))
		extension->name = value->text;
	return 0;
}

static int take_password(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct extension *extension = object;

	if (value->text.n == 0)
		conf_tell_value(&reader->teller, value,
				"the password is empty, and an extension without a password could "
				"be taken by anyone; choose one");
	else if (conf_check_text(reader, value, PASSWORD_MAX_BYTES))
		extension->password = value->text;
	return 0;
}

static int take_group(struct conf_reader *reader, const struct conf_node *text, void *object)
{
	struct extension *extension = object;

	if (text->text.n == 0) {
		conf_tell_value(&reader->teller, text, "the name is empty; expected %s",
				EXPECTED_GROUP);
		return 0;
	}
	if (!conf_check_text(reader, text, GROUP_MAX_BYTES))
		return 0;
	for (size_t i = 0; i < extension->group_count; i++) {
		if (slice_eq(extension->groups[i], text->text)) {
			conf_tell_value(&reader->teller, text,
					"the group '%s' is named twice; remove one of them",
					conf_quote(text->text).text);
			return 0;
		}
	}
	if (extension->group_count == DIRECTORY_GROUPS_MAX) {
		conf_tell_value(&reader->teller, text,
				"an extension can be in %d groups; remove this one",
				DIRECTORY_GROUPS_MAX);
		return 0;
	}
	extension->groups[extension->group_count++] = text->text;
	return 0;
}

static int take_groups(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	return conf_read_texts(reader, value, EXPECTED_GROUP, take_group, object);
}

static int take_forward(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	struct extension *extension = object;

	return conf_take_forward(reader, map, &extension->forward);
}

static int take_max_calls(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct extension *extension = object;

	(void)conf_read_count(reader, value, 0, MAX_CALLS_MAX, &extension->max_calls);
	return 0;
}

/* --- What becomes of its calls ------------------------------------------------------------ */

static int take_refer(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct extension *extension = object;

	conf_read_refer(reader, value, &extension->refer);
	return 0;
}

static int take_barge_in(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct extension *extension = object;
	size_t i;

	if (conf_read_word(reader, value, barge_in_words, ARRAY_LEN(barge_in_words), &i))
		extension->barge_in = (enum barge_in_right)i;
	return 0;
}

static int take_trunk_to_trunk(struct conf_reader *reader, const struct conf_node *value,
			       void *object)
{
	(void)conf_read_yes(reader, value, &((struct extension *)object)->may_join_trunks);
	return 0;
}

static int take_click_to_dial(struct conf_reader *reader, const struct conf_node *value,
			      void *object)
{
	(void)conf_read_yes(reader, value, &((struct extension *)object)->may_refer_out);
	return 0;
}

static int take_hold_reminder(struct conf_reader *reader, const struct conf_node *value,
			      void *object)
{
	struct extension *extension = object;

	if (slice_eq(value->text, SLICE("no")))
		extension->hold_reminder_s = 0;
	else
		(void)conf_read_seconds_or_0(reader, value, HOLD_REMINDER_MIN_S,
					     HOLD_REMINDER_MAX_S, &extension->hold_reminder_s);
	return 0;
}

/* Of an extension only; `defaults` may have all that follow them. */
#define OWN_KEYS 4

static const struct conf_key extension_keys[] = {
	{ SLICE_INIT("name"), CONF_TEXT, "the name of a person or place, such as Alice",
	  take_name },
	{ SLICE_INIT("password"), CONF_TEXT,
	  "a password: an extension without a password could be taken by anyone", take_password },
	{ SLICE_INIT("groups"), CONF_LIST, "a list of group names, such as [sales, office]",
	  take_groups },
	{ SLICE_INIT("forward"), CONF_MAP, EXPECTED_FORWARD, take_forward },
	{ SLICE_INIT("visibility"), CONF_TEXT | CONF_MAP, EXPECTED_VISIBILITY,
	  conf_take_visibility },
	{ SLICE_INIT("pickup"), CONF_TEXT, EXPECTED_PICKUP, take_pickup },
	{ SLICE_INIT("max-calls"), CONF_TEXT, EXPECTED_MAX_CALLS, take_max_calls },
	{ SLICE_INIT("notify"), CONF_LIST, EXPECTED_NUMBERS, conf_take_notify },
	{ SLICE_INIT("keys"), CONF_LIST, EXPECTED_KEYS, conf_take_keys },
	{ SLICE_INIT("profile"), CONF_TEXT, EXPECTED_PROFILE, conf_take_profile },
	{ SLICE_INIT("lamps"), CONF_TEXT, EXPECTED_SOURCE, conf_take_lamp_source },
	{ SLICE_INIT("refer"), CONF_TEXT, CONF_EXPECTED_REFER, take_refer },
	{ SLICE_INIT("barge-in"), CONF_TEXT, EXPECTED_BARGE_IN, take_barge_in },
	{ SLICE_INIT("trunk-to-trunk"), CONF_TEXT, EXPECTED_YES, take_trunk_to_trunk },
	{ SLICE_INIT("click-to-dial"), CONF_TEXT, EXPECTED_YES, take_click_to_dial },
	{ SLICE_INIT("hold-reminder"), CONF_TEXT, EXPECTED_HOLD_REMINDER, take_hold_reminder },
};

static int take_extension(struct conf_reader *reader, const struct conf_node *map)
{
	struct extension extension = reader->defaults;
	bool is_good = conf_check_number(reader, map, map->key->text, "extension") &&
		       conf_check_hidden(reader, map, map->key->text);
	int err;

	if (!conf_check_kind(
		    reader, map, CONF_MAP,
		    "a map with a password at least, such as {name: Alice, password: ...}"))
		return 0;
	err = conf_read_map(reader, map, extension_keys, ARRAY_LEN(extension_keys), &extension);
	if (err)
		return err;
	if (!conf_find(map, SLICE("password")))
		conf_tell_missing(&reader->teller, map, SLICE("password"),
				  "missing, and an extension without a password could be taken by "
				  "anyone; add one");
	if (directory_find_group(reader->directory, map->key->text)) {
		conf_tell_key(&reader->teller, map, "a group has this number too; change one");
		return 0;
	}
	if (!is_good)
		return 0;
	extension.number = map->key->text;
	err = directory_add_extension(reader->directory, &extension);
	return err == ERR_EXISTS ? 0 : err; /* told as a key that is given twice */
}

int conf_take_extensions(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	int err = conf_check_keys(reader, map);

	(void)object;
	if (!map->first)
		conf_tell_value(&reader->teller, map,
				"there are no extensions; add one, such as \"201\": {name: Alice, "
				"password: ...}");
	for (const struct conf_node *node = map->first; node && !err; node = node->next)
		if (node->key->kind == CONF_TEXT)
			err = take_extension(reader, node);
	return err;
}

bool conf_is_default_key(struct slice key)
{
	for (size_t i = OWN_KEYS; i < ARRAY_LEN(extension_keys); i++)
		if (slice_eq(key, extension_keys[i].name))
			return true;
	return false;
}

int conf_take_defaults(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	struct directory *directory = reader->directory;
	int err = conf_read_map(reader, map, extension_keys + OWN_KEYS,
				ARRAY_LEN(extension_keys) - OWN_KEYS, &reader->defaults);

	(void)object;
	/* A trunk's word comes between the extension's and this one. */
	if (reader->defaults.refer != REFER_UNSAID)
		directory->refer = reader->defaults.refer;
	reader->defaults.refer = REFER_UNSAID;
	return err;
}
