/* SPDX-License-Identifier: MIT */
/*
 * Whose document it is, and the lamp that its dialogs ask for.
 */
#include "phone/watch.h"

#include "base/addr.h"
#include "sip/uri.h"

/* --- Whom a document is about ------------------------------------------------------------- */

static bool user_eq(struct slice a, struct slice b)
{
	char a_text[SIP_URI_MAX_BYTES], b_text[SIP_URI_MAX_BYTES];
	struct buf a_plain = BUF_ON(a_text), b_plain = BUF_ON(b_text);

	if (uri_unescape(&a_plain, a) || uri_unescape(&b_plain, b) || a_plain.is_overflown ||
	    b_plain.is_overflown)
		return slice_eq(a, b);
	return slice_eq(buf_text(&a_plain), buf_text(&b_plain));
}

/* An address and a domain may be the same server, two domains are not. */
static bool host_may_be(struct slice a, struct slice b)
{
	struct addr addr;

	return slice_eq_nocase(a, b) || slice_is_empty(a) || slice_is_empty(b) ||
	       addr_parse_ip(a, &addr) == 0 || addr_parse_ip(b, &addr) == 0;
}

/* Some servers write the bare number, or leave the scheme out. */
static void entity_read(struct slice entity, struct slice *ret_user, struct slice *ret_host)
{
	struct sip_uri uri;

	if (sip_uri_parse(entity, &uri) == 0 && uri.scheme != URI_OTHER) {
		*ret_user = uri.user;
		*ret_host = uri.scheme == URI_TEL ? SLICE_NONE : uri.host;
	} else {
		slice_cut(entity, '@', ret_user, ret_host);
	}
}

bool watch_entity_is(struct slice entity, struct slice subscribed)
{
	struct slice user, host, subscribed_user, subscribed_host;

	entity_read(entity, &user, &host);
	entity_read(subscribed, &subscribed_user, &subscribed_host);
	return user_eq(user, subscribed_user) && host_may_be(host, subscribed_host);
}

/* --- Documents ---------------------------------------------------------------------------- */

static bool watch_is_about(const struct watch *watch, struct slice entity, struct slice subscribed)
{
	if (watch->profile->wants_exact_entity)
		return slice_eq(entity, subscribed);
	return watch_entity_is(entity, subscribed);
}

enum watch_verdict watch_take(struct watch *watch, struct slice subscribed,
			      const struct dialog_info *info)
{
	enum dialog_set_verdict verdict;

	if (!slice_is_empty(info->entity) && !watch_is_about(watch, info->entity, subscribed))
		return WATCH_IGNORED;
	if (watch->profile->misses_no_dialog && !info->is_partial && info->dialog_count == 0)
		return WATCH_IGNORED;
	verdict = dialog_set_take(&watch->set, info);
	switch (verdict) {
	case DIALOG_SET_TAKEN:
	case DIALOG_SET_GAP:
		watch->has_entity = !slice_is_empty(info->entity);
		return verdict == DIALOG_SET_TAKEN ? WATCH_TAKEN : WATCH_GAP;
	case DIALOG_SET_OLD:
		return WATCH_IGNORED;
	case DIALOG_SET_REFUSED:
		break;
	}
	return WATCH_REFUSED;
}

/* --- The lamp ----------------------------------------------------------------------------- */

/*
 * innovaphone leaves out the entity, which RFC 4235 4.1 demands, and says initiator and recipient
 * as it likes; its calls are `early` while they ring and `proceeding` once they are answered.
 */
static enum lamp lamp_without_direction(enum dialog_state state)
{
	return state == DIALOG_EARLY ? LAMP_FLASH : LAMP_STEADY;
}

enum lamp watch_dialog_lamp(const struct watch *watch, const struct dialog_entry *entry)
{
	if (entry->state == DIALOG_TERMINATED)
		return LAMP_OFF;
	if (entry->state == DIALOG_CONFIRMED)
		return LAMP_STEADY;
	if (!watch->has_entity)
		return lamp_without_direction(entry->state);
	/* Off the hook, or an INVITE that nobody has answered yet: it does not ring. */
	if (entry->state == DIALOG_TRYING)
		return LAMP_STEADY;
	switch (entry->direction) {
	case DIALOG_INITIATOR:
		return watch->profile->flashes_for_callers ? LAMP_FLASH : LAMP_STEADY;
	case DIALOG_RECIPIENT:
	case DIALOG_DIRECTION_NONE:
		return LAMP_FLASH;
	}
	return LAMP_OFF;
}

const struct dialog_entry *watch_decider(const struct watch *watch)
{
	const struct dialog_entry *steady = NULL;

	for (size_t i = 0; i < watch->set.count; i++) {
		const struct dialog_entry *entry = &watch->set.dialogs[i]->entry;
		enum lamp lamp = watch_dialog_lamp(watch, entry);

		if (lamp == LAMP_FLASH)
			return entry;
		if (lamp == LAMP_STEADY && !steady)
			steady = entry;
	}
	return steady;
}

enum lamp watch_lamp(const struct watch *watch)
{
	const struct dialog_entry *entry = watch_decider(watch);

	return entry ? watch_dialog_lamp(watch, entry) : LAMP_OFF;
}
