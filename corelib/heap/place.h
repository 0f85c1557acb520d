/* SPDX-License-Identifier: MIT */
#ifndef HEAP_PLACE_H
#define HEAP_PLACE_H

#include "object/object.h"

/*
 * What is at one address, from the memory around it alone: no walk over the
 * heap, so it takes no longer in a large one.
 */

enum place_kind {
	PLACE_UNMAPPED,
	PLACE_UNREADABLE, /* mapped, but its bytes are not to be had */
	PLACE_STATIC,     /* a module's code or data */
	PLACE_BLOCK,      /* a pymalloc block in use */
	PLACE_FREED,      /* a pymalloc block that is free */
	PLACE_POOL,       /* of a pymalloc pool, but no block */
	PLACE_CHUNK,      /* malloc's */
	PLACE_STACK,
	PLACE_MEMORY,     /* mapped, no more is known */
};

struct place {
	enum place_kind kind;
	uint64_t start, bytes; /* of the block or chunk, else 0 */
	bool no_object; /* the allocator has it for other things than objects */
	const struct region *region; /* NULL if unmapped */
	struct module *module;       /* of PLACE_STATIC */
};

enum spot_kind {
	SPOT_NOTHING, /* no object */
	SPOT_OBJECT,  /* at, or around, the address */
	SPOT_KEPT,    /* a freed object that the interpreter keeps; its type may be NULL */
	SPOT_FREED,   /* freed memory; the type is what it looks to have been, or NULL */
};

struct spot {
	enum spot_kind kind;
	struct object o;
	struct place place;
};

/* The place alone: no object around the address is looked for, which can take long. */
void place_find(const struct ctx *c, uint64_t address, struct place *out);

void spot_find(const struct ctx *c, uint64_t address, struct spot *out);

/* Bytes of the object itself from its address on, without what it owns elsewhere. */
uint64_t spot_own_bytes(const struct ctx *c, struct object o);

/* Whether a live object begins at @p address: for a word that may be a reference or not. */
bool spot_is_object(const struct ctx *c, uint64_t address);

struct arenas;

/* Whether malloc may have given it: it is no mapped file's, no stack's, no pool's. */
bool place_is_private(const struct ctx *c, const struct arenas *a, uint64_t address);

/* Whether glibc's malloc has a chunk in use whose memory begins at @p start. */
bool place_is_chunk(const struct ctx *c, uint64_t start, uint64_t *bytes);

/* Whether it has one in use for the object alone: no smaller one would do. */
bool place_is_chunk_of(const struct ctx *c, struct object o);

#endif
