/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/groups.h"
#include "report/number.h"
#include "report/report.h"
#include "report/style.h"

#define GROUPS_SHOWN 8
#define FRAMES_SHOWN 8
#define OTHER_TIDS 6

static void heading(const struct report *r, struct buf *out, const char *text)
{
	buf_putc(out, '\n');
	style_puts(out, r->o.color, STYLE_BOLD, text);
	buf_putc(out, '\n');
}

static void put_target(const struct report *r, struct buf *out)
{
	if (r->info.path)
		escape_shell(out, r->info.path);
	else
		buf_printf(out, "%" PRIu64, r->info.pid);
}

static void what_happened(const struct report *r, struct buf *out)
{
	const struct pycore_info *i = &r->info;
	struct buf signal = { 0 }, command = { 0 };
	const char *by = signal_text(r, &signal), *text = command_text(r, &command);

	buf_printf(out, "  Process %" PRIu64, i->pid);
	if (text) {
		buf_puts(out, " (");
		escape_text(out, text, 100);
		buf_putc(out, ')');
	}
	if (by) {
		buf_puts(out, " was ended by ");
		style_puts(out, r->o.color, STYLE_ALARM, by);
		if (i->signal_tid)
			buf_printf(out, " in thread %" PRIu64, i->signal_tid);
		buf_puts(out, ".\n");
	} else if (i->kind && !strcmp(i->kind, "core")) {
		buf_puts(out, " was alive: no signal ended it.\n");
	} else {
		buf_puts(out, " is alive.\n");
	}
	buf_puts(out, "  Python ");
	escape_text(out, i->python, 0);
	buf_puts(out, ", ");
	escape_text(out, i->build, 0);
	buf_puts(out, " build");
	if (!i->layout_verified) {
		buf_puts(out, ", read as ");
		escape_text(out, i->layout_table, 0);
	}
	if (i->n_interpreters > 1)
		buf_printf(out, "; %" PRIu64 " interpreters", i->n_interpreters);
	buf_puts(out, i->finalizing ? "; it was shutting down.\n" : ".\n");
	if (!i->gc_enabled)
		buf_puts(out, "  The cycle collector is switched off.\n");
	if (i->gc_collecting)
		buf_puts(out, "  The cycle collector was at work.\n");
	buf_free(&signal);
	buf_free(&command);
}

static void other_threads(const struct report *r, const struct stack_group *g, struct buf *out)
{
	size_t shown = 0;

	buf_printf(out, "  and %zu more with the same stack:", g->n - 1);
	for (size_t i = 0; i < r->threads.n && shown < OTHER_TIDS; i++) {
		const struct pycore_thread *t = r->threads.rows[i];

		if (t != g->first && stacks_equal(t, g->first))
			buf_printf(out, "%s %" PRIu64, shown++ ? "," : "", t->tid);
	}
	buf_puts(out, shown + 1 < g->n ? ", ...\n" : "\n");
}

static void write_groups(const struct report *r, const struct stack_groups *groups,
			 struct buf *out)
{
	for (size_t i = 0; i < groups->n && i < GROUPS_SHOWN; i++) {
		const struct stack_group *g = &groups->groups[i];

		buf_puts(out, "  ");
		thread_title(r, g->first, out);
		buf_putc(out, '\n');
		if (g->n > 1)
			other_threads(r, g, out);
		thread_frames(r, g->first, "  ", FRAMES_SHOWN, out);
		thread_exception(r, g->first, "  ", out);
	}
	if (groups->n > GROUPS_SHOWN)
		buf_printf(out, "  ... and %zu other stacks\n", groups->n - GROUPS_SHOWN);
}

static void where_threads_were(const struct report *r, struct buf *out)
{
	struct stack_groups groups = stack_groups_make(r->threads.rows, r->threads.n);

	buf_printf(out, "  %" PRIu64 " thread%s, %zu of them running Python\n",
		   r->info.n_threads, r->info.n_threads == 1 ? "" : "s", r->threads.matched);
	out->failed |= groups.failed;
	if (!groups.failed)
		write_groups(r, &groups, out);
	stack_groups_free(&groups);
}

static void what_fills_memory(const struct report *r, struct buf *out)
{
	char count[NUMBER_ROOM], bytes[NUMBER_ROOM];

	buf_printf(out, "  %s objects, %s\n", number_count(count, r->census->count),
		   number_bytes(bytes, r->census->bytes));
	types_text(r, "  ", false, out);
	buf_putc(out, '\n');
	blocks_text(r, "  ", out);
	buf_puts(out, r->retained ? "\n  single objects by what they alone keep alive\n"
				  : "\n  biggest single objects\n");
	top_text(r, "  ", false, out);
}

