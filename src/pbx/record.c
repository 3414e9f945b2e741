/* SPDX-License-Identifier: MIT */
/*
 * What happens is kept as small items in the order of time, and printed at the end. The clock of a
 * call is the host's monotonic one: all its times are turned into the calendar's by one look at it,
 * so that a clock that is set meanwhile does not tear them apart.
 */
#include "pbx/record.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/wall.h"
#include "pbx/call.h"

#define RECORD_MAX_BYTES 32768

enum item_kind {
	ITEM_LEG,
	ITEM_PICKUP,
	ITEM_FORWARD,
	ITEM_PARK,
	ITEM_TRANSFER,
	ITEM_CALLER, /* for whom the call is made, where that is no leg yet */
};

enum item_park { PARK_IN, PARK_OUT, PARK_BACK };

/* Of a leg; of what happened: who did it, to whom, and a transfer's target. */
enum item_text { TEXT_NUMBER, TEXT_NAME, TEXT_CALL_ID, TEXT_COUNT };

/* `text` has its three texts one behind the other. */
struct record_item {
	struct record_item *next;
	uint8_t kind;	   /* enum item_kind */
	uint8_t how;	   /* of a pick-up, park and transfer; why, of a forward */
	bool is_initiator; /* of a leg */
	uint16_t number;   /* of a leg */
	uint16_t status;   /* of a leg and a transfer */
	uint16_t text_n[TEXT_COUNT];
	uint32_t at_ms;	    /* since the start of the call, as those below */
	uint32_t ring_ms;   /* of a leg; NOT_YET: never */
	uint32_t answer_ms; /* of a leg; NOT_YET: never */
	uint32_t end_ms;    /* of a leg */
	uint32_t from_call; /* of a transfer: numbers of calls */
	uint32_t to_call;   /* 0: none */
	char text[];
};

#define NOT_YET UINT32_MAX

/* --- Collecting --------------------------------------------------------------------------- */

static uint64_t now_ms(const struct call *call)
{
	return call->pbx->stack.timers->now_ms;
}

static bool is_recorded(const struct call *call)
{
	return call->pbx->stack.env->record && !slice_is_empty(call->directory->records);
}

static uint32_t since_start(const struct call *call, uint64_t ms)
{
	return ms == 0 ? NOT_YET : (uint32_t)(ms - call->record.start_ms);
}

/* Legs in the order of their numbers, all else in the order of time. */
static void item_insert(struct record *record, struct record_item *item)
{
	struct record_item **at = &record->first;

	while (*at &&
	       !(item->kind == ITEM_LEG && (*at)->kind == ITEM_LEG && (*at)->number > item->number))
		at = &(*at)->next;
	item->next = *at;
	*at = item;
	record->item_count++;
}

/* An item with these texts, to be inserted; NULL: one more is lost. */
static struct record_item *item_new(struct call *call, enum item_kind kind, struct slice number,
				    struct slice name, struct slice call_id)
{
	const struct slice texts[TEXT_COUNT] = { number, name, call_id };
	struct record *record = &call->record;
	struct record_item *item = NULL;
	char *to;

	if (record->item_count < RECORD_ITEMS_MAX)
		item = mem_alloc(sizeof(*item) + number.n + name.n + call_id.n);
	if (!item) {
		record->lost_count += record->lost_count < UINT16_MAX;
		return NULL;
	}
	item->kind = (uint8_t)kind;
	item->at_ms = since_start(call, now_ms(call));
	to = item->text;
	for (int i = 0; i < TEXT_COUNT; i++) {
		item->text_n[i] = (uint16_t)texts[i].n;
		if (texts[i].n > 0)
			memcpy(to, texts[i].p, texts[i].n);
		to += texts[i].n;
	}
	return item;
}

void record_call_start(struct call *call)
{
	call->record.start_ms = now_ms(call);
}

void record_leg_start(struct leg *leg)
{
	leg->record.start_ms = now_ms(leg->call);
	leg->record.number = ++leg->call->record.leg_count;
}

