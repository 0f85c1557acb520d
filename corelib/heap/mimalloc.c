/* SPDX-License-Identifier: MIT */
#include "heap/mimalloc.h"

#include <stdlib.h>

#include "base/error.h"

/* Bytes of mi_segment_t before its slices, and of a mi_page_t, at most. */
#define HEADER_MOST 512
#define PAGE_MOST 256
#define SLICES_PER_SEGMENT (MI_SEGMENT_SIZE >> MI_SLICE_SHIFT)
/* MI_HUGE_BLOCK_SIZE: the block takes all of its page. */
#define HUGE_BLOCK (UINT64_C(2) << 30)
/* More than any memory has. */
#define MOST_SLICES (UINT64_C(1) << 31)
/* Of a thread: _Py_MIMALLOC_HEAP_COUNT */
#define HEAPS (POOL_HEAP_NONE - POOL_HEAP_MEMORY)
/* mi_thread_free_t has flags in the low bits. */
#define THREAD_FREE_FLAGS UINT64_C(3)

/* The bits of mi_page_t's tag, where it shares a byte (3.13). */
#define TAG_SHIFT 3
#define TAG_MASK 15

static uint64_t field_of(const struct layout *l, const uint8_t *p, unsigned field)
{
	const struct field *f = &l->field[field];
	uint64_t value = 0;

	if (f->present && f->width <= sizeof(value))
		memcpy(&value, p + f->offset, f->width);
	return value;
}

#define OF(l, p, s, f) field_of(l, p, F_##s##_##f)

static bool supported(const struct layout *l)
{
	return HAS(l, mi_page_t, sizeof) && HAS(l, mi_segment_t, slices) &&
	       L(l, mi_page_t, sizeof) <= PAGE_MOST && L(l, mi_page_t, sizeof) >= 64 &&
	       L(l, mi_segment_t, slices) <= HEADER_MOST;
}

/* A segment, as its header has it. */
struct segment {
	uint64_t address;
	uint64_t key;    /* the same of all segments of one mimalloc */
	uint64_t slices; /* its bytes / MI_SLICE_SIZE */
	uint32_t first, end; /* of its slices that may be pages */
};

static bool read_segment(const struct layout *l, struct reader *r, uint64_t at,
			 struct segment *out)
{
	uint8_t scratch[HEADER_MOST];
	const uint8_t *p = reader_probe(r, at, L(l, mi_segment_t, slices), scratch);
	uint64_t first, end;

	if (!p)
		return false;
	out->address = at;
	/* _mi_ptr_cookie(): a segment's cookie is its address and a number of the process. */
	out->key = OF(l, p, mi_segment_t, cookie) ^ at;
	out->slices = OF(l, p, mi_segment_t, segment_slices);
	first = OF(l, p, mi_segment_t, segment_info_slices);
	end = OF(l, p, mi_segment_t, slice_entries);
	out->first = (uint32_t)first;
	out->end = (uint32_t)end;
	return out->key && first && first < end && end <= SLICES_PER_SEGMENT &&
	       end <= out->slices && out->slices < MOST_SLICES &&
	       !(((out->slices << MI_SLICE_SHIFT) + at) >> 47);
}

/* _mi_segment_page_start_from_slice(): small blocks do not begin where the slice does. */
static uint64_t start_of(const struct layout *l, const uint8_t *p, const struct mi_page *page)
{
	if (HAS(l, mi_page_t, page_start))
		return OF(l, p, mi_page_t, page_start);
	if (page->block <= 64)
		return page->slices + 3 * page->block;
	return page->slices + (page->block <= 512 ? page->block : 0);
}

static bool page_sane(const struct mi_page *page)
{
	uint64_t end = page->slices + ((uint64_t)page->n_slices << MI_SLICE_SHIFT);

	if (page->heap >= POOL_HEAP_NONE || page->block < 8 || page->block % 8 ||
	    page->start < page->slices || page->start >= end || page->start % 8 ||
	    page->capacity > page->reserved || page->reserved > POOL_BLOCKS_MOST)
		return false;
	return page->block <= (end - page->start) / (page->reserved ? page->reserved : 1);
}

/*
 * Slice number @p i of a segment, @p p being its mi_page_t. @return whether it is a page
 * in use; else @p out->n_slices alone is filled.
 */
