/* SPDX-License-Identifier: MIT */
/*
 * Rates of NOTIFYs (RFC 6446 4 to 7). Numbers are exact: what was asked for comes back digit by
 * digit unless it had to be adjusted.
 */
#include "core/notify_rate.h"

#include "sip/msg.h"

#define WHOLE_DIGITS_MAX 2 /* RFC 6446 8.3 */
#define DECIMALS_MAX 10

/* Of the rolling average, in intervals of the rate (RFC 6446 7.3: several). */
#define PERIOD_INTERVALS 10
#define COUNT_MAX 1000

static const struct slice max_name = SLICE_INIT("max-rate");
static const struct slice min_name = SLICE_INIT("min-rate");
static const struct slice adaptive_name = SLICE_INIT("adaptive-min-rate");

bool notify_rate_is_name(struct slice name)
{
	return slice_eq_nocase(name, max_name) || slice_eq_nocase(name, min_name) ||
	       slice_eq_nocase(name, adaptive_name);
}

/* --- Reading and printing ----------------------------------------------------------------- */

/* Cuts digits into a number with `digits` digits: "5" with 10 is 5000000000. False: not 1 to max.
 */
static bool cut_digits(struct slice *rest, size_t digits_max, uint64_t *ret_value)
{
	size_t n = 0;
	uint64_t value = 0;

	while (n < rest->n && char_is_digit(rest->p[n])) {
		value = value * 10 + (uint64_t)(rest->p[n] - '0');
		if (++n > digits_max)
			return false;
	}
	*rest = slice_from(*rest, n);
	*ret_value = value;
	return n > 0;
}

/* 0 for what is no rate above nothing. */
static uint64_t rate_parse(struct slice text)
{
	struct slice rest = text;
	uint64_t whole, decimals = 0;

	if (!cut_digits(&rest, WHOLE_DIGITS_MAX, &whole))
		return 0;
	if (rest.n > 0 && rest.p[0] == '.') {
		size_t n = rest.n - 1;

		rest = slice_from(rest, 1);
		if (!cut_digits(&rest, DECIMALS_MAX, &decimals))
			return 0;
		for (; n < DECIMALS_MAX; n++)
			decimals *= 10;
	}
	return rest.n == 0 ? whole * NOTIFY_RATE_ONE + decimals : 0;
}

static uint64_t rate_read(struct slice params, struct slice name)
{
	struct slice value;

	return sip_param(params, name, &value) ? rate_parse(value) : 0;
}

static void rate_print(struct buf *buf, struct slice name, uint64_t rate)
{
	uint64_t decimals = rate % NOTIFY_RATE_ONE;

	if (rate == 0)
		return;
	buf_char(buf, ';');
	buf_slice(buf, name);
	buf_char(buf, '=');
	buf_u64(buf, rate / NOTIFY_RATE_ONE);
	if (decimals > 0)
		buf_char(buf, '.');
	for (uint64_t unit = NOTIFY_RATE_ONE / 10; decimals > 0; unit /= 10) {
		buf_char(buf, (char)('0' + decimals / unit));
		decimals %= unit;
	}
}

/* --- Rates and times ---------------------------------------------------------------------- */

static uint64_t interval_ms(uint64_t rate)
{
	return (1000 * NOTIFY_RATE_ONE + rate - 1) / rate;
}

static uint64_t rate_of(uint64_t interval)
{
	return 1000 * NOTIFY_RATE_ONE / interval;
}

static uint64_t at_most(uint64_t rate, uint64_t limit)
{
	return rate < limit ? rate : limit;
}

bool notify_rates_read(struct notify_rates *rates, struct slice event_params)
{
	uint64_t idle_max;

	rates->max = rate_read(event_params, max_name);
	/* What is not new comes less often than what is. */
	idle_max = rate_of(notify_rates_gap_ms(rates, NOTIFY_IDLE_MIN_MS));
	rates->min = at_most(rate_read(event_params, min_name), idle_max);
	rates->adaptive = at_most(rate_read(event_params, adaptive_name), idle_max);
	return rates->max > 0 || rates->min > 0 || rates->adaptive > 0;
}

void notify_rates_print(const struct notify_rates *rates, uint32_t gap_ms, struct buf *buf)
{
	rate_print(buf, max_name, gap_ms > 0 ? at_most(rates->max, rate_of(gap_ms)) : rates->max);
	rate_print(buf, min_name, rates->min);
	rate_print(buf, adaptive_name, rates->adaptive);
}

uint64_t notify_rates_gap_ms(const struct notify_rates *rates, uint32_t gap_ms)
{
	uint64_t asked_ms = rates && rates->max > 0 ? interval_ms(rates->max) : 0;

	return asked_ms > gap_ms ? asked_ms : gap_ms;
}

static uint64_t period_ms(const struct notify_rates *rates)
{
	return PERIOD_INTERVALS * interval_ms(rates->adaptive);
}

void notify_rates_count(struct notify_rates *rates, uint64_t now_ms)
{
	uint64_t whole_ms;

	if (!rates || rates->adaptive == 0)
		return;
	whole_ms = period_ms(rates);
	if (now_ms - rates->period_at_ms >= whole_ms) {
		bool is_next = now_ms - rates->period_at_ms < 2 * whole_ms;

		rates->sent_before = is_next ? rates->sent : 0;
		rates->sent = 0;
		rates->period_at_ms = is_next ? rates->period_at_ms + whole_ms : now_ms;
	}
	if (rates->sent < COUNT_MAX)
		rates->sent++;
}

/*
 * timeout = count / (rate^2 * period) (RFC 6446 7.3), where the count of the last period is this
 * one's and as much of the one before as still lies within.
 */
static uint64_t adaptive_ms(const struct notify_rates *rates, uint64_t now_ms)
{
	uint64_t whole_ms = period_ms(rates), age_ms = now_ms - rates->period_at_ms;
	uint64_t count = rates->sent;

	if (age_ms < whole_ms)
		count += (rates->sent_before * (whole_ms - age_ms)) / whole_ms;
	return count * interval_ms(rates->adaptive) / PERIOD_INTERVALS;
}

uint64_t notify_rates_idle_ms(const struct notify_rates *rates, uint64_t now_ms)
{
	uint64_t idle_ms = UINT64_MAX;
	uint64_t gap_ms = notify_rates_gap_ms(rates, NOTIFY_IDLE_MIN_MS);

	if (!rates)
		return idle_ms;
	if (rates->min > 0)
		idle_ms = interval_ms(rates->min);
	if (rates->adaptive > 0 && adaptive_ms(rates, now_ms) < idle_ms)
		idle_ms = adaptive_ms(rates, now_ms);
	return idle_ms > gap_ms ? idle_ms : gap_ms;
}
