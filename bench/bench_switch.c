/* SPDX-License-Identifier: MIT */
/*
 * What the switch costs, without the kernel: a registration, a whole call, and the same call with
 * lamps that follow it; and what it keeps of a registration, a subscription, a call that talks. The
 * phones of this benchmark answer through the project's own parser and printer, and their part (a
 * digest response, some 1 us a message) is in the figures. The clock moves on with each operation,
 * so that transactions end at the rate at which they begin.
 */
#include "bench.h"

#include "base/check.h"
#include "core/auth_client.h"
#include "pbx/pbx.h"
#include "sip/print.h"

#include <stdio.h>

#define SENT_MAX 64
#define WATCHERS 10
#define OP_MS 500 /* of the clock, per operation: some 70 are on their way out at a time */
#define WEIGH_MS                                                                                   \
	50 /* the same where it is weighed: nonces are still known, transactions are gone */
#define OPS_MAX 4000 /* then a new office, before registrations and subscriptions run out */
#define DOMAIN "pbx.example"
#define NEWCOMER 100000u
#define NUMBER_BYTES 12

static struct {
	struct pbx pbx;
	struct directory *directory;
	struct env env;
	struct timers timers;
	uint64_t random;
	uint64_t op_ms;
	struct packet *sent[SENT_MAX]; /* [sent_count] of this turn */
	size_t sent_count;
	size_t sent_bytes;
	unsigned ops; /* since it was started */
	void (*restart)(void);
	unsigned serial; /* makes branches, tags and Call-IDs new */
	struct auth_client auth;
} office;

static const struct addr switch_addr = { .ip = { 192, 0, 2, 1 },
					 .port = 5060,
					 .family = ADDR_IPV4 };

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=call\r\nc=IN IP4 192.0.2.2\r\n"
			  "t=0 0\r\nm=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\n"
			  "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
			  "a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

/* --- The host ----------------------------------------------------------------------------- */

static void bench_random(void *host, void *ret_bytes, size_t n)
{
	unsigned char *p = ret_bytes;

	(void)host;
	for (size_t i = 0; i < n; i++) {
		office.random = office.random * 6364136223846793005u + 1442695040888963407u;
		p[i] = (unsigned char)(office.random >> 56);
	}
}

static int bench_send(void *host, const struct flow *flow, struct packet *packet)
{
	(void)host;
	(void)flow;
	CHECK(office.sent_count < SENT_MAX);
	office.sent[office.sent_count++] = packet_ref(packet);
	office.sent_bytes += packet->n;
	return 0;
}

static void forget_sent(void)
{
	while (office.sent_count > 0)
		packet_unref(office.sent[--office.sent_count]);
}

static struct flow phone_flow(unsigned phone)
{
	struct flow flow = { .local = switch_addr, .peer = switch_addr };

	flow.peer.ip[3] = (uint8_t)phone;
	return flow;
}

static void deliver(unsigned phone, const struct buf *message)
{
	struct flow flow = phone_flow(phone);

	CHECK(!message->is_overflown);
	pbx_on_message(&office.pbx, &flow, buf_text(message));
	pbx_on_turn_end(&office.pbx);
}

/* The last sent message that begins so, parsed; it stays valid until forget_sent(). */
static const struct sip_msg *find_sent(const char *start)
{
	_Alignas(max_align_t) static char block[16384];
	static struct sip_msg msg;
	struct arena arena;
	struct sip_fault fault;

	arena_init(&arena, block, sizeof(block));
	for (size_t i = office.sent_count; i-- > 0;) {
		struct slice bytes = packet_bytes(office.sent[i]);

		if (!slice_starts_with(bytes, slice_from_cstr(start)))
			continue;
		CHECK(sip_msg_parse(bytes, &arena, &msg, &fault) == 0);
		return &msg;
	}
	CHECK(false);
	return NULL;
}

/* --- The phones --------------------------------------------------------------------------- */

struct said {
	const char *method;
	const char *number; /* of the Request-URI and To */
	const char *from;   /* number */
	unsigned phone;
	unsigned call; /* Call-ID and From tag */
	unsigned cseq;
	struct slice to_tag;
	struct slice lines;
	struct slice body;
};

