/* SPDX-License-Identifier: MIT */
#include "graph/reach.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/workers.h"

#define SLICE 65536u

static bool unreached(const struct reach *r, uint32_t object)
{
	return r->w->idom[object] == WHOLE_NONE && !r->w->place[object];
}

/* A root of the phase that begins, if nothing of an earlier one has reached it. */
static void hold(struct reach *r, uint32_t object, unsigned phase)
{
	if (!unreached(r, object))
		return;
	if (bit_test(r->inner, object))
		bit_set(r->held, object);
	else
		whole_set_top(r->w, object, phase);
}

/* Object number @p from refers to one that refers to nothing. */
static inline void meet_leaf(struct reach *r, uint32_t from, uint32_t leaf, uint32_t first)
{
	struct whole *w = r->w;
	uint32_t before = w->idom[leaf];

	if (before == WHOLE_NONE)
		w->idom[leaf] = from;
	else if (before != from && before != w->n && !bit_test(r->several, leaf) &&
		 w->place[before] >= first)
		bit_set(r->several, leaf);
}

static void tell(const struct reach *r)
{
	if (r->progress.fn)
		r->progress.fn(r->progress.ctx, "following references from the roots",
			       r->w->n_inner, r->most);
}

static uint32_t number(struct reach *r, uint32_t object, uint32_t parent)
{
	uint32_t place = ++r->w->n_inner;

	if (place % TOLD_EACH == 0)
		tell(r);
	r->w->place[object] = place;
	r->w->order[place] = object;
	r->parent[place] = parent;
	r->cursor[place] = r->w->objects.forward.start[object];
	return place;
}

/* The way back is in the tree itself: no stack is needed, however deep it is. */
static void follow(struct reach *r, uint32_t object, uint32_t first)
{
	const struct whole *w = r->w;
	const struct links *f = &w->objects.forward;
	uint32_t place;

	if (!bit_test(r->inner, object) || w->place[object])
		return;
	place = number(r, object, 0);
	while (place) {
		uint32_t at = r->cursor[place], end, to = 0;

		object = w->order[place];
		end = f->start[object + 1];
		for (; at < end; at++) {
			to = f->to[at];
			if (!bit_test(r->inner, to))
				meet_leaf(r, object, to, first);
			else if (!w->place[to])
				break;
		}
		if (at < end) {
			r->cursor[place] = at + 1;
			place = number(r, to, place);
		} else {
			place = r->parent[place];
		}
	}
}

static void run_phase(struct reach *r, unsigned phase)
{
	struct whole *w = r->w;
	uint32_t first = w->n_inner + 1;

	w->first_place[phase] = first;
	for (size_t i = 0; i < w->roots.n; i++) {
		if (root_phase(w->roots.items[i].kind) == phase)
			hold(r, w->roots.items[i].object, phase);
	}
	for (size_t i = 0; i < w->roots.n; i++) {
		if (root_phase(w->roots.items[i].kind) == phase)
			follow(r, w->roots.items[i].object, first);
	}
	w->first_place[phase + 1] = w->n_inner + 1;
}

/* How often what is not reached is referred to. */
struct count {
	const struct reach *r;
	_Atomic uint32_t *counts;
};

static void count_slice(void *ctx, size_t job, unsigned worker)
{
	const struct count *c = ctx;
	const struct links *f = &c->r->w->objects.forward;
	uint32_t n = f->start[c->r->w->n], from = (uint32_t)job * SLICE;
	uint32_t end = n - from < SLICE ? n : from + SLICE;

	for (uint32_t i = from; i < end; i++) {
		if (unreached(c->r, f->to[i]))
			atomic_fetch_add_explicit(&c->counts[f->to[i]], 1, memory_order_relaxed);
	}
}

static bool add_root(struct whole *w, uint32_t object, enum root_kind kind)
{
	struct whole_root root = { .object = object, .kind = kind };

	return vec_push(&w->roots, root);
}

