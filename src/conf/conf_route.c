/* SPDX-License-Identifier: MIT */
/*
 * The part of the configuration about routes: which dialled numbers leave by which trunk, and who
 * may use them. Extensions and trunks have been read.
 */
#include "base/err.h"
#include "base/nearest.h"
#include "conf/conf_reader.h"
#include "sip/limits.h"

#define EXPECTED_MATCH                                                                             \
	"how the dialled numbers begin, such as \"0*\"; without the '*' it is the whole number"
#define EXPECTED_TRUNK "the name of a trunk, or a list of such names in the order of trying"

static void tell_shadow(const struct conf_reader *reader, const struct conf_node *value,
			const char *article, const char *noun)
{
	conf_tell_value(&reader->teller, value,
			"this is %s %s, and %ss come first: the route would never be used; remove "
			"it, or the %s",
			article, noun, noun, noun);
}

/* A number that means something else already would never leave, least of all in an emergency. */
static int take_match(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct route *route = object;

	if (!conf_read_match(reader, value, value->text, &route->match) || route->match.is_prefix)
		return 0;
	if (directory_find(reader->directory, route->match.text))
		tell_shadow(reader, value, "an", "extension");
	else if (directory_find_group(reader->directory, route->match.text))
		tell_shadow(reader, value, "a", "group");
	else if (park_orbit_of(&reader->directory->park, route->match.text) > 0)
		tell_shadow(reader, value, "an", "orbit");
	else if (conf_is_number(route->match.text))
		(void)conf_check_number(reader, value, route->match.text, "route");
	return 0;
}

/* It is there, and its own mistake has been told. */
static bool is_bad_trunk(const struct conf_node *text)
{
	const struct conf_node *root = text, *trunks;

	while (root->parent)
		root = root->parent;
	trunks = conf_find(root, SLICE("trunks"));
	return trunks && trunks->kind == CONF_MAP && conf_find(trunks, text->text);
}

static void tell_unknown_trunk(const struct conf_reader *reader, const struct conf_node *text)
{
	const struct dialplan *dialplan = &reader->directory->dialplan;
	struct slice names[TRUNKS_MAX], near;
	size_t count = 0;

	LIST_FOR (trunk, &dialplan->trunks, struct trunk_config, node)
		names[count++] = trunk->name;
	near = slice_nearest(text->text, names, count);
	if (near.n > 0)
		conf_tell_value(&reader->teller, text, "there is no trunk '%s'; did you mean '%s'?",
				conf_quote(text->text).text, conf_quote(near).text);
	else
		conf_tell_value(&reader->teller, text,
				"there is no trunk '%s'; add it under trunks, or name one that is "
				"there",
				conf_quote(text->text).text);
}

static int take_trunk_name(struct conf_reader *reader, const struct conf_node *text, void *object)
{
	struct route *route = object;
	const struct trunk_config *trunk =
		dialplan_find_trunk(&reader->directory->dialplan, text->text);

	if (!trunk) {
		if (!is_bad_trunk(text))
			tell_unknown_trunk(reader, text);
		return 0;
	}
	for (size_t i = 0; i < route->trunk_count; i++) {
		if (route->trunks[i] == trunk) {
			conf_tell_value(&reader->teller, text,
					"this trunk is named twice; remove one of them");
			return 0;
		}
	}
	if (route->trunk_count == ROUTE_TRUNKS_MAX)
		conf_tell_value(&reader->teller, text, "there can be %d trunks; remove this one",
				ROUTE_TRUNKS_MAX);
	else
		route->trunks[route->trunk_count++] = trunk;
	return 0;
}

static int take_trunk_names(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	if (value->kind == CONF_LIST && !value->first)
		conf_tell_value(&reader->teller, value, "the list is empty; name a trunk");
	return conf_read_texts(reader, value, EXPECTED_TRUNK, take_trunk_name, object);
}

static int take_strip(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct route *route = object;
	uint32_t strip;

	if (slice_to_u32(value->text, SIP_USER_MAX_BYTES, &strip))
		conf_tell_value(&reader->teller, value,
				"'%s' does not fit; expected how many of the first digits are left "
				"out, such as 1",
				conf_quote(value->text).text);
	else
		route->strip = strip;
	return 0;
}

static int take_prepend(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct route *route = object;

	if (!conf_is_number(value->text) || value->text.n > SIP_USER_MAX_BYTES)
		conf_tell_value(&reader->teller, value,
				"'%s' is no beginning of a number; use digits, letters and + - . _",
				conf_quote(value->text).text);
	else
		route->prepend = value->text;
	return 0;
}

static int take_emergency(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	(void)conf_read_yes(reader, value, &((struct route *)object)->is_emergency);
	return 0;
}

/* --- Who may ------------------------------------------------------------------------------ */

