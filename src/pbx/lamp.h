/* SPDX-License-Identifier: MIT */
/*
 * Lamps: whom watchers watch, and the watchers (RFC 4235 over RFC 6665). There is one truth, the
 * legs that calls hold. What a watcher is told is always made anew from them, by one function for
 * the first and for every later NOTIFY (lamp_view.h); how it travels is the carrier's business: a
 * subscription, a list of them, a NOTIFY that nobody asked for.
 */
#ifndef LAMPYRID_PBX_LAMP_H
#define LAMPYRID_PBX_LAMP_H

#include "base/buf.h"
#include "pbx/lamp_audit.h"
#include "pbx/pbx.h"
#include "pbx/profile.h"
#include "pbx/viewer.h"
#include "pbx/visibility.h"
#include "sip/dialog_info.h"

struct leg;
struct notifier;
struct watcher;

/* --- Who is watched ----------------------------------------------------------------------- */

/* A dialog that is no more, for those who are told of changes only. */
struct lamp_ended {
	char id[TOKEN_BYTES];
	uint64_t turn; /* pbx->turn when it ended */
	enum dialog_direction direction;
	const char *event; /* RFC 4235 3.7.1, constant text */
	unsigned code;	   /* 0: none */
};

#define LAMP_ENDED_MAX 4

/* An extension's legs, watchers and reports. Exists while it has any of them. */
struct lamp_entity {
	struct map_node node; /* in pbx->entities */
	struct pbx *pbx;
	struct slice number;  /* its bytes stand behind the struct */
	char id[TOKEN_BYTES]; /* of the dialog that stands for no call: busy, do-not-disturb */
	struct list legs;     /* struct leg by lamp_node, the oldest first */
	struct list watchers; /* struct watcher by node */
	struct list reports;  /* struct lamp_report by node: what others say of it */
	uint64_t turn;	      /* pbx->turn of the last change of anything that is told */
	uint64_t state_turn;  /* of do-not-disturb, forward or registration */
	struct lamp_ended ended[LAMP_ENDED_MAX]; /* [ended_count], the latest last */
	size_t ended_count;
	unsigned pins;		 /* it stays while somebody goes through its watchers */
	uint64_t forgotten_turn; /* when the latest of those ended that are not in there any more */
};

/* ERR_NOMEM. */
int lamp_init(struct pbx *pbx);

struct lamp_entity *lamp_find(struct pbx *pbx, struct slice number);

/* Made if need be. NULL when memory is refused. */
struct lamp_entity *lamp_get(struct pbx *pbx, struct slice number);

/* To be called when something of it has gone: it may be nobody's any more. */
void lamp_release(struct lamp_entity *entity);

/* A dialog ends with the change that is told next. The turn is filled in. */
void lamp_remember_ended(struct lamp_entity *entity, const struct lamp_ended *ended);

/* Its watchers are told. */
void lamp_changed(struct lamp_entity *entity);

/* A leg of this extension begins to exist, changed, or is no more. Starting: ERR_NOMEM. */
int lamp_leg_start(struct leg *leg);
void lamp_leg_changed(struct leg *leg);
void lamp_leg_end(struct leg *leg, bool was_shown);

/*
 * Another fork has answered, or rings: what the leg shows is another dialog, with an id of its own,
 * and the one before is over (RFC 4235 4.1.1). Told with the change that must follow.
 */
void lamp_leg_renew(struct leg *leg);

/* Do-not-disturb, a forward or the registration of this extension is another than before. */
void lamp_state_changed(struct pbx *pbx, struct slice number);

/*
 * Whether watchers are told of the leg: a phone that does not ring yet has nothing to show, and an
 * INVITE that is refused at once never was a call.
 */
bool lamp_leg_is_shown(const struct leg *leg);

/* --- Who watches -------------------------------------------------------------------------- */

