/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_LINKS_H
#define GRAPH_LINKS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Edges of numbered nodes, packed: those of node i are to[start[i]] up to
 * to[start[i + 1]]. Fewer than 2^32 nodes and edges.
 */
struct links {
	uint32_t *start; /* one more than there are nodes */
	uint32_t *to;
};

void links_fini(struct links *l);

#endif