static bool read_page(const struct layout *l, const struct segment *s, uint32_t i,
		      const uint8_t *p, struct mi_page *out)
{
	uint64_t tag = OF(l, p, mi_page_t, tag), block = OF(l, p, mi_page_t, block_size);

	*out = (struct mi_page){
		.slices = s->address + ((uint64_t)i << MI_SLICE_SHIFT),
		.n_slices = (uint32_t)OF(l, p, mi_page_t, slice_count),
	};
	if (out->n_slices > s->slices - i)
		out->n_slices = 0;
	if (!out->n_slices || !block)
		return false;
	if (!HAS(l, mi_page_t, page_start))
		tag = tag >> TAG_SHIFT & TAG_MASK;
	out->heap = tag < HEAPS ? (uint8_t)tag + POOL_HEAP_MEMORY : POOL_HEAP_NONE;
	out->block = block;
	if (!HAS(l, mi_page_t, page_start) && block >= HUGE_BLOCK)
		out->block = (uint64_t)out->n_slices << MI_SLICE_SHIFT;
	out->start = start_of(l, p, out);
	out->capacity = (uint32_t)OF(l, p, mi_page_t, capacity);
	out->reserved = (uint32_t)OF(l, p, mi_page_t, reserved);
	out->used = (uint32_t)OF(l, p, mi_page_t, used);
	out->free = OF(l, p, mi_page_t, free);
	out->local_free = OF(l, p, mi_page_t, local_free);
	out->thread_free = OF(l, p, mi_page_t, thread_free) & ~THREAD_FREE_FLAGS;
	out->owner = OF(l, p, mi_page_t, heap);
	return page_sane(out);
}

/* Segments and pages, before it is known which are Python's. */
struct search {
	struct arenas *a;
	const struct layout *l;
	const struct interpreters *interps;
	struct reader r;
	uint8_t *slices;     /* room for those of a segment */
	struct map votes;    /* key -> pages, and more for those known to be a thread's */
	VEC(uint64_t) keys;  /* by page */
	uint64_t key;        /* of most votes */
	uint64_t n_segments;
	bool no_memory;
};

#define VOTES_OF_THREAD (UINT64_C(1) << 32)

/* Whether it is one of the heaps of a thread that runs Python. */
static bool is_threads(const struct search *s, uint64_t heap)
{
	uint64_t first = L(s->l, _PyThreadStateImpl, mimalloc_heaps);
	uint64_t size = L(s->l, mi_heap_t, sizeof);

	for (size_t i = 0; heap && i < s->interps->threads.n; i++) {
		uint64_t offset = heap - s->interps->threads.items[i].address - first;

		if (offset < HEAPS * size && offset % size == 0)
			return true;
	}
	return false;
}

static void take_page(struct search *s, uint64_t key, const struct mi_page *page)
{
	uint64_t *votes;

	if (!page->used || !page->capacity)
		return;
	votes = map_put(&s->votes, key, NULL);
	if (!votes || !vec_push(&s->a->pages, *page) || !vec_push(&s->keys, key))
		s->no_memory = true;
	else
		*votes += is_threads(s, page->owner) ? VOTES_OF_THREAD : 1;
}

/* All pages in use of a segment. What cannot be read is passed over. */
static void take_pages(struct search *s, const struct segment *segment)
{
	uint32_t stride = L(s->l, mi_page_t, sizeof), i = segment->first;
	uint64_t at = segment->address + L(s->l, mi_segment_t, slices);
	uint64_t got = reader_copy(&s->r, at, s->slices, (uint64_t)segment->end * stride);
	struct mi_page page;

	while (i < segment->end && (uint64_t)(i + 1) * stride <= got && !s->no_memory) {
		if (read_page(s->l, segment, i, s->slices + (uint64_t)i * stride, &page))
			take_page(s, segment->key, &page);
		i += page.n_slices ? page.n_slices : 1;
	}
}

static bool worth_searching(const struct region *region)
{
	return (region->flags & REGION_ANON) && (region->flags & REGION_READ) &&
	       (region->flags & REGION_WRITE) &&
	       !(region->flags & (REGION_SHARED | REGION_STACK | REGION_HEAP));
}

static void search_region(struct search *s, const struct region *region)
{
	uint64_t at, step = MI_SEGMENT_SIZE, most = UINT64_C(1) << 44;
	struct segment segment;
	uint8_t byte;

	if (__builtin_add_overflow(region->start, MI_SEGMENT_SIZE - 1, &at))
		return;
	for (at &= ~(MI_SEGMENT_SIZE - 1); at < region->end && !s->no_memory;) {
		uint64_t data = target_skip_holes(s->r.target, at, region->end);

		/* No segment begins in a hole. */
		if (data > at) {
			if (__builtin_add_overflow(data, MI_SEGMENT_SIZE - 1, &at))
				break;
			at &= ~(MI_SEGMENT_SIZE - 1);
			continue;
		}
		if (read_segment(s->l, &s->r, at, &segment)) {
			take_pages(s, &segment);
			s->n_segments++;
			step = (segment.slices << MI_SLICE_SHIFT) + MI_SEGMENT_SIZE - 1;
			step &= ~(MI_SEGMENT_SIZE - 1);
		} else if (reader_probe(&s->r, at, 1, &byte)) {
			step = MI_SEGMENT_SIZE;
		} else if (step < most) {
			/* What a core says is mapped may be far more than it holds. */
			step *= 2;
		}
		if (__builtin_add_overflow(at, step, &at))
			break;
	}
}

