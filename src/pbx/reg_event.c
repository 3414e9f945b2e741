/* SPDX-License-Identifier: MIT */
/*
 * Registration documents, made from the bindings that there are now and a few that were: the first
 * document and each one after SUBSCRIBE has the full state, the others what changed since the last
 * one that was acknowledged (RFC 3680 4.7, 5). A mere refresh is not told.
 */
#include "pbx/reg_event.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/registrar.h"

struct reg_watch {
	struct own_watch base;
	uint32_t version;	    /* of the next document */
	uint64_t told_turn;	    /* pbx->turn of the last document */
	uint64_t acknowledged_turn; /* of the last one that the phone has */
};

_Static_assert(BINDINGS_PER_AOR_MAX + OWN_PAST_MAX <= REG_INFO_CONTACTS_MAX, "a document has room");

/* Never the same for two bindings: no two objects of a pool have the same serial. */
static uint64_t binding_id(const struct binding *binding)
{
	struct handle handle = binding->pooled.handle;

	return (uint64_t)handle.serial << 32 | handle.slot;
}

/* --- The document ------------------------------------------------------------------------- */

static void add_binding(struct reg_info *info, const struct binding *binding)
{
	info->contacts[info->contact_count++] = (struct reg_contact){
		.id = binding_id(binding),
		.uri = binding_contact(binding),
		.event = binding->is_refreshed ? REG_REFRESHED : REG_REGISTERED,
		.expires_s = binding_expires_s(binding),
		.q = binding->q,
		.call_id = binding_call_id(binding),
		.cseq = binding->cseq,
	};
}

static void add_past(struct reg_info *info, const struct own_past *past)
{
	info->contacts[info->contact_count++] = (struct reg_contact){
		.id = past->id, .uri = past->uri, .event = past->event, .q = 1000
	};
}

/* What changed behind this turn; everything there is, from 0 on. */
static void collect(struct reg_info *info, const struct own *own, struct aor *aor, uint64_t turn)
{
	info->contact_count = 0;
	if (aor)
		LIST_FOR (binding, &aor->bindings, struct binding, node)
			if (binding->registered_turn > turn)
				add_binding(info, binding);
	if (!info->is_partial)
		return;
	for (size_t i = 0; i < OWN_PAST_MAX; i++)
		if (own->past[i].turn > turn)
			add_past(info, &own->past[i]);
}

static bool reg_print(struct own_watch *base, struct buf *body)
{
	static struct reg_info info; /* one thread, not re-entered */
	struct reg_watch *watch = CONTAINER_OF(base, struct reg_watch, base);
	const struct own *own = base->own;
	struct aor *aor = registrar_find(own->pbx, own->number);
	char text[512];
	struct buf uri = BUF_ON(text);

	pbx_print_aor(own->pbx, &uri, own->number);
	info.is_partial =
		!base->notifier->must_send && own->past_lost_turn <= watch->acknowledged_turn;
	collect(&info, own, aor, info.is_partial ? watch->acknowledged_turn : 0);
	if (info.is_partial && info.contact_count == 0)
		return false;
	info.version = watch->version++;
	info.aor = buf_text(&uri);
	info.state = aor ? REG_ACTIVE : info.contact_count > 0 ? REG_TERMINATED : REG_INIT;
	watch->told_turn = own->pbx->turn;
	reg_info_print(body, &info);
	/* Too long for any packet: some of the truth is better than none. */
	while (body->is_overflown && info.contact_count > 0) {
		info.contact_count /= 2;
		buf_init(body, body->p, body->cap);
		reg_info_print(body, &info);
	}
	return true;
}

static void on_answered(struct own_watch *base, bool is_acknowledged)
{
	struct reg_watch *watch = CONTAINER_OF(base, struct reg_watch, base);

	if (is_acknowledged)
		watch->acknowledged_turn = watch->told_turn;
}

static const struct own_package package = {
	.event = SLICE_INIT("reg"),
	.content_type = SLICE_INIT("application/reginfo+xml"),
	.watch_bytes = sizeof(struct reg_watch),
	.print = reg_print,
	.on_answered = on_answered,
};

void reg_event_on_subscribe(struct pbx *pbx, struct incoming *in, const struct extension *extension)
{
	own_subscribe(pbx, in, extension, &package);
}

/* --- What happens ------------------------------------------------------------------------- */

struct own *reg_event_note_end(const struct binding *binding, enum reg_event event)
{
	struct own *own = own_find(binding->pbx, aor_number(binding->aor));
	struct own_past *past;

	if (!own)
		return NULL;
	past = &own->past[own->past_next];
	own->past_next = (own->past_next + 1) % OWN_PAST_MAX;
	if (past->turn > 0)
		own->past_lost_turn = past->turn;
	mem_free((char *)past->uri.p);
	*past = (struct own_past){ .id = binding_id(binding),
				   .turn = ++binding->pbx->turn,
				   .event = event };
	/* Without memory for its name it is missed in a full document, as one is forgotten. */
	if (slice_keep(binding_contact(binding), &past->uri)) {
		own->past_lost_turn = past->turn;
		past->turn = 0;
	}
	return own;
}

void reg_event_tell(struct own *own)
{
	if (own)
		own_change(own, &package);
}