/* C code holds what has more counted references than are found. */
static int add_natives(struct reach *r)
{
	struct whole *w = r->w;
	struct count c = { .r = r, .counts = calloc((size_t)w->n + 1, sizeof(*c.counts)) };
	uint32_t edges = w->objects.forward.start[w->n];
	int rc = 0;

	if (!c.counts)
		return PYCORE_ERR_NOMEM;
	workers_run(workers_count(w->jobs), (edges + (size_t)SLICE - 1) / SLICE, count_slice, &c);
	for (uint32_t i = 0; i < w->n && !rc; i++) {
		int64_t references;

		if (!unreached(r, i) || w->source.refcount(w->source.arg, i, &references))
			continue;
		if ((references < 0 || references > (int64_t)c.counts[i]) &&
		    !add_root(w, i, ROOT_NATIVE))
			rc = PYCORE_ERR_NOMEM;
	}
	free(c.counts);
	return rc;
}

/*
 * What is left is garbage: cycles, and what they hold. A cycle has no beginning; that
 * at the lowest address is taken for it.
 */
static int run_garbage(struct reach *r)
{
	struct whole *w = r->w;
	uint32_t first = w->first_place[PHASES];

	for (unsigned inner = 2; inner--;) {
		for (uint32_t i = 0; i < w->n; i++) {
			if (!unreached(r, i) || bit_test(r->inner, i) != inner)
				continue;
			if (!add_root(w, i, ROOT_GARBAGE))
				return PYCORE_ERR_NOMEM;
			hold(r, i, PHASES);
			follow(r, i, first);
		}
	}
	w->first_place[PHASES + 1] = w->n_inner + 1;
	return 0;
}

static bool any_unreached(const struct reach *r)
{
	for (uint32_t i = 0; i < r->w->n; i++) {
		if (unreached(r, i))
			return true;
	}
	return false;
}

static int find(struct reach *r)
{
	struct whole *w = r->w;
	int rc = 0;

	for (unsigned phase = 1; phase < PHASES; phase++) {
		if (phase == 3 && w->source.refcount && any_unreached(r))
			rc = add_natives(r);
		if (rc)
			return rc;
		run_phase(r, phase);
	}
	/* Garbage that a snapshot names comes first. */
	run_phase(r, PHASES);
	return run_garbage(r);
}

static uint32_t find_inner(struct reach *r)
{
	const struct whole *w = r->w;
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		if (!whole_is_inner(w, i))
			continue;
		bit_set(r->inner, i);
		n++;
	}
	return n;
}

int reach_find(struct whole *w, struct whole_progress progress, struct reach *out)
{
	size_t words = ((size_t)w->n + 64) / 64;
	struct reach *r = out;

	*r = (struct reach){ .w = w, .progress = progress };
	r->inner = calloc(words, sizeof(*r->inner));
	r->held = calloc(words, sizeof(*r->held));
	r->several = calloc(words, sizeof(*r->several));
	w->idom = malloc(((size_t)w->n + 1) * sizeof(*w->idom));
	w->place = calloc((size_t)w->n + 1, sizeof(*w->place));
	if (!r->inner || !r->held || !r->several || !w->idom || !w->place)
		return PYCORE_ERR_NOMEM;
	memset(w->idom, 0xff, ((size_t)w->n + 1) * sizeof(*w->idom));
	r->most = find_inner(r);
	tell(r);
	w->order = calloc((size_t)r->most + 1, sizeof(*w->order));
	r->parent = calloc((size_t)r->most + 1, sizeof(*r->parent));
	r->cursor = calloc((size_t)r->most + 1, sizeof(*r->cursor));
	if (!w->order || !r->parent || !r->cursor)
		return PYCORE_ERR_NOMEM;
	return find(r);
}

void reach_fini(struct reach *r)
{
	free(r->parent);
	free(r->cursor);
	free(r->inner);
	free(r->held);
	free(r->several);
	*r = (struct reach){ 0 };
}
