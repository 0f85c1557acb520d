/* SPDX-License-Identifier: MIT */
#include "runtime/runtime.h"

#include <stdlib.h>

#include "base/map.h"

/*
 * Lists of interpreters and thread states. Both are newest first and end with
 * NULL; a link that leads where we have been, or nowhere, ends them early.
 */

enum {
	INTERPRETERS_MOST = 1 << 12,
	THREADS_MOST = 1 << 16,
	/* struct pthread of glibc on x86-64, the same from 2.31 (2020) to 2.43 at least */
	PTHREAD_SELF = 0x10,
	PTHREAD_TID = 0x2d0,
	PID_MOST = 1 << 22, /* the kernel's PID_MAX_LIMIT */
};

struct walk {
	const struct runtime *rt;
	const struct layout *l;
	struct reader *r;
	struct interpreters *out;
	struct map seen;
	bool no_memory;
};

/* Step onto @p at. @return whether it is a new place */
static bool step(struct walk *w, uint64_t at)
{
	bool added = false;

	if (!map_put(&w->seen, at, &added))
		w->no_memory = true;
	if (!added)
		w->out->complete = false;
	return added;
}

static bool load_flag(struct walk *w, uint64_t addr, unsigned field)
{
	uint64_t value;

	return runtime_load(w->l, w->r, addr, field, &value) && value;
}

/* Whether a list head is here: the first object's link leads back to it. */
static bool is_list_head(struct walk *w, uint64_t head)
{
	uint64_t next, back;

	return PROBE(w->l, w->r, head, PyGC_Head, gc_next, &next) && next &&
	       PROBE(w->l, w->r, next & ~UINT64_C(3), PyGC_Head, gc_prev, &back) &&
	       (back & ~UINT64_C(3)) == head;
}

/* The fields of the collector's state, of the struct that it is in. */
struct collector {
	uint16_t size, enabled, collecting, generations, generation0, permanent;
};

#define COLLECTOR(s)                                                                               \
	{                                                                                          \
		F_##s##_sizeof, F_##s##_gc_enabled, F_##s##_gc_collecting, F_##s##_gc_generations, \
		F_##s##_gc_generation0, F_##s##_gc_permanent_generation                            \
	}

/*
 * Where the collector's lists begin. The pointer is better than the place: some
 * builds of 3.13 have the lists 4 bytes lower. While a collection runs, links are
 * used for other things, so being within the struct is proof enough.
 */
static uint64_t generation0(struct walk *w, const struct collector *c, uint64_t holder)
{
	const struct field *fields = w->l->field;
	uint64_t at;

	if (runtime_probe(w->l, w->r, holder, c->generation0, &at) && at >= holder &&
	    at - holder < fields[c->size].offset)
		return at;
	if (!fields[c->generations].present)
		return 0;
	at = holder + fields[c->generations].offset;
	return is_list_head(w, at) ? at : 0;
}

static void read_collector(struct walk *w, const struct collector *c, uint64_t holder,
			   struct interpreter *i)
{
	const struct field *permanent = &w->l->field[c->permanent];

	i->gc_enabled = load_flag(w, holder, c->enabled);
	i->gc_collecting = load_flag(w, holder, c->collecting);
	/* Without heads there are no lists, though the struct still has room for them. */
	if (FACT(w->l, GC_HEAD) == GC_HEAD_NONE)
		return;
	i->gc_generation0 = generation0(w, c, holder);
	if (permanent->present)
		i->gc_permanent = holder + permanent->offset;
}

static bool static_flag(struct walk *w, uint64_t at, bool unknown)
{
	uint32_t value;
	const void *p = at ? reader_view(w->r, at, sizeof(value), &value) : NULL;

	if (!p)
		return unknown;
	if (p != &value)
		memcpy(&value, p, sizeof(value));
	return value != 0;
}

static void read_static_collector(struct walk *w, struct interpreter *i)
{
	const struct runtime_statics *statics = &w->rt->statics;
	uint64_t at;

	i->gc_unknown = !statics->gc_enabled || !statics->gc_collecting;
	i->gc_enabled = static_flag(w, statics->gc_enabled, true);
	i->gc_collecting = static_flag(w, statics->gc_collecting, false);
	if (statics->generation0 && reader_u64(w->r, statics->generation0, &at) &&
	    is_list_head(w, at))
		i->gc_generation0 = at;
}

