/* SPDX-License-Identifier: MIT */
/*
 * load SERVER USERS: reads commands from standard input, a line each, and answers each with one
 * line of key=value when it is done.
 *
 *     register FIRST COUNT WINDOW      so many users from FIRST on, at most WINDOW at a time
 *     call FIRST COUNT WINDOW RATE     whole calls by the callers from FIRST on; RATE 0: no limit
 *     ring FIRST COUNT WINDOW          calls that are left ringing ...
 *     answer FIRST COUNT WINDOW        ... then talking ...
 *     hangup FIRST COUNT WINDOW        ... and ended
 *     quit
 *
 * Whoever fails is counted and told on standard error, the first few times. A command in which
 * nobody gets on for STALL_MS is over: who is still under way has failed.
 */
#include "load.h"

#include "base/check.h"
#include "base/mem.h"
#include "sip/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STALL_MS 10000
#define REPEAT_MS 500
#define USERS_MAX 100000
#define TOLD_MAX 5
#define ARENA_BYTES 16384

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- Phases ------------------------------------------------------------------------------- */

static void note_progress(struct load *load)
{
	load->phase.progress_ms = load->timers->now_ms;
	load->phase.repeat_ms = load->timers->now_ms + REPEAT_MS;
}

static void phase_print(struct load *load)
{
	struct phase *phase = &load->phase;

	printf("%s count=%" PRIu32 " failed=%" PRIu32 " challenged=%" PRIu32 " repeated=%" PRIu32
	       " seconds=%.3f cpu=%.3f rang_ns=%" PRIu64 "\n",
	       phase->name, phase->reached, phase->failed, phase->challenged, phase->repeated,
	       (double)(load->timers->now_ms - phase->start_ms) / 1e3,
	       (double)(cpu_ns() - phase->start_cpu_ns) / 1e9, phase->rang_ns);
	fflush(stdout);
	phase->name = NULL;
}

static uint32_t under_way(const struct phase *phase)
{
	return phase->started - phase->reached - phase->failed;
}

static bool is_next_due(const struct load *load)
{
	const struct phase *phase = &load->phase;

	if (!phase->name || phase->started == phase->wanted || under_way(phase) >= phase->window)
		return false;
	return phase->rate == 0 ||
	       phase->started <= (load->timers->now_ms - phase->start_ms) * phase->rate / 1000;
}

static void phase_go_on(struct load *load)
{
	struct phase *phase = &load->phase;

	while (is_next_due(load)) {
		uint32_t number = phase->first + phase->started++ % phase->users;

		if (phase->goal == USER_REGISTERING)
			user_register(load, number);
		else
			user_step(load, number);
	}
}

/* A tick finds who is due by rate, and who is stuck. The end is told here, outside of any step. */
static void on_tick(struct timer *timer)
{
	struct load *load = CONTAINER_OF(timer, struct load, tick);
	struct phase *phase = &load->phase;

	phase_go_on(load);
	if (load->timers->now_ms >= phase->repeat_ms) {
		phase->repeat_ms += REPEAT_MS;
		for (uint32_t i = 0; i < load->user_count; i++)
			user_repeat(load, i);
	}
	if (load->timers->now_ms - phase->progress_ms > STALL_MS) {
		fprintf(stderr, "load: %s: %" PRIu32 " got no answer\n", phase->name,
			phase->wanted - phase->reached - phase->failed);
		phase->failed = phase->wanted - phase->reached;
		phase->started = phase->wanted;
	}
	if (phase->reached + phase->failed == phase->wanted)
		phase_print(load);
	else
		timer_start(load->timers, &load->tick, 1, on_tick);
}

static void phase_start(struct load *load, const struct phase *phase)
{
	load->phase = *phase;
	load->phase.start_ms = load->timers->now_ms;
	load->phase.start_cpu_ns = cpu_ns();
	note_progress(load);
	timer_start(load->timers, &load->tick, 0, on_tick);
}

void phase_on_rest(struct load *load, uint32_t number)
{
	struct phase *phase = &load->phase;
	enum user_state state = load->users[number].state;

	/* A registration ends in idle. */
	if (state != phase->goal && phase->goal != USER_REGISTERING) {
		user_step(load, number);
		return;
	}
	phase->reached++;
	note_progress(load);
	phase_go_on(load);
}

