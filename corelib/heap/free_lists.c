/* SPDX-License-Identifier: MIT */
#include "heap/scan.h"

#include <string.h>

/*
 * What the interpreter keeps for its next float or dict: memory that does not look like
 * an object any more. (Others do, with a reference count of 0.) To 3.9 the lists are
 * statics that no layout can tell of: that of dict keys is not found, and that of floats is
 * known by what it leads to, and by its length, which stands beside it.
 */

#define KEPT_MOST 1000 /* no list of CPython is longer than 255 */

/* Of some only to 3.8 or 3.9, of others only from 3.14 on. */
static const char *const kept_types[] = {
	"Context", "MemoryError", "_asyncio.FutureIter", "_contextvars.Context",
	"async_generator_asend", "async_generator_wrapped_value", "builtin_function_or_method",
	"builtin_method", "complex", "dict", "float", "frame", "int", "instancemethod", "list",
	"list_iterator", "method", "range", "range_iterator", "set", "slice", "tuple", "tuple_iterator",
	"unicode",
};

bool free_list_is_of(const char *type)
{
	for (size_t i = 0; i < sizeof(kept_types) / sizeof(*kept_types); i++) {
		if (!strcmp(type, kept_types[i]))
			return true;
	}
	return false;
}

#define KEYS "dict keys"

/* A block that is in use and is nobody's. */
static void keep(struct scan *s, uint64_t address, const char *type)
{
	if (address & 7 || !arenas_has(s->arenas, address - s->bias) ||
	    bitmap_test(arenas_chunk(s->arenas, address)->object, address))
		return;
	if (!vec_push(&s->dead, ((struct kept_block){ address, type })))
		s->failed = true;
}

static void keep_chain(struct scan *s, uint64_t at, uint64_t link, const char *type)
{
	for (int n = 0; at && n < KEPT_MOST; n++) {
		keep(s, at, type);
		if (at & 7 || !reader_probe_u64(&s->reader, at + link, &at))
			return;
	}
}

static void keep_array(struct scan *s, uint64_t at, uint64_t n, const char *type)
{
	uint64_t address;

	for (uint64_t i = 0; i < n && i < KEPT_MOST; i++) {
		if (reader_probe_u64(&s->reader, at + 8 * i, &address))
			keep(s, address, type);
	}
}

/* The bytes of the block in use that begins at @p block; 0: none does. */
static uint64_t block_bytes(struct scan *s, uint64_t block)
{
	uint64_t offset = block & (INDEX_CHUNK_SIZE - 1), bit = offset >> INDEX_GRANULE_SHIFT;
	const struct index_chunk *chunk;

	if (block & 7 || !arenas_has(s->arenas, block))
		return 0;
	chunk = arenas_chunk(s->arenas, block);
	if (!(chunk->live[bit >> 6] >> (bit & 63) & 1))
		return 0;
	return arenas_block_bytes(s->arenas, block);
}

/* A block of a float's size and with a count of 0: then @p next is the one after it. */
static bool is_free_float(struct scan *s, uint64_t at, uint64_t *next)
{
	/* Hooks have 8 bytes behind it, and 8 more to 3.7; sizes are multiples of 8, or of 16. */
	uint64_t size = L(s->l, PyFloatObject, sizeof) + (s->bias ? s->bias + 8 : 0);
	uint64_t more = s->bias ? 16 : 8;
	uint64_t bytes = block_bytes(s, at - s->bias), count;

	return bytes >= size && bytes <= size + more &&
	       reader_probe_u64(&s->reader, at + L(s->l, PyObject, ob_refcnt), &count) && !count &&
	       reader_probe_u64(&s->reader, at + L(s->l, PyObject, ob_type), next);
}

struct float_search {
	struct scan *s;
	uint64_t first, length; /* of the longest list */
};

/* static PyFloatObject *free_list, with static int numfree before or behind it */
static void try_floats(void *arg, uint64_t at, uint64_t word)
{
	struct float_search *search = arg;
	struct scan *s = search->s;
	uint64_t n = 0, before = 0, behind = 0, next;

	for (uint64_t i = word; i; i = next) {
		if (n++ == KEPT_MOST || !is_free_float(s, i, &next))
			return;
	}
	if (n <= search->length)
		return;
	reader_probe_u64(&s->reader, at - 8, &before);
	reader_probe_u64(&s->reader, at + 8, &behind);
	if (n == (uint32_t)before || n == (uint32_t)behind) {
		search->first = word;
		search->length = n;
	}
}

static void floats_of_statics(struct scan *s)
{
	struct float_search search = { .s = s };

	scan_data(s, s->c.types->rt->address, try_floats, &search);
	keep_chain(s, search.first, L(s->l, PyObject, ob_type), "float");
}

/* Fields of an interpreter's state, or of a thread's where there is no GIL. */
struct kept_fields {
	unsigned floats, keys, keys_numfree;
};

static void lists_at(struct scan *s, uint64_t state, const struct kept_fields *f)
{
	const struct layout *l = s->l;
	bool chained = FACT(l, FREE_LISTS) == FREE_LISTS_FIRST_WORD;
	uint64_t at, n;

	/* To 3.13 a free float refers to the next by its ob_type. */
	if (runtime_probe(l, &s->reader, state, f->floats, &at))
		keep_chain(s, at, chained ? 0 : L(l, PyObject, ob_type), "float");
	if (!l->field[f->keys].present)
		return;
	if (chained && runtime_probe(l, &s->reader, state, f->keys, &at))
		keep_chain(s, at, 0, KEYS);
	else if (runtime_probe(l, &s->reader, state, f->keys_numfree, &n))
		keep_array(s, state + l->field[f->keys].offset, (uint32_t)n, KEYS);
}

void free_lists(struct scan *s, const struct interpreters *interps)
{
	static const struct kept_fields of_interpreter = {
		F_PyInterpreterState_floats_free, F_PyInterpreterState_keys_free,
		F_PyInterpreterState_keys_numfree,
	};
	static const struct kept_fields of_thread = {
		F__PyThreadStateImpl_floats_free, F__PyThreadStateImpl_keys_free,
		F__PyThreadStateImpl_keys_numfree,
	};
	const struct layout *l = s->l;

	if (!HAS(l, PyInterpreterState, floats_free) && !HAS(l, PyFloatBlock, sizeof) &&
	    FACT(l, OBMALLOC) == OBMALLOC_STATIC)
		floats_of_statics(s);
	for (size_t i = 0; i < interps->interps.n; i++)
		lists_at(s, interps->interps.items[i].address, &of_interpreter);
	for (size_t i = 0; i < interps->threads.n; i++)
		lists_at(s, interps->threads.items[i].address, &of_thread);
}
