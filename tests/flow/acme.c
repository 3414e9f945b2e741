/* SPDX-License-Identifier: MIT */
/*
 * The provider of trunk flows.
 */
#include "acme.h"

struct trunk *acme(struct world *w)
{
	struct trunk *trunk = trunk_find(&w->office.pbx, SLICE("acme"));

	CHECK(trunk);
	return trunk;
}

bool acme_is_registered(struct world *w)
{
	const struct trunk *trunk = acme(w);

	return trunk->registration && registration_is_up(trunk->registration);
}

struct world *office_with_acme(struct raw **ret_raw, const struct trunk_config *rest,
			       const char *const *numbers)
{
	struct world *w = world_new("alice");
	struct trunk_config config = rest ? *rest : (struct trunk_config){ 0 };

	*ret_raw = world_raw(w, "acme");
	config.name = SLICE("acme");
	config.uri = SLICE(ACME_URI);
	office_add_trunk(&w->office, &config, numbers);
	office_add_route(&w->office, "0*", &(struct route){ .strip = 1 }, "acme", NULL);
	world_start(w);
	return w;
}
