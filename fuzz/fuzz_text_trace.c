/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a text trace, through to the drawing: messages lie inside the text and in its order,
 * lines of the drawing can be shown on a terminal, and nothing is left behind.
 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "capture/collect.h"
#include "ladder/draw_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	struct slice text;
	size_t at; /* where the last message ended */
	unsigned line;
};

static void on_message(void *ctx, const struct text_trace_message *message)
{
	struct walk *walk = ctx;
	size_t at = (size_t)(message->bytes.p - walk->text.p);

	CHECK(message->bytes.n > 0 && at >= walk->at);
	CHECK(at + message->bytes.n <= walk->text.n);
	CHECK(message->line > 0 && message->line <= message->bytes_line);
	CHECK(message->line >= walk->line);
	walk->at = at + message->bytes.n;
	walk->line = message->bytes_line;
}

static void on_fault(void *ctx, unsigned line, const char *reason)
{
	struct walk *walk = ctx;

	CHECK(line >= walk->line && reason[0] != '\0');
	walk->line = line;
}

static void on_line(void *ctx, struct slice text)
{
	(void)ctx;
	CHECK(text.n > 0 && text.p[text.n - 1] == '\n');
	for (size_t i = 0; i + 1 < text.n; i++)
		CHECK((unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f);
}

static void draw(struct slice text)
{
	static const uint64_t secret[2] = { 5, 6 };
	static struct collector collector;
	struct ladder_style style = { .width = 80 };
	struct ladder ladder;

	collector_init(&collector, secret);
	ladder_init(&ladder, secret);
	CHECK(collector_add_text(&collector, text, NULL) == 0);
	CHECK(collector_fill_ladder(&collector, NULL, 0, &ladder) == 0);
	CHECK(ladder.row_count == collector.count);
	ladder_draw_text(&ladder, &style, on_line, NULL);
	ladder_fini(&ladder);
	collector_fini(&collector);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk walk = { .text = slice_of((const char *)data, size) };
	struct text_trace_sink sink = { &walk, on_message, on_fault };
	uint64_t blocks = mem_count().blocks;

	text_trace_read(walk.text, &sink);
	draw(walk.text);
	CHECK(mem_count().blocks == blocks);
	return 0;
}
