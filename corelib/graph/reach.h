/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_REACH_H
#define GRAPH_REACH_H

#include "graph/whole.h"

/*
 * What roots reach, numbered in depth-first order, phase by phase. Objects that refer
 * to nothing get no number: of those that one object refers to, that is the dominator,
 * and the others wait until the dominators of their referrers are known.
 */

struct reach {
	struct whole *w;
	struct whole_progress progress;
	uint32_t most;     /* that refer to others: when all are numbered, it is done */
	uint32_t *parent;  /* by place: of the tree */
	uint32_t *cursor;  /* by place: the next reference to follow */
	uint64_t *inner;   /* a bit for each object: it refers to something */
	uint64_t *held;    /* a root holds it, of its own phase */
	uint64_t *several; /* it refers to nothing, and several objects of its phase hold it */
};

/* No single object dominates one that refers to nothing. */
static inline void whole_set_top(struct whole *w, uint32_t leaf, unsigned phase)
{
	w->idom[leaf] = w->n;
	w->objects.flags[leaf] |= (uint8_t)((phase - 1) << WHOLE_PHASE_SHIFT);
}

static inline bool bit_test(const uint64_t *bits, uint32_t i)
{
	return bits[i >> 6] >> (i & 63) & 1;
}

static inline void bit_set(uint64_t *bits, uint32_t i)
{
	bits[i >> 6] |= UINT64_C(1) << (i & 63);
}

/*
 * Fill w->order, place, idom of leaves, first_place and n_inner; adds roots for what no
 * root reaches: native ones, then garbage.
 */
int reach_find(struct whole *w, struct whole_progress progress, struct reach *out);
void reach_fini(struct reach *r);

#endif
