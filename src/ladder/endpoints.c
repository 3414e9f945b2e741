/* SPDX-License-Identifier: MIT */
/*
 * Naming addresses. What speaks for a user at an address, the strongest first: it registers that
 * user (RFC 3261 10.2); it begins dialogs as that user, or is notified as that user; requests are
 * sent to that user there. A server is known by what only servers do: it is registered with,
 * subscribed to, challenges, and several others talk to it.
 */
#include "ladder/endpoints.h"

#include "base/err.h"
#include "base/mem.h"

#define ADDR_KEY_BYTES 19

/* From strong to weak; only the strongest that is there counts. */
enum evidence { EVIDENCE_REGISTERS, EVIDENCE_ACTS_AS, EVIDENCE_IS_REACHED_AS, EVIDENCE_COUNT };

struct claim {
	char user[SIP_USER_MAX_BYTES];
	size_t n;
	bool is_ambiguous; /* more than one user was seen */
};

struct endpoint {
	struct map_node by_addr;
	struct map_node by_name;
	char key[ADDR_KEY_BYTES];
	struct addr addr;
	struct addr first_peer;
	uint8_t transport;
	bool has_role;	  /* does what only servers do */
	bool is_hub;	  /* has more than one peer */
	bool is_lampyrid; /* says so */
	bool is_name_taken;
	struct claim claims[EVIDENCE_COUNT];
	char name[ENDPOINT_NAME_MAX_BYTES];
	size_t name_n;
};

static struct slice addr_key(const struct addr *addr, char key[ADDR_KEY_BYTES])
{
	memcpy(key, addr->ip, sizeof(addr->ip));
	key[16] = (char)(addr->port >> 8);
	key[17] = (char)(addr->port & 0xff);
	key[18] = (char)addr->family;
	return slice_of(key, ADDR_KEY_BYTES);
}

void endpoints_init(struct endpoints *endpoints, const uint64_t secret[2])
{
	map_init(&endpoints->by_addr, secret);
	map_init(&endpoints->by_name, secret);
}

void endpoints_fini(struct endpoints *endpoints)
{
	struct map_node *node;

	while ((node = map_first(&endpoints->by_name)))
		map_remove(&endpoints->by_name, node);
	map_fini(&endpoints->by_name);
	while ((node = map_first(&endpoints->by_addr))) {
		map_remove(&endpoints->by_addr, node);
		mem_free(CONTAINER_OF(node, struct endpoint, by_addr));
	}
	map_fini(&endpoints->by_addr);
}

static struct endpoint *find_endpoint(const struct endpoints *endpoints, const struct addr *addr)
{
	char key[ADDR_KEY_BYTES];
	struct map_node *node = map_find(&endpoints->by_addr, addr_key(addr, key));

	return node ? CONTAINER_OF(node, struct endpoint, by_addr) : NULL;
}

static int need_endpoint(struct endpoints *endpoints, const struct addr *addr, uint8_t transport,
			 struct endpoint **ret_endpoint)
{
	struct endpoint *endpoint = find_endpoint(endpoints, addr);

	if (!endpoint) {
		if (endpoints->by_addr.count >= ENDPOINTS_MAX)
			return ERR_LIMIT;
		endpoint = mem_alloc(sizeof(*endpoint));
		if (!endpoint)
			return ERR_NOMEM;
		endpoint->addr = *addr;
		endpoint->transport = transport;
		if (map_insert(&endpoints->by_addr, &endpoint->by_addr,
			       addr_key(addr, endpoint->key))) {
			mem_free(endpoint);
			return ERR_NOMEM;
		}
	}
	*ret_endpoint = endpoint;
	return 0;
}

static void see_peer(struct endpoint *endpoint, const struct addr *peer)
{
	if (endpoint->first_peer.family == ADDR_NONE && endpoint->first_peer.port == 0)
		endpoint->first_peer = *peer;
	else if (!addr_eq(&endpoint->first_peer, peer))
		endpoint->is_hub = true;
}

static void claim_user(struct endpoint *endpoint, enum evidence evidence, const struct sip_uri *uri)
{
	struct claim *claim = &endpoint->claims[evidence];
	struct slice user = uri->user;

	if (slice_is_empty(user) || user.n > sizeof(claim->user))
		return;
	if (claim->n > 0) {
		claim->is_ambiguous |= !slice_eq(slice_of(claim->user, claim->n), user);
		return;
	}
	memcpy(claim->user, user.p, user.n);
	claim->n = user.n;
}

static bool is_lamp_event(const struct sip_msg *msg)
{
	struct slice event, params;

	sip_token_params(sip_msg_value(msg, HDR_EVENT), &event, &params);
	return slice_eq_nocase(event, SLICE("dialog"));
}

static bool says_lampyrid(const struct sip_msg *msg)
{
	enum sip_header_id id = msg->is_request ? HDR_USER_AGENT : HDR_SERVER;
	struct slice product = sip_msg_value(msg, id);

	if (slice_is_empty(product))
		product = sip_msg_value(msg, HDR_USER_AGENT);
	return slice_eq_nocase(slice_head(product, 8), SLICE("lampyrid"));
}

