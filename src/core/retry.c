/* SPDX-License-Identifier: MIT */
/*
 * Waits before trying again and before refreshing.
 */
#include "core/retry.h"

#define RETRY_FIRST_MS 4000
#define RETRY_DOUBLINGS_MAX 10
#define SPREAD_FROM_S 600 /* who asks for less has a reason, and may not look at what it gets */

/* 0 to `bound`. The bias of the remainder does not matter here. */
static uint64_t random_to(struct stack *stack, uint64_t bound)
{
	uint64_t bits;

	stack->env->random(stack->env->host, &bits, sizeof(bits));
	return bits % (bound + 1);
}

uint64_t retry_wait_ms(struct stack *stack, unsigned failures)
{
	unsigned doublings = failures < 1 ? 0 : failures - 1;
	uint64_t bound_ms;

	if (doublings > RETRY_DOUBLINGS_MAX)
		doublings = RETRY_DOUBLINGS_MAX;
	bound_ms = (uint64_t)RETRY_FIRST_MS << doublings;
	if (bound_ms > RETRY_MAX_MS)
		bound_ms = RETRY_MAX_MS;
	return bound_ms / 2 + random_to(stack, bound_ms / 2);
}

uint64_t refresh_wait_ms(struct stack *stack, uint32_t expires_s)
{
	uint64_t whole_ms = (uint64_t)expires_s * 1000;
	uint64_t wait_ms = whole_ms / 2 + random_to(stack, whole_ms / 4);

	return wait_ms > REFRESH_MIN_MS ? wait_ms : REFRESH_MIN_MS;
}

uint32_t grant_spread_s(struct stack *stack, uint32_t expires_s)
{
	if (expires_s <= SPREAD_FROM_S)
		return expires_s;
	return expires_s - (uint32_t)random_to(stack, expires_s / 10);
}

uint64_t retry_after_ms(struct slice value)
{
	uint32_t seconds;
	size_t digits = 0;

	value = slice_trim(value);
	while (digits < value.n && char_is_digit(value.p[digits]))
		digits++;
	if (digits == 0)
		return 0;
	if (slice_to_u32(slice_head(value, digits), RETRY_AFTER_MAX_MS / 1000, &seconds))
		return RETRY_AFTER_MAX_MS;
	return (uint64_t)seconds * 1000;
}
