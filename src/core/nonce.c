/* SPDX-License-Identifier: MIT */
/*
 * Nonces are hex of [issue time, 8 bytes][salt, 8][SipHash-2-4 of both, 8]. SipHash was made to be
 * a MAC of short texts (128-bit key, 64-bit tag): to guess a tag takes 2^63 requests on average,
 * and who has one still lacks the password. The table of used ones is keyed by all 24 bytes, so a
 * nonce that is found there needs no MAC of its own. They queue in the order of their first use:
 * who stands first goes when its life is over, so that each is gone when that time has passed since
 * its first use, or when the table is full; then `floor_ms` makes sure that it cannot be replayed.
 */
#include "core/nonce.h"

#include "base/mem.h"

#define MAC_AT 16
#define WINDOW_COUNTS 64

/* A nonce that was used, with the counts it was used with. */
struct nonce_record {
	struct map_node node;	   /* key: `bytes` */
	struct nonce_record *next; /* the next one to be forgotten */
	uint64_t window;	   /* bit i: count `highest - i` was used */
	uint32_t highest;
	char bytes[NONCE_BYTES];
};

static int hex_digit(char c)
{
	if (char_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Only the text as it was printed, lower case: one nonce has one text. */
static bool nonce_decode(struct slice text, char ret_bytes[NONCE_BYTES])
{
	if (text.n != NONCE_MAX_BYTES)
		return false;
	for (size_t i = 0; i < NONCE_BYTES; i++) {
		int high = hex_digit(text.p[2 * i]);
		int low = hex_digit(text.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret_bytes[i] = (char)(high << 4 | low);
	}
	return true;
}

static uint64_t read_u64(const char bytes[8])
{
	uint64_t value = 0;

	for (size_t i = 0; i < 8; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return value;
}

static void write_u64(uint64_t value, char ret_bytes[8])
{
	for (size_t i = 0; i < 8; i++)
		ret_bytes[i] = (char)(unsigned char)(value >> (56 - 8 * i));
}

static uint64_t issued_ms(const char bytes[NONCE_BYTES])
{
	return read_u64(bytes);
}

/* What a nonce made now says: later than the floor, or it would be stale from the start. */
static uint64_t next_issue_ms(const struct nonces *nonces, uint64_t now_ms)
{
	return now_ms > nonces->floor_ms ? now_ms : nonces->floor_ms + 1;
}

static uint64_t nonce_mac(const struct nonces *nonces, const char bytes[MAC_AT])
{
	return hash_bytes(nonces->mac_secret, slice_of(bytes, MAC_AT));
}

/* Two numbers are compared in constant time. */
static bool nonce_is_ours(const struct nonces *nonces, const char bytes[NONCE_BYTES])
{
	return nonce_mac(nonces, bytes) == read_u64(bytes + MAC_AT);
}

static bool nonce_is_fresh(const struct nonces *nonces, const char bytes[NONCE_BYTES],
			   uint64_t now_ms)
{
	uint64_t ms = issued_ms(bytes);

	if (ms <= nonces->floor_ms || ms > next_issue_ms(nonces, now_ms))
		return false;
	return ms > now_ms || now_ms - ms < NONCE_LIFE_MS;
}

static struct nonce_record *record_find(const struct nonces *nonces, const char bytes[NONCE_BYTES])
{
	struct map_node *node = map_find(&nonces->used, slice_of(bytes, NONCE_BYTES));

	return node ? CONTAINER_OF(node, struct nonce_record, node) : NULL;
}

static void forget_first(struct nonces *nonces)
{
	struct nonce_record *first = nonces->first;

	nonces->first = first->next;
	if (!nonces->first)
		nonces->last = NULL;
	map_remove(&nonces->used, &first->node);
	mem_free(first);
}

static void forget_aged(struct nonces *nonces, uint64_t now_ms)
{
	while (nonces->first && issued_ms(nonces->first->bytes) + NONCE_LIFE_MS <= now_ms)
		forget_first(nonces);
}

/*
 * Forgets the first when the table is full, and with it everything issued up to then, used or not.
 * False when a nonce issued at `ms` is among those.
 */
static bool make_room(struct nonces *nonces, uint64_t ms)
{
	uint64_t first_ms;

	if (nonces->used.count < nonces->used_max)
		return true;
	first_ms = issued_ms(nonces->first->bytes);
	if (ms < first_ms)
		return false;
	if (first_ms > nonces->floor_ms)
		nonces->floor_ms = first_ms;
	forget_first(nonces);
	return ms > nonces->floor_ms;
}

/* NULL when memory was refused. The nonce must be ours and fresh. */
static struct nonce_record *record_new(struct nonces *nonces, const char bytes[NONCE_BYTES])
{
	struct nonce_record *record = mem_alloc(sizeof(*record));

	if (!record)
		return NULL;
	memcpy(record->bytes, bytes, NONCE_BYTES);
	if (map_insert(&nonces->used, &record->node, slice_of(record->bytes, NONCE_BYTES))) {
		mem_free(record);
		return NULL;
	}
	if (nonces->last)
		nonces->last->next = record;
	else
		nonces->first = record;
	nonces->last = record;
	return record;
}

/* A sliding window over the counts, as RFC 4303 3.4.3 slides one over sequence numbers. */
static bool record_has_count(const struct nonce_record *record, uint32_t nc)
{
	if (nc > record->highest)
		return false;
	if (record->highest - nc >= WINDOW_COUNTS)
		return true;
	return record->window >> (record->highest - nc) & 1;
}

/* The count must not have been used. */
static void record_add_count(struct nonce_record *record, uint32_t nc)
{
	if (nc > record->highest) {
		uint32_t by = nc - record->highest;

		record->window = by < WINDOW_COUNTS ? record->window << by : 0;
		record->highest = nc;
	}
	record->window |= (uint64_t)1 << (record->highest - nc);
}

static enum nonce_verdict judge(const struct nonces *nonces, const char bytes[NONCE_BYTES],
				const struct nonce_record *record, uint32_t nc, uint64_t now_ms)
{
	if (!record && !nonce_is_ours(nonces, bytes))
		return NONCE_FOREIGN;
	if (!nonce_is_fresh(nonces, bytes, now_ms) || (record && record_has_count(record, nc)))
		return NONCE_STALE;
	return NONCE_GOOD;
}

void nonces_init(struct nonces *nonces, const uint8_t secret[NONCE_SECRET_BYTES])
{
	uint64_t map_secret[2];

	*nonces = (struct nonces){ .used_max = NONCE_TABLE_MAX };
	memcpy(nonces->mac_secret, secret, sizeof(nonces->mac_secret));
	memcpy(map_secret, secret + sizeof(nonces->mac_secret), sizeof(map_secret));
	map_init(&nonces->used, map_secret);
}

void nonces_fini(struct nonces *nonces)
{
	while (nonces->first)
		forget_first(nonces);
	map_fini(&nonces->used);
}

void nonce_make(struct nonces *nonces, uint64_t now_ms, const uint8_t salt[NONCE_SALT_BYTES],
		struct buf *buf)
{
	char bytes[NONCE_BYTES];

	forget_aged(nonces, now_ms);
	write_u64(next_issue_ms(nonces, now_ms), bytes);
	memcpy(bytes + 8, salt, NONCE_SALT_BYTES);
	write_u64(nonce_mac(nonces, bytes), bytes + MAC_AT);
	buf_hex(buf, bytes, sizeof(bytes));
}

enum nonce_verdict nonce_peek(const struct nonces *nonces, struct slice nonce, uint32_t nc,
			      uint64_t now_ms)
{
	char bytes[NONCE_BYTES];

	if (!nonce_decode(nonce, bytes))
		return NONCE_FOREIGN;
	return judge(nonces, bytes, record_find(nonces, bytes), nc, now_ms);
}

enum nonce_verdict nonce_use(struct nonces *nonces, struct slice nonce, uint32_t nc,
			     uint64_t now_ms)
{
	char bytes[NONCE_BYTES];
	enum nonce_verdict verdict;
	struct nonce_record *record;

	forget_aged(nonces, now_ms);
	if (!nonce_decode(nonce, bytes))
		return NONCE_FOREIGN;
	record = record_find(nonces, bytes);
	verdict = judge(nonces, bytes, record, nc, now_ms);
	if (verdict != NONCE_GOOD)
		return verdict;
	if (!record && make_room(nonces, issued_ms(bytes)))
		record = record_new(nonces, bytes);
	/* What cannot be remembered could be replayed. */
	if (!record)
		return NONCE_STALE;
	record_add_count(record, nc);
	return NONCE_GOOD;
}
