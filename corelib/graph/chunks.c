/* SPDX-License-Identifier: MIT */
#include "graph/chunks.h"

#include <stdlib.h>

#include "base/search.h"
#include "target/words.h"
#include "heap/place.h"

/*
 * malloc/malloc.c and malloc/arena.c of glibc, 2.26 to 2.43. A chunk's head is the size of the
 * one before it, if that is free, and its own with three marks; then comes its memory.
 */
enum {
	HEAD = 16,
	PREVIOUS_IN_USE = 1,
	MAPPED = 2,
	MARKS = 7,
	LEAST = 32,
	/* struct malloc_state: the address of what is not divided stands behind the fast bins. */
	FAST_BINS = 10,
	STATE_LEAST = 0x800,
	STATE_MOST = 0x900,
	STATE_TOP_MOST = 128, /* before which that address is */
	/* From 2.32 on a link has the address at which it stands mixed into it. */
	LINK_SHIFT = 12,
	LIST_MOST = 1 << 16,
	/* Bytes before a thread's pointer that have the C library's own variables in them. */
	THREAD_BYTES = 8192,
	SMALL_BINS = 64,
};

/* Heaps of arenas that threads have begin at multiples of that. */
#define HEAP_MOST (UINT64_C(64) << 20)

/* What a thread keeps its lists in, by the size of its chunk. */
static const struct cache_shape {
	uint32_t chunk, first, n; /* where the first of n lists is */
} cache_shapes[] = {
	{ 0x250, 64, 64 },  /* 2.26 */
	{ 0x290, 128, 64 }, /* 2.30 */
	{ 0x300, 152, 76 }, /* 2.42; those past 64 are of more sizes than one */
};

static uint64_t word_at(struct reader *r, uint64_t address)
{
	uint64_t word;

	return reader_probe_u64(r, address, &word) ? word : 0;
}

/* From the head @p first on. @return whether the row of chunks leads to the end */
static bool walk(struct reader *r, uint64_t first, uint64_t end, struct chunk_heap *h, bool *failed)
{
	uint64_t before = 0;

	*h = (struct chunk_heap){ .start = first, .end = end };
	for (uint64_t at = first; at < end;) {
		uint64_t head, size;

		if (end - at < HEAD || !reader_spend(r, at, at - first, HEAD) ||
		    !reader_probe_u64(r, at + 8, &head))
			return false;
		size = head & ~(uint64_t)MARKS;
		if (before && head & PREVIOUS_IN_USE &&
		    !vec_push(&h->used, (uint32_t)((before + HEAD - first) / 16)))
			*failed = true;
		/* A heap that is full ends with the head of nothing. */
		if (!size && end - at == HEAD)
			return !*failed;
		if (*failed || head & MAPPED || size < HEAD || size & 15 || size > end - at)
			return false;
		before = size < LEAST ? 0 : at;
		h->top = at;
		at += size;
	}
	return h->top != 0;
}

static bool add_heap(struct chunks *k, struct reader *r, uint64_t first, uint64_t end,
		     uint64_t arena)
{
	struct chunk_heap h;

	if (end <= first || (end - first) / 16 > UINT32_MAX)
		return false;
	if (walk(r, first, end, &h, &k->failed)) {
		h.arena = arena;
		if (vec_push(&k->heaps, h))
			return true;
		k->failed = true;
	}
	vec_free(&h.used);
	return false;
}

/* A thread's heap begins with the address of its arena, that of the one before, and its size. */
static void look_for_heap(struct chunks *k, struct reader *r, uint64_t heap, uint64_t end)
{
	uint64_t arena = word_at(r, heap), size = word_at(r, heap + 16), first = heap + 32;
	uint64_t offset = arena & (HEAP_MOST - 1), last = heap + 96;

	if (!size || size & 4095 || size > HEAP_MOST || size > end - heap || arena & 15 ||
	    offset < 32 || offset > 96)
		return;
	if (arena - offset == heap) {
		first = arena + STATE_LEAST;
		last = arena + STATE_MOST;
	}
	for (; first < last && !k->failed; first += 16) {
		if (add_heap(k, r, first, heap + size, arena))
			return;
	}
}

