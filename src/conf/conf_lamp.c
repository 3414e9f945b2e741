/* SPDX-License-Identifier: MIT */
/*
 * The part of the configuration about lamps: who sees how much of whom, who is told without asking,
 * what stands on whose keys, and where the truth comes from. Extensions name each other before they
 * are all read, so whom they name is checked at the end.
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "conf/conf_reader.h"
#include "pbx/profile.h"
#include "pbx/visibility.h"

#define GAP_MAX_MS 5000

#define EXPECTED_EXTENSION "an extension in quotes, such as \"202\""

/* By enum visibility and enum lamp_source. */
static const struct slice visibility_words[] = { SLICE_INIT("none"), SLICE_INIT("busy"),
						 SLICE_INIT("calls"), SLICE_INIT("numbers") };
static const struct slice source_words[] = {
	[LAMP_SOURCE_OWN] = SLICE_INIT("own"),
	[LAMP_SOURCE_FORWARD] = SLICE_INIT("forward"),
	[LAMP_SOURCE_PUBLISHED] = SLICE_INIT("published"),
};

/* --- The server --------------------------------------------------------------------------- */

static int take_gap(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	uint32_t *gap_ms = &reader->directory->lamp_gap_ms;

	(void)object;
	if (slice_to_u32(value->text, GAP_MAX_MS, gap_ms))
		conf_tell_value(&reader->teller, value,
				"'%s' does not fit; expected whole milliseconds from 0 to %d, "
				"without a unit",
				conf_quote(value->text).text, GAP_MAX_MS);
	return 0;
}

int conf_take_lamps(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	static const struct conf_key keys[] = {
		{ SLICE_INIT("gap"), CONF_TEXT, "milliseconds, such as 100", take_gap },
	};

	return conf_read_map(reader, map, keys, ARRAY_LEN(keys), object);
}

/* --- Visibility --------------------------------------------------------------------------- */

struct visibility_draft {
	enum visibility visibility;
	struct visibility_rule rules[DIRECTORY_RULES_MAX];
	size_t count;
};

static bool read_visibility(const struct conf_reader *reader, const struct conf_node *text,
			    enum visibility *ret_visibility)
{
	size_t i;

	if (!conf_read_word(reader, text, visibility_words, ARRAY_LEN(visibility_words), &i))
		return false;
	*ret_visibility = (enum visibility)i;
	return true;
}

static int take_default(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct visibility_draft *draft = object;

	(void)read_visibility(reader, value, &draft->visibility);
	return 0;
}

static void check_domain(const struct conf_reader *reader, const struct conf_node *node,
			 const struct visibility_draft *draft)
{
	struct slice domain = node->key->text;

	if (!conf_is_domain(domain))
		conf_tell_key(&reader->teller, node,
			      "'%s' is no domain; write only what stands behind the '@', such as "
			      "partner.example",
			      conf_quote(domain).text);
	else if (slice_eq_nocase(domain, reader->directory->domain))
		conf_tell_key(&reader->teller, node,
			      "this is your own domain; what holds here is said by default, groups "
			      "and users");
	for (size_t i = 0; i < draft->count; i++) {
		const struct visibility_rule *other = &draft->rules[i];

		/* One that is spelt the same is told as a key that is given twice. */
		if (other->scope == SCOPE_DOMAIN && slice_eq_nocase(other->who, domain) &&
		    !slice_eq(other->who, domain))
			conf_tell_key(&reader->teller, node,
				      "this is the domain '%s' in other letters; remove one of "
				      "them",
				      conf_quote(other->who).text);
	}
}

static int take_rules(struct conf_reader *reader, const struct conf_node *map,
		      struct visibility_draft *draft, enum visibility_scope scope)
{
	int err = conf_check_keys(reader, map);

	for (const struct conf_node *node = map->first; node && !err; node = node->next) {
		struct visibility_rule rule = { .scope = scope, .who = node->key->text };

		if (node->key->kind != CONF_TEXT ||
		    !conf_check_kind(reader, node, CONF_TEXT, CONF_EXPECTED_VISIBILITY) ||
		    !read_visibility(reader, node, &rule.visibility))
			continue;
		if (draft->count == DIRECTORY_RULES_MAX) {
			conf_tell_key(&reader->teller, node,
				      "there can be %d exceptions; name a group of them instead",
				      DIRECTORY_RULES_MAX);
			return 0;
		}
		if (scope == SCOPE_DOMAIN)
			check_domain(reader, node, draft);
		draft->rules[draft->count++] = rule;
	}
	return err;
}

static int take_users(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	return take_rules(reader, map, object, SCOPE_USER);
}

