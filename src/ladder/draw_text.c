/* SPDX-License-Identifier: MIT */
/*
 * Drawing a ladder into lines of cells. Columns are as narrow as their labels allow; when the whole
 * is wider than wanted, labels are cut, all at the same length, until it fits.
 */
#include "ladder/draw_text.h"

#define LINE_MAX_CELLS 1100 /* above the width of any layout, see fit_layout() */
#define LABEL_MAX 64	    /* cells */
#define LABEL_MIN 8	    /* what cutting leaves */
#define ARROW_CELLS 6	    /* around the label: "── label ─►" */
#define SELF_CELLS 4	    /* around the label: "│◄ label " */
#define NAME_MAX 24	    /* an IPv4 address with its port fits */
#define NAME_SPACE 2	    /* between two names */
#define GAP_MIN 10	    /* between two bars */
#define PAUSE_MS 1000	    /* a silence that is shown */
#define AGAIN " (again)"

/* Cells hold printable ASCII or one of these. */
enum glyph { GLYPH_BAR = 1, GLYPH_PAUSE, GLYPH_DASH, GLYPH_RIGHT, GLYPH_LEFT, GLYPH_CUT };

static const struct {
	struct slice utf8;
	char ascii;
} glyphs[] = {
	[GLYPH_BAR] = { SLICE_INIT("\u2502"), '|' },  [GLYPH_PAUSE] = { SLICE_INIT("\u250a"), ':' },
	[GLYPH_DASH] = { SLICE_INIT("\u2500"), '-' }, [GLYPH_RIGHT] = { SLICE_INIT("\u25ba"), '>' },
	[GLYPH_LEFT] = { SLICE_INIT("\u25c4"), '<' }, [GLYPH_CUT] = { SLICE_INIT("\u2026"), '~' },
};

struct layout {
	unsigned count;
	unsigned time_cells;
	unsigned label_max;
	unsigned bars[LADDER_PARTICIPANTS_MAX]; /* where each bar stands */
	unsigned width;
};

/* The longest label between two participants, the lower index first; [i][i]: to itself. */
struct needs {
	unsigned labels[LADDER_PARTICIPANTS_MAX][LADDER_PARTICIPANTS_MAX];
	unsigned longest;
};

struct canvas {
	uint8_t cells[LINE_MAX_CELLS];
	unsigned used;
};

static unsigned at_most(size_t value, unsigned bound)
{
	return value < bound ? (unsigned)value : bound;
}

static unsigned at_least(unsigned value, unsigned bound)
{
	return value > bound ? value : bound;
}

static bool is_shown(const struct ladder_row *row, const struct ladder_style *style)
{
	return !row->is_again || !style->is_repeat_hidden;
}

static void measure_labels(const struct ladder *ladder, const struct ladder_style *style,
			   struct needs *ret_needs)
{
	*ret_needs = (struct needs){ .longest = LABEL_MIN };
	for (size_t i = 0; i < ladder->row_count; i++) {
		const struct ladder_row *row = ladder->rows[i];
		unsigned low = row->from < row->to ? row->from : row->to;
		unsigned high = row->from < row->to ? row->to : row->from;
		size_t n = row->record.summary.n + (row->is_again ? sizeof(AGAIN) - 1 : 0);
		unsigned *need = &ret_needs->labels[low][high];

		if (!is_shown(row, style))
			continue;
		*need = at_least(*need, at_most(n, LABEL_MAX));
		ret_needs->longest = at_least(ret_needs->longest, *need);
	}
}

static unsigned name_cells(const struct ladder *ladder, unsigned i)
{
	return at_most(ladder->participants[i].n, NAME_MAX);
}

/* The least distance between bar i and the next: for both names and for arrows between the two. */
static unsigned adjacent_step(const struct ladder *ladder, const struct needs *needs, unsigned i,
			      unsigned label_max)
{
	unsigned here = name_cells(ladder, i);
	unsigned names = here - here / 2 + NAME_SPACE + name_cells(ladder, i + 1) / 2;
	unsigned arrow = at_most(needs->labels[i][i + 1], label_max) + ARROW_CELLS + 1;
	unsigned self = at_most(needs->labels[i][i], label_max) + SELF_CELLS;

	return at_least(at_least(names, GAP_MIN + 1), at_least(arrow, self));
}

/* Arrows over several columns: what their steps lack is spread evenly over them. */
static void widen_for_spans(const struct needs *needs, const struct layout *layout,
			    unsigned steps[])
{
	for (unsigned span = 2; span < layout->count; span++) {
		for (unsigned i = 0; i + span < layout->count; i++) {
			unsigned label = at_most(needs->labels[i][i + span], layout->label_max);
			unsigned have = 0, lack;

			for (unsigned k = i; k < i + span; k++)
				have += steps[k];
			if (label == 0 || label + ARROW_CELLS + 1 <= have)
				continue;
			lack = label + ARROW_CELLS + 1 - have;
			for (unsigned k = 0; k < span; k++)
				steps[i + k] += lack / span + (k < lack % span ? 1 : 0);
		}
	}
}

