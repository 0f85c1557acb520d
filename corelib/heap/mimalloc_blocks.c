/* SPDX-License-Identifier: MIT */
#include "heap/mimalloc.h"

/* Which blocks of a page are in use. */

/* The blocks of one chain; a link is in the page's bytes, or is read. @return false: it is broken */
static bool follow(const struct mi_page *page, const uint8_t *bytes, struct reader *r, uint64_t at,
		   uint64_t *freed, uint32_t *n)
{
	for (uint32_t left = page->reserved; at; left--) {
		uint64_t offset = at - page->start, i = offset / page->block;

		if (!left || at < page->start || offset % page->block || i >= page->reserved)
			return false;
		/* Those that are just being handed to the page are beyond its capacity. */
		if (i < page->capacity && !(freed[i / 64] >> (i % 64) & 1)) {
			freed[i / 64] |= UINT64_C(1) << (i % 64);
			++*n;
		}
		if (bytes)
			at = load_u64(bytes + (at - page->slices));
		else if (!reader_probe_u64(r, at, &at))
			return false;
	}
	return true;
}

static void add_delayed(const struct mi_page *page, uint64_t *freed, uint32_t *n)
{
	uint64_t i = (page->delayed - page->start) / page->block;

	if (page->delayed && i < page->capacity && !(freed[i / 64] >> (i % 64) & 1)) {
		freed[i / 64] |= UINT64_C(1) << (i % 64);
		++*n;
	}
}

/*
 * The page counts as used what other threads have freed. Its owner, and those, may be at work:
 * nothing stops one thread while another is looked at. When a chain has just been taken off
 * to be put elsewhere, fewer blocks are known to be free than are.
 */
static int64_t live_blocks(const struct mi_page *page, const uint8_t *bytes, struct reader *r,
			   uint64_t freed[POOL_BLOCKS_MOST / 64])
{
	uint32_t n = 0, others = 0;

	memset(freed, 0, (page->capacity + 63) / 64 * sizeof(*freed));
	if (!follow(page, bytes, r, page->free, freed, &n) ||
	    !follow(page, bytes, r, page->local_free, freed, &n) ||
	    !follow(page, bytes, r, page->thread_free, freed, &others))
		return -1;
	if ((uint64_t)page->capacity + 1 < (uint64_t)page->used + n)
		return -1;
	add_delayed(page, freed, &others);
	return page->capacity - n - others;
}

enum pool_verdict mimalloc_read(const struct mi_page *page, const uint8_t *bytes,
				struct pool *out)
{
	int64_t live = live_blocks(page, bytes, NULL, out->freed);

	if (live < 0)
		return POOL_DAMAGED;
	out->header = (uint32_t)(page->start - page->slices);
	out->size = (uint32_t)page->block;
	out->room = page->reserved;
	out->carved = page->capacity;
	out->n_live = (uint32_t)live;
	out->counted = page->used;
	out->heap = page->heap;
	return live ? POOL_READ : POOL_EMPTY;
}

int64_t mimalloc_live(const struct mi_page *page, struct reader *r,
		      uint64_t freed[POOL_BLOCKS_MOST / 64])
{
	return live_blocks(page, NULL, r, freed);
}
