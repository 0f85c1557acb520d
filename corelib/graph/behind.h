/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_BEHIND_H
#define GRAPH_BEHIND_H

#include "graph/whole.h"
#include "heap/heap.h"

/*
 * Which words of memory that C code has for itself are references: those to objects that have
 * more counted references than are known otherwise. They become edges of the graph and are put into
 * c->behind. Before @p w is sealed, with its roots. @return 0 or a negative status
 */
int behind_settle(struct whole *w, const struct ctx *c, const struct heap *h);

#endif
