/* SPDX-License-Identifier: MIT */
/*
 * The parts of the configuration that say where calls go: groups, and the forwards that extensions
 * and groups have alike.
 */
#include "base/err.h"
#include "conf/conf_reader.h"
#include "pbx/route.h"
#include "sip/limits.h"

#define RING_MIN_S 5
#define RING_MAX_S 600
#define RING_DEFAULT_S 20

#define EXPECTED_FORWARD "a map, such as {busy: \"301\", no-answer: {to: \"302\", after: 20}}"
#define EXPECTED_TO "a number in quotes, such as \"302\""

/* --- Numbers ------------------------------------------------------------------------------ */

static bool tell_code(const struct conf_reader *reader, const struct conf_node *node,
		      struct slice number, struct slice code, const char *what)
{
	if (slice_is_empty(code) || !slice_eq(number, code))
		return false;
	conf_tell_key(&reader->teller, node,
		      "this number is the %s code too; choose another number or another code",
		      what);
	return true;
}

bool conf_check_number(const struct conf_reader *reader, const struct conf_node *node,
		       struct slice number, const char *what)
{
	const struct directory *directory = reader->directory;

	if (!conf_is_number(number) || number.n > SIP_USER_MAX_BYTES) {
		conf_tell_key(&reader->teller, node,
			      "'%s' is no %s number; use 1 to %d of letters, digits and + - . _",
			      conf_quote(number).text, what, SIP_USER_MAX_BYTES);
		return false;
	}
	if (slice_starts_with(number, SLICE("keys-"))) {
		conf_tell_key(&reader->teller, node,
			      "'%s' would be the address of a list of keys; choose a number that "
			      "does not begin with keys-",
			      conf_quote(number).text);
		return false;
	}
	if (tell_code(reader, node, number, directory->group_pickup_code, "group-pickup") ||
	    tell_code(reader, node, number, directory->dnd_on_code, "dnd-on") ||
	    tell_code(reader, node, number, directory->dnd_off_code, "dnd-off") ||
	    !conf_check_park(reader, node, number))
		return false;
	for (size_t i = 0; i < directory->pickup_code_count; i++) {
		struct slice code = directory->pickup_codes[i];

		if (!slice_starts_with(number, code))
			continue;
		conf_tell_key(&reader->teller, node,
			      "the number begins with the pick-up code '%s', so that a call to it "
			      "would be a pick-up; choose another number or another code",
			      conf_quote(code).text);
		return false;
	}
	return true;
}

/* --- Forwards ----------------------------------------------------------------------------- */

/* Whether the number exists is known only when all is read: conf_check_forwards(). */
static void take_to(const struct conf_reader *reader, const struct conf_node *value,
		    struct slice *ret_number)
{
	if (value->text.n == 0 || value->text.n > SIP_USER_MAX_BYTES)
		conf_tell_value(&reader->teller, value, "expected %s", EXPECTED_TO);
	else
		*ret_number = value->text;
}

static int take_always(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct forward *forward = object;

	take_to(reader, value, &forward->to[FORWARD_ALWAYS]);
	return 0;
}

static int take_busy(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct forward *forward = object;

	take_to(reader, value, &forward->to[FORWARD_BUSY]);
	return 0;
}

static int take_unregistered(struct conf_reader *reader, const struct conf_node *value,
			     void *object)
{
	struct forward *forward = object;

	take_to(reader, value, &forward->to[FORWARD_UNREGISTERED]);
	return 0;
}

static int take_no_answer_to(struct conf_reader *reader, const struct conf_node *value,
			     void *object)
{
	struct forward *forward = object;

	take_to(reader, value, &forward->to[FORWARD_NO_ANSWER]);
	return 0;
}

static int take_after(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct forward *forward = object;

	(void)conf_read_seconds(reader, value, RING_MIN_S, RING_MAX_S, &forward->after_s);
	return 0;
}

static int take_no_answer(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	static const struct conf_key keys[] = {
		{ SLICE_INIT("to"), CONF_TEXT, EXPECTED_TO, take_no_answer_to },
		{ SLICE_INIT("after"), CONF_TEXT, "seconds, such as 20", take_after },
	};

	if (value->kind == CONF_TEXT)
		return take_no_answer_to(reader, value, object);
	if (!conf_find(value, SLICE("to")))
		conf_tell_missing(&reader->teller, value, SLICE("to"),
				  "missing; add where the calls go, such as to: \"302\"");
	return conf_read_map(reader, value, keys, ARRAY_LEN(keys), object);
}

static const struct conf_key forward_keys[] = {
	{ SLICE_INIT("always"), CONF_TEXT, EXPECTED_TO, take_always },
	{ SLICE_INIT("busy"), CONF_TEXT, EXPECTED_TO, take_busy },
	{ SLICE_INIT("no-answer"), CONF_TEXT | CONF_MAP,
	  "a number in quotes or a map, such as {to: \"302\", after: 20}", take_no_answer },
	{ SLICE_INIT("unregistered"), CONF_TEXT, EXPECTED_TO, take_unregistered },
};

int conf_take_forward(struct conf_reader *reader, const struct conf_node *map,
		      struct forward *forward)
{
	forward->after_s = RING_DEFAULT_S;
	return conf_read_map(reader, map, forward_keys, ARRAY_LEN(forward_keys), forward);
}

