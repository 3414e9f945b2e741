/* SPDX-License-Identifier: MIT */
/*
 * The domains that TLS peers are asked to prove, numbered from 1. They come from the configuration
 * only, so that a short list, which never shrinks, will do.
 */
#include "io/names.h"

#include "base/addr.h"
#include "base/err.h"
#include "base/mem.h"

#define DOMAIN_MAX_BYTES 253 /* RFC 1035 2.3.4, as text */

static bool is_domain(struct slice domain)
{
	for (size_t i = 0; i < domain.n; i++) {
		char c = char_to_lower(domain.p[i]);

		if (!char_is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '.' &&
		    c != '_')
			return false;
	}
	return domain.n > 0 && domain.n <= DOMAIN_MAX_BYTES;
}

int names_add(struct names *names, struct slice domain, uint16_t *ret_name)
{
	struct addr addr; /* of an IPv6 reference */
	int err;

	if (!is_domain(domain) && addr_parse_ip(domain, &addr))
		return ERR_SYNTAX;
	for (uint16_t i = 0; i < names->count; i++) {
		if (slice_eq_nocase(names->domains[i], domain)) {
			*ret_name = (uint16_t)(i + 1);
			return 0;
		}
	}
	if (names->count == NAMES_MAX)
		return ERR_LIMIT;
	err = slice_keep(domain, &names->domains[names->count]);
	if (err)
		return err;
	*ret_name = ++names->count;
	return 0;
}

struct slice names_get(const struct names *names, uint16_t name)
{
	return name == 0 || name > names->count ? SLICE_NONE : names->domains[name - 1];
}

void names_fini(struct names *names)
{
	while (names->count > 0)
		mem_free((char *)names->domains[--names->count].p);
}
