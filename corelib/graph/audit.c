/* SPDX-License-Identifier: MIT */
#include "graph/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "object/behind.h"
#include "object/text.h"

/*
 * Static objects may have been given a count that no program comes near to, for immortality's
 * sake, from which it is counted up and down: _PyObject_IMMORTAL_REFCNT, 999999999 (3.11).
 */
#define STATIC_COUNT 500000000

/* What deferred counting adds to a count is far more than there can be references. */
#define MOST_COUNT (INT64_C(1) << 48)
#define GC_DEFERRED 64u
#define LEAST_ADDRESS 65536

static inline void mark_held(struct missing *m, uint32_t object)
{
	m->held[object >> 6] |= UINT64_C(1) << (object & 63);
}

void missing_take(struct missing *m, uint32_t object)
{
	mark_held(m, object);
	if (m->of[object])
		m->of[object]--;
}

bool missing_is_str(const struct missing *m, uint32_t object)
{
	return !strcmp(m->w->types.items[m->w->objects.type[object]].name, "str");
}

/* Of some objects a free-threaded build does not count all references: _PyGC_BITS_DEFERRED. */
static bool is_deferred(const struct ctx *c, uint64_t address)
{
	uint64_t bits;

	return HAS(c->l, PyObject, ob_gc_bits) &&
	       PROBE(c->l, c->r, address, PyObject, ob_gc_bits, &bits) && bits & GC_DEFERRED;
}

/*
 * A table of addresses in C may look like an object, if programs lie where addresses are
 * small: PyDateTime_CAPI begins with those of two types.
 */
static bool is_table(const struct missing *m, int64_t count)
{
	return count > LEAST_ADDRESS && index_has(&m->h->index, (uint64_t)count);
}

/* The table of interned strings, a dict, has each as key and value: the count leaves both out. */
int64_t missing_counted(struct missing *m, uint32_t object)
{
	const struct whole *w = m->w;
	uint64_t address = w->source.address(w->source.arg, object);
	struct text text;
	int64_t count;

	if (w->source.refcount(w->source.arg, object, &count))
		return -1;
	if (count < 0 || count > MOST_COUNT || is_deferred(m->c, address) || is_table(m, count) ||
	    (w->objects.flags[object] & OBJECT_STATIC && count > STATIC_COUNT))
		return 0;
	if (missing_is_str(m, object) && !text_at(m->c->l, m->c->r, address, &text) && text.interned)
		count += 2;
	/* One reference keeps what is nobody's to free. */
	if (w->objects.flags[object] & OBJECT_STATIC)
		count -= count > 0;
	return count;
}

static void count_found(struct missing *m)
{
	const struct links *f = &m->w->objects.forward;
	uint32_t end = f->start[m->w->n];

	for (uint32_t i = 0; i < end; i++)
		missing_take(m, f->to[i]);
}

void missing_take_roots(struct missing *m)
{
	bool objects = FACT(m->c->l, FRAME_CHAIN) == FRAME_OBJECTS;
	bool loops = HAS(m->c->l, _PyThreadStateImpl, asyncio_running_loop);

	for (size_t i = 0; i < m->w->roots.n; i++) {
		const struct whole_root *root = &m->w->roots.items[i];

		switch (root->kind) {
		case ROOT_LOCAL:
		case ROOT_FRAME:
		case ROOT_STACK:
			/* A frame that is an object has its references among those found. */
			if (!objects || root->itself || root->kind == ROOT_STACK)
				missing_take(m, root->object);
			break;
		case ROOT_ASYNCIO:
			/* Else it is the thread's dict that refers to it. */
			if (loops)
				missing_take(m, root->object);
			break;
		case ROOT_THREAD:
		case ROOT_INTERPRETER:
		case ROOT_INTERNED:
			missing_take(m, root->object);
			break;
		default:
			break;
		}
	}
}

/* Words that are edges of the graph already. */
static int list_told(struct missing *m)
{
	const struct behind *b = m->c->behind;

	for (size_t i = 0; b && i < b->edges.n; i++) {
		if (!map_put(&m->told, b->edges.items[i].at, NULL))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

static int find_excess(struct missing *m, struct audit *out)
{
	const struct whole *w = m->w;
	int rc;

	for (uint32_t i = 0; i < w->n; i++) {
		int64_t count = missing_counted(m, i);

		out->unread += count < 0;
		m->of[i] = count < 0 ? 0 : count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
	}
	count_found(m);
	missing_take_roots(m);
	rc = list_told(m);
	if (!rc)
		rc = missing_scan(m);
	for (uint32_t i = 0; i < w->n && !rc; i++) {
		struct audit_excess excess = { i, m->of[i], !(m->held[i >> 6] >> (i & 63) & 1) };

		if (m->of[i] && !vec_push(&out->excess, excess))
			rc = PYCORE_ERR_NOMEM;
	}
	return rc;
}

static int add_uncollectable(const struct whole *w, uint64_t list, struct audit *out)
{
	const struct links *f = &w->objects.forward;
	uint32_t object = list ? w->source.number(w->source.arg, list) : WHOLE_NONE;

	if (object == WHOLE_NONE)
		return 0;
	for (uint32_t i = f->start[object]; i < f->start[object + 1]; i++) {
		if (!vec_push(&out->uncollectable, f->to[i]))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

static uint64_t garbage_of(const struct ctx *c, uint64_t interp)
{
	uint64_t list;

	return runtime_load(c->l, c->r, interp, F_PyInterpreterState_gc_garbage, &list) ? list : 0;
}

/* To 3.6 only the module gc tells where it is, if anybody has imported that. */
static uint64_t garbage_of_module(const struct ctx *c, uint64_t interp)
{
	uint64_t dict = value_module_dict(c, interp, "gc");

	return dict ? value_dict_get(c, dict, "garbage") : 0;
}

/* gc.garbage is the interpreter's (from 3.9 on), or the runtime's (3.7, 3.8). */
static int find_uncollectable(const struct whole *w, const struct ctx *c, const struct heap *h,
			      struct audit *out)
{
	bool has = HAS(c->l, PyInterpreterState, gc_garbage);
	uint64_t list;
	int rc = 0;

	if (runtime_load(c->l, c->r, h->rt->address, F__PyRuntimeState_gc_garbage, &list))
		return add_uncollectable(w, list, out);
	for (size_t i = 0; i < h->interps->interps.n && !rc; i++) {
		uint64_t interp = h->interps->interps.items[i].address;

		rc = add_uncollectable(w, has ? garbage_of(c, interp) : garbage_of_module(c, interp),
				       out);
	}
	return rc;
}

int audit_run(const struct whole *w, const struct ctx *c, const struct heap *h, struct audit *out)
{
	struct missing m = { .w = w, .c = c, .h = h };
	int rc = PYCORE_ERR_NOMEM;

	*out = (struct audit){ .unread = 0 };
	m.of = calloc((size_t)w->n + 1, sizeof(*m.of));
	m.held = calloc(((size_t)w->n + 64) / 64, sizeof(*m.held));
	if (m.of && m.held)
		rc = find_excess(&m, out);
	free(m.of);
	free(m.held);
	map_free(&m.told);
	map_free(&m.owned);
	map_free(&m.seen);
	vec_free(&m.chunks);
	chunks_free(&m.in_use);
	if (!rc)
		rc = audit_cycles(w, c, out);
	return rc ? rc : find_uncollectable(w, c, h, out);
}

void audit_fini(struct audit *a)
{
	vec_free(&a->excess);
	vec_free(&a->cycles);
	vec_free(&a->uncollectable);
}
