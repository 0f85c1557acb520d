/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_PASS_H
#define GRAPH_PASS_H

#include "graph/collect.h"

/*
 * References are stored one way, so who refers to an object is found by
 * looking at every reference of every object. A pass tests each against the
 * objects asked for: the front.
 */

struct front {
	struct map at;          /* address -> 1 + node */
	VEC(uint32_t) nodes;
	uint64_t *filter;       /* a bit for each hash: most addresses are told apart by it */
	unsigned shift;
};

void front_fini(struct front *f);

/* Whether @p addr may be in the front, once a pass has run. */
static inline bool front_may_have(const struct front *f, uint64_t addr)
{
	uint64_t bit = (addr * UINT64_C(0x9e3779b97f4a7c15)) >> f->shift;

	return f->filter[bit >> 6] >> (bit & 63) & 1;
}

/*
 * Find every reference to the nodes of the front, in the order of memory. What
 * is too much for one node is counted in its @c more.
 */
int pass_run(struct collection *k, struct front *front, struct found_list *out);

struct label found_label(const struct found *f);

#endif
