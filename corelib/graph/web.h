/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_WEB_H
#define GRAPH_WEB_H

#include "graph/shape.h"

/*
 * Objects and the references among them that were collected around the
 * targets, before they are made a picture. Nothing here reads the target.
 */

enum {
	WEB_TARGET = 1,
	WEB_MODULE = 2,
	WEB_CLASS = 4,  /* a type object: a root if a module holds it */
	WEB_HELPER = 8, /* a tuple, dict or cell: part of its owner if it has one owner */
	WEB_CELL = 16,  /* a cell is always part of its owners */
	WEB_GONE = 32,  /* left out of the picture */
	WEB_OPEN = 64,  /* its neighbours were not looked for */
	WEB_PART = 128, /* a helper that is drawn in its owner */
};

#define WEB_FAR UINT32_MAX

/* Types of nodes that are no objects. */
#define WEB_FRAME UINT32_MAX
#define WEB_THREAD (UINT32_MAX - 1)
#define WEB_INTERPRETER (UINT32_MAX - 2)

/* What such a node is called; NULL: it is an object. */
static inline const char *web_type_name(uint32_t type)
{
	if (type < WEB_INTERPRETER)
		return NULL;
	return type == WEB_INTERPRETER ? "interpreter" : type == WEB_THREAD ? "thread" : "frame";
}

struct web_node {
	uint64_t address;
	uint64_t more;   /* neighbours counted, not recorded */
	uint32_t type;   /* number: alike only if it is the same */
	uint32_t level;  /* steps from the nearest target */
	uint32_t root;   /* 1 + index into the names, or 0 */
	uint32_t class_root; /* the root it is once a module holds it, or 0 */
	uint32_t home;   /* of a class: 1 + node of the module that defines it, or 0 */
	uint32_t flags;
};

struct web_edge {
	uint32_t from, to; /* nodes: from refers to to */
	uint32_t shape;
	uint64_t detail;
};

struct web {
	VEC(struct web_node) nodes;
	VEC(struct web_edge) edges;
	struct shapes shapes;
	bool referents; /* away from the targets is along references, not against them */
	bool cut;       /* something was left out */
};

/* The edges of each node: those of node i are list[start[i] .. start[i + 1]). */
struct web_sides {
	uint32_t *start;
	uint32_t *list; /* indices of edges */
};

/* Edges by @c to, or by @c from. */
int web_sides(const struct web *w, bool by_from, struct web_sides *out);
void web_sides_fini(struct web_sides *s);

/*
 * Make helper tuples, dicts and cells part of their owners; let classes be
 * held by the module that defines them; leave out what is a type's bookkeeping,
 * what that leaves without a way to a target, and what is over @p depth steps away.
 */
int web_fold(struct web *w, uint32_t depth);

/*
 * Which nodes are alike: same type, level and references, up to @p rounds
 * steps away. Kinds of at most @p keep nodes, and roots, stay one by one.
 * @p group_of has room for each node; gone ones get UINT32_MAX.
 */
int web_alike(const struct web *w, unsigned rounds, uint32_t keep, uint32_t *group_of,
	      uint32_t *n_groups);

void web_fini(struct web *w);

#endif
