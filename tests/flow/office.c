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

static void on_turn_end(void *owner)
{
	pbx_on_turn_end(owner);
}

void office_init(struct office *office, struct wires *wires)
{
	static const uint64_t secret[2] = { 1, 2 };

	*office = (struct office){ .node = wires_add(wires, "switch"),
				   .directory = directory_new(secret) };
	CHECK(office->directory);
	CHECK(directory_set_domain(office->directory, SLICE(OFFICE_DOMAIN)) == 0);
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
