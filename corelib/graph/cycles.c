/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/error.h"
#include "base/search.h"
#include "graph/audit.h"

/*
 * Strongly connected components of garbage, by Tarjan's method without recursion: objects
 * of garbage get places in a list of their own, and all arrays are by that.
 */
#define MOST_MRO 256

struct tarjan {
	const struct whole *w;
	const struct ctx *c;
	VEC(uint32_t) objects; /* by place */
	uint32_t *low;         /* by place: 0: not visited; UINT32_MAX: its component is made */
	uint32_t *parent, *cursor;
	uint32_t *stack;       /* places that are in no component yet */
	uint32_t depth, visited;
	uint8_t *finalizers;   /* by type: 0: not known, 1: none, 2: it has a __del__ */
	struct audit *out;
};

static bool has_del(const struct ctx *c, uint64_t type)
{
	uint64_t mro, n, base, dict;

	if (!LOAD(c->l, c->r, type, PyTypeObject, tp_mro, &mro) || !mro ||
	    !LOAD(c->l, c->r, mro, PyVarObject, ob_size, &n))
		return false;
	for (uint64_t i = 0; i < n && i < MOST_MRO; i++) {
		if (!reader_u64(c->r, mro + L(c->l, PyTupleObject, ob_item) + 8 * i, &base))
			return false;
		/* Of static types it is not there, or NULL: none of them has one in Python. */
		if (LOAD(c->l, c->r, base, PyTypeObject, tp_dict, &dict) && dict &&
		    value_dict_get(c, dict, "__del__"))
			return true;
	}
	return false;
}

static bool has_finalizer(struct tarjan *t, uint32_t object)
{
	uint32_t type = t->w->objects.type[object];

	if (!t->finalizers[type])
		t->finalizers[type] = has_del(t->c, t->w->types.items[type].address) ? 2 : 1;
	return t->finalizers[type] == 2;
}

/* The place of a garbage object, UINT32_MAX: it is none. Objects are in order. */
static uint32_t place_of(const struct tarjan *t, uint32_t object)
{
	size_t at = COUNT_BEFORE(t->objects.n, i, t->objects.items[i] < object);

	return at < t->objects.n && t->objects.items[at] == object ? (uint32_t)at : UINT32_MAX;
}

static void add_member(struct tarjan *t, uint32_t object, struct audit_cycle *cycle)
{
	cycle->objects++;
	cycle->bytes += whole_bytes(t->w, object);
	if (object < cycle->first && !(t->w->objects.flags[object] & OBJECT_PART))
		cycle->first = object;
	if (!has_finalizer(t, object))
		return;
	cycle->finalizers++;
	if (object < cycle->finalizer)
		cycle->finalizer = object;
}

static bool refers_to_itself(const struct whole *w, uint32_t object)
{
	const struct links *f = &w->objects.forward;

	for (uint32_t i = f->start[object]; i < f->start[object + 1]; i++) {
		if (f->to[i] == object)
			return true;
	}
	return false;
}

static int component(struct tarjan *t, uint32_t root)
{
	struct audit_cycle cycle = { .first = WHOLE_NONE, .finalizer = WHOLE_NONE };
	uint32_t place;

	do {
		place = t->stack[--t->depth];
		t->low[place] = UINT32_MAX;
		add_member(t, t->objects.items[place], &cycle);
	} while (place != root);
	if (cycle.first == WHOLE_NONE)
		cycle.first = t->objects.items[root];
	if (cycle.objects == 1 && !refers_to_itself(t->w, cycle.first))
		return 0;
	return vec_push(&t->out->cycles, cycle) ? 0 : PYCORE_ERR_NOMEM;
}

static void enter(struct tarjan *t, uint32_t place, uint32_t parent, uint32_t *number)
{
	number[place] = t->low[place] = ++t->visited;
	t->parent[place] = parent;
	t->cursor[place] = t->w->objects.forward.start[t->objects.items[place]];
	t->stack[t->depth++] = place;
}

static int visit(struct tarjan *t, uint32_t place, uint32_t *number)
{
	const struct links *f = &t->w->objects.forward;

	enter(t, place, UINT32_MAX, number);
	while (place != UINT32_MAX) {
		uint32_t up = t->parent[place];

		if (t->cursor[place] < f->start[t->objects.items[place] + 1]) {
			uint32_t to = place_of(t, f->to[t->cursor[place]++]);

			if (to == UINT32_MAX || t->low[to] == UINT32_MAX)
				continue;
			if (!number[to]) {
				enter(t, to, place, number);
				place = to;
			} else if (number[to] < t->low[place]) {
				t->low[place] = number[to];
			}
			continue;
		}
		if (up != UINT32_MAX && t->low[place] < t->low[up])
			t->low[up] = t->low[place];
		if (t->low[place] == number[place] && component(t, place))
			return PYCORE_ERR_NOMEM;
		place = up;
	}
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const struct audit_cycle *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return (x->first > y->first) - (x->first < y->first);
}

static int find(struct tarjan *t)
{
	size_t n = t->objects.n;
	uint32_t *number = calloc(n + 1, sizeof(*number));
	int rc = 0;

	t->low = calloc(n + 1, sizeof(*t->low));
	t->parent = calloc(n + 1, sizeof(*t->parent));
	t->cursor = calloc(n + 1, sizeof(*t->cursor));
	t->stack = calloc(n + 1, sizeof(*t->stack));
	t->finalizers = calloc(t->w->types.n + 1, sizeof(*t->finalizers));
	if (!number || !t->low || !t->parent || !t->cursor || !t->stack || !t->finalizers)
		rc = PYCORE_ERR_NOMEM;
	for (uint32_t place = 0; place < n && !rc; place++) {
		if (!number[place])
			rc = visit(t, place, number);
	}
	free(number);
	free(t->low);
	free(t->parent);
	free(t->cursor);
	free(t->stack);
	free(t->finalizers);
	if (!rc && t->out->cycles.n)
		qsort(t->out->cycles.items, t->out->cycles.n, sizeof(*t->out->cycles.items),
		      by_size);
	return rc;
}

int audit_cycles(const struct whole *w, const struct ctx *c, struct audit *out)
{
	struct tarjan t = { .w = w, .c = c, .out = out };
	int rc = 0;

	for (uint32_t i = 0; i < w->n && !rc; i++) {
		if (whole_phase(w, i) == PHASES && !vec_push(&t.objects, i))
			rc = PYCORE_ERR_NOMEM;
	}
	if (!rc)
		rc = find(&t);
	vec_free(&t.objects);
	return rc;
}