static int take_groups(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	return take_rules(reader, map, object, SCOPE_GROUP);
}

static int take_domains(struct conf_reader *reader, const struct conf_node *map, void *object)
{
	return take_rules(reader, map, object, SCOPE_DOMAIN);
}

static const struct conf_key visibility_keys[] = {
	{ SLICE_INIT("default"), CONF_TEXT, CONF_EXPECTED_VISIBILITY, take_default },
	{ SLICE_INIT("users"), CONF_MAP, "a map of extensions, such as {\"209\": none}",
	  take_users },
	{ SLICE_INIT("groups"), CONF_MAP, "a map of groups, such as {sales: numbers}",
	  take_groups },
	{ SLICE_INIT("domains"), CONF_MAP, "a map of domains, such as {partner.example: calls}",
	  take_domains },
};

int conf_take_visibility(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct extension *extension = object;
	struct visibility_draft draft = { .visibility = reader->defaults.visibility };
	int err;

	extension->visibility_rules = (struct visibility_rules){ 0 };
	if (value->kind == CONF_TEXT) {
		(void)read_visibility(reader, value, &extension->visibility);
		return 0;
	}
	err = conf_read_map(reader, value, visibility_keys, ARRAY_LEN(visibility_keys), &draft);
	if (err)
		return err;
	extension->visibility = draft.visibility;
	if (draft.count == 0)
		return 0;
	return directory_keep_rules(reader->directory, draft.rules, draft.count,
				    &extension->visibility_rules);
}

/* --- Lists of extensions ------------------------------------------------------------------ */

struct list_draft {
	struct slice numbers[DIRECTORY_LIST_MAX];
	size_t count;
};

static int take_number(struct conf_reader *reader, const struct conf_node *text, void *object)
{
	struct list_draft *draft = object;

	for (size_t i = 0; i < draft->count; i++) {
		if (slice_eq(draft->numbers[i], text->text)) {
			conf_tell_value(&reader->teller, text,
					"'%s' is named twice; remove one of them",
					conf_quote(text->text).text);
			return 0;
		}
	}
	if (draft->count == DIRECTORY_LIST_MAX)
		conf_tell_value(&reader->teller, text, "there can be %d; remove this one",
				DIRECTORY_LIST_MAX);
	else
		draft->numbers[draft->count++] = text->text;
	return 0;
}

static int take_list(struct conf_reader *reader, const struct conf_node *value,
		     struct number_list *list)
{
	struct list_draft draft = { .count = 0 };
	int err = conf_read_texts(reader, value, EXPECTED_EXTENSION, take_number, &draft);

	*list = (struct number_list){ 0 };
	if (err || draft.count == 0)
		return err;
	return directory_keep_numbers(reader->directory, draft.numbers, draft.count, list);
}

int conf_take_notify(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	return take_list(reader, value, &((struct extension *)object)->notify);
}

int conf_take_keys(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	return take_list(reader, value, &((struct extension *)object)->keys);
}

/* --- Words -------------------------------------------------------------------------------- */

int conf_take_profile(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct extension *extension = object;
	struct slice words[PROFILE_COUNT + 1] = { SLICE("auto") };
	size_t i;

	for (i = 0; i < PROFILE_COUNT; i++)
		words[i + 1] = slice_from_cstr(profile_name(i));
	if (conf_read_word(reader, value, words, ARRAY_LEN(words), &i))
		extension->profile = profile_find(words[i]);
	return 0;
}

int conf_take_lamp_source(struct conf_reader *reader, const struct conf_node *value, void *object)
{
	struct extension *extension = object;
	size_t i;

	if (conf_read_word(reader, value, source_words, ARRAY_LEN(source_words), &i))
		extension->lamp_source = (enum lamp_source)i;
	return 0;
}

/* --- When all is read --------------------------------------------------------------------- */

static int known_group_add(struct map *groups, struct slice name)
{
	struct map_node *node;
	int err;

	if (map_find(groups, name))
		return 0;
	node = mem_alloc(sizeof(*node));
	if (!node)
		return ERR_NOMEM;
	err = map_insert(groups, node, name);
	if (err)
		mem_free(node);
	return err;
}

/* The names of all groups that somebody is in. */
static int known_groups_init(struct map *groups, const struct conf_reader *reader)
{
	const struct directory *directory = reader->directory;
	const struct map_node *node = map_first(&directory->extensions);
	int err = 0;

	map_init(groups, reader->map_secret);
	for (; node && !err; node = map_next(&directory->extensions, node)) {
		const struct extension *extension = CONTAINER_OF(node, struct extension, node);

		for (size_t i = 0; i < extension->group_count && !err; i++)
			err = known_group_add(groups, extension->groups[i]);
	}
	return err;
}

