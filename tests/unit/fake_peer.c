/* SPDX-License-Identifier: MIT */
/*
 * A peer for tests. Each message that it sends ends before an unreadable page.
 */
#include "fake_peer.h"

#include "base/err.h"
#include "sip/print.h"
#include "support/guarded.h"
#include "support/wire_text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void fake_random(void *host, void *ret_bytes, size_t n)
{
	struct fake_peer *peer = host;
	uint8_t *bytes = ret_bytes;

	for (size_t i = 0; i < n; i++) {
		peer->random_state =
			peer->random_state * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = (uint8_t)(peer->random_state >> 56);
	}
}

static int fake_send(void *host, const struct flow *flow, struct packet *packet)
{
	struct fake_peer *peer = host;

	if (peer->is_cut_off || handle_eq(flow->conn, peer->lost_conn))
		return ERR_IO;
	peer->last_to = flow->peer;
	assert_true(peer->sent_count < FAKE_SENT_MAX);
	peer->sent[peer->sent_count++] = packet_ref(packet);
	return 0;
}

void fake_peer_init(struct fake_peer *peer)
{
	*peer = (struct fake_peer){
		.lost_conn = { .slot = 7, .serial = 7 },
		.env = { .host = peer, .random = fake_random, .send = fake_send },
		.random_state = 1
	};
	timers_init(&peer->timers, 1000);
	assert_int_equal(addr_parse(SLICE("192.0.2.3:5060"), &peer->flow.local), 0);
	assert_int_equal(addr_parse(SLICE("192.0.2.1:5060"), &peer->flow.peer), 0);
}

void fake_peer_fini(struct fake_peer *peer)
{
	for (size_t i = 0; i < peer->sent_count; i++)
		packet_unref(peer->sent[i]);
	peer->sent_count = 0;
}

const struct sip_msg *fake_peer_take(struct fake_peer *peer)
{
	struct sip_fault fault;
	struct arena arena;

	if (peer->taken_count == peer->sent_count)
		fail_msg("nothing was sent");
	arena_init(&arena, peer->block, sizeof(peer->block));
	if (sip_msg_parse(packet_bytes(peer->sent[peer->taken_count++]), &arena, &peer->msg,
			  &fault))
		fail_msg("a malformed message was sent: %s", fault.reason);
	return &peer->msg;
}

const struct sip_msg *fake_peer_take_request(struct fake_peer *peer, enum sip_method method)
{
	const struct sip_msg *msg = fake_peer_take(peer);

	if (!msg->is_request || msg->method != method)
		fail_msg("%.*s was sent, not %.*s",
			 SLICE_ARGS(slice_head(msg->bytes, slice_find_char(msg->bytes, '\r'))),
			 SLICE_ARGS(sip_method_name(method)));
	return msg;
}

const struct sip_msg *fake_peer_take_response(struct fake_peer *peer, unsigned status)
{
	const struct sip_msg *msg = fake_peer_take(peer);

	if (msg->is_request || msg->status != status)
		fail_msg("%.*s was sent, not %u",
			 SLICE_ARGS(slice_head(msg->bytes, slice_find_char(msg->bytes, '\r'))),
			 status);
	return msg;
}

bool fake_peer_is_idle(const struct fake_peer *peer)
{
	return peer->taken_count == peer->sent_count;
}

static void deliver(struct fake_peer *peer, struct slice bytes)
{
	struct guarded guarded = guarded_copy(bytes);

	peer->on_message(peer->user, &peer->flow, guarded.text);
	peer->on_turn_end(peer->user);
	guarded_free(&guarded);
}

void fake_peer_answer(struct fake_peer *peer, unsigned status, const char *to_tag,
		      const char *lines, const char *body)
{
	char text[FAKE_TEXT_MAX_BYTES];
	struct buf buf = BUF_ON(text);

	sip_print_response_head(&buf, &peer->msg, &peer->flow.local, status, SLICE_NONE,
				slice_from_cstr(to_tag), false);
	buf_cstr(&buf, lines);
	buf_printf(&buf, "Content-Length: %zu\r\n\r\n", strlen(body));
	buf_cstr(&buf, body);
	assert_false(buf.is_overflown);
	deliver(peer, buf_text(&buf));
}

void fake_peer_send(struct fake_peer *peer, const char *head, const char *body)
{
	char text[FAKE_TEXT_MAX_BYTES];
	struct buf buf = BUF_ON(text);

	wire_text(&buf, slice_from_cstr(head));
	buf_printf(&buf, "Content-Length: %zu\r\n\r\n", strlen(body));
	buf_cstr(&buf, body);
	assert_false(buf.is_overflown);
	deliver(peer, buf_text(&buf));
}

void fake_peer_advance_ms(struct fake_peer *peer, uint64_t ms)
{
	uint64_t end_ms = peer->timers.now_ms + ms;

	while (timers_next_ms(&peer->timers) <= end_ms) {
		timers_run(&peer->timers, timers_next_ms(&peer->timers));
		peer->on_turn_end(peer->user);
	}
	timers_set_now(&peer->timers, end_ms);
}

uint64_t fake_peer_next_ms(const struct fake_peer *peer)
{
	return timers_next_ms(&peer->timers) - peer->timers.now_ms;
}
