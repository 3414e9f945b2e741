/* SPDX-License-Identifier: MIT */
/*
 * Cutting a byte stream into messages (RFC 3261 18.3). Two readers that disagree about where a
 * message ends let a peer smuggle one, so the head is taken strictly: lines end in CRLF and
 * nothing else, and exactly one Content-Length says the rest before a byte of it is waited for.
 */
#include "sip/framer.h"

#include "sip/limits.h"

/* In *scanned: the head has been read, the other bits are the length of the whole message. */
#define SCANNED_IS_LENGTH (SIZE_MAX ^ (SIZE_MAX >> 1))

/* One header line with its folds, without the last CRLF; the head ends in an empty line. */
static bool next_line(struct slice *head, struct slice *ret_line)
{
	size_t end = 0;

	if (head->n <= 2)
		return false;
	do {
		end += slice_find_char(slice_from(*head, end), '\n') + 1;
	} while (end < head->n && (head->p[end] == ' ' || head->p[end] == '\t'));
	*ret_line = slice_head(*head, end - 2);
	*head = slice_from(*head, end);
	return true;
}

static struct slice trim_blanks_behind(struct slice s)
{
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Every LF was seen behind its CR; what is left to refuse is a CR on its own. */
static bool has_lone_cr(struct slice head)
{
	for (;;) {
		size_t at = slice_find_char(head, '\r');

		if (at == head.n)
			return false;
		head = slice_from(head, at + 1);
		if (head.n == 0 || head.p[0] != '\n')
			return true;
	}
}

/* `head` ends with the empty line. False without exactly one good Content-Length. */
static bool read_content_length(struct slice head, uint32_t *ret_length)
{
	struct slice line, name, value;
	bool is_found = false;

	/* A fold of the start line is what another reader takes for a header. */
	if (!next_line(&head, &line) || slice_find_char(line, '\n') < line.n)
		return false;
	while (next_line(&head, &line)) {
		if (!slice_cut(line, ':', &name, &value))
			continue;
		name = trim_blanks_behind(name);
		if (!slice_eq_nocase(name, SLICE("Content-Length")) &&
		    !slice_eq_nocase(name, SLICE("l")))
			continue;
		if (is_found || slice_to_u32(slice_trim(value), SIP_MESSAGE_MAX_BYTES, ret_length))
			return false;
		is_found = true;
	}
	return is_found;
}

/* Searches on from *scanned. FRAMER_MESSAGE: *ret_head is the head with its empty line. */
static enum framer_verdict find_head(struct slice bytes, size_t *scanned, struct slice *ret_head)
{
	size_t room = bytes.n < SIP_MESSAGE_MAX_BYTES ? bytes.n : SIP_MESSAGE_MAX_BYTES;
	struct slice searched = slice_head(bytes, room);
	size_t at = *scanned;

	for (;;) {
		at += slice_find_char(slice_from(searched, at), '\n');
		if (at >= room)
			break;
		if (at == 0 || bytes.p[at - 1] != '\r')
			return FRAMER_BAD;
		at++;
		if (at >= 4 && bytes.p[at - 3] == '\n') {
			*ret_head = slice_head(bytes, at);
			return FRAMER_MESSAGE;
		}
	}
	*scanned = room;
	return room == SIP_MESSAGE_MAX_BYTES ? FRAMER_BAD : FRAMER_PARTIAL;
}

/* `bytes` starts with the first byte of a message. */
static enum framer_verdict cut_message(struct slice bytes, size_t *scanned,
				       struct slice *ret_message)
{
	size_t length;

	if (!(*scanned & SCANNED_IS_LENGTH)) {
		struct slice head;
		uint32_t body;
		enum framer_verdict verdict = find_head(bytes, scanned, &head);

		if (verdict != FRAMER_MESSAGE)
			return verdict;
		if (has_lone_cr(head) || !read_content_length(head, &body) ||
		    body > SIP_MESSAGE_MAX_BYTES - head.n)
			return FRAMER_BAD;
		*scanned = SCANNED_IS_LENGTH | (head.n + body);
	}
	length = *scanned & ~SCANNED_IS_LENGTH;
	if (bytes.n < length)
		return FRAMER_PARTIAL;
	*scanned = 0;
	*ret_message = slice_head(bytes, length);
	return FRAMER_MESSAGE;
}

enum framer_verdict framer_next(struct slice received, size_t *scanned, size_t *ret_used,
				struct slice *ret_message)
{
	static const struct slice ping = SLICE_INIT("\r\n\r\n");
	enum framer_verdict verdict;
	size_t skipped = 0;

	*ret_used = 0;
	if (*scanned == 0) {
		if (slice_starts_with(received, ping)) {
			*ret_used = ping.n;
			return FRAMER_PING;
		}
		if (slice_starts_with(ping, received))
			return FRAMER_PARTIAL;
		if (slice_starts_with(received, slice_head(ping, 2)))
			skipped = 2;
		/* A start line begins with a token: TLS or noise on this port ends here. */
		if (received.p[skipped] <= ' ' || received.p[skipped] >= 0x7f)
			return FRAMER_BAD;
	}
	verdict = cut_message(slice_from(received, skipped), scanned, ret_message);
	if (verdict == FRAMER_MESSAGE)
		*ret_used = skipped + ret_message->n;
	else if (verdict == FRAMER_PARTIAL)
		*ret_used = skipped;
	return verdict;
}
