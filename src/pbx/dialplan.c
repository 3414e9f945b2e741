/* SPDX-License-Identifier: MIT */
/*
 * Trunks and routes own copies of all their texts: each is one block, the struct and behind it the
 * bytes that its slices point to.
 */
#include "pbx/dialplan.h"

#include "base/err.h"
#include "base/mem.h"
#include "pbx/directory.h"
#include "sip/limits.h"

/* --- Life --------------------------------------------------------------------------------- */

void dialplan_init(struct dialplan *dialplan)
{
	list_init(&dialplan->trunks);
	list_init(&dialplan->routes);
	dialplan->trunk_count = 0;
}

void dialplan_fini(struct dialplan *dialplan)
{
	LIST_FOR (route, &dialplan->routes, struct route, node) {
		list_remove(&route->node);
		mem_free(route);
	}
	LIST_FOR (trunk, &dialplan->trunks, struct trunk_config, node) {
		LIST_FOR (number, &trunk->numbers, struct trunk_number, node) {
			list_remove(&number->node);
			mem_free(number);
		}
		list_remove(&trunk->node);
		mem_free(trunk);
	}
}

/*
 * A copy of `size` bytes of `original` with room behind it, into which the texts at these offsets
 * are moved. NULL when memory is refused.
 */
static void *copy_with_texts(const void *original, size_t size, const size_t *offsets,
			     size_t offset_count)
{
	size_t n = size;
	char *copy, *room;

	for (size_t i = 0; i < offset_count; i++)
		n += ((const struct slice *)(const void *)((const char *)original + offsets[i]))->n;
	copy = mem_alloc(n);
	if (!copy)
		return NULL;
	memcpy(copy, original, size);
	room = copy + size;
	for (size_t i = 0; i < offset_count; i++) {
		struct slice *text = (struct slice *)(void *)(copy + offsets[i]);

		if (text->n > 0)
			memcpy(room, text->p, text->n);
		text->p = text->n > 0 ? room : NULL;
		room += text->n;
	}
	return copy;
}

int dialplan_add_trunk(struct dialplan *dialplan, const struct trunk_config *trunk,
		       struct trunk_config **ret_trunk)
{
	static const size_t texts[] = {
		offsetof(struct trunk_config, name),
		offsetof(struct trunk_config, uri),
		offsetof(struct trunk_config, username),
		offsetof(struct trunk_config, password),
		offsetof(struct trunk_config, realm),
		offsetof(struct trunk_config, from_domain),
		offsetof(struct trunk_config, from.text),
	};
	struct trunk_config *copy;

	if (dialplan_find_trunk(dialplan, trunk->name))
		return ERR_EXISTS;
	if (dialplan->trunk_count == TRUNKS_MAX)
		return ERR_LIMIT;
	copy = copy_with_texts(trunk, sizeof(*trunk), texts, ARRAY_LEN(texts));
	if (!copy)
		return ERR_NOMEM;
	if (sip_uri_parse(copy->uri, &copy->to)) {
		mem_free(copy);
		return ERR_SYNTAX;
	}
	list_init(&copy->numbers);
	list_append(&dialplan->trunks, &copy->node);
	dialplan->trunk_count++;
	*ret_trunk = copy;
	return 0;
}

int trunk_config_add_number(struct trunk_config *trunk, const struct number_match *match,
			    const struct number_match *to)
{
	static const size_t texts[] = { offsetof(struct trunk_number, match.text),
					offsetof(struct trunk_number, to.text) };
	struct trunk_number number = { .match = *match, .to = *to };
	struct trunk_number *copy =
		copy_with_texts(&number, sizeof(number), texts, ARRAY_LEN(texts));

	if (!copy)
		return ERR_NOMEM;
	list_append(&trunk->numbers, &copy->node);
	return 0;
}

static bool char_is_letter(char c)
{
	return char_to_lower(c) >= 'a' && char_to_lower(c) <= 'z';
}

static bool is_name(struct slice number)
{
	for (size_t i = 0; i < number.n; i++)
		if (char_is_letter(number.p[i]))
			return true;
	return false;
}

static bool slice_has(struct slice s, char c)
{
	return slice_find_char(s, c) < s.n;
}

/*
 * A telephone number without its visual separators, which mean nothing (RFC 3966 3): "0-900" must
 * not walk past a route that bars "0900*" and be 0900 for the provider. False for what is neither a
 * number nor a name; nobody outside is to read parameters or worse into it.
 */
static bool print_plain(struct buf *buf, struct slice number)
{
	bool is_named = is_name(number);

	for (size_t i = 0; i < number.n; i++) {
		char c = number.p[i];

		if (!is_named && slice_has(SLICE("-.() "), c))
			continue;
		if (!char_is_digit(c) && !char_is_letter(c) && !slice_has(SLICE("+*#-._"), c))
			return false;
		buf_char(buf, c);
	}
	return !buf->is_overflown;
}

