/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_HOLDERS_H
#define GRAPH_HOLDERS_H

#include "heap/heap.h"

/* What refers to one object, and the shortest way to it from a root. */

struct holder {
	uint64_t address;
	struct label label;
	bool guess;
	const char *type; /* of what is no object: "frame", "thread", "interpreter"; else NULL */
	const char *root; /* "frame f() of thread 12", or NULL */
};

struct way_step {
	uint64_t address;
	const char *label;
};

struct holders {
	VEC(struct holder) list; /* frames and threads first, then by address */
	uint64_t more;           /* that there was no room for */
	const char *root;        /* NULL: none was found */
	uint64_t root_address;
	VEC(struct way_step) way; /* from the root on; empty: the object is the root itself */
};

/* Text is put into @p a. @return 0 or a negative status; holders_fini() either way */
int holders_find(const struct ctx *c, const struct heap *h, uint64_t target, struct arena *a,
		 struct holders *out);
void holders_fini(struct holders *h);

/* The object that owns the memory at @p address: a dict's keys, a list's items; 0: none. */
uint64_t holders_owner(const struct ctx *c, const struct heap *h, uint64_t address);

#endif
