/* SPDX-License-Identifier: MIT */
/*
 * Two passes: names can be given only when all messages have been seen. A message that does not
 * parse as it stands is mended once (editors change line ends and sizes) before it is given up.
 */
#include "capture/collect.h"

#include "base/err.h"
#include "base/mem.h"
#include "sip/refer_to.h"
#include "sip/replaces.h"
#include "sip/target_dialog.h"

#define MENDING_BYTES (2 * SIP_MESSAGE_MAX_BYTES)

void collector_init(struct collector *collector, const uint64_t secret[2])
{
	*collector = (struct collector){ .secret = { secret[0], secret[1] } };
	endpoints_init(&collector->endpoints, secret);
}

static void forget(struct collected *message)
{
	mem_free(message->mended);
	mem_free((char *)message->replaces.p);
	mem_free((char *)message->beside.p);
}

void collector_fini(struct collector *collector)
{
	for (size_t i = 0; i < collector->count; i++)
		forget(&collector->messages[i]);
	mem_free(collector->messages);
	mem_free(collector->mending);
	collector->messages = NULL;
	collector->count = 0;
	endpoints_fini(&collector->endpoints);
}

static int parse(struct collector *collector, struct slice bytes, struct sip_msg *ret_msg,
		 struct sip_fault *ret_fault)
{
	struct arena arena;

	arena_init(&arena, collector->arena_block, sizeof(collector->arena_block));
	return sip_msg_parse(bytes, &arena, ret_msg, ret_fault);
}

static int reserve(struct collector *collector)
{
	size_t cap = collector->cap ? 2 * collector->cap : 64;
	struct collected *messages;

	if (collector->count >= LADDER_RECORDS_MAX)
		return ERR_LIMIT;
	if (collector->count < collector->cap)
		return 0;
	messages = mem_alloc(cap * sizeof(*messages));
	if (!messages)
		return ERR_NOMEM;
	if (collector->count > 0)
		memcpy(messages, collector->messages, collector->count * sizeof(*messages));
	mem_free(collector->messages);
	collector->messages = messages;
	collector->cap = cap;
	return 0;
}

/* One capture being read. */
struct reading {
	struct collector *collector;
	const struct collect_faults *faults;
	struct addr local; /* family ADDR_NONE until a message tells */
	size_t first;	   /* message of this capture */
	int err;
};

static unsigned count_lines(struct slice text)
{
	unsigned lines = 0;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	return lines;
}

static void report(const struct reading *reading, unsigned line, const char *reason)
{
	if (reading->faults)
		reading->faults->fault(reading->faults->ctx, line, reason);
}

static int mend(struct collector *collector, struct collected *message)
{
	struct slice copy;
	struct buf mended;

	if (!collector->mending)
		collector->mending = mem_alloc(MENDING_BYTES);
	if (!collector->mending)
		return ERR_NOMEM;
	buf_init(&mended, collector->mending, MENDING_BYTES);
	text_trace_mend(&mended, message->bytes);
	if (mended.is_overflown)
		return ERR_LIMIT;
	if (slice_keep(buf_text(&mended), &copy))
		return ERR_NOMEM;
	message->mended = (char *)copy.p;
	message->bytes = copy;
	return 0;
}

/* Reads the message as it is, else as it may have been before it was edited. */
static int parse_or_mend(struct collector *collector, struct collected *message,
			 struct sip_msg *ret_msg, struct sip_fault *ret_fault)
{
	struct sip_fault ignored;
	int err = parse(collector, message->bytes, ret_msg, ret_fault);

	if (err != ERR_SYNTAX)
		return err;
	if (mend(collector, message))
		return err;
	err = parse(collector, message->bytes, ret_msg, &ignored);
	if (err) {
		mem_free(message->mended);
		message->mended = NULL;
	}
	return err;
}

