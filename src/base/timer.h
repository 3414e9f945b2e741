/* SPDX-License-Identifier: MIT */
/*
 * Timers on a clock that somebody else reads. A timer lives inside its object and needs no memory
 * of its own, so starting one cannot fail. The host asks when the next one is due and calls
 * timers_run() then. Times are milliseconds of the monotonic clock in struct env.
 */
#ifndef LAMPYRID_BASE_TIMER_H
#define LAMPYRID_BASE_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer;

/* The timer is idle again when its handler runs; it may be started anew or its object ended. */
typedef void timer_handler(struct timer *timer);

struct timer {
	struct timer *child;   /* first of its children in the heap */
	struct timer *sibling; /* next in the parent's list */
	struct timer *prev;    /* previous sibling, or the parent of a first child */
	uint64_t at_ms;
	uint64_t order : 63; /* of starting: among equal times the first started runs first */
	bool is_running : 1;
	timer_handler *handler;
};

struct timers {
	struct timer *root;
	uint64_t now_ms; /* the host's clock, set by timers_run() and by timers_set_now() */
	uint64_t started : 63;
	size_t count;
};

#define TIMER_NEVER UINT64_MAX

void timers_init(struct timers *timers, uint64_t now_ms);

/* The clock never goes back: an earlier time is ignored. */
void timers_set_now(struct timers *timers, uint64_t now_ms);

/* Runs all that is due at now_ms, in order of time. */
void timers_run(struct timers *timers, uint64_t now_ms);

/* When the next one is due, or TIMER_NEVER. */
uint64_t timers_next_ms(const struct timers *timers);

/* A zeroed timer is idle. Starting a running timer moves it. */
void timer_start(struct timers *timers, struct timer *timer, uint64_t after_ms,
		 timer_handler *handler);

/* Stopping an idle timer does nothing. */
void timer_stop(struct timers *timers, struct timer *timer);

#endif
