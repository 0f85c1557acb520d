/* SPDX-License-Identifier: MIT */
#include "heap/arenas.h"

#include <stdlib.h>

#include "base/error.h"
#include "heap/mimalloc.h"
#include "heap/pool_scan.h"

#define MOST_ARENAS (UINT32_C(1) << 24)
#define STATES_MOST 256
/* Arenas of which nothing can be read: a core that was cut short has such, a lie has any number. */
#define UNSEEN_MOST 1024
/*
 * Arenas are mapped near each other. Two that are farther apart than this are
 * not both true, and the bitmap between them would be too big.
 */
#define MOST_SPAN (UINT64_C(1) << 44)

bool arenas_add(struct arenas *a, uint64_t start, uint64_t end)
{
	return vec_push(&a->ranges, ((struct arena_range){ start, end }));
}

static int by_start(const void *p, const void *q)
{
	const struct arena_range *a = p, *b = q;

	return (a->start > b->start) - (a->start < b->start);
}

static void merge(struct arenas *a)
{
	size_t n = 0;

	qsort(a->ranges.items, a->ranges.n, sizeof(*a->ranges.items), by_start);
	for (size_t i = 0; i < a->ranges.n; i++) {
		struct arena_range next = a->ranges.items[i];

		if (n && next.start <= a->ranges.items[n - 1].end) {
			if (a->ranges.items[n - 1].end < next.end)
				a->ranges.items[n - 1].end = next.end;
		} else {
			a->ranges.items[n++] = next;
		}
	}
	a->ranges.n = n;
}

/* Drop ranges from the end that is farther from the middle one. */
static void leave_out(struct arenas *a)
{
	struct arena_range *r = a->ranges.items;
	size_t first = 0, last = a->ranges.n - 1;
	uint64_t middle = r[a->ranges.n / 2].start;

	while (r[last].end - r[first].start > MOST_SPAN && first < last) {
		if (middle - r[first].start > r[last].start - middle)
			first++;
		else
			last--;
		a->left_out++;
	}
	a->ranges.n = last - first + 1;
	memmove(r, r + first, a->ranges.n * sizeof(*r));
}

static void set_bits(uint64_t *bits, uint64_t first, uint64_t end)
{
	for (uint64_t i = first; i < end; i++)
		bits[i >> 6] |= UINT64_C(1) << (i & 63);
}

int arenas_build(struct arenas *a, unsigned pool_shift)
{
	uint64_t n_pools;

	a->pool_shift = pool_shift;
	if (!a->ranges.n)
		return 0;
	merge(a);
	leave_out(a);
	a->lo = a->ranges.items[0].start;
	a->span = a->ranges.items[a->ranges.n - 1].end - a->lo;
	n_pools = a->span >> pool_shift;
	a->first_chunk = a->lo >> INDEX_CHUNK_SHIFT;
	a->n_chunks = ((a->lo + a->span - 1) >> INDEX_CHUNK_SHIFT) - a->first_chunk + 1;
	/* Large ones come as untouched pages: what no arena covers costs nothing. */
	a->pools = calloc(n_pools / 64 + 1, sizeof(*a->pools));
	a->host = calloc(a->n_chunks, sizeof(*a->host));
	a->chunks = calloc(a->n_chunks, sizeof(*a->chunks));
	if (!a->pools || !a->host || !a->chunks)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < a->ranges.n; i++) {
		struct arena_range range = a->ranges.items[i];

		set_bits(a->pools, (range.start - a->lo) >> pool_shift,
			 (range.end - a->lo) >> pool_shift);
	}
	return 0;
}

/* Where the chunk at @p start would be, were all of it mapped as its pools are. */
static const uint8_t *host_of(const struct arenas *a, struct target *t, uint64_t start, size_t i)
{
	uint64_t end = start + INDEX_CHUNK_SIZE, last;
	struct piece piece;

	if (!t->ops->piece)
		return NULL;
	if (a->ranges.items[i].start > start)
		start = a->ranges.items[i].start;
	for (last = start; i < a->ranges.n && a->ranges.items[i].start < end; i++)
		last = a->ranges.items[i].end < end ? a->ranges.items[i].end : end;
	if (!t->ops->piece(t, start, &piece) || last - piece.start > piece.len)
		return NULL;
	return piece.host + (start - piece.start) - (start & (INDEX_CHUNK_SIZE - 1));
}

