/* SPDX-License-Identifier: MIT */
#include "heap/place.h"
#include "heap/scan.h"

/*
 * What static data of C code leads to. Of the objects that malloc has given memory to, those
 * that the collector does not know and no object refers to are found by nothing else.
 */

#define DATA_MOST (UINT64_C(64) << 20)

void scan_data(struct scan *s, uint64_t address, word_fn *fn, void *arg)
{
	uint64_t start, end;

	if (!target_data_around(s->reader.target, address, &start, &end))
		return;
	if (end - start > DATA_MOST)
		end = start + DATA_MOST;
	reader_each_word(&s->reader, start, end, fn, arg);
}

struct search {
	struct scan *s;
	const struct index *x;
	bool found;
};

/*
 * Whether there can be as many references as are counted. Where something was that malloc keeps
 * for the next of its size, a link stands in the count's place (malloc/malloc.c, fastbins).
 */
static bool can_be_counted(struct scan *s, uint64_t address)
{
	int64_t count;

	return !object_refcount(&s->c, address, &count) &&
	       (count < 0 || (uint64_t)count <= s->reader.target->bytes_mapped / 8);
}

/*
 * A word may be left over, or none at all: there must be a live object for which malloc has a
 * chunk just as big. What the collector tracks is in its lists.
 */
static bool is_held(struct scan *s, struct object o)
{
	return !target_module_at(s->reader.target, o.address) && can_be_counted(s, o.address) &&
	       !object_gc_tracked(&s->c, o) && place_is_chunk_of(&s->c, o);
}

static void try_word(void *arg, uint64_t at, uint64_t word)
{
	struct search *search = arg;
	struct scan *s = search->s;
	struct scan_type *t;

	(void)at;
	if (word & 7 || word < 4096 || word >> 47 || arenas_has(s->arenas, word) ||
	    arenas_big(s->arenas, word))
		return;
	t = scan_validate(s, word);
	if (!t || index_has(search->x, word) || !is_held(s, (struct object){ word, t->type }))
		return;
	scan_outside(s, word);
	search->found = true;
}

bool statics_roots(struct scan *s, const struct index *x)
{
	const struct target *t = s->reader.target;
	struct search search = { .s = s, .x = x };

	for (size_t i = 0; i < t->n_regions; i++) {
		const struct region *region = &t->regions[i];

		if ((region->flags & (REGION_WRITE | REGION_SHARED)) == REGION_WRITE &&
		    target_module_at(s->reader.target, region->start))
			reader_each_word(&s->reader, region->start, region->end, try_word, &search);
	}
	return search.found;
}
