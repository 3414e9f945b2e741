/* SPDX-License-Identifier: MIT */
/*
 * Transfers as steps and expectations.
 */
#include "run.h"
#include "world.h"

#include "sip/sdp.h"

void transfer_number(struct world *w, const char *name, const char *number)
{
	struct world_phone *p = world_phone(w, name);

	world_step(w, p, phone_transfer(&p->phone, 0, slice_from_cstr(number)));
}

void transfer(struct world *w, const char *name, const char *to)
{
	transfer_number(w, name, world_phone(w, to)->number);
}

void transfer_attended(struct world *w, const char *name)
{
	struct world_phone *p = world_phone(w, name);

	world_step(w, p, phone_transfer_attended(&p->phone, 0, 0));
}

void expect_transfer(struct world *w, const char *name, enum phone_result result, unsigned status)
{
	const struct world_phone *p = world_phone(w, name);

	if (w->is_faulty)
		return;
	if (p->last_result != result || (status > 0 && p->last_transfer_status != status))
		run_fail(w, "%s's transfer is at %d, %u", name, (int)p->last_result,
			 p->last_transfer_status);
}

static bool shows(const struct phone_call *call, struct slice number)
{
	struct sip_uri uri;

	return call->state == PHONE_CALL_TALKING && sip_uri_parse(call->remote, &uri) == 0 &&
	       slice_eq(uri.user, number);
}

void expect_peer(struct world *w, const char *name, const char *other)
{
	const struct world_phone *p = world_phone(w, name);
	struct slice number = slice_from_cstr(world_phone(w, other)->number);

	for (size_t i = 0; i < PHONE_CALLS_MAX; i++)
		if (shows(&p->phone.calls[i], number))
			return;
	if (!w->is_faulty)
		run_fail(w, "%s does not talk with %s", name, other);
}

void expect_talking(struct world *w, const char *name, const char *other)
{
	expect_peer(w, name, other);
	expect_peer(w, other, name);
}

/* What this phone was told last is where the other one listens, and that both talk. */
static bool hears(struct world *w, const char *name, const char *other)
{
	const struct wire_node *node = world_phone(w, name)->node;
	char text[ADDR_TEXT_MAX + 8];
	struct buf connection = BUF_ON(text);
	struct sdp sdp;

	buf_lit(&connection, "IN IP4 ");
	addr_print_ip(&connection, &world_phone(w, other)->node->addr);
	return sdp_parse(slice_of(node->media, node->media_n), &sdp) == 0 && sdp_is_talking(&sdp) &&
	       slice_eq(sdp.media[0].connection, buf_text(&connection));
}

void expect_media(struct world *w, const char *name, const char *other)
{
	if (!w->is_faulty && !(hears(w, name, other) && hears(w, other, name)))
		run_fail(w, "%s and %s do not hear each other", name, other);
}

static bool is_one_of(const char *who, const char *name, const char *other)
{
	return strcmp(who, name) == 0 || strcmp(who, other) == 0;
}

void expect_only(struct world *w, const char *name, const char *other)
{
	expect_talking(w, name, other);
	expect_media(w, name, other);
	for (size_t i = 0; i < w->phone_count; i++) {
		const struct world_phone *p = &w->phones[i];

		expect(w, phone_call_count(&p->phone) == is_one_of(p->name, name, other));
		for (size_t k = 0; k < p->key_count; k++)
			expect_lamp(w, p->name, p->watched[k],
				    is_one_of(p->watched[k], name, other) ? LAMP_TALKING
									  : LAMP_DARK);
	}
}
