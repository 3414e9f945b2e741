/* SPDX-License-Identifier: MIT */
/*
 * A transferor to the letter: bob is extension 204, a raw peer at 192.0.2.5 behind three phones. In
 * his call with alice (201) his To tag is "bobtag".
 */
#ifndef LAMPYRID_TESTS_RAW_BOB_H
#define LAMPYRID_TESTS_RAW_BOB_H

#include "texts.h"
#include "world.h"

#define BOB_CONTACT TEXT_CONTACT("204", "192.0.2.5")
#define BOB_LINE "Contact: <sip:204@192.0.2.5:5060>\r\n"
#define BOB_SDP TEXT_ANSWER("192.0.2.5", "8 0")

/* The office gets the extension, and bob registers. */
void bob_registers(struct world *w, struct raw *bob);

/* Alice calls bob, who has registered; he has not answered yet. */
void bob_is_called(struct world *w, struct raw *bob);

/* He answers, and they talk. */
void bob_answers(struct world *w, struct raw *bob);

/* The same in an office of alice, carol (202) and dave (203), who watches alice and carol. */
struct world *alice_calls_raw_bob(struct raw **ret_bob);
struct world *alice_talks_to_raw_bob(struct raw **ret_bob);

/* A REFER in that call with these header lines, or to this URI; the response's status. */
unsigned bob_refers(struct raw *bob, const char *lines);
unsigned bob_refers_to(struct raw *bob, const char *uri);

/* A BYE in that call; the response's status. */
unsigned bob_says_bye(struct raw *bob);

#endif
