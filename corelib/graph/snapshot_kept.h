/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_SNAPSHOT_KEPT_H
#define GRAPH_SNAPSHOT_KEPT_H

#include "graph/snapshot.h"

/* What a snapshot's file has that the arrays of the graph do not. */
struct kept {
	const struct whole *w;
	uint32_t n;
	uint64_t *address;
	int64_t *count;
	struct labels labels;
	uint64_t looks;   /* references that may still be looked at for the expression at hand */
};

/* The source of the graph, which owns @p k; it knows no counts yet: kept_refcount(). */
struct whole_source kept_source(struct kept *k);
int kept_refcount(void *kept, uint32_t object, int64_t *out);

#endif
