/* SPDX-License-Identifier: MIT */
/*
 * The rights of a watcher, decided in one place.
 */
#include "pbx/visibility.h"

/* The rule for exactly this one; NULL when there is none. */
static const struct visibility_rule *rule_find(const struct visibility_rules *rules,
					       enum visibility_scope scope, struct slice who)
{
	for (size_t i = 0; i < rules->count; i++)
		if (rules->rules[i].scope == scope && slice_eq(rules->rules[i].who, who))
			return &rules->rules[i];
	return NULL;
}

/* Of the rules for the viewer's groups, the one that grants most. */
static const struct visibility_rule *rule_find_group(const struct visibility_rules *rules,
						     const struct extension *viewer)
{
	const struct visibility_rule *most = NULL;

	for (size_t i = 0; i < viewer->group_count; i++) {
		const struct visibility_rule *rule =
			rule_find(rules, SCOPE_GROUP, viewer->groups[i]);

		if (rule && (!most || rule->visibility > most->visibility))
			most = rule;
	}
	return most;
}

const struct visibility_rule *visibility_rule_for(const struct extension *watched,
						  const struct extension *viewer)
{
	const struct visibility_rules *rules = &watched->visibility_rules;
	const struct visibility_rule *rule;

	if (rules->count == 0)
		return NULL;
	rule = rule_find(rules, SCOPE_USER, viewer->number);
	return rule ? rule : rule_find_group(rules, viewer);
}

static enum visibility visibility_for(const struct extension *watched,
				      const struct extension *viewer)
{
	const struct visibility_rule *rule = visibility_rule_for(watched, viewer);

	return rule ? rule->visibility : watched->visibility;
}

static bool pickup_right_has(const struct extension *watched, const struct extension *picker)
{
	switch (watched->pickup) {
	case PICKUP_NONE:
		return false;
	case PICKUP_SAME_GROUP:
		return extension_shares_group(watched, picker);
	case PICKUP_ALL:
		return true;
	}
	return false;
}

struct rights rights_of(const struct extension *watched, const struct extension *viewer)
{
	struct rights rights = { VISIBILITY_NUMBERS, true, true };

	if (slice_eq(watched->number, viewer->number))
		return rights;
	rights.visibility = visibility_for(watched, viewer);
	rights.may_pick_up =
		rights.visibility > VISIBILITY_NONE && pickup_right_has(watched, viewer);
	rights.may_barge_in = rights.visibility > VISIBILITY_NONE &&
			      watched->barge_in == BARGE_IN_SAME_GROUP &&
			      extension_shares_group(watched, viewer);
	return rights;
}

struct rights rights_of_domain(const struct extension *watched, struct slice domain)
{
	const struct visibility_rules *rules = &watched->visibility_rules;

	for (size_t i = 0; i < rules->count; i++)
		if (rules->rules[i].scope == SCOPE_DOMAIN &&
		    slice_eq_nocase(rules->rules[i].who, domain))
			return (struct rights){ .visibility = rules->rules[i].visibility };
	return (struct rights){ .visibility = VISIBILITY_NONE };
}
