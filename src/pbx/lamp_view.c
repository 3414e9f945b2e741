/* SPDX-License-Identifier: MIT */
/*
 * From legs to dialogs (RFC 4235 3.7, 4.1), as far as a right goes and as a make of phone needs it.
 */
#include "pbx/lamp_view.h"

#include "pbx/call.h"
#include "pbx/dnd.h"
#include "pbx/lamp_source.h"
#include "pbx/park.h"
#include "pbx/phone_forward.h"
#include "pbx/pickup.h"
#include "pbx/registrar.h"
#include "pbx/visibility.h"
#include "sip/print.h"

static bool viewer_is_caller(const struct leg *leg, struct slice viewer)
{
	const struct leg *caller = leg->call->caller;

	return caller && caller != leg && caller->extension &&
	       slice_eq(caller->extension->number, viewer);
}

/* An orbit's depend on who has parked there. */
static struct rights rights_now(const struct watcher *watcher, bool *ret_are_lasting)
{
	const struct directory *directory = watcher->entity->pbx->directory;
	const struct extension *watched = directory_find(directory, watcher->entity->number);
	const struct extension *viewer = directory_find(directory, viewer_number(watcher->viewer));

	*ret_are_lasting = watched != NULL;
	if (watched && watcher->viewer->is_outside)
		return rights_of_domain(watched, viewer_number(watcher->viewer));
	if (watched && viewer)
		return rights_of(watched, viewer);
	if (viewer && !watcher->viewer->is_outside)
		return park_rights(watcher->entity->pbx, watcher->entity->number, viewer);
	return (struct rights){ 0 };
}

/* Of an extension asked once for each directory, not for each NOTIFY. */
static void watcher_ask_rights(struct watcher *watcher)
{
	uint64_t turn = watcher->entity->pbx->directory_turn;
	bool are_lasting;

	if (watcher->rights_turn == turn)
		return;
	watcher->rights = rights_now(watcher, &are_lasting);
	watcher->rights_turn = are_lasting ? turn : 0;
}

/* --- Whose peer is shown ------------------------------------------------------------------ */

/* The bit of a leg by its place in entity->legs; those that come late in a long list share one. */
static uint64_t leg_bit(unsigned at)
{
	return UINT64_C(1) << (at < 63 ? at : 63);
}

/* A caller learns who answers by the answer; until then it is whom they called. */
static const struct party *shown_peer(const struct leg *leg)
{
	if (leg == leg->call->caller && leg->state != LEG_TALKING)
		return &leg->call->called;
	return leg_peer(leg);
}

/* Who that is inside, as it is configured now. NULL: somebody outside, a group, or nobody. */
static const struct extension *shown_extension(const struct leg *leg)
{
	const struct directory *directory = leg->pbx->directory;
	const struct party *peer = shown_peer(leg);

	if (!peer)
		return NULL;
	LIST_FOR (other, &leg->call->legs, struct leg, node) {
		if (&other->party != peer)
			continue;
		if (!other->extension || other->directory == directory)
			return other->extension;
		break;
	}
	return directory_find(directory, peer->number);
}

static bool hides_from(const struct extension *extension, const struct watcher *watcher)
{
	const struct viewer *viewer = watcher->viewer;
	const struct extension *inside;

	if (viewer->is_outside)
		return rights_of_domain(extension, viewer_number(viewer)).visibility <
		       VISIBILITY_NUMBERS;
	if (extension->visibility == VISIBILITY_NUMBERS && extension->visibility_rules.count == 0)
		return false;
	inside = directory_find(watcher->entity->pbx->directory, viewer_number(viewer));
	return !inside || rights_of(extension, inside).visibility < VISIBILITY_NUMBERS;
}

/*
 * Who talks with whom is known of both of them as soon as it is of one. So it takes the right to
 * see that of both; but for a call that the watcher may take, whose caller would be seen then.
 */
static void view_hide(struct lamp_view *view, const struct watcher *watcher)
{
	const struct directory *directory = watcher->entity->pbx->directory;
	unsigned at = 0;

	LIST_FOR (leg, &watcher->entity->legs, struct leg, lamp_node) {
		const struct extension *peer = shown_extension(leg);
		const struct party *referrer = leg->call->referrer;
		uint64_t bit = leg_bit(at++);

		if (peer && hides_from(peer, watcher))
			view->hidden_peers |= bit;
		if (!referrer)
			continue;
		peer = directory_find(directory, referrer->number);
		if (peer && hides_from(peer, watcher))
			view->hidden_referrers |= bit;
	}
}

