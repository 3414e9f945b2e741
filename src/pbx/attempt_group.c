/* SPDX-License-Identifier: MIT */
/*
 * Ringing a group: all members at once, or one after the other.
 */
#include "pbx/attempt_inner.h"

#include "pbx/registrar.h"

/* Who was busy, refused, or sends all calls on does not want this one from the group either. */
static bool has_passed_it_on(const struct trail *trail, struct slice number)
{
	for (size_t i = 0; i < trail->count; i++)
		if (slice_eq(trail->steps[i].party.number, number))
			return trail->steps[i].why != FORWARD_NO_ANSWER;
	return false;
}

/*
 * The caller is not called back by their own group, nor is who has just transferred a call there.
 */
static struct failure member_check(const struct attempt *group, const struct extension *extension)
{
	const struct extension *caller = group->call->caller->extension;

	if (group->call->referrer && slice_eq(group->call->referrer->number, extension->number))
		return (struct failure){ 480, FORWARD_UNREGISTERED };
	if (has_passed_it_on(&group->trail, extension->number))
		return (struct failure){ 486, FORWARD_BUSY };
	if (caller && slice_eq(caller->number, extension->number))
		return (struct failure){ 480, FORWARD_UNREGISTERED };
	return extension_check(group->call, extension);
}

/* A member's no is not the group's. */
void group_member_over(struct attempt *group, struct failure failure)
{
	if (failure.status >= 600)
		failure.status = 486;
	failure_add(&group->failure, failure);
	if (--group->members == 0)
		attempt_over(group);
}

/* One member is rung, unless there is a reason not to, which counts as its failure. */
static void ring_member(struct attempt *group, const struct extension *extension, uint32_t share)
{
	struct failure failure = member_check(group, extension);
	struct attempt *attempt = NULL;

	if (!failure.status) {
		attempt = attempt_new(group->call,
				      &(struct destination){ .kind = DESTINATION_EXTENSION,
							     .extension = extension });
		failure = (struct failure){ 503, FORWARD_NEVER };
	}
	if (!attempt) {
		failure_add(&group->failure, failure);
		return;
	}
	attempt->parent = group;
	group->members++;
	if (group->to.group->ring == GROUP_IN_TURN)
		attempt_limit(attempt, group->to.group->member_s);
	ring_extension(attempt, share);
}

/* While it is held, a group is not over for want of ringing members. */
static void group_hold(struct attempt *group)
{
	group->members++;
}

static void group_ring_all(struct attempt *group)
{
	const struct list *members = &group->to.group->members;
	struct call *call = group->call;
	size_t phones = 0;
	uint32_t share;

	LIST_FOR (member, members, const struct group_member, node)
		if (!member_check(group, member->extension).status)
			phones += registrar_find(call->pbx, member->extension->number)->count;
	share = share_of(call, phones);
	LIST_FOR (member, members, const struct group_member, node)
		ring_member(group, member->extension, share);
}

bool group_ring_next(struct attempt *group)
{
	const struct list *members = &group->to.group->members;

	group_hold(group);
	while (group->members == 1 && group->next && group->next != members) {
		const struct group_member *member =
			CONTAINER_OF(group->next, const struct group_member, node);

		group->next = group->next->next;
		ring_member(group, member->extension, share_of(group->call, BINDINGS_PER_AOR_MAX));
	}
	group->members--;
	return group->members > 0;
}

void try_group(struct attempt *attempt)
{
	const struct group *group = attempt->to.group;

	if (!slice_is_empty(group->forward.to[FORWARD_NO_ANSWER]))
		attempt_limit(attempt, group->forward.after_s);
	/* Of a group without members. */
	attempt->failure = (struct failure){ 480, FORWARD_UNREGISTERED };
	group_hold(attempt);
	attempt->next = NULL;
	if (group->ring == GROUP_IN_TURN)
		attempt->next = group->members.next;
	else
		group_ring_all(attempt);
	group_member_over(attempt, (struct failure){ 0, FORWARD_NEVER });
}
