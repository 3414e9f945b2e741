/* SPDX-License-Identifier: MIT */
/*
 * A provider of trunk flows: the raw peer "acme" at 192.0.2.3, behind the switch and alice's phone.
 */
#ifndef LAMPYRID_TESTS_ACME_H
#define LAMPYRID_TESTS_ACME_H

#include "texts.h"
#include "world.h"

#include "pbx/trunk.h"

#define ACME_URI "sip:192.0.2.3"
#define CHALLENGE(name, realm)                                                                     \
	name "-Authenticate: Digest realm=\"" realm "\", nonce=\"n1\", qop=\"auth\"\r\n"
#define ANSWER TEXT_ANSWER("192.0.2.3", "8")
#define CONTACT_LINE "Contact: <sip:acme@192.0.2.3:5060>\r\n"

struct trunk *acme(struct world *w);
bool acme_is_registered(struct world *w);

/*
 * Alice, and the trunk "acme" with the rest and the numbers (see office_add_trunk()); "0*" leads
 * there with the 0 stripped. Everybody has started.
 */
struct world *office_with_acme(struct raw **ret_raw, const struct trunk_config *rest,
			       const char *const *numbers);

#endif
