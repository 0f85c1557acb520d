/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_WAY_H
#define GRAPH_WAY_H

#include "graph/whole.h"

/* How roots hold an object: the shortest way, or several that share nothing but their ends. */

struct way {
	const struct whole_root *root;
	const uint32_t *steps; /* objects, the root's first, the one asked for last */
	size_t n_steps;
	const char *const *labels; /* of the step to each, labels[0] is ""; or NULL: not known */
	const char *expression;    /* as Python would write it, or NULL */
};

struct ways {
	VEC(struct way) list; /* shortest first */
};

/*
 * The shortest ways to @p object, at most @p most. A root that can be written in
 * Python is taken before one that cannot. Everything is put into @p a.
 */
int way_find(const struct whole *w, uint32_t object, size_t most, struct arena *a,
	     struct ways *out);
void ways_fini(struct ways *ways);

#endif
