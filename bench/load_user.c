/* SPDX-License-Identifier: MIT */
/*
 * The phones: what they say, and what they make of what they hear.
 */
#include "load.h"

#include "base/check.h"
#include "base/mem.h"
#include "sip/print.h"

#include <time.h>

#define DOMAIN "127.0.0.1"
#define PASSWORD "load-secret"
#define FIRST_NUMBER 100000u

static const char sdp[] =
	"v=0\r\no=- 729104536 729104536 IN IP4 127.0.0.1\r\ns=call\r\nc=IN IP4 127.0.0.1\r\nt=0 "
	"0\r\n"
	"m=audio 61204 RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\n"
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
	"a=ptime:20\r\na=sendrecv\r\n";

#define ABILITIES                                                                                  \
	"User-Agent: load/1.0\r\n"                                                                 \
	"Allow: INVITE, ACK, CANCEL, BYE, REFER, OPTIONS, NOTIFY, SUBSCRIBE, INFO\r\n"             \
	"Supported: replaces\r\n"

static bool is_caller(const struct load *load, uint32_t number)
{
	return number < load->user_count / 2;
}

static uint32_t callee_of(const struct load *load, uint32_t caller)
{
	return caller + load->user_count / 2;
}

static struct flow flow_of(const struct load *load, uint32_t number)
{
	return (struct flow){ .local = is_caller(load, number) ? load->callers : load->callees,
			      .peer = load->server,
			      .transport = TRANSPORT_UDP,
			      .listener = is_caller(load, number) ? 0 : 1 };
}

/* Takes over the packet: it is what this user says once more when nothing comes. */
static void send_packet(struct load *load, uint32_t number, struct packet *packet)
{
	const struct flow flow = flow_of(load, number);
	struct user *user = &load->users[number];

	CHECK(packet);
	(void)load->env->send(load->env->host, &flow, packet);
	packet_unref(user->last);
	user->last = packet;
}

static void send_text(struct load *load, uint32_t number, const struct buf *text)
{
	CHECK(!text->is_overflown);
	send_packet(load, number, packet_new(buf_text(text)));
}

static void send_last(struct load *load, uint32_t number)
{
	struct user *user = &load->users[number];

	if (user->last)
		send_packet(load, number, packet_ref(user->last));
}

void user_repeat(struct load *load, uint32_t number)
{
	const struct user *user = &load->users[number];

	switch (user->state) {
	case USER_REGISTERING:
	case USER_INVITING:
	case USER_ENDING:
		send_last(load, number);
		break;
	case USER_ANSWERING:
		send_last(load, callee_of(load, number));
		break;
	case USER_IDLE:
	case USER_RINGING:
	case USER_TALKING:
		break;
	}
}

/* --- Requests ----------------------------------------------------------------------------- */

static void print_uri(struct buf *buf, uint32_t number)
{
	buf_lit(buf, "sip:");
	buf_u64(buf, FIRST_NUMBER + number);
	buf_lit(buf, "@" DOMAIN);
}

static void print_contact(struct buf *buf, const struct load *load, uint32_t number)
{
	const struct flow flow = flow_of(load, number);

	buf_lit(buf, "Contact: <sip:");
	buf_u64(buf, FIRST_NUMBER + number);
	buf_char(buf, '@');
	addr_print(buf, &flow.local);
	buf_lit(buf, ">\r\n");
}

/* Call-ID, tag and branch all begin with the user's number: by it the answers are told apart. */
static void print_id(struct buf *buf, const struct load *load, uint32_t number)
{
	buf_u64(buf, number);
	buf_char(buf, '-');
	buf_u64(buf, load->users[number].serial);
	buf_char(buf, '-');
	buf_u64(buf, load->run);
}

/* Everything up to CSeq. `uri` and `to` are whole values. */
static void print_head(struct buf *buf, const struct load *load, uint32_t number,
		       const char *method, struct slice uri, struct slice to)
{
	const struct user *user = &load->users[number];
	const struct flow flow = flow_of(load, number);

	buf_cstr(buf, method);
	buf_char(buf, ' ');
	buf_slice(buf, uri);
	buf_lit(buf, " SIP/2.0\r\nVia: SIP/2.0/UDP ");
	addr_print(buf, &flow.local);
	buf_lit(buf, ";rport;branch=z9hG4bK");
	print_id(buf, load, number);
	buf_char(buf, '-');
	buf_u64(buf, user->cseq);
	buf_cstr(buf, method);
	buf_lit(buf, "\r\nMax-Forwards: 70\r\nFrom: <");
	print_uri(buf, number);
	buf_lit(buf, ">;tag=");
	print_id(buf, load, number);
	buf_lit(buf, "\r\nTo: ");
	buf_slice(buf, to);
	buf_lit(buf, "\r\nCall-ID: ");
	print_id(buf, load, number);
	buf_lit(buf, "\r\nCSeq: ");
	buf_u64(buf, user->cseq);
	buf_char(buf, ' ');
	buf_cstr(buf, method);
	buf_lit(buf, "\r\n");
}