/* To 3.8 one collector serves all interpreters: its lists are the first one's. */
static void share_collector(struct walk *w)
{
	static const struct collector in_runtime = COLLECTOR(_PyRuntimeState);
	struct interpreters *out = w->out;

	if (HAS(w->l, PyInterpreterState, gc) || !out->interps.n)
		return;
	if (HAS(w->l, _PyRuntimeState, gc))
		read_collector(w, &in_runtime, w->rt->address, &out->interps.items[0]);
	else
		read_static_collector(w, &out->interps.items[0]);
	for (size_t i = 1; i < out->interps.n; i++) {
		out->interps.items[i].gc_unknown = out->interps.items[0].gc_unknown;
		out->interps.items[i].gc_enabled = out->interps.items[0].gc_enabled;
		out->interps.items[i].gc_collecting = out->interps.items[0].gc_collecting;
	}
}

static void read_gil_of_runtime(struct walk *w, struct interpreter *i)
{
	uint64_t runtime = w->rt->address, locked, holder;

	if (!LOAD(w->l, w->r, runtime, _PyRuntimeState, gil_locked, &locked))
		return;
	i->gil = runtime;
	/* -1 before it was made. The last holder stays after it is given up. */
	i->gil_locked = (uint32_t)locked == 1;
	if (!i->gil_locked)
		return;
	/* A swap of thread states tells the current one, not the GIL. */
	if ((LOAD(w->l, w->r, runtime, _PyRuntimeState, tstate_current, &holder) && holder) ||
	    LOAD(w->l, w->r, runtime, _PyRuntimeState, gil_last_holder, &holder))
		i->gil_holder = holder;
}

static void read_gil_of_current(struct walk *w, struct interpreter *i)
{
	uint64_t at = w->rt->statics.current_thread;

	if (!at || !reader_u64(w->r, at, &i->gil_holder))
		return;
	i->gil = at;
	i->gil_locked = i->gil_holder != 0;
}

static void read_gil_by_pointer(struct walk *w, struct interpreter *i)
{
	uint64_t gil, locked, holder, enabled;

	if (!LOAD(w->l, w->r, i->address, PyInterpreterState, gil, &gil) || !gil)
		return;
	i->gil_disabled = LOAD(w->l, w->r, gil, _gil_runtime_state, enabled, &enabled) && !enabled;
	if (i->gil_disabled ||
	    !LOAD(w->l, w->r, gil, _gil_runtime_state, locked, &locked))
		return;
	i->gil = gil;
	i->gil_locked = (uint32_t)locked == 1;
	if (i->gil_locked && LOAD(w->l, w->r, gil, _gil_runtime_state, last_holder, &holder))
		i->gil_holder = holder;
}

static struct interpreter read_interpreter(struct walk *w, uint64_t at)
{
	static const struct collector in_interpreter = COLLECTOR(PyInterpreterState);
	struct interpreter i = { .address = at };
	uint64_t id;

	if (LOAD(w->l, w->r, at, PyInterpreterState, id, &id))
		i.id = (int64_t)id;
	i.finalizing = load_flag(w, at, F_PyInterpreterState_finalizing);
	if (HAS(w->l, PyInterpreterState, gc))
		read_collector(w, &in_interpreter, at, &i);
	switch (FACT(w->l, GIL)) {
	case GIL_CURRENT_THREAD:
		read_gil_of_current(w, &i);
		break;
	case GIL_IN_RUNTIME:
		read_gil_of_runtime(w, &i);
		break;
	default:
		read_gil_by_pointer(w, &i);
	}
	return i;
}

static void reverse_interpreters(struct interpreter *items, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct interpreter swap = items[i];

		items[i] = items[n - 1 - i];
		items[n - 1 - i] = swap;
	}
}

/* The main one, the last of its list, comes first; found without the list if need be. */
static void main_interpreter_first(struct walk *w)
{
	struct interpreters *out = w->out;
	uint64_t main_one;
	size_t at = 0;

	reverse_interpreters(out->interps.items, out->interps.n);
	if (!LOAD(w->l, w->r, w->rt->address, _PyRuntimeState, interpreters_main, &main_one) ||
	    !main_one)
		return;
	while (at < out->interps.n && out->interps.items[at].address != main_one)
		at++;
	if (at == out->interps.n) {
		out->complete = false;
		if (!vec_push(&out->interps, read_interpreter(w, main_one))) {
			w->no_memory = true;
			return;
		}
	}
	for (; at > 0; at--) {
		struct interpreter swap = out->interps.items[at];

		out->interps.items[at] = out->interps.items[at - 1];
		out->interps.items[at - 1] = swap;
	}
}

