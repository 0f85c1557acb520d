/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_DOMINATE_H
#define GRAPH_DOMINATE_H

#include "base/links.h"

/*
 * Dominators of a flow graph whose nodes are numbered 1..n in depth-first order;
 * 0 is the root. Semi-NCA (Georgiadis, Linear-Time Algorithms for Dominators and
 * Related Problems, 2005) with skip links in the tree, so that no shape of graph
 * costs more than O(edges log nodes).
 */

/* A node of the dominator tree: its depth, and an ancestor further up (Myers 1983). */
struct climb {
	uint32_t skip, depth;
};

/* Told now and then: so much is done of 2n. */
struct dominators_progress {
	void (*fn)(void *ctx, uint64_t done);
	void *ctx;
};

struct dominators {
	uint32_t *idom;      /* by node; idom[0] is 0 */
	struct climb *climb;
	uint32_t n;
};

/*
 * @p parent: in the depth-first tree, by node, parent[0] is 0; taken over, and freed
 * by dominators_fini(). @p back: the nodes that lead to each; the edge from the
 * root is 0. @return 0 or PYCORE_ERR_NOMEM
 */
int dominators_find(uint32_t n, uint32_t *parent, const struct links *back,
		    struct dominators_progress progress, struct dominators *out);
void dominators_fini(struct dominators *d);

/* The nearest node that dominates both; 0: the root. */
uint32_t dominators_common(const struct dominators *d, uint32_t a, uint32_t b);

#endif
