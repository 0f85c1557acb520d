/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_ROOTS_H
#define GRAPH_ROOTS_H

#include "graph/whole.h"
#include "heap/heap.h"

/*
 * Add the roots that the target names: modules and what interpreters hold, frames'
 * locals, thread states, running event loops, statics, immortal objects.
 */
int roots_read(struct whole *w, const struct ctx *c, const struct heap *h);

#endif
