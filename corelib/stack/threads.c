/* SPDX-License-Identifier: MIT */
#include "stack/stack.h"

#include <stdlib.h>
#include <string.h>

#include "stack/exception.h"
#include "stack/lines.h"
#include "stack/names.h"

#define LONGEST_NAME 500
#define LONGEST_PATH 4096
#define MOST_TEXT ((size_t)64 << 20) /* of names and paths in all: a million of either */

/* Of local variables: what a page shows, and what memory must suffice for. */
#define LONGEST_VALUE 200
#define VALUE_DEPTH 2
#define MOST_IN_FRAME 1000
#define MOST_LOCALS 500000

/* What the frames of one code object share. */
struct code_text {
	const char *function, *qualname, *file;
	struct line_table lines;
	bool has_lines;
	int64_t lasti; /* last asked for, and its line: recursion asks the same again */
	int32_t line;
};

struct reading {
	const struct ctx *c;
	const struct interpreters *interps;
	const struct target *t;
	struct arena *a;
	struct map codes; /* address -> struct code_text * */
	struct map texts; /* address of a str -> its text, which many code objects share */
	size_t text_bytes;
	struct thread_names *names; /* by interpreter */
	bool no_memory;
	VEC(struct pycore_frame) frames;
	enum stack_locals want;
	VEC(struct pycore_local) locals; /* of one frame */
	struct map values;  /* address -> its repr, for what many frames have */
	uint64_t n_locals, left_out;
};

static const char *text_of(struct reading *w, uint64_t code, unsigned field, size_t most)
{
	uint64_t address, *known;
	char *text;

	if (!runtime_load(w->c->l, w->c->r, code, field, &address) || !address)
		return NULL;
	known = map_put(&w->texts, address, NULL);
	if (!known || *known || w->text_bytes > MOST_TEXT)
		return known ? (const char *)(uintptr_t)*known : NULL;
	text = value_strdup(w->c, address, w->a, most);
	if (text)
		w->text_bytes += strlen(text) + 1;
	*known = (uintptr_t)text;
	return text;
}

static struct code_text *code_text_of(struct reading *w, uint64_t code)
{
	uint64_t *known = map_put(&w->codes, code, NULL);
	struct code_text *text;

	if (!known)
		return NULL;
	if (*known)
		return (struct code_text *)(uintptr_t)*known;
	text = arena_alloc(w->a, sizeof(*text));
	if (!text)
		return NULL;
	*known = (uintptr_t)text;
	text->function = text_of(w, code, F_PyCodeObject_co_name, LONGEST_NAME);
	text->qualname = text_of(w, code, F_PyCodeObject_co_qualname, LONGEST_NAME);
	text->file = text_of(w, code, F_PyCodeObject_co_filename, LONGEST_PATH);
	text->has_lines = line_table_of(w->c, code, &text->lines);
	text->lasti = INT64_MIN;
	return text;
}

static int32_t line_of(struct reading *w, struct code_text *text, int64_t lasti)
{
	if (text->has_lines && text->lasti != lasti) {
		text->lasti = lasti;
		text->line = line_table_find(&text->lines, w->c->r, lasti);
	}
	return text->line;
}

static const char *value_of(struct reading *w, uint64_t address)
{
	uint64_t *known = map_put(&w->values, address, NULL);
	struct buf text = { 0 };

	if (known && !*known && value_repr(w->c, address, &text, VALUE_DEPTH, LONGEST_VALUE) >= 0 &&
	    !text.failed && text.text)
		*known = (uintptr_t)arena_strndup(w->a, text.text, text.len);
	buf_free(&text);
	return known ? (const char *)(uintptr_t)*known : NULL;
}

static int add_local(void *arg, uint64_t name, uint64_t value)
{
	struct reading *w = arg;
	struct pycore_local local = { .name = value_strdup(w->c, name, w->a, LONGEST_NAME) };
	struct object o;

	if (w->locals.n == MOST_IN_FRAME || w->n_locals == MOST_LOCALS) {
		w->left_out++;
		return 1;
	}
	/* Keys of a namespace that are no names. */
	if (!local.name)
		return 0;
	local.type = object_at(w->c, value, &o) < 0 ? "?" : o.type->name;
	if (w->want == STACK_LOCAL_VALUES)
		local.value = value_of(w, value);
	w->n_locals++;
	if (vec_push(&w->locals, local))
		return 0;
	w->no_memory = true;
	return 1;
}

static void read_locals(struct reading *w, const struct stack_frame *frame,
			struct pycore_frame *out)
{
	struct pycore_local *locals;

	w->locals.n = 0;
	stack_frame_locals(w->c, frame, add_local, w);
	locals = arena_array(w->a, w->locals.n ? w->locals.n : 1, sizeof(*locals));
	if (!locals) {
		w->no_memory = true;
		return;
	}
	if (w->locals.n)
		memcpy(locals, w->locals.items, w->locals.n * sizeof(*locals));
	out->locals = locals;
	out->n_locals = w->locals.n;
}

