/* SPDX-License-Identifier: MIT */
#include "heap/scan.h"

/*
 * The collector's lists, for a cross-check: what is on them is an object,
 * whatever the pools look like. Following millions of links in an old heap is
 * a miss of every cache each; so sums over the links tell first whether there
 * can be anything to find.
 */

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
	uint8_t scratch[GC_HEAD_MOST];
	const uint8_t *p = NULL;

	if (arenas_has(s->arenas, head))
		p = arenas_bytes(s->arenas, head, s->gc_size);
	if (!p)
		p = reader_probe(&s->reader, head, s->gc_size, scratch);
	if (!p)
		return false;
	*next = GC_POINTER(load_u64(p));
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

static void note_listed(struct walk *w, uint64_t at)
{
	w->s->blocks.gc_listed++;
	if (!known(w, at + w->s->gc_size)) {
		w->s->blocks.gc_only++;
		scan_outside(w->s, at + w->s->gc_size);
	}
}

/*
 * Linking takes more than one store, and a thread may be stopped between two of them
 * (Include/internal/pycore_gc.h, _PyObject_GC_TRACK and _UNTRACK, the same from 2.7 on).
 */

/* Whether what follows @p before is being put at the list's end: the head does not know of it. */
static bool is_being_added(struct walk *w, uint64_t head, uint64_t before)
{
	uint64_t next, prev;

	return links_at(w, head, &next, &prev) && GC_POINTER(prev) == before;
}

/* Whether what was between @p before and @p at is being taken out: one of them does not know. */
static bool is_being_taken_out(struct walk *w, uint64_t before, uint64_t at, uint64_t prev_of_at)
{
	uint64_t next, prev;

	if (links_at(w, GC_POINTER(prev_of_at), &next, &prev) && next == at &&
	    GC_POINTER(prev) == before)
		return true;
	return links_at(w, before, &next, &prev) && GC_POINTER(prev) == GC_POINTER(prev_of_at);
}

/* @return whether the list led back to its head, or as far as was wanted */
static bool walk_list(struct walk *w, uint64_t head)
{
	uint64_t at, next, prev, before = head;
	bool linked;

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
		linked = prev & GC_COLLECTING || GC_POINTER(prev) == before || w->collecting ||
			 is_being_taken_out(w, before, at, prev);
		if ((!linked || !GC_POINTER(next)) && !is_being_added(w, head, before))
			return false;
		note_listed(w, at);
		if (!linked || !GC_POINTER(next))
			return true;
		before = at;
		at = next;
	}
	return true;
}

static uint64_t head_of(const struct layout *l, const struct interpreter *interp, unsigned i)
{
	if (i == GENERATIONS)
		return interp->gc_permanent;
	return interp->gc_generation0 ? interp->gc_generation0 + i * L(l, gc_generation, sizeof) : 0;
}

/* A list's head is linked as objects are. */
static void head_links(struct scan *sum, uint64_t at, const uint8_t *p)
{
	struct gc_head head = { GC_POINTER(load_u64(p)), GC_POINTER(load_u64(p + 8)), .tracked = true };

	scan_links(sum, at + sum->gc_size, &head, 1);
}

bool gc_agrees(const struct scan *scans, unsigned n, const struct interpreters *interps)
{
	/* A scan of its own for the heads' links. */
	struct scan sum = { .l = scans[0].l, .gc_size = scans[0].gc_size };
	struct reader r;
	bool all = true;

	for (unsigned i = 0; i < n; i++) {
		sum.links_forth += scans[i].links_forth;
		sum.links_back += scans[i].links_back;
	}
	reader_init(&r, scans[0].reader.target);
	for (size_t i = 0; i < interps->interps.n; i++) {
		for (unsigned g = 0; g <= GENERATIONS; g++) {
			uint64_t head = head_of(sum.l, &interps->interps.items[i], g);
			uint8_t scratch[16];
			const uint8_t *p = head ? reader_probe(&r, head, sizeof(scratch), scratch) : NULL;

			if (p)
				head_links(&sum, head, p);
			all &= p || !head;
		}
	}
	reader_fini(&r);
	return all && sum.links_forth == sum.links_back;
}

void gc_walk(struct scan *s, const struct index *x, const struct interpreters *interps,
	     void (*warn)(void *ctx, const char *line), void *warn_ctx)
{
	struct walk w = { .s = s, .x = x, .wanted = UINT64_MAX };
	bool ok = true;

	if (!arenas_in_place(s->arenas))
		w.wanted = MOST_COPIED;

	w.left = s->reader.target->bytes_mapped / (s->gc_size + L(s->l, PyObject, sizeof)) + 1024;
	for (size_t i = 0; i < interps->interps.n; i++) {
		const struct interpreter *interp = &interps->interps.items[i];

		w.collecting = interp->gc_collecting;
		for (unsigned g = 0; g <= GENERATIONS; g++) {
			uint64_t head = head_of(s->l, interp, g);

			ok &= !head || walk_list(&w, head);
		}
	}
	if (!ok && warn)
		warn(warn_ctx, "a list of the garbage collector is broken or was being changed: "
			       "objects were counted without it");
}
