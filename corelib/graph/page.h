/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_PAGE_H
#define GRAPH_PAGE_H

#include "graph/web.h"

/* A picture that fits a page: what of a web is drawn, and how. */

struct page_node {
	uint32_t first;     /* node of the web: the first that it stands for */
	uint32_t group;
	uint64_t count;     /* nodes that it stands for */
	uint64_t more;      /* neighbours that are not drawn */
};

struct page_edge {
	uint32_t from, to;  /* indices of page nodes */
	uint32_t shape;     /* UINT32_MAX: several shapes, too many to draw each */
	uint64_t detail;
	bool several;       /* details of what it stands for differ */
	uint64_t count;
};

struct page {
	VEC(struct page_node) nodes; /* targets first, then by distance from them */
	VEC(struct page_edge) edges;
	uint32_t *group_of;          /* node of the web -> group, UINT32_MAX: none */
	bool cut;                    /* not all is drawn */
};

/* Make a picture of at most @p max_nodes nodes of a folded web. */
int page_make(const struct web *w, uint32_t max_nodes, struct page *out);
void page_fini(struct page *p);

#endif