static void command(const struct report *r, struct buf *out, const char *name)
{
	style_begin(out, r->o.color, STYLE_NAME);
	if (r->o.in_gdb) {
		buf_printf(out, "      py-%s", name);
	} else {
		buf_printf(out, "      pycore %s ", name);
		put_target(r, out);
	}
}

static void end_command(const struct report *r, struct buf *out, const char *more)
{
	buf_puts(out, more);
	style_end(out, r->o.color);
	buf_putc(out, '\n');
}

static void refs_command(const struct report *r, const struct suspect *s, struct buf *out)
{
	if (r->o.in_gdb)
		buf_puts(out, "      py-refs");
	else
		command(r, out, "refs");
	if (s->type) {
		buf_puts(out, " --type ");
		escape_shell(out, s->type);
	} else {
		buf_printf(out, " --addr 0x%" PRIx64, s->address);
	}
	end_command(r, out, " --format svg -o refs.svg");
}

#define LINE_COLUMNS 96

/* Words in lines that are not too long, each behind two blanks. */
static void put_wrapped(struct buf *out, const char *text)
{
	struct buf words = { 0 };
	size_t column = 0;

	escape_text(&words, text, 0);
	for (const char *at = words.text ? words.text : ""; *at;) {
		size_t n = strcspn(at, " ");

		if (column && column + 1 + n > LINE_COLUMNS) {
			buf_putc(out, '\n');
			column = 0;
		}
		buf_puts(out, column ? " " : "  ");
		buf_add(out, at, n);
		column += n + 1;
		at += n + (at[n] == ' ');
	}
	out->failed |= words.failed;
	buf_free(&words);
}

static void what_next(const struct report *r, struct buf *out)
{
	for (const struct suspect *s = r->suspects; s; s = s->next) {
		put_wrapped(out, s->text);
		if (!s->found)
			buf_puts(out, s->type ? "; what keeps them:" : "; what keeps it:");
		buf_putc(out, '\n');
		refs_command(r, s, out);
	}
	if (r->found && !r->suspects)
		buf_printf(out, "  no object and no group of one type keeps %" PRIu32
			   " %% of the bytes alive\n", r->found->percent);
	if (r->stacks) {
		buf_puts(out, "  every stack in full:\n");
		command(r, out, "bt");
		end_command(r, out, r->o.in_gdb ? " --all"
				    : r->threads.matched > DEFAULT_ROWS ? " --limit 0"
									: "");
	}
	if (r->census) {
		buf_puts(out, "  every type:\n");
		command(r, out, "objects");
		end_command(r, out, " --limit 0");
	}
}

static size_t files_missing(const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->info.n_files; i++) {
		if (strcmp(r->info.files[i].found, "yes"))
			n++;
	}
	return n;
}

static void how_complete(const struct report *r, struct buf *out)
{
	char share[NUMBER_ROOM], mapped[NUMBER_ROOM];
	size_t missing = files_missing(r);
	const char *line;

	buf_printf(out, "  %s of the %s that were mapped could be read.\n",
		   number_share(share, r->info.bytes_readable, r->info.bytes_mapped),
		   number_bytes(mapped, r->info.bytes_mapped));
	if (missing) {
		buf_printf(out,
			   "  %zu of %zu mapped files were not found or have changed since:\n",
			   missing, r->info.n_files);
		command(r, out, "info");
		end_command(r, out, "");
	}
	for (size_t i = 0; (line = pycore_warning(r->session, i)); i++) {
		buf_puts(out, "  ! ");
		escape_text(out, line, 0);
		buf_putc(out, '\n');
	}
}

void analyze_text(const struct report *r, struct buf *out)
{
	style_puts(out, r->o.color, STYLE_BOLD, "What happened");
	buf_putc(out, '\n');
	what_happened(r, out);
	if (r->stacks) {
		heading(r, out, "Where the threads were");
		where_threads_were(r, out);
	}
	if (r->census) {
		heading(r, out, "What fills memory");
		what_fills_memory(r, out);
	}
	if (r->savings) {
		heading(r, out, "What could be done without");
		savings_text(r, out);
		heading(r, out, "The biggest buffers");
		buffers_text(r, out);
	}
	heading(r, out, "What to look at next");
	what_next(r, out);
	heading(r, out, "How much could be read");
	how_complete(r, out);
}
