/* SPDX-License-Identifier: MIT */
/*
 * REFERs outside of any dialog: click to dial, and those that name the dialog that they mean. They
 * come from a program with bob's password; bob's phone is another one.
 */
#include "texts.h"
#include "world.h"

#include "pbx/call.h"
#include "sip/target_dialog.h"

#include <stdio.h>

#define CLICK(to, lines)                                                                           \
	TEXT_HEAD("REFER", "202", to, "click")                                                     \
	TEXT_CONTACT("202", "192.0.2.5") lines TEXT_END
#define CALL_ALICE CLICK("202", "Refer-To: <sip:201@" OFFICE_DOMAIN ">\n")

static struct world *bob_may_click(struct raw **ret_program)
{
	struct world *w = world_new("alice", "bob", "carol");

	*ret_program = world_raw(w, "program");
	world_extension(w, "bob")->may_refer_out = true;
	watch(w, "carol", "alice");
	watch(w, "carol", "bob");
	world_start(w);
	return w;
}

static unsigned ask(struct raw *program, const char *text)
{
	return raw_ask_as(program, "202", OFFICE_PASSWORD, text);
}

FLOW(a_click_calls_the_own_phone_and_then_the_other, "RFC 3515 2.4.3, RFC 3725 4.4, RFC 3515 2.4.5")
{
	struct raw *program;
	struct world *w = bob_may_click(&program);

	expect(w, ask(program, CALL_ALICE) == 202);
	expect_ladder(w, "switch -> program 202 REFER", "switch -> bob     INVITE",
		      "bob    -> switch  180 INVITE");
	expect_calls(w, "alice", PHONE_CALL_RINGING, 0);
	answer(w, "bob");
	expect_ladder(w, "bob    -> switch  200 INVITE", "switch -> bob     ACK",
		      "switch -> alice   INVITE", "switch -> program NOTIFY sipfrag 180");
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	answer(w, "alice");
	expect_ladder(w, "alice  -> switch  200 INVITE", "switch -> bob     INVITE",
		      "switch -> program NOTIFY sipfrag 200");
	expect_talking(w, "alice", "bob");
	expect(w, raw_heard(program, "NOTIFY", "terminated;reason=noresource"));
	expect_lamp(w, "carol", "alice", LAMP_TALKING);
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	hang_up(w, "alice");
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect_lamp(w, "carol", "bob", LAMP_DARK);
	expect_quiet(w);
}

#define CALL_OUTSIDE CLICK("202", "Refer-To: <sip:0123@" OFFICE_DOMAIN ">\n")
#define ACME_IP "192.0.2.6"
#define ACME_LINE "Contact: <sip:gw@" ACME_IP ":5060>\r\n"
#define ACME_SDP                                                                                   \
	"v=0\r\no=- 2 2 IN IP4 " ACME_IP "\r\ns=-\r\nc=IN IP4 " ACME_IP                            \
	"\r\nt=0 0\r\nm=audio 4002 RTP/AVP 8 0\r\n"

/* Providers that take no INVITE without an offer get bob's, with bob's right to call outside. */
FLOW_PLAIN(a_click_to_the_outside_that_wants_an_offer, "RFC 3725 4.4, RFC 3261 21.4.26")
{
	struct trunk_config config = { .name = SLICE("acme"), .uri = SLICE("sip:" ACME_IP) };
	struct route route = { .strip = 1, .extensions = { SLICE("202") }, .extension_count = 1 };
	struct raw *program, *acme;
	struct world *w = world_new("alice", "bob", "carol");

	program = world_raw(w, "program");
	acme = world_raw(w, "acme");
	world_extension(w, "bob")->may_refer_out = true;
	office_add_trunk(&w->office, &config, NULL);
	office_add_route(&w->office, "0*", &route, "acme", NULL);
	world_start(w);
	expect(w, ask(program, CALL_OUTSIDE) == 202);
	answer(w, "bob");
	raw_reply(acme, "INVITE", 488, "o1", "", "");
	expect(w, raw_count(acme, "INVITE") == 2);
	expect(w, strstr(raw_last(acme, "INVITE"), "Content-Type: application/sdp") != NULL);
	raw_reply(acme, "INVITE", 200, "o2", ACME_LINE, ACME_SDP);
	/* Both are told how to reach each other. */
	raw_reply(acme, "INVITE", 200, "", ACME_LINE, ACME_SDP);
	expect(w, raw_heard(program, "NOTIFY", "SIP/2.0 200"));
	expect_calls(w, "bob", PHONE_CALL_TALKING, 1);
	hang_up(w, "bob");
	expect(w, raw_count(acme, "BYE") == 1);
	expect_quiet(w);
}