static void set_layout(const struct ladder *ladder, const struct needs *needs, unsigned label_max,
		       struct layout *layout)
{
	unsigned steps[LADDER_PARTICIPANTS_MAX] = { 0 };
	unsigned last = layout->count - 1;
	unsigned name = name_cells(ladder, last), self = needs->labels[last][last];

	layout->label_max = label_max;
	for (unsigned i = 0; i < last; i++)
		steps[i] = adjacent_step(ladder, needs, i, label_max);
	widen_for_spans(needs, layout, steps);
	layout->bars[0] = at_least(layout->time_cells + 3, name_cells(ladder, 0) / 2);
	for (unsigned i = 0; i < last; i++)
		layout->bars[i + 1] = layout->bars[i] + steps[i];
	layout->width = layout->bars[last] + at_least(name - name / 2, 1);
	if (self > 0)
		layout->width = at_least(layout->width, layout->bars[last] + SELF_CELLS +
								at_most(self, label_max));
}

/*
 * With 24 participants the narrowest layout takes at most 23 steps of 26 cells and two margins, so
 * it is narrower than LADDER_WIDTH_MAX; no wider one is accepted.
 */
static void fit_layout(const struct ladder *ladder, const struct ladder_style *style,
		       struct layout *layout)
{
	unsigned width =
		style->width > 0 ? at_most(style->width, LADDER_WIDTH_MAX) : LADDER_WIDTH_MAX;
	unsigned label_max;
	struct needs needs;

	measure_labels(ladder, style, &needs);
	for (label_max = needs.longest; label_max >= LABEL_MIN; label_max--) {
		set_layout(ladder, &needs, label_max, layout);
		if (layout->width <= width)
			return;
	}
}

static void canvas_put(struct canvas *canvas, unsigned at, uint8_t cell)
{
	if (at >= LINE_MAX_CELLS)
		return;
	canvas->cells[at] = cell;
	canvas->used = at_least(canvas->used, at + 1);
}

static void canvas_put_text(struct canvas *canvas, unsigned at, struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		canvas_put(canvas, at + (unsigned)i, (uint8_t)(c >= ' ' && c <= '~' ? c : '?'));
	}
}

/* Cut at its end, with a mark. */
static void canvas_put_label(struct canvas *canvas, unsigned at, struct slice text, unsigned max)
{
	canvas_put_text(canvas, at, slice_head(text, max));
	if (text.n > max)
		canvas_put(canvas, at + max - 1, GLYPH_CUT);
}

/* Cut in the middle: what tells addresses apart stands at their ends. */
static void canvas_put_name(struct canvas *canvas, unsigned at, struct slice name)
{
	unsigned tail = NAME_MAX / 2;

	if (name.n <= NAME_MAX) {
		canvas_put_text(canvas, at, name);
		return;
	}
	canvas_put_text(canvas, at, slice_head(name, NAME_MAX - tail - 1));
	canvas_put(canvas, at + NAME_MAX - tail - 1, GLYPH_CUT);
	canvas_put_text(canvas, at + NAME_MAX - tail, slice_from(name, name.n - tail));
}

static void canvas_clear(struct canvas *canvas)
{
	memset(canvas->cells, ' ', sizeof(canvas->cells));
	canvas->used = 0;
}

static void canvas_put_bars(struct canvas *canvas, const struct layout *layout, uint8_t glyph)
{
	for (unsigned i = 0; i < layout->count; i++)
		canvas_put(canvas, layout->bars[i], glyph);
}

static void put_cell(struct buf *buf, uint8_t cell, bool is_ascii)
{
	if (cell >= ' ')
		buf_char(buf, (char)cell);
	else if (is_ascii)
		buf_char(buf, glyphs[cell].ascii);
	else
		buf_slice(buf, glyphs[cell].utf8);
}

struct drawing {
	const struct ladder *ladder;
	const struct ladder_style *style;
	struct layout layout;
	struct canvas canvas;
	uint64_t start_ms;
	void (*line)(void *ctx, struct slice text);
	void *ctx;
};

static void flush_line(struct drawing *drawing)
{
	char text[3 * LINE_MAX_CELLS + 1];
	struct buf buf = BUF_ON(text);

	for (unsigned i = 0; i < drawing->canvas.used; i++)
		put_cell(&buf, drawing->canvas.cells[i], drawing->style->is_ascii);
	buf_char(&buf, '\n');
	drawing->line(drawing->ctx, buf_text(&buf));
	canvas_clear(&drawing->canvas);
}

