/* SPDX-License-Identifier: MIT */
#include "heap/scan.h"

/*
 * When every object has been seen: what looked like an object in memory that
 * another object owns was none, and each live block gets its class.
 */

#define POINTER(word) ((word) & ~UINT64_C(3))

/* Both neighbours in the collector's list point back: no chance does that. */
static bool on_a_list(struct scan *s, uint64_t address)
{
	uint64_t next, prev, back = 0, forth = 0;

	return reader_probe_u64(&s->reader, address - 16, &next) && POINTER(next) &&
	       reader_probe_u64(&s->reader, address - 8, &prev) &&
	       reader_probe_u64(&s->reader, POINTER(next) + 8, &back) &&
	       reader_probe_u64(&s->reader, POINTER(prev), &forth) &&
	       POINTER(back) == address - 16 && POINTER(forth) == address - 16;
}

/* The object at @p address is in a block that some object owns. @return whether it stays one */
static bool contest(struct scan *s, struct index_chunk *chunk, uint64_t address, uint32_t pre)
{
	uint64_t word = 0, bytes;
	struct scan_type *t;
	uint8_t scratch[1024];
	const uint8_t *p;

	if (!reader_probe_u64(&s->reader, address + L(s->l, PyObject, ob_type), &word))
		return false;
	t = scan_type_at(s, word);
	if (!t || t->pre_header != pre)
		return false; /* of the next block */
	if (t->type->is_gc && on_a_list(s, address))
		return true;
	/* A block has at most 512 bytes. */
	p = pre + t->least <= sizeof(scratch) ?
		    reader_probe(&s->reader, address - pre, pre + t->least, scratch) : NULL;
	if (!p)
		return false;
	bytes = scan_visit(s, t, address, p + pre);
	bitmap_clear(chunk->object, address);
	/* Counts of all workers are added up: one may go below zero. */
	t->count--;
	t->bytes -= bytes;
	if (t->type->is_gc && POINTER(load_u64(p + pre - 16)))
		t->tracked--;
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

void scan_settle_dead(struct scan *s)
{
	for (size_t i = 0; i < s->dead.n; i++) {
		uint64_t block = s->dead.items[i] - s->bias;
		uint64_t bit = (block & (INDEX_CHUNK_SIZE - 1)) >> INDEX_GRANULE_SHIFT;
		struct index_chunk *chunk = arenas_chunk(s->arenas, block);

		/* A list's items may look like a dead object. */
		if (chunk->storage[bit >> 6] >> (bit & 63) & 1)
			continue;
		s->blocks.free_list++;
		chunk->live[bit >> 6] &= ~(UINT64_C(1) << (bit & 63));
	}
}

void scan_settle(struct scan *s, struct index_chunk *chunk)
{
	const struct arenas *a = s->arenas;
	unsigned words = (1u << a->pool_shift) >> INDEX_GRANULE_SHIFT >> 6;

	for (unsigned i = 0; i < INDEX_WORDS; i++) {
		if (chunk->storage[i] & chunk->live[i])
			contests(s, chunk, i);
	}
	for (unsigned first = 0; first < INDEX_WORDS; first += words) {
		uint64_t at = chunk->start + first * (UINT64_C(64) << INDEX_GRANULE_SHIFT);
		uint64_t n_objects = 0, n_storage = 0, n_live = 0, size;

		if (!arenas_has(a, at))
			continue;
		size = chunk->block_size[(at - chunk->start) >> 12] * POOL_ALIGNMENT;
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
