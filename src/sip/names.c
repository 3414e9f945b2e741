/* SPDX-License-Identifier: MIT */
/*
 * Names: headers (long and compact, RFC 3261 7.3.1 and 7.3.3), methods, reason phrases. A name is
 * always compared in full; its key only chooses what it is compared with.
 */
#include "sip/msg.h"

#include "base/check.h"
#include "sip/scan.h"

static const struct {
	struct slice name;
	char compact; /* 0: none */
} headers[HDR_COUNT] = {
#define HDR(id, text, letter, is_single) [HDR_##id] = { SLICE_INIT(text), letter },
#include "sip/headers.def"
#undef HDR
};

/*
 * A name's length, first letter and last letter but one, without case: no two headers share a key.
 * Two that did would not compile, and the unit test finds one that is missing here.
 */
#define KEY(n, first, last_but_one)                                                                \
	((uint8_t)((n) + ((unsigned char)(first) | 0x20) +                                         \
		   11 * ((unsigned char)(last_but_one) | 0x20)))

static const uint8_t by_key[256] = {
	[KEY(3, 'v', 'i')] = HDR_VIA,
	[KEY(4, 'f', 'o')] = HDR_FROM,
	[KEY(2, 't', 't')] = HDR_TO,
	[KEY(7, 'c', 'i')] = HDR_CALL_ID,
	[KEY(4, 'c', 'e')] = HDR_CSEQ,
	[KEY(7, 'c', 'c')] = HDR_CONTACT,
	[KEY(4, 'j', 'i')] = HDR_JOIN,
	[KEY(12, 'm', 'd')] = HDR_MAX_FORWARDS,
	[KEY(11, 'm', 't')] = HDR_MAX_BREADTH,
	[KEY(14, 'c', 't')] = HDR_CONTENT_LENGTH,
	[KEY(12, 'c', 'p')] = HDR_CONTENT_TYPE,
	[KEY(16, 'c', 'n')] = HDR_CONTENT_ENCODING,
	[KEY(5, 'r', 't')] = HDR_ROUTE,
	[KEY(12, 'r', 't')] = HDR_RECORD_ROUTE,
	[KEY(6, 'a', 'p')] = HDR_ACCEPT,
	[KEY(5, 'a', 'o')] = HDR_ALLOW,
	[KEY(12, 'a', 't')] = HDR_ALLOW_EVENTS,
	[KEY(13, 'a', 'o')] = HDR_AUTHORIZATION,
	[KEY(19, 'p', 'o')] = HDR_PROXY_AUTHORIZATION,
	[KEY(16, 'w', 't')] = HDR_WWW_AUTHENTICATE,
	[KEY(18, 'p', 't')] = HDR_PROXY_AUTHENTICATE,
	[KEY(4, 'd', 't')] = HDR_DATE,
	[KEY(5, 'e', 'n')] = HDR_EVENT,
	[KEY(7, 'e', 'e')] = HDR_EXPIRES,
	[KEY(11, 'm', 'e')] = HDR_MIN_EXPIRES,
	[KEY(19, 'p', 't')] = HDR_P_ASSERTED_IDENTITY,
	[KEY(4, 'p', 't')] = HDR_PATH,
	[KEY(13, 'p', 'r')] = HDR_PROXY_REQUIRE,
	[KEY(4, 'r', 'c')] = HDR_RACK,
	[KEY(6, 'r', 'o')] = HDR_REASON,
	[KEY(8, 'r', 't')] = HDR_REFER_TO,
	[KEY(9, 'r', 'u')] = HDR_REFER_SUB,
	[KEY(11, 'r', 'b')] = HDR_REFERRED_BY,
	[KEY(8, 'r', 'e')] = HDR_REPLACES,
	[KEY(7, 'r', 'r')] = HDR_REQUIRE,
	[KEY(11, 'r', 'e')] = HDR_RETRY_AFTER,
	[KEY(4, 'r', 'e')] = HDR_RSEQ,
	[KEY(6, 's', 'e')] = HDR_SERVER,
	[KEY(15, 's', 'e')] = HDR_SESSION_EXPIRES,
	[KEY(8, 's', 'a')] = HDR_SIP_ETAG,
	[KEY(12, 's', 'c')] = HDR_SIP_IF_MATCH,
	[KEY(7, 's', 'c')] = HDR_SUBJECT,
	[KEY(18, 's', 't')] = HDR_SUBSCRIPTION_STATE,
	[KEY(9, 's', 'e')] = HDR_SUPPORTED,
	[KEY(13, 't', 'o')] = HDR_TARGET_DIALOG,
	[KEY(11, 'u', 'e')] = HDR_UNSUPPORTED,
	[KEY(10, 'u', 'n')] = HDR_USER_AGENT,
	[KEY(7, 'w', 'n')] = HDR_WARNING,
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

/* The last word overlaps the one before it. */
static bool same_bytes(const char *a, const char *b, size_t n)
{
	size_t i = 0;

	if (n < 8) {
		while (i < n && a[i] == b[i])
			i++;
		return i == n;
	}
	for (; i + 8 < n; i += 8)
		if (scan_load(a + i) != scan_load(b + i))
			return false;
	return scan_load(a + n - 8) == scan_load(b + n - 8);
}

enum sip_header_id sip_header_id_of(struct slice name)
{
	enum sip_header_id id;

	if (name.n < 2)
		return name.n == 1 && name.p[0] != '\0' ? id_of_letter(name.p[0]) : HDR_OTHER;
	id = (enum sip_header_id)by_key[KEY(name.n, name.p[0], name.p[name.n - 2])];
	if (name.n != headers[id].name.n)
		return HDR_OTHER;
	/* Nearly everybody writes a name as the RFCs do. */
	if (same_bytes(name.p, headers[id].name.p, name.n))
		return id;
	return slice_eq_nocase(name, headers[id].name) ? id : HDR_OTHER;
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