struct lamp_view lamp_view_of(struct watcher *watcher)
{
	struct lamp_view view = { .profile = watcher->profile, .only = watcher->only };

	watcher_ask_rights(watcher);
	view.visibility = watcher->rights.visibility;
	view.may_pick_up = watcher->rights.may_pick_up;
	view.may_barge_in = watcher->rights.may_barge_in;
	if (view.visibility == VISIBILITY_NUMBERS)
		view_hide(&view, watcher);
	LIST_FOR (leg, &watcher->entity->legs, struct leg, lamp_node)
		if (viewer_is_caller(leg, viewer_number(watcher->viewer)))
			view.viewer = viewer_number(watcher->viewer);
	return view;
}

/* --- Text --------------------------------------------------------------------------------- */

static struct slice print_aor(struct lamp_dialogs *dialogs, const struct pbx *pbx,
			      struct slice prefix, struct slice number)
{
	size_t from = dialogs->uris.n;

	buf_lit(&dialogs->uris, "sip:");
	uri_escape_user(&dialogs->uris, prefix);
	uri_escape_user(&dialogs->uris, number);
	buf_char(&dialogs->uris, '@');
	buf_slice(&dialogs->uris, pbx->directory->domain);
	return slice_from(buf_text(&dialogs->uris), from);
}

/*
 * The code URI that picks up this ringing phone's call: a phone that knows Replaces adds it to an
 * INVITE to this URI, one that does not sends that INVITE without, and both work. The last code
 * in the configuration is the one that is announced.
 */
static struct slice print_pickup_target(struct lamp_dialogs *dialogs, const struct leg *leg)
{
	const struct directory *directory = leg->pbx->directory;

	if (directory->pickup_code_count == 0)
		return print_aor(dialogs, leg->pbx, SLICE_NONE, leg->extension->number);
	return print_aor(dialogs, leg->pbx,
			 directory->pickup_codes[directory->pickup_code_count - 1],
			 leg->extension->number);
}

/* --- One leg ------------------------------------------------------------------------------ */

bool lamp_leg_is_shown(const struct leg *leg)
{
	return leg->state_turn > 0 && (leg->is_initiator || leg->state != LEG_CALLING);
}

/* A flashing lamp is a promise: only who may take this call, and is not the one who makes it, sees
 * one. See pickup_is_allowed(). */
static bool leg_is_offered(const struct leg *leg, const struct lamp_view *view)
{
	return view->may_pick_up && leg->state <= LEG_RINGING && !leg->is_initiator &&
	       !leg->call->click && (!pickup_is_of_answered(leg) || view->may_barge_in) &&
	       !viewer_is_caller(leg, view->viewer);
}

enum dialog_state lamp_known_state(const struct lamp_view *view, enum dialog_state state)
{
	return state < DIALOG_EARLY && view->profile->is_proceeding_early ? DIALOG_EARLY : state;
}

/* Whatever is shown has had a 100, of ours or of the phone's: there is no `trying` (3.7.1). */
static enum dialog_state leg_dialog_state(const struct leg *leg, const struct lamp_view *view)
{
	bool is_steady =
		leg->is_initiator ? view->profile->is_caller_steady : !leg_is_offered(leg, view);

	switch (leg->state) {
	case LEG_CALLING:
	case LEG_PROCEEDING:
		return is_steady ? DIALOG_CONFIRMED : lamp_known_state(view, DIALOG_PROCEEDING);
	case LEG_RINGING:
		return is_steady ? DIALOG_CONFIRMED : DIALOG_EARLY;
	case LEG_TALKING:
		return DIALOG_CONFIRMED;
	case LEG_ENDED:
		break;
	}
	return DIALOG_TERMINATED;
}

struct dialog_ids lamp_leg_ids(const struct leg *leg)
{
	const struct dialog *dialog = leg->session ? &leg->session->dialog : NULL;

	if (!dialog)
		return (struct dialog_ids){ 0 };
	return (struct dialog_ids){ dialog_call_id(dialog), dialog_remote_tag(dialog),
				    dialog_local_tag(dialog) };
}

/* RFC 4235 3.2: a tag that was not named matches all. */
static bool leg_is_asked_for(const struct leg *leg, const struct dialog_ids *only)
{
	struct dialog_ids ids = lamp_leg_ids(leg);

	return !only ||
	       (slice_eq(only->call_id, ids.call_id) &&
		(slice_is_empty(only->local_tag) || slice_eq(only->local_tag, ids.local_tag)) &&
		(slice_is_empty(only->remote_tag) || slice_eq(only->remote_tag, ids.remote_tag)));
}