struct watcher_ops {
	/*
	 * There may be news: see lamp_is_news(). Also asked for from time to time without cause,
	 * and from within lamp_watch() already.
	 */
	void (*on_change)(struct watcher *watcher);
	/*
	 * There is nothing to watch (any more), for a reason of RFC 6665 4.1.3, constant text.
	 * NULL: the switch ends, lamp_unwatch() without a word.
	 */
	void (*on_gone)(struct watcher *watcher, const char *reason);
	/* What tells it, for who wants to know how; NULL: nothing yet. */
	const struct notifier *(*notifier)(const struct watcher *watcher);
};

/* What one viewer is told of one extension. */
struct watcher {
	struct list node; /* in entity->watchers */
	const struct watcher_ops *ops;
	void *owner; /* of ops: the carrier */
	struct lamp_entity *entity;
	struct viewer *viewer;	       /* whose phone it is */
	const struct profile *profile; /* of that phone */
	const struct dialog_ids *only; /* owned: the one dialog asked for; NULL: all */
	uint64_t rights_turn;	       /* pbx->turn of `rights`; 0: not asked yet */
	uint64_t told_turn;	       /* entity->turn of which it told all; 0: of none yet */
	uint64_t told_hash;	       /* of all that it told; 0: nothing yet */
	uint64_t ids_turn;	       /* entity->turn of the last one with ids */
	struct lamp_account account;
	struct list viewer_node; /* in viewer->watchers */
	uint32_t version;	 /* of the next document; only grows */
	struct rights rights;	 /* by the directory of rights_turn: lamp_view_of() */
	uint16_t entity_n;
	bool is_lost;	   /* the last document has not arrived */
	bool is_counted;   /* as one of the viewer's share */
	char entity_uri[]; /* [entity_n] see watcher_entity_uri() */
};

/* The URI of the entity, as it was subscribed. */
static inline struct slice watcher_entity_uri(const struct watcher *watcher)
{
	return slice_of(watcher->entity_uri, watcher->entity_n);
}

struct watcher_spec {
	const struct watcher_ops *ops;
	void *owner;
	const struct profile *profile;
	struct slice watched; /* the number; all text is copied */
	struct slice viewer;  /* an extension, or the domain of somebody outside */
	bool is_outside;
	bool is_unasked; /* it is none of the subscriptions of which the viewer has a share */
	struct slice entity_uri;
	const struct dialog_ids *only; /* as of struct watcher */
};

/*
 * NULL when memory is refused, or the viewer watches as much as it may (viewer.h). lamp_unwatch()
 * ends it, without a word to anybody.
 */
struct watcher *lamp_watch(struct pbx *pbx, const struct watcher_spec *spec);
void lamp_unwatch(struct watcher *watcher);

/* The truth differs from what the watcher was told last. */
bool lamp_is_news(struct watcher *watcher);

/*
 * Prints the next dialog-info document for it and takes note of what it is told: full state if it
 * must be, or has to be by the watcher's profile and what it knows. `is_datagram`: it should fit
 * into one.
 */
void lamp_tell(struct watcher *watcher, struct buf *body, bool is_full, bool is_datagram);

/*
 * For packages with documents of their own, as lamp_is_news() and lamp_tell() do: whether the truth
 * that makes this hash, never 0, is news; and that it is being told.
 */
bool lamp_hash_is_news(struct watcher *watcher, uint64_t hash);
void lamp_note_told(struct watcher *watcher, uint64_t hash);

/* Whether the last document has arrived. If not, the next one is full and is news. */
void lamp_told(struct watcher *watcher, bool has_arrived);

/* Whether a phone of `picker` was told this leg's ids (SECURITY R2). */
bool lamp_was_told(const struct leg *leg, struct slice picker);

/* Everybody is told anew, or that there is nothing to watch: after a new configuration. */
void lamp_on_directory(struct pbx *pbx);

/* Tells all watchers that it is over for now ("deactivated"). */
void lamp_stop(struct pbx *pbx);

/* Forgets all watchers without telling them: on_gone without a reason. */
void lamp_fini(struct pbx *pbx);

#endif
