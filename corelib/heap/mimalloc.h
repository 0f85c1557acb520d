/* SPDX-License-Identifier: MIT */
#ifndef HEAP_MIMALLOC_H
#define HEAP_MIMALLOC_H

#include "heap/arenas.h"
#include "heap/pool.h"

/*
 * mimalloc, which free-threaded builds have in pymalloc's place. A segment, 32 MiB
 * from an address divisible by that, has slices of 64 KiB; a page is one slice or some
 * and has blocks of one size, of one kind of heap: Include/internal/mimalloc/mimalloc/types.h.
 * Each thread has four heaps; when it ends, its pages stay where they are for others to
 * take over. So pages are found through the segments, not through the heaps.
 */
#define MI_SLICE_SHIFT 16
#define MI_SLICE_SIZE (UINT64_C(1) << MI_SLICE_SHIFT)
#define MI_SEGMENT_SIZE (UINT64_C(32) << 20)

/*
 * Find all pages of Python's own heaps, those of threads that have ended included: small ones,
 * of one slice, become ranges of @p a; a->pages gets them all, by address.
 */
int mimalloc_find(struct arenas *a, const struct layout *l, struct target *t,
		  const struct interpreters *interps);

/* The page that has a block at @p addr, by itself; false: none, as far as one can tell. */
bool mimalloc_page_at(const struct layout *l, struct reader *r, uint64_t addr,
		      struct mi_page *out);

/* Read a page of one slice, whose bytes are @p bytes. */
enum pool_verdict mimalloc_read(const struct mi_page *page, const uint8_t *bytes,
				struct pool *out);

/*
 * The same of a page of any size: which blocks are free, a bit each. @return how many are in
 * use, -1: it contradicts itself, or cannot be read
 */
int64_t mimalloc_live(const struct mi_page *page, struct reader *r,
		      uint64_t freed[POOL_BLOCKS_MOST / 64]);

#endif
