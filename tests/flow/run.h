/* SPDX-License-Identifier: MIT */
/*
 * Running a flow: which fault this run has, and what a failure does. Internal to the flow tests.
 */
#ifndef LAMPYRID_TESTS_RUN_H
#define LAMPYRID_TESTS_RUN_H

#include "wire.h"

struct world;

void run_begin(struct world *w);
bool run_is_faulty(void);
uint64_t run_seed(void);
enum wire_fault run_fault(uint64_t *ret_nth);

/* Allocations are refused only between these two. */
void run_start_faults(void);
void run_stop_faults(void);

/* Prints the sentence and the ladder and leaves the flow. */
_Noreturn void run_fail(struct world *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void world_free(struct world *w);

#endif
