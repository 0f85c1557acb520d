/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_SWEEP_H
#define GRAPH_SWEEP_H

#include "graph/whole.h"
#include "heap/heap.h"

/* One of those that pass over objects together: its own reader, and what it has found. */
struct sweeper {
	struct ctx c;
	struct reader reader;
	void *found;   /* the caller's, for it alone */
	bool failed;   /* no memory: it looks at no more */
};

struct sweep;

typedef void sweep_fn(struct sweeper *me, uint32_t number, struct object o);

/* One pass over the objects of some types. */
struct sweep {
	const struct ctx *c;
	const struct heap *h;
	const struct whole *w;
	/* Whether objects of the type are wanted: asked once a type. */
	bool (*wants)(const struct ctx *c, const struct type *type);
	sweep_fn *fn;
	/* Make a worker's room ready, of all zero; may be NULL. @return 0 or PYCORE_ERR_NOMEM */
	int (*prepare)(void *found, const struct sweep *s, const void *arg);
	const void *prepare_arg;
	const struct type **types; /* by number, of those wanted; else NULL */
	struct sweeper *sweepers;
	unsigned n_sweepers;
};

/*
 * Call fn for each object of the wanted types, in no order; of types that are not wanted
 * no memory of the target is read. Each worker finds room for its results, all zero and
 * @p found_size long, at its found. What could not be read is counted in c->r.
 * @return 0 or PYCORE_ERR_NOMEM; sweep_fini() either way
 */
int sweep_run(struct sweep *s, size_t found_size);
void sweep_fini(struct sweep *s);

#endif
