/* SPDX-License-Identifier: MIT */
/*
 * The message path: what every call and every lamp costs at least. The INVITE has the headers, the
 * order and the size of a snom desk phone's; names, addresses and ids are made up.
 */
#include "bench.h"

#include "base/buf.h"
#include "base/check.h"
#include "sip/dialog_info.h"
#include "sip/digest.h"
#include "sip/msg.h"
#include "sip/print.h"

static const char invite[] =
	"INVITE sip:202@pbx.example.com;user=phone SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 192.0.2.61:2051;branch=z9hG4bK-5qh0zt4mwr1c;rport\r\n"
	"From: \"Alice Liddell\" <sip:201@pbx.example.com>;tag=k3v9s0xw2e\r\n"
	"To: <sip:202@pbx.example.com;user=phone>\r\n"
	"Call-ID: 5f2c8e81b34a-q7d1m0z8ylcr\r\n"
	"CSeq: 1 INVITE\r\n"
	"Max-Forwards: 70\r\n"
	"Contact: <sip:201@192.0.2.61:2051;line=w4j8n2ra>;flow-id=1\r\n"
	"X-Serialnumber: 000000A1B2C3\r\n"
	"P-Key-Flags: resolution=\"31x13\", keys=\"4\"\r\n"
	"User-Agent: snom360/8.4.35\r\n"
	"Accept: application/sdp\r\n"
	"Allow: INVITE, ACK, CANCEL, BYE, REFER, OPTIONS, NOTIFY, SUBSCRIBE, PRACK, MESSAGE, "
	"INFO, UPDATE, PUBLISH\r\n"
	"Allow-Events: talk, hold, refer, call-info\r\n"
	"Accept-Language: en\r\n"
	"Privacy: none\r\n"
	"Supported: timer, 100rel, replaces, from-change\r\n"
	"Session-Expires: 3600;refresher=uas\r\n"
	"Min-SE: 90\r\n"
	"Content-Type: application/sdp\r\n"
	"Content-Length: 340\r\n"
	"\r\n"
	"v=0\r\n"
	"o=root 729104536 729104536 IN IP4 192.0.2.61\r\n"
	"s=call\r\n"
	"c=IN IP4 192.0.2.61\r\n"
	"t=0 0\r\n"
	"m=audio 61204 RTP/AVP 9 0 8 3 99 18 101\r\n"
	"a=rtpmap:9 G722/8000\r\n"
	"a=rtpmap:0 PCMU/8000\r\n"
	"a=rtpmap:8 PCMA/8000\r\n"
	"a=rtpmap:3 GSM/8000\r\n"
	"a=rtpmap:99 G726-32/8000\r\n"
	"a=rtpmap:18 G729/8000\r\n"
	"a=rtpmap:101 telephone-event/8000\r\n"
	"a=fmtp:101 0-15\r\n"
	"a=ptime:20\r\n"
	"a=sendrecv\r\n";

static const char notify_uri[] = "sip:203@192.0.2.63:2051;line=b7t0c5ye";
static const char dialog_uri[] =
	"sip:*8202@pbx.example.com:5060;transport=udp?Replaces=a1b2%40192.0.2.1%3Bfrom-tag%3Dx";

static _Alignas(max_align_t) char arena_block[16384];
static char out[8192];
static struct arena arena;
static struct sip_msg parsed;

static void parse_once(void)
{
	struct sip_fault fault;

	arena_reset(&arena);
	CHECK(sip_msg_parse(SLICE(invite), &arena, &parsed, &fault) == 0);
}

static void start_parse(void)
{
	arena_init(&arena, arena_block, sizeof(arena_block));
	parse_once();
	CHECK(parsed.body.n == 340);
}

static size_t parse_invite(void)
{
	parse_once();
	return arena.used;
}

/* As the second leg sends it on: every header again, the body after them. */
static size_t print_invite(void)
{
	struct buf buf = BUF_ON(out);

	sip_print_request_line(&buf, parsed.method_name, parsed.uri.text);
	for (size_t i = 0; i < parsed.header_count; i++)
		if (parsed.headers[i].id == HDR_OTHER)
			sip_print_header_named(&buf, parsed.headers[i].name,
					       parsed.headers[i].value);
		else if (parsed.headers[i].id != HDR_CONTENT_LENGTH &&
			 parsed.headers[i].id != HDR_CONTENT_TYPE)
			sip_print_header(&buf, parsed.headers[i].id, parsed.headers[i].value);
	sip_print_body(&buf, SLICE("application/sdp"), parsed.body);
	CHECK(!buf.is_overflown);
	return buf.n;
}

