/* SPDX-License-Identifier: MIT */
#include "heap/scan.h"

/*
 * What the interpreter keeps for its next float or dict: memory that does not look like
 * an object any more. (Others do, with a reference count of 0.) To 3.9 the lists are
 * statics that no layout can tell of.
 */

#define KEPT_MOST 1000 /* no list of CPython is longer than 255 */

/* A block that is in use and is nobody's. */
static void keep(struct scan *s, uint64_t address)
{
	if (address & 7 || !arenas_has(s->arenas, address - s->bias) ||
	    bitmap_test(arenas_chunk(s->arenas, address)->object, address))
		return;
	if (!vec_push(&s->dead, address))
		s->failed = true;
}

static void keep_chain(struct scan *s, uint64_t at, uint64_t link)
{
	for (int n = 0; at && n < KEPT_MOST; n++) {
		keep(s, at);
		if (at & 7 || !reader_probe_u64(&s->reader, at + link, &at))
			return;
	}
}

static void keep_array(struct scan *s, uint64_t at, uint64_t n)
{
	uint64_t address;

	for (uint64_t i = 0; i < n && i < KEPT_MOST; i++) {
		if (reader_probe_u64(&s->reader, at + 8 * i, &address))
			keep(s, address);
	}
}

void free_lists(struct scan *s, const struct interpreters *interps)
{
	const struct layout *l = s->l;
	bool chained = FACT(l, FREE_LISTS) == FREE_LISTS_FIRST_WORD;

	for (size_t i = 0; i < interps->interps.n; i++) {
		uint64_t interp = interps->interps.items[i].address, at, n;

		/* To 3.13 a free float refers to the next by its ob_type. */
		if (PROBE(l, &s->reader, interp, PyInterpreterState, floats_free, &at))
			keep_chain(s, at, chained ? 0 : L(l, PyObject, ob_type));
		if (!HAS(l, PyInterpreterState, keys_free))
			continue;
		if (chained && PROBE(l, &s->reader, interp, PyInterpreterState, keys_free, &at))
			keep_chain(s, at, 0);
		else if (PROBE(l, &s->reader, interp, PyInterpreterState, keys_numfree, &n))
			keep_array(s, interp + L(l, PyInterpreterState, keys_free), (uint32_t)n);
	}
}
