/* SPDX-License-Identifier: MIT */
#ifndef HEAP_INDEX_H
#define HEAP_INDEX_H

#include <stdatomic.h>

#include "base/map.h"
#include "base/vec.h"

/*
 * The object index: which addresses are objects, and the number of each. The
 * address space is cut into chunks of 1 MiB; a chunk that holds any object has
 * bitmaps of one bit for each 8 bytes. Objects are numbered in address order
 * once index_number() has run. Memory: a chunk costs what is touched of 57 KiB.
 */
#define INDEX_CHUNK_SHIFT 20
#define INDEX_CHUNK_SIZE (UINT64_C(1) << INDEX_CHUNK_SHIFT)
#define INDEX_GRANULE_SHIFT 3
#define INDEX_WORDS (1u << (INDEX_CHUNK_SHIFT - INDEX_GRANULE_SHIFT - 6))

struct index_chunk {
	uint64_t start;
	uint32_t first;                   /* number of its first object */
	bool arena;                       /* all of it is in walked arenas: no look-up needed */
	uint32_t rank[INDEX_WORDS];       /* objects before each word */
	_Atomic uint64_t object[INDEX_WORDS];
	_Atomic uint64_t storage[INDEX_WORDS]; /* block starts claimed as some object's memory */
	uint16_t block_size[INDEX_CHUNK_SIZE >> 12]; /* by page: / 8, of the pool that begins there */
	uint64_t live[INDEX_WORDS]; /* starts of live blocks: written by the one that walks the chunk */
};

struct index {
	struct map chunks; /* addr >> INDEX_CHUNK_SHIFT -> struct index_chunk * */
	VEC(struct index_chunk *) order; /* by address, after index_number() */
	uint64_t n_objects;
};

/* The chunk of @p addr, or NULL if nothing was put there. Any worker, while none adds. */
static inline struct index_chunk *index_chunk_at(const struct index *x, uint64_t addr)
{
	uint64_t *p = map_get(&x->chunks, (addr >> INDEX_CHUNK_SHIFT) + 1);

	return p ? (struct index_chunk *)(uintptr_t)*p : NULL;
}

static inline bool bitmap_test(const _Atomic uint64_t *map, uint64_t addr)
{
	uint64_t bit = (addr & (INDEX_CHUNK_SIZE - 1)) >> INDEX_GRANULE_SHIFT;

	return atomic_load_explicit(&map[bit >> 6], memory_order_relaxed) >> (bit & 63) & 1;
}

/* Whether an object begins in the block; words may stand before it. */
static inline bool index_chunk_has_object(const struct index_chunk *chunk, uint64_t block,
					  uint64_t bytes)
{
	for (uint64_t at = block; at < block + bytes && at <= block + 48; at += 8) {
		if (bitmap_test(chunk->object, at))
			return true;
	}
	return false;
}

/* Set the bit of @p addr. @return whether it was set before */
static inline bool bitmap_set(_Atomic uint64_t *map, uint64_t addr)
{
	uint64_t bit = (addr & (INDEX_CHUNK_SIZE - 1)) >> INDEX_GRANULE_SHIFT;
	uint64_t mask = UINT64_C(1) << (bit & 63);

	return atomic_fetch_or_explicit(&map[bit >> 6], mask, memory_order_relaxed) & mask;
}

/* Clear the bit of @p addr. */
static inline void bitmap_clear(_Atomic uint64_t *map, uint64_t addr)
{
	uint64_t bit = (addr & (INDEX_CHUNK_SIZE - 1)) >> INDEX_GRANULE_SHIFT;

	atomic_fetch_and_explicit(&map[bit >> 6], ~(UINT64_C(1) << (bit & 63)),
				  memory_order_relaxed);
}

/* Set the bit of @p addr, where no other thread writes this bitmap. */
static inline void bitmap_set_alone(_Atomic uint64_t *map, uint64_t addr)
{
	uint64_t bit = (addr & (INDEX_CHUNK_SIZE - 1)) >> INDEX_GRANULE_SHIFT;
	uint64_t word = atomic_load_explicit(&map[bit >> 6], memory_order_relaxed);

	atomic_store_explicit(&map[bit >> 6], word | UINT64_C(1) << (bit & 63),
			      memory_order_relaxed);
}

/* Find or make a chunk; one thread at a time. NULL: no memory. */
struct index_chunk *index_chunk_make(struct index *x, uint64_t addr);

static inline bool index_has(const struct index *x, uint64_t addr)
{
	struct index_chunk *chunk = index_chunk_at(x, addr);

	return chunk && !(addr & ((1u << INDEX_GRANULE_SHIFT) - 1)) &&
	       bitmap_test(chunk->object, addr);
}

/* Sort chunks, number the objects. */
int index_number(struct index *x);

/* Number of the object at @p addr, which is in the chunk, or UINT32_MAX; after index_number(). */
static inline uint32_t index_chunk_number_of(const struct index_chunk *chunk, uint64_t addr)
{
	uint64_t bit = (addr & (INDEX_CHUNK_SIZE - 1)) >> INDEX_GRANULE_SHIFT;
	uint64_t word = atomic_load_explicit(&chunk->object[bit >> 6], memory_order_relaxed);

	if (addr & ((1u << INDEX_GRANULE_SHIFT) - 1) || !(word >> (bit & 63) & 1))
		return UINT32_MAX;
	return chunk->first + chunk->rank[bit >> 6] +
	       (uint32_t)__builtin_popcountll(word & ((UINT64_C(1) << (bit & 63)) - 1));
}

/* Number of the object at @p addr, or UINT32_MAX; after index_number(). */
uint32_t index_number_of(const struct index *x, uint64_t addr);

/* Address of object number @p number, 0: there is none. */
uint64_t index_address_of(const struct index *x, uint32_t number);

/* Every object in address order; non-zero stops. */
typedef int index_fn(void *arg, uint64_t addr);
int index_each(const struct index *x, index_fn *fn, void *arg);
/* The objects of one chunk. */
int index_chunk_each(const struct index_chunk *chunk, index_fn *fn, void *arg);

void index_fini(struct index *x);

#endif