int arenas_index(struct arenas *a, struct target *t, struct index *x)
{
	for (size_t i = 0; i < a->ranges.n; i++) {
		uint64_t at = a->ranges.items[i].start & ~(INDEX_CHUNK_SIZE - 1);

		for (; at < a->ranges.items[i].end; at += INDEX_CHUNK_SIZE) {
			uint64_t number = (at >> INDEX_CHUNK_SHIFT) - a->first_chunk;
			struct index_chunk *chunk;

			if (a->chunks[number])
				continue;
			chunk = index_chunk_make(x, at);
			if (!chunk)
				return PYCORE_ERR_NOMEM;
			a->chunks[number] = chunk;
			a->host[number] = host_of(a, t, at, i);
			chunk->arena = a->ranges.items[i].start <= at &&
				       a->ranges.items[i].end - at >= INDEX_CHUNK_SIZE;
		}
	}
	return 0;
}

void arenas_fini(struct arenas *a)
{
	vec_free(&a->ranges);
	vec_free(&a->pages);
	vec_free(&a->torn);
	free(a->pools);
	free(a->host);
	free(a->chunks);
	*a = (struct arenas){ 0 };
}

struct mi_page *arenas_page(const struct arenas *a, uint64_t addr)
{
	size_t first = 0, end = a->pages.n;
	struct mi_page *page;

	/* The last that does not begin after it. */
	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (a->pages.items[middle].slices <= addr)
			first = middle + 1;
		else
			end = middle;
	}
	if (!first)
		return NULL;
	page = &a->pages.items[first - 1];
	return addr - page->slices < (uint64_t)page->n_slices << MI_SLICE_SHIFT ? page : NULL;
}

bool arenas_is_gc(const struct arenas *a, uint64_t addr)
{
	const struct mi_page *page = arenas_page(a, addr);

	return page && (page->heap == POOL_HEAP_GC || page->heap == POOL_HEAP_GC_PRE);
}

uint64_t arenas_block_bytes(const struct arenas *a, uint64_t addr)
{
	uint64_t pool = addr & ~((UINT64_C(1) << a->pool_shift) - 1);

	if (!arenas_has(a, addr))
		return 0;
	return (uint64_t)arenas_chunk(a, pool)->block_size[(pool & (INDEX_CHUNK_SIZE - 1)) >> 12]
	       << INDEX_GRANULE_SHIFT;
}

bool arenas_unknown_block(const struct arenas *a, uint64_t addr, uint64_t *bytes)
{
	const struct index_chunk *chunk = arenas_chunk(a, addr);
	uint64_t bit = (addr & (INDEX_CHUNK_SIZE - 1)) >> INDEX_GRANULE_SHIFT;

	if (addr & 7 || !(chunk->live[bit >> 6] >> (bit & 63) & 1) ||
	    bitmap_test(chunk->storage, addr))
		return false;
	*bytes = arenas_block_bytes(a, addr);
	return *bytes && !index_chunk_has_object(chunk, addr, *bytes);
}

uint64_t arenas_room(const struct arenas *a, uint64_t addr)
{
	const struct mi_page *page = arenas_page(a, addr);

	if (page)
		return addr < page->start ? 0 : page->block - (addr - page->start) % page->block;
	return arenas_block_bytes(a, addr);
}

enum pool_verdict arenas_read_pool(const struct arenas *a, const struct layout *l,
				   const uint8_t *bytes, uint64_t at, struct pool *out)
{
	const struct mi_page *page;

	if (!a->pages.n)
		return pool_read(l, bytes, at, out);
	page = arenas_page(a, at);
	return page && page->n_slices == 1 ? mimalloc_read(page, bytes, out) : POOL_EMPTY;
}

/* The pools of an arena: [start, end); false if it has none. */
static bool arena_pools(const struct layout *l, uint64_t address, uint64_t *start, uint64_t *end)
{
	uint64_t pool = FACT(l, POOL_SIZE);

	if (__builtin_add_overflow(address, FACT(l, ARENA_SIZE), end) || *end >> 47)
		return false;
	*start = (address + pool - 1) & ~(pool - 1);
	*end &= ~(pool - 1);
	return *start < *end;
}

/*
 * Pools of which live blocks are claimed must look it; true too if all are empty.
 * @p seen tells whether any could be looked at.
 */
static bool arena_holds_true(const struct layout *l, struct reader *r, uint64_t start,
			     uint64_t end, uint32_t number, bool *seen)
{
	unsigned good = 0, bad = 0;

	*seen = false;
	for (uint64_t at = start; at < end && good + bad < 4; at += FACT(l, POOL_SIZE)) {
		uint8_t scratch[256];
		uint32_t arena;
		const uint8_t *p = reader_probe(r, at, L(l, pool_header, sizeof), scratch);

		*seen |= p != NULL;
		/* A core cut short lacks pools that are true. */
		if (!p || !load_u32(p + L(l, pool_header, ref)))
			continue;
		if (pool_looks_true(l, p, at, &arena) && arena == number)
			good++;
		else
			bad++;
	}
	return bad <= good;
}

