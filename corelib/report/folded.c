/* SPDX-License-Identifier: MIT */
#include "report/escape.h"
#include "report/flame.h"
#include "report/report.h"

/* A semicolon ends a frame, a newline a stack: neither may be in a name. */
static void put_frame(const struct pycore_frame *f, struct buf *scratch, struct buf *out)
{
	size_t begin = out->len;

	scratch->len = 0;
	flame_text(f, scratch);
	escape_text(out, scratch->failed ? "?" : scratch->text, 0);
	for (size_t i = begin; !out->failed && i < out->len; i++) {
		if (out->text[i] == ';')
			out->text[i] = ',';
	}
}

void bt_folded(const struct report *r, struct buf *out)
{
	struct flame flame = flame_make(&r->threads);
	struct buf scratch = { 0 };

	for (size_t i = 0; i < flame.n; i++) {
		const struct pycore_thread *t = flame.stacks[i].thread;

		for (size_t level = 0; level < flame_depth(t); level++) {
			if (level)
				buf_putc(out, ';');
			put_frame(flame_frame(t, level), &scratch, out);
		}
		buf_printf(out, " %zu\n", flame.stacks[i].n);
	}
	out->failed |= flame.failed | scratch.failed;
	buf_free(&scratch);
	flame_free(&flame);
}
