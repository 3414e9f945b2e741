/* SPDX-License-Identifier: MIT */
/*
 * Printing the trail of a forwarded call.
 */
#include "pbx/forward.h"

#include "sip/print.h"

/* RFC 5806 4 (reason), RFC 7544 7.1 with RFC 4458 (cause), the log's word. */
static const struct {
	const char *reason;
	unsigned cause;
	const char *name;
} whys[] = {
	[FORWARD_ALWAYS] = { "unconditional", 302, "always" },
	[FORWARD_BUSY] = { "user-busy", 486, "busy" },
	[FORWARD_NO_ANSWER] = { "no-answer", 408, "no-answer" },
	[FORWARD_UNREGISTERED] = { "unavailable", 503, "unregistered" },
	[FORWARD_BY_PHONE] = { "deflection", 480, "by-phone" },
};

struct slice forward_name(enum forward_when why)
{
	return slice_from_cstr(whys[why].name);
}

bool trail_has(const struct trail *trail, struct slice number)
{
	for (size_t i = 0; i < trail->count; i++)
		if (slice_eq(trail->steps[i].party.number, number))
			return true;
	return false;
}

static void print_uri(struct buf *lines, struct slice number, struct slice domain)
{
	buf_lit(lines, "<sip:");
	uri_escape_user(lines, number);
	buf_char(lines, '@');
	buf_slice(lines, domain);
}

/* The last one who diverted stands first (RFC 5806 5). */
static void print_diversion(const struct trail *trail, struct buf *lines, struct slice domain)
{
	for (size_t i = trail->count; i-- > 0;) {
		buf_lit(lines, "Diversion: ");
		if (!slice_is_empty(trail->steps[i].party.name)) {
			sip_print_quoted(lines, trail->steps[i].party.name);
			buf_char(lines, ' ');
		}
		print_uri(lines, trail->steps[i].party.number, domain);
		buf_lit(lines, ">;reason=");
		buf_cstr(lines, whys[trail->steps[i].why].reason);
		buf_lit(lines, ";counter=1\r\n");
	}
}

/*
 * The first target is 1, whom it passed the call to 1.1, and so on (RFC 7044 10.3); each entry but
 * the first says why the call came there.
 */
static void print_history(const struct trail *trail, struct buf *lines, struct slice target,
			  struct slice domain)
{
	for (size_t i = 0; i <= trail->count; i++) {
		buf_lit(lines, "History-Info: ");
		print_uri(lines, i < trail->count ? trail->steps[i].party.number : target, domain);
		if (i > 0) {
			buf_lit(lines, ";cause=");
			buf_u64(lines, whys[trail->steps[i - 1].why].cause);
		}
		buf_lit(lines, ">;index=1");
		for (size_t k = 0; k < i; k++)
			buf_lit(lines, ".1");
		if (i > 0) {
			buf_lit(lines, ";mp=1");
			for (size_t k = 1; k < i; k++)
				buf_lit(lines, ".1");
		}
		buf_lit(lines, "\r\n");
	}
}

void trail_print(const struct trail *trail, struct buf *lines, struct slice target,
		 struct slice domain)
{
	if (trail->count == 0)
		return;
	print_diversion(trail, lines, domain);
	print_history(trail, lines, target, domain);
}