static void entry_set_ids(struct lamp_dialogs *dialogs, struct dialog_entry *entry,
			  const struct leg *leg)
{
	struct dialog_ids ids = lamp_leg_ids(leg);

	if (leg->replaced)
		entry->replaces = *leg->replaced;
	if (slice_is_empty(ids.call_id))
		return;
	dialogs->has_ids = true;
	entry->call_id = ids.call_id;
	entry->local_tag = ids.local_tag;
	entry->remote_tag = ids.remote_tag;
}

/* Who has transferred the call (RFC 4235 4.1.5), for who may see numbers. */
static void entry_set_referrer(struct lamp_dialogs *dialogs, struct dialog_entry *entry,
			       const struct leg *leg, const struct lamp_view *view)
{
	const struct party *referrer = leg->call->referrer;

	if (!referrer)
		return;
	entry->referred_by = print_aor(dialogs, leg->pbx, SLICE_NONE, referrer->number);
	if (view->profile->is_name_shown)
		entry->referred_by_display = referrer->name;
}

static void entry_set_parties(struct lamp_dialogs *dialogs, struct dialog_entry *entry,
			      const struct leg *leg, const struct lamp_view *view, uint64_t bit)
{
	const struct party *peer = shown_peer(leg);
	bool is_offered = leg_is_offered(leg, view);
	bool sees_numbers = view->visibility == VISIBILITY_NUMBERS;

	if (sees_numbers && (is_offered || !(view->hidden_peers & bit)) && peer &&
	    !slice_is_empty(peer->number)) {
		if (view->profile->is_name_shown)
			entry->remote.display = peer->name;
		entry->remote.identity = print_aor(dialogs, leg->pbx, SLICE_NONE, peer->number);
	} else if (is_offered) {
		entry->remote.identity = SLICE("sip:anonymous@anonymous.invalid");
	}
	if (sees_numbers && (is_offered || !(view->hidden_referrers & bit)))
		entry_set_referrer(dialogs, entry, leg, view);
	if (view->visibility < VISIBILITY_NUMBERS && !is_offered)
		return;
	if (view->profile->is_name_shown)
		entry->local.display = leg->extension->name;
	entry->local.identity = print_aor(dialogs, leg->pbx, SLICE_NONE, leg->extension->number);
	if (!view->may_pick_up)
		return;
	entry->local.target = entry->local.identity;
	entry->remote.target =
		is_offered ? print_pickup_target(dialogs, leg) : entry->remote.identity;
}

/* Whose words the local party's are: it is the phone that holds the other (RFC 4235 4.1.6.2). */
static void entry_set_hold(struct lamp_dialogs *dialogs, struct dialog_entry *entry,
			   const struct leg *leg)
{
	if (leg->state != LEG_TALKING || !leg->is_holding)
		return;
	entry->local.is_rendering_no = true;
	if (slice_is_empty(entry->local.target))
		entry->local.target =
			print_aor(dialogs, leg->pbx, SLICE_NONE, leg->extension->number);
}

static void add_leg(struct lamp_dialogs *dialogs, const struct leg *leg,
		    const struct lamp_view *view, uint64_t bit)
{
	struct dialog_entry *entry = &dialogs->info.dialogs[dialogs->info.dialog_count++];
	uint64_t now_ms = leg->pbx->stack.timers->now_ms;

	*entry = (struct dialog_entry){
		.id = slice_of(leg->id, sizeof(leg->id)),
		.state = leg_dialog_state(leg, view),
		.direction = leg->is_initiator ? DIALOG_INITIATOR : DIALOG_RECIPIENT,
		.has_duration = leg->state == LEG_TALKING,
		.duration_s = (uint32_t)((now_ms - leg->start_ms) / 1000),
	};
	if (view->may_pick_up)
		entry_set_ids(dialogs, entry, leg);
	entry_set_parties(dialogs, entry, leg, view, bit);
	entry_set_hold(dialogs, entry, leg);
}

/* --- What is no leg ----------------------------------------------------------------------- */

static void add_plain(struct lamp_dialogs *dialogs, const struct lamp_entity *entity,
		      enum dialog_state state)
{
	dialogs->info.dialogs[dialogs->info.dialog_count++] = (struct dialog_entry){
		.id = slice_of(entity->id, sizeof(entity->id)),
		.state = state,
	};
}

static void add_ended(struct lamp_dialogs *dialogs, const struct lamp_ended *ended)
{
	dialogs->info.dialogs[dialogs->info.dialog_count++] = (struct dialog_entry){
		.id = slice_of(ended->id, sizeof(ended->id)),
		.state = DIALOG_TERMINATED,
		.direction = ended->direction,
		.event = slice_from_cstr(ended->event),
		.code = ended->code,
	};
}

