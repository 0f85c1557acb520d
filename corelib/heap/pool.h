/* SPDX-License-Identifier: MIT */
#ifndef HEAP_POOL_H
#define HEAP_POOL_H

#include <string.h>

#include "layout/layout.h"

/*
 * One pool of pymalloc, from its bytes alone: Objects/obmalloc.c, struct
 * pool_header. Blocks of one size follow the header; those that were freed
 * are chained through their first word.
 */
#define POOL_SIZE_MOST 16384u
#define POOL_BLOCK_MOST 512u

/* A page of mimalloc's that is one slice is walked as a pool. */
#define PAGE_SIZE_MOST 65536u
#define POOL_BLOCKS_MOST (PAGE_SIZE_MOST / 8)

/* What the blocks are for: one more than _Py_mimalloc_heap_id, Include/internal/pycore_mimalloc.h */
enum pool_heap {
	POOL_HEAP_ANY,    /* pymalloc: objects and memory alike */
	POOL_HEAP_MEMORY, /* no objects */
	POOL_HEAP_OBJECT, /* objects that the collector does not know; also memory of C code */
	POOL_HEAP_GC,     /* objects that it knows, and nothing else */
	POOL_HEAP_GC_PRE, /* the same, with two words before them */
	POOL_HEAP_NONE,
};

struct pool {
	uint32_t header, size;      /* bytes of the header and of a block */
	uint32_t room;              /* blocks that it can have */
	uint32_t carved, n_live;    /* blocks ever handed out; of these, in use */
	uint32_t counted;           /* n_live as the allocator counts */
	uint32_t arena;             /* arenaindex */
	uint8_t heap;               /* enum pool_heap */
	uint64_t freed[POOL_BLOCKS_MOST / 64]; /* bit i: block i is on the free chain */
};

enum pool_verdict {
	POOL_EMPTY,   /* never carved, or all free: no live blocks */
	POOL_READ,    /* *out is filled */
	POOL_DAMAGED, /* it contradicts itself */
};

/*
 * Whether @p bytes, at @p addr in the target, look like the header of a pool
 * with live blocks. For finding pools; @p arena gets its arenaindex.
 */
bool pool_looks_true(const struct layout *l, const uint8_t *bytes, uint64_t addr, uint32_t *arena);

/* The same of a pool all of whose blocks were freed; @p out is filled but for them. */
bool pool_looks_emptied(const struct layout *l, const uint8_t *bytes, uint64_t addr,
			struct pool *out);

/* Read the pool at @p addr whose POOL_SIZE bytes are @p bytes. */
enum pool_verdict pool_read(const struct layout *l, const uint8_t *bytes, uint64_t addr,
			    struct pool *out);

/*
 * Whether pool_read() would call it damaged: then @p text says why, and @p where
 * is the address of what is wrong.
 */
bool pool_fault(const struct layout *l, const uint8_t *bytes, uint64_t addr, uint64_t *where,
		char *text, size_t size);

static inline uint64_t load_u64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load_u32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

#endif
