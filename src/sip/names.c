/* SPDX-License-Identifier: MIT */
/*
 * Names: headers (long and compact, RFC 3261 7.3.1 and 7.3.3), methods, reason phrases. A name is
 * always compared in full; its length only chooses what it is compared with.
 */
#include "sip/msg.h"

#include "base/check.h"

static const struct {
	struct slice name;
	char compact; /* 0: none */
} headers[HDR_COUNT] = {
#define HDR(id, text, letter, is_single) [HDR_##id] = { SLICE_INIT(text), letter },
#include "sip/headers.def"
#undef HDR
};

#define NAME_MAX_BYTES 19 /* "Proxy-Authorization" */
#define SAME_LENGTH_MAX 6 /* names of one length */

/* The headers by length of name; the unit test holds this against headers.def. */
static const uint8_t by_length[NAME_MAX_BYTES + 1][SAME_LENGTH_MAX] = {
	[2] = { HDR_TO },
	[3] = { HDR_VIA },
	[4] = { HDR_FROM, HDR_CSEQ, HDR_DATE, HDR_PATH, HDR_RACK, HDR_RSEQ },
	[5] = { HDR_ALLOW, HDR_EVENT, HDR_ROUTE },
	[6] = { HDR_ACCEPT, HDR_SERVER, HDR_REASON },
	[7] = { HDR_CALL_ID, HDR_CONTACT, HDR_EXPIRES, HDR_REQUIRE, HDR_SUBJECT, HDR_WARNING },
	[8] = { HDR_REPLACES, HDR_REFER_TO },
	[9] = { HDR_SUPPORTED },
	[10] = { HDR_USER_AGENT },
	[11] = { HDR_REFERRED_BY, HDR_RETRY_AFTER, HDR_MIN_EXPIRES, HDR_UNSUPPORTED },
	[12] = { HDR_MAX_FORWARDS, HDR_CONTENT_TYPE, HDR_ALLOW_EVENTS, HDR_RECORD_ROUTE },
	[13] = { HDR_AUTHORIZATION, HDR_PROXY_REQUIRE },
	[14] = { HDR_CONTENT_LENGTH },
	[15] = { HDR_SESSION_EXPIRES },
	[16] = { HDR_WWW_AUTHENTICATE, HDR_CONTENT_ENCODING },
	[18] = { HDR_SUBSCRIPTION_STATE, HDR_PROXY_AUTHENTICATE },
	[19] = { HDR_PROXY_AUTHORIZATION, HDR_P_ASSERTED_IDENTITY },
};

static const struct slice methods[METHOD_COUNT] = {
	[METHOD_OTHER] = SLICE_INIT(""),
#define METHOD(name) [METHOD_##name] = SLICE_INIT(#name),
#include "sip/methods.def"
#undef METHOD
};

static enum sip_header_id id_of_letter(char letter)
{
	letter = char_to_lower(letter);
	for (unsigned id = HDR_OTHER + 1; id < HDR_COUNT; id++)
		if (headers[id].compact == letter)
			return (enum sip_header_id)id;
	return HDR_OTHER;
}

enum sip_header_id sip_header_id_of(struct slice name)
{
	if (name.n == 1 && name.p[0] != '\0')
		return id_of_letter(name.p[0]);
	if (name.n < 2 || name.n > NAME_MAX_BYTES)
		return HDR_OTHER;
	for (size_t i = 0; i < SAME_LENGTH_MAX; i++) {
		unsigned id = by_length[name.n][i];

		if (id == HDR_OTHER)
			break;
		if ((name.p[0] ^ headers[id].name.p[0]) & ~0x20)
			continue; /* another letter in either case */
		/* Nearly everybody writes a name as the RFCs do. */
		if (slice_eq(name, headers[id].name) || slice_eq_nocase(name, headers[id].name))
			return (enum sip_header_id)id;
	}
	return HDR_OTHER;
}

struct slice sip_header_name(enum sip_header_id id)
{
	return headers[id].name;
}

struct slice sip_method_name(enum sip_method method)
{
	return methods[method];
}

enum sip_method sip_method_of(struct slice name)
{
	for (unsigned method = METHOD_OTHER + 1; method < METHOD_COUNT; method++)
		if (slice_eq(name, methods[method]))
			return (enum sip_method)method;
	return METHOD_OTHER;
}

