/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_WAY_H
#define GRAPH_WAY_H

#include "graph/whole.h"

/* How roots hold an object: the shortest way, or several, each by another holder. */

struct way {
	const struct whole_root *root;
	const char *root_name;     /* "module app: CACHE", "C code" */
	const uint32_t *steps;     /* objects, the root's first, the one asked for last */
	size_t n_steps;
	const char *const *labels; /* of the step to each; NULL for the first, or if not known */
	const char *expression;    /* as Python would write it, or NULL: it cannot */
};

struct ways {
	VEC(struct way) list; /* shortest first */
};

/* Which ways. */
struct way_query {
	size_t most;    /* of them */
	bool values;    /* expressions have the keys of dicts in them, else "..." */
	size_t longest; /* steps: where the shortest has more none is told; 0: no limit */
};

/*
 * The shortest ways to @p object. What Python can write is taken before what it cannot.
 * Everything is put into @p a. @return 0 or a negative status
 */
int way_find(const struct whole *w, uint32_t object, const struct way_query *q, struct arena *a,
	     struct ways *out);
void ways_fini(struct ways *ways);

#endif
