/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_EXPRESS_TARGET_H
#define GRAPH_EXPRESS_TARGET_H

#include "graph/express.h"
#include "heap/heap.h"

/* Expressions of what is read from the target. */
struct express_target {
	const struct ctx *c;
	const struct heap *h;
};

/* Their arg is a struct express_target. */
extern const struct express_ops express_target_ops;

/* The label of the first reference from one object to another, as refs draws it. */
int express_label(const struct ctx *c, uint64_t from, uint64_t to, struct buf *out);

#endif
