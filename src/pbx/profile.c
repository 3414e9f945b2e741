/* SPDX-License-Identifier: MIT */
/*
 * The table of makes, and the search in it.
 */
#include "pbx/profile.h"

#include "base/check.h"

/* RFC 3261 18.1.1: what is longer goes by TCP, or is lost in fragments at the next NAT. */
#define DATAGRAM_BYTES 1300

/* The generic one first. An agent that begins like another stands before it. */
static const struct profile profiles[PROFILE_COUNT] = {
	{
		.name = "generic",
		.is_dialog_needed = true,
		.is_name_shown = true,
		.notify_bytes = DATAGRAM_BYTES,
	},
	{
		.name = "snom",
		.agents = { "snom" },
		.is_dialog_needed = true,
		.is_name_shown = true,
		.notify_bytes = DATAGRAM_BYTES,
	},
	{
		/* Its own examples are partial, and know early, confirmed and terminated; an idle
		 * document without a dialog does not clear its lamp; older ones blink on their
		 * colleague's own outgoing call. */
		.name = "yealink",
		.agents = { "Yealink" },
		.is_partial = true,
		.is_dialog_needed = true,
		.is_caller_steady = true,
		.is_proceeding_early = true,
		.is_name_shown = true,
		.notify_bytes = DATAGRAM_BYTES,
	},
	{
		.name = "poly",
		.agents = { "Polycom", "Poly" },
		.is_dialog_needed = true,
		.is_name_shown = true,
		.notify_bytes = DATAGRAM_BYTES,
		.list = PROFILE_LIST_CONSOLIDATED,
	},
	{
		/* Its guides know terminated, early, confirmed and offline. */
		.name = "grandstream",
		.agents = { "Grandstream" },
		.is_dialog_needed = true,
		.is_proceeding_early = true,
		.is_name_shown = true,
		.notify_bytes = DATAGRAM_BYTES,
		.list_resources = 3,
	},
	{
		/* Several dialogs crash some of them, and any early one makes them blink. */
		.name = "cisco-spa",
		.agents = { "Cisco/SPA", "Linksys/SPA", "Cisco-SPA" },
		.is_dialog_needed = true,
		.is_caller_steady = true,
		.is_proceeding_early = true,
		.dialogs_max = 1,
		.notify_bytes = DATAGRAM_BYTES,
	},
	{
		.name = "cisco-mpp",
		.agents = { "Cisco-CP-", "Cisco-" },
		.is_dialog_needed = true,
		.is_name_shown = true,
		.notify_bytes = DATAGRAM_BYTES,
	},
	{
		/* It hangs up when it hears the final status of a REFER, and may fail without. */
		.name = "mitel",
		.agents = { "Mitel", "Aastra" },
		.is_dialog_needed = true,
		.is_name_shown = true,
		.notify_bytes = DATAGRAM_BYTES,
		.is_refer_told_early = true,
	},
	{
		.name = "linphone",
		.agents = { "Linphone", "belle-sip" },
		.is_partial = true,
		.is_name_shown = true,
		.notify_bytes = DATAGRAM_BYTES,
	},
};

const struct profile *profile_generic(void)
{
	return &profiles[0];
}

const struct profile *profile_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(profiles); i++)
		if (slice_eq(name, slice_from_cstr(profiles[i].name)))
			return &profiles[i];
	return NULL;
}

static bool is_agent(const struct profile *profile, struct slice user_agent)
{
	for (size_t i = 0; i < ARRAY_LEN(profile->agents) && profile->agents[i]; i++) {
		struct slice agent = slice_from_cstr(profile->agents[i]);

		if (slice_eq_nocase(slice_head(user_agent, agent.n), agent))
			return true;
	}
	return false;
}

const struct profile *profile_of_agent(struct slice user_agent)
{
	for (size_t i = 0; i < ARRAY_LEN(profiles); i++)
		if (is_agent(&profiles[i], user_agent))
			return &profiles[i];
	return profile_generic();
}

const char *profile_name(size_t i)
{
	CHECK(i < PROFILE_COUNT);
	return profiles[i].name;
}
