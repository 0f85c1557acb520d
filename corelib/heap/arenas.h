/* SPDX-License-Identifier: MIT */
#ifndef HEAP_ARENAS_H
#define HEAP_ARENAS_H

#include "base/vec.h"
#include "heap/index.h"
#include "heap/pool.h"
#include "runtime/runtime.h"

/* Whole pools of one or more adjacent arenas. */
struct arena_range {
	uint64_t start, end;
};

/* A page of mimalloc's: some slices with blocks of one size (see mimalloc.h). */
struct mi_page {
	uint64_t slices;       /* address of the first of them */
	uint64_t start, block; /* address of the first block, and bytes of each */
	uint64_t free, local_free, thread_free; /* chains of blocks */
	uint64_t owner;        /* address of the heap that it is of; 0: nobody's */
	uint64_t delayed;      /* a block that another thread has given back to that heap, or 0 */
	uint32_t n_slices;
	uint32_t capacity, reserved; /* blocks ever handed to the page, that there is room for */
	uint32_t used;
	uint8_t heap;          /* enum pool_heap */
};

/*
 * Which memory is pymalloc's, or mimalloc's in pages of one slice. Whether an address is in an arena is asked for
 * every reference of every object, so it is one look into a bitmap of pools
 * that covers the addresses from the lowest arena to the highest.
 */
struct arenas {
	VEC(struct arena_range) ranges; /* by address, not overlapping */
	uint64_t lo, span;              /* of the first range; up to the end of the last */
	unsigned pool_shift;
	uint64_t *pools;                /* a bit for each pool between them */
	uint64_t n_arenas;
	uint64_t left_out;              /* ranges too far from the others to be true */
	bool scanned;                   /* found by scan, not from the allocator's state */
	bool raw_known;
	uint64_t raw_blocks;            /* blocks of malloc behind the allocator, as it counts; or
					 * live ones in mimalloc's bigger pages */
	VEC(struct mi_page) pages;      /* of mimalloc, by address, bigger ones too */
	VEC(uint64_t) torn;             /* addresses of what it has of pages, and makes no sense */

	/* By chunk of the index, from the chunk of lo on. */
	uint64_t first_chunk;
	size_t n_chunks;
	const uint8_t **host;           /* where the chunk's start would be mapped here, or NULL */
	struct index_chunk **chunks;    /* of the index, where any pool is; else NULL */
};

/* Whether a pool known to be pymalloc's holds @p addr. */
static inline bool arenas_has(const struct arenas *a, uint64_t addr)
{
	uint64_t offset = addr - a->lo;

	if (offset >= a->span)
		return false;
	offset >>= a->pool_shift;
	return a->pools[offset >> 6] >> (offset & 63) & 1;
}

/* The index chunk of an address in an arena. */
static inline struct index_chunk *arenas_chunk(const struct arenas *a, uint64_t addr)
{
	return a->chunks[(addr >> INDEX_CHUNK_SHIFT) - a->first_chunk];
}

/*
 * Bytes at an address in an arena, if @p len of them are mapped here in one
 * piece up to the end of the chunk; else NULL.
 */
static inline const uint8_t *arenas_bytes(const struct arenas *a, uint64_t addr, uint64_t len)
{
	uint64_t offset = addr & (INDEX_CHUNK_SIZE - 1);
	const uint8_t *host = a->host[(addr >> INDEX_CHUNK_SHIFT) - a->first_chunk];

	return host && len <= INDEX_CHUNK_SIZE - offset ? host + offset : NULL;
}

/* Whether memory is mapped here, so that looking anywhere is cheap; also if there are no arenas. */
static inline bool arenas_in_place(const struct arenas *a)
{
	return !a->ranges.n || a->host[0];
}

/*
 * Find every arena of every interpreter: from the allocator's state where the
 * layout tells where that is and it holds true, else by scanning for pools.
 * Zero arenas is no failure: memory may come from malloc alone.
 */
int arenas_find(struct arenas *a, const struct layout *l, struct reader *r,
		const struct interpreters *interps, unsigned workers);

/* Give each chunk with pools its place in the index and note where it is mapped. */
int arenas_index(struct arenas *a, struct target *t, struct index *x);

void arenas_fini(struct arenas *a);

/* Read the pool, or page of one slice, at @p at, whose bytes are @p bytes. */
enum pool_verdict arenas_read_pool(const struct arenas *a, const struct layout *l,
				   const uint8_t *bytes, uint64_t at, struct pool *out);

/* The page of mimalloc's that has @p addr in one of its slices; NULL: none. */
struct mi_page *arenas_page(const struct arenas *a, uint64_t addr);

/* Whether @p addr is in a page that is no pool: of more than one slice. */
static inline bool arenas_big(const struct arenas *a, uint64_t addr)
{
	return a->pages.n && !arenas_has(a, addr) && arenas_page(a, addr);
}

/* Bytes of each block of the pool or page, which was walked, that @p addr is in; 0: of none. */
uint64_t arenas_block_bytes(const struct arenas *a, uint64_t addr);

/*
 * Whether a block in use begins at @p addr, which is in a pool that was walked, that
 * holds no object and is no known memory of one. @p bytes: of it
 */
bool arenas_unknown_block(const struct arenas *a, uint64_t addr, uint64_t *bytes);

/*
 * Bytes from @p addr, which is in a block of a pool or page that was walked, to where
 * the block ends, or more; 0: it is in none.
 */
uint64_t arenas_room(const struct arenas *a, uint64_t addr);

/* Whether @p addr is in memory where nothing is but objects that the collector knows. */
bool arenas_is_gc(const struct arenas *a, uint64_t addr);

/*
 * For arenas.c and tests: note that [start, end) is one arena's; then, when all
 * are noted, sort, merge and build the bitmap.
 */
bool arenas_add(struct arenas *a, uint64_t start, uint64_t end);
int arenas_build(struct arenas *a, unsigned pool_shift);

#endif