int dialplan_add_route(struct dialplan *dialplan, const struct route *route)
{
	size_t texts[2 + 2 * ROUTE_ALLOWED_MAX];
	size_t n = 0;
	char text[SIP_USER_MAX_BYTES];
	struct buf plain = BUF_ON(text);
	struct route *copy;
	struct route original = *route;

	if (!print_plain(&plain, route->match.text))
		return ERR_SYNTAX;
	original.match.text = buf_text(&plain);

	texts[n++] = offsetof(struct route, match.text);
	texts[n++] = offsetof(struct route, prepend);
	for (size_t i = 0; i < route->extension_count; i++)
		texts[n++] = offsetof(struct route, extensions) + i * sizeof(struct slice);
	for (size_t i = 0; i < route->group_count; i++)
		texts[n++] = offsetof(struct route, groups) + i * sizeof(struct slice);
	copy = copy_with_texts(&original, sizeof(original), texts, n);
	if (!copy)
		return ERR_NOMEM;
	list_append(&dialplan->routes, &copy->node);
	return 0;
}

const struct trunk_config *dialplan_find_trunk(const struct dialplan *dialplan, struct slice name)
{
	LIST_FOR (trunk, &dialplan->trunks, struct trunk_config, node)
		if (slice_eq(trunk->name, name))
			return trunk;
	return NULL;
}

bool trunk_config_is_same_peer(const struct trunk_config *a, const struct trunk_config *b)
{
	return slice_eq(a->name, b->name) && slice_eq(a->uri, b->uri) &&
	       slice_eq(a->username, b->username) && slice_eq(a->password, b->password) &&
	       slice_eq(a->realm, b->realm) && slice_eq(a->from_domain, b->from_domain) &&
	       a->is_registering == b->is_registering;
}

/* --- Numbers ------------------------------------------------------------------------------ */

bool number_matches(const struct number_match *match, struct slice number)
{
	return match->is_prefix ? slice_starts_with(number, match->text)
				: slice_eq(number, match->text);
}

/* The longer one; of two equally long the exact one. */
static bool match_is_better(const struct number_match *a, const struct number_match *b)
{
	return a->text.n != b->text.n ? a->text.n > b->text.n : !a->is_prefix && b->is_prefix;
}

static bool match_is_equal(const struct number_match *a, const struct number_match *b)
{
	return a->text.n == b->text.n && a->is_prefix == b->is_prefix;
}

static bool extension_is_in(const struct extension *extension, struct slice group)
{
	for (size_t i = 0; i < extension->group_count; i++)
		if (slice_eq(extension->groups[i], group))
			return true;
	return false;
}

static bool route_is_allowed(const struct route *route, const struct extension *extension)
{
	if (route->extension_count == 0 && route->group_count == 0)
		return true;
	if (!extension)
		return false;
	for (size_t i = 0; i < route->extension_count; i++)
		if (slice_eq(route->extensions[i], extension->number))
			return true;
	for (size_t i = 0; i < route->group_count; i++)
		if (extension_is_in(extension, route->groups[i]))
			return true;
	return false;
}

const struct route *dialplan_find_route(const struct dialplan *dialplan, struct slice number,
					const struct extension *caller, bool *ret_is_denied)
{
	const struct route *best = NULL;
	char text[SIP_USER_MAX_BYTES];
	struct buf plain = BUF_ON(text);

	*ret_is_denied = false;
	if (!print_plain(&plain, number))
		return NULL;
	number = buf_text(&plain);
	LIST_FOR (route, &dialplan->routes, struct route, node)
		if (number_matches(&route->match, number) &&
		    (!best || match_is_better(&route->match, &best->match)))
			best = route;
	if (!best)
		return NULL;
	LIST_FOR (route, &dialplan->routes, struct route, node)
		if (number_matches(&route->match, number) &&
		    match_is_equal(&route->match, &best->match) && route_is_allowed(route, caller))
			return route;
	*ret_is_denied = true;
	return NULL;
}

void route_print_number(struct buf *buf, const struct route *route, struct slice number)
{
	char text[SIP_USER_MAX_BYTES];
	struct buf plain = BUF_ON(text);

	(void)print_plain(&plain, number); /* it has matched */
	buf_slice(buf, route->prepend);
	buf_slice(buf, slice_from(buf_text(&plain), route->strip));
}

bool trunk_config_print_inside(struct buf *buf, const struct trunk_config *trunk,
			       struct slice called)
{
	const struct trunk_number *best = NULL;

	LIST_FOR (number, &trunk->numbers, struct trunk_number, node)
		if (number_matches(&number->match, called) &&
		    (!best || match_is_better(&number->match, &best->match)))
			best = number;
	if (!best)
		return false;
	buf_slice(buf, best->to.text);
	if (best->to.is_prefix)
		buf_slice(buf, slice_from(called, best->match.text.n));
	return true;
}

/* --- Addresses ---------------------------------------------------------------------------- */

/* Addresses of different families are never the same (SECURITY A9). */
bool addr_range_has(const struct addr_range *range, const struct addr *addr)
{
	size_t whole = range->bits / 8;
	unsigned rest = range->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (range->bits == 0 || addr->family == ADDR_NONE || addr->family != range->addr.family ||
	    memcmp(addr->ip, range->addr.ip, whole) != 0)
		return false;
	return rest == 0 || ((addr->ip[whole] ^ range->addr.ip[whole]) & mask) == 0;
}
