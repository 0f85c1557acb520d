/* SPDX-License-Identifier: MIT */
#ifndef HEAP_BEHIND_H
#define HEAP_BEHIND_H

#include "base/vec.h"
#include "object/object.h"

/*
 * What lies behind the pointers of opaque objects: blocks in use of the allocator's, or chunks
 * of malloc's, that hold no object and are no known memory of one. They are followed
 * from block to block, from all objects at once and step by step, so that each block is the
 * nearest object's.
 */

struct heap;

/* A pointer of object number @c from to such a block. */
struct behind_start {
	uint32_t from;
	uint32_t bytes : 31, foreign : 1; /* see struct decoder */
	uint64_t block;
};

struct behind_starts {
	VEC(struct behind_start) list;
	bool failed; /* no memory */
};

/* A word of a block that is the address of an object. */
struct behind_found {
	uint32_t from, to;
	uint64_t at;
};

struct behind_trail {
	VEC(struct behind_found) found; /* the nearest first */
};

/* Add the pointers of @p o, object number @p number. */
void behind_look(struct behind_starts *s, const struct heap *h, const struct ctx *c,
		 uint32_t number, struct object o);

/* The same of all objects there are. @return 0 or PYCORE_ERR_NOMEM */
int behind_look_all(struct behind_starts *s, const struct heap *h, const struct ctx *c);

/* Put @p more, which is gone then, behind @p s. */
void behind_join(struct behind_starts *s, struct behind_starts *more);

/* Follow them as far as time allows. @p s is sorted. @return 0 or PYCORE_ERR_NOMEM */
int behind_follow(struct behind_starts *s, const struct heap *h, const struct ctx *c,
		  struct behind_trail *out);

#endif
