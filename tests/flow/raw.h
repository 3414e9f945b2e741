/* SPDX-License-Identifier: MIT */
/*
 * A peer that says exactly what a test writes, for what no stack of ours would ever send. Text is
 * written with plain line ends; these marks are filled in when it is sent:
 *   {via}   a Via with this peer's address and a fresh branch
 *   {cseq}  a number that grows with every request
 *   {auth}  the Authorization line that answers the last 401, or nothing
 *   {len}   the bytes behind the empty line
 */
#ifndef LAMPYRID_TESTS_RAW_H
#define LAMPYRID_TESTS_RAW_H

#include "core/auth_client.h"
#include "wire.h"

#define RAW_INBOX_MAX 64
#define RAW_MESSAGE_MAX_BYTES 8192

struct raw {
	struct wire_node *node;
	struct wire_node *to;
	char inbox[RAW_INBOX_MAX][RAW_MESSAGE_MAX_BYTES]; /* [count] */
	size_t sizes[RAW_INBOX_MAX];
	size_t count;
	char last_auth[2048]; /* the credentials' line that was sent last */
	bool is_mute;	      /* requests are not answered; else each but ACK gets a bare 200 */
	unsigned cseq;
	unsigned branch;
};

/* A peer of that name on the wires, talking to `to`. Freed with raw_free(). */
struct raw *raw_new(struct wires *wires, const char *name, struct wire_node *to);
void raw_free(struct raw *raw);

/* Sends the text and lets the answer arrive. The last response's status, 0 when none came. */
unsigned raw_ask(struct raw *raw, const char *text);

/* The same, answering one 401 with these credentials. */
unsigned raw_ask_as(struct raw *raw, const char *user, const char *password, const char *text);

/*
 * Answers the last request with this method by hand: with this To tag (when it has none yet), more
 * header lines (each with "\r\n") and a body.
 */
void raw_reply(struct raw *raw, const char *method, unsigned status, const char *tag,
	       const char *lines, const char *body);

/*
 * A request in the dialog that the last message with this start ("INVITE" that came, "SIP/2.0 200"
 * to one of ours) belongs to; `tag` is ours where the message has none yet. `rest` are more header
 * lines and what follows, marks as above. The last response's status, 0 when none came.
 */
unsigned raw_speak(struct raw *raw, const char *start, const char *tag, const char *method,
		   const char *rest);

/* The same, where both sides have their tags, answering one 401 where `rest` has {auth}. */
unsigned raw_speak_as(struct raw *raw, const char *user, const char *password, const char *start,
		      const char *method, const char *rest);

/* The last message with this start ("NOTIFY", "SIP/2.0 200"), as text; "" when there is none. */
const char *raw_last(const struct raw *raw, const char *start);

/* Any message with this start has said so. */
bool raw_heard(const struct raw *raw, const char *start, const char *what);

/* How many messages with this start came in. */
size_t raw_count(const struct raw *raw, const char *start);

#endif