static const struct {
	unsigned status;
	struct slice reason;
} reasons[] = {
	{ 100, SLICE_INIT("Trying") },
	{ 180, SLICE_INIT("Ringing") },
	{ 181, SLICE_INIT("Call Is Being Forwarded") },
	{ 182, SLICE_INIT("Queued") },
	{ 183, SLICE_INIT("Session Progress") },
	{ 199, SLICE_INIT("Early Dialog Terminated") }, /* RFC 6228 */
	{ 200, SLICE_INIT("OK") },
	{ 202, SLICE_INIT("Accepted") },	/* RFC 6665 */
	{ 204, SLICE_INIT("No Notification") }, /* RFC 5839 */
	{ 300, SLICE_INIT("Multiple Choices") },
	{ 301, SLICE_INIT("Moved Permanently") },
	{ 302, SLICE_INIT("Moved Temporarily") },
	{ 305, SLICE_INIT("Use Proxy") },
	{ 380, SLICE_INIT("Alternative Service") },
	{ 400, SLICE_INIT("Bad Request") },
	{ 401, SLICE_INIT("Unauthorized") },
	{ 402, SLICE_INIT("Payment Required") },
	{ 403, SLICE_INIT("Forbidden") },
	{ 404, SLICE_INIT("Not Found") },
	{ 405, SLICE_INIT("Method Not Allowed") },
	{ 406, SLICE_INIT("Not Acceptable") },
	{ 407, SLICE_INIT("Proxy Authentication Required") },
	{ 408, SLICE_INIT("Request Timeout") },
	{ 410, SLICE_INIT("Gone") },
	{ 412, SLICE_INIT("Conditional Request Failed") }, /* RFC 3903 */
	{ 413, SLICE_INIT("Request Entity Too Large") },
	{ 414, SLICE_INIT("Request-URI Too Long") },
	{ 415, SLICE_INIT("Unsupported Media Type") },
	{ 416, SLICE_INIT("Unsupported URI Scheme") },
	{ 420, SLICE_INIT("Bad Extension") },
	{ 421, SLICE_INIT("Extension Required") },
	{ 422, SLICE_INIT("Session Interval Too Small") }, /* RFC 4028 */
	{ 423, SLICE_INIT("Interval Too Brief") },
	{ 428, SLICE_INIT("Use Identity Header") },		 /* RFC 8224 */
	{ 429, SLICE_INIT("Provide Referrer Identity") },	 /* RFC 3892 */
	{ 430, SLICE_INIT("Flow Failed") },			 /* RFC 5626 */
	{ 433, SLICE_INIT("Anonymity Disallowed") },		 /* RFC 5079 */
	{ 439, SLICE_INIT("First Hop Lacks Outbound Support") }, /* RFC 5626 */
	{ 440, SLICE_INIT("Max-Breadth Exceeded") },		 /* RFC 5393 */
	{ 469, SLICE_INIT("Bad Info Package") },		 /* RFC 6086 */
	{ 480, SLICE_INIT("Temporarily Unavailable") },
	{ 481, SLICE_INIT("Call/Transaction Does Not Exist") },
	{ 482, SLICE_INIT("Loop Detected") },
	{ 483, SLICE_INIT("Too Many Hops") },
	{ 484, SLICE_INIT("Address Incomplete") },
	{ 485, SLICE_INIT("Ambiguous") },
	{ 486, SLICE_INIT("Busy Here") },
	{ 487, SLICE_INIT("Request Terminated") },
	{ 488, SLICE_INIT("Not Acceptable Here") },
	{ 489, SLICE_INIT("Bad Event") }, /* RFC 6665 */
	{ 491, SLICE_INIT("Request Pending") },
	{ 493, SLICE_INIT("Undecipherable") },
	{ 494, SLICE_INIT("Security Agreement Required") }, /* RFC 3329 */
	{ 500, SLICE_INIT("Server Internal Error") },
	{ 501, SLICE_INIT("Not Implemented") },
	{ 502, SLICE_INIT("Bad Gateway") },
	{ 503, SLICE_INIT("Service Unavailable") },
	{ 504, SLICE_INIT("Server Time-out") },
	{ 505, SLICE_INIT("Version Not Supported") },
	{ 513, SLICE_INIT("Message Too Large") },
	{ 580, SLICE_INIT("Precondition Failure") }, /* RFC 3312 */
	{ 600, SLICE_INIT("Busy Everywhere") },
	{ 603, SLICE_INIT("Decline") },
	{ 604, SLICE_INIT("Does Not Exist Anywhere") },
	{ 606, SLICE_INIT("Not Acceptable") },
	{ 607, SLICE_INIT("Unwanted") }, /* RFC 8197 */
	{ 608, SLICE_INIT("Rejected") }, /* RFC 8688 */
};

struct slice sip_status_reason(unsigned status)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return SLICE("Unknown");
}
