/* SPDX-License-Identifier: MIT */
/*
 * A registration: one contact of ours at a registrar, made, kept and removed by REGISTER (RFC 3261
 * 10.2). It goes on trying until it is told to stop; the waits between failures grow.
 */
#ifndef LAMPYRID_CORE_REGISTRATION_H
#define LAMPYRID_CORE_REGISTRATION_H

#include "core/account.h"
#include "core/dialog.h"

enum registration_state {
	REGISTRATION_IDLE,
	REGISTRATION_ASKING, /* a REGISTER waits for its answer */
	REGISTRATION_KEPT,   /* the next one is due later */
	REGISTRATION_WAITING /* after a failure */
};

struct registration;

/* The registration may be started, stopped or ended inside any handler. */
struct registration_ops {
	/* We are registered and were not. */
	void (*on_registered)(struct registration *registration);
	/*
	 * An attempt failed; the next follows by itself. `response` is NULL without one: 408, 503.
	 * registration_is_up() says whether an older success still counts.
	 */
	void (*on_failed)(struct registration *registration, unsigned status,
			  const struct sip_msg *response);
	/* Stopped: the binding is removed, or the registrar cannot be told. */
	void (*on_stopped)(struct registration *registration);
};

struct registration_spec {
	struct slice registrar; /* Request-URI: "sip:example.com" */
	struct slice aor;	/* From and To value: "<sip:203@example.com>" */
	struct slice contact;	/* URI */
	struct flow flow;
	uint32_t expires_s;	 /* what is asked for, at least 1 */
	struct account *account; /* outlives it; NULL: no challenge is answered */
};

struct registration {
	struct pooled pooled;
	struct stack *stack;
	const struct registration_ops *ops;
	void *owner;
	enum registration_state state;
	bool is_wanted; /* the goal; `state` is how far we are */
	/* No dialog: it has the Call-ID, From tag and CSeq that every REGISTER of ours shares
	 * (10.2).
	 */
	struct dialog numbering;
	struct slice contact; /* owned */
	struct account *account;
	struct auth_attempt attempt;
	struct handle client;	/* the REGISTER that waits for its answer */
	uint32_t expires_s;	/* asked for */
	uint32_t asked_s;	/* by the last REGISTER; 0 removes */
	uint32_t granted_s;	/* by the last 2xx */
	uint64_t expires_at_ms; /* of the binding at the registrar; 0: there is none */
	unsigned failures;	/* since the last success */
	unsigned raises;	/* 423 answered since then */
	struct timer due;
};

/* Idle, nothing is sent. ERR_NOMEM. */
int registration_new(struct stack *stack, const struct registration_spec *spec,
		     const struct registration_ops *ops, void *owner,
		     struct registration **ret_registration);

/* Registers now. On a running one it is a refresh, ahead of its time. */
void registration_start(struct registration *registration);

/* Removes the binding; on_stopped follows, at once when there is nothing to remove. */
void registration_stop(struct registration *registration);

/* Without another word to anybody. */
void registration_end(struct registration *registration);

/*
 * From now on it goes this way and names this contact: the registrar has another server, or we
 * another address. Not while a REGISTER waits for its answer. ERR_NOMEM: all stays as it was.
 */
int registration_move(struct registration *registration, const struct flow *flow,
		      struct slice contact);

bool registration_is_up(const struct registration *registration);

void registration_on_free(void *object);

#endif