static void walk_interpreters(struct walk *w)
{
	struct interpreters *out = w->out;
	uint64_t at;

	if (!LOAD(w->l, w->r, w->rt->address, _PyRuntimeState, interpreters_head, &at)) {
		out->complete = false;
		at = 0;
	}
	while (at && step(w, at)) {
		struct interpreter i = read_interpreter(w, at);
		uint64_t next;

		if (!LOAD(w->l, w->r, at, PyInterpreterState, next, &next) ||
		    out->interps.n == INTERPRETERS_MOST) {
			out->complete = false;
			break;
		}
		if (!vec_push(&out->interps, i)) {
			w->no_memory = true;
			return;
		}
		at = next;
	}
	main_interpreter_first(w);
	/* Those that have no number of their own are numbered by age. */
	for (size_t i = 0; !HAS(w->l, PyInterpreterState, id) && i < out->interps.n; i++)
		out->interps.items[i].id = (int64_t)i;
	share_collector(w);
}

static bool is_native(const struct target *t, uint64_t tid)
{
	for (size_t i = 0; i < t->n_threads; i++)
		if (t->threads[i].tid == tid)
			return tid != 0;
	return false;
}

/* A pthread_t is the thread pointer of its thread, in glibc and musl alike. */
static uint64_t tid_of_pointer(const struct target *t, uint64_t ident)
{
	for (size_t i = 0; i < t->n_threads; i++)
		if (t->threads[i].fs_base == ident && ident)
			return t->threads[i].tid;
	return 0;
}

/* The kernel's thread id that glibc keeps in struct pthread; 0: it is not glibc's. */
static uint64_t tid_of_pthread(struct reader *r, uint64_t ident)
{
	uint32_t tid;
	uint64_t self;
	const void *p;

	if (!ident || ident > UINT64_MAX - PTHREAD_TID ||
	    !reader_probe_u64(r, ident + PTHREAD_SELF, &self) || self != ident)
		return 0;
	p = reader_probe(r, ident + PTHREAD_TID, sizeof(tid), &tid);
	if (!p)
		return 0;
	if (p != &tid)
		memcpy(&tid, p, sizeof(tid));
	return tid;
}

uint64_t runtime_own_pid(struct reader *r)
{
	const struct target *t = r->target;

	for (size_t i = 0; i < t->n_threads; i++) {
		uint64_t tid = t->threads[i].tid == t->process.pid
				       ? tid_of_pthread(r, t->threads[i].fs_base) : 0;

		if (tid && tid <= PID_MOST)
			return tid;
	}
	return 0;
}

/*
 * The kernel's id of a thread, as the target's own list of threads has it.
 * native_thread_id is of the target's PID namespace, which need not be ours, and
 * is stale after a fork (3.11); the thread pointer is of the thread that made the
 * thread state, which in a sub-interpreter may be another (to 3.12).
 */
static uint64_t find_tid(struct walk *w, const struct thread_state *ts)
{
	const struct target *t = w->r->target;
	uint64_t native = 0, by_pointer = tid_of_pointer(t, ts->ident), tid;

	if (HAS(w->l, PyThreadState, native_thread_id) &&
	    !LOAD(w->l, w->r, ts->address, PyThreadState, native_thread_id, &native))
		native = 0;
	if (ts->interpreter && is_native(t, native))
		return native;
	if (by_pointer)
		return by_pointer;
	if (is_native(t, native))
		return native;
	tid = tid_of_pthread(w->r, ts->ident);
	return tid ? tid : native;
}

/*
 * Threads that want the GIL when Python shuts down are ended where they stand (to 3.13).
 * Not told of sub-interpreters: a thread that made a state may be gone, and another use it.
 */
static bool has_ended(struct walk *w, const struct thread_state *ts)
{
	const struct target *t = w->r->target;

	for (size_t i = 0; i < t->n_threads; i++)
		if (!t->threads[i].fs_base || t->threads[i].fs_base == ts->ident ||
		    t->threads[i].tid == ts->tid)
			return false;
	return t->n_threads && ts->ident && !ts->interpreter && !ts->gil;
}

