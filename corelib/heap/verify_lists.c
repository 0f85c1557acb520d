/* SPDX-License-Identifier: MIT */
#include "heap/verify.h"

/* The collector's lists, link by link, and pymalloc's pools. */

static bool links_at(struct verify *v, uint64_t head, uint64_t *next, uint64_t *prev)
{
	uint64_t words[2];

	if (reader_copy(&v->reader, head, words, sizeof(words)) != sizeof(words))
		return false;
	*next = GC_POINTER(words[0]);
	*prev = GC_POINTER(words[1]);
	return true;
}

void verify_links(struct verify *v, struct object o)
{
	uint64_t me = o.address - v->scan.gc_size, next, prev;
	struct gc_head head;

	/* What is in a module's data is on no list, and need not have a head. */
	if (target_module_at(v->reader.target, o.address) || !scan_gc_head(&v->scan, o.address, &head))
		return;
	v->checked[CHECK_GC]++;
	if (!head.fits) {
		verify_fault(v, FAULT_GC, o.address, me,
			     "its links in the collector's list make no sense (%.80s)", o.type->name);
		return;
	}
	if (!head.tracked || head.counts)
		return;
	if (!links_at(v, head.next, &next, &prev) || prev != me)
		verify_fault(v, FAULT_GC, o.address, me,
			     "the next in the collector's list, 0x%llx, does not lead back to it (%.60s)",
			     (unsigned long long)head.next + v->scan.gc_size, o.type->name);
	if (!links_at(v, head.prev, &next, &prev) || next != me)
		verify_fault(v, FAULT_GC, o.address, me + 8,
			     "the one before it in the collector's list, 0x%llx, leads elsewhere (%.60s)",
			     (unsigned long long)head.prev + v->scan.gc_size, o.type->name);
	verify_listed(v, o, head.next + v->scan.gc_size);
	verify_listed(v, o, head.prev + v->scan.gc_size);
}

void verify_pools(struct verify *v, uint64_t start, uint64_t end)
{
	uint64_t size = FACT(v->c.l, POOL_SIZE);
	static _Thread_local unsigned char scratch[POOL_SIZE_MOST];

	/* Those without pools have pages. */
	if (!size || size > sizeof(scratch) || !HAS(v->c.l, pool_header, sizeof) ||
	    v->h->arenas.pages.n)
		return;
	for (uint64_t at = start; at < end; at += size) {
		const unsigned char *p;
		char text[FAULT_TEXT];
		uint64_t where;

		p = arenas_has(&v->h->arenas, at) ? reader_probe(&v->reader, at, size, scratch) : NULL;
		if (!p)
			continue;
		v->checked[CHECK_POOLS]++;
		if (pool_fault(v->c.l, p, at, &where, text, sizeof(text)))
			verify_fault(v, FAULT_POOL, at, where, "%s", text);
	}
}
