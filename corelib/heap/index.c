/* SPDX-License-Identifier: MIT */
#include "heap/index.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/search.h"

struct index_chunk *index_chunk_make(struct index *x, uint64_t addr)
{
	uint64_t *slot = map_put(&x->chunks, (addr >> INDEX_CHUNK_SHIFT) + 1, NULL);
	struct index_chunk *chunk;

	if (!slot)
		return NULL;
	if (*slot)
		return (struct index_chunk *)(uintptr_t)*slot;
	chunk = calloc(1, sizeof(*chunk));
	if (!chunk)
		return NULL;
	chunk->start = addr & ~(INDEX_CHUNK_SIZE - 1);
	*slot = (uint64_t)(uintptr_t)chunk;
	return chunk;
}

static int by_start(const void *a, const void *b)
{
	const struct index_chunk *const *p = a, *const *q = b;

	return ((*p)->start > (*q)->start) - ((*p)->start < (*q)->start);
}

static uint32_t number_chunk(struct index_chunk *chunk, uint64_t first)
{
	uint32_t n = 0;

	chunk->first = (uint32_t)first;
	for (unsigned i = 0; i < INDEX_WORDS; i++) {
		chunk->rank[i] = n;
		n += (uint32_t)__builtin_popcountll(chunk->object[i]);
	}
	return n;
}

int index_number(struct index *x)
{
	x->order.n = 0;
	for (size_t i = 0; x->chunks.mask && i <= x->chunks.mask; i++) {
		struct index_chunk *chunk =
			(struct index_chunk *)(uintptr_t)x->chunks.slots[i].value;

		if (x->chunks.slots[i].key && chunk && !vec_push(&x->order, chunk))
			return PYCORE_ERR_NOMEM;
	}
	if (x->order.n)
		qsort(x->order.items, x->order.n, sizeof(*x->order.items), by_start);
	x->n_objects = 0;
	for (size_t i = 0; i < x->order.n; i++)
		x->n_objects += number_chunk(x->order.items[i], x->n_objects);
	/* Numbers are u32, and UINT32_MAX is "none". */
	return x->n_objects < UINT32_MAX ? 0 : PYCORE_ERR_UNSUPPORTED;
}

uint32_t index_number_of(const struct index *x, uint64_t addr)
{
	const struct index_chunk *chunk = index_chunk_at(x, addr);

	return chunk ? index_chunk_number_of(chunk, addr) : UINT32_MAX;
}

/* Chunks without objects have the same first number as the next: the last one is it. */
static const struct index_chunk *chunk_of_number(const struct index *x, uint32_t number)
{
	size_t n = COUNT_BEFORE(x->order.n, i, x->order.items[i]->first <= number);

	return n ? x->order.items[n - 1] : NULL;
}

uint64_t index_address_of(const struct index *x, uint32_t number)
{
	const struct index_chunk *chunk = chunk_of_number(x, number);
	uint64_t word;
	size_t at;

	if (number >= x->n_objects || !chunk)
		return 0;
	number -= chunk->first;
	at = COUNT_BEFORE(INDEX_WORDS, i, chunk->rank[i] <= number) - 1;
	word = chunk->object[at];
	for (uint32_t skip = number - chunk->rank[at]; skip; skip--)
		word &= word - 1;
	return chunk->start + ((at * UINT64_C(64) + (unsigned)__builtin_ctzll(word))
			       << INDEX_GRANULE_SHIFT);
}

int index_chunk_each(const struct index_chunk *chunk, index_fn *fn, void *arg)
{
	for (unsigned i = 0; i < INDEX_WORDS; i++) {
		for (uint64_t left = chunk->object[i]; left; left &= left - 1) {
			uint64_t bit = i * UINT64_C(64) + (unsigned)__builtin_ctzll(left);
			int rc = fn(arg, chunk->start + (bit << INDEX_GRANULE_SHIFT));

			if (rc)
				return rc;
		}
	}
	return 0;
}

int index_each(const struct index *x, index_fn *fn, void *arg)
{
	for (size_t i = 0; i < x->order.n; i++) {
		int rc = index_chunk_each(x->order.items[i], fn, arg);

		if (rc)
			return rc;
	}
	return 0;
}

void index_fini(struct index *x)
{
	for (size_t i = 0; x->chunks.mask && i <= x->chunks.mask; i++)
		free((void *)(uintptr_t)x->chunks.slots[i].value);
	map_free(&x->chunks);
	vec_free(&x->order);
	*x = (struct index){ 0 };
}
