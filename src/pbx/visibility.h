/* SPDX-License-Identifier: MIT */
/*
 * Rights: what one extension may see of another's calls, and whether it may take them. Everybody
 * sees all of their own.
 */
#ifndef LAMPYRID_PBX_VISIBILITY_H
#define LAMPYRID_PBX_VISIBILITY_H

#include "pbx/directory.h"

enum visibility visibility_of(const struct extension *watched, const struct extension *watcher);
bool pickup_is_allowed(const struct extension *watched, const struct extension *picker);

#endif
