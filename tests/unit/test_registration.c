/* SPDX-License-Identifier: MIT */
/*
 * Registrations: what goes to the registrar, and when (RFC 3261 10.2).
 */
#include "base/err.h"
#include "base/mem.h"
#include "core/registration.h"
#include "core/retry.h"
#include "fake_peer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CHALLENGE(nonce)                                                                           \
	"WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"" nonce "\", "                \
	"qop=\"auth\"\r\n"
#define CONTACT "<sip:203@192.0.2.3:5060>"

struct rig {
	struct fake_peer peer;
	struct stack stack;
	struct account account;
	struct registration *registration;
	unsigned registered;
	unsigned failed;
	unsigned stopped;
	unsigned last_status;
	bool ends_itself; /* in its next handler */
	bool is_set_up;
};

static void on_registered(struct registration *registration)
{
	struct rig *rig = registration->owner;

	rig->registered++;
	if (rig->ends_itself)
		registration_end(registration);
}

static void on_failed(struct registration *registration, unsigned status,
		      const struct sip_msg *response)
{
	struct rig *rig = registration->owner;

	assert_true(!response || response->status == status);
	rig->failed++;
	rig->last_status = status;
	if (rig->ends_itself)
		registration_end(registration);
}

static void on_stopped(struct registration *registration)
{
	struct rig *rig = registration->owner;

	rig->stopped++;
	if (rig->ends_itself)
		registration_end(registration);
}

static const struct registration_ops ops = { on_registered, on_failed, on_stopped };

static void on_message(void *user, const struct flow *flow, struct slice bytes)
{
	stack_on_message(user, flow, bytes);
}

static void on_turn_end(void *user)
{
	stack_on_turn_end(user);
}

static void on_request(void *user, struct incoming *in)
{
	(void)user;
	incoming_reply_status(in, 501);
}

static int set_up(void **state)
{
	static struct rig rig;
	const struct stack_user user = { .user = &rig, .on_request = on_request };
	const struct stack_limits limits = { .transactions = 16, .registrations = 1 };
	struct registration_spec spec = { .registrar = SLICE("sip:pbx.example.com"),
					  .aor = SLICE("\"Carol\" <sip:203@pbx.example.com>"),
					  .contact = SLICE("sip:203@192.0.2.3:5060"),
					  .expires_s = 600,
					  .account = &rig.account };

	rig = (struct rig){ 0 };
	assert_int_equal(digest_init(), 0);
	fake_peer_init(&rig.peer);
	rig.peer.user = &rig.stack;
	rig.peer.on_message = on_message;
	rig.peer.on_turn_end = on_turn_end;
	rig.account.login =
		(struct auth_login){ .username = SLICE("203"), .password = SLICE("secret") };
	assert_int_equal(stack_init(&rig.stack, &rig.peer.env, &rig.peer.timers, &user, &limits,
				    SLICE("test")),
			 0);
	spec.flow = rig.peer.flow;
	assert_int_equal(registration_new(&rig.stack, &spec, &ops, &rig, &rig.registration), 0);
	assert_true(fake_peer_is_idle(&rig.peer));
	rig.is_set_up = true;
	*state = &rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	if (!rig->is_set_up)
		return 0;
	rig->is_set_up = false;
	stack_fini(&rig->stack);
	fake_peer_fini(&rig->peer);
	hash_fini();
	assert_int_equal(rig->peer.timers.count, 0);
	return mem_count().blocks == 0 ? 0 : -1;
}

/* A REGISTER with this CSeq that asks for so long. */
static void take_register(struct rig *rig, uint32_t cseq, uint32_t expires_s)
{
	const struct sip_msg *msg = fake_peer_take_request(&rig->peer, METHOD_REGISTER);
	uint32_t seconds;

	assert_int_equal(msg->cseq, cseq);
	assert_int_equal(sip_msg_seconds(msg, HDR_EXPIRES, &seconds), 0);
	assert_int_equal(seconds, expires_s);
	assert_true(slice_eq(sip_msg_value(msg, HDR_CONTACT), SLICE(CONTACT)));
	assert_true(slice_eq(msg->uri.text, SLICE("sip:pbx.example.com")));
	assert_true(slice_eq(msg->from.uri.text, SLICE("sip:203@pbx.example.com")));
	assert_true(slice_is_empty(msg->to_tag));
	assert_true(fake_peer_is_idle(&rig->peer));
}

