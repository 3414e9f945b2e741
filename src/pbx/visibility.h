/* SPDX-License-Identifier: MIT */
/*
 * Rights: what one extension may see of another's calls, and whether it may take them. Everybody
 * sees all of their own. Who may see nothing is answered as if there were no such extension,
 * whatever they ask for, and so cannot take its calls either.
 */
#ifndef LAMPYRID_PBX_VISIBILITY_H
#define LAMPYRID_PBX_VISIBILITY_H

#include "pbx/directory.h"

struct rights {
	uint8_t visibility; /* enum visibility */
	/* Neither of them without VISIBILITY_BUSY at least. */
	bool may_pick_up;  /* what rings */
	bool may_barge_in; /* take over what is answered */
};

/*
 * Of the watched one's rules, that for this very viewer decides; then the most that one for a group
 * of the viewer's grants; then what holds for everybody else here.
 */
struct rights rights_of(const struct extension *watched, const struct extension *viewer);

/* The rule that decides it; NULL: what holds for everybody else here. */
const struct visibility_rule *visibility_rule_for(const struct extension *watched,
						  const struct extension *viewer);

/*
 * Of somebody in a domain that is not ours. Only a rule that names the domain lets them see
 * anything: what holds for everybody here was not said with the world in mind.
 */
struct rights rights_of_domain(const struct extension *watched, struct slice domain);

#endif