static void say(const struct said *said)
{
	static char text[8192];
	struct buf buf = BUF_ON(text);

	buf_printf(&buf, "%s sip:%s@" DOMAIN " SIP/2.0\r\n", said->method, said->number);
	buf_printf(&buf, "Via: SIP/2.0/UDP 192.0.2.%u:5060;branch=z9hG4bK%u;rport\r\n", said->phone,
		   ++office.serial);
	buf_printf(&buf, "From: <sip:%s@" DOMAIN ">;tag=f%u\r\n", said->from, said->call);
	buf_printf(&buf, "To: <sip:%s@" DOMAIN ">%s%.*s\r\n", said->number,
		   slice_is_empty(said->to_tag) ? "" : ";tag=", SLICE_ARGS(said->to_tag));
	buf_printf(&buf, "Call-ID: c%u\r\nCSeq: %u %s\r\nMax-Forwards: 70\r\n", said->call,
		   said->cseq, said->method);
	buf_printf(&buf, "Contact: <sip:%s@192.0.2.%u:5060>\r\n", said->from, said->phone);
	buf_slice(&buf, said->lines);
	sip_print_body(&buf, SLICE("application/sdp"), said->body);
	deliver(said->phone, &buf);
}

static bool is_challenged(void)
{
	return office.sent_count > 0 &&
	       slice_starts_with(packet_bytes(office.sent[office.sent_count - 1]),
				 SLICE("SIP/2.0 401"));
}

/* With the credentials that are known, and once more when they are challenged. */
static void say_as(struct said *said, const char *lines)
{
	char text[2048];
	char uri_text[64];
	struct buf line = BUF_ON(text), uri = BUF_ON(uri_text);
	struct auth_login login = { .username = slice_from_cstr(said->from),
				    .password = SLICE("secret") };
	struct auth_request request = { .method = slice_from_cstr(said->method) };
	struct auth_attempt attempt = { 0 };

	buf_printf(&uri, "sip:%s@" DOMAIN, said->number);
	request.uri = buf_text(&uri);
	bench_random(NULL, request.cnonce, sizeof(request.cnonce));
	(void)auth_client_print(&office.auth, &login, &request, &attempt, &line);
	buf_cstr(&line, lines);
	said->lines = buf_text(&line);
	say(said);
	if (!is_challenged())
		return;
	line = BUF_ON(text);
	CHECK(auth_client_answer(&office.auth, find_sent("SIP/2.0 401"), &login, &request, &attempt,
				 &line) == 0);
	forget_sent();
	said->cseq++;
	buf_cstr(&line, lines);
	said->lines = buf_text(&line);
	say(said);
}

static void respond(unsigned phone, const char *to_what, unsigned status, struct slice body)
{
	static char text[4096];
	struct buf buf = BUF_ON(text);
	struct flow flow = phone_flow(phone);

	sip_print_response_head(&buf, find_sent(to_what), &flow.local, status, SLICE_NONE,
				SLICE("phone"), false);
	buf_printf(&buf, "Contact: <sip:x@192.0.2.%u:5060>\r\n", phone);
	sip_print_body(&buf, SLICE("application/sdp"), body);
	deliver(phone, &buf);
}

static void stop_office(void);

static void let_time_pass(void)
{
	forget_sent();
	timers_run(&office.timers, office.timers.now_ms + office.op_ms);
	pbx_on_turn_end(&office.pbx);
	forget_sent();
	if (++office.ops < OPS_MAX)
		return;
	stop_office();
	office.restart();
}

/* --- Operations --------------------------------------------------------------------------- */

static void add_extension(const char *number)
{
	struct extension extension = { .number = slice_from_cstr(number),
				       .password = SLICE("secret"),
				       .visibility = VISIBILITY_NUMBERS,
				       .pickup = PICKUP_ALL };

	CHECK(directory_add_extension(office.directory, &extension) == 0);
}

static void start_office(void)
{
	static const uint64_t secret[2] = { 1, 2 };

	office.env = (struct env){ .random = bench_random, .send = bench_send };
	office.auth = (struct auth_client){ 0 };
	timers_init(&office.timers, 1000000);
	office.directory = directory_new(secret);
	CHECK(office.directory && directory_set_domain(office.directory, SLICE(DOMAIN)) == 0);
	office.directory->lamp_gap_ms = 0; /* each step of a call is told */
	/* Each phone asks more often in no time than a stranger may. */
	office.directory->limits.strangers_per_s = 0;
	CHECK(pbx_init(&office.pbx, &office.env, &office.timers, office.directory,
		       &pbx_default_limits) == 0);
	add_extension("201");
	add_extension("202");
	add_extension("203"); /* watches: who calls sees no call to take, so less changes for it */
	office.ops = 0;
	office.op_ms = OP_MS;
	office.restart = start_office;
}

static void stop_office(void)
{
	forget_sent();
	pbx_fini(&office.pbx);
	directory_unref(office.directory);
}

static void register_phone(const char *number, unsigned phone)
{
	struct said said = { .method = "REGISTER",
			     .number = number,
			     .from = number,
			     .phone = phone,
			     .call = phone,
			     .cseq = ++office.serial };

	say_as(&said, "Expires: 3600\r\n");
	(void)find_sent("SIP/2.0 200");
}

