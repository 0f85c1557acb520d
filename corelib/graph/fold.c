/* SPDX-License-Identifier: MIT */
#include "graph/web.h"

#include <stdlib.h>

/* Helpers one behind the other: a function's tuple of cells, and a cell. */
#define MOST_HELPERS 4
/* A cell that more than these own is drawn: its owners times its edges would be too many. */
#define MOST_CELL_OWNERS 64

static enum shape_role role_of(const struct web *w, uint32_t shape)
{
	return shape < w->shapes.list.n ? w->shapes.list.items[shape].role : SHAPE_PLAIN;
}

static bool is_gone(const struct web *w, uint32_t node)
{
	return w->nodes.items[node].flags & WEB_GONE;
}

/* Whether an edge tells nothing that a reader wants to know. */
static bool is_noise(const struct web *w, const struct web_edge *e)
{
	switch (role_of(w, e->shape)) {
	case SHAPE_NOISE:
		return true;
	case SHAPE_BASE: /* of a tuple of bases: it shows when that is folded */
		return !(w->nodes.items[e->to].flags & (WEB_TARGET | WEB_HELPER));
	case SHAPE_CLASS:
		return !(w->nodes.items[e->to].flags & WEB_TARGET);
	default:
		return false;
	}
}

/* Keep the edges for which @p keep says so, in order. */
static void filter(struct web *w, bool (*keep)(const struct web *w, const struct web_edge *e))
{
	size_t n = 0;

	for (size_t i = 0; i < w->edges.n; i++) {
		if (keep(w, &w->edges.items[i]))
			w->edges.items[n++] = w->edges.items[i];
	}
	w->edges.n = n;
}

static bool keep_plain(const struct web *w, const struct web_edge *e)
{
	return !is_noise(w, e) && !is_gone(w, e->from) && !is_gone(w, e->to);
}

/* What only a type's bookkeeping holds is part of that, such as its __mro__. */
static int drop_bookkeeping(struct web *w)
{
	uint8_t *held = calloc(w->nodes.n + 1, 1); /* 1: by noise, 2: by more than that */

	if (!held)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < w->edges.n; i++) {
		const struct web_edge *e = &w->edges.items[i];

		held[e->to] |= role_of(w, e->shape) == SHAPE_NOISE ? 1 : 2;
	}
	for (size_t i = 0; i < w->nodes.n; i++) {
		if (held[i] == 1 && !(w->nodes.items[i].flags & WEB_TARGET))
			w->nodes.items[i].flags |= WEB_GONE;
	}
	free(held);
	return 0;
}

/*
 * A class that a module holds needs no other referrer: keep the module that
 * defines it, else all modules that have it.
 */
static int settle_classes(struct web *w)
{
	/* For each node: 0 no module, 1 some module, 2 the one that defines it. */
	uint8_t *held = calloc(w->nodes.n + 1, 1);
	size_t n = 0;

	if (!held)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < w->edges.n; i++) {
		const struct web_edge *e = &w->edges.items[i];
		const struct web_node *to = &w->nodes.items[e->to];

		if (!to->class_root || !(w->nodes.items[e->from].flags & WEB_MODULE))
			continue;
		if (to->home == e->from + 1)
			held[e->to] = 2;
		else if (!held[e->to])
			held[e->to] = 1;
	}
	for (size_t i = 0; i < w->edges.n; i++) {
		const struct web_edge e = w->edges.items[i];
		const struct web_node *to = &w->nodes.items[e.to];
		bool module = w->nodes.items[e.from].flags & WEB_MODULE;

		if (held[e.to] && !(to->flags & WEB_TARGET) &&
		    (!module || (held[e.to] == 2 && to->home != e.from + 1)))
			continue;
		w->edges.items[n++] = e;
	}
	w->edges.n = n;
	for (size_t i = 0; i < w->nodes.n; i++) {
		if (held[i] && !w->nodes.items[i].root)
			w->nodes.items[i].root = w->nodes.items[i].class_root;
	}
	free(held);
	return 0;
}

