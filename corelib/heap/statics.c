/* SPDX-License-Identifier: MIT */
#include "heap/place.h"
#include "heap/scan.h"
#include "target/words.h"

/*
 * What static data of C code leads to. Of the objects that malloc has given memory to, those
 * that the collector does not know and no object refers to are found by nothing else.
 */

#define DATA_MOST (UINT64_C(64) << 20)

struct each {
	scan_word_fn *fn;
	void *arg;
};

static void each_word(void *arg, uint64_t at, const uint64_t *words, size_t n)
{
	const struct each *each = arg;

	for (size_t i = 0; i < n; i++)
		each->fn(each->arg, at + 8 * i, words[i]);
}

void scan_data(struct scan *s, uint64_t address, scan_word_fn *fn, void *arg)
{
	struct each each = { fn, arg };
	uint64_t start, end, next;

	if (!target_data_around(s->reader.target, address, &start, &end))
		return;
	if (end - start > DATA_MOST)
		end = start + DATA_MOST;
	/* Of mappings that adjoin. */
	for (; start < end; start = next) {
		const struct region *region = target_region_at(s->reader.target, start);

		next = region && region->end < end ? region->end : end;
		words_each(&s->reader, start, next, each_word, &each);
	}
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

static void try_word(struct search *search, uint64_t word)
{
	struct scan *s = search->s;
	struct scan_type *t;

	if (word & 7 || word < 4096 || word >> 47 || arenas_has(s->arenas, word) ||
	    arenas_big(s->arenas, word))
		return;
	t = scan_validate(s, word);
	if (!t || index_has(search->x, word) || !is_held(s, (struct object){ word, t->type }))
		return;
	scan_outside(s, word);
	search->found = true;
}

static void try_words(void *arg, uint64_t at, const uint64_t *words, size_t n)
{
	(void)at;
	for (size_t i = 0; i < n; i++)
		try_word(arg, words[i]);
}

bool statics_roots(struct scan *s, const struct index *x)
{
	struct target *t = s->reader.target;
	struct search search = { .s = s, .x = x };

	for (size_t i = 0; i < t->n_regions; i++)
		words_each(&s->reader, t->regions[i].start, words_end_of_binary(t, &t->regions[i]),
			   try_words, &search);
	return search.found;
}