/* The line that answers this challenge, or without one what the phone knows already, if it does. */
static bool print_credentials(struct buf *buf, struct load *load, uint32_t number,
			      const char *method, struct slice uri, const struct sip_msg *challenge)
{
	struct user *user = &load->users[number];
	char name_text[16];
	struct buf name = BUF_ON(name_text);
	struct auth_login login = { .password = SLICE(PASSWORD) };
	struct auth_request request = { .method = slice_from_cstr(method), .uri = uri };

	buf_u64(&name, FIRST_NUMBER + number);
	login.username = buf_text(&name);
	load->env->random(load->env->host, request.cnonce, sizeof(request.cnonce));
	if (challenge)
		return auth_client_answer(&user->auth, challenge, &login, &request, &user->attempt,
					  buf) == 0;
	(void)auth_client_print(&user->auth, &login, &request, &user->attempt, buf);
	return true;
}

static void fail_credentials(struct load *load, uint32_t number)
{
	phase_on_failed(load, number, "credentials refused", 401);
}

static void send_register(struct load *load, uint32_t number, const struct sip_msg *challenge)
{
	struct user *user = &load->users[number];
	char text[2048], to_text[64];
	struct buf buf = BUF_ON(text), to = BUF_ON(to_text);
	bool is_ok;

	user->cseq++;
	buf_char(&to, '<');
	print_uri(&to, number);
	buf_char(&to, '>');
	print_head(&buf, load, number, "REGISTER", SLICE("sip:" DOMAIN), buf_text(&to));
	print_contact(&buf, load, number);
	buf_lit(&buf, "Expires: 3600\r\n" ABILITIES);
	is_ok = print_credentials(&buf, load, number, "REGISTER", SLICE("sip:" DOMAIN), challenge);
	sip_print_body(&buf, SLICE_NONE, SLICE_NONE);
	if (is_ok)
		send_text(load, number, &buf);
	else
		fail_credentials(load, number);
}

void user_register(struct load *load, uint32_t number)
{
	struct user *user = &load->users[number];

	user->state = USER_REGISTERING;
	user->serial++;
	user->auth = (struct auth_client){ 0 };
	user->attempt = (struct auth_attempt){ 0 };
	send_register(load, number, NULL);
}

static void send_invite(struct load *load, uint32_t number, const struct sip_msg *challenge)
{
	struct user *user = &load->users[number];
	char text[4096], uri_text[64], to_text[64];
	struct buf buf = BUF_ON(text), uri = BUF_ON(uri_text), to = BUF_ON(to_text);
	bool is_ok;

	user->cseq++;
	print_uri(&uri, callee_of(load, number));
	buf_char(&to, '<');
	buf_slice(&to, buf_text(&uri));
	buf_char(&to, '>');
	print_head(&buf, load, number, "INVITE", buf_text(&uri), buf_text(&to));
	print_contact(&buf, load, number);
	buf_lit(&buf, ABILITIES);
	is_ok = print_credentials(&buf, load, number, "INVITE", buf_text(&uri), challenge);
	sip_print_body(&buf, SLICE("application/sdp"), SLICE(sdp));
	if (is_ok)
		send_text(load, number, &buf);
	else
		fail_credentials(load, number);
}

/* ACK of the 2xx, or BYE: in the dialog, by the way of its route. */
static void send_in_dialog(struct load *load, uint32_t number, const char *method)
{
	struct user *user = &load->users[number];
	char text[2048];
	struct buf buf = BUF_ON(text);

	print_head(&buf, load, number, method, slice_of(user->target, user->target_n),
		   slice_of(user->to, user->to_n));
	if (user->route_n > 0)
		sip_print_header(&buf, HDR_ROUTE, slice_of(user->route, user->route_n));
	sip_print_body(&buf, SLICE_NONE, SLICE_NONE);
	send_text(load, number, &buf);
}

