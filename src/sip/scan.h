/* SPDX-License-Identifier: MIT */
/*
 * Looking for bytes a block at a time: every byte of every head and of most that is printed is
 * looked at once. A block is 16 bytes with SSE2 (any x86-64), 8 bytes in a plain register
 * elsewhere. Nothing is read outside of [p, end).
 */
#ifndef LAMPYRID_SIP_SCAN_H
#define LAMPYRID_SIP_SCAN_H

#include "base/slice.h"

/* What no header line may hold: some reader takes it for an end. */
static inline bool scan_is_break(char c)
{
	return c == '\r' || c == '\n' || c == '\0';
}

/* Eight bytes as a number, the first byte lowest. */
static inline uint64_t scan_load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(word) : word;
}

#define SCAN_EACH_BYTE 0x0101010101010101u

/*
 * Marks the high bit of each byte below `limit` (1 to 128). Borrows go upwards: above a true mark
 * a false one may stand, below it none does.
 */
static inline uint64_t scan_word_below(uint64_t word, uint8_t limit)
{
	return (word - SCAN_EACH_BYTE * limit) & ~word & (SCAN_EACH_BYTE << 7);
}

static inline uint64_t scan_word_low(const char *p)
{
	return scan_word_below(scan_load(p), '\r' + 1);
}

static inline uint64_t scan_word_equal(const char *p, char c)
{
	return scan_word_below(scan_load(p) ^ SCAN_EACH_BYTE * (unsigned char)c, 1);
}

/*
 * scan_low() marks the bytes up to CR, scan_equal() those that are `c`; the lowest mark is true.
 */
#ifdef __SSE2__

#define SCAN_BLOCK_BYTES 16
#define SCAN_MARK_BITS 1

typedef unsigned char scan_block __attribute__((vector_size(SCAN_BLOCK_BYTES)));
typedef char scan_truths __attribute__((vector_size(SCAN_BLOCK_BYTES)));

static inline scan_block scan_load_block(const char *p)
{
	scan_block block;

	memcpy(&block, p, sizeof(block));
	return block;
}

static inline uint64_t scan_low(const char *p)
{
	scan_truths is_low = (scan_truths)(scan_load_block(p) <= (unsigned char)'\r');

	return (unsigned)__builtin_ia32_pmovmskb128(is_low);
}

static inline uint64_t scan_equal(const char *p, char c)
{
	scan_truths is_equal = (scan_truths)(scan_load_block(p) == (unsigned char)c);

	return (unsigned)__builtin_ia32_pmovmskb128(is_equal);
}

#else

#define SCAN_BLOCK_BYTES 8
#define SCAN_MARK_BITS 8

static inline uint64_t scan_low(const char *p)
{
	return scan_word_low(p);
}

static inline uint64_t scan_equal(const char *p, char c)
{
	return scan_word_equal(p, c);
}

#endif

/* Which byte the lowest mark stands for. */
static inline size_t scan_first(uint64_t marks)
{
	return (unsigned)__builtin_ctzll(marks) / SCAN_MARK_BITS;
}

/* A whole block may be read at all addresses below this one. */
static inline const char *scan_stop(const char *p, const char *end)
{
	return end - p >= SCAN_BLOCK_BYTES ? end - SCAN_BLOCK_BYTES + 1 : p;
}

/* The first NUL, CR or LF, or `end`. *ret_colon is a colon before it, the first, or NULL. */
static inline const char *scan_line(const char *p, const char *end, const char **ret_colon)
{
	const char *colon = NULL;

	*ret_colon = NULL;
	for (const char *stop = scan_stop(p, end); p < stop; p += SCAN_BLOCK_BYTES) {
		uint64_t colons = colon ? 0 : scan_equal(p, ':');

		if (colons)
			colon = p + scan_first(colons);
		for (uint64_t marks = scan_low(p); marks; marks &= marks - 1) {
			const char *at = p + scan_first(marks);

			if (!scan_is_break(*at))
				continue;
			*ret_colon = colon < at ? colon : NULL;
			return at;
		}
	}
	for (; p < end && !scan_is_break(*p); p++)
		if (!colon && *p == ':')
			colon = p;
	*ret_colon = colon;
	return p;
}

/* The first NUL, CR or LF, or `end`. */
static inline const char *scan_break(const char *p, const char *end)
{
	for (const char *stop = scan_stop(p, end); p < stop; p += SCAN_BLOCK_BYTES)
		for (uint64_t marks = scan_low(p); marks; marks &= marks - 1)
			if (scan_is_break(p[scan_first(marks)]))
				return p + scan_first(marks);
	while (p < end && !scan_is_break(*p))
		p++;
	return p;
}

/* The first `c`, or `end`: memchr() for what is mostly found within some bytes. */
static inline const char *scan_char(const char *p, const char *end, char c)
{
	for (const char *stop = scan_stop(p, end); p < stop; p += SCAN_BLOCK_BYTES) {
		uint64_t marks = scan_equal(p, c);

		if (marks)
			return p + scan_first(marks);
	}
	while (p < end && *p != c)
		p++;
	return p;
}

#endif
