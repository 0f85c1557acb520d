/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_WEIGH_H
#define GRAPH_WEIGH_H

#include <pycore/graph.h>

#include "graph/collect.h"
#include "graph/page.h"

/*
 * Fill in bytes, and what the whole graph knows (if there is one): what nodes retain, what
 * alone keeps them, kinds of roots. @p nodes and @p edges are those of the page, in its
 * order. @return 0 or PYCORE_ERR_NOMEM
 */
int weigh_page(const struct collection *k, const struct page *page, struct pycore_node *nodes,
	       struct pycore_edge *edges);

#endif
