/* SPDX-License-Identifier: MIT */
#include "graph/dominate.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/vec.h"
#include "graph/whole.h"

/*
 * In the forest of nodes already looked at: an ancestor, and the least semidominator
 * on the way to it. Both shrink the way when they are asked for.
 */
struct link {
	uint32_t up, best;
};

struct search {
	struct dominators_progress progress;
	struct link *forest;
	uint32_t *semi;
	VEC(uint32_t) way;
};

/* The least semidominator from @p v up to its root in the forest of nodes from @p first on. */
static int least(struct search *s, uint32_t v, uint32_t first, uint32_t *out)
{
	struct link *f = s->forest;
	uint32_t up, best;

	if (f[v].up < first) {
		*out = f[v].best;
		return 0;
	}
	s->way.n = 0;
	do {
		if (!vec_push(&s->way, v))
			return PYCORE_ERR_NOMEM;
		v = f[v].up;
	} while (f[v].up >= first);
	up = f[v].up;
	best = f[v].best;
	while (s->way.n) {
		v = s->way.items[--s->way.n];
		if (f[v].best < best)
			best = f[v].best;
		f[v].best = best;
		f[v].up = up;
	}
	*out = best;
	return 0;
}

static void tell(const struct search *s, uint64_t done)
{
	if (done % TOLD_EACH == 0)
		s->progress.fn(s->progress.ctx, done);
}

static int find_semi(struct search *s, uint32_t n, const uint32_t *parent,
		     const struct links *back)
{
	for (uint32_t v = 0; v <= n; v++)
		s->forest[v] = (struct link){ parent[v], v };
	for (uint32_t v = n; v > 0; v--) {
		uint32_t semi = parent[v];

		tell(s, n - v);
		for (uint32_t i = back->start[v]; i < back->start[v + 1]; i++) {
			uint32_t from = back->to[i], found = from;

			if (from > v && least(s, from, v + 1, &found))
				return PYCORE_ERR_NOMEM;
			if (found < semi)
				semi = found;
		}
		s->semi[v] = s->forest[v].best = semi;
	}
	return 0;
}

static uint32_t rise(const struct dominators *d, uint32_t v, uint32_t most)
{
	while (v > most)
		v = d->climb[v].skip > most ? d->climb[v].skip : d->idom[v];
	return v;
}

/* In depth-first order, so that what is above a node is known. */
static void find_idom(const struct search *s, struct dominators *d)
{
	d->climb[0] = (struct climb){ 0, 0 };
	for (uint32_t v = 1; v <= d->n; v++) {
		uint32_t up = rise(d, d->idom[v], s->semi[v]);
		const struct climb *c = &d->climb[up], *further = &d->climb[c->skip];

		tell(s, (uint64_t)d->n + v);
		d->idom[v] = up;
		d->climb[v].depth = c->depth + 1;
		d->climb[v].skip = c->depth - further->depth ==
						   further->depth - d->climb[further->skip].depth
					   ? further->skip
					   : up;
	}
}

int dominators_find(uint32_t n, uint32_t *parent, const struct links *back,
		    struct dominators_progress progress, struct dominators *out)
{
	struct search s = { .progress = progress };
	int rc = PYCORE_ERR_NOMEM;

	*out = (struct dominators){ .idom = parent, .n = n };
	s.forest = malloc(((size_t)n + 1) * sizeof(*s.forest));
	s.semi = malloc(((size_t)n + 1) * sizeof(*s.semi));
	if (s.forest && s.semi)
		rc = find_semi(&s, n, parent, back);
	if (!rc) {
		/* The forest has served: the same memory, another use. */
		_Static_assert(sizeof(struct climb) == sizeof(struct link), "");
		out->climb = (struct climb *)s.forest;
		find_idom(&s, out);
	} else {
		free(s.forest);
	}
	free(s.semi);
	vec_free(&s.way);
	return rc;
}

void dominators_fini(struct dominators *d)
{
	free(d->idom);
	free(d->climb);
	*d = (struct dominators){ 0 };
}

uint32_t dominators_common(const struct dominators *d, uint32_t a, uint32_t b)
{
	const struct climb *c = d->climb;

	while (a != b) {
		if (c[a].depth < c[b].depth) {
			uint32_t other = a;

			a = b;
			b = other;
		}
		if (c[a].depth > c[b].depth)
			a = c[c[a].skip].depth >= c[b].depth ? c[a].skip : d->idom[a];
		else if (c[a].skip != c[b].skip)
			a = c[a].skip, b = c[b].skip;
		else
			a = d->idom[a], b = d->idom[b];
	}
	return a;
}
