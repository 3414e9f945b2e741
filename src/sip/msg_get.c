/* SPDX-License-Identifier: MIT */
/*
 * Asking a parsed message for its headers: by id, by name, as a list, as a number.
 */
#include "sip/msg.h"

#include "base/err.h"
#include "sip/lex.h"

const struct sip_header *sip_msg_header(const struct sip_msg *msg, enum sip_header_id id)
{
	return msg->first[id] ? &msg->headers[msg->first[id] - 1] : NULL;
}

const struct sip_header *sip_msg_header_next(const struct sip_msg *msg,
					     const struct sip_header *header)
{
	const struct sip_header *end = msg->headers + msg->header_count;

	for (const struct sip_header *next = header + 1; next < end; next++)
		if (next->id == header->id)
			return next;
	return NULL;
}

struct slice sip_msg_value(const struct sip_msg *msg, enum sip_header_id id)
{
	const struct sip_header *header = sip_msg_header(msg, id);

	return header ? header->value : SLICE_NONE;
}

const struct sip_header *sip_msg_header_named(const struct sip_msg *msg, struct slice name)
{
	enum sip_header_id id = sip_header_id_of(name);

	if (id != HDR_OTHER)
		return sip_msg_header(msg, id);
	for (size_t i = 0; i < msg->header_count; i++)
		if (slice_eq_nocase(msg->headers[i].name, name))
			return &msg->headers[i];
	return NULL;
}

bool sip_msg_list_next(const struct sip_msg *msg, enum sip_header_id id,
		       struct sip_list_cursor *cursor, struct slice *ret_entry)
{
	const struct sip_header *header;

	while (!cursor->header || !lex_entry_next(&cursor->rest, ret_entry)) {
		header = cursor->header ? sip_msg_header_next(msg, cursor->header)
					: sip_msg_header(msg, id);
		if (!header)
			return false;
		cursor->header = header;
		cursor->rest = header->value;
	}
	return true;
}

bool sip_msg_has_token(const struct sip_msg *msg, enum sip_header_id id, struct slice token)
{
	struct sip_list_cursor cursor = { 0 };
	struct slice entry;

	while (sip_msg_list_next(msg, id, &cursor, &entry))
		if (slice_eq_nocase(entry, token))
			return true;
	return false;
}

int sip_msg_seconds(const struct sip_msg *msg, enum sip_header_id id, uint32_t *ret_seconds)
{
	const struct sip_header *header = sip_msg_header(msg, id);
	struct slice rest, digits;

	if (!header)
		return ERR_NOTFOUND;
	rest = header->value;
	digits = lex_cut(&rest, LEX_TOKEN);
	lex_skip_lws(&rest);
	/* Parameters may follow, and in Retry-After a comment (RFC 3261 20.33). */
	if (rest.n > 0 && rest.p[0] != ';' && rest.p[0] != '(')
		return ERR_SYNTAX;
	return slice_to_u32(digits, SIP_EXPIRES_MAX, ret_seconds);
}
