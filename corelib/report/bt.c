/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/escape.h"
#include "report/report.h"
#include "report/style.h"

static int bt_read(struct report *r)
{
	/* All: who looks for the thread that hangs wants every stack. */
	return read_threads(r, report_limit(r, SIZE_MAX));
}

static void add_fact(struct buf *out, bool *first, const char *fact)
{
	buf_puts(out, *first ? " (" : ", ");
	escape_text(out, fact, 0);
	*first = false;
}

static void thread_facts(const struct report *r, const struct pycore_thread *t, struct buf *out)
{
	bool first = true;
	char text[40];

	if (t->main)
		add_fact(out, &first, "main");
	if (t->interpreter) {
		snprintf(text, sizeof(text), "interpreter %" PRId64, t->interpreter);
		add_fact(out, &first, text);
	}
	if (t->gil)
		add_fact(out, &first, "holds GIL");
	if (t->state && !(t->gil && !strcmp(t->state, "holds GIL")))
		add_fact(out, &first, t->state);
	if (t->signal) {
		snprintf(text, sizeof(text), "took %s",
			 r->info.signal_name ? r->info.signal_name : "the signal");
		add_fact(out, &first, text);
	}
	if (!first)
		buf_putc(out, ')');
}

void thread_title(const struct report *r, const struct pycore_thread *t, struct buf *out)
{
	style_begin(out, r->o.color, STYLE_BOLD);
	if (t->tid)
		buf_printf(out, "Thread %" PRIu64, t->tid);
	else
		buf_printf(out, "Thread ? [0x%" PRIx64 "]", t->ident);
	if (t->name && !r->o.redact) {
		buf_puts(out, " \"");
		escape_text(out, t->name, 60);
		buf_putc(out, '"');
	}
	style_end(out, r->o.color);
	thread_facts(r, t, out);
}

static void frame_line(const struct report *r, const struct pycore_frame *f, const char *indent,
		       struct buf *out)
{
	buf_printf(out, "%s  File \"", indent);
	escape_text(out, f->file, 0);
	if (f->line > 0)
		buf_printf(out, "\", line %" PRId32 ", in ", f->line);
	else
		buf_puts(out, "\", line ?, in ");
	style_begin(out, r->o.color, STYLE_NAME);
	escape_text(out, f->qualname ? f->qualname : f->function, 0);
	style_end(out, r->o.color);
	buf_putc(out, '\n');
}

/* Lines are for reading: no wider than the terminal, where there is one. */
static void frame_locals(const struct report *r, const struct pycore_frame *f, const char *indent,
			 struct buf *out)
{
	for (size_t i = 0; i < f->n_locals; i++) {
		const struct pycore_local *local = &f->locals[i];
		bool value = local->value && !r->o.redact;
		size_t used = strlen(indent) + 6 + strlen(local->name) + 3;

		buf_printf(out, "%s      ", indent);
		style_begin(out, r->o.color, STYLE_DIM);
		escape_text(out, local->name, 0);
		buf_puts(out, value ? " = " : ": ");
		escape_text(out, value ? local->value : local->type,
			    r->o.width > used + 20 ? r->o.width - used : 0);
		style_end(out, r->o.color);
		buf_putc(out, '\n');
	}
}

void thread_frames(const struct report *r, const struct pycore_thread *t, const char *indent,
		   size_t most, struct buf *out)
{
	size_t n = t->n_frames < most ? t->n_frames : most;

	for (size_t i = 0; i < n; i++) {
		frame_line(r, &t->frames[i], indent, out);
		frame_locals(r, &t->frames[i], indent, out);
	}
	if (n < t->n_frames)
		buf_printf(out, "%s  ... %zu more\n", indent, t->n_frames - n);
	if (!t->complete)
		buf_printf(out, "%s  (%s of this stack could not be read)\n", indent,
			   t->n_frames ? "the rest" : "the frames");
	else if (!t->n_frames)
		buf_printf(out, "%s  (no Python frame)\n", indent);
}

void thread_exception(const struct report *r, const struct pycore_thread *t, const char *indent,
		      struct buf *out)
{
	if (!t->exception_type)
		return;
	buf_printf(out, "%s  ", indent);
	style_begin(out, r->o.color, STYLE_ALARM);
	escape_text(out, t->exception_type, 0);
	if (t->exception_message && *t->exception_message && !r->o.redact) {
		buf_puts(out, ": ");
		escape_text(out, t->exception_message, 400);
	}
	style_end(out, r->o.color);
	buf_putc(out, '\n');
}