/* ACK of a challenged INVITE: its own branch, so the CSeq is still that INVITE's (17.1.1.3). */
static void send_failure_ack(struct load *load, uint32_t number, const struct sip_msg *response)
{
	char text[2048], uri_text[64];
	struct buf buf = BUF_ON(text), uri = BUF_ON(uri_text);

	print_uri(&uri, callee_of(load, number));
	buf_lit(&buf, "ACK ");
	buf_slice(&buf, buf_text(&uri));
	buf_lit(&buf, " SIP/2.0\r\nVia: ");
	buf_slice(&buf, slice_head(response->via.text,
				   (size_t)(response->via.branch.p + response->via.branch.n -
					    response->via.text.p)));
	buf_lit(&buf, "\r\n");
	sip_print_header_u32(&buf, HDR_MAX_FORWARDS, 70);
	sip_print_header(&buf, HDR_FROM, response->from.text);
	sip_print_header(&buf, HDR_TO, response->to.text);
	sip_print_header(&buf, HDR_CALL_ID, response->call_id);
	sip_print_cseq(&buf, response->cseq, SLICE("ACK"));
	sip_print_body(&buf, SLICE_NONE, SLICE_NONE);
	send_text(load, number, &buf);
}

void user_step(struct load *load, uint32_t number)
{
	struct user *user = &load->users[number];

	if (user->state == USER_IDLE) {
		user->state = USER_INVITING;
		user->serial++;
		user->attempt = (struct auth_attempt){ 0 };
		send_invite(load, number, NULL);
	} else if (user->state == USER_RINGING) {
		user->state = USER_ANSWERING;
		user->sides = 0;
		send_packet(load, callee_of(load, number), user->answer);
		user->answer = NULL;
	} else if (user->state == USER_TALKING) {
		user->state = USER_ENDING;
		user->sides = 0;
		user->cseq++;
		send_in_dialog(load, number, "BYE");
	}
}

static void user_rest(struct load *load, uint32_t number, enum user_state state)
{
	load->users[number].state = state;
	phase_on_rest(load, number);
}

/* One side is through with the step that the call is in; after both it rests. */
static void user_side(struct load *load, uint32_t number, enum user_state step, unsigned side)
{
	struct user *user = &load->users[number];

	if (user->state != step || user->sides & side) {
		load->phase.repeated++;
		return;
	}
	user->sides |= side;
	if (user->sides == SIDE_BOTH)
		user_rest(load, number, step == USER_ANSWERING ? USER_TALKING : USER_IDLE);
}

/* --- Callers: responses ------------------------------------------------------------------- */

static void keep(struct slice text, char room[LOAD_TEXT_BYTES], size_t *ret_n)
{
	CHECK(text.n <= LOAD_TEXT_BYTES);
	if (text.n > 0)
		memcpy(room, text.p, text.n);
	*ret_n = text.n;
}

static void on_answer(struct load *load, uint32_t number, const struct sip_msg *msg)
{
	struct user *user = &load->users[number];
	struct sip_addr contact;

	if (sip_addr_parse(sip_msg_value(msg, HDR_CONTACT), &contact)) {
		phase_on_failed(load, number, "no Contact in 200", 200);
		return;
	}
	keep(msg->to.text, user->to, &user->to_n);
	keep(contact.uri.text, user->target, &user->target_n);
	keep(sip_msg_value(msg, HDR_RECORD_ROUTE), user->route, &user->route_n);
	send_in_dialog(load, number, "ACK");
	user_side(load, number, USER_ANSWERING, SIDE_CALLER);
}

static void on_invite_response(struct load *load, uint32_t number, const struct sip_msg *msg)
{
	const struct user *user = &load->users[number];

	if (msg->status == 180 && user->state == USER_INVITING) {
		user_rest(load, number, USER_RINGING);
	} else if (msg->status == 200 && user->state == USER_ANSWERING &&
		   !(user->sides & SIDE_CALLER)) {
		on_answer(load, number, msg);
	} else if (msg->status == 200 && user->state != USER_ENDING) {
		load->phase.repeated++;
		send_last(load, number); /* the ACK */
	} else if (msg->status == 401 && user->state == USER_INVITING) {
		load->phase.challenged++;
		send_failure_ack(load, number, msg);
		send_invite(load, number, msg);
	} else if (msg->status >= 300 && user->state != USER_IDLE) {
		send_failure_ack(load, number, msg);
		phase_on_failed(load, number, "INVITE refused", msg->status);
	} else {
		load->phase.repeated++;
	}
}

static void on_register_response(struct load *load, uint32_t number, const struct sip_msg *msg)
{
	if (load->users[number].state != USER_REGISTERING) {
		load->phase.repeated++;
	} else if (msg->status == 401) {
		load->phase.challenged++;
		send_register(load, number, msg);
	} else if (msg->status == 200) {
		user_rest(load, number, USER_IDLE);
	} else {
		phase_on_failed(load, number, "REGISTER refused", msg->status);
	}
}