static void make(struct rig *rig)
{
	registration_start(rig->registration);
	take_register(rig, 1, 600);
	fake_peer_answer(&rig->peer, 200, "t", "Contact: " CONTACT ";expires=600\r\n", "");
	assert_int_equal(rig->registered, 1);
	assert_true(registration_is_up(rig->registration));
}

static void it_registers_and_refreshes_in_time(void **state)
{
	struct rig *rig = *state;
	struct slice call_id, tag;
	const struct sip_msg *msg;
	uint64_t wait_ms;

	registration_start(rig->registration);
	msg = fake_peer_take_request(&rig->peer, METHOD_REGISTER);
	assert_int_equal(slice_keep(msg->call_id, &call_id), 0);
	assert_int_equal(slice_keep(msg->from_tag, &tag), 0);
	fake_peer_answer(&rig->peer, 200, "t", "Contact: " CONTACT ";expires=600\r\n", "");
	for (uint32_t cseq = 2; cseq < 6; cseq++) {
		wait_ms = rig->registration->due.at_ms - rig->peer.timers.now_ms;
		assert_in_range(wait_ms, 300000, 450000);
		fake_peer_advance_ms(&rig->peer, wait_ms);
		msg = fake_peer_take_request(&rig->peer, METHOD_REGISTER);
		assert_int_equal(msg->cseq, cseq);
		assert_true(slice_eq(msg->call_id, call_id));
		assert_true(slice_eq(msg->from_tag, tag));
		fake_peer_answer(&rig->peer, 200, "t", "Contact: " CONTACT ";expires=600\r\n", "");
		assert_true(registration_is_up(rig->registration));
	}
	assert_int_equal(rig->registered, 1);
	assert_int_equal(rig->failed, 0);
	mem_free((char *)call_id.p);
	mem_free((char *)tag.p);
}