/* Whether @p node is part of its owners: @p in are the edges by @c to. */
static bool is_part(const struct web *w, const struct web_sides *in, uint32_t node)
{
	const struct web_node *x = &w->nodes.items[node];
	uint32_t owners = in->start[node + 1] - in->start[node];
	const struct web_edge *e;

	if (!(x->flags & (WEB_HELPER | WEB_CELL)) || (x->flags & WEB_TARGET) || x->root || !owners)
		return false;
	if (x->flags & WEB_CELL)
		return owners <= MOST_CELL_OWNERS;
	e = &w->edges.items[in->list[in->start[node]]];
	if (owners != 1 || e->from == node)
		return false;
	switch (role_of(w, e->shape)) {
	case SHAPE_DICT:
	case SHAPE_FIELD:
	case SHAPE_BASE:
		return true;
	default:
		return false;
	}
}

struct folding {
	struct web *w;
	struct web_sides out; /* edges by from */
	bool *part;
	VEC(struct web_edge) done;
};

struct step {
	uint32_t next, end;     /* edges of the helper still to go */
	uint32_t helper;
	uint32_t shape;         /* of the way to the helper */
	uint64_t detail;
};

static bool enter(struct folding *f, struct step *s, uint32_t helper, uint32_t shape,
		  uint64_t detail)
{
	*s = (struct step){ f->out.start[helper], f->out.start[helper + 1], helper, shape, detail };
	return true;
}