/* The number in front of the first '-', and behind it the serial: an old one is of no interest. */
static bool read_id(const struct load *load, struct slice id, uint32_t *ret_number)
{
	struct slice number, serial, rest;
	uint32_t value;

	slice_cut(id, '-', &number, &rest);
	slice_cut(rest, '-', &serial, &rest);
	if (slice_to_u32(number, load->user_count - 1, ret_number) ||
	    slice_to_u32(serial, UINT32_MAX, &value))
		return false;
	return load->users[*ret_number].serial == value;
}

static void on_response(struct load *load, const struct sip_msg *msg)
{
	struct user *user;
	uint32_t number;

	if (msg->status == 100)
		return;
	if (!read_id(load, msg->call_id, &number)) {
		load->phase.repeated++;
		return;
	}
	user = &load->users[number];
	if (msg->cseq != user->cseq)
		load->phase.repeated++;
	else if (msg->method == METHOD_REGISTER)
		on_register_response(load, number, msg);
	else if (msg->method == METHOD_INVITE)
		on_invite_response(load, number, msg);
	else if (msg->method == METHOD_BYE && msg->status == 200)
		user_side(load, number, USER_ENDING, SIDE_CALLER);
	else
		phase_on_failed(load, number, "request refused", msg->status);
}

/* --- Called ones: requests ---------------------------------------------------------------- */

static void print_response(struct buf *buf, const struct load *load, uint32_t callee,
			   const struct sip_msg *msg, const struct flow *flow, unsigned status)
{
	char tag_text[24];
	struct buf tag = BUF_ON(tag_text);

	buf_char(&tag, 't');
	print_id(&tag, load, callee);
	sip_print_response_head(buf, msg, &flow->peer, status, SLICE_NONE, buf_text(&tag),
				msg->method == METHOD_INVITE);
	if (msg->method == METHOD_INVITE) {
		print_contact(buf, load, callee);
		buf_lit(buf, ABILITIES);
	}
	if (msg->method == METHOD_INVITE && status == 200)
		sip_print_body(buf, SLICE("application/sdp"), SLICE(sdp));
	else
		sip_print_body(buf, SLICE_NONE, SLICE_NONE);
}

static void respond(struct load *load, uint32_t callee, const struct sip_msg *msg,
		    const struct flow *flow, unsigned status)
{
	char text[4096];
	struct buf buf = BUF_ON(text);

	print_response(&buf, load, callee, msg, flow, status);
	send_text(load, callee, &buf);
}

static uint64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void on_invite(struct load *load, uint32_t caller, const struct sip_msg *msg,
		      const struct flow *flow)
{
	struct user *user = &load->users[caller];
	uint32_t callee = callee_of(load, caller);
	char text[4096];
	struct buf buf = BUF_ON(text);

	if (user->state != USER_INVITING || user->answer) {
		load->phase.repeated++;
		send_last(load, callee);
		return;
	}
	load->users[callee].serial++;
	load->phase.rang_ns = wall_ns();
	respond(load, callee, msg, flow, 180);
	print_response(&buf, load, callee, msg, flow, 200);
	CHECK(!buf.is_overflown);
	user->answer = packet_new(buf_text(&buf));
	CHECK(user->answer);
}

static void on_request(struct load *load, const struct sip_msg *msg, const struct flow *flow)
{
	uint32_t callee, caller;

	if (slice_to_u32(msg->uri.user, FIRST_NUMBER + load->user_count - 1, &callee) ||
	    callee < FIRST_NUMBER || is_caller(load, callee - FIRST_NUMBER)) {
		load->phase.repeated++;
		return;
	}
	callee -= FIRST_NUMBER;
	caller = callee - load->user_count / 2;
	if (msg->method == METHOD_INVITE) {
		on_invite(load, caller, msg, flow);
	} else if (msg->method == METHOD_ACK) {
		user_side(load, caller, USER_ANSWERING, SIDE_CALLEE);
	} else {
		respond(load, callee, msg, flow, 200);
		if (msg->method == METHOD_BYE)
			user_side(load, caller, USER_ENDING, SIDE_CALLEE);
	}
}

void user_on_message(void *object, const struct flow *flow, struct slice bytes)
{
	struct load *load = object;
	struct sip_msg msg;
	struct sip_fault fault;

	arena_reset(&load->arena);
	if (sip_msg_parse(bytes, &load->arena, &msg, &fault))
		load->phase.repeated++;
	else if (msg.is_request)
		on_request(load, &msg, flow);
	else
		on_response(load, &msg);
}
