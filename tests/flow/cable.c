/* SPDX-License-Identifier: MIT */
/*
 * Handing on: a request goes to the user of its Request-URI, a response to its topmost Via.
 */
#include "cable.h"

#include "base/check.h"

static struct wire_node *find_end(const struct cable *cable, const struct sip_msg *msg)
{
	struct addr addr;

	for (size_t i = 0; i < cable->end_count; i++) {
		if (msg->is_request &&
		    slice_eq(msg->uri.user, slice_from_cstr(cable->ends[i].user)))
			return cable->ends[i].node;
		if (!msg->is_request && addr_parse_ip(msg->via.host, &addr) == 0 &&
		    addr_eq_ip(&addr, &cable->ends[i].node->addr))
			return cable->ends[i].node;
	}
	return NULL;
}

static void on_message(void *owner, const struct flow *flow, struct slice bytes)
{
	_Alignas(max_align_t) static char block[65536];
	struct cable *cable = owner;
	struct wire_node *to;
	struct arena arena;
	struct sip_fault fault;
	struct sip_msg msg;

	(void)flow;
	arena_init(&arena, block, sizeof(block));
	CHECK(sip_msg_parse(bytes, &arena, &msg, &fault) == 0);
	to = find_end(cable, &msg);
	if (to)
		wires_send_raw(cable->node, to, bytes);
}

static void on_turn_end(void *owner)
{
	(void)owner;
}

void cable_init(struct cable *cable, struct wires *wires)
{
	*cable = (struct cable){ .node = wires_add(wires, "cable") };
	cable->node->owner = cable;
	cable->node->on_message = on_message;
	cable->node->on_turn_end = on_turn_end;
}

void cable_add(struct cable *cable, const char *user, struct wire_node *node)
{
	CHECK(cable->end_count < CABLE_ENDS_MAX);
	cable->ends[cable->end_count].user = user;
	cable->ends[cable->end_count++].node = node;
}