/* It rings as for any call: nobody there has left one on hold or in an orbit. */
FLOW_PLAIN(who_is_clicked_is_not_called_back, "RFC 7462 8")
{
	struct raw *program;
	struct world *w = bob_may_click(&program);
	const struct call *call;
	uint32_t slot = 0;

	expect(w, ask(program, CALL_ALICE) == 202);
	answer(w, "bob");
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	while ((call = pool_walk(&w->office.pbx.calls, &slot)))
		expect(w, call->recall == RECALL_NONE);
	expect_quiet(w);
}

FLOW(a_click_to_a_busy_phone_ends, "RFC 3515 2.4.5")
{
	struct raw *program;
	struct world *w = bob_may_click(&program);

	phone_set_dnd(&world_phone(w, "alice")->phone, true);
	expect(w, ask(program, CALL_ALICE) == 202);
	answer(w, "bob");
	expect_ladder(w, "switch -> program NOTIFY sipfrag 486");
	expect_ended(w, "bob", PHONE_CAUSE_REMOTE, 0);
	expect_quiet(w);
}

FLOW(a_click_whose_own_phone_is_not_answered_ends, "RFC 3515 2.4.5")
{
	struct raw *program;
	struct world *w = bob_may_click(&program);

	expect(w, ask(program, CALL_ALICE) == 202);
	hang_up(w, "bob");
	expect_ladder(w, "bob    -> switch  486 INVITE", "switch -> program NOTIFY sipfrag 486");
	expect_silence(w, "switch -> alice   INVITE");
	expect_quiet(w);
}