static void the_granted_time_is_that_of_our_own_contact(void **state)
{
	static const struct {
		const char *name;
		const char *lines;
		uint32_t granted_s;
	} cases[] = {
		{ "its parameter", "Contact: " CONTACT ";expires=120\r\nExpires: 500\r\n", 120 },
		{ "among others",
		  "Contact: <sip:203@192.0.2.9>;expires=10, " CONTACT ";q=0.5;expires=130\r\n",
		  130 },
		{ "the header", "Contact: " CONTACT "\r\nExpires: 140\r\n", 140 },
		{ "no contact", "Expires: 150\r\n", 150 },
		{ "nothing", "", 600 },
		{ "rubbish", "Contact: ;;;\r\nExpires: x\r\n", 600 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig *rig;

		if (i > 0)
			assert_int_equal(set_up(state), 0);
		rig = *state;
		registration_start(rig->registration);
		take_register(rig, 1, 600);
		fake_peer_answer(&rig->peer, 200, "t", cases[i].lines, "");
		if (rig->registration->granted_s != cases[i].granted_s)
			fail_msg("%s: %u s", cases[i].name, rig->registration->granted_s);
		if (i + 1 < ARRAY_LEN(cases))
			assert_int_equal(tear_down(state), 0);
	}
}

static void a_challenge_is_answered_once(void **state)
{
	struct rig *rig = *state;
	const struct sip_msg *msg;

	registration_start(rig->registration);
	take_register(rig, 1, 600);
	fake_peer_answer(&rig->peer, 401, "t", CHALLENGE("n1"), "");
	msg = fake_peer_take_request(&rig->peer, METHOD_REGISTER);
	assert_int_equal(msg->cseq, 2);
	assert_non_null(sip_msg_header(msg, HDR_AUTHORIZATION));
	/* The same nonce again: the password is wrong. */
	fake_peer_answer(&rig->peer, 401, "t", CHALLENGE("n1"), "");
	assert_true(fake_peer_is_idle(&rig->peer));
	assert_int_equal(rig->failed, 1);
	assert_int_equal(rig->last_status, 401);
	assert_false(registration_is_up(rig->registration));
}

static void what_was_learned_goes_with_the_next(void **state)
{
	struct rig *rig = *state;
	const struct sip_msg *msg;

	registration_start(rig->registration);
	take_register(rig, 1, 600);
	fake_peer_answer(&rig->peer, 401, "t", CHALLENGE("n1"), "");
	(void)fake_peer_take_request(&rig->peer, METHOD_REGISTER);
	fake_peer_answer(&rig->peer, 200, "t", "Expires: 600\r\n", "");
	assert_int_equal(rig->registered, 1);
	registration_start(rig->registration);
	msg = fake_peer_take_request(&rig->peer, METHOD_REGISTER);
	assert_int_equal(msg->cseq, 3);
	assert_non_null(sip_msg_header(msg, HDR_AUTHORIZATION));
	/* A nonce grown old: once more with the new one, in place of the old line. */
	fake_peer_answer(&rig->peer, 401, "t",
			 "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n2\", "
			 "stale=true, qop=\"auth\"\r\n",
			 "");
	msg = fake_peer_take_request(&rig->peer, METHOD_REGISTER);
	assert_int_equal(msg->cseq, 4);
	assert_null(sip_msg_header_next(msg, sip_msg_header(msg, HDR_AUTHORIZATION)));
	fake_peer_answer(&rig->peer, 200, "t", "Expires: 600\r\n", "");
	assert_int_equal(rig->failed, 0);
}

static void a_longer_time_is_accepted(void **state)
{
	struct rig *rig = *state;

	registration_start(rig->registration);
	take_register(rig, 1, 600);
	fake_peer_answer(&rig->peer, 423, "t", "Min-Expires: 900\r\n", "");
	take_register(rig, 2, 900);
	fake_peer_answer(&rig->peer, 423, "t", "Min-Expires: 901\r\n", "");
	take_register(rig, 3, 901);
	/* Without end it is a failure. */
	fake_peer_answer(&rig->peer, 423, "t", "Min-Expires: 902\r\n", "");
	assert_true(fake_peer_is_idle(&rig->peer));
	assert_int_equal(rig->last_status, 423);
}

static void an_absurd_min_expires_is_a_failure(void **state)
{
	static const char *const lines[] = { "", "Min-Expires: 5\r\n",
					     "Min-Expires: 4294967295\r\n", "Min-Expires: -1\r\n" };

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct rig *rig = *state;

		registration_start(rig->registration);
		(void)fake_peer_take_request(&rig->peer, METHOD_REGISTER);
		fake_peer_answer(&rig->peer, 423, "t", lines[i], "");
		assert_true(fake_peer_is_idle(&rig->peer));
		assert_int_equal(rig->failed, i + 1);
	}
}

static void the_waits_between_failures_grow_to_a_bound(void **state)
{
	struct rig *rig = *state;
	uint64_t wait_ms, longest_ms = 0;

	registration_start(rig->registration);
	for (unsigned i = 1; i < 20; i++) {
		(void)fake_peer_take_request(&rig->peer, METHOD_REGISTER);
		fake_peer_answer(&rig->peer, 500, "t", "", "");
		assert_int_equal(rig->failed, i);
		assert_int_equal(rig->registration->state, REGISTRATION_WAITING);
		wait_ms = rig->registration->due.at_ms - rig->peer.timers.now_ms;
		assert_in_range(wait_ms, i < 7 ? 2000u << (i - 1) : RETRY_MAX_MS / 2,
				i < 7 ? 4000u << (i - 1) : RETRY_MAX_MS);
		if (wait_ms > longest_ms)
			longest_ms = wait_ms;
		fake_peer_advance_ms(&rig->peer, wait_ms);
	}
	assert_true(longest_ms > RETRY_MAX_MS / 2);
}

