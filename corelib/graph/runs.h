/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_RUNS_H
#define GRAPH_RUNS_H

#include "graph/whole.h"

/*
 * The dominator tree in preorder: each subtree is a run of positions, without what refers
 * to nothing, which shares the position of what dominates it. So whether one object
 * dominates another is a comparison, and a union of subtrees one look at each.
 */
struct runs {
	uint32_t *size; /* by place: of its run */
	uint32_t *end;  /* by place: of its run */
};

/* @p w is sealed. @return 0 or PYCORE_ERR_NOMEM; runs_fini() either way */
int runs_make(const struct whole *w, struct runs *out);
void runs_fini(struct runs *r);

static inline uint32_t runs_begin(const struct runs *r, uint32_t place)
{
	return r->end[place] - r->size[place];
}

/* The place of what dominates an object; 0: no single one does. */
static inline uint32_t runs_up(const struct whole *w, uint32_t object)
{
	return w->idom[object] < w->n ? w->place[w->idom[object]] : 0;
}

/*
 * Bytes that @p n different objects retain together: nested subtrees count once. Sorts
 * the list.
 */
uint64_t runs_retained(const struct runs *r, const struct whole *w, uint32_t *objects, size_t n);

#endif
