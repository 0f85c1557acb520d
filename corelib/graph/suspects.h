/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_SUSPECTS_H
#define GRAPH_SUSPECTS_H

#include "graph/whole.h"

/*
 * What keeps a great share of a heap alive, told where the bytes part: not the module
 * at the top that holds a container, but the container, below which no single object
 * keeps so much. Each counts what is below it and below no other one, so that there
 * are no more of them than shares make a whole.
 */

enum suspect_kind {
	SUSPECT_OBJECT,    /* one that holds much, or is big itself */
	SUSPECT_STRUCTURE, /* objects of one type, each holding others: a list of links, a tree */
	SUSPECT_GROUP,     /* objects of one type that several hold, or C code, or a namespace */
};

struct suspect_found {
	enum suspect_kind kind;
	uint32_t object;    /* of a structure the first; of a group what refers to the most of it,
			     * WHOLE_NONE: only C code or garbage does */
	uint32_t type;      /* of the object; of a group what it is of */
	uint32_t first;     /* of a group: the first of it */
	uint64_t count;     /* objects of a structure or group */
	uint64_t bytes;     /* without what it refers to; of a group the sum */
	uint64_t retained;  /* of a group the sum */
	uint64_t held;      /* of a group: how many of it @c object refers to */
	bool shared;        /* of a group: it alone does not keep them */
	uint32_t item_type; /* of what it alone keeps, that keeps most; if there are items */
	uint64_t items, items_retained;
};

struct suspects {
	VEC(struct suspect_found) list; /* most retained first */
};

/*
 * Find what retains @p percent (1 to 100) of all bytes or more. Modules and classes are
 * none for what they hold alone, but a group of one type below them may be, where one
 * object refers to the half of it or more. @return 0 or a negative status
 */
int suspects_find(const struct whole *w, unsigned percent, struct suspects *out);
void suspects_fini(struct suspects *s);

/* Objects of one type that a point holds alone and that are not big. */
struct share {
	uint32_t point, type, first;
	uint64_t count, bytes, retained;
};

/* What suspects are sought with; for suspects*.c alone. */
struct suspicion {
	const struct whole *w;
	uint64_t least;       /* bytes that make one */
	VEC(uint32_t) points; /* objects where bytes part; number n: the top */
	uint64_t *at_point;   /* a bit for each of them, by object */
	struct map shares;    /* 1 + (point << 32 | type) -> 1 + index into list */
	VEC(struct share) list;
	bool *classes;        /* by type: its objects are classes */
	struct suspects *out;
};

/* Whether all that an object holds is the program's code and names. */
bool suspect_is_namespace(const struct suspicion *k, uint32_t object);

/* The instance that an object is the __dict__ of, else the object. */
uint32_t suspect_owner(const struct whole *w, uint32_t object);

/* Add the groups below points that are namespaces. */
int suspect_groups(struct suspicion *k);

/* Make structures of suspects that are links of one. */
int suspect_structures(struct suspicion *k);

#endif
