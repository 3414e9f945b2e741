/* SPDX-License-Identifier: MIT */
/*
 * The two rights of a watcher, decided in one place.
 */
#include "pbx/visibility.h"

enum visibility visibility_of(const struct extension *watched, const struct extension *watcher)
{
	if (slice_eq(watched->number, watcher->number))
		return VISIBILITY_NUMBERS;
	return watched->visibility;
}

bool pickup_is_allowed(const struct extension *watched, const struct extension *picker)
{
	if (slice_eq(watched->number, picker->number))
		return true;
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
