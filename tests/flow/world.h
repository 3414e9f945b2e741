/* SPDX-License-Identifier: MIT */
/*
 * The world of a flow test: the real switch and real phones on virtual wires. A flow is written
 * once and run many times: plainly, where every expectation is checked, and under faults (each
 * message lost, doubled or late, each allocation refused), where expectations only wait for what
 * may yet come, and the end state and expect_quiet() are what is asserted.
 *
 * Phones are called by name; "alice" has extension 201, the next one 202, and so on.
 */
#ifndef LAMPYRID_TESTS_WORLD_H
#define LAMPYRID_TESTS_WORLD_H

#include "cable.h"
#include "core/txn_client.h"
#include "neighbour.h"
#include "office.h"
#include "phone/phone.h"
#include "raw.h"

#define WORLD_PHONES_MAX 6

struct world_phone {
	const char *name;
	char number[8];
	char aor[64];
	struct wire_node *node;
	struct phone phone;
	struct office *office; /* whose phone it is */
	bool is_started;
	uint8_t transport;  /* of what starts with it */
	bool is_behind_nat; /* it knows another address of itself than the switch sees */
	const char *watched[PHONE_KEYS_MAX]; /* [key_count] names, by key from 1 */
	size_t key_count;
	const struct phone_profile *profile; /* NULL: generic */
	struct slice pickup_code;
	bool is_park[PHONE_KEYS_MAX];	     /* [key_count] it parks and fetches */
	bool is_unasked[PHONE_KEYS_MAX];     /* [key_count] it waits to be told instead */
	struct slice told[WORLD_PHONES_MAX]; /* [told_count] numbers of those who wait for it */
	size_t told_count;
	const char *list;	     /* behind those: what fills further keys (RFC 4662); or NULL */
	enum phone_cause last_cause; /* of the last ended call */
	unsigned last_status;
	char last_error[160];
	enum phone_result last_result; /* of its last transfer; NONE when it has heard nothing */
	unsigned last_transfer_status;
	unsigned rings; /* how often it was called */
};

struct world {
	struct wires *wires;
	struct office office;
	struct office far; /* another one, where has_far */
	bool has_far;
	struct cable cable; /* where has_cable */
	bool has_cable;
	struct world_phone phones[WORLD_PHONES_MAX]; /* [phone_count] */
	size_t phone_count;
	struct neighbour *neighbour; /* where there is one */
	size_t mark;		     /* of the ladder: the next expectation looks from here */
	bool is_faulty;
	bool is_checked;       /* expect_quiet() was said */
	uint64_t broken_lamps; /* by the test itself: what the auditor has to repair */
};

/* Registered phones of everybody named; the last argument is the macro's own NULL. */
#define world_new(...) world_new_list((const char *const[]){ __VA_ARGS__, NULL })
struct world *world_new_list(const char *const *names);

/* The same phones without a switch: they are not registered, and what one sends is for another. */
#define world_new_direct(...) world_new_direct_list((const char *const[]){ __VA_ARGS__, NULL })
struct world *world_new_direct_list(const char *const *names);

/* The phone of that name. */
struct world_phone *world_phone(struct world *w, const char *name);

/* Its key for `watched`, a phone or an orbit; 0: none that its list has filled. */
unsigned world_key(struct world *w, struct world_phone *p, const char *watched);

/* A step of this phone, which had `err`, is over: on good wires it must have worked. */
void world_step(struct world *w, struct world_phone *p, int err);

/* Between world_new() and the first step: other rights than the office's usual ones. */
struct extension *world_extension(struct world *w, const char *name);

/* The group of everybody, number OFFICE_GROUP, which rings all at once. */
struct group *world_group(struct world *w);

/* A peer that says what the test writes; it is freed with the world. */
struct raw *world_raw(struct world *w, const char *name);

/* It registers as this extension of the office, which gets along with 200. */
void registers(struct world *w, struct raw *raw, const char *number);

/*
 * A PBX beside the switch that publishes the calls of extension `number`, by the trunk "beside"; or
 * a phone of that extension, which tells who asks it. Freed with the world, and before that it
 * leaves when quiet is expected. To be called before the first step.
 */
struct neighbour *world_publisher(struct world *w, const char *name, const char *number);
struct neighbour *world_telling_phone(struct world *w, const char *name, const char *number);

/* These are its calls now. */
void says(struct world *w, struct neighbour *neighbour, const char *dialogs);

/*
 * A second switch of that name, and one phone of its own: extension `number` of `domain`. What the
 * two know of each other the test says.
 */
struct office *world_far(struct world *w, const char *name, const char *domain);
void world_far_phone(struct world *w, const char *name, const char *number);

/* Everybody starts; the first step does so by itself. */
void world_start(struct world *w);

/* A world where alice's phone calls 202, which is a raw peer, registered at 192.0.2.3. */
struct world *world_calling_raw_bob(struct raw **ret_bob);

/* --- Steps -------------------------------------------------------------------------------- */

/* `watched` is a phone, or the number of an orbit or of a raw peer's extension. */
void watch(struct world *w, const char *watcher, const char *watched);

/* A key for this orbit, "*851", with its lamp; pressed it parks and fetches. */
void park_key(struct world *w, const char *name, const char *orbit);

/* The same without a subscription: the office tells unasked, and the phone is of a make that
 * listens. */
