/* SPDX-License-Identifier: MIT */
/*
 * The part of the configuration about park: the orbits, their numbers, and how long a call stays in
 * one. The codes have been read; extensions, groups and routes are compared with the orbits when
 * they are.
 */
#include "base/err.h"
#include "conf/conf_reader.h"

#define TIMEOUT_MIN_S 10
#define TIMEOUT_MAX_S 3600
#define TIMEOUT_DEFAULT_S 120
#define ORBITS_DEFAULT 9

static int take_code(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct park_config *park = object;

	if (conf_check_code(reader, value))
		park->code = value->text;
	return 0;
}

static int take_orbits(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct park_config *park = object;

	(void)conf_read_count(reader, value, 1, PARK_ORBITS_MAX, &park->orbits);
	return 0;
}

static int take_timeout(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct park_config *park = object;

	(void)conf_read_seconds_or_0(reader, value, TIMEOUT_MIN_S, TIMEOUT_MAX_S, &park->timeout_s);
	return 0;
}

/* Told at the code of park: the other one may be a default. */
static void check_code(const struct conf_reader *reader, const struct conf_node *map,
		       const struct park_config *park, struct slice code, const char *name)
{
	const struct conf_node *at = conf_find(map, SLICE("code"));

	if (slice_is_empty(code) || (!slice_eq(code, park->code) && park_orbit_of(park, code) == 0))
		return;
	conf_tell_value(&reader->teller, at ? at : map,
			"'%s' would be the code %s and %s; choose another code",
			conf_quote(code).text, name,
			slice_eq(code, park->code) ? "that of park" : "an orbit of park");
}

bool conf_check_park(const struct conf_reader *reader, const struct conf_node *node,
		     struct slice number)
{
	const struct park_config *park = &reader->directory->park;

	if (park->orbits == 0)
		return true;
	if (slice_eq(number, park->code))
		conf_tell_key(&reader->teller, node,
			      "this number is the code of park too; choose another number or "
			      "another code");
	else if (park_orbit_of(park, number) > 0)
		conf_tell_key(&reader->teller, node,
			      "this number is an orbit of park too; choose another number, or "
			      "another code for park");
	else
		return true;
	return false;
}

bool conf_check_hidden(const struct conf_reader *reader, const struct conf_node *node,
		       struct slice number)
{
	const struct directory *directory = reader->directory;
	const struct park_config *park = &directory->park;

	for (size_t i = 0; i < directory->pickup_code_count && park->orbits > 0; i++) {
		struct slice code = directory->pickup_codes[i];
		bool is_begun = slice_starts_with(park->code, code);
		struct slice behind = slice_from(park->code, code.n);
		struct park_config rest = { .code = behind, .orbits = park->orbits };

		if (!is_begun || (!slice_eq(number, behind) && park_orbit_of(&rest, number) == 0))
			continue;
		conf_tell_key(&reader->teller, node,
			      "'%s%s', the pick-up code and this number, is %s, so that nobody "
			      "could pick up its calls; choose another number or another code",
			      conf_quote(code).text, conf_quote(number).text,
			      slice_eq(number, behind) ? "the code of park" : "an orbit of park");
		return false;
	}
	return true;
}

int conf_take_park(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	static const struct conf_key keys[] = {
		{ SLICE_INIT("code"), CONF_TEXT, CONF_EXPECTED_CODE, take_code },
		{ SLICE_INIT("orbits"), CONF_TEXT, "how many calls can wait, such as 9",
		  take_orbits },
		{ SLICE_INIT("timeout"), CONF_TEXT, "seconds, such as 120, or 0 for never",
		  take_timeout },
	};
	const struct directory *directory = reader->directory;
	struct park_config park = { .code = SLICE("*85"),
				    .orbits = ORBITS_DEFAULT,
				    .timeout_s = TIMEOUT_DEFAULT_S };
	int err = conf_read_map(reader, map, keys, ARRAY_LEN(keys), &park);

	(void)object;
	if (err)
		return err;
	check_code(reader, map, &park, directory->group_pickup_code, "group-pickup");
	check_code(reader, map, &park, directory->dnd_on_code, "dnd-on");
	check_code(reader, map, &park, directory->dnd_off_code, "dnd-off");
	return directory_set_park(reader->directory, &park);
}
