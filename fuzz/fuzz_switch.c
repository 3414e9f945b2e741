/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of the whole switch with datagrams. A phone is registered, watches another and
 * itself, and has a call ringing before the input begins; what the inputs call these dialogs is
 * put into the switch's words, so that they hit the very dialogs. Between two datagrams (cut at a
 * line "====") some time goes by. In the end everything must run out by itself.
 */
#include "base/check.h"
#include "base/mem.h"
#include "names.h"
#include "office.h"
#include "raw.h"

#define CUT "\n====\n"
#define TURN_MS 150
#define FOR_EVER_MS (2 * 3600 * 1000)

/* An hour of looks and tries for a phone that is gone tells no more than some minutes of them. */
#define BRIEF "Expires: 300\n"

#define HEAD(method, user, tag, call)                                                              \
	method " sip:" user "@" OFFICE_DOMAIN " SIP/2.0\n"                                         \
	       "{via}\nFrom: <sip:201@" OFFICE_DOMAIN ">;tag=" tag "\nTo: <sip:" user              \
	       "@" OFFICE_DOMAIN ">\nCall-ID: " call "\nCSeq: {cseq} " method                      \
	       "\nContact: <sip:201@192.0.2.2:5060>\n{auth}\n"

/* Asked when the call rings: the last NOTIFY is that of the dialog subscription. */
static const struct name names[] = {
	{ "r3wmpaqenwijsrba", "INVITE", "branch=z9hG4bK" },
	{ "azxk3g2zpc3fopf5", "INVITE", ";tag=" },
	{ "r4tcypcp6i2mtudm", "INVITE", "Call-ID: " },
	{ "vayodrucsi4zi4fe", "NOTIFY", ";tag=" },
	{ "ifttql2jgnv7zhfi", "NOTIFY", "branch=z9hG4bK" },
};

static void set_the_scene(struct raw *phone, struct words *ret_words)
{
	CHECK(raw_ask_as(phone, "201", OFFICE_PASSWORD,
			 HEAD("REGISTER", "201", "r", "reg") "Content-Length: 0\n\n") == 200);
	CHECK(raw_ask_as(phone, "201", OFFICE_PASSWORD,
			 HEAD("SUBSCRIBE", "202", "s", "sub") "Event: dialog\n" BRIEF
							      "Content-Length: 0\n\n") == 200);
	CHECK(raw_ask_as(phone, "201", OFFICE_PASSWORD,
			 HEAD("INVITE", "201", "i", "call") "Max-Forwards: 70\n"
							    "Content-Length: 0\n\n") == 100);
	words_learn(phone, names, ARRAY_LEN(names), ret_words);
	CHECK(raw_ask_as(phone, "201", OFFICE_PASSWORD,
			 HEAD("SUBSCRIBE", "202", "p", "presence") "Event: presence\n" BRIEF
								   "Content-Length: 0\n\n") == 200);
	CHECK(raw_ask_as(phone, "201", OFFICE_PASSWORD,
			 HEAD("SUBSCRIBE", "201", "g",
			      "reg-event") "Event: reg\n" BRIEF "Content-Length: 0\n\n") == 200);
	CHECK(raw_ask_as(phone, "201", OFFICE_PASSWORD,
			 HEAD("SUBSCRIBE", "201", "f", "features") "Event: as-feature-event\n" BRIEF
								   "Content-Length: 0\n\n") == 200);
}

static void feed(struct raw *phone, struct slice input)
{
	while (input.n > 0) {
		const char *cut = memmem(input.p, input.n, CUT, sizeof(CUT) - 1);
		size_t n = cut ? (size_t)(cut - input.p) : input.n;

		wires_send_raw(phone->node, phone->to, slice_head(input, n));
		wires_advance_ms(phone->node->wires, TURN_MS);
		input = slice_from(input, cut ? n + sizeof(CUT) - 1 : n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wires *wires;
	struct raw *phone;
	static struct office office;
	struct words words;
	uint64_t held;

	if (size > SIP_MESSAGE_MAX_BYTES)
		return 0;
	held = mem_count().blocks;
	wires = wires_new(1);
	wires->is_unwritten = true;
	office_init(&office, wires);
	office_add(&office, "201", "Alice");
	office_add(&office, "202", "Bob");
	phone = raw_new(wires, "phone", office.node);
	set_the_scene(phone, &words);
	feed(phone, words_put(&words, names, ARRAY_LEN(names), slice_of((const char *)data, size)));
	phone->is_mute = true;
	wires_advance_ms(wires, FOR_EVER_MS);
	CHECK(office.pbx.calls.held_count == 0 && office.pbx.bindings.held_count == 0);
	CHECK(office.pbx.stack.sessions.held_count == 0);
	CHECK(office.pbx.stack.notifiers.held_count == 0);
	CHECK(office.pbx.stack.refers.held_count == 0);
	CHECK(office.pbx.stack.txn_clients.held_count == 0);
	CHECK(office.pbx.stack.txn_servers.held_count == 0);
	CHECK(office.node->timers.count == 0);
	office_fini(&office);
	raw_free(phone);
	wires_free(wires);
	CHECK(mem_count().blocks == held);
	return 0;
}
