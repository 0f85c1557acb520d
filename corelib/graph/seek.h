/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_SEEK_H
#define GRAPH_SEEK_H

#include "object/object.h"

/* The reference to one object that is looked for among those of another, the best label so far. */
struct seek {
	uint64_t to;
	struct label label;
	enum edge_kind kind;
	int rank; /* 0: none was found */
};

/* An edge_fn, of a struct seek. */
int seek_meet(void *seek, uint64_t to, enum edge_kind kind, const struct label *label);

#endif
