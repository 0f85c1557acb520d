/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_CHUNKS_H
#define GRAPH_CHUNKS_H

#include "base/map.h"
#include "base/vec.h"
#include "object/object.h"

/*
 * What of glibc's malloc is in use. A heap is a row of chunks, each with its size and whether
 * the one before it is in use: where that row leads exactly to the heap's end, it tells chunks
 * from what only looks like one, such as the head of one that was freed, and joined with others.
 * Chunks in use to it are those, too, that a list keeps for the next of their size: of a thread
 * (tcache) or of an arena (fast bins). They are found by these lists.
 */
struct chunk_heap {
	uint64_t start, end; /* from the head of its first chunk on */
	uint64_t top;        /* head of what is not divided yet, 0: it is in another heap */
	uint64_t arena;      /* address of its state; 0: it is in the C library's data */
	VEC(uint32_t) used;  /* (address of a chunk's memory - start) / 16 */
};

struct chunks {
	VEC(struct chunk_heap) heaps; /* by address */
	struct map freed; /* memory of chunks in lists, and what has these */
	bool failed;      /* no memory */
};

/* Walk all heaps that are found. What is wrong with one leaves it out. chunks_free() either way */
void chunks_read(struct chunks *k, struct reader *r);
void chunks_free(struct chunks *k);

/*
 * Whether @p address is that of the memory of a chunk in use, whose bytes are @p bytes then.
 * In a heap that was not walked, whether it looks like that: place_is_chunk().
 */
bool chunks_have(const struct chunks *k, const struct ctx *c, uint64_t address, uint64_t *bytes);

#endif