static void retry_after_is_respected(void **state)
{
	static const struct {
		const char *name;
		struct slice value;
		uint64_t wait_ms;
	} cases[] = {
		{ "seconds", SLICE_INIT("120"), 120000 },
		{ "comment and parameter", SLICE_INIT(" 18 (I am busy);duration=60"), 18000 },
		{ "none", SLICE_INIT(""), 0 },
		{ "no number", SLICE_INIT("soon"), 0 },
		{ "never", SLICE_INIT("99999999999999"), RETRY_AFTER_MAX_MS },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (retry_after_ms(cases[i].value) != cases[i].wait_ms)
			fail_msg("%s", cases[i].name);
	registration_start(rig->registration);
	(void)fake_peer_take_request(&rig->peer, METHOD_REGISTER);
	fake_peer_answer(&rig->peer, 503, "t", "Retry-After: 120\r\n", "");
	fake_peer_advance_ms(&rig->peer, 119999);
	assert_true(fake_peer_is_idle(&rig->peer));
	fake_peer_advance_ms(&rig->peer, 1);
	(void)fake_peer_take_request(&rig->peer, METHOD_REGISTER);
}

static void a_silent_registrar_does_not_end_a_standing_registration(void **state)
{
	struct rig *rig = *state;

	make(rig);
	registration_start(rig->registration);
	fake_peer_advance_ms(&rig->peer, 32000);
	assert_int_equal(rig->failed, 1);
	assert_int_equal(rig->last_status, 408);
	assert_true(registration_is_up(rig->registration));
	fake_peer_advance_ms(&rig->peer, 600000);
	assert_false(registration_is_up(rig->registration));
	/* It comes back, and says so. */
	rig->peer.taken_count = rig->peer.sent_count - 1;
	while (rig->registration->state != REGISTRATION_ASKING)
		fake_peer_advance_ms(&rig->peer, 1000);
	rig->peer.taken_count = rig->peer.sent_count - 1;
	(void)fake_peer_take_request(&rig->peer, METHOD_REGISTER);
	fake_peer_answer(&rig->peer, 200, "t", "Expires: 600\r\n", "");
	assert_int_equal(rig->registered, 2);
}

static void a_refused_refresh_ends_it(void **state)
{
	struct rig *rig = *state;

	make(rig);
	registration_start(rig->registration);
	take_register(rig, 2, 600);
	fake_peer_answer(&rig->peer, 403, "t", "", "");
	assert_false(registration_is_up(rig->registration));
	assert_int_equal(rig->last_status, 403);
}

static void it_unregisters(void **state)
{
	struct rig *rig = *state;

	make(rig);
	registration_stop(rig->registration);
	take_register(rig, 2, 0);
	assert_false(registration_is_up(rig->registration));
	fake_peer_answer(&rig->peer, 401, "t", CHALLENGE("n1"), "");
	take_register(rig, 3, 0);
	fake_peer_answer(&rig->peer, 200, "t", "", "");
	assert_int_equal(rig->stopped, 1);
	fake_peer_advance_ms(&rig->peer, 4000000);
	assert_true(fake_peer_is_idle(&rig->peer));
	/* Once more: the numbering goes on. */
	registration_start(rig->registration);
	take_register(rig, 4, 600);
}

static void a_registrar_that_is_gone_cannot_keep_us(void **state)
{
	struct rig *rig = *state;

	make(rig);
	registration_stop(rig->registration);
	fake_peer_advance_ms(&rig->peer, 32000);
	assert_int_equal(rig->stopped, 1);
	assert_int_equal(rig->failed, 0);
}

static void stopping_waits_for_the_answer_under_way(void **state)
{
	struct rig *rig = *state;

	registration_start(rig->registration);
	take_register(rig, 1, 600);
	registration_stop(rig->registration);
	assert_true(fake_peer_is_idle(&rig->peer));
	assert_int_equal(rig->stopped, 0);
	fake_peer_answer(&rig->peer, 200, "t", "Expires: 600\r\n", "");
	assert_int_equal(rig->registered, 0);
	take_register(rig, 2, 0);
	/* And back again, while that one is under way. */
	registration_start(rig->registration);
	assert_true(fake_peer_is_idle(&rig->peer));
	fake_peer_answer(&rig->peer, 200, "t", "", "");
	take_register(rig, 3, 600);
	assert_int_equal(rig->stopped, 0);
}

static void stopping_a_refused_one_is_at_once(void **state)
{
	struct rig *rig = *state;

	registration_start(rig->registration);
	take_register(rig, 1, 600);
	fake_peer_answer(&rig->peer, 403, "t", "", "");
	registration_stop(rig->registration);
	assert_int_equal(rig->stopped, 1);
	assert_true(fake_peer_is_idle(&rig->peer));
	registration_stop(rig->registration);
	assert_int_equal(rig->stopped, 1);
}

static void it_may_be_ended_in_any_handler(void **state)
{
	static const unsigned statuses[] = { 200, 403, 423 };

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		struct rig *rig;

		if (i > 0)
			assert_int_equal(set_up(state), 0);
		rig = *state;
		rig->ends_itself = true;
		registration_start(rig->registration);
		(void)fake_peer_take_request(&rig->peer, METHOD_REGISTER);
		fake_peer_answer(&rig->peer, statuses[i], "t", "", "");
		assert_int_equal(rig->stack.registrations.held_count, 0);
		if (i + 1 < ARRAY_LEN(statuses))
			assert_int_equal(tear_down(state), 0);
	}
}

