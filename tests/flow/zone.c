/* SPDX-License-Identifier: MIT */
/*
 * A zone of records, and questions that wait for their answers.
 */
#include "zone.h"

#include "base/check.h"
#include "base/err.h"

#include <stdlib.h>

#define RECORDS_MAX 32
#define QUESTIONS_MAX 8
#define ANSWER_MS 2
#define DEAD_MS 5000

struct zone_record {
	struct slice name;
	struct slice data;
	uint32_t ttl_s;
};

struct zone_question {
	struct zone *zone;
	struct timer timer; /* runs until the answer */
	struct dns_question question;
	char name[DNS_NAME_MAX_BYTES];
};

struct zone {
	struct zone_record records[RECORDS_MAX]; /* [count] */
	size_t count;
	bool is_dead;
	unsigned asked;
	struct zone_question questions[QUESTIONS_MAX];
};

static struct zone *zone_of(struct wires *wires)
{
	if (!wires->zone)
		wires->zone = calloc(1, sizeof(*wires->zone));
	CHECK(wires->zone);
	return wires->zone;
}

void zone_add(struct wires *wires, const char *name, const char *data, uint32_t ttl_s)
{
	struct zone *zone = zone_of(wires);

	CHECK(zone->count < RECORDS_MAX);
	zone->records[zone->count++] = (struct zone_record){ .name = slice_from_cstr(name),
							     .data = slice_from_cstr(data),
							     .ttl_s = ttl_s };
}

void zone_clear(struct wires *wires)
{
	zone_of(wires)->count = 0;
}

void zone_set_dead(struct wires *wires, bool is_dead)
{
	zone_of(wires)->is_dead = is_dead;
}

unsigned zone_asked(const struct wires *wires)
{
	return wires->zone ? wires->zone->asked : 0;
}

void zone_free(struct zone *zone)
{
	free(zone);
}

static struct slice take_word(struct slice *rest)
{
	struct slice word;

	slice_cut(*rest, ' ', &word, rest);
	return word;
}

static uint16_t take_number(struct slice *rest)
{
	uint32_t value = 0;

	CHECK(slice_to_u32(take_word(rest), 65535, &value) == 0);
	return (uint16_t)value;
}

static bool record_read(const struct zone_record *line, enum dns_type type,
			struct dns_record *record)
{
	static const char *const names[] = {
		[DNS_A] = "A", [DNS_AAAA] = "AAAA", [DNS_SRV] = "SRV", [DNS_NAPTR] = "NAPTR"
	};
	struct slice rest = line->data;

	if (!slice_eq(take_word(&rest), slice_from_cstr(names[type])))
		return false;
	*record = (struct dns_record){ .ttl_s = line->ttl_s };
	if (type == DNS_A || type == DNS_AAAA) {
		CHECK(addr_parse_ip(rest, &record->addr) == 0);
		return true;
	}
	record->order = take_number(&rest);
	record->weight = take_number(&rest);
	if (type == DNS_SRV) {
		record->port = take_number(&rest);
	} else {
		record->flags = take_word(&rest);
		record->service = take_word(&rest);
	}
	record->name = rest;
	return true;
}

static void on_answer_due(struct timer *timer)
{
	struct zone_question *waiting = CONTAINER_OF(timer, struct zone_question, timer);
	const struct dns_question *question = &waiting->question;
	struct zone *zone = waiting->zone;
	struct dns_record records[RECORDS_MAX];
	struct dns_answer answer = { .status = DNS_NOTHING, .records = records };

	for (size_t i = 0; i < zone->count; i++)
		if (slice_eq_nocase(question->name, zone->records[i].name) &&
		    record_read(&zone->records[i], question->type, &records[answer.count]))
			answer.count++;
	if (answer.count > 0)
		answer.status = DNS_FOUND;
	if (zone->is_dead)
		answer = (struct dns_answer){ .status = DNS_FAILED };
	question->on_answer(question->user, question->owner, &answer);
}

int zone_ask(struct zone *zone, struct timers *timers, const struct dns_question *question)
{
	struct zone_question *free_one = NULL;
	struct buf name;

	for (size_t i = 0; i < QUESTIONS_MAX && !free_one; i++)
		if (!zone->questions[i].timer.is_running)
			free_one = &zone->questions[i];
	if (!free_one)
		return ERR_LIMIT;
	zone->asked++;
	free_one->zone = zone;
	free_one->question = *question;
	buf_init(&name, free_one->name, sizeof(free_one->name));
	buf_slice(&name, question->name);
	CHECK(!name.is_overflown);
	free_one->question.name = buf_text(&name);
	timer_start(timers, &free_one->timer, zone->is_dead ? DEAD_MS : ANSWER_MS, on_answer_due);
	return 0;
}
