/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_CHOOSE_H
#define GRAPH_CHOOSE_H

#include "graph/page.h"

/* Alike objects, as one node. */
struct group {
	uint32_t first;  /* node of the web */
	uint32_t level;  /* steps from the nearest target group */
	uint32_t near;   /* neighbour one step nearer to the targets, UINT32_MAX: none */
	uint32_t holder; /* neighbour one step nearer to a root, UINT32_MAX: none */
	uint32_t shown;  /* neighbours further away that are drawn */
	uint32_t index;  /* of the page node, if kept */
	uint64_t count, more;
	bool target, root, kept;
};

struct groups {
	struct group *list;
	uint32_t n;
	struct page_edge *edges; /* from and to are groups; by from, then to, then shape */
	size_t n_edges;
	bool referents;
};

/*
 * Set @c kept (and @c level) of the groups that fit a page of @p max_nodes:
 * targets, the shortest ways from them to named roots, other roots, then what
 * is nearest.
 */
int choose(struct groups *g, uint32_t max_nodes);

#endif
