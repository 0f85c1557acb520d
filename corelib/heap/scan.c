/* SPDX-License-Identifier: MIT */
#include "heap/scan.h"

#include <stdlib.h>

#include "heap/mimalloc.h"

/* The collector's words before an object. False: those of no object of a collected type. */
static bool gc_words_fit(struct scan *s, const uint8_t *body, struct gc_head *head)
{
	*head = gc_head_of(s, body);
	if (!head->fits)
		return false;
	if (!head->tracked)
		return true;
	/* What is too big for pools is found by its neighbours in the lists, too. */
	scan_edge(s, head->next + s->gc_size);
	if (!head->counts)
		scan_edge(s, head->prev + s->gc_size);
	return true;
}

bool scan_gc_head(struct scan *s, uint64_t address, struct gc_head *out)
{
	uint8_t scratch[GC_HEAD_MOST];
	/* Where there is no head the object's own first bytes tell. */
	uint32_t len = s->gc_size ? s->gc_size : L(s->l, PyObject, sizeof);
	const uint8_t *p = reader_probe(&s->reader, address - s->gc_size, len, scratch);

	if (p)
		*out = gc_head_of(s, p + s->gc_size);
	return p != NULL;
}

/* One that no two different links are likely to share, nor their sums. */
static uint64_t link_hash(uint64_t from, uint64_t to)
{
	uint64_t h = from * UINT64_C(0x9e3779b97f4a7c15) + to;

	h ^= h >> 29;
	h *= UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 32;
}

void scan_links(struct scan *s, uint64_t address, const struct gc_head *head, int sign)
{
	uint64_t forth = link_hash(address - s->gc_size, head->next);
	uint64_t back = link_hash(head->prev, address - s->gc_size);

	if (!s->gc_size)
		return;
	s->links_forth += sign < 0 ? -forth : forth;
	s->links_back += sign < 0 ? -back : back;
}

struct candidate {
	struct scan_type *type;
	const uint8_t *body;
	uint64_t address;
	enum life life;
	struct gc_head head;
};

static bool is_dict(struct scan *s, uint64_t address)
{
	const struct scan_type *t;
	uint64_t type;

	if (!reader_probe_u64(&s->reader, address + L(s->l, PyObject, ob_type), &type))
		return false;
	t = scan_type_at(s, type);
	return t && t->kind == SCAN_DICT;
}

/*
 * An object has values or a dict, Objects/dictobject.c make_dict_from_instance_attributes()
 * (3.11), and both for no longer than it takes to hand them over. Of types in a row, as in a
 * list's items, many a one looks like an object of the last of them that has both.
 */
static bool managed_words_fit(struct scan *s, const struct scan_type *t, const uint8_t *body)
{
	const uint8_t *head = body - s->gc_size;
	uint64_t dict;

	if (!(t->type->flags & TPFLAGS_MANAGED_DICT) ||
	    FACT(s->l, MANAGED_DICT) != MANAGED_DICT_TWO_WORDS || !load_u64(head - 16))
		return true;
	dict = load_u64(head - 8);
	return !dict || is_dict(s, dict);
}

/* Is there an object @p pre bytes into the block whose memory is [p, p + room)? */
static bool candidate_at(struct scan *s, const uint8_t *p, uint64_t address, uint64_t room,
			 uint32_t pre, struct candidate *out)
{
	struct scan_type *t;

	if (room < pre + L(s->l, PyObject, sizeof))
		return false;
	t = scan_type_at(s, load_u64(p + pre + L(s->l, PyObject, ob_type)));
	if (!t || t->pre_header != pre || pre + t->least > room || room - pre > t->most_room)
		return false;
	out->life = life_of(s->l, p + pre);
	if (out->life == LIFE_NONE)
		return false;
	out->type = t;
	out->body = p + pre;
	out->address = address + pre;
	out->head.tracked = false;
	if (!scan_fits(s, t, out->body, room - pre) || !managed_words_fit(s, t, out->body))
		return false;
	return !t->type->is_gc || gc_words_fit(s, out->body, &out->head);
}

/* What was found in the block whose memory begins at @p address. */
static void take(struct scan *s, uint64_t address, const struct candidate *found)
{
	if (found->life == LIFE_DEAD) {
		if (found->type->kept &&
		    !vec_push(&s->dead, ((struct kept_block){ address, found->type->type->name })))
			s->failed = true;
		return;
	}
	bitmap_set_alone(s->chunk->object, found->address);
	found->type->count++;
	if (found->type->bare &&
	    reads_as_text(load_u64(found->body + L(s->l, PyObject, ob_refcnt))) &&
	    !vec_push(&s->texts, found->address))
		s->failed = true;
	if (found->head.tracked) {
		found->type->tracked++;
		scan_links(s, found->address, &found->head, 1);
	}
	found->type->bytes += scan_visit(s, found->type, found->address, found->body);
}