static struct dialog_info ringing = {
	.version = 17,
	.entity = SLICE_INIT("sip:202@pbx.example.com"),
	.dialog_count = 1,
	.dialogs = { {
		.id = SLICE_INIT("8d1f0c66"),
		.call_id = SLICE_INIT("8d1f0c66a27e4b90"),
		.local_tag = SLICE_INIT("n5w2k8"),
		.remote_tag = SLICE_INIT("3e97d2a4"),
		.direction = DIALOG_RECIPIENT,
		.state = DIALOG_EARLY,
		.local = { .display = SLICE_INIT("Bob"),
			   .identity = SLICE_INIT("sip:202@pbx.example.com"),
			   .target = SLICE_INIT("sip:202@pbx.example.com") },
		.remote = { .display = SLICE_INIT("Alice Liddell"),
			    .identity = SLICE_INIT("sip:201@pbx.example.com"),
			    .target = SLICE_INIT("sip:*8202@pbx.example.com") },
	} },
};

static size_t print_notify(void)
{
	static char body_text[4096];
	struct buf body = BUF_ON(body_text);
	struct buf buf = BUF_ON(out);

	dialog_info_print(&body, &ringing);
	sip_print_request_line(&buf, SLICE("NOTIFY"), SLICE(notify_uri));
	sip_print_header(&buf, HDR_VIA,
			 SLICE("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7c01;rport"));
	sip_print_header_u32(&buf, HDR_MAX_FORWARDS, 70);
	sip_print_addr(&buf, HDR_FROM, SLICE_NONE, SLICE("sip:202@pbx.example.com"),
		       SLICE("9b3d5c"));
	sip_print_addr(&buf, HDR_TO, SLICE("Carol"), SLICE("sip:203@pbx.example.com"),
		       SLICE("x0p4u7"));
	sip_print_header(&buf, HDR_CALL_ID, SLICE("5f2c8e90c1d2-1kz7y4vb9hwn"));
	sip_print_cseq(&buf, 18, SLICE("NOTIFY"));
	sip_print_header(&buf, HDR_CONTACT, SLICE("<sip:192.0.2.1:5060>"));
	sip_print_header(&buf, HDR_EVENT, SLICE("dialog"));
	sip_print_header(&buf, HDR_SUBSCRIPTION_STATE, SLICE("active;expires=3540"));
	sip_print_body(&buf, SLICE("application/dialog-info+xml"), buf_text(&body));
	CHECK(!buf.is_overflown && !body.is_overflown);
	return buf.n;
}

static size_t parse_uri(void)
{
	struct sip_uri uri;

	CHECK(sip_uri_parse(SLICE(dialog_uri), &uri) == 0);
	return 0;
}

static void start_digest(void)
{
	CHECK(hash_init() == 0);
}

static size_t respond(enum hash_alg alg)
{
	const struct digest_credentials credentials = {
		.username = SLICE_INIT("201"),
		.realm = SLICE_INIT("pbx.example.com"),
		.nonce = SLICE_INIT("65f0a1b2c3d4e5f60718293a4b5c6d7e"),
		.uri = SLICE_INIT("sip:pbx.example.com"),
		.cnonce = SLICE_INIT("0a4f113b"),
		.nc_text = SLICE_INIT("00000001"),
		.nc = 1,
		.alg = alg,
		.has_qop = true,
	};
	char hex[HASH_MAX_HEX];

	CHECK(digest_response(&credentials, SLICE("REGISTER"), SLICE("secret"), hex) == 0);
	return 0;
}

static size_t respond_md5(void)
{
	return respond(HASH_MD5);
}

static size_t respond_sha256(void)
{
	return respond(HASH_SHA256);
}

const struct bench benches[] = {
	{ "parse INVITE (snom)", start_parse, parse_invite, NULL, 0, 0 },
	{ "print INVITE (snom)", start_parse, print_invite, NULL, 0, 0 },
	{ "print NOTIFY dialog-info", NULL, print_notify, NULL, 0, 0 },
	{ "parse URI with Replaces", NULL, parse_uri, NULL, 0, 0 },
	{ "digest response MD5", start_digest, respond_md5, hash_fini, 0, 0 },
	{ "digest response SHA-256", start_digest, respond_sha256, hash_fini, 0, 0 },
	{ NULL, NULL, NULL, NULL, 0, 0 },
};