static bool addr_of_host(struct slice host, uint16_t port, struct addr *ret_addr)
{
	if (addr_parse_ip(host, ret_addr))
		return false;
	ret_addr->port = port ? port : 5060; /* RFC 3261 19.1.2 */
	return true;
}

/* Our own address, where the trace leaves it out: what we put into Via, or are reached at. */
static void learn_local(struct reading *reading, const struct sip_msg *msg, bool is_sent)
{
	struct addr addr;

	if (reading->local.family != ADDR_NONE || !msg->is_request)
		return;
	if (is_sent ? addr_of_host(msg->via.host, msg->via.port, &addr)
		    : addr_of_host(msg->uri.host, msg->uri.port, &addr))
		reading->local = addr;
}

/* The call whose dialog is to be replaced by this INVITE, or by what this REFER asks for. */
static int keep_replaces(const struct sip_msg *msg, struct slice *ret_call_id)
{
	char room_text[SIP_REFER_TO_ROOM_BYTES];
	struct buf room = BUF_ON(room_text);
	struct sip_refer_to refer_to;
	struct sip_replaces replaces;

	if (msg->method == METHOD_INVITE &&
	    sip_replaces_parse(sip_msg_value(msg, HDR_REPLACES), &replaces) == 0)
		return slice_keep(replaces.call_id, ret_call_id);
	if (msg->method == METHOD_REFER && sip_refer_to_read(msg, &room, &refer_to).status == 0 &&
	    refer_to.has_replaces)
		return slice_keep(refer_to.replaces.call_id, ret_call_id);
	return 0;
}

/* The call that this request is about, though it is sent beside it. */
static int keep_beside(const struct sip_msg *msg, struct slice *ret_call_id)
{
	struct sip_target_dialog target;

	if (sip_target_dialog_parse(sip_msg_value(msg, HDR_TARGET_DIALOG), &target))
		return 0;
	return slice_keep(target.call_id, ret_call_id);
}

static int keep_joined(const struct sip_msg *msg, struct collected *message)
{
	int err;

	if (!msg->is_request)
		return 0;
	err = keep_replaces(msg, &message->replaces);
	return err ? err : keep_beside(msg, &message->beside);
}

static void on_message(void *ctx, const struct text_trace_message *trace)
{
	struct reading *reading = ctx;
	struct collector *collector = reading->collector;
	struct collected message = { .bytes = trace->bytes,
				     .at_ms = trace->at_ms,
				     .from = trace->is_sent ? trace->local : trace->peer,
				     .to = trace->is_sent ? trace->peer : trace->local,
				     .transport = trace->transport,
				     .source = collector->source_count };
	struct sip_fault fault = { .reason = "not well-formed" };
	struct sip_msg msg;
	int err;

	if (reading->err)
		return;
	reading->err = reserve(collector);
	if (reading->err)
		return;
	err = parse_or_mend(collector, &message, &msg, &fault);
	if (err) {
		report(reading,
		       trace->bytes_line + count_lines(slice_head(trace->bytes, fault.offset)),
		       err == ERR_NOMEM ? err_text(err) : fault.reason);
		return;
	}
	if (trace->local.family == ADDR_NONE)
		learn_local(reading, &msg, trace->is_sent);
	message.call_id = msg.call_id;
	reading->err = keep_joined(&msg, &message);
	if (reading->err) {
		forget(&message);
		return;
	}
	collector->messages[collector->count++] = message;
}

static void on_fault(void *ctx, unsigned line, const char *reason)
{
	report(ctx, line, reason);
}

/* Ends without an address are those of this capture. */
static void set_local(struct collector *collector, size_t first, struct addr local)
{
	if (local.family == ADDR_NONE)
		local.port = (uint16_t)(collector->source_count + 1);
	for (size_t i = first; i < collector->count; i++) {
		struct collected *message = &collector->messages[i];

		if (message->from.family == ADDR_NONE)
			message->from = local;
		if (message->to.family == ADDR_NONE)
			message->to = local;
	}
}