void record_stand_in(struct leg *leg)
{
	struct call *call = leg->call;
	struct record_item *item;

	record_leg_start(leg);
	if (!is_recorded(call) || call->caller)
		return;
	item = item_new(call, ITEM_CALLER, leg->party.number, leg->party.name, SLICE_NONE);
	if (item)
		item_insert(&call->record, item);
}

/* What its INVITE was answered with, by the phone or by us. */
static uint16_t leg_status(const struct leg *leg)
{
	if (leg->record.answer_ms > 0)
		return 200;
	return leg->record.status > 0 ? leg->record.status : 487;
}

static void keep_leg(const struct leg *leg)
{
	struct call *call = leg->call;
	struct record_item *item =
		item_new(call, ITEM_LEG, leg->party.number, leg->party.name,
			 leg->session ? dialog_call_id(&leg->session->dialog) : SLICE_NONE);

	if (!item)
		return;
	item->number = leg->record.number;
	item->is_initiator = leg->is_initiator;
	item->status = leg_status(leg);
	item->at_ms = since_start(call, leg->record.start_ms);
	item->ring_ms = since_start(call, leg->record.ring_ms);
	item->answer_ms = since_start(call, leg->record.answer_ms);
	item->end_ms = since_start(call, now_ms(call));
	item_insert(&call->record, item);
}

static void answered(struct call *call)
{
	if (call->record.answer_ms == 0)
		call->record.answer_ms = now_ms(call);
}

void record_leg_state(struct leg *leg)
{
	struct call *call = leg->call;

	switch (leg->state) {
	case LEG_CALLING:
	case LEG_PROCEEDING:
		break;
	case LEG_RINGING:
		leg->record.ring_ms = now_ms(call);
		break;
	case LEG_TALKING:
		leg->record.answer_ms = now_ms(call);
		if (leg == call->caller)
			answered(call);
		else
			call->record.with = leg->record.number;
		break;
	case LEG_ENDED:
		if (is_recorded(call) && !leg->is_stand_in)
			keep_leg(leg);
		break;
	}
}

void record_leg_moves(struct leg *leg, struct call *to, const struct leg *seat)
{
	if (is_recorded(leg->call))
		keep_leg(leg);
	leg->record = (struct record_leg){
		.number = seat && seat->is_stand_in ? seat->record.number : ++to->record.leg_count,
		.start_ms = now_ms(to),
		.answer_ms = now_ms(to),
	};
	if (to->caller)
		to->record.with = leg->record.number;
	answered(to);
}

static void keep(struct call *call, enum item_kind kind, struct slice one, struct slice other,
		 unsigned how)
{
	struct record_item *item;

	if (!is_recorded(call))
		return;
	item = item_new(call, kind, one, other, SLICE_NONE);
	if (!item)
		return;
	item->how = (uint8_t)how;
	item_insert(&call->record, item);
}

void record_picked_up(struct call *call, struct slice by, struct slice from, enum record_pickup how)
{
	keep(call, ITEM_PICKUP, by, from, how);
}

void record_forwarded(struct call *call, struct slice from, struct slice to, enum forward_when why)
{
	keep(call, ITEM_FORWARD, from, to, why);
}

void record_parked(struct call *call, struct slice by, struct slice orbit)
{
	keep(call, ITEM_PARK, by, orbit, PARK_IN);
}

void record_fetched(struct call *call, struct slice by, struct slice orbit)
{
	keep(call, ITEM_PARK, by, orbit, PARK_OUT);
}

void record_returned(struct call *call, struct slice to, struct slice orbit)
{
	keep(call, ITEM_PARK, to, orbit, PARK_BACK);
}

void record_transferred_in(struct call *call, const struct record_transfer *transfer)
{
	struct record_item *item;

	if (!is_recorded(call))
		return;
	item = item_new(call, ITEM_TRANSFER, transfer->by, transfer->of, transfer->target);
	if (!item)
		return;
	item->how = (uint8_t)transfer->kind;
	item->status = (uint16_t)transfer->status;
	item->from_call = transfer->from->number;
	item->to_call = transfer->to ? transfer->to->number : 0;
	item_insert(&call->record, item);
}

void record_transferred(const struct record_transfer *transfer)
{
	record_transferred_in(transfer->from, transfer);
	if (transfer->to)
		record_transferred_in(transfer->to, transfer);
}