/*
 * The object that begins @p pre bytes into the block, or LIFE_NONE. Behind a short one may be
 * what is left of one that had the block before.
 */
static enum life look(struct scan *s, const uint8_t *p, uint64_t address, uint64_t room,
		      uint32_t pre, struct candidate *out)
{
	struct candidate shorter;

	if (!candidate_at(s, p, address, room, pre, out))
		return LIFE_NONE;
	if (pre && out->life == LIFE_LIVE && !out->head.tracked &&
	    candidate_at(s, p, address, room, 0, &shorter) && shorter.life == LIFE_LIVE)
		return LIFE_NONE;
	return out->life;
}

static void block(struct scan *s, const uint8_t *p, uint64_t address, uint64_t room, uint32_t *hint)
{
	/*
	 * A word that is a type right behind the count is the best sign: where a
	 * collected object begins there is a link between objects, never a type, unless
	 * the collector does not track it and has left there what was there before. That
	 * has no count: of two, the living is true, and of two that are dead the latter.
	 */
	static const uint32_t pre_headers[] = { 0, 16, 32 };
	struct candidate found, dead;
	enum life life = look(s, p, address, room, *hint, &found);
	bool kept = life == LIFE_DEAD;

	if (kept)
		dead = found;
	for (size_t i = 0; life != LIFE_LIVE && i < sizeof(pre_headers) / sizeof(*pre_headers); i++) {
		if (pre_headers[i] == *hint)
			continue;
		life = look(s, p, address, room, pre_headers[i], &found);
		if (life == LIFE_LIVE)
			*hint = pre_headers[i];
		if (life == LIFE_DEAD && (!kept || found.body > dead.body)) {
			dead = found;
			kept = true;
		}
	}
	if (life == LIFE_LIVE)
		take(s, address, &found);
	else if (kept)
		take(s, address, &dead);
}

/*
 * Debug hooks: size, big endian, a letter for the domain, 7 bytes of 0xfd (0xfb to 3.7);
 * behind it 8 more, and to 3.7 a number of 8 bytes.
 */
static bool hooked(const uint8_t *p, uint64_t room, uint64_t *size)
{
	uint64_t n = __builtin_bswap64(load_u64(p));

	uint64_t forbidden = load_u64(p + 8) >> 8;

	if ((forbidden != UINT64_C(0xfdfdfdfdfdfdfd) && forbidden != UINT64_C(0xfbfbfbfbfbfbfb)) ||
	    room < 24 || n > room - 24)
		return false;
	*size = n;
	return true;
}

/* An object that begins, or does not, where all objects of its heap do in their blocks. */
static void block_of_heap(struct scan *s, uint8_t heap, const uint8_t *p, uint64_t address,
			  uint64_t room)
{
	struct candidate found;

	if (heap != POOL_HEAP_MEMORY &&
	    candidate_at(s, p, address, room, heap == POOL_HEAP_GC_PRE ? 16 : 0, &found))
		take(s, address, &found);
}

static void blocks(struct scan *s, const struct pool *pool, const uint8_t *p, uint64_t address)
{
	uint32_t hint = 0;

	for (uint32_t i = 0; i < pool->carved; i++) {
		uint32_t offset = pool->header + i * pool->size;
		uint64_t bit = ((address + offset) & (INDEX_CHUNK_SIZE - 1)) >> INDEX_GRANULE_SHIFT;
		uint64_t room = pool->size;

		if (pool->freed[i / 64] >> (i % 64) & 1)
			continue;
		s->chunk->live[bit >> 6] |= UINT64_C(1) << (bit & 63);
		if (s->bias && !hooked(p + offset, room, &room))
			continue;
		offset += s->bias;
		if (pool->heap == POOL_HEAP_ANY)
			block(s, p + offset, address + offset, room, &hint);
		else
			block_of_heap(s, pool->heap, p + offset, address + offset, room);
	}
	s->blocks.live += pool->n_live;
	s->blocks.live_bytes += (uint64_t)pool->n_live * pool->size;
}

/* The chunk's bytes from its first pool to its last, copied if they are not here. */
static bool chunk_bytes(struct scan *s, uint64_t start)
{
	s->bytes = s->arenas->host[(start >> INDEX_CHUNK_SHIFT) - s->arenas->first_chunk];
	if (s->bytes)
		return true;
	if (!s->copy)
		s->copy = malloc(INDEX_CHUNK_SIZE);
	if (!s->copy) {
		s->failed = true;
		return false;
	}
	s->bytes = s->copy;
	return true;
}