static void see_request(struct endpoint *from, struct endpoint *to, const struct sip_msg *msg)
{
	bool is_in_dialog = !slice_is_empty(msg->to_tag);

	if (msg->method == METHOD_REGISTER) {
		claim_user(from, EVIDENCE_REGISTERS, &msg->to.uri);
		to->has_role = true;
		return;
	}
	claim_user(to, EVIDENCE_IS_REACHED_AS, &msg->uri);
	if (msg->method == METHOD_NOTIFY) {
		claim_user(to, EVIDENCE_ACTS_AS, &msg->to.uri);
		from->has_role |= is_lamp_event(msg);
	} else if (!is_in_dialog) {
		claim_user(from, EVIDENCE_ACTS_AS, &msg->from.uri);
	}
	if (msg->method == METHOD_SUBSCRIBE)
		to->has_role = true;
}

int endpoints_see(struct endpoints *endpoints, const struct sip_msg *msg, const struct addr *from,
		  const struct addr *to, uint8_t transport)
{
	struct endpoint *sender, *receiver;
	int err = need_endpoint(endpoints, from, transport, &sender);

	if (!err)
		err = need_endpoint(endpoints, to, transport, &receiver);
	if (err)
		return err;
	see_peer(sender, to);
	see_peer(receiver, from);
	sender->is_lampyrid |= says_lampyrid(msg);
	if (msg->is_request)
		see_request(sender, receiver, msg);
	else if (msg->status == 401 || msg->status == 407)
		sender->has_role = true;
	return 0;
}

/* The one user at this address, or SLICE_NONE. */
static struct slice user_of(const struct endpoint *endpoint)
{
	bool is_phone = endpoint->claims[EVIDENCE_REGISTERS].n > 0;

	if (!is_phone && (endpoint->has_role || endpoint->is_hub))
		return SLICE_NONE;
	for (int i = 0; i < EVIDENCE_COUNT; i++) {
		const struct claim *claim = &endpoint->claims[i];

		if (claim->n > 0)
			return claim->is_ambiguous ? SLICE_NONE : slice_of(claim->user, claim->n);
	}
	return SLICE_NONE;
}

static void set_name(struct endpoint *endpoint, struct buf *name)
{
	endpoint->name_n = name->n;
	memcpy(endpoint->name, name->p, name->n);
}

static void print_address(struct buf *buf, const struct addr *addr)
{
	if (addr->family == ADDR_NONE)
		buf_lit(buf, "local");
	else
		addr_print(buf, addr);
}

static void wish_name(struct endpoint *endpoint)
{
	char text[ENDPOINT_NAME_MAX_BYTES];
	struct buf name = BUF_ON(text);
	struct slice user = user_of(endpoint);

	if (endpoint->is_lampyrid && slice_is_empty(user))
		buf_lit(&name, "lampyrid");
	else if (uri_unescape(&name, user) || name.n == 0)
		name.n = 0;
	set_name(endpoint, &name);
}

/* Connections of one phone come and go: they may share its name, two sockets may not. */
static bool may_share(const struct endpoint *a, const struct endpoint *b)
{
	return addr_eq_ip(&a->addr, &b->addr) && transport_is_reliable(a->transport) &&
	       transport_is_reliable(b->transport);
}

static int claim_name(struct endpoints *endpoints, struct endpoint *endpoint)
{
	struct slice name = slice_of(endpoint->name, endpoint->name_n);
	struct map_node *node = map_find(&endpoints->by_name, name);
	struct endpoint *holder = node ? CONTAINER_OF(node, struct endpoint, by_name) : NULL;

	if (slice_is_empty(name))
		return 0;
	if (!holder)
		return map_insert(&endpoints->by_name, &endpoint->by_name, name);
	holder->is_name_taken |= !may_share(holder, endpoint);
	return 0;
}

/* Two that wish the same name both lose it; the holder of the name speaks for all of them. */
static bool is_name_lost(const struct endpoints *endpoints, const struct endpoint *endpoint)
{
	struct map_node *node =
		map_find(&endpoints->by_name, slice_of(endpoint->name, endpoint->name_n));

	return !node || CONTAINER_OF(node, struct endpoint, by_name)->is_name_taken;
}

int endpoints_name(struct endpoints *endpoints)
{
	struct map_node *node;

	for (node = map_first(&endpoints->by_addr); node;
	     node = map_next(&endpoints->by_addr, node)) {
		struct endpoint *endpoint = CONTAINER_OF(node, struct endpoint, by_addr);

		wish_name(endpoint);
		if (claim_name(endpoints, endpoint))
			return ERR_NOMEM;
	}
	return 0;
}

void endpoints_print(const struct endpoints *endpoints, const struct addr *addr, struct buf *buf)
{
	const struct endpoint *endpoint = find_endpoint(endpoints, addr);

	if (endpoint && endpoint->name_n > 0 && !is_name_lost(endpoints, endpoint))
		buf_slice(buf, slice_of(endpoint->name, endpoint->name_n));
	else
		print_address(buf, addr);
}
