/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_FILL_H
#define GRAPH_FILL_H

#include "graph/whole.h"
#include "heap/heap.h"

/*
 * The whole graph of a target: one pass over all objects with both processors,
 * then roots, then whole_seal(). @p c and @p h must stay; labels and expressions
 * are read from the target when they are asked for.
 */
int whole_read(struct whole *w, const struct ctx *c, const struct heap *h,
	       struct whole_progress progress, struct pycore_error *err);

#endif