void record_set_cause(struct call *call, enum record_cause cause, const struct leg *by)
{
	if (call->record.cause != RECORD_UNKNOWN)
		return;
	call->record.cause = cause;
	call->record.by = by ? by->record.number : 0;
}

void record_fini(struct record *record)
{
	while (record->first) {
		struct record_item *item = record->first;

		record->first = item->next;
		mem_free(item);
	}
}

/* --- Printing ----------------------------------------------------------------------------- */

static struct slice cause_name(enum record_cause cause)
{
	static const struct slice names[] = {
		[RECORD_UNKNOWN] = SLICE_INIT("failed"),
		[RECORD_HANGUP] = SLICE_INIT("hangup"),
		[RECORD_TRANSFERRED] = SLICE_INIT("transferred"),
		[RECORD_CANCELLED] = SLICE_INIT("cancelled"),
		[RECORD_BUSY] = SLICE_INIT("busy"),
		[RECORD_NO_ANSWER] = SLICE_INIT("no-answer"),
		[RECORD_UNAVAILABLE] = SLICE_INIT("unavailable"),
		[RECORD_REFUSED] = SLICE_INIT("refused"),
		[RECORD_LOST] = SLICE_INIT("lost"),
		[RECORD_LIMIT] = SLICE_INIT("limit"),
		[RECORD_FAILED] = SLICE_INIT("failed"),
		[RECORD_SHUTDOWN] = SLICE_INIT("shutdown"),
	};

	return names[cause];
}

static struct slice pickup_name(uint8_t how)
{
	static const struct slice names[] = {
		[RECORD_BY_REPLACES] = SLICE_INIT("replaces"),
		[RECORD_BY_NUMBER] = SLICE_INIT("number"),
		[RECORD_BY_GROUP] = SLICE_INIT("group"),
		[RECORD_BY_BARGE_IN] = SLICE_INIT("barge-in"),
	};

	return names[how];
}

static struct slice item_text(const struct record_item *item, enum item_text which)
{
	const char *p = item->text;

	for (int i = 0; i < (int)which; i++)
		p += item->text_n[i];
	return slice_of(p, item->text_n[which]);
}

/* What the printing of one record has in hand. */
struct printer {
	struct buf *buf;
	const struct record *record;
	uint64_t start_wall_ms;
	size_t items_max; /* of each list */
};

static void print_time(const struct printer *printer, const char *name, uint32_t ms)
{
	char text[WALL_TEXT_BYTES];
	struct buf wall = BUF_ON(text);

	if (ms == NOT_YET)
		return;
	wall_print(&wall, printer->start_wall_ms + ms);
	json_text(printer->buf, name, buf_text(&wall));
}

static void print_leg(const struct printer *printer, const struct record_item *item)
{
	struct buf *buf = printer->buf;

	json_number(buf, "leg", item->number);
	json_text(buf, "number", item_text(item, TEXT_NUMBER));
	json_text_unless_empty(buf, "name", item_text(item, TEXT_NAME));
	json_text(buf, "direction", item->is_initiator ? SLICE("in") : SLICE("out"));
	print_time(printer, "start", item->at_ms);
	print_time(printer, "ring", item->ring_ms);
	print_time(printer, "answer", item->answer_ms);
	print_time(printer, "end", item->end_ms);
	json_number(buf, "status", item->status);
	json_text_unless_empty(buf, "call_id", item_text(item, TEXT_CALL_ID));
}

static void print_pickup(const struct printer *printer, const struct record_item *item)
{
	print_time(printer, "time", item->at_ms);
	json_text(printer->buf, "by", item_text(item, TEXT_NUMBER));
	json_text_unless_empty(printer->buf, "from", item_text(item, TEXT_NAME));
	json_text(printer->buf, "how", pickup_name(item->how));
}

static void print_forward(const struct printer *printer, const struct record_item *item)
{
	print_time(printer, "time", item->at_ms);
	json_text(printer->buf, "from", item_text(item, TEXT_NUMBER));
	json_text(printer->buf, "to", item_text(item, TEXT_NAME));
	json_text(printer->buf, "why", forward_name((enum forward_when)item->how));
}