void phase_on_failed(struct load *load, uint32_t number, const char *why, unsigned status)
{
	struct user *user = &load->users[number];

	if (load->phase.failed++ < TOLD_MAX)
		fprintf(stderr, "load: user %" PRIu32 ": %s (%u)\n", number, why, status);
	user->state = USER_IDLE;
	user->serial++;
	packet_unref(user->answer);
	user->answer = NULL;
	phase_go_on(load);
}

/* --- Commands ----------------------------------------------------------------------------- */

static const struct command {
	const char *name;
	enum user_state goal;
	bool is_by_callers;
} commands[] = {
	{ "register", USER_REGISTERING, false }, { "call", USER_IDLE, true },
	{ "ring", USER_RINGING, true },		 { "answer", USER_TALKING, true },
	{ "hangup", USER_IDLE, true },
};

static bool read_numbers(struct slice text, uint32_t numbers[4])
{
	struct slice word;

	for (size_t i = 0; i < 4 && text.n > 0; i++) {
		slice_cut(text, ' ', &word, &text);
		if (slice_to_u32(word, UINT32_MAX, &numbers[i]))
			return false;
	}
	return text.n == 0;
}

static bool command_start(struct load *load, const struct command *command, struct slice rest)
{
	uint32_t numbers[4] = { 0 };
	uint32_t users = command->is_by_callers ? load->user_count / 2 : load->user_count;
	struct phase phase = { .name = command->name, .goal = command->goal };

	if (!read_numbers(rest, numbers) || numbers[0] >= users || numbers[2] == 0)
		return false;
	phase.first = numbers[0];
	phase.users = users - numbers[0];
	phase.wanted = numbers[1];
	phase.window = numbers[2] < phase.users ? numbers[2] : phase.users;
	phase.rate = numbers[3];
	phase_start(load, &phase);
	return true;
}

static void on_line(void *ctx, struct slice line, bool is_end)
{
	struct load *load = ctx;
	struct slice word, rest;

	slice_cut(line, ' ', &word, &rest);
	if (is_end || slice_eq(word, SLICE("quit"))) {
		host_stop(load->host);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands) && !load->phase.name; i++)
		if (slice_eq(word, slice_from_cstr(commands[i].name)) &&
		    command_start(load, &commands[i], rest))
			return;
	fprintf(stderr, "load: cannot do this now: %.*s\n", SLICE_ARGS(line));
	host_stop(load->host);
}

/* --- The program -------------------------------------------------------------------------- */

static void on_connection_lost(void *user, struct handle conn)
{
	(void)user;
	(void)conn;
}

static void on_turn_end(void *user)
{
	(void)user;
}

static int fail(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	return EXIT_FAILURE;
}

static int run(struct load *load)
{
	const struct host_user user = { load, user_on_message, on_connection_lost, on_turn_end };
	const struct addr loopback = { .ip = { 127, 0, 0, 1 }, .family = ADDR_IPV4 };
	uint8_t listener;

	if (digest_init() || host_new(&user, &load->host))
		return fail("cannot start");
	load->env = host_env(load->host);
	load->timers = host_timers(load->host);
	if (host_listen(load->host, TRANSPORT_UDP, &loopback, &load->callers, &listener) ||
	    host_listen(load->host, TRANSPORT_UDP, &loopback, &load->callees, &listener))
		return fail("cannot listen on 127.0.0.1");
	if (host_read_lines(load->host, STDIN_FILENO, on_line, load))
		return fail("cannot read commands");
	host_run(load->host);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct load load;
	static _Alignas(max_align_t) char block[ARENA_BYTES];
	int code;

	if (argc != 3 || addr_parse(slice_from_cstr(argv[1]), &load.server) ||
	    slice_to_u32(slice_from_cstr(argv[2]), USERS_MAX, &load.user_count) ||
	    load.user_count < 2)
		return fail("usage: load 127.0.0.1:PORT USERS, then commands (see bench/load.c)");
	load.run = (uint32_t)getpid();
	load.users = mem_alloc(load.user_count * sizeof(*load.users));
	if (!load.users)
		return fail("no memory");
	arena_init(&load.arena, block, sizeof(block));
	code = run(&load);
	host_free(load.host);
	for (uint32_t i = 0; i < load.user_count; i++) {
		packet_unref(load.users[i].answer);
		packet_unref(load.users[i].last);
	}
	mem_free(load.users);
	return code;
}
