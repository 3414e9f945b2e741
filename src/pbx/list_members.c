/* SPDX-License-Identifier: MIT */
/*
 * Who is on a list: of those whom it should name those that the viewer may see anything of. Being
 * there at all would give away that there is such an extension.
 */
#include "pbx/list_members.h"

#include "pbx/visibility.h"

#define PREFIX SLICE("keys-")

static void add(struct list_members *members, struct slice number, struct slice name)
{
	if (members->count < LIST_MEMBERS_MAX)
		members->members[members->count++] = (struct list_member){ number, name };
}

static void add_extension(struct list_members *members, const struct extension *watched,
			  const struct extension *viewer)
{
	if (rights_of(watched, viewer).visibility > VISIBILITY_NONE)
		add(members, watched->number, watched->name);
}

/* Every extension sees whether an orbit is taken (park.h). */
static void add_key(struct list_members *members, const struct directory *directory,
		    struct slice number, const struct extension *owner)
{
	const struct extension *watched = directory_find(directory, number);

	if (watched)
		add_extension(members, watched, owner);
	else if (park_orbit_of(&directory->park, number) > 0)
		add(members, number, SLICE_NONE);
}

static void read_keys(const struct directory *directory, const struct extension *owner,
		      struct list_members *members)
{
	members->title = owner->name;
	for (size_t i = 0; i < owner->keys.count; i++)
		add_key(members, directory, owner->keys.numbers[i], owner);
}

/* Nobody needs a lamp for themselves. */
static void read_group(const struct group *group, const struct extension *viewer,
		       struct list_members *members)
{
	members->title = group->name;
	LIST_FOR (member, &group->members, struct group_member, node)
		if (member->extension != viewer)
			add_extension(members, member->extension, viewer);
}

static bool is_member(const struct group *group, const struct extension *extension)
{
	for (size_t i = 0; i < extension->group_count; i++)
		if (slice_eq(extension->groups[i], group->name))
			return true;
	return false;
}

bool list_members_find(const struct directory *directory, struct slice user,
		       const struct extension *viewer, struct list_members *ret_members)
{
	struct slice name = slice_from(user, PREFIX.n);
	const struct group *group;

	if (!slice_starts_with(user, PREFIX))
		return false;
	ret_members->count = 0;
	if (slice_eq(name, viewer->number) && viewer->keys.count > 0) {
		read_keys(directory, viewer, ret_members);
		return true;
	}
	group = directory_find_group_by_name(directory, name);
	if (!group || !is_member(group, viewer))
		return false;
	read_group(group, viewer, ret_members);
	return true;
}