int collector_add_text(struct collector *collector, struct slice text,
		       const struct collect_faults *faults)
{
	struct reading reading = { .collector = collector,
				   .faults = faults,
				   .first = collector->count };
	struct text_trace_sink sink = { &reading, on_message, on_fault };

	text_trace_read(text, &sink);
	set_local(collector, reading.first, reading.local);
	collector->source_count++;
	return reading.err;
}

static int name_endpoints(struct collector *collector)
{
	for (size_t i = 0; i < collector->count; i++) {
		const struct collected *message = &collector->messages[i];
		struct sip_fault fault;
		struct sip_msg msg;
		int err;

		if (parse(collector, message->bytes, &msg, &fault))
			continue;
		err = endpoints_see(&collector->endpoints, &msg, &message->from, &message->to,
				    message->transport);
		if (err == ERR_NOMEM)
			return err;
	}
	return endpoints_name(&collector->endpoints);
}

/* The calls that are drawn; none: all. */
struct wanted {
	struct slice call_ids[COLLECT_CALLS_MAX];
	size_t count;
};

static bool is_wanted(const struct wanted *wanted, struct slice call_id)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (slice_eq(call_id, wanted->call_ids[i]))
			return true;
	return false;
}

static void want(struct wanted *wanted, struct slice call_id)
{
	if (wanted->count < COLLECT_CALLS_MAX && !is_wanted(wanted, call_id))
		wanted->call_ids[wanted->count++] = call_id;
}

static void want_both(struct wanted *wanted, struct slice call_id, struct slice joined)
{
	if (slice_is_empty(joined))
		return;
	if (is_wanted(wanted, call_id))
		want(wanted, joined);
	else if (is_wanted(wanted, joined))
		want(wanted, call_id);
}

/* Each round adds the neighbours of those of the last one. */
static void want_joined(const struct collector *collector, struct wanted *wanted)
{
	size_t before;

	do {
		before = wanted->count;
		for (size_t i = 0; i < collector->count; i++) {
			const struct collected *message = &collector->messages[i];

			want_both(wanted, message->call_id, message->replaces);
			want_both(wanted, message->call_id, message->beside);
		}
	} while (wanted->count > before);
}

static int fill_one(struct collector *collector, const struct collected *message,
		    struct ladder *ladder)
{
	char from[ENDPOINT_NAME_MAX_BYTES], to[ENDPOINT_NAME_MAX_BYTES];
	char summary[LADDER_SUMMARY_MAX_BYTES];
	struct buf from_buf = BUF_ON(from), to_buf = BUF_ON(to), summary_buf = BUF_ON(summary);
	struct ladder_record record = { .at_ms = message->at_ms, .call_id = message->call_id };
	struct sip_fault fault;
	struct sip_msg msg;

	if (parse(collector, message->bytes, &msg, &fault))
		return 0;
	endpoints_print(&collector->endpoints, &message->from, &from_buf);
	endpoints_print(&collector->endpoints, &message->to, &to_buf);
	ladder_summarize(&msg, &summary_buf);
	record.from = buf_text(&from_buf);
	record.to = buf_text(&to_buf);
	record.summary = buf_text(&summary_buf);
	return ladder_add(ladder, &record, message->bytes, message->source);
}

int collector_fill_ladder(struct collector *collector, const struct slice *call_ids,
			  size_t call_id_count, struct ladder *ladder)
{
	struct wanted wanted = { .count = 0 };
	int err = name_endpoints(collector);

	for (size_t i = 0; i < call_id_count; i++)
		want(&wanted, call_ids[i]);
	want_joined(collector, &wanted);
	for (size_t i = 0; i < collector->count && !err; i++) {
		const struct collected *message = &collector->messages[i];

		if (call_id_count == 0 || is_wanted(&wanted, message->call_id))
			err = fill_one(collector, message, ladder);
	}
	return err ? err : ladder_sort(ladder);
}
