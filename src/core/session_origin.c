/* SPDX-License-Identifier: MIT */
/*
 * The o= line of the descriptions that one peer gets (RFC 3264 8): it stays the same as long as the
 * session lasts, and its version grows by one with each change. What we say to a peer are another
 * party's words; when a third one takes that party's place the line must not change with it, so
 * from then on it is ours. Until then all passes through byte for byte.
 */
#include "base/mem.h"
#include "core/session_inner.h"
#include "sip/sdp_origin.h"

struct session_origin {
	uint64_t version; /* told last */
	uint64_t heard;	  /* hash of the foreign line that it stands for, 0: none yet */
	uint16_t name_n;
	uint16_t place_n;
	bool is_foreign; /* somebody else's descriptions come by now */
	char text[];	 /* [name_n + place_n] "alice 123" and "IN IP4 192.0.2.1" */
};

static struct slice name_of(const struct session_origin *origin)
{
	return slice_of(origin->text, origin->name_n);
}

static struct slice place_of(const struct session_origin *origin)
{
	return slice_of(origin->text + origin->name_n, origin->place_n);
}

static uint64_t origin_hash(const struct session *session, const struct sdp_origin *origin)
{
	return hash_bytes(session->stack->tag_secret, origin->name) ^
	       hash_bytes(session->stack->tag_secret, origin->place) ^ origin->version;
}

static bool is_same_line(const struct session_origin *kept, const struct sdp_origin *origin)
{
	return slice_eq(name_of(kept), origin->name) && slice_eq(place_of(kept), origin->place);
}

void session_origin_free(struct session *session)
{
	mem_free(session->origin);
	session->origin = NULL;
}

/* Without memory nothing is kept, and all passes through. */
static void origin_keep(struct session *session, const struct sdp_origin *origin)
{
	size_t n = origin->name.n + origin->place.n;
	struct session_origin *kept = mem_alloc(sizeof(*kept) + n);
	struct buf text;

	session_origin_free(session);
	if (!kept)
		return;
	buf_init(&text, kept->text, n);
	buf_slice(&text, origin->name);
	buf_slice(&text, origin->place);
	kept->name_n = (uint16_t)origin->name.n; /* of a message at most */
	kept->place_n = (uint16_t)origin->place.n;
	kept->version = origin->version;
	session->origin = kept;
}

void session_origin_start(struct session *session, struct slice body)
{
	struct sdp_origin origin;

	if (sdp_origin_read(body, &origin))
		session_origin_free(session);
	else
		origin_keep(session, &origin);
}

/* What the peer is told in place of this line; the same again is no change. */
static uint64_t version_of(struct session *session, const struct sdp_origin *origin)
{
	struct session_origin *kept = session->origin;
	uint64_t heard = origin_hash(session, origin);

	if (kept->heard != heard)
		kept->version++;
	kept->heard = heard;
	return kept->version;
}

struct slice session_origin_apply(struct session *session, struct slice body)
{
	static char text[SDP_MAX_BYTES]; /* one thread; printed into a packet at once */
	struct session_origin *kept = session->origin;
	struct sdp_origin origin;
	struct buf buf = BUF_ON(text);

	if (slice_is_empty(body) || sdp_origin_read(body, &origin))
		return body;
	if (!kept) {
		origin_keep(session, &origin);
		return body;
	}
	if (is_same_line(kept, &origin)) {
		/* Our own words again, for a refresh. */
		if (kept->is_foreign && kept->version == origin.version)
			return body;
		if (!kept->is_foreign) {
			kept->version = origin.version;
			return body;
		}
	}
	kept->is_foreign = true;
	sdp_print_with_origin(&buf, body,
			      &(struct sdp_origin){ .name = name_of(kept),
						    .version = version_of(session, &origin),
						    .place = place_of(kept) });
	return buf.is_overflown ? body : buf_text(&buf);
}