static void refused_memory_is_a_failure_like_any_other(void **state)
{
	for (uint64_t nth = 1; nth < 40; nth++) {
		struct rig *rig = *state;
		uint64_t before = mem_count().allocs;

		mem_refuse_nth(nth);
		registration_start(rig->registration);
		if (!fake_peer_is_idle(&rig->peer)) {
			(void)fake_peer_take_request(&rig->peer, METHOD_REGISTER);
			fake_peer_answer(&rig->peer, 401, "t", CHALLENGE("n1"), "");
		}
		if (mem_count().allocs - before < nth)
			nth = 40;
		mem_refuse_nth(0);
		fake_peer_advance_ms(&rig->peer, 700000);
		registration_stop(rig->registration);
		fake_peer_advance_ms(&rig->peer, 40000);
		assert_int_equal(rig->registration->state, REGISTRATION_IDLE);
		rig->peer.taken_count = rig->peer.sent_count;
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void a_dead_connection_is_a_failure(void **state)
{
	struct rig *rig = *state;

	rig->peer.is_cut_off = true;
	registration_start(rig->registration);
	fake_peer_advance_ms(&rig->peer, 0);
	assert_int_equal(rig->last_status, 503);
	rig->peer.is_cut_off = false;
	fake_peer_advance_ms(&rig->peer, rig->registration->due.at_ms - rig->peer.timers.now_ms);
	take_register(rig, 2, 600);
}

static void no_server_can_make_us_ask_without_end(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(refresh_wait_ms(&rig->stack, 1), REFRESH_MIN_MS);
	assert_true(refresh_wait_ms(&rig->stack, 600) >= 300000);
	assert_true(refresh_wait_ms(&rig->stack, 600) <= 450000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_registers_and_refreshes_in_time),
		TEST(the_granted_time_is_that_of_our_own_contact),
		TEST(a_challenge_is_answered_once),
		TEST(what_was_learned_goes_with_the_next),
		TEST(a_longer_time_is_accepted),
		TEST(an_absurd_min_expires_is_a_failure),
		TEST(the_waits_between_failures_grow_to_a_bound),
		TEST(retry_after_is_respected),
		TEST(a_silent_registrar_does_not_end_a_standing_registration),
		TEST(a_refused_refresh_ends_it),
		TEST(it_unregisters),
		TEST(a_registrar_that_is_gone_cannot_keep_us),
		TEST(stopping_waits_for_the_answer_under_way),
		TEST(stopping_a_refused_one_is_at_once),
		TEST(it_may_be_ended_in_any_handler),
		TEST(refused_memory_is_a_failure_like_any_other),
		TEST(a_dead_connection_is_a_failure),
		TEST(no_server_can_make_us_ask_without_end),
	};

	return cmocka_run_group_tests_name("registration", tests, NULL, NULL);
}
