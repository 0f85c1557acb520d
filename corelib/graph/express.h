/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_EXPRESS_H
#define GRAPH_EXPRESS_H

#include "graph/whole.h"

/* What of objects an expression depends on, and the graph has not. */
struct express_ops {
	/* Every reference of an object with its label. */
	void (*edges)(void *arg, uint32_t object, edge_fn *fn, void *fn_arg);
	/* The name that is the key of a label. @return whether it is one, and told */
	bool (*name)(void *arg, uint64_t key, struct buf *out);
	/* What evaluates to a key of a dict's that is equal. @return whether there is such. NULL: none */
	bool (*key)(void *arg, uint64_t key, struct buf *out);
	/*
	 * Whether a class (made in Python, if @p python_only) of a type's objects has the
	 * attribute; true where that is not known.
	 */
	bool (*class_has)(void *arg, uint32_t type, const char *name, bool python_only);
	/* Whether an index reaches item number @p index of a struct sequence. */
	bool (*reaches)(void *arg, uint32_t object, uint64_t index);
};

/* Where a way is written as Python. */
struct express {
	const struct whole *w;
	const struct express_ops *ops;
	void *arg;
	bool values; /* write the keys of dicts, which ops->key gives; else "..." */
	struct buf *out;
};

/*
 * The way along objects, the root's first. @return 0, or 1 if Python cannot say it: then
 * @p bad is the number of the step that it cannot make, 0 being the root
 */
int express_way(const struct express *e, const struct whole_root *root, const uint32_t *steps,
		size_t n, size_t *bad);

#endif
