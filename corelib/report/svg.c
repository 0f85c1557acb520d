/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/flame.h"
#include "report/number.h"
#include "report/report.h"

#define WIDTH 1200
#define MARGIN 10
#define HEADER 40
#define ROW 17
#define COLUMN 7.2   /* of a monospace font of 12 pixels */
#define MOST_LEVELS 1000 /* a runaway recursion would be a picture of a mile */

struct drawing {
	const struct report *r;
	struct flame flame;
	struct buf *out;
	struct buf text, shown;
	size_t levels;            /* of the highest stack that is drawn */
	bool cut;
	size_t begin[MOST_LEVELS]; /* where the frame of a level begins, in threads */
};

/* Text is hostile, and some of what a terminal may have cannot be in XML at all. */
static void put_xml(struct drawing *d, const char *text, size_t columns)
{
	const char *end;

	d->shown.len = 0;
	escape_text(&d->shown, text, columns);
	end = d->shown.failed || !d->shown.len ? NULL : d->shown.text + d->shown.len;
	for (const char *c = end ? d->shown.text : NULL; c != end; c++) {
		if (*c == '&')
			buf_puts(d->out, "&amp;");
		else if (*c == '<')
			buf_puts(d->out, "&lt;");
		else if (*c == '>')
			buf_puts(d->out, "&gt;");
		else if (!strncmp(c, "\xef\xbf\xbe", 3) || !strncmp(c, "\xef\xbf\xbf", 3))
			buf_putc(d->out, '?'), c += 2;
		else
			buf_putc(d->out, *c);
	}
}

static size_t drawn_depth(const struct pycore_thread *t)
{
	return flame_depth(t) < MOST_LEVELS ? flame_depth(t) : MOST_LEVELS;
}

static void measure(struct drawing *d)
{
	for (size_t i = 0; i < d->flame.n; i++) {
		const struct pycore_thread *t = d->flame.stacks[i].thread;

		if (drawn_depth(t) > d->levels)
			d->levels = drawn_depth(t);
		d->cut |= flame_depth(t) > MOST_LEVELS;
	}
}

/* Warm colors; a function has the same one wherever it is. */
static void put_color(struct buf *out, const struct pycore_frame *f)
{
	uint32_t hash = 2166136261u;

	for (const char *c = flame_function(f); *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	buf_printf(out, "rgb(%u,%u,%u)", 205 + hash % 50, 90 + hash / 64 % 120,
		   20 + hash / 8192 % 50);
}

static double x_of(const struct drawing *d, size_t threads)
{
	return MARGIN + (double)threads * (WIDTH - 2 * MARGIN) / (double)d->flame.total;
}

/* What stands in a box that is @p width wide; nothing if there is no room for a letter or two. */
static void put_label(struct drawing *d, const char *text, double x, double width, size_t y)
{
	double columns = (width - 6) / COLUMN;

	if (columns < 3)
		return;
	buf_printf(d->out, "<text x=\"%.1f\" y=\"%zu\">", x + 3, y + ROW - 5);
	put_xml(d, text, (size_t)columns);
	buf_puts(d->out, "</text>");
}

/* The frame at @p level of the stacks from d->begin[level] up to @p end. */
static void put_frame(struct drawing *d, const struct pycore_frame *f, size_t level, size_t end)
{
	size_t n = end - d->begin[level], y = HEADER + (d->levels - 1 - level) * ROW;
	double x = x_of(d, d->begin[level]), width = x_of(d, end) - x;

	d->text.len = 0;
	flame_text(f, &d->text);
	if (d->text.failed)
		return;
	buf_puts(d->out, "<g><title>");
	put_xml(d, d->text.text, 0);
	buf_printf(d->out, ", %zu thread%s, %.1f %%</title>", n, n == 1 ? "" : "s",
		   100.0 * (double)n / (double)d->flame.total);
	buf_printf(d->out, "<rect x=\"%.2f\" y=\"%zu\" width=\"%.2f\" height=\"%d\" fill=\"", x, y,
		   width, ROW - 1);
	put_color(d->out, f);
	buf_puts(d->out, "\"/>");
	put_label(d, d->text.text, x, width, y);
	buf_puts(d->out, "</g>\n");
}

/* Neighbours that begin alike share boxes up to where they part. */
static void put_frames(struct drawing *d)
{
	size_t at = 0, open = 0;

	for (size_t i = 0; i < d->flame.n; i++) {
		const struct flame_stack *stack = &d->flame.stacks[i];
		bool last = i + 1 == d->flame.n;
		size_t common = last ? 0 : flame_common(stack->thread, stack[1].thread);

		for (; open < drawn_depth(stack->thread); open++)
			d->begin[open] = at;
		at += stack->n;
		for (; open > common; open--)
			put_frame(d, flame_frame(stack->thread, open - 1), open - 1, at);
	}
}

static void put_header(struct drawing *d, size_t height)
{
	char ms[NUMBER_ROOM];

	buf_printf(d->out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" "
		   "viewBox=\"0 0 %d %zu\" font-family=\"monospace\" font-size=\"12\">\n"
		   "<style>g:hover rect{stroke:#000}</style>\n"
		   "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff8f0\"/>\n"
		   "<text x=\"%d\" y=\"24\" font-size=\"15\">",
		   WIDTH, height, WIDTH, height, MARGIN);
	buf_printf(d->out, "%zu thread%s with Python frames, %zu different stack%s",
		   d->flame.total, d->flame.total == 1 ? "" : "s", d->flame.n,
		   d->flame.n == 1 ? "" : "s");
	if (d->r->info.path) {
		buf_puts(d->out, ", ");
		put_xml(d, d->r->info.path, 60);
	} else if (d->r->info.pid) {
		buf_printf(d->out, ", process %" PRIu64, d->r->info.pid);
	}
	if (d->r->stopped_ms > 0)
		buf_printf(d->out, ", stopped for %s", number_ms(ms, d->r->stopped_ms));
	if (d->cut)
		buf_printf(d->out, "; the outermost %d frames of each", MOST_LEVELS);
	buf_puts(d->out, "</text>\n");
}

void bt_svg(const struct report *r, struct buf *out)
{
	struct drawing *d = calloc(1, sizeof(*d));

	if (!d) {
		out->failed = true;
		return;
	}
	d->r = r;
	d->out = out;
	d->flame = flame_make(&r->threads);
	measure(d);
	put_header(d, HEADER + d->levels * ROW + MARGIN);
	put_frames(d);
	buf_puts(out, "</svg>\n");
	out->failed |= d->flame.failed || d->text.failed || d->shown.failed;
	buf_free(&d->text);
	buf_free(&d->shown);
	flame_free(&d->flame);
	free(d);
}