/* Put down @p first, with the helpers that it leads to crossed. */
static int cross(struct folding *f, const struct web_edge *first)
{
	struct step stack[MOST_HELPERS];
	unsigned n = 0;

	if (!f->part[first->to])
		return vec_push(&f->done, *first) ? 0 : PYCORE_ERR_NOMEM;
	n += enter(f, &stack[0], first->to, first->shape, first->detail);
	while (n) {
		struct step *top = &stack[n - 1];
		struct web_edge e;

		if (top->next == top->end) {
			n--;
			continue;
		}
		e = f->w->edges.items[f->out.list[top->next++]];
		e.from = first->from;
		/* What a cell holds is the variable itself. */
		if (f->w->nodes.items[top->helper].flags & WEB_CELL) {
			e.shape = top->shape;
			e.detail = top->detail;
		} else {
			e.shape = shape_join(&f->w->shapes, top->shape, top->detail, e.shape,
					     e.detail, &e.detail);
		}
		if (e.shape == UINT32_MAX)
			return PYCORE_ERR_NOMEM;
		if (f->part[e.to] && n < MOST_HELPERS)
			n += enter(f, &stack[n], e.to, e.shape, e.detail);
		else if (!f->part[e.to] && !vec_push(&f->done, e))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

/* Replace the ways through helpers by edges from their owners. */
static int fold_helpers(struct web *w)
{
	struct folding f = { .w = w };
	struct web_sides in = { 0 };
	int rc = PYCORE_ERR_NOMEM;

	f.part = calloc(w->nodes.n + 1, sizeof(*f.part));
	if (!f.part || web_sides(w, false, &in) < 0 || web_sides(w, true, &f.out) < 0)
		goto out;
	for (uint32_t i = 0; i < w->nodes.n; i++)
		f.part[i] = is_part(w, &in, i);
	rc = 0;
	for (size_t i = 0; i < w->edges.n && rc == 0; i++) {
		const struct web_edge e = w->edges.items[i];

		if (!f.part[e.from])
			rc = cross(&f, &e);
	}
	if (rc < 0)
		goto out;
	for (size_t i = 0; i < w->nodes.n; i++) {
		if (f.part[i])
			w->nodes.items[i].flags |= WEB_GONE | WEB_PART;
	}
	vec_free(&w->edges);
	w->edges.items = f.done.items;
	w->edges.n = f.done.n;
	w->edges.room = f.done.room;
	f.done.items = NULL;
out:
	vec_free(&f.done);
	web_sides_fini(&in);
	web_sides_fini(&f.out);
	free(f.part);
	return rc;
}

/* A frame's word that may be anything, and the function that runs in it: no news by itself. */
static bool is_weak_root(const struct web *w, const struct web_edge *e)
{
	const struct shape *shape = &w->shapes.list.items[e->shape];

	return w->nodes.items[e->from].type == WEB_FRAME &&
	       (shape->guess || shape->role == SHAPE_FRAME);
}

/* Leave out weak roots of what is held by another root. */
static int drop_weak_roots(struct web *w)
{
	struct web_sides out = { 0 };
	uint8_t *held = calloc(w->nodes.n + 1, 1);
	VEC(uint32_t) queue = { 0 };
	size_t n = 0;
	int rc = held ? web_sides(w, true, &out) : PYCORE_ERR_NOMEM;

	for (uint32_t i = 0; i < w->nodes.n && rc == 0; i++) {
		if (w->nodes.items[i].root && !vec_push(&queue, i))
			rc = PYCORE_ERR_NOMEM;
	}
	for (size_t at = 0; at < queue.n && rc == 0; at++) {
		uint32_t node = queue.items[at];

		for (uint32_t k = out.start[node]; k < out.start[node + 1] && rc == 0; k++) {
			const struct web_edge *e = &w->edges.items[out.list[k]];

			if (held[e->to] || is_weak_root(w, e))
				continue;
			held[e->to] = 1;
			if (!vec_push(&queue, e->to))
				rc = PYCORE_ERR_NOMEM;
		}
	}
	for (size_t i = 0; i < w->edges.n && rc == 0; i++) {
		const struct web_edge e = w->edges.items[i];

		if (!is_weak_root(w, &e) || !held[e.to])
			w->edges.items[n++] = e;
	}
	if (rc == 0)
		w->edges.n = n;
	vec_free(&queue);
	web_sides_fini(&out);
	free(held);
	return rc;
}

/* Levels anew, over the edges as they are now. */
static int settle_levels(struct web *w, uint32_t depth)
{
	struct web_sides sides = { 0 };
	VEC(uint32_t) queue = { 0 };
	int rc = web_sides(w, w->referents, &sides);

	for (uint32_t i = 0; i < w->nodes.n && rc == 0; i++) {
		struct web_node *x = &w->nodes.items[i];

		x->level = x->flags & WEB_TARGET && !(x->flags & WEB_GONE) ? 0 : WEB_FAR;
		if (x->level == 0 && !vec_push(&queue, i))
			rc = PYCORE_ERR_NOMEM;
	}
	for (size_t at = 0; at < queue.n && rc == 0; at++) {
		struct web_node *x = &w->nodes.items[queue.items[at]];

		for (uint32_t k = sides.start[queue.items[at]];
		     k < sides.start[queue.items[at] + 1] && rc == 0; k++) {
			const struct web_edge *e = &w->edges.items[sides.list[k]];
			uint32_t next = w->referents ? e->to : e->from;

			if (w->nodes.items[next].level != WEB_FAR)
				continue;
			if (x->level >= depth) {
				x->more++;
				w->cut = true;
				continue;
			}
			w->nodes.items[next].level = x->level + 1;
			if (!vec_push(&queue, next))
				rc = PYCORE_ERR_NOMEM;
		}
	}
	for (uint32_t i = 0; i < w->nodes.n; i++) {
		if (w->nodes.items[i].level == WEB_FAR)
			w->nodes.items[i].flags |= WEB_GONE;
	}
	vec_free(&queue);
	web_sides_fini(&sides);
	return rc;
}

int web_fold(struct web *w, uint32_t depth)
{
	int rc = drop_bookkeeping(w);

	if (rc < 0)
		return rc;
	filter(w, keep_plain);
	rc = settle_classes(w);
	if (rc == 0)
		rc = fold_helpers(w);
	if (rc < 0)
		return rc;
	/* Folding shows what a tuple was: a type's bases, its __mro__. */
	filter(w, keep_plain);
	rc = drop_weak_roots(w);
	if (rc == 0)
		rc = settle_levels(w, depth);
	if (rc == 0)
		filter(w, keep_plain);
	return rc;
}