static void bt_text(const struct report *r, struct buf *out)
{
	const struct thread_rows *threads = &r->threads;

	for (size_t i = 0; i < threads->n; i++) {
		if (i)
			buf_putc(out, '\n');
		thread_title(r, threads->rows[i], out);
		buf_putc(out, '\n');
		thread_frames(r, threads->rows[i], "", SIZE_MAX, out);
		thread_exception(r, threads->rows[i], "", out);
	}
	if (!threads->matched && r->o.tid)
		buf_printf(out, "Thread %" PRIu64 " runs no Python code\n", r->o.tid);
	else if (!threads->matched)
		buf_puts(out, "no thread runs Python code here\n");
	if (threads->n < threads->matched)
		buf_printf(out, "\n%zu more threads: --limit 0 shows all\n",
			   threads->matched - threads->n);
}

/* What has no value to show has its type in angle brackets. */
static json_t *local_json(const struct report *r, const struct pycore_local *local)
{
	struct buf text = { 0 };
	json_t *value;

	if (local->value && !r->o.redact)
		return json_text(local->value);
	buf_printf(&text, "<%s>", local->type);
	value = text.failed ? NULL : json_text(text.text);
	buf_free(&text);
	return value;
}

static json_t *locals_json(const struct report *r, const struct pycore_frame *f,
			   struct json_out *out)
{
	json_t *locals = json_object();

	for (size_t i = 0; i < f->n_locals; i++) {
		struct buf name = { 0 };

		escape_utf8(&name, f->locals[i].name);
		json_put(out, locals, name.text ? name.text : "", local_json(r, &f->locals[i]));
		out->failed |= name.failed;
		buf_free(&name);
	}
	return locals;
}

static json_t *frame_json(const struct report *r, const struct pycore_frame *f,
			  struct json_out *out)
{
	json_t *frame = json_object();

	json_put(out, frame, "function", json_text(f->function));
	json_put(out, frame, "qualname", json_text(f->qualname));
	json_put(out, frame, "file", json_text(f->file));
	json_put(out, frame, "line", f->line > 0 ? json_integer(f->line) : json_null());
	json_put(out, frame, "native", json_false());
	if (r->o.locals)
		json_put(out, frame, "locals", locals_json(r, f, out));
	return frame;
}

static json_t *exception_json(const struct report *r, const struct pycore_thread *t,
			      struct json_out *out)
{
	json_t *exception;

	if (!t->exception_type)
		return json_null();
	exception = json_object();
	json_put(out, exception, "type", json_text(t->exception_type));
	json_put(out, exception, "message", json_text(r->o.redact ? NULL : t->exception_message));
	return exception;
}

static json_t *thread_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_thread *t = r->threads.rows[i];
	json_t *thread = json_object(), *frames = json_array();

	json_put(out, thread, "tid", t->tid ? json_count(t->tid) : json_null());
	json_put(out, thread, "ident", json_address(t->ident));
	json_put(out, thread, "name", json_text(r->o.redact ? NULL : t->name));
	json_put(out, thread, "main", json_boolean(t->main));
	json_put(out, thread, "gil", json_boolean(t->gil));
	json_put(out, thread, "signal", json_boolean(t->signal));
	json_put(out, thread, "interpreter", json_integer(t->interpreter));
	json_put(out, thread, "state", json_text(t->state));
	json_put(out, thread, "complete", json_boolean(t->complete));
	json_put(out, thread, "exception", exception_json(r, t, out));
	for (size_t n = 0; n < t->n_frames; n++)
		json_push(out, frames, frame_json(r, &t->frames[n], out));
	json_put(out, thread, "frames", frames);
	return thread;
}

void bt_json(const struct report *r, struct json_out *out)
{
	json_list(out, "threads", r->threads.n, thread_json, r);
}

const struct report_kind report_bt = {
	.name = "bt",
	.read = bt_read,
	.text = bt_text,
	.json = bt_json,
	.folded = bt_folded,
	.speedscope = bt_speedscope,
	.svg = bt_svg,
};
