/* SPDX-License-Identifier: MIT */
#include "heap/mimalloc.h"
#include "heap/verify.h"

/* What is told of a free-threaded build alone: heads of objects that have no links, mimalloc's pages. */

/* _PyGC_BITS_UNREACHABLE, Include/internal/pycore_gc.h: it is set while a collection runs. */
#define GC_BIT_UNREACHABLE 4u
/* No flag, in 3.13 and later. */
#define GC_BIT_NONE 128u
/* _Py_REF_MERGED: all is in the shared count, Include/cpython/object.h */
#define MERGED 3u

static void verify_bits(struct verify *v, struct object o)
{
	uint64_t at = o.address + L(v->c.l, PyObject, ob_gc_bits), bits;

	if (!PROBE(v->c.l, &v->reader, o.address, PyObject, ob_gc_bits, &bits))
		return;
	v->checked[CHECK_GC]++;
	if (bits & GC_BIT_NONE || (bits && !o.type->is_gc))
		verify_fault(v, FAULT_GC, o.address, at,
			     "its bits for the collector, 0x%llx, make no sense (%.80s)",
			     (unsigned long long)bits, o.type->name);
	else if (bits & GC_BIT_UNREACHABLE && !v->collecting)
		verify_fault(v, FAULT_GC, o.address, at,
			     "the collector has marked it unreachable, and does not run (%.80s)",
			     o.type->name);
}

/* A count has a part of the thread that made the object, and one of all others. */
static void verify_parts(struct verify *v, struct object o)
{
	const struct layout *l = v->c.l;
	uint64_t local, shared;

	if (PROBE(l, &v->reader, o.address, PyObject, ob_ref_local, &local) &&
	    PROBE(l, &v->reader, o.address, PyObject, ob_ref_shared, &shared) &&
	    (shared & MERGED) == MERGED && local)
		verify_fault(v, FAULT_REFCOUNT, o.address,
			     o.address + L(l, PyObject, ob_ref_local),
			     "%llu of its references are counted apart, when no thread owns it any "
			     "more (%.80s)",
			     (unsigned long long)local, o.type->name);
}

void verify_head(struct verify *v, struct object o)
{
	verify_bits(v, o);
	verify_parts(v, o);
}

struct walk {
	const struct mi_page *page;
	uint64_t seen[POOL_BLOCKS_MOST / 64];
	uint32_t n; /* blocks on its chains */
};

/* The first block of a chain that is none, or is on one already. @return whether there is one */
static bool chain_fault(struct verify *v, struct walk *w, uint64_t at)
{
	const struct mi_page *page = w->page;
	uint64_t from = page->slices;

	while (at) {
		uint64_t offset = at - page->start, i = offset / page->block;

		if (at < page->start || offset % page->block || i >= page->reserved) {
			verify_fault(v, FAULT_POOL, page->slices, from,
				     "its chain of free blocks leads to 0x%llx, which is none of them: "
				     "freed memory was written to",
				     (unsigned long long)at);
			return true;
		}
		if (w->seen[i / 64] >> (i % 64) & 1) {
			verify_fault(v, FAULT_POOL, page->slices, at,
				     "its chain of free blocks comes to one again: freed twice?");
			return true;
		}
		w->seen[i / 64] |= UINT64_C(1) << (i % 64);
		/* Those that are just being handed to the page are beyond its capacity. */
		w->n += i < page->capacity;
		from = at;
		if (!reader_probe_u64(&v->reader, at, &at))
			return false;
	}
	return false;
}

void verify_page(struct verify *v, const struct mi_page *page)
{
	struct walk w = { .page = page };
	uint32_t n;

	v->checked[CHECK_POOLS]++;
	if (chain_fault(v, &w, page->free) || chain_fault(v, &w, page->local_free))
		return;
	n = w.n;
	/* What other threads have freed counts as used until the owner takes it back. */
	if (chain_fault(v, &w, page->thread_free))
		return;
	/* A thread stopped inside malloc or free leaves its page off by one. */
	if ((uint64_t)page->capacity + 1 < (uint64_t)page->used + n)
		verify_fault(v, FAULT_POOL, page->slices, page->slices,
			     "%lu blocks are in use by its count, and %lu of its %lu are free by its "
			     "chains",
			     (unsigned long)page->used, (unsigned long)n,
			     (unsigned long)page->capacity);
}