static void print_park(const struct printer *printer, const struct record_item *item)
{
	static const struct slice hows[] = { [PARK_IN] = SLICE_INIT("parked"),
					     [PARK_OUT] = SLICE_INIT("fetched"),
					     [PARK_BACK] = SLICE_INIT("returned") };

	print_time(printer, "time", item->at_ms);
	json_text(printer->buf, "by", item_text(item, TEXT_NUMBER));
	json_text(printer->buf, "orbit", item_text(item, TEXT_NAME));
	json_text(printer->buf, "how", hows[item->how]);
}

static void print_transfer(const struct printer *printer, const struct record_item *item)
{
	struct buf *buf = printer->buf;

	print_time(printer, "time", item->at_ms);
	json_text(buf, "by", item_text(item, TEXT_NUMBER));
	json_text(buf, "of", item_text(item, TEXT_NAME));
	json_text_unless_empty(buf, "to", item_text(item, TEXT_CALL_ID));
	json_text(buf, "how", transfer_kind_name((enum transfer_kind)item->how));
	json_text(buf, "result", item->status < 300 ? SLICE("done") : SLICE("failed"));
	json_number(buf, "status", item->status);
	json_number(buf, "from_call", item->from_call);
	if (item->to_call > 0)
		json_number(buf, "to_call", item->to_call);
}

static void print_items(const struct printer *printer, enum item_kind kind)
{
	static const struct {
		const char *name;
		void (*print)(const struct printer *printer, const struct record_item *item);
	} rows[] = {
		[ITEM_LEG] = { "legs", print_leg },
		[ITEM_PICKUP] = { "pickups", print_pickup },
		[ITEM_FORWARD] = { "forwards", print_forward },
		[ITEM_PARK] = { "parks", print_park },
		[ITEM_TRANSFER] = { "transfers", print_transfer },
	};
	size_t shown = 0;

	json_array_begin(printer->buf, rows[kind].name);
	for (const struct record_item *item = printer->record->first; item; item = item->next) {
		if (item->kind != kind || shown == printer->items_max)
			continue;
		json_object_begin(printer->buf, NULL);
		rows[kind].print(printer, item);
		json_object_end(printer->buf);
		shown++;
	}
	json_array_end(printer->buf);
}

static const struct record_item *find_first(const struct record *record, enum item_kind kind)
{
	for (const struct record_item *item = record->first; item; item = item->next)
		if (item->kind == kind)
			return item;
	return NULL;
}

static const struct record_item *find_leg(const struct record *record, uint16_t number)
{
	for (const struct record_item *item = record->first; item; item = item->next)
		if (item->kind == ITEM_LEG && item->number == number)
			return item;
	return NULL;
}

static void print_party(struct buf *buf, const char *name, struct slice number, struct slice text)
{
	json_object_begin(buf, name);
	json_text(buf, "number", number);
	json_text_unless_empty(buf, "name", text);
	json_object_end(buf);
}

static void print_item_party(const struct printer *printer, const char *name,
			     const struct record_item *item)
{
	if (item)
		print_party(printer->buf, name, item_text(item, TEXT_NUMBER),
			    item_text(item, TEXT_NAME));
}

/* The transferee, where the call was made for one, or who made it. */
static const struct record_item *find_caller(const struct record *record)
{
	const struct record_item *item = find_first(record, ITEM_CALLER);

	return item ? item : find_leg(record, 1);
}

static void print_end(const struct printer *printer, uint32_t end_ms, uint32_t answer_ms)
{
	const struct record *record = printer->record;
	const struct record_item *by = find_leg(record, record->by);

	json_seconds(printer->buf, "duration", end_ms);
	json_seconds(printer->buf, "talk", answer_ms == NOT_YET ? 0 : end_ms - answer_ms);
	json_text(printer->buf, "cause", cause_name(record->cause));
	if (answer_ms == NOT_YET && record->status > 0)
		json_number(printer->buf, "status", record->status);
	if (by) {
		json_object_begin(printer->buf, "by");
		json_number(printer->buf, "leg", record->by);
		json_text(printer->buf, "number", item_text(by, TEXT_NUMBER));
		json_object_end(printer->buf);
	}
}