static void known_groups_fini(struct map *groups)
{
	struct map_node *node;

	while ((node = map_first(groups))) {
		map_remove(groups, node);
		mem_free(node);
	}
	map_fini(groups);
}

/* Nobody reads beyond a full report, so that no more likely names are looked for. */
static bool is_report_full(const struct conf_reader *reader)
{
	if (reader->teller.report->count < CONF_MISTAKES_MAX)
		return false;
	reader->teller.report->left_out++;
	return true;
}

/* What was meant, as far as it is clear; else what to do. At the key, or the value without one. */
static void tell_unknown(const struct conf_reader *reader, const struct conf_node *node,
			 const char *what, const struct nearest *nearest)
{
	if (slice_is_empty(nearest->best) || nearest->is_tied)
		conf_tell_key(&reader->teller, node,
			      "there is no %s '%s'; add it, or name one that is there", what,
			      conf_quote(nearest->word).text);
	else
		conf_tell_key(&reader->teller, node, "there is no %s '%s'; did you mean '%s'?",
			      what, conf_quote(nearest->word).text, conf_quote(nearest->best).text);
}

static void check_known(const struct conf_reader *reader, const struct conf_node *node,
			struct slice name, const char *what, const struct map *known)
{
	struct nearest nearest;

	if (map_find(known, name) || is_report_full(reader))
		return;
	nearest_start(&nearest, name);
	for (const struct map_node *hit = map_first(known); hit; hit = map_next(known, hit))
		nearest_offer(&nearest, map_key(hit));
	tell_unknown(reader, node, what, &nearest);
}

/* Who watches from elsewhere comes by a trunk, and has its domain (trunk_domain()). */
static void check_domain_is_known(const struct conf_reader *reader, const struct conf_node *node)
{
	struct slice domain = node->key->text;
	struct nearest nearest;

	/* What is none, or our own, is told already. */
	if (!conf_is_domain(domain) || slice_eq_nocase(domain, reader->directory->domain))
		return;
	nearest_start(&nearest, domain);
	LIST_FOR (trunk, &reader->directory->dialplan.trunks, struct trunk_config, node) {
		struct slice theirs =
			slice_is_empty(trunk->from_domain) ? trunk->to.host : trunk->from_domain;

		if (slice_eq_nocase(theirs, domain))
			return;
		nearest_offer(&nearest, theirs);
	}
	if (!is_report_full(reader))
		tell_unknown(reader, node, "trunk with the domain", &nearest);
}

/* Of users, groups or domains; NULL: there is none. */
static const struct conf_node *first_rule(const struct conf_node *map, struct slice scope)
{
	const struct conf_node *rules = conf_find(map, scope);

	return rules && rules->kind == CONF_MAP ? rules->first : NULL;
}

/* `own` is whose visibility it is; NULL: everybody's. */
static void check_visibility(const struct conf_reader *reader, const struct conf_node *map,
			     const struct extension *own, const struct map *groups)
{
	const struct map *extensions = &reader->directory->extensions;
	const struct conf_node *node;

	if (!map || map->kind != CONF_MAP)
		return;
	for (node = first_rule(map, SLICE("users")); node; node = node->next) {
		if (node->key->kind != CONF_TEXT)
			continue;
		check_known(reader, node, node->key->text, "extension", extensions);
		if (own && slice_eq(own->number, node->key->text))
			conf_tell_key(&reader->teller, node,
				      "everybody sees all of their own calls; remove it");
	}
	for (node = first_rule(map, SLICE("groups")); node; node = node->next)
		if (node->key->kind == CONF_TEXT)
			check_known(reader, node, node->key->text, "extension in the group",
				    groups);
	for (node = first_rule(map, SLICE("domains")); node; node = node->next)
		if (node->key->kind == CONF_TEXT)
			check_domain_is_known(reader, node);
}

/* What is said of the extension itself must make sense for it; of the defaults, for somebody. */
static void check_watcher(const struct conf_reader *reader, const struct conf_node *text,
			  const struct extension *own)
{
	const struct extension *watcher = directory_find(reader->directory, text->text);

	if (!own || !watcher)
		return;
	if (own == watcher)
		conf_tell_value(&reader->teller, text,
				"'%s' knows of its own calls; remove it here",
				conf_quote(text->text).text);
	else if (rights_of(own, watcher).visibility == VISIBILITY_NONE)
		conf_tell_value(&reader->teller, text,
				"'%s' may see nothing of '%s', so there is nothing to tell; remove "
				"it here, or change the visibility",
				conf_quote(text->text).text, conf_quote(own->number).text);
}

