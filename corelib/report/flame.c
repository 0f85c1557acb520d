/* SPDX-License-Identifier: MIT */
#include "report/flame.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

size_t flame_depth(const struct pycore_thread *t)
{
	return t->n_frames + !t->complete;
}

const struct pycore_frame *flame_frame(const struct pycore_thread *t, size_t level)
{
	if (!t->complete && !level)
		return NULL;
	return &t->frames[flame_depth(t) - 1 - level];
}

const char *flame_function(const struct pycore_frame *f)
{
	if (!f)
		return "(not readable)";
	return f->qualname ? f->qualname : f->function;
}

int flame_compare(const struct pycore_frame *a, const struct pycore_frame *b)
{
	int order;

	if (!a || !b)
		return !b - !a;
	order = strcmp(flame_function(a), flame_function(b));
	if (!order)
		order = strcmp(a->file, b->file);
	return order ? order : (a->line > b->line) - (a->line < b->line);
}

size_t flame_common(const struct pycore_thread *a, const struct pycore_thread *b)
{
	size_t n = 0, most = flame_depth(a) < flame_depth(b) ? flame_depth(a) : flame_depth(b);

	while (n < most && !flame_compare(flame_frame(a, n), flame_frame(b, n)))
		n++;
	return n;
}

void flame_text(const struct pycore_frame *f, struct buf *out)
{
	buf_puts(out, flame_function(f));
	if (!f)
		return;
	buf_printf(out, " (%s", f->file);
	if (f->line > 0)
		buf_printf(out, ":%" PRId32, f->line);
	buf_putc(out, ')');
}

static int by_frames(const void *left, const void *right)
{
	const struct pycore_thread *a = ((const struct flame_stack *)left)->thread;
	const struct pycore_thread *b = ((const struct flame_stack *)right)->thread;
	size_t n = flame_common(a, b);

	if (n < flame_depth(a) && n < flame_depth(b))
		return flame_compare(flame_frame(a, n), flame_frame(b, n));
	return (flame_depth(a) > flame_depth(b)) - (flame_depth(a) < flame_depth(b));
}

struct flame flame_make(const struct thread_rows *rows)
{
	struct flame flame = { .stacks = calloc(rows->n ? rows->n : 1, sizeof(*flame.stacks)) };
	size_t kept = 0;

	if (!flame.stacks) {
		flame.failed = true;
		return flame;
	}
	for (size_t i = 0; i < rows->n; i++) {
		if (rows->rows[i]->n_frames)
			flame.stacks[flame.total++] = (struct flame_stack){ rows->rows[i], 1 };
	}
	qsort(flame.stacks, flame.total, sizeof(*flame.stacks), by_frames);
	for (size_t i = 0; i < flame.total; i++) {
		if (kept && !by_frames(&flame.stacks[kept - 1], &flame.stacks[i]))
			flame.stacks[kept - 1].n++;
		else
			flame.stacks[kept++] = flame.stacks[i];
	}
	flame.n = kept;
	return flame;
}

void flame_free(struct flame *flame)
{
	free(flame->stacks);
	*flame = (struct flame){ 0 };
}