FLOW(who_clicked_may_give_up, "RFC 3515 2.4.5, RFC 3261 9.1")
{
	struct raw *program;
	struct world *w = bob_may_click(&program);

	expect(w, ask(program, CALL_ALICE) == 202);
	answer(w, "bob");
	expect_calls(w, "alice", PHONE_CALL_RINGING, 1);
	hang_up(w, "bob");
	expect_ladder(w, "bob    -> switch  BYE", "switch -> alice   CANCEL");
	expect_calls(w, "alice", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

/* A lamp does not promise what cannot be done. */
FLOW(the_own_phones_of_a_click_are_not_picked_up, "RFC 4235 3.7")
{
	struct raw *program;
	struct world *w = bob_may_click(&program);

	expect(w, ask(program, CALL_ALICE) == 202);
	expect_lamp(w, "carol", "bob", LAMP_TALKING);
	dial_number(w, "carol", "*8202");
	expect_ended(w, "carol", PHONE_CAUSE_REFUSED, 404);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 1);
	hang_up(w, "bob");
	expect_quiet(w);
}

FLOW_PLAIN(only_by_right_and_for_oneself_is_a_click, "RFC 3515 5.1, SECURITY R3")
{
	static const struct {
		const char *text;
		unsigned status;
	} rows[] = {
		{ CLICK("201", "Refer-To: <sip:203@" OFFICE_DOMAIN ">\n"), 403 },
		{ CLICK("202", "Refer-To: <sip:202@" OFFICE_DOMAIN ">\n"), 403 },
		{ CLICK("202", "Refer-To: <sip:999@" OFFICE_DOMAIN ">\n"), 404 },
		{ CLICK("202", "Refer-To: <sip:201@elsewhere.example>\n"), 404 },
		{ CLICK("202", "Refer-To: <sip:*8201@" OFFICE_DOMAIN ">\n"), 403 },
		{ CLICK("202", "Refer-To: <sip:*78@" OFFICE_DOMAIN ">\n"), 403 },
		{ CLICK("202", "Refer-To: <sip:201@" OFFICE_DOMAIN ";method=BYE>\n"), 403 },
		{ CLICK("202", "Refer-To: <sip:201@" OFFICE_DOMAIN "?Replaces=x>\n"), 403 },
		{ CLICK("202", "Refer-To: <sip:201@" OFFICE_DOMAIN "?Subject=x>\n"), 403 },
		{ CLICK("202", "Refer-To: <tel:201>\n"), 416 },
		{ CLICK("202", ""), 400 },
	};
	struct raw *program;
	struct world *w = bob_may_click(&program);

	expect(w, raw_ask(program, CALL_ALICE) == 401);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		expect(w, ask(program, rows[i].text) == rows[i].status);
	world_extension(w, "bob")->may_refer_out = false;
	expect(w, ask(program, CALL_ALICE) == 403);
	expect_calls(w, "bob", PHONE_CALL_RINGING, 0);
	expect_quiet(w);
}

/* --- Target-Dialog ------------------------------------------------------------------------ */

/* Bob's dialog as his phone sees it, or alice's. */
static void print_target_line(struct world *w, bool is_bobs, struct buf *line)
{
	uint32_t slot = 0;
	const struct call *call = pool_walk(&w->office.pbx.calls, &slot);
	const struct leg *leg = is_bobs ? call->partner : call->caller;
	const struct dialog *dialog = &leg->session->dialog;

	buf_lit(line, "Target-Dialog: ");
	sip_target_dialog_print(
		line, &(struct sip_target_dialog){ .call_id = dialog_call_id(dialog),
						   .local_tag = dialog_remote_tag(dialog),
						   .remote_tag = dialog_local_tag(dialog) });
	buf_char(line, '\n');
}

static unsigned refer_in_named(struct world *w, struct raw *program, bool is_bobs)
{
	char line_text[512], text[2048];
	struct buf line = BUF_ON(line_text);

	print_target_line(w, is_bobs, &line);
	snprintf(text, sizeof(text),
		 TEXT_HEAD("REFER", "202", "202", "named")
			 TEXT_CONTACT("202", "192.0.2.5") "Require: tdialog\n%.*s"
							  "Refer-To: <sip:203@" OFFICE_DOMAIN
							  ">\n" TEXT_END,
		 SLICE_ARGS(buf_text(&line)));
	return ask(program, text);
}

FLOW_PLAIN(a_refer_beside_a_dialog_may_name_it, "RFC 4538 4, RFC 5589 6.1")
{
	struct raw *program;
	struct world *w = bob_may_click(&program);

	world_extension(w, "bob")->may_refer_out = false;
	dial(w, "alice", "bob");
	answer(w, "bob");
	/* Somebody else's dialog is none for bob. */
	expect(w, refer_in_named(w, program, false) == 481);
	expect(w, refer_in_named(w, program, true) == 202);
	expect_calls(w, "carol", PHONE_CALL_RINGING, 1);
	answer(w, "carol");
	expect(w, raw_heard(program, "NOTIFY", "SIP/2.0 200 OK"));
	expect_talking(w, "alice", "carol");
	advance_ms(w, 5000);
	expect_calls(w, "bob", PHONE_CALL_TALKING, 0);
	expect(w, ask(program, CLICK("202", "Target-Dialog: x;local-tag=y\n"
					    "Refer-To: <sip:203@" OFFICE_DOMAIN ">\n")) == 400);
	expect_quiet(w);
}