/* Copy [at, end) of the chunk in work. */
static void fill_copy(struct scan *s, uint64_t at, uint64_t end)
{
	uint8_t *to = s->copy + (at - s->chunk->start);
	uint64_t done = 0, pool = UINT64_C(1) << s->arenas->pool_shift;

	while (done < end - at) {
		done += reader_copy(&s->reader, at + done, to + done, end - at - done);
		done &= ~(pool - 1);
		if (done == end - at)
			break;
		/* A pool that cannot be read must not look like the last chunk's. */
		memset(to + done, 0, pool);
		s->blocks.unreadable++;
		done += pool;
	}
}

unsigned scan_bias(const struct layout *l, struct reader *r, const struct arenas *a)
{
	unsigned hooked_blocks = 0, all = 0;
	uint8_t *scratch = malloc(UINT64_C(1) << a->pool_shift);
	uint64_t pool_size = UINT64_C(1) << a->pool_shift;

	for (size_t i = 0; scratch && i < a->ranges.n && all < 1000; i++) {
		uint64_t at = a->ranges.items[i].start;

		for (; at < a->ranges.items[i].end && all < 1000; at += pool_size) {
			const uint8_t *p = reader_probe(r, at, pool_size, scratch);
			struct pool pool;
			uint64_t size;

			if (!p || arenas_read_pool(a, l, p, at, &pool) != POOL_READ)
				continue;
			for (uint32_t b = 0; b < pool.carved; b++) {
				if (pool.freed[b / 64] >> (b % 64) & 1)
					continue;
				all++;
				hooked_blocks += hooked(p + pool.header + b * pool.size, pool.size,
							&size);
			}
		}
	}
	free(scratch);
	/* No chance makes a block look so; in 2.7 what ctypes asks for is not hooked. */
	return hooked_blocks > all / 10 ? 16 : 0;
}

static void pools(struct scan *s, uint64_t at, uint64_t end)
{
	uint64_t size = UINT64_C(1) << s->arenas->pool_shift;
	struct pool pool;

	for (; at < end; at += size) {
		const uint8_t *p = s->bytes + (at - s->chunk->start);

		switch (arenas_read_pool(s->arenas, s->l, p, at, &pool)) {
		case POOL_READ:
			s->blocks.pools++;
			s->failed |= !tally_pool(&s->tally, pool.size, pool.n_live, pool.room);
			s->chunk->block_size[(at - s->chunk->start) >> 12] =
				(uint16_t)(pool.size >> INDEX_GRANULE_SHIFT);
			blocks(s, &pool, p, at);
			break;
		case POOL_DAMAGED:
			s->blocks.unreadable++;
			break;
		default:
			break;
		}
	}
}

/* Call fn for each run of pools in the chunk in work. */
static void each_run(struct scan *s, void (*fn)(struct scan *s, uint64_t at, uint64_t end))
{
	uint64_t size = UINT64_C(1) << s->arenas->pool_shift;
	uint64_t at = s->chunk->start, end = at + INDEX_CHUNK_SIZE;

	while (at < end) {
		uint64_t first = at;

		while (at < end && arenas_has(s->arenas, at))
			at += size;
		if (at > first)
			fn(s, first, at);
		else
			at += size;
	}
}

void scan_chunk(struct scan *s, uint64_t start)
{
	s->chunk = arenas_chunk(s->arenas, start);
	if (!s->chunk || !chunk_bytes(s, start))
		return;
	if (s->bytes == s->copy)
		each_run(s, fill_copy);
	each_run(s, pools);
	s->bytes = NULL;
}

/* The objects of one page are looked at with those that are found by reference. */
static uint64_t big_page(struct scan *s, const struct mi_page *page)
{
	uint64_t freed[POOL_BLOCKS_MOST / 64];
	int64_t live = mimalloc_live(page, &s->reader, freed);
	uint32_t before = s->bias + (page->heap == POOL_HEAP_GC_PRE ? 16 : 0);

	if (live < 0) {
		s->blocks.unreadable++;
		return 0;
	}
	s->blocks.pools++;
	s->failed |= !tally_pool(&s->tally, page->block, (uint64_t)live, page->reserved);
	for (uint32_t i = 0; i < page->capacity && page->heap != POOL_HEAP_MEMORY; i++) {
		if (!(freed[i / 64] >> (i % 64) & 1))
			scan_outside(s, page->start + i * page->block + before);
	}
	return (uint64_t)live;
}

uint64_t scan_big(struct scan *s)
{
	const struct arenas *a = s->arenas;
	uint64_t live = 0;

	for (size_t i = 0; i < a->pages.n; i++) {
		if (a->pages.items[i].n_slices > 1)
			live += big_page(s, &a->pages.items[i]);
	}
	return live;
}