static void reverse_threads(struct thread_state *items, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct thread_state swap = items[i];

		items[i] = items[n - 1 - i];
		items[n - 1 - i] = swap;
	}
}

static uint8_t thread_activity(struct walk *w, uint64_t tstate)
{
	/* _Py_THREAD_DETACHED and so on; 4 and 5 are new in 3.15. */
	static const uint8_t activities[] = {
		THREAD_DETACHED, THREAD_ATTACHED, THREAD_SUSPENDED, THREAD_ENDING,
		THREAD_SUSPENDED, THREAD_DETACHED,
	};
	uint64_t state;

	if (!HAS(w->l, PyThreadState, state) ||
	    !LOAD(w->l, w->r, tstate, PyThreadState, state, &state) ||
	    state >= sizeof(activities))
		return THREAD_UNKNOWN;
	return activities[state];
}

static void walk_threads(struct walk *w, uint32_t interpreter)
{
	struct interpreters *out = w->out;
	const struct interpreter *i = &out->interps.items[interpreter];
	size_t first = out->threads.n;
	uint64_t at, back, next;

	if (!LOAD(w->l, w->r, i->address, PyInterpreterState, threads_head, &at)) {
		out->complete = false;
		return;
	}
	while (at && step(w, at)) {
		struct thread_state ts = { .address = at, .interpreter = interpreter };

		if (!LOAD(w->l, w->r, at, PyThreadState, interp, &back) || back != i->address ||
		    !LOAD(w->l, w->r, at, PyThreadState, next, &next) ||
		    out->threads.n == THREADS_MOST) {
			out->complete = false;
			break;
		}
		if (!LOAD(w->l, w->r, at, PyThreadState, thread_id, &ts.ident))
			ts.ident = 0;
		ts.tid = find_tid(w, &ts);
		ts.gil = i->gil_holder == at;
		ts.state = thread_activity(w, at);
		ts.ended = has_ended(w, &ts);
		if (!vec_push(&out->threads, ts)) {
			w->no_memory = true;
			return;
		}
		at = next;
	}
	if (out->threads.n > first)
		reverse_threads(out->threads.items + first, out->threads.n - first);
}

/* The main thread's state in the main interpreter comes first. */
static void main_thread_first(struct walk *w)
{
	struct thread_state *items = w->out->threads.items;
	uint64_t ident;
	size_t at = 0, n = 0;

	while (n < w->out->threads.n && !items[n].interpreter)
		n++;
	/* Where nothing tells, it is the oldest. */
	if (n && !HAS(w->l, _PyRuntimeState, main_thread))
		items[0].main = true;
	if (!n || !LOAD(w->l, w->r, w->rt->address, _PyRuntimeState, main_thread, &ident))
		return;
	while (at < n && items[at].ident != ident)
		at++;
	if (at == n)
		return;
	items[at].main = true;
	for (; at > 0; at--) {
		struct thread_state swap = items[at];

		items[at] = items[at - 1];
		items[at - 1] = swap;
	}
}

/* A holder that no list has is damage, or a thread state that is being made. */
static void forget_unknown_holders(struct walk *w)
{
	for (size_t i = 0; i < w->out->interps.n; i++) {
		struct interpreter *interp = &w->out->interps.items[i];

		if (!map_get(&w->seen, interp->gil_holder))
			interp->gil_holder = 0;
	}
}

int runtime_interpreters(const struct runtime *rt, struct reader *r, struct interpreters *out,
			 struct pycore_error *err)
{
	struct walk w = { .rt = rt, .l = &rt->layout, .r = r, .out = out };
	uint64_t value;

	interpreters_fini(out);
	out->complete = true;
	out->finalizing =
		(LOAD(w.l, r, rt->address, _PyRuntimeState, finalizing, &value) && value) ||
		(rt->statics.finalizing && reader_u64(r, rt->statics.finalizing, &value) && value);
	walk_interpreters(&w);
	for (size_t i = 0; i < out->interps.n && !w.no_memory; i++)
		walk_threads(&w, (uint32_t)i);
	if (!w.no_memory) {
		main_thread_first(&w);
		forget_unknown_holders(&w);
	}
	map_free(&w.seen);
	if (!w.no_memory)
		return 0;
	interpreters_fini(out);
	return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the list of threads");
}

void interpreters_fini(struct interpreters *list)
{
	vec_free(&list->interps);
	vec_free(&list->threads);
	list->finalizing = list->complete = false;
}