/* The first place from an address on at which one may begin. */
static uint64_t heap_from(uint64_t address)
{
	return (address + HEAP_MOST - 1) & ~(HEAP_MOST - 1);
}

static void look_in_region(struct chunks *k, struct reader *r, const struct region *region)
{
	uint64_t heap = heap_from(region->start);

	if (!(region->flags & REGION_WRITE) || region->flags & (REGION_SHARED | REGION_STACK) ||
	    region->path)
		return;
	if (region->flags & REGION_HEAP) {
		add_heap(k, r, region->start, region->end, 0);
		return;
	}
	while (heap >= region->start && heap < region->end && !k->failed) {
		uint64_t data = target_skip_holes(r->target, heap, region->end);

		/* A region may claim to be larger than all memory: where nothing is, no heap begins. */
		if (data == heap)
			look_for_heap(k, r, heap, region->end);
		heap = heap_from(data == heap ? data + 1 : data);
	}
}

static const struct chunk_heap *heap_of(const struct chunks *k, uint64_t address)
{
	size_t at = COUNT_BEFORE(k->heaps.n, i, k->heaps.items[i].end <= address);

	return at < k->heaps.n && k->heaps.items[at].start <= address ? &k->heaps.items[at] : NULL;
}

static bool is_used(const struct chunk_heap *h, uint64_t address)
{
	uint64_t offset = (address - h->start) / 16;
	size_t at;

	if (address & 15)
		return false;
	at = COUNT_BEFORE(h->used.n, i, h->used.items[i] < offset);
	return at < h->used.n && h->used.items[at] == offset;
}

/* Bytes of the chunk that a heap has in use, its head included; 0: there is none. */
static uint64_t size_of(const struct chunks *k, struct reader *r, uint64_t address)
{
	const struct chunk_heap *h = heap_of(k, address);

	return h && is_used(h, address) ? word_at(r, address - 8) & ~(uint64_t)MARKS : 0;
}

/* The next one of a list, 0: there is none; @p head: links are addresses of heads. */
static uint64_t next_of(const struct chunks *k, struct reader *r, uint64_t address, uint64_t head)
{
	uint64_t size = size_of(k, r, address), link = word_at(r, address);

	if (link && size_of(k, r, link + head) == size)
		return link + head;
	link ^= address >> LINK_SHIFT;
	return link && size_of(k, r, link + head) == size ? link + head : 0;
}

static void take_list(struct chunks *k, struct reader *r, uint64_t address, uint64_t head)
{
	bool added = true;

	for (unsigned i = 0; address && i < LIST_MOST && added; i++) {
		if (!map_put(&k->freed, address, &added)) {
			k->failed = true;
			return;
		}
		address = next_of(k, r, address, head);
	}
}

/* Whether all lists at @p first begin with chunks of their sizes, or with none; and one does. */
static bool are_lists(const struct chunks *k, struct reader *r, uint64_t first, unsigned n,
		      uint64_t head)
{
	bool some = false;

	for (unsigned i = 0; i < n; i++) {
		uint64_t to = word_at(r, first + 8 * i), size;

		if (!to)
			continue;
		size = size_of(k, r, to + head);
		if (i < SMALL_BINS ? size != LEAST + 16 * i : size < LEAST + 16 * SMALL_BINS)
			return false;
		some = true;
	}
	return some;
}

static void take_lists(struct chunks *k, struct reader *r, uint64_t first, unsigned n, uint64_t head)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t to = word_at(r, first + 8 * i);

		if (to)
			take_list(k, r, to + head, head);
	}
}

