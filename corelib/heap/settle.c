/* SPDX-License-Identifier: MIT */
#include "heap/scan.h"

/*
 * When every object has been seen: what looked like an object in memory that
 * another object owns was none, and each live block gets its class.
 */

/*
 * How many of the neighbours in the collector's list point back; no chance makes them do that.
 * Where there are no lists, a heap of its own tells as well.
 */
static int neighbours_know(struct scan *s, uint64_t address)
{
	uint64_t at = address - s->gc_size, back = 0, forth = 0;
	struct gc_head head;

	if (!s->gc_size)
		return arenas_is_gc(s->arenas, address) ? 2 : 0;
	if (!scan_gc_head(s, address, &head) || !head.tracked)
		return 0;
	reader_probe_u64(&s->reader, head.next + 8, &back);
	reader_probe_u64(&s->reader, head.prev, &forth);
	return (GC_POINTER(back) == at) + (GC_POINTER(forth) == at);
}

/* Uncount an object that is none. */
static void take_back(struct scan *s, struct index_chunk *chunk, uint64_t address,
		      struct scan_type *t)
{
	uint64_t before = t->pre_header;
	struct gc_head head = { .tracked = false };
	uint8_t scratch[1024];
	const uint8_t *p = NULL;

	/* That is all which is looked at of bigger ones. */
	if (before + t->least <= sizeof(scratch))
		p = reader_probe(&s->reader, address - before, before + t->least, scratch);
	else if (t->kind == SCAN_OTHER)
		p = reader_probe(&s->reader, address - before, sizeof(scratch), scratch);
	if (!p)
		return;
	bitmap_clear(chunk->object, address);
	/* Counts of all workers are added up: one may go below zero. */
	t->count--;
	t->bytes -= scan_visit(s, t, address, p + before);
	if (t->type->is_gc)
		head = gc_head_of(s, p + before);
	if (head.tracked) {
		t->tracked--;
		scan_links(s, address, &head, -1);
	}
}

static struct scan_type *type_of(struct scan *s, uint64_t address)
{
	uint64_t word;

	if (!reader_probe_u64(&s->reader, address + L(s->l, PyObject, ob_type), &word))
		return NULL;
	return scan_type_at(s, word);
}

void scan_take_back(struct scan *s, struct index_chunk *chunk, uint64_t address)
{
	struct scan_type *t = type_of(s, address);

	if (t)
		take_back(s, chunk, address, t);
}

/* The object at @p address is in a block that some object owns. @return whether it stays one */
static bool contest(struct scan *s, struct index_chunk *chunk, uint64_t address, uint32_t pre)
{
	struct scan_type *t = type_of(s, address);

	if (!t || t->pre_header != pre)
		return false; /* of the next block */
	if (t->type->is_gc && neighbours_know(s, address) == 2)
		return true;
	take_back(s, chunk, address, t);
	return false;
}

/* The 64 granules from word @p i of a bitmap on, @p by granules further. */
static uint64_t shifted(const _Atomic uint64_t *map, unsigned i, unsigned by)
{
	uint64_t low = map[i], high = i + 1 < INDEX_WORDS ? map[i + 1] : 0;

	return by ? low >> by | high << (64 - by) : low;
}

static void contests(struct scan *s, struct index_chunk *chunk, unsigned i)
{
	for (uint32_t pre = 0; pre <= 32; pre += 16) {
		unsigned by = (pre + s->bias) >> INDEX_GRANULE_SHIFT;
		uint64_t both = shifted(chunk->object, i, by) & chunk->storage[i] & chunk->live[i];

		for (; both; both &= both - 1) {
			uint64_t bit = i * UINT64_C(64) + (unsigned)__builtin_ctzll(both);
			uint64_t block = chunk->start + (bit << INDEX_GRANULE_SHIFT);

			if (contest(s, chunk, block + s->bias + pre, pre))
				chunk->storage[i] &= ~(UINT64_C(1) << (bit & 63));
		}
	}
}

void scan_contest(struct scan *s, struct index_chunk *chunk)
{
	for (unsigned i = 0; i < INDEX_WORDS; i++) {
		if (chunk->storage[i] & chunk->live[i])
			contests(s, chunk, i);
	}
}

struct unlisted {
	struct scan *s;
	struct index_chunk *chunk;
};

static int drop_unlisted(void *arg, uint64_t address)
{
	struct unlisted *u = arg;
	struct scan_type *t = type_of(u->s, address);
	struct gc_head head;

	if (t && t->type->is_gc && scan_gc_head(u->s, address, &head) && head.tracked &&
	    !neighbours_know(u->s, address))
		take_back(u->s, u->chunk, address, t);
	return 0;
}

void scan_unlisted(struct scan *s, struct index_chunk *chunk)
{
	struct unlisted u = { s, chunk };

	index_chunk_each(chunk, drop_unlisted, &u);
}

void scan_class_dead(struct scan *s)
{
	for (size_t i = 0; i < s->dead.n; i++) {
		uint64_t block = s->dead.items[i].address - s->bias;
		uint64_t bit = (block & (INDEX_CHUNK_SIZE - 1)) >> INDEX_GRANULE_SHIFT;
		struct index_chunk *chunk = arenas_chunk(s->arenas, block);

		/* A list's items may look like a dead object, and a free list tells of some twice. */
		if (chunk->storage[bit >> 6] >> (bit & 63) & 1 ||
		    !(chunk->live[bit >> 6] >> (bit & 63) & 1))
			continue;
		s->blocks.free_list++;
		s->failed |= !tally_kept(&s->tally, s->dead.items[i].type, 1);
		chunk->live[bit >> 6] &= ~(UINT64_C(1) << (bit & 63));
	}
}

void scan_class(struct scan *s, struct index_chunk *chunk)
{
	const struct arenas *a = s->arenas;
	unsigned words = (1u << a->pool_shift) >> INDEX_GRANULE_SHIFT >> 6;

	for (unsigned first = 0; first < INDEX_WORDS; first += words) {
		uint64_t at = chunk->start + first * (UINT64_C(64) << INDEX_GRANULE_SHIFT);
		uint64_t n_objects = 0, n_storage = 0, n_live = 0, size;

		if (!arenas_has(a, at))
			continue;
		size = chunk->block_size[(at - chunk->start) >> 12] << INDEX_GRANULE_SHIFT;
		for (unsigned i = first; i < first + words; i++) {
			n_objects += (unsigned)__builtin_popcountll(chunk->object[i]);
			n_live += (unsigned)__builtin_popcountll(chunk->live[i]);
			n_storage += (unsigned)__builtin_popcountll(chunk->live[i] &
								    chunk->storage[i]);
		}
		s->blocks.object += n_objects;
		s->blocks.storage += n_storage;
		/* Objects that only the collector's lists knew may be in no live block. */
		if (n_live > n_objects + n_storage) {
			s->blocks.unknown += n_live - n_objects - n_storage;
			s->blocks.unknown_bytes += (n_live - n_objects - n_storage) * size;
		}
	}
}
