/* SPDX-License-Identifier: MIT */
#include "heap/pool.h"

#include <stdio.h>

struct header {
	uint64_t freeblock;
	uint32_t ref, arena, szidx, next, most;
};

static struct header header_of(const struct layout *l, const uint8_t *bytes)
{
	return (struct header){
		.freeblock = load_u64(bytes + L(l, pool_header, freeblock)),
		.ref = load_u32(bytes + L(l, pool_header, ref)),
		.arena = load_u32(bytes + L(l, pool_header, arenaindex)),
		.szidx = load_u32(bytes + L(l, pool_header, szidx)),
		.next = load_u32(bytes + L(l, pool_header, nextoffset)),
		.most = load_u32(bytes + L(l, pool_header, maxnextoffset)),
	};
}

/* Whether blocks of @p size bytes are of that class: their alignment times its number, from 1. */
static bool size_sane(const struct layout *l, uint32_t szidx, uint32_t size)
{
	uint32_t alignment;

	if (!size || size > POOL_BLOCK_MOST || szidx >= size || size % (szidx + 1))
		return false;
	alignment = size / (szidx + 1);
	return alignment == 16 || alignment == FACT(l, POOL_ALIGNMENT);
}

/* Fill what the header alone tells; false if it cannot be one. */
static bool header_sane(const struct layout *l, const struct header *h, uint64_t addr,
			struct pool *p)
{
	uint32_t pool_size = (uint32_t)FACT(l, POOL_SIZE);
	uint64_t offset = h->freeblock - addr;

	p->heap = POOL_HEAP_ANY;
	p->header = L(l, pool_header, sizeof);
	p->size = pool_size - h->most;
	if (!size_sane(l, h->szidx, p->size) || pool_size > POOL_SIZE_MOST || p->header > 256 ||
	    h->next < p->header)
		return false;
	/* nextoffset passes maxnextoffset by less than a block when all is carved */
	if ((h->next - p->header) % p->size || h->next > pool_size)
		return false;
	p->room = (pool_size - p->header) / p->size;
	p->carved = (h->next - p->header) / p->size;
	if (p->carved > POOL_SIZE_MOST / 8)
		return false;
	p->counted = h->ref;
	p->arena = h->arena;
	if (h->freeblock && (offset < p->header || offset >= h->next ||
			     (offset - p->header) % p->size))
		return false;
	return h->ref <= p->carved;
}

bool pool_looks_true(const struct layout *l, const uint8_t *bytes, uint64_t addr, uint32_t *arena)
{
	struct header h = header_of(l, bytes);
	struct pool p;

	*arena = h.arena;
	return h.ref && h.arena < UINT32_C(1) << 24 && header_sane(l, &h, addr, &p);
}

bool pool_looks_emptied(const struct layout *l, const uint8_t *bytes, uint64_t addr,
			struct pool *out)
{
	struct header h = header_of(l, bytes);

	return !h.ref && h.arena < UINT32_C(1) << 24 && header_sane(l, &h, addr, out);
}

enum pool_verdict pool_read(const struct layout *l, const uint8_t *bytes, uint64_t addr,
			    struct pool *p)
{
	struct header h = header_of(l, bytes);
	uint32_t n_freed = 0, pool_size = (uint32_t)FACT(l, POOL_SIZE);

	/* A pool that was emptied keeps an old header, one never used is zeroes. */
	if (!h.ref)
		return POOL_EMPTY;
	if (!header_sane(l, &h, addr, p))
		return POOL_DAMAGED;
	memset(p->freed, 0, (p->carved + 63) / 64 * sizeof(*p->freed));
	for (uint64_t at = h.freeblock; at; n_freed++) {
		uint64_t offset = at - addr;
		uint32_t i;

		if (offset < p->header || offset >= pool_size || (offset - p->header) % p->size)
			return POOL_DAMAGED;
		i = (uint32_t)(offset - p->header) / p->size;
		if (i >= p->carved || p->freed[i / 64] >> (i % 64) & 1)
			return POOL_DAMAGED;
		p->freed[i / 64] |= UINT64_C(1) << (i % 64);
		at = load_u64(bytes + offset);
	}
	p->n_live = p->carved - n_freed;
	/* A thread stopped inside malloc or free leaves its pool off by one. */
	if (p->n_live > p->counted + 1 || p->counted > p->n_live + 1)
		return POOL_DAMAGED;
	return POOL_READ;
}

/* The first block of the chain that is none, or is on it twice. */
static bool chain_fault(const struct header *h, const struct pool *p, const uint8_t *bytes,
			uint64_t addr, uint64_t *where, char *text, size_t size)
{
	uint64_t seen[POOL_BLOCKS_MOST / 64] = { 0 };

	for (uint64_t at = h->freeblock; at;) {
		uint64_t offset = at - addr, i = (offset - p->header) / p->size;

		if (offset < p->header || offset >= h->next || (offset - p->header) % p->size) {
			snprintf(text, size,
				 "its chain of free blocks leads to 0x%llx, which is none of them: "
				 "freed memory was written to",
				 (unsigned long long)at);
			return true;
		}
		*where = at;
		if (seen[i / 64] >> (i % 64) & 1) {
			snprintf(text, size, "its chain of free blocks comes to one again: freed twice?");
			return true;
		}
		seen[i / 64] |= UINT64_C(1) << (i % 64);
		at = load_u64(bytes + offset);
	}
	return false;
}

bool pool_fault(const struct layout *l, const uint8_t *bytes, uint64_t addr, uint64_t *where,
		char *text, size_t size)
{
	struct header h = header_of(l, bytes);
	struct pool p;

	*where = addr;
	if (pool_read(l, bytes, addr, &p) != POOL_DAMAGED)
		return false;
	if (!header_sane(l, &h, addr, &p)) {
		snprintf(text, size, "the allocator's header makes no sense");
		return true;
	}
	*where = addr + L(l, pool_header, freeblock);
	if (chain_fault(&h, &p, bytes, addr, where, text, size))
		return true;
	*where = addr + L(l, pool_header, ref);
	snprintf(text, size, "%u blocks are in use by its count, and others by its chain of free ones",
		 p.counted);
	return true;
}
