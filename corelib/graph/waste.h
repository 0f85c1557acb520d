/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_WASTE_H
#define GRAPH_WASTE_H

#include "graph/sweep.h"

/* Memory that a program has and would do without. */

/* An object that stands out. */
struct waste_object {
	uint64_t bytes;  /* by which it is ranked */
	uint64_t count;  /* of a container: its items; of duplicates: these */
	uint64_t all;    /* of a container: for how many items there is room; of duplicates: bytes */
	uint32_t object;
};

/* The biggest ones, kept by base/ranking.h. */
struct waste_top {
	VEC(struct waste_object) list;
	size_t limit;
};

/* @return whether there was memory */
bool waste_offer(struct waste_top *top, struct waste_object object);
/* Offer all of @p from, and empty it. @return whether there was memory */
bool waste_join(struct waste_top *to, struct waste_top *from);
/* Put biggest first, then by address; no more offers. */
void waste_sort(struct waste_top *top);

/* Containers of one type of which a copy would be smaller. */
struct waste_type {
	uint64_t objects, bytes; /* that copies would take less */
	struct waste_object biggest;
};

struct waste {
	struct waste_type *types; /* by type number */
	size_t n_types;
	struct waste_top top;     /* those of which a copy would take least */
};

/* Lists with room for more items, sparse dicts and sets. @return 0 or a negative status */
int waste_find(const struct ctx *c, const struct heap *h, const struct whole *w, size_t limit,
	       struct waste *out);
void waste_fini(struct waste *out);

/*
 * The @p limit objects that are data in the main and have most of it: bytes, bytearray,
 * str, array, mmap, numpy's. What is counted is the object and what it owns beside it.
 */
int buffers_find(const struct ctx *c, const struct heap *h, const struct whole *w, size_t limit,
		 struct waste_top *out);

#endif
