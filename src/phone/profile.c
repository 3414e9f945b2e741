/* SPDX-License-Identifier: MIT */
/*
 * The makes, as the vendors' pages and the threads about servers tell of them (doc/phones.md).
 *
 * snom: $(subscr_uri) in its XML rules, Replaces by the call-id, else the remote target; it takes a
 * NOTIFY that it has not subscribed to (wiki.innovaphone.com, partner keys).
 * Yealink: account.X.dialoginfo_callpickup is off and out_dialog_blf_enable, too; the lamp stays
 * when a document has no <dialog> (OpenSIPS PR 1193).
 * Poly: call.directedCallPickupMethod="native" wants call-id and both tags.
 * Grandstream: callPickup.prefix is "**".
 * Cisco SPA: more than one <dialog> is too much (Kamailio's force_single_dialog), it blinks for
 * who calls, too; "*98" is its code.
 * Linphone: presence only.
 */
#include "phone/profile.h"

#include "base/check.h"

const struct phone_profile phone_profiles[] = {
	{ .name = SLICE_INIT("generic"), .pickup = PICKUP_AUTO },
	{ .name = SLICE_INIT("snom"),
	  .product = SLICE_INIT("snomD785/10.1.175.16 (played by lampyrid)"),
	  .pickup = PICKUP_AUTO,
	  .wants_exact_entity = true,
	  .takes_unasked = true },
	{ .name = SLICE_INIT("yealink"),
	  .product = SLICE_INIT("Yealink SIP-T46U 108.86.0.20 (played by lampyrid)"),
	  .pickup = PICKUP_BY_CODE,
	  .pickup_code = SLICE_INIT("**"),
	  .flashes_for_callers = true,
	  .misses_no_dialog = true },
	{ .name = SLICE_INIT("poly"),
	  .product = SLICE_INIT("PolycomVVX-VVX_450-UA/6.4.3 (played by lampyrid)"),
	  .pickup = PICKUP_BY_TAGS },
	{ .name = SLICE_INIT("grandstream"),
	  .product = SLICE_INIT("Grandstream GXP2170 1.0.11.48 (played by lampyrid)"),
	  .pickup = PICKUP_BY_CODE,
	  .pickup_code = SLICE_INIT("**") },
	{ .name = SLICE_INIT("cisco-spa"),
	  .product = SLICE_INIT("Cisco/SPA504G-7.6.2 (played by lampyrid)"),
	  .pickup = PICKUP_BY_CODE,
	  .pickup_code = SLICE_INIT("*98"),
	  .dialogs_max = 1,
	  .flashes_for_callers = true },
	{ .name = SLICE_INIT("cisco-mpp"),
	  .product = SLICE_INIT("Cisco-CP-8841-3PCC/11.3.7 (played by lampyrid)"),
	  .pickup = PICKUP_BY_CODE,
	  .pickup_code = SLICE_INIT("**") },
	{ .name = SLICE_INIT("linphone"),
	  .product = SLICE_INIT("Linphone-Desktop/5.2.6 (played by lampyrid)"),
	  .pickup = PICKUP_BY_CODE,
	  .asks_presence = true },
};
const size_t phone_profile_count = ARRAY_LEN(phone_profiles);

const struct phone_profile *phone_profile_generic(void)
{
	return &phone_profiles[0];
}

const struct phone_profile *phone_profile_find(struct slice name)
{
	for (size_t i = 0; i < phone_profile_count; i++)
		if (slice_eq(phone_profiles[i].name, name))
			return &phone_profiles[i];
	return NULL;
}