/* Add what the table of arena_objects at @p table names. @return whether it seems true. */
static bool read_table(struct arenas *a, const struct layout *l, struct reader *r, uint64_t table,
		       uint32_t most)
{
	uint32_t stride = L(l, arena_object, sizeof);
	unsigned bad = 0, good = 0, unseen = 0;

	for (uint32_t i = 0; i < most; i++) {
		uint64_t start, end, address, at;
		bool seen;

		if (__builtin_add_overflow(table, (uint64_t)i * stride, &at) ||
		    !LOAD(l, r, at, arena_object, address, &address))
			return false;
		if (!address)
			continue;
		if (!arena_pools(l, address, &start, &end) ||
		    !arena_holds_true(l, r, start, end, i, &seen)) {
			if (++bad > 8 + good / 64)
				return false;
			continue;
		}
		good++;
		if (!seen && unseen++ >= UNSEEN_MOST) {
			a->left_out++;
			continue;
		}
		if (!arenas_add(a, start, end))
			return false;
		a->n_arenas++;
	}
	return bad <= good;
}

/* Address of the interpreter's allocator state, or 0. */
static uint64_t state_of(const struct layout *l, struct reader *r, uint64_t interp)
{
	uint64_t state = 0;

	if (!HAS(l, PyInterpreterState, obmalloc))
		return 0;
	if (FACT(l, OBMALLOC) == OBMALLOC_EMBEDDED)
		return interp + L(l, PyInterpreterState, obmalloc);
	if (FACT(l, OBMALLOC) == OBMALLOC_POINTER &&
	    !LOAD(l, r, interp, PyInterpreterState, obmalloc, &state))
		return 0;
	return state;
}

/* @return whether the state at @p state was believed */
static bool read_state(struct arenas *a, const struct layout *l, struct reader *r, uint64_t state)
{
	uint64_t table, most, raw;

	if (!LOAD(l, r, state, _obmalloc_state, arenas, &table) ||
	    !LOAD(l, r, state, _obmalloc_state, maxarenas, &most) || most > MOST_ARENAS)
		return false;
	if (HAS(l, _obmalloc_state, raw_allocated_blocks) &&
	    LOAD(l, r, state, _obmalloc_state, raw_allocated_blocks, &raw) && !(raw >> 47)) {
		a->raw_known = true;
		a->raw_blocks += raw;
	}
	/* An interpreter that never allocated has no table. */
	return !table ? !most : read_table(a, l, r, table, (uint32_t)most);
}

static bool from_states(struct arenas *a, const struct layout *l, struct reader *r,
			const struct interpreters *interps)
{
	uint64_t seen[STATES_MOST];
	size_t n_seen = 0;

	if (FACT(l, OBMALLOC) != OBMALLOC_EMBEDDED && FACT(l, OBMALLOC) != OBMALLOC_POINTER)
		return false;
	for (size_t i = 0; interps && i < interps->interps.n; i++) {
		uint64_t state = state_of(l, r, interps->interps.items[i].address);
		size_t k = 0;

		/* Interpreters may share the main one's allocator. */
		while (k < n_seen && seen[k] != state)
			k++;
		if (k < n_seen)
			continue;
		if (!state || n_seen == STATES_MOST || !read_state(a, l, r, state))
			return false;
		seen[n_seen++] = state;
	}
	return n_seen > 0;
}

int arenas_find(struct arenas *a, const struct layout *l, struct reader *r,
		const struct interpreters *interps, unsigned workers)
{
	uint64_t pool = FACT(l, POOL_SIZE);
	int rc = 0;

	*a = (struct arenas){ 0 };
	if (FACT(l, OBMALLOC) == OBMALLOC_MIMALLOC) {
		rc = mimalloc_find(a, l, r->target, interps);
		return rc ? rc : arenas_build(a, MI_SLICE_SHIFT);
	}
	if (pool < 4096 || pool > POOL_SIZE_MOST || (pool & (pool - 1)) ||
	    FACT(l, ARENA_SIZE) < pool || !HAS(l, pool_header, sizeof))
		return 0;
	if (!from_states(a, l, r, interps)) {
		a->ranges.n = 0;
		a->n_arenas = 0;
		a->scanned = true;
		rc = pool_scan(a, l, r->target, workers);
	}
	if (!rc)
		rc = arenas_build(a, (unsigned)__builtin_ctzll(pool));
	return rc;
}