void watch_unasked(struct world *w, const char *watcher, const char *watched);

/* Keys for all who are on the list of this name, "keys-office". */
void watch_list(struct world *w, const char *watcher, const char *list);

/* Without a subscription, for a make that takes NOTIFYs unasked. */
void wait_for(struct world *w, const char *watcher, const char *watched);

/* Before the first step: this phone is of a make ("snom"), with a pick-up code of its own or "". */
void behave_like(struct world *w, const char *name, const char *make, const char *code);
void dial(struct world *w, const char *caller, const char *called);
void dial_number(struct world *w, const char *caller, const char *number);
void answer(struct world *w, const char *name);
void hang_up(struct world *w, const char *name);
void hold(struct world *w, const char *name);
void resume(struct world *w, const char *name);
void set_pickup(struct world *w, const char *name, enum pickup_mode mode, const char *code);

/* This phone plays something while it rings: 183 with a description, reliably where it can. */
void set_early_media(struct world *w, const char *name);

/* Sends the other end of its call away; two calls: brings them together. */
void transfer(struct world *w, const char *name, const char *to);
void transfer_number(struct world *w, const char *name, const char *number);
void transfer_attended(struct world *w, const char *name);

/* Presses the key that watches `watched`. */
void press(struct world *w, const char *watcher, const char *watched);
#define pick_up press

/* The same by a phone that takes over calls that are answered. */
void barge_in(struct world *w, const char *watcher, const char *watched);

void advance_ms(struct world *w, uint64_t ms);

/*
 * Before the first step: the phone registers by this transport. It takes connections, unless it is
 * behind a NAT; the switch does, too.
 */
void by_transport(struct world *w, const char *name, enum transport transport);
void behind_nat(struct world *w, const char *name);

/* Every connection of this phone breaks, and both sides hear of it. */
void break_connections(struct world *w, const char *name);

/* The same, and nothing comes through until it is plugged in again. */
void unplug(struct world *w, const char *name);
void plug_in(struct world *w, const char *name);

/* The phone takes its registration back; it makes a new one. */
void unregister(struct world *w, const char *name);
void register_again(struct world *w, const char *name);

/* What is sent to this phone is lost, or arrives again. */
void cut_off(struct world *w, const char *name);

/* --- Expectations ------------------------------------------------------------------------- */

#define LAMP_DARK LAMP_OFF
#define LAMP_RINGING LAMP_FLASH
#define LAMP_TALKING LAMP_STEADY

void expect_lamp(struct world *w, const char *watcher, const char *watched, enum lamp lamp);
void expect_calls(struct world *w, const char *name, enum phone_call_state state, size_t count);
void expect_ended(struct world *w, const char *name, enum phone_cause cause, unsigned status);

/* What it has been told last of its transfer; a status of 0 is not looked at. */
void expect_transfer(struct world *w, const char *name, enum phone_result result, unsigned status);

/* Both talk, and each one's screen shows the other one's number. */
void expect_talking(struct world *w, const char *name, const char *other);

/*
 * The sound of both reaches the other one: that is what each was told last. They have no other
 * call.
 */
void expect_media(struct world *w, const char *name, const char *other);

/* They talk, nobody else does, and every lamp says so. */
void expect_only(struct world *w, const char *name, const char *other);

/* This one's screen shows the other one's number, in a call that it talks in. */
void expect_peer(struct world *w, const char *name, const char *other);

/* These messages were sent in this order since the last such expectation, others between them. */
#define expect_ladder(w, ...) expect_ladder_list((w), (const char *const[]){ __VA_ARGS__, NULL })
void expect_ladder_list(struct world *w, const char *const *lines);

/* No such message since the last expect_ladder(). */
void expect_silence(struct world *w, const char *line);

/*
 * The end: whoever is still in a call hangs up, lamps must be dark, subscriptions and registrations
 * are ended; then no timer, transaction, dialog, call or byte is left.
 */
void expect_quiet(struct world *w);

#define expect(w, claim) world_expect((w), (claim), #claim, __FILE__, __LINE__)
void world_expect(struct world *w, bool is_true, const char *claim, const char *file, int line);

/* --- Flows -------------------------------------------------------------------------------- */

struct flow_test {
	const char *name;
	const char *requirement;
	const char *file;
	void (*run)(void);
	bool is_plain_only; /* its steps depend on every message: not run under faults */
	struct flow_test *next;
};

void flow_add(struct flow_test *test);

#define FLOW_DEFINE(flow_name, requirement_text, plain)                                            \
	static void flow_##flow_name(void);                                                        \
	static struct flow_test test_##flow_name = { #flow_name, requirement_text,                 \
						     __FILE__,	 flow_##flow_name,                 \
						     plain,	 NULL };                           \
	__attribute__((constructor)) static void add_##flow_name(void)                             \
	{                                                                                          \
		flow_add(&test_##flow_name);                                                       \
	}                                                                                          \
	static void flow_##flow_name(void)

/* A flow with the requirement it shows; doc/rfc.md is made from these lines. */
#define FLOW(name, requirement) FLOW_DEFINE(name, requirement, false)

/* A flow of exact messages (raw peers), or a variation of one that is: not run under faults. */
#define FLOW_PLAIN(name, requirement) FLOW_DEFINE(name, requirement, true)

#endif