static void print_record(const struct printer *printer, const struct call *call)
{
	const struct record *record = printer->record;
	uint32_t answer_ms = since_start(call, record->answer_ms);
	uint32_t end_ms = since_start(call, now_ms(call));
	uint64_t left_out = record->lost_count;

	json_object_begin(printer->buf, NULL);
	json_text(printer->buf, "type", SLICE("record"));
	json_number(printer->buf, "call", call->number);
	print_time(printer, "start", 0);
	print_time(printer, "answer", answer_ms);
	print_time(printer, "end", end_ms);
	print_end(printer, end_ms, answer_ms);
	print_item_party(printer, "from", find_caller(record));
	print_party(printer->buf, "to", call->called.number, call->called.name);
	print_item_party(printer, "with", find_leg(record, record->with));
	print_items(printer, ITEM_LEG);
	print_items(printer, ITEM_PICKUP);
	print_items(printer, ITEM_FORWARD);
	if (find_first(record, ITEM_PARK))
		print_items(printer, ITEM_PARK);
	if (find_first(record, ITEM_TRANSFER))
		print_items(printer, ITEM_TRANSFER);
	if (printer->items_max < RECORD_ITEMS_MAX)
		left_out += record->item_count;
	if (left_out > 0)
		json_bool(printer->buf, "incomplete", true);
	json_object_end(printer->buf);
}

static void tell(const struct pbx *pbx, const struct buf *line)
{
	const struct env *env = pbx->stack.env;

	if (!line->is_overflown)
		env->record(env->host, buf_text(line));
}

/* A default for who ends a call without having said why. */
static enum record_cause cause_of(const struct call *call, unsigned status)
{
	if (call->pbx->stack.is_ending)
		return RECORD_SHUTDOWN;
	return status == 503 ? RECORD_LIMIT : RECORD_FAILED;
}

/* Its end is the call's: whoever was being brought together with it has nobody else. */
static void keep_ending(const struct call *call)
{
	LIST_FOR (leg, &call->legs, struct leg, node)
		if (leg->is_ending && leg->state != LEG_ENDED && !leg->is_stand_in)
			keep_leg(leg);
}

void record_call_end(struct call *call, unsigned status)
{
	/* The switch runs in one thread and this function does not call itself. */
	static char text[RECORD_MAX_BYTES];
	const struct env *env = call->pbx->stack.env;
	struct buf line = BUF_ON(text);
	struct printer printer = { .buf = &line,
				   .record = &call->record,
				   .items_max = RECORD_ITEMS_MAX };

	if (!call->record.is_due || !is_recorded(call))
		return;
	keep_ending(call);
	record_set_cause(call, cause_of(call, status), NULL);
	call->record.status = (uint16_t)status;
	printer.start_wall_ms = env->wall_ms(env->host) - (now_ms(call) - call->record.start_ms);
	print_record(&printer, call);
	while (line.is_overflown && printer.items_max > 0) {
		printer.items_max /= 2;
		line = BUF_ON(text);
		print_record(&printer, call);
	}
	tell(call->pbx, &line);
}

void record_refused(struct pbx *pbx, const struct party *from, struct slice number, unsigned status,
		    enum record_cause cause)
{
	static const struct record none;
	const struct env *env = pbx->stack.env;
	char text[4096];
	struct buf line = BUF_ON(text);
	struct printer printer = { .buf = &line, .record = &none };

	if (!env->record || slice_is_empty(pbx->directory->records))
		return;
	printer.start_wall_ms = env->wall_ms(env->host);
	json_object_begin(&line, NULL);
	json_text(&line, "type", SLICE("record"));
	print_time(&printer, "start", 0);
	print_time(&printer, "end", 0);
	json_seconds(&line, "duration", 0);
	json_seconds(&line, "talk", 0);
	json_text(&line, "cause", cause_name(cause));
	json_number(&line, "status", status);
	print_party(&line, "from", from->number, from->name);
	print_party(&line, "to", number, SLICE_NONE);
	print_items(&printer, ITEM_LEG);
	print_items(&printer, ITEM_PICKUP);
	print_items(&printer, ITEM_FORWARD);
	json_object_end(&line);
	tell(pbx, &line);
}
