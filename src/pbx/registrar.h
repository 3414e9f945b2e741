/* SPDX-License-Identifier: MIT */
/*
 * The registrar (RFC 3261 10.3): which phones an extension has now and the way to each. A phone is
 * answered by the way it came when it sits behind a NAT.
 */
#ifndef LAMPYRID_PBX_REGISTRAR_H
#define LAMPYRID_PBX_REGISTRAR_H

#include "base/texts.h"
#include "pbx/pbx.h"

#define BINDINGS_PER_AOR_MAX 10
#define REGISTRATION_MIN_S 60

enum binding_text { BINDING_CONTACT, BINDING_CALL_ID, BINDING_HOST, BINDING_TEXTS };

struct binding {
	struct pooled pooled;
	uint32_t cseq;
	struct pbx *pbx;
	struct aor *aor;
	struct list node; /* in aor->bindings, the oldest first */
	char *texts;	  /* owned, see base/texts.h */
	uint16_t ends[BINDING_TEXTS];
	uint16_t q;		  /* thousandths, 0 to 1000 */
	uint64_t registered_turn; /* pbx->turn when it came, see reg_event.c */
	struct timer expiry;
	const struct profile *profile; /* by the User-Agent of its last REGISTER */
	struct unasked *unasked;       /* see lamp_unasked.h; NULL: it is told of nobody */
	struct flow flow;	       /* where requests for it go */
	bool is_refreshed;
	bool is_anew; /* its phone has begun to register, not refreshed */
};

/* The URI. This and the next two are valid until the next REGISTER. */
static inline struct slice binding_contact(const struct binding *binding)
{
	return texts_get(binding->texts, binding->ends, BINDING_CONTACT);
}

static inline struct slice binding_call_id(const struct binding *binding)
{
	return texts_get(binding->texts, binding->ends, BINDING_CALL_ID);
}

/* By which its phone knows us; empty: the domain. */
static inline struct slice binding_host(const struct binding *binding)
{
	return texts_get(binding->texts, binding->ends, BINDING_HOST);
}

/* What is left of it, rounded up; 0 where it has run out and its timer is still to run. */
uint64_t binding_expires_s(const struct binding *binding);

/* One address of record; exists while it has bindings. */
struct aor {
	struct map_node node; /* in pbx->aors */
	struct list bindings;
	uint32_t count;
	char number[]; /* see aor_number() */
};

static inline struct slice aor_number(const struct aor *aor)
{
	return map_key(&aor->node);
}

/* Answers a REGISTER of `extension`. */
void registrar_on_register(struct pbx *pbx, struct incoming *in, const struct extension *extension);

/* NULL when no phone is registered. */
struct aor *registrar_find(struct pbx *pbx, struct slice number);

/* Ends the bindings of those that the directory does not know (any more); all of them at the end.
 */
void registrar_drop_unknown(struct pbx *pbx);
void registrar_fini(struct pbx *pbx);

/*
 * The way of this extension's phone with this Contact, other than *flow; or with one that differs
 * in the port only, when there is one such phone. ERR_NOTFOUND. Only its own binding counts, or
 * anybody could register somebody's Contact and hear their calls.
 */
int registrar_find_way(struct pbx *pbx, struct slice number, struct slice contact,
		       struct flow *flow);

/*
 * Bindings by this connection are reached at their Contact from now on, where that is an address;
 * those behind a NAT, or by TLS, where a phone has no certificate to prove itself, are gone.
 */
void registrar_on_connection_lost(struct pbx *pbx, struct handle conn);

void binding_on_free(void *object);

#endif