/* Nobody can be reached there; the lamp is that of who talks, and says why to who can read it. */
static void add_dnd(struct lamp_dialogs *dialogs, const struct lamp_entity *entity)
{
	struct dialog_party *local;

	add_plain(dialogs, entity, DIALOG_CONFIRMED);
	local = &dialogs->info.dialogs[dialogs->info.dialog_count - 1].local;
	local->display = SLICE("Do not disturb");
	local->identity = print_aor(dialogs, entity->pbx, SLICE_NONE, entity->number);
}

/* A press of the key fetches: the target is the orbit, and there is nothing to replace. */
static void add_parked(struct lamp_dialogs *dialogs, const struct parked *parked,
		       const struct lamp_view *view)
{
	struct dialog_entry *entry = &dialogs->info.dialogs[dialogs->info.dialog_count++];
	const struct pbx *pbx = parked->leg->pbx;
	const struct party *party = &parked->leg->party;
	bool is_told = view->visibility == VISIBILITY_NUMBERS && !slice_is_empty(party->number);

	*entry = (struct dialog_entry){
		.id = slice_of(parked->id, sizeof(parked->id)),
		.state = DIALOG_CONFIRMED,
		.direction = DIALOG_RECIPIENT,
		.has_duration = true,
		.duration_s = (uint32_t)((pbx->stack.timers->now_ms - parked->since_ms) / 1000),
	};
	entry->local.identity = print_aor(dialogs, pbx, SLICE_NONE, parked->orbit.number);
	entry->local.target = entry->remote.target = entry->local.identity;
	entry->remote.identity = is_told ? print_aor(dialogs, pbx, SLICE_NONE, party->number)
					 : SLICE("sip:anonymous@anonymous.invalid");
	if (is_told && view->profile->is_name_shown)
		entry->remote.display = party->name;
}

struct slice lamp_status(struct pbx *pbx, const struct extension *extension)
{
	if (dnd_is_on(pbx, extension->number))
		return SLICE("do-not-disturb");
	if (!slice_is_empty(phone_forward_of(pbx, extension).to[FORWARD_ALWAYS]))
		return SLICE("forwarded");
	/* Whose calls are another PBX's business has phones there. */
	if (!registrar_find(pbx, extension->number) &&
	    extension->lamp_source != LAMP_SOURCE_PUBLISHED)
		return SLICE("unregistered");
	return SLICE_NONE;
}

/* --- The document ------------------------------------------------------------------------- */

/* What decides the lamp of a phone that looks at one dialog only comes first. */
static unsigned entry_rank(const struct dialog_entry *entry)
{
	static const unsigned ranks[] = {
		[DIALOG_EARLY] = 0,  [DIALOG_PROCEEDING] = 1, [DIALOG_CONFIRMED] = 2,
		[DIALOG_TRYING] = 3, [DIALOG_TERMINATED] = 4,
	};

	/* A caller waits; who is called matters more, and who talks. */
	if (entry->direction == DIALOG_INITIATOR && entry->state < DIALOG_CONFIRMED)
		return ranks[DIALOG_TRYING];
	return ranks[entry->state];
}

/* Few, and nearly sorted: by insertion, and what is equal stays in its order. */
static void sort_dialogs(struct dialog_info *info)
{
	for (size_t i = 1; i < info->dialog_count; i++) {
		struct dialog_entry entry = info->dialogs[i];
		size_t at = i;

		while (at > 0 && entry_rank(&info->dialogs[at - 1]) > entry_rank(&entry)) {
			info->dialogs[at] = info->dialogs[at - 1];
			at--;
		}
		info->dialogs[at] = entry;
	}
}

static bool is_busy(const struct lamp_entity *entity)
{
	LIST_FOR (leg, &entity->legs, struct leg, lamp_node)
		if (lamp_leg_is_shown(leg))
			return true;
	return lamp_source_count(entity) > 0 || dnd_is_on(entity->pbx, entity->number);
}

/* Free is said by one terminated dialog where phones need it (PHONES: Yealink, Bria). */
static void add_idle(struct lamp_dialogs *dialogs, const struct lamp_entity *entity,
		     const struct lamp_view *view)
{
	if (!view->profile->is_dialog_needed)
		return;
	if (view->visibility > VISIBILITY_BUSY && entity->ended_count > 0 && !view->only)
		add_ended(dialogs, &entity->ended[entity->ended_count - 1]);
	else
		add_plain(dialogs, entity, DIALOG_TERMINATED);
}

