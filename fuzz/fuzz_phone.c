/* SPDX-License-Identifier: MIT */
/*
 * Fuzzing of the phone with datagrams and commands, as its server and whoever sits at it would send
 * them. It watches somebody, is in a call and in a second one that it calls itself, before the
 * input begins; what the inputs call these dialogs is put into the phone's words, so that they hit
 * the very dialogs. Between two parts (cut at a line "====") some time goes by; one that begins
 * with '!' is a command. In the end everything must run out by itself.
 */
#include "phone/phone.h"

#include "base/check.h"
#include "base/mem.h"
#include "names.h"
#include "raw.h"

#define CUT "\n====\n"
#define TURN_MS 150
#define FOR_EVER_MS (2 * 3600 * 1000)

/* The tag of the call that it is in, and what it calls the other one, its lamp and its REFER. */
static const struct name names[] = {
	{ "x2qv7mzk4bnwd3ha", "SIP/2.0 200", ">;tag=" },
	{ "k5rtw2yqj7mfzc4e", "INVITE", ";tag=" },
	{ "b7hs3dgx6pnua2vk", "INVITE", "Call-ID: " },
	{ "t4wjm6cqz3ryeb5f", "INVITE", "branch=z9hG4bK" },
	{ "d6nzk2vha4sxg7pq", "SUBSCRIBE", ";tag=" },
	{ "m3fye5rjw7tbcq2u", "SUBSCRIBE", "Call-ID: " },
};

struct scene {
	struct wires *wires;
	struct raw *server;
	struct wire_node *node;
	struct phone phone;
};

static void on_event(void *user, const struct phone_event *event)
{
	static char text[1 << 16];
	struct buf buf = BUF_ON(text);

	(void)user;
	phone_event_print_line(&buf, event, true);
	buf.n = 0;
	phone_event_print_line(&buf, event, false);
}

static void on_message(void *owner, const struct flow *flow, struct slice bytes)
{
	phone_on_message(owner, flow, bytes);
}

static void on_turn_end(void *owner)
{
	phone_on_turn_end(owner);
}

static void start_phone(struct scene *scene)
{
	const struct phone_key_config key = { .number = 1,
					      .kind = PHONE_KEY_BLF,
					      .target = SLICE_INIT("202") };
	const struct phone_config config = { .aor = SLICE("sip:203@pbx.example"),
					     .keys = &key,
					     .key_count = 1,
					     .key_transfer = PHONE_KEY_ATTENDED,
					     .takes_click_to_dial = true,
					     .is_unregistered = true,
					     .server =
						     wires_flow(scene->node, scene->server->node) };
	struct wire_node *node = scene->node;

	node->owner = &scene->phone;
	node->on_message = on_message;
	node->on_turn_end = on_turn_end;
	scene->server->to = node;
	CHECK(phone_init(&scene->phone, &node->env, &node->timers, &config, on_event, NULL) == 0);
	phone_start(&scene->phone);
	wires_advance_ms(scene->wires, TURN_MS);
}

static void set_the_scene(struct scene *scene, struct words *ret_words)
{
	struct raw *server = scene->server;

	CHECK(raw_ask(server, "INVITE sip:203@192.0.2.2:5060 SIP/2.0\n{via}\nMax-Forwards: 70\n"
			      "From: sip:201@pbx.example;tag=a\nTo: <sip:203@pbx.example>\n"
			      "Call-ID: in1\nCSeq: 1 INVITE\nContact: <sip:201@192.0.2.1:5060>\n"
			      "Content-Length: 0\n\n") > 0);
	phone_command(&scene->phone, SLICE("answer"));
	wires_advance_ms(scene->wires, TURN_MS);
	(void)raw_speak(server, "SIP/2.0 200", "a", "ACK",
			"Content-Type: application/sdp\nContent-Length: {len}\n\n"
			"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n"
			"m=audio 4000 RTP/AVP 8\n");
	phone_command(&scene->phone, SLICE("hold"));
	wires_advance_ms(scene->wires, TURN_MS);
	raw_reply(server, "INVITE", 200, "", "Contact: <sip:201@192.0.2.1:5060>\r\n",
		  "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		  "m=audio 4000 RTP/AVP 8\r\na=recvonly\r\n");
	CHECK(phone_count_calls_in(&scene->phone, PHONE_CALL_HOLDING) == 1);
	server->is_mute = true;
	phone_command(&scene->phone, SLICE("dial 204"));
	wires_advance_ms(scene->wires, TURN_MS);
	words_learn(server, names, ARRAY_LEN(names), ret_words);
	raw_reply(server, "INVITE", 180, "c", "Contact: <sip:204@192.0.2.1:5060>\r\n", "");
	server->is_mute = false;
}

static void feed(struct scene *scene, struct slice input)
{
	while (input.n > 0) {
		const char *cut = memmem(input.p, input.n, CUT, sizeof(CUT) - 1);
		struct slice part = slice_head(input, cut ? (size_t)(cut - input.p) : input.n);

		if (part.n > 0 && part.p[0] == '!')
			phone_command(&scene->phone, slice_from(part, 1));
		else
			wires_send_raw(scene->server->node, scene->node, part);
		phone_on_turn_end(&scene->phone);
		wires_advance_ms(scene->wires, TURN_MS);
		input = slice_from(input, cut ? part.n + sizeof(CUT) - 1 : part.n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct scene scene;
	struct words words;
	uint64_t held;

	if (size > SIP_MESSAGE_MAX_BYTES)
		return 0;
	held = mem_count().blocks;
	scene.wires = wires_new(1);
	scene.wires->is_unwritten = true;
	scene.server = raw_new(scene.wires, "server", NULL);
	scene.node = wires_add(scene.wires, "phone");
	start_phone(&scene);
	set_the_scene(&scene, &words);
	feed(&scene,
	     words_put(&words, names, ARRAY_LEN(names), slice_of((const char *)data, size)));
	scene.server->is_mute = true;
	phone_stop(&scene.phone);
	wires_advance_ms(scene.wires, FOR_EVER_MS);
	CHECK(phone_is_quiet(&scene.phone));
	CHECK(scene.node->timers.count == 0);
	phone_fini(&scene.phone);
	raw_free(scene.server);
	wires_free(scene.wires);
	CHECK(mem_count().blocks == held);
	return 0;
}