static int add_frame(void *arg, const struct stack_frame *frame)
{
	struct reading *w = arg;
	struct code_text *text = code_text_of(w, frame->code);
	struct pycore_frame out = { .address = frame->address };

	if (!text) {
		w->no_memory = true;
		return 1;
	}
	out.function = text->function ? text->function : "?";
	out.qualname = text->qualname;
	out.file = text->file ? text->file : "?";
	out.line = line_of(w, text, frame->lasti);
	if (w->want != STACK_NO_LOCALS)
		read_locals(w, frame, &out);
	if (!vec_push(&w->frames, out))
		w->no_memory = true;
	return w->no_memory;
}

/* Where there is no GIL, any number of threads may run at a time. */
static const char *free_state_of(const struct interpreter *interp, const struct thread_state *ts)
{
	switch (ts->state) {
	case THREAD_ATTACHED:
		/* All others have been stopped meanwhile. */
		if (interp->gc_collecting)
			return "collecting garbage";
		return interp->finalizing ? "shutting down" : "running";
	case THREAD_SUSPENDED:
		return "stopped by another thread";
	case THREAD_DETACHED:
		return "waiting";
	case THREAD_ENDING:
		return "ending";
	default:
		return NULL;
	}
}

static const char *state_of(const struct interpreter *interp, const struct thread_state *ts)
{
	if (ts->ended)
		return "ended";
	if (interp->gil_disabled)
		return free_state_of(interp, ts);
	if (!interp->gil)
		return NULL;
	if (!ts->gil)
		return "waiting";
	if (interp->gc_collecting)
		return "collecting garbage";
	return interp->finalizing ? "shutting down" : "holds GIL";
}

static void read_frames(struct reading *w, uint32_t number, struct pycore_thread *out)
{
	struct pycore_frame *frames;

	w->frames.n = 0;
	out->complete = !stack_each_frame(w->c, w->interps, number, add_frame, w);
	frames = arena_array(w->a, w->frames.n, sizeof(*frames));
	if (!frames) {
		w->no_memory = true;
		return;
	}
	if (w->frames.n)
		memcpy(frames, w->frames.items, w->frames.n * sizeof(*frames));
	out->frames = frames;
	out->n_frames = w->frames.n;
}

static void read_thread(struct reading *w, uint32_t number, struct pycore_thread *out)
{
	const struct thread_state *ts = &w->interps->threads.items[number];
	const struct interpreter *interp = &w->interps->interps.items[ts->interpreter];

	out->tid = ts->tid;
	out->ident = ts->ident;
	out->tstate = ts->address;
	out->interpreter = interp->id;
	out->main = ts->main;
	out->gil = ts->gil;
	out->signal = ts->tid && ts->tid == w->t->process.signal_tid;
	out->state = state_of(interp, ts);
	out->name = thread_names_get(&w->names[ts->interpreter], w->c, ts->ident, w->a);
	stack_exception(w->c, ts->address, w->a, &out->exception_type, &out->exception_message);
	read_frames(w, number, out);
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_id(const void *left, const void *right)
{
	const struct pycore_thread *a = left, *b = right;
	int order = (a->interpreter > b->interpreter) - (a->interpreter < b->interpreter);

	if (!order)
		order = b->main - a->main;
	if (!order)
		order = compare(a->tid, b->tid);
	return order ? order : compare(a->ident, b->ident);
}

static int read_all(struct reading *w, struct pycore_stacks *out)
{
	size_t n = w->interps->threads.n;
	struct pycore_thread *threads = arena_array(w->a, n, sizeof(*threads));

	if (!threads)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < w->interps->interps.n; i++)
		thread_names_read(&w->names[i], w->c, w->interps->interps.items[i].address);
	for (size_t i = 0; i < n && !w->no_memory; i++)
		read_thread(w, (uint32_t)i, &threads[i]);
	if (n)
		qsort(threads, n, sizeof(*threads), by_id);
	out->threads = threads;
	out->n_threads = n;
	return w->no_memory ? PYCORE_ERR_NOMEM : 0;
}

int stack_read(const struct ctx *c, const struct interpreters *interps, const struct target *t,
	       enum stack_locals locals, struct arena *a, struct pycore_stacks *out,
	       uint64_t *left_out, struct pycore_error *err)
{
	struct reading w = { .c = c, .interps = interps, .t = t, .a = a, .want = locals };
	int rc = PYCORE_ERR_NOMEM;

	*out = (struct pycore_stacks){ 0 };
	w.names = calloc(interps->interps.n + 1, sizeof(*w.names));
	if (w.names)
		rc = read_all(&w, out);
	for (size_t i = 0; w.names && i < interps->interps.n; i++)
		thread_names_fini(&w.names[i]);
	free(w.names);
	map_free(&w.codes);
	map_free(&w.texts);
	map_free(&w.values);
	vec_free(&w.frames);
	vec_free(&w.locals);
	*left_out = w.left_out;
	return rc ? pycore_fail(err, rc, "no memory for the stacks") : 0;
}