bool lamp_dialogs_have_room(struct lamp_dialogs *dialogs)
{
	if (dialogs->info.dialog_count < DIALOG_INFO_MAX - LAMP_ENDED_MAX - 1)
		return true;
	dialogs->is_cut = true;
	return false;
}

static void add_legs(struct lamp_dialogs *dialogs, const struct lamp_entity *entity,
		     const struct lamp_view *view, uint64_t since)
{
	unsigned at = 0;

	LIST_FOR (leg, &entity->legs, struct leg, lamp_node) {
		uint64_t bit = leg_bit(at++);

		if (lamp_leg_is_shown(leg) && leg->state_turn > since &&
		    leg_is_asked_for(leg, view->only) && lamp_dialogs_have_room(dialogs))
			add_leg(dialogs, leg, view, bit);
	}
}

static void dialogs_begin(struct lamp_dialogs *dialogs)
{
	/* Entries are written when they are added; clearing room for all would cost more. */
	dialogs->info.dialog_count = 0;
	dialogs->info.entity = SLICE_NONE;
	dialogs->info.is_partial = false;
	dialogs->info.status = SLICE_NONE;
	dialogs->has_ids = false;
	dialogs->is_cut = false;
	dialogs->uris = BUF_ON(dialogs->uri_text);
}

static void read_full(const struct lamp_entity *entity, const struct lamp_view *view,
		      struct lamp_dialogs *dialogs)
{
	const struct parked *parked = park_find(entity->pbx, entity->number);

	if (view->visibility == VISIBILITY_BUSY && is_busy(entity)) {
		add_plain(dialogs, entity, DIALOG_CONFIRMED);
		return;
	}
	if (view->visibility > VISIBILITY_BUSY) {
		add_legs(dialogs, entity, view, 0);
		lamp_source_add(dialogs, entity, view, 0);
		if (parked && !view->only)
			add_parked(dialogs, parked, view);
		if (dnd_is_on(entity->pbx, entity->number) && !view->only)
			add_dnd(dialogs, entity);
	}
	if (dialogs->info.dialog_count == 0)
		add_idle(dialogs, entity, view);
	sort_dialogs(&dialogs->info);
	if (view->profile->dialogs_max > 0 &&
	    dialogs->info.dialog_count > view->profile->dialogs_max)
		dialogs->info.dialog_count = view->profile->dialogs_max;
}

static bool read_changes(const struct lamp_entity *entity, const struct lamp_view *view,
			 uint64_t since, struct lamp_dialogs *dialogs)
{
	if (view->visibility <= VISIBILITY_BUSY || since < entity->forgotten_turn || view->only)
		return false;
	add_legs(dialogs, entity, view, since);
	lamp_source_add(dialogs, entity, view, since);
	for (size_t i = 0; i < entity->ended_count; i++)
		if (entity->ended[i].turn > since)
			add_ended(dialogs, &entity->ended[i]);
	if (entity->state_turn > since && dnd_is_on(entity->pbx, entity->number))
		add_dnd(dialogs, entity);
	else if (entity->state_turn > since)
		add_plain(dialogs, entity, DIALOG_TERMINATED);
	return dialogs->info.dialog_count > 0 && !dialogs->is_cut;
}

/* BroadWorks' phones take the label of a key from there, whatever the dialog is (PHONES: Poly). */
static void name_locals(struct lamp_dialogs *dialogs, const struct lamp_entity *entity,
			const struct extension *watched)
{
	for (size_t i = 0; i < dialogs->info.dialog_count; i++) {
		struct dialog_party *local = &dialogs->info.dialogs[i].local;

		if (slice_is_empty(local->display) && watched)
			local->display = watched->name;
		if (slice_is_empty(local->identity))
			local->identity =
				print_aor(dialogs, entity->pbx, SLICE_NONE, entity->number);
	}
}

bool lamp_view_read(const struct lamp_entity *entity, const struct lamp_view *view, uint64_t since,
		    struct lamp_dialogs *ret_dialogs)
{
	const struct extension *watched = directory_find(entity->pbx->directory, entity->number);

	dialogs_begin(ret_dialogs);
	if (watched && view->visibility > VISIBILITY_BUSY)
		ret_dialogs->info.status = lamp_status(entity->pbx, watched);
	ret_dialogs->info.is_partial = since > 0;
	if (since > 0)
		return watched && read_changes(entity, view, since, ret_dialogs);
	read_full(entity, view, ret_dialogs);
	if (view->profile->list == PROFILE_LIST_CONSOLIDATED && view->visibility > VISIBILITY_NONE)
		name_locals(ret_dialogs, entity, watched);
	return true;
}