/* A stranger each time: challenge, credentials, binding refreshed. */
static size_t op_register(void)
{
	office.sent_bytes = 0;
	office.auth = (struct auth_client){ 0 };
	register_phone("201", 2);
	let_time_pass();
	return office.sent_bytes;
}

static void answer_notifies(void)
{
	for (size_t i = 0; i < office.sent_count; i++) {
		struct packet *packet = office.sent[i];

		if (!slice_starts_with(packet_bytes(packet), SLICE("NOTIFY")))
			continue;
		office.sent[i] = office.sent[--office.sent_count];
		office.sent[office.sent_count++] = packet;
		respond(2, "NOTIFY", 200, SLICE_NONE);
		packet_unref(office.sent[--office.sent_count]);
		i--;
	}
}

/* From INVITE to ACK. What is said next in it is a BYE. */
static struct said talk(char tag[TOKEN_BYTES])
{
	struct said said = { .method = "INVITE",
			     .number = "202",
			     .from = "201",
			     .phone = 2,
			     .call = ++office.serial,
			     .cseq = 1,
			     .body = SLICE(sdp) };

	say_as(&said, "");
	answer_notifies();
	respond(3, "INVITE", 180, SLICE_NONE);
	answer_notifies();
	respond(3, "INVITE", 200, SLICE(sdp));
	answer_notifies();
	memcpy(tag, find_sent("SIP/2.0 200")->to_tag.p, TOKEN_BYTES);
	said.to_tag = slice_of(tag, TOKEN_BYTES);
	said.method = "ACK";
	said.body = SLICE_NONE;
	said.lines = SLICE_NONE;
	say(&said);
	said.method = "BYE";
	said.cseq++;
	return said;
}

static size_t op_call(void)
{
	char tag[TOKEN_BYTES];
	struct said said;

	office.sent_bytes = 0;
	said = talk(tag);
	say(&said);
	answer_notifies();
	respond(3, "BYE", 200, SLICE_NONE);
	let_time_pass();
	return office.sent_bytes;
}

static void subscribe(const char *from, unsigned phone)
{
	struct said said = { .method = "SUBSCRIBE",
			     .number = "202",
			     .from = from,
			     .phone = phone,
			     .call = ++office.serial,
			     .cseq = 1 };

	say_as(&said, "Event: dialog\r\n");
	answer_notifies();
	forget_sent();
}

static void start_call(void)
{
	start_office();
	register_phone("201", 2);
	register_phone("202", 3);
	forget_sent();
	office.restart = start_call;
}

static void start_watched_call(void)
{
	start_call();
	office.restart = start_watched_call;
	for (unsigned i = 0; i < WATCHERS; i++)
		subscribe("203", 10 + i);
}

/* --- What is left behind ------------------------------------------------------------------ */

/* Numbers of those who have done nothing yet. */
static void print_newcomer(unsigned index, char ret_number[NUMBER_BYTES])
{
	snprintf(ret_number, NUMBER_BYTES, "%u", NEWCOMER + index);
}

static void start_weighing(void)
{
	char number[NUMBER_BYTES];

	start_call();
	office.op_ms = WEIGH_MS;
	for (unsigned i = 0; i < 2 * WEIGHED; i++) {
		print_newcomer(i, number);
		add_extension(number);
	}
}

static size_t op_register_newcomer(void)
{
	char number[NUMBER_BYTES];

	print_newcomer(office.ops, number);
	office.auth = (struct auth_client){ 0 };
	register_phone(number, 2);
	let_time_pass();
	return 0;
}

static size_t op_subscribe_newcomer(void)
{
	char number[NUMBER_BYTES];

	print_newcomer(office.ops, number);
	office.auth = (struct auth_client){ 0 };
	subscribe(number, 2);
	let_time_pass();
	return 0;
}

static size_t op_talk(void)
{
	char tag[TOKEN_BYTES];

	(void)talk(tag);
	let_time_pass();
	return 0;
}

const struct bench benches[] = {
	{ "registration with 401", start_office, op_register, stop_office, 7, 0 },
	{ "call INVITE to BYE", start_call, op_call, stop_office, 32, 0 },
	{ "call, 10 lamps follow", start_watched_call, op_call, stop_office, 95, 0 },
	{ "registration", start_weighing, op_register_newcomer, stop_office, 0, 455 },
	{ "subscription to a lamp", start_weighing, op_subscribe_newcomer, stop_office, 0, 910 },
	{ "call that talks", start_weighing, op_talk, stop_office, 0, 2830 },
	{ 0 },
};