static void draw_names(struct drawing *drawing)
{
	for (unsigned i = 0; i < drawing->layout.count; i++) {
		unsigned at = drawing->layout.bars[i] - name_cells(drawing->ladder, i) / 2;

		canvas_put_name(&drawing->canvas, at, drawing->ladder->participants[i]);
	}
	flush_line(drawing);
}

static void draw_pause(struct drawing *drawing)
{
	canvas_put_bars(&drawing->canvas, &drawing->layout, GLYPH_PAUSE);
	flush_line(drawing);
}

static void put_time(struct buf *buf, uint64_t ms)
{
	buf_u64(buf, ms / 1000);
	buf_char(buf, '.');
	buf_char(buf, (char)('0' + ms / 100 % 10));
	buf_char(buf, (char)('0' + ms / 10 % 10));
	buf_char(buf, (char)('0' + ms % 10));
}

static unsigned time_cells(uint64_t ms)
{
	char text[32];
	struct buf buf = BUF_ON(text);

	put_time(&buf, ms);
	return (unsigned)buf.n;
}

/* To itself: the label stands behind the head, up to the next bar. */
static void draw_self_arrow(struct drawing *drawing, unsigned i, struct slice label)
{
	const struct layout *layout = &drawing->layout;
	unsigned at = layout->bars[i];
	unsigned room =
		i + 1 < layout->count ? layout->bars[i + 1] - at - SELF_CELLS : layout->label_max;

	canvas_put(&drawing->canvas, at + 1, GLYPH_LEFT);
	canvas_put_label(&drawing->canvas, at + 3, label, room);
}

/* Labels of both directions begin at the same distance from the left bar, so they line up. */
static void draw_arrow(struct drawing *drawing, const struct ladder_row *row, struct slice label)
{
	struct canvas *canvas = &drawing->canvas;
	unsigned from = drawing->layout.bars[row->from], to = drawing->layout.bars[row->to];
	unsigned low = from < to ? from : to, high = from < to ? to : from;
	unsigned room = high - low - 1 - ARROW_CELLS, label_at = low + 4;

	for (unsigned at = low + 1; at < high; at++)
		canvas_put(canvas, at, GLYPH_DASH);
	canvas_put(canvas, from < to ? high - 1 : low + 1, from < to ? GLYPH_RIGHT : GLYPH_LEFT);
	canvas_put(canvas, label_at - 1, ' ');
	canvas_put(canvas, label_at + at_most(label.n, room), ' ');
	canvas_put_label(canvas, label_at, label, room);
}

static void draw_row(struct drawing *drawing, const struct ladder_row *row)
{
	char text[LADDER_SUMMARY_MAX_BYTES + sizeof(AGAIN)], time_text[32];
	struct buf label = BUF_ON(text), time = BUF_ON(time_text);

	put_time(&time, row->record.at_ms - drawing->start_ms);
	buf_slice(&label, row->record.summary);
	if (row->is_again)
		buf_lit(&label, AGAIN);
	canvas_put_text(&drawing->canvas, drawing->layout.time_cells - (unsigned)time.n,
			buf_text(&time));
	canvas_put_bars(&drawing->canvas, &drawing->layout, GLYPH_BAR);
	if (row->from == row->to)
		draw_self_arrow(drawing, row->from, buf_text(&label));
	else
		draw_arrow(drawing, row, buf_text(&label));
	flush_line(drawing);
}

static void measure_time(struct drawing *drawing)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (size_t i = 0; i < drawing->ladder->row_count; i++) {
		uint64_t at_ms = drawing->ladder->rows[i]->record.at_ms;

		first = at_ms < first ? at_ms : first;
		last = at_ms > last ? at_ms : last;
	}
	drawing->start_ms = first;
	drawing->layout.time_cells = at_least(time_cells(last - first), 7);
}

void ladder_draw_text(const struct ladder *ladder, const struct ladder_style *style,
		      void (*line)(void *ctx, struct slice text), void *ctx)
{
	struct drawing drawing = { .ladder = ladder, .style = style, .line = line, .ctx = ctx };
	const struct ladder_row *before = NULL;

	if (ladder->row_count == 0)
		return;
	drawing.layout.count = ladder->participant_count;
	measure_time(&drawing);
	fit_layout(ladder, style, &drawing.layout);
	canvas_clear(&drawing.canvas);
	draw_names(&drawing);
	for (size_t i = 0; i < ladder->row_count; i++) {
		const struct ladder_row *row = ladder->rows[i];

		if (!is_shown(row, style))
			continue;
		if (before && row->record.at_ms >= before->record.at_ms + PAUSE_MS)
			draw_pause(&drawing);
		draw_row(&drawing, row);
		before = row;
	}
}