static int take_extension(struct conf_reader *reader, const struct conf_node *text, void *object)
{
	struct route *route = object;

	if (!directory_find(reader->directory, text->text))
		conf_tell_value(&reader->teller, text,
				"there is no extension '%s'; add it under extensions, or remove it "
				"here",
				conf_quote(text->text).text);
	else if (route->extension_count == ROUTE_ALLOWED_MAX)
		conf_tell_value(&reader->teller, text,
				"there can be %d extensions; name a group of them instead",
				ROUTE_ALLOWED_MAX);
	else
		route->extensions[route->extension_count++] = text->text;
	return 0;
}

static int take_extensions(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	return conf_read_texts(reader, value, "an extension, such as \"201\"", take_extension,
			       object);
}

static bool is_group_of_anybody(const struct directory *directory, struct slice group)
{
	const struct map_node *node = map_first(&directory->extensions);

	for (; node; node = map_next(&directory->extensions, node)) {
		const struct extension *extension = CONTAINER_OF(node, struct extension, node);

		for (size_t i = 0; i < extension->group_count; i++)
			if (slice_eq(extension->groups[i], group))
				return true;
	}
	return false;
}

static int take_group(struct conf_reader *reader, const struct conf_node *text, void *object)
{
	struct route *route = object;

	if (!is_group_of_anybody(reader->directory, text->text))
		conf_tell_value(
			&reader->teller, text,
			"no extension is in the group '%s'; name one that extensions are in",
			conf_quote(text->text).text);
	else if (route->group_count == ROUTE_ALLOWED_MAX)
		conf_tell_value(&reader->teller, text, "there can be %d groups; remove this one",
				ROUTE_ALLOWED_MAX);
	else
		route->groups[route->group_count++] = text->text;
	return 0;
}

static int take_groups(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	return conf_read_texts(reader, value, "the name of a group, such as sales", take_group,
			       object);
}

/* --- A route ------------------------------------------------------------------------------ */

static const struct conf_key route_keys[] = {
	{ SLICE_INIT("match"), CONF_TEXT, EXPECTED_MATCH, take_match },
	{ SLICE_INIT("trunk"), CONF_TEXT | CONF_LIST, EXPECTED_TRUNK, take_trunk_names },
	{ SLICE_INIT("strip"), CONF_TEXT, "how many of the first digits are left out, such as 1",
	  take_strip },
	{ SLICE_INIT("prepend"), CONF_TEXT, "what is put before the number, such as \"+49\"",
	  take_prepend },
	{ SLICE_INIT("emergency"), CONF_TEXT, "yes or no", take_emergency },
	{ SLICE_INIT("extensions"), CONF_TEXT | CONF_LIST,
	  "a list of extensions, such as [\"201\"]", take_extensions },
	{ SLICE_INIT("groups"), CONF_TEXT | CONF_LIST, "a list of group names, such as [sales]",
	  take_groups },
};

static void check_emergency(const struct conf_reader *reader, const struct conf_node *map,
			    const struct route *route)
{
	if (route->is_emergency && route->extension_count + route->group_count > 0)
		conf_tell_value(
			&reader->teller, map,
			"an emergency route is for everybody; remove extensions and groups");
}

static void check_same(const struct conf_reader *reader, const struct conf_node *map,
		       const struct route *route)
{
	LIST_FOR (other, &reader->directory->dialplan.routes, struct route, node)
		if (other->match.is_prefix == route->match.is_prefix &&
		    slice_eq(other->match.text, route->match.text) &&
		    other->extension_count + other->group_count == 0) {
			conf_tell_value(&reader->teller, conf_find(map, SLICE("match")),
					"an earlier route is for the same numbers and everybody: "
					"this one would never be used; remove one of them");
			return;
		}
}

static int take_route(struct conf_reader *reader, const struct conf_node *map)
{
	struct route route = { 0 };
	int err = conf_read_map(reader, map, route_keys, ARRAY_LEN(route_keys), &route);

	if (err)
		return err;
	if (!conf_find(map, SLICE("match")))
		conf_tell_missing(&reader->teller, map, SLICE("match"), "missing; add %s",
				  EXPECTED_MATCH);
	if (!conf_find(map, SLICE("trunk")))
		conf_tell_missing(&reader->teller, map, SLICE("trunk"), "missing; add %s",
				  EXPECTED_TRUNK);
	if (route.match.text.n > 0 && route.strip > route.match.text.n && !route.match.is_prefix)
		conf_tell_value(&reader->teller, conf_find(map, SLICE("strip")),
				"the number has only %zu digits", route.match.text.n);
	check_emergency(reader, map, &route);
	if (route.match.text.n > 0)
		check_same(reader, map, &route);
	return dialplan_add_route(&reader->directory->dialplan, &route);
}

int conf_take_routes(struct conf_reader *reader, const struct conf_node *list, void *object)
{
	int err = 0;

	(void)object;
	for (const struct conf_node *node = list->first; node && !err; node = node->next)
		if (conf_check_kind(reader, node, CONF_MAP,
				    "a map, such as {match: \"0*\", trunk: acme, strip: 1}"))
			err = take_route(reader, node);
	return err;
}
