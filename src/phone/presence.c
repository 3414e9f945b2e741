/* SPDX-License-Identifier: MIT */
/*
 * What servers write for a lamp in presence: a note that says "Ringing" while it rings, the
 * activities of RFC 4480 while somebody talks or wants no calls, "closed" for who is not there. No
 * activity means ringing (RFC 4480 3.2), so the note is all there is of that.
 */
#include "phone/presence.h"

static bool note_has(struct slice note, struct slice word)
{
	for (; note.n >= word.n; note = slice_from(note, 1))
		if (slice_eq_nocase(slice_head(note, word.n), word))
			return true;
	return false;
}

static bool is_early(const struct pidf *pidf)
{
	return note_has(pidf->note, SLICE("ringing")) || note_has(pidf->note, SLICE("alerting"));
}

static bool is_busy(const struct pidf *pidf)
{
	return pidf->activity != PIDF_IDLE || note_has(pidf->note, SLICE("on the phone")) ||
	       note_has(pidf->note, SLICE("in a call"));
}

void presence_to_dialogs(const struct pidf *pidf, uint32_t version, struct dialog_info *ret_info)
{
	bool is_ringing = is_early(pidf);

	ret_info->version = version;
	ret_info->is_partial = false;
	ret_info->entity = SLICE_NONE;
	ret_info->dialog_count = 0;
	ret_info->status = pidf->is_open ? SLICE_NONE : SLICE("closed");
	if (!is_ringing && !is_busy(pidf))
		return;
	ret_info->dialogs[ret_info->dialog_count++] = (struct dialog_entry){
		.id = SLICE("presence"),
		.state = is_ringing ? DIALOG_EARLY : DIALOG_CONFIRMED,
	};
}