/* Other code may bring a mimalloc of its own: Python's is the one that threads' heaps are of. */
static void elect(struct search *s)
{
	uint64_t most = 0;

	for (size_t i = 0; s->votes.mask && i <= s->votes.mask; i++) {
		if (s->votes.slots[i].key && s->votes.slots[i].value > most) {
			most = s->votes.slots[i].value;
			s->key = s->votes.slots[i].key;
		}
	}
}

static int by_address(const void *p, const void *q)
{
	const struct mi_page *a = p, *b = q;

	return (a->slices > b->slices) - (a->slices < b->slices);
}

/* Keep those of the elected key; small ones are for the walk over ranges. */
static bool keep(struct search *s)
{
	struct arenas *a = s->a;
	size_t n = 0;

	for (size_t i = 0; i < a->pages.n; i++) {
		const struct mi_page page = a->pages.items[i];

		if (s->keys.items[i] != s->key)
			continue;
		if (page.n_slices == 1 &&
		    !arenas_add(a, page.slices, page.slices + MI_SLICE_SIZE))
			return false;
		a->pages.items[n++] = page;
	}
	a->pages.n = n;
	if (n)
		qsort(a->pages.items, n, sizeof(*a->pages.items), by_address);
	return true;
}

/*
 * The first block of a full page that another thread frees is given back to the heap, so that
 * its owner looks for more: mi_free_block_mt(). Until then no other of that page is.
 */
static void note_delayed(struct search *s, uint64_t heap)
{
	struct arenas *a = s->a;
	uint64_t at;

	if (!PROBE(s->l, &s->r, heap, mi_heap_t, thread_delayed_free, &at))
		return;
	for (size_t left = a->pages.n; at && left; left--) {
		struct mi_page *page = arenas_page(a, at);

		if (!page || at < page->start || (at - page->start) % page->block)
			return;
		page->delayed = at;
		if (!reader_probe_u64(&s->r, at, &at))
			return;
	}
}

static void note_all_delayed(struct search *s)
{
	uint64_t first = L(s->l, _PyThreadStateImpl, mimalloc_heaps);

	if (!HAS(s->l, mi_heap_t, thread_delayed_free))
		return;
	for (size_t i = 0; i < s->interps->threads.n; i++) {
		for (unsigned heap = 0; heap < HEAPS; heap++)
			note_delayed(s, s->interps->threads.items[i].address + first +
						heap * L(s->l, mi_heap_t, sizeof));
	}
}

int mimalloc_find(struct arenas *a, const struct layout *l, struct target *t,
		  const struct interpreters *interps)
{
	struct search s = { .a = a, .l = l, .interps = interps };

	if (!supported(l))
		return 0;
	reader_init(&s.r, t);
	s.slices = malloc(SLICES_PER_SEGMENT * PAGE_MOST);
	s.no_memory = !s.slices;
	for (size_t i = 0; i < t->n_regions && !s.no_memory; i++) {
		if (worth_searching(&t->regions[i]))
			search_region(&s, &t->regions[i]);
	}
	elect(&s);
	if (!s.no_memory)
		s.no_memory = !keep(&s);
	note_all_delayed(&s);
	a->n_arenas = s.n_segments;
	free(s.slices);
	map_free(&s.votes);
	vec_free(&s.keys);
	reader_fini(&s.r);
	return s.no_memory ? PYCORE_ERR_NOMEM : 0;
}

bool mimalloc_page_at(const struct layout *l, struct reader *r, uint64_t addr,
		      struct mi_page *out)
{
	uint8_t scratch[PAGE_MOST];
	uint32_t stride = L(l, mi_page_t, sizeof), i;
	struct segment s;
	const uint8_t *p;
	uint64_t back;

	if (!supported(l) || !read_segment(l, r, addr & ~(MI_SEGMENT_SIZE - 1), &s))
		return false;
	i = (uint32_t)((addr - s.address) >> MI_SLICE_SHIFT);
	/* A slice that is not its page's first tells how far back that is. */
	for (int hop = 0; hop < 2 && i >= s.first && i < s.end; hop++) {
		p = reader_probe(r, s.address + L(l, mi_segment_t, slices) + (uint64_t)i * stride,
				 stride, scratch);
		if (!p)
			return false;
		if (read_page(l, &s, i, p, out))
			return addr - out->start < out->capacity * out->block;
		back = OF(l, p, mi_page_t, slice_offset) / stride;
		if (!back || back > i)
			return false;
		i -= (uint32_t)back;
	}
	return false;
}

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
