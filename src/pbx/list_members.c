/* SPDX-License-Identifier: MIT */
/*
 * Who is on a list: of those whom it should name those that the viewer may see anything of. Being
 * there at all would give away that there is such an extension.
 */
#include "pbx/list_members.h"

#include "pbx/visibility.h"

#define PREFIX SLICE("keys-")

static void add(struct list_members *members, const struct extension *watched,
		const struct extension *viewer)
{
	if (members->count < LIST_MEMBERS_MAX && watched &&
	    rights_of(watched, viewer).visibility > VISIBILITY_NONE)
		members->members[members->count++] = watched;
}

static void read_keys(const struct directory *directory, const struct extension *owner,
		      struct list_members *members)
{
	members->title = owner->name;
	for (size_t i = 0; i < owner->keys.count; i++)
		add(members, directory_find(directory, owner->keys.numbers[i]), owner);
}

/* Nobody needs a lamp for themselves. */
static void read_group(const struct group *group, const struct extension *viewer,
		       struct list_members *members)
{
	members->title = group->name;
	LIST_FOR (member, &group->members, struct group_member, node)
		if (member->extension != viewer)
			add(members, member->extension, viewer);
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
