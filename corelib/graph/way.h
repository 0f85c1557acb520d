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

/*
 * The shortest ways to @p object, at most @p most. What Python can write is taken
 * before what it cannot. Everything is put into @p a. @p values: expressions have
 * the keys of dicts in them, else "...". @return 0 or a negative status
 */
int way_find(const struct whole *w, uint32_t object, size_t most, bool values, struct arena *a,
	     struct ways *out);
void ways_fini(struct ways *ways);

#endif