/* What a thread keeps, if its lists are there. */
static void take_cache(struct chunks *k, struct reader *r, uint64_t address)
{
	uint64_t size = size_of(k, r, address);

	for (size_t i = 0; i < sizeof(cache_shapes) / sizeof(cache_shapes[0]); i++) {
		const struct cache_shape *shape = &cache_shapes[i];

		if (size != shape->chunk ||
		    !are_lists(k, r, address + shape->first, shape->n, 0))
			continue;
		take_lists(k, r, address + shape->first, shape->n, 0);
		if (!map_put(&k->freed, address, NULL))
			k->failed = true;
	}
}

/* Whoever is handed words of memory. */
struct looking {
	struct chunks *k;
	struct reader *r;
	uint64_t arena; /* whose heaps' tops are looked for */
};

static void look_at_thread(void *arg, uint64_t at, const uint64_t *words, size_t n)
{
	const struct looking *l = arg;

	(void)at;
	for (size_t i = 0; i < n; i++) {
		if (words[i])
			take_cache(l->k, l->r, words[i]);
	}
}

/* @p at has the address of a heap's top: the fast bins stand before it. */
static void take_bins(struct chunks *k, struct reader *r, uint64_t at)
{
	uint64_t first = at - 8 * FAST_BINS;

	if (are_lists(k, r, first, FAST_BINS, HEAD))
		take_lists(k, r, first, FAST_BINS, HEAD);
}

static void look_for_state(void *arg, uint64_t at, const uint64_t *words, size_t n)
{
	const struct looking *l = arg;

	for (size_t i = 0; i < n; i++) {
		const struct chunk_heap *h = words[i] & 15 ? NULL : heap_of(l->k, words[i]);

		if (h && h->arena == l->arena && h->top == words[i])
			take_bins(l->k, l->r, at + 8 * i);
	}
}

static void find_caches(struct chunks *k, struct reader *r)
{
	struct looking l = { k, r, 0 };
	const struct target *t = r->target;

	for (size_t i = 0; i < t->n_threads; i++) {
		uint64_t end = t->threads[i].fs_base, start = end - THREAD_BYTES;
		const struct region *region = target_region_at(t, end);

		if (region)
			words_each(r, end - region->start < THREAD_BYTES ? region->start : start,
				   end, look_at_thread, &l);
	}
}

/* The state of the first arena is in the C library's data. */
static void find_bins(struct chunks *k, struct reader *r)
{
	struct looking l = { k, r, 0 };
	struct target *t = r->target;

	for (size_t i = 0; i < t->n_regions; i++)
		words_each(r, t->regions[i].start, words_end_of_binary(t, &t->regions[i]),
			   look_for_state, &l);
	for (size_t i = 0; i < k->heaps.n; i++) {
		l.arena = k->heaps.items[i].arena;
		if (l.arena)
			words_each(r, l.arena, l.arena + STATE_TOP_MOST, look_for_state, &l);
	}
}

void chunks_read(struct chunks *k, struct reader *r)
{
	const struct target *t = r->target;

	*k = (struct chunks){ .failed = false };
	for (size_t i = 0; i < t->n_regions && !k->failed; i++)
		look_in_region(k, r, &t->regions[i]);
	if (!k->heaps.n || k->failed)
		return;
	find_caches(k, r);
	find_bins(k, r);
}

void chunks_free(struct chunks *k)
{
	for (size_t i = 0; i < k->heaps.n; i++)
		vec_free(&k->heaps.items[i].used);
	vec_free(&k->heaps);
	map_free(&k->freed);
}

bool chunks_have(const struct chunks *k, const struct ctx *c, uint64_t address, uint64_t *bytes)
{
	if (!heap_of(k, address))
		return place_is_chunk(c, address, bytes);
	*bytes = size_of(k, c->r, address);
	if (!*bytes || map_get(&k->freed, address))
		return false;
	*bytes -= 8;
	return true;
}
