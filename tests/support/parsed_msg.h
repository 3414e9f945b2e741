/* SPDX-License-Identifier: MIT */
/*
 * Parsing a message in a test: the lines that every request needs, a copy that ends at an
 * unreadable page, and a table of faults.
 */
#ifndef LAMPYRID_TESTS_PARSED_MSG_H
#define LAMPYRID_TESTS_PARSED_MSG_H

#include "support/guarded.h"
#include "support/msg_walk.h"
#include "support/wire_text.h"

#define assert_slice(actual, expected) assert_true(slice_eq((actual), SLICE(expected)))

#define OPTIONS "OPTIONS sip:202@pbx.example.com SIP/2.0\n"
#define VIA "Via: SIP/2.0/UDP 192.0.2.61:2054;branch=z9hG4bK-1;rport\n"
#define FROM "From: \"Carol\" <sip:203@pbx.example.com>;tag=c1\n"
#define TO "To: <sip:202@pbx.example.com>\n"
#define CALL_ID "Call-ID: 3c269bfdf1b3@desk\n"
#define CSEQ "CSeq: 7 OPTIONS\n"
#define HEAD OPTIONS VIA FROM TO CALL_ID CSEQ

#define TEN(s) s s s s s s s s s s
#define HUNDRED(s) TEN(TEN(s))

/* A message and all that parsing it needs. */
struct parsed {
	struct guarded guarded;
	struct arena arena;
	struct sip_msg msg;
	struct sip_fault fault;
	int err;
};

static inline void parse_bytes(struct parsed *parsed, struct slice bytes)
{
	static _Alignas(max_align_t) char block[8 * 1024];

	parsed->guarded = guarded_copy(bytes);
	arena_init(&parsed->arena, block, sizeof(block));
	parsed->err =
		sip_msg_parse(parsed->guarded.text, &parsed->arena, &parsed->msg, &parsed->fault);
	if (bytes.n <= SIP_MESSAGE_MAX_BYTES)
		walk_msg(&parsed->msg);
	if (!parsed->err)
		check_whole_msg(&parsed->msg);
}

static inline void parse_text(struct parsed *parsed, struct slice text)
{
	static char room[2 * SIP_MESSAGE_MAX_BYTES];
	struct buf buf = BUF_ON(room);

	parse_bytes(parsed, wire_text(&buf, text));
}

static inline void parsed_fini(struct parsed *parsed)
{
	guarded_free(&parsed->guarded);
}

struct fault_case {
	const char *name;
	struct slice text;
	int err;
	const char *reason; /* "": none */
	bool is_answerable;
};

static inline void run_faults(const struct fault_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct fault_case *c = &cases[i];
		struct parsed p;

		parse_text(&p, c->text);
		if (p.err != c->err || strcmp(p.fault.reason, c->reason) != 0 ||
		    p.fault.is_answerable != c->is_answerable)
			fail_msg("%s: %s (%s at %zu, answerable %d)", c->name, err_text(p.err),
				 p.fault.reason, p.fault.offset, p.fault.is_answerable);
		parsed_fini(&p);
	}
}

#endif
