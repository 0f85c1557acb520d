/* SPDX-License-Identifier: MIT */
#include "heap/scan.h"

/*
 * The collector's lists, for a cross-check: what is on them is an object,
 * whatever the pools look like.
 */

#define POINTER(word) ((word) & ~UINT64_C(3))
#define HEAD_SIZE 16u
#define GENERATIONS 3
/*
 * Where memory has to be copied, following every link would read most of it
 * again, while the process stands still: then so many are enough of a check.
 */
#define MOST_COPIED 500000

struct walk {
	struct scan *s;
	const struct index *x;
	uint64_t left;   /* links that memory has room for */
	uint64_t wanted; /* links to follow */
	bool collecting;
};

static bool links_at(struct walk *w, uint64_t head, uint64_t *next, uint64_t *prev)
{
	struct scan *s = w->s;
	uint8_t scratch[HEAD_SIZE];
	const uint8_t *p = NULL;

	if (arenas_has(s->arenas, head))
		p = arenas_bytes(s->arenas, head, HEAD_SIZE);
	if (!p)
		p = reader_probe(&s->reader, head, HEAD_SIZE, scratch);
	if (!p)
		return false;
	*next = POINTER(load_u64(p));
	*prev = load_u64(p + 8);
	return true;
}

static bool known(struct walk *w, uint64_t address)
{
	if (arenas_has(w->s->arenas, address))
		return !(address & 7) &&
		       bitmap_test(arenas_chunk(w->s->arenas, address)->object, address);
	return index_has(w->x, address);
}

/* @return whether the list led back to its head, or as far as was wanted */
static bool walk_list(struct walk *w, uint64_t head)
{
	uint64_t at, next, prev, before = head;

	if (!links_at(w, head, &at, &prev))
		return false;
	while (at != head) {
		if (!w->wanted--) {
			w->wanted = 0;
			w->s->blocks.gc_partial = true;
			return true;
		}
		if (!at || !w->left-- || !links_at(w, at, &next, &prev))
			return false;
		/* While it collects, _gc_prev may be a count: then only w->left ends a cycle. */
		if (!(prev & 2) && POINTER(prev) != before && !w->collecting)
			return false;
		w->s->blocks.gc_listed++;
		if (!known(w, at + HEAD_SIZE)) {
			w->s->blocks.gc_only++;
			scan_outside(w->s, at + HEAD_SIZE);
		}
		before = at;
		at = next;
	}
	return true;
}

void gc_walk(struct scan *s, const struct index *x, const struct interpreters *interps,
	     void (*warn)(void *ctx, const char *line), void *warn_ctx)
{
	struct walk w = { .s = s, .x = x, .wanted = UINT64_MAX };
	bool ok = true;

	if (!arenas_in_place(s->arenas))
		w.wanted = MOST_COPIED;

	w.left = s->reader.target->bytes_mapped / (HEAD_SIZE + L(s->l, PyObject, sizeof)) + 1024;
	for (size_t i = 0; i < interps->interps.n; i++) {
		const struct interpreter *interp = &interps->interps.items[i];

		w.collecting = interp->gc_collecting;
		for (unsigned g = 0; interp->gc_generation0 && g < GENERATIONS; g++)
			ok &= walk_list(&w, interp->gc_generation0 +
						    g * L(s->l, gc_generation, sizeof));
		if (interp->gc_permanent)
			ok &= walk_list(&w, interp->gc_permanent);
	}
	if (!ok && warn)
		warn(warn_ctx, "a list of the garbage collector is broken or was being changed: "
			       "objects were counted without it");
}
