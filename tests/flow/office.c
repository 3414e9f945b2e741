/* SPDX-License-Identifier: MIT */
/*
 * The switch of a test.
 */
#include "office.h"

#include "base/check.h"

static void on_message(void *owner, const struct flow *flow, struct slice bytes)
{
	pbx_on_message(owner, flow, bytes);
}

static void on_connection_lost(void *owner, const struct flow *lost)
{
	pbx_on_connection_lost(owner, lost);
}

static void on_turn_end(void *owner)
{
	pbx_on_turn_end(owner);
}

void office_init(struct office *office, struct wires *wires)
{
	office_init_as(office, wires, "switch", OFFICE_DOMAIN);
}

void office_init_as(struct office *office, struct wires *wires, const char *name,
		    const char *domain)
{
	static const uint64_t secret[2] = { 1, 2 };

	*office = (struct office){ .node = wires_add(wires, name),
				   .directory = directory_new(secret) };
	CHECK(office->directory);
	office->directory->lamp_gap_ms = 0; /* a ladder shows each step */
	CHECK(directory_set_domain(office->directory, slice_from_cstr(domain)) == 0);
	CHECK(directory_add_group(office->directory,
				  &(struct group){ .name = SLICE_INIT("office"),
						   .number = SLICE_INIT(OFFICE_GROUP),
						   .ring = GROUP_ALL,
						   .member_s = 20 }) == 0);
	CHECK(pbx_init(&office->pbx, &office->node->env, &office->node->timers, office->directory,
		       &pbx_default_limits) == 0);
	office->node->owner = &office->pbx;
	office->node->on_message = on_message;
	office->node->on_turn_end = on_turn_end;
	office->node->on_connection_lost = on_connection_lost;
}

void office_fini(struct office *office)
{
	pbx_fini(&office->pbx);
	directory_unref(office->directory);
}

void office_add_extension(struct office *office, const struct extension *extension)
{
	CHECK(directory_add_extension(office->directory, extension) == 0);
}

void office_add(struct office *office, const char *number, const char *name)
{
	office_add_extension(office, &(struct extension){ .number = slice_from_cstr(number),
							  .name = slice_from_cstr(name),
							  .password = SLICE(OFFICE_PASSWORD),
							  .groups = { SLICE("office") },
							  .group_count = 1,
							  .visibility = VISIBILITY_NUMBERS,
							  .pickup = PICKUP_SAME_GROUP });
}

/* --- The outside -------------------------------------------------------------------------- */

struct number_match office_match(const char *text)
{
	struct number_match match = { .text = slice_from_cstr(text) };

	if (match.text.n > 0 && match.text.p[match.text.n - 1] == '*') {
		match.text.n--;
		match.is_prefix = true;
	}
	return match;
}

void office_add_trunk(struct office *office, const struct trunk_config *trunk,
		      const char *const *numbers)
{
	struct trunk_config *added;

	CHECK(dialplan_add_trunk(&office->directory->dialplan, trunk, &added) == 0);
	if (added->expires_s == 0)
		added->expires_s = 600;
	for (; numbers && *numbers; numbers += 2) {
		struct number_match match = office_match(numbers[0]);
		struct number_match to = office_match(numbers[1]);

		CHECK(trunk_config_add_number(added, &match, &to) == 0);
	}
}

void office_add_route(struct office *office, const char *match, const struct route *rest,
		      const char *first_trunk, const char *second_trunk)
{
	const struct dialplan *dialplan = &office->directory->dialplan;
	struct route route = rest ? *rest : (struct route){ 0 };

	route.match = office_match(match);
	route.trunks[route.trunk_count++] =
		dialplan_find_trunk(dialplan, slice_from_cstr(first_trunk));
	if (second_trunk)
		route.trunks[route.trunk_count++] =
			dialplan_find_trunk(dialplan, slice_from_cstr(second_trunk));
	CHECK(dialplan_add_route(&office->directory->dialplan, &route) == 0);
}
