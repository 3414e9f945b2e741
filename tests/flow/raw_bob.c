/* SPDX-License-Identifier: MIT */
/*
 * A transferor to the letter.
 */
#include "raw_bob.h"

#include <stdio.h>

void bob_registers(struct world *w, struct raw *bob)
{
	office_add(&w->office, "204", "bob");
	registers(w, bob, "204");
}

void bob_is_called(struct world *w, struct raw *bob)
{
	dial_number(w, "alice", "204");
	bob->cseq = 7;
}

void bob_answers(struct world *w, struct raw *bob)
{
	raw_reply(bob, "INVITE", 200, "bobtag", BOB_LINE, BOB_SDP);
	expect_calls(w, "alice", PHONE_CALL_TALKING, 1);
}

struct world *alice_calls_raw_bob(struct raw **ret_bob)
{
	struct world *w = world_new("alice", "carol", "dave");

	*ret_bob = world_raw(w, "bob");
	watch(w, "dave", "alice");
	watch(w, "dave", "carol");
	bob_registers(w, *ret_bob);
	bob_is_called(w, *ret_bob);
	return w;
}

struct world *alice_talks_to_raw_bob(struct raw **ret_bob)
{
	struct world *w = alice_calls_raw_bob(ret_bob);

	bob_answers(w, *ret_bob);
	return w;
}

unsigned bob_refers(struct raw *bob, const char *lines)
{
	char rest[2048];

	snprintf(rest, sizeof(rest), BOB_CONTACT "%s" TEXT_END, lines);
	return raw_speak(bob, "INVITE", "bobtag", "REFER", rest);
}

unsigned bob_refers_to(struct raw *bob, const char *uri)
{
	char lines[1024];

	snprintf(lines, sizeof(lines), "Refer-To: <%s>\n", uri);
	return bob_refers(bob, lines);
}

unsigned bob_says_bye(struct raw *bob)
{
	return raw_speak(bob, "INVITE", "bobtag", "BYE", TEXT_END);
}