static void check_to(const struct conf_reader *reader, const struct conf_node *value,
		     struct slice own)
{
	const struct directory *directory = reader->directory;
	struct destination to;
	bool is_denied;

	if (value->kind == CONF_MAP)
		value = conf_find(value, SLICE("to"));
	if (!value)
		return;
	if (value->kind != CONF_TEXT || value->text.n == 0)
		return;
	to = route_find_for(directory, value->text, directory_find(directory, own), &is_denied);
	if (slice_eq(value->text, own))
		conf_tell_value(&reader->teller, value,
				"'%s' is forwarded to itself; choose another number",
				conf_quote(own).text);
	else if (is_denied)
		conf_tell_value(&reader->teller, value,
				"the route for '%s' is not for '%s'; name it there, or choose "
				"another number",
				conf_quote(value->text).text, conf_quote(own).text);
	else if (destination_is_emergency(&to))
		conf_tell_value(&reader->teller, value,
				"'%s' has an emergency route, and whoever calls here would be put "
				"through to it; choose another number",
				conf_quote(value->text).text);
	else if (to.kind == DESTINATION_NONE)
		conf_tell_value(&reader->teller, value,
				"there is no extension, no group and no route for the number '%s'; "
				"add one, or choose a number that exists",
				conf_quote(value->text).text);
}

static void check_owner(const struct conf_reader *reader, const struct conf_node *owner,
			struct slice number)
{
	const struct conf_node *forward =
		owner->kind == CONF_MAP ? conf_find(owner, SLICE("forward")) : NULL;

	if (!forward || forward->kind != CONF_MAP)
		return;
	for (size_t i = 0; i < ARRAY_LEN(forward_keys); i++) {
		const struct conf_node *value = conf_find(forward, forward_keys[i].name);

		if (value)
			check_to(reader, value, number);
	}
}

void conf_check_forwards(const struct conf_reader *reader, const struct conf_node *root)
{
	const struct conf_node *extensions = conf_find(root, SLICE("extensions"));
	const struct conf_node *groups = conf_find(root, SLICE("groups"));

	if (groups && groups->kind == CONF_MAP)
		for (const struct conf_node *node = groups->first; node; node = node->next) {
			const struct conf_node *number =
				node->kind == CONF_MAP ? conf_find(node, SLICE("number")) : NULL;

			check_owner(reader, node, number ? number->text : SLICE_NONE);
		}
	if (extensions && extensions->kind == CONF_MAP)
		for (const struct conf_node *node = extensions->first; node; node = node->next)
			check_owner(reader, node, node->key->text);
}

/* --- Groups ------------------------------------------------------------------------------- */

static int take_number(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct group *group = object;

	if (conf_check_number(reader, value, value->text, "group"))
		group->number = value->text;
	return 0;
}

static int take_ring(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	static const struct slice words[] = {
		[GROUP_ALL] = SLICE_INIT("all"), [GROUP_IN_TURN] = SLICE_INIT("in-turn")
	};
	struct group *group = object;
	size_t i;

	if (conf_read_word(reader, value, words, ARRAY_LEN(words), &i))
		group->ring = (enum group_ring)i;
	return 0;
}

static int take_time(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct group *group = object;

	(void)conf_read_seconds(reader, value, RING_MIN_S, RING_MAX_S, &group->member_s);
	return 0;
}

static int take_group_forward(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	struct group *group = object;

	return conf_take_forward(reader, map, &group->forward);
}

static const struct conf_key group_keys[] = {
	{ SLICE_INIT("number"), CONF_TEXT, "a number in quotes, such as \"600\"", take_number },
	{ SLICE_INIT("ring"), CONF_TEXT, "all or in-turn", take_ring },
	{ SLICE_INIT("time"), CONF_TEXT, "seconds, such as 20", take_time },
	{ SLICE_INIT("forward"), CONF_MAP, EXPECTED_FORWARD, take_group_forward },
};

static int take_group(struct conf_reader *reader, const struct conf_node *map)
{
	struct group group = { .name = map->key->text, .member_s = RING_DEFAULT_S };
	int err;

	if (!conf_check_kind(reader, map, CONF_MAP,
			     "a map with a number at least, such as {number: \"600\", ring: all}"))
		return 0;
	err = conf_read_map(reader, map, group_keys, ARRAY_LEN(group_keys), &group);
	if (err)
		return err;
	if (!conf_find(map, SLICE("number")))
		conf_tell_missing(&reader->teller, map, SLICE("number"),
				  "missing; add what is dialled for the group, such as \"600\" (a "
				  "group that only picks up calls for each other needs no entry "
				  "here)");
	if (slice_is_empty(group.number))
		return 0;
	err = directory_add_group(reader->directory, &group);
	if (err == ERR_EXISTS && directory_find_group(reader->directory, group.number))
		conf_tell_value(&reader->teller, map,
				"another group has the number '%s'; change one",
				conf_quote(group.number).text);
	return err == ERR_EXISTS ? 0 : err; /* a name given twice is told as a key */
}

int conf_take_groups(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	int err = conf_check_keys(reader, map);

	(void)object;
	for (const struct conf_node *node = map->first; node && !err; node = node->next)
		if (node->key->kind == CONF_TEXT)
			err = take_group(reader, node);
	return err;
}