static void offer_orbits(struct nearest *nearest, const struct park_config *park, struct buf *room)
{
	for (uint32_t orbit = 1; orbit <= park->orbits; orbit++) {
		size_t from = room->n;

		park_print_orbit(park, orbit, room);
		if (room->is_overflown)
			return;
		nearest_offer(nearest, slice_from(buf_text(room), from));
	}
}

/* What has a lamp: an extension, or an orbit. */
static void check_key(const struct conf_reader *reader, const struct conf_node *text)
{
	const struct map *extensions = &reader->directory->extensions;
	const struct park_config *park = &reader->directory->park;
	char room_text[PARK_ORBITS_MAX * 16]; /* longer ones are not guessed */
	struct buf room = BUF_ON(room_text);
	struct nearest nearest;

	if (map_find(extensions, text->text) || park_orbit_of(park, text->text) > 0 ||
	    is_report_full(reader))
		return;
	if (park->orbits == 0 && slice_starts_with(text->text, SLICE("*"))) {
		conf_tell_value(&reader->teller, text,
				"there is no extension '%s', and there are no orbits; add park, "
				"such as park: {code: \"*85\", orbits: 9}, or name an extension",
				conf_quote(text->text).text);
		return;
	}
	nearest_start(&nearest, text->text);
	for (const struct map_node *hit = map_first(extensions); hit;
	     hit = map_next(extensions, hit))
		nearest_offer(&nearest, map_key(hit));
	offer_orbits(&nearest, park, &room);
	tell_unknown(reader, text, park->orbits > 0 ? "extension or orbit" : "extension", &nearest);
}

static void check_list(const struct conf_reader *reader, const struct conf_node *list,
		       const struct extension *own, bool is_notify)
{
	const struct map *extensions = &reader->directory->extensions;

	if (!list || list->kind != CONF_LIST)
		return;
	for (const struct conf_node *text = list->first; text; text = text->next) {
		if (text->kind != CONF_TEXT)
			continue;
		if (is_notify) {
			check_known(reader, text, text->text, "extension", extensions);
			check_watcher(reader, text, own);
		} else {
			check_key(reader, text);
		}
	}
}

static void check_map(const struct conf_reader *reader, const struct conf_node *map,
		      const struct extension *own, const struct map *groups)
{
	if (!map || map->kind != CONF_MAP)
		return;
	check_visibility(reader, conf_find(map, SLICE("visibility")), own, groups);
	check_list(reader, conf_find(map, SLICE("notify")), own, true);
	check_list(reader, conf_find(map, SLICE("keys")), own, false);
	if (own && own->keys.count > 0 && map_find(groups, own->number))
		conf_tell_key(&reader->teller, map,
			      "a group has the name '%s' too, and keys-%s would be the list of "
			      "both; rename the group, or remove the keys",
			      conf_quote(own->number).text, conf_quote(own->number).text);
}

static bool is_anybody_published(const struct directory *directory)
{
	const struct map_node *node = map_first(&directory->extensions);

	for (; node; node = map_next(&directory->extensions, node))
		if (CONTAINER_OF(node, struct extension, node)->lamp_source ==
		    LAMP_SOURCE_PUBLISHED)
			return true;
	return false;
}

/* A trunk that may publish what nobody is shown. */
static void check_publishers(const struct conf_reader *reader, const struct conf_node *trunks)
{
	if (!trunks || trunks->kind != CONF_MAP || is_anybody_published(reader->directory))
		return;
	for (const struct conf_node *node = trunks->first; node; node = node->next) {
		const struct conf_node *publish =
			node->kind == CONF_MAP ? conf_find(node, SLICE("publish")) : NULL;

		if (publish && slice_eq(publish->text, SLICE("yes")))
			conf_tell_value(&reader->teller, publish,
					"no extension has lamps: published, so that nothing of it "
					"would be shown; say so at those it publishes, or remove "
					"the key");
	}
}

int conf_check_lamps(const struct conf_reader *reader, const struct conf_node *root)
{
	const struct conf_node *extensions = conf_find(root, SLICE("extensions"));
	struct map groups;
	int err = known_groups_init(&groups, reader);

	if (!err) {
		check_map(reader, conf_find(root, SLICE("defaults")), NULL, &groups);
		check_publishers(reader, conf_find(root, SLICE("trunks")));
	}
	if (!err && extensions && extensions->kind == CONF_MAP)
		for (const struct conf_node *node = extensions->first; node; node = node->next)
			if (node->key->kind == CONF_TEXT)
				check_map(reader, node,
					  directory_find(reader->directory, node->key->text),
					  &groups);
	known_groups_fini(&groups);
	return err;
}
