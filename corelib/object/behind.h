/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_BEHIND_H
#define OBJECT_BEHIND_H

#include "object/object.h"

/*
 * References that C code has in memory of its own, to which pointers of an object lead. One
 * object alone does not tell which these are: they are found with the graph of all
 * (behind_settle() of graph/behind.h), and are from then on among its edges.
 */
struct behind_edge {
	uint64_t from, to; /* objects */
	uint64_t at;       /* address of the word */
};

struct behind {
	VEC(struct behind_edge) edges; /* by from */
};

/* How they are labelled. */
extern const struct label behind_label;

/* Those of the object at @p from, as guesses. @return what @p fn returned */
int behind_edges(const struct behind *b, uint64_t from, edge_fn *fn, void *arg);

#endif
