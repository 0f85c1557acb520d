/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/error.h"
#include "graph/dominate.h"
#include "graph/reach.h"

static inline unsigned phase_of(const struct whole *w, uint32_t place)
{
	unsigned phase = 1;

	while (phase < PHASES && w->first_place[phase + 1] <= place)
		phase++;
	return phase;
}

typedef void back_fn(struct whole *w, uint32_t from, uint32_t to);

static void count_back(struct whole *w, uint32_t from, uint32_t to)
{
	(void)from;
	w->back.start[to + 1]++;
}

static void fill_back(struct whole *w, uint32_t from, uint32_t to)
{
	w->back.to[w->back.start[to]++] = from;
}

/* References of objects to ones that refer to others, of the same phase; and those of roots. */
static void each_back(const struct reach *r, back_fn *fn)
{
	struct whole *w = r->w;
	const struct links *f = &w->objects.forward;

	for (uint32_t place = 1; place <= w->n_inner; place++) {
		if (bit_test(r->held, w->order[place]))
			fn(w, 0, place);
	}
	for (uint32_t object = 0; object < w->n; object++) {
		uint32_t from = w->place[object], first;

		if (!from)
			continue;
		first = w->first_place[phase_of(w, from)];
		for (uint32_t i = f->start[object]; i < f->start[object + 1]; i++) {
			uint32_t to = w->place[f->to[i]];

			if (to >= first && to != from)
				fn(w, from, to);
		}
	}
}

static int make_back(const struct reach *r)
{
	struct whole *w = r->w;
	uint64_t most = (uint64_t)w->objects.forward.start[w->n] + w->n_inner;
	int rc = links_room(&w->back, (size_t)w->n_inner + 1, most);

	if (rc)
		return rc;
	each_back(r, count_back);
	rc = links_sum(w->back.start, w->back.n_nodes);
	if (rc)
		return rc;
	each_back(r, fill_back);
	links_unshift(&w->back);
	links_trim(&w->back);
	return 0;
}

/* What comes when all are numbered. */
struct stage {
	struct whole_progress progress;
	uint64_t total;
};

static void tell(void *ctx, uint64_t done)
{
	const struct stage *s = ctx;

	if (s->progress.fn)
		s->progress.fn(s->progress.ctx, "finding what each object holds alone", done,
			       s->total);
}

/* Leaves that several objects hold, now that the dominators of these are known. */
static void settle_leaves(const struct reach *r, const struct dominators *d, struct stage *stage)
{
	struct whole *w = r->w;
	const struct links *f = &w->objects.forward;

	for (uint32_t object = 0; object < w->n; object++) {
		uint32_t place = w->place[object];

		if (object % TOLD_EACH == 0)
			tell(stage, 2 * (uint64_t)w->n_inner + object);
		if (!place)
			continue;
		for (uint32_t i = f->start[object]; i < f->start[object + 1]; i++) {
			uint32_t leaf = f->to[i], now;

			if (!bit_test(r->several, leaf) || w->idom[leaf] == w->n)
				continue;
			now = w->place[w->idom[leaf]];
			/* What is of a later phase does not count. */
			if (phase_of(w, place) != phase_of(w, now))
				continue;
			now = dominators_common(d, now, place);
			if (now)
				w->idom[leaf] = w->order[now];
			else
				whole_set_top(w, leaf, phase_of(w, place));
		}
	}
}

static int sum_up(struct whole *w, const struct dominators *d)
{
	w->retained = calloc((size_t)w->n_inner + 1, sizeof(*w->retained));
	if (!w->retained)
		return PYCORE_ERR_NOMEM;
	for (uint32_t object = 0; object < w->n; object++) {
		uint32_t place = w->place[object];
		uint64_t bytes = whole_bytes(w, object);

		w->total_bytes += bytes;
		if (!place && w->idom[object] < w->n)
			place = w->place[w->idom[object]];
		w->retained[place] += bytes;
	}
	for (uint32_t place = w->n_inner; place > 0; place--) {
		uint32_t up = d->idom[place];

		w->retained[up] += w->retained[place];
		w->idom[w->order[place]] = up ? w->order[up] : w->n;
	}
	return 0;
}

bool root_is_written(const struct whole_root *root)
{
	return root->expression || root->itself || root->local;
}

/* What Python can write, then what is of the lower kind. */
static bool is_better(const struct whole_root *a, const struct whole_root *b)
{
	if (root_is_written(a) != root_is_written(b))
		return root_is_written(a);
	return a->kind < b->kind;
}

static int index_roots(struct whole *w)
{
	for (size_t i = 0; i < w->roots.n; i++) {
		const struct whole_root *root = &w->roots.items[i];
		uint64_t *at = map_put(&w->root_of, (uint64_t)root->object + 1, NULL);

		if (!at)
			return PYCORE_ERR_NOMEM;
		if (!*at || is_better(root, &w->roots.items[*at - 1]))
			*at = i + 1;
	}
	return 0;
}

int whole_seal(struct whole *w, struct whole_progress progress)
{
	struct dominators d = { 0 };
	struct stage stage = { .progress = progress };
	struct reach r;
	uint32_t *parent;
	int rc;

	rc = reach_find(w, progress, &r);
	free(r.cursor);
	r.cursor = NULL;
	if (!rc)
		rc = make_back(&r);
	if (!rc) {
		stage.total = 2 * (uint64_t)w->n_inner + w->n;
		parent = r.parent;
		r.parent = NULL;
		rc = dominators_find(w->n_inner, parent, &w->back,
				     (struct dominators_progress){ tell, &stage }, &d);
	}
	if (!rc) {
		settle_leaves(&r, &d, &stage);
		rc = sum_up(w, &d);
	}
	if (!rc)
		rc = index_roots(w);
	dominators_fini(&d);
	reach_fini(&r);
	return rc;
}
