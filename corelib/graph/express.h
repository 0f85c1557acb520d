/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_EXPRESS_H
#define GRAPH_EXPRESS_H

#include "graph/roots.h"

/* What reads the target to write a way as Python: objects by address, the root's first. */
struct express {
	const struct ctx *c;
	const struct root_details *roots;
	bool values; /* write the keys of dicts; else "..." */
	struct buf *out;
};

/*
 * @return 0, or 1 if Python cannot say it: then @p bad is the number of the step that it
 * cannot make, 0 being the root
 */
int express_way(const struct express *e, const struct whole_root *root, const uint64_t *steps,
		size_t n, size_t *bad);

/* The label of the first reference from one object to another, as refs draws it. */
int express_label(const struct ctx *c, uint64_t from, uint64_t to, struct buf *out);

#endif
