/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_REFS_H
#define GRAPH_REFS_H

#include <pycore/graph.h>

#include "graph/whole.h"
#include "heap/heap.h"
#include "stack/stack.h"

/*
 * The picture around @p targets (addresses of objects). Put into @p a. Without a @p whole
 * graph (NULL) references are looked for in memory, and nothing is known of what is retained.
 * Of a snapshot it is all there is: @p c and @p h are NULL.
 */
int refs_graph(const struct ctx *c, const struct heap *h, const struct whole *whole,
	       const uint64_t *targets, size_t n_targets, const struct pycore_graph_query *query,
	       struct arena *a, struct pycore_graph *out, struct pycore_error *err);

#endif
