/* SPDX-License-Identifier: MIT */
/*
 * The calls screen: our own calls, and every call of those whom keys watch.
 */
#include "base/err.h"
#include "base/mem.h"
#include "phone/phone_inner.h"

static uint64_t seconds_since(const struct phone *phone, uint64_t began_ms)
{
	return (phone->stack.timers->now_ms - began_ms) / 1000;
}

static struct phone_row row_of_call(const struct phone_call *call)
{
	const struct session *session = session_find(&call->phone->stack, call->session);
	bool is_out = session && session->is_uac;

	return (struct phone_row){ .call = call->number,
				   .state = phone_call_state_name(call->state),
				   .remote = call->remote,
				   .display = call->display,
				   .local = call->phone->aor,
				   .direction = is_out ? PHONE_DIRECTION_OUT : PHONE_DIRECTION_IN,
				   .is_held = call->is_held_by_peer,
				   .seconds = seconds_since(call->phone, call->began_ms) };
}

static enum phone_direction direction_of(const struct dialog_entry *entry)
{
	switch (entry->direction) {
	case DIALOG_DIRECTION_NONE:
		break;
	case DIALOG_INITIATOR:
		return PHONE_DIRECTION_OUT;
	case DIALOG_RECIPIENT:
		return PHONE_DIRECTION_IN;
	}
	return PHONE_DIRECTION_NONE;
}

static struct phone_row row_of_dialog(const struct phone_key *key, const struct kept_dialog *dialog)
{
	const struct dialog_entry *entry = &dialog->entry;
	struct slice local = phone_party_uri(&entry->local);

	return (struct phone_row){ .key = key->config.number,
				   .state = dialog_state_name(entry->state),
				   .remote = phone_party_uri(&entry->remote),
				   .display = entry->remote.display,
				   .local = slice_is_empty(local) ? key->target : local,
				   .direction = direction_of(entry),
				   .is_held = entry->local.is_rendering_no,
				   .seconds = seconds_since(key->phone, dialog->began_ms) };
}

static size_t rows_of_calls(const struct phone *phone, struct phone_row *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < PHONE_CALLS_MAX; i++)
		if (phone->calls[i].state != PHONE_CALL_FREE)
			rows[n++] = row_of_call(&phone->calls[i]);
	return n;
}

/*
 * Do-not-disturb lights the lamp by a dialog as well (see doc/phones.md), which says nothing of who
 * has called whom.
 */
static bool is_call(const struct phone_key *key, const struct dialog_entry *entry)
{
	return entry->direction != DIALOG_DIRECTION_NONE ||
	       !slice_eq(key->status, SLICE("do-not-disturb"));
}

static size_t rows_of_keys(const struct phone *phone, struct phone_row *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < phone->key_count; i++) {
		const struct phone_key *key = phone->keys[i];

		for (size_t j = 0; key && j < key->watch.set.count; j++)
			if (is_call(key, &key->watch.set.dialogs[j]->entry))
				rows[n++] = row_of_dialog(key, key->watch.set.dialogs[j]);
	}
	return n;
}

static size_t rows_count(const struct phone *phone)
{
	size_t n = PHONE_CALLS_MAX;

	for (size_t i = 0; i < phone->key_count; i++)
		n += phone->keys[i] ? phone->keys[i]->watch.set.count : 0;
	return n;
}

void phone_show_calls(struct phone *phone)
{
	struct phone_row *rows = mem_alloc(rows_count(phone) * sizeof(*rows));
	size_t n;

	if (!rows) {
		(void)phone_fail(phone, ERR_NOMEM, "the calls: %s", err_text(ERR_NOMEM));
		return;
	}
	n = rows_of_calls(phone, rows);
	n += rows_of_keys(phone, rows + n);
	phone_emit(phone,
		   &(struct phone_event){ .kind = PHONE_CALLS, .rows = rows, .row_count = n });
	mem_free(rows);
}
