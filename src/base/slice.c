/* SPDX-License-Identifier: MIT */
/*
 * Slices: comparing, cutting and reading numbers without ever touching a byte past the end.
 */
#include "base/slice.h"

#include "base/err.h"
#include "base/mem.h"

bool slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (char_to_lower(a.p[i]) != char_to_lower(b.p[i]))
			return false;
	return true;
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
	return slice_eq(slice_head(s, prefix.n), prefix);
}

struct slice slice_from(struct slice s, size_t from)
{
	if (from >= s.n)
		return slice_of(s.p ? s.p + s.n : NULL, 0);
	return slice_of(s.p + from, s.n - from);
}

struct slice slice_head(struct slice s, size_t n)
{
	return slice_of(s.p, n < s.n ? n : s.n);
}

static bool char_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.n > 0 && char_is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && char_is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

size_t slice_find_char(struct slice s, char c)
{
	const char *hit = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	return hit ? (size_t)(hit - s.p) : s.n;
}

bool slice_cut(struct slice s, char c, struct slice *ret_head, struct slice *ret_tail)
{
	size_t at = slice_find_char(s, c);
	bool is_found = at < s.n;

	*ret_head = slice_head(s, at);
	*ret_tail = is_found ? slice_from(s, at + 1) : SLICE_NONE;
	return is_found;
}

int slice_to_u32(struct slice s, uint32_t max, uint32_t *ret_value)
{
	uint64_t value = 0;

	if (s.n == 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_digit(s.p[i]))
			return ERR_SYNTAX;
	for (size_t i = 0; i < s.n; i++) {
		value = value * 10 + (uint64_t)(s.p[i] - '0');
		if (value > max)
			return ERR_RANGE;
	}
	*ret_value = (uint32_t)value;
	return 0;
}

int slice_keep(struct slice s, struct slice *ret_copy)
{
	char *copy;

	if (s.n == 0) {
		*ret_copy = SLICE_NONE;
		return 0;
	}
	copy = mem_alloc(s.n);
	if (!copy)
		return ERR_NOMEM;
	memcpy(copy, s.p, s.n);
	*ret_copy = slice_of(copy, s.n);
	return 0;
}
