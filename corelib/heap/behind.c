/* SPDX-License-Identifier: MIT */
#include "heap/behind.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/workers.h"
#include "heap/heap.h"
#include "heap/place.h"

#define BLOCK_MOST (UINT64_C(64) << 10) /* bytes that are looked at of one block */
#define BYTES_MOST (UINT64_C(64) << 20) /* of all together */
#define BLOCKS_MOST (1u << 20)
#define STEPS_MOST 16u
#define OBJECTS_MOST (UINT64_C(1) << 18) /* of a type: of more, not all could be followed */
#define BATCH 4096u
#define HOOKS 16u /* bytes that debug hooks put before a block's memory: Objects/obmalloc.c */

/* The last bytes of these: FORBIDDENBYTE, to 3.7 and from 3.8 on. */
static bool is_hooked(const struct ctx *c, uint64_t memory)
{
	uint64_t word;

	return reader_probe_u64(c->r, memory - 8, &word) &&
	       (word >> 8 == UINT64_C(0xfbfbfbfbfbfbfb) || word >> 8 == UINT64_C(0xfdfdfdfdfdfdfd));
}

static bool is_chunk(const struct heap *h, const struct ctx *c, uint64_t at, uint64_t *bytes)
{
	if (!place_is_private(c, &h->arenas, at) || !place_is_chunk(c, at, bytes))
		return false;
	for (unsigned before = 0; before <= 2 * HOOKS + 32 && before < *bytes; before += 8) {
		if (index_has(&h->index, at + before))
			return false;
	}
	return true;
}

/* The block that C code has for itself, and whose memory begins at @p word. */
static bool block_at(const struct heap *h, const struct ctx *c, uint64_t word, uint64_t *block,
		     uint64_t *bytes)
{
	*block = word;
	if (arenas_has(&h->arenas, word)) {
		if (arenas_unknown_block(&h->arenas, word, bytes))
			return true;
		*block = word - HOOKS;
		return arenas_has(&h->arenas, *block) && is_hooked(c, word) &&
		       arenas_unknown_block(&h->arenas, *block, bytes);
	}
	/* Some libraries, as sqlite does, put a length before what they hand out. */
	*block = word & ~UINT64_C(15);
	if (is_chunk(h, c, *block, bytes))
		return true;
	*block = word - HOOKS;
	return is_hooked(c, word) && is_chunk(h, c, *block, bytes);
}

struct look {
	struct behind_starts *s;
	const struct heap *h;
	const struct ctx *c;
	uint32_t from;
	bool foreign;
};

static int look_at_word(void *arg, uint64_t word, enum edge_kind kind, const struct label *label)
{
	struct look *l = arg;
	struct behind_start start = { .from = l->from, .foreign = l->foreign };
	uint64_t bytes;

	(void)kind;
	(void)label;
	if (!block_at(l->h, l->c, word, &start.block, &bytes))
		return 0;
	start.bytes = (uint32_t)(bytes < BLOCK_MOST ? bytes : BLOCK_MOST);
	l->s->failed |= !vec_push(&l->s->list, start);
	return l->s->failed;
}

void behind_look(struct behind_starts *s, const struct heap *h, const struct ctx *c,
		 uint32_t number, struct object o)
{
	struct look l = { s, h, c, number, o.type->decoder->foreign };

	if (o.type->number < h->n_counts && h->counts[o.type->number].count > OBJECTS_MOST)
		return;
	object_inside(c, o, look_at_word, &l);
}

struct look_all {
	const struct heap *h;
	struct look_worker {
		const struct heap *h;
		struct ctx c;
		struct reader reader;
		struct behind_starts starts;
		uint32_t number; /* of the next object */
	} *workers;
};

static int look_at(void *arg, uint64_t address)
{
	struct look_worker *me = arg;
	uint32_t number = me->number++;
	struct object o;

	if (!object_at(&me->c, address, &o) && o.type->opaque)
		behind_look(&me->starts, me->h, &me->c, number, o);
	return me->starts.failed;
}

static void look_through(void *arg, size_t job, unsigned worker)
{
	struct look_all *all = arg;
	const struct index_chunk *chunk = all->h->index.order.items[job];

	all->workers[worker].number = chunk->first;
	index_chunk_each(chunk, look_at, &all->workers[worker]);
}

int behind_look_all(struct behind_starts *s, const struct heap *h, const struct ctx *c)
{
	unsigned n = workers_count(h->jobs);
	struct look_all all = { h, calloc(n, sizeof(*all.workers)) };

	if (!all.workers)
		return PYCORE_ERR_NOMEM;
	for (unsigned i = 0; i < n; i++) {
		struct look_worker *me = &all.workers[i];

		me->h = h;
		me->c = *c;
		me->c.r = &me->reader;
		reader_init(&me->reader, c->r->target);
	}
	workers_run(n, h->index.order.n, look_through, &all);
	for (unsigned i = 0; i < n; i++) {
		behind_join(s, &all.workers[i].starts);
		reader_fini(&all.workers[i].reader);
	}
	free(all.workers);
	return s->failed ? PYCORE_ERR_NOMEM : 0;
}

void behind_join(struct behind_starts *s, struct behind_starts *more)
{
	s->failed |= more->failed;
	for (size_t i = 0; i < more->list.n && !s->failed; i++)
		s->failed = !vec_push(&s->list, more->list.items[i]);
	vec_free(&more->list);
}

/* A block to be looked at. */
struct step {
	uint64_t block;
	uint32_t from, bytes, n;
	bool foreign;
};

struct walk {
	const struct heap *h;
	const struct ctx *c;
	struct behind_trail *out;
	struct map seen; /* blocks */
	VEC(struct step) steps;
	uint64_t left;   /* bytes that may still be looked at */
	bool failed;
};

static void add_step(struct walk *w, struct step step)
{
	bool added;

	if (w->steps.n >= BLOCKS_MOST)
		return;
	if (!map_put(&w->seen, step.block, &added) || (added && !vec_push(&w->steps, step)))
		w->failed = true;
}

static void meet(struct walk *w, const struct step *from, uint64_t at, uint64_t word)
{
	struct behind_found found = { .from = from->from, .at = at };
	struct step step = { .from = from->from, .n = from->n + 1, .foreign = from->foreign };
	uint64_t bytes;

	if (!type_is_address(word))
		return;
	found.to = index_number_of(&w->h->index, word);
	if (found.to != UINT32_MAX) {
		if (found.to != found.from &&
		    (!from->foreign || arenas_has(&w->h->arenas, from->block)))
			w->failed |= !vec_push(&w->out->found, found);
	} else if (step.n < STEPS_MOST && block_at(w->h, w->c, word, &step.block, &bytes)) {
		step.bytes = (uint32_t)(bytes < BLOCK_MOST ? bytes : BLOCK_MOST);
		add_step(w, step);
	}
}

static void look_into(struct walk *w, const struct step *step)
{
	uint64_t words[BATCH / 8];

	for (uint32_t done = 0; done < step->bytes && !w->failed;) {
		uint32_t some = step->bytes - done < BATCH ? step->bytes - done : BATCH;
		size_t n = reader_copy(w->c->r, step->block + done, words, some) / 8;

		for (size_t i = 0; i < n; i++)
			meet(w, step, step->block + done + 8 * i, words[i]);
		if (8 * n < some)
			return;
		done += some;
	}
}

static int by_from(const void *left, const void *right)
{
	const struct behind_start *a = left, *b = right;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->block > b->block) - (a->block < b->block);
}

int behind_follow(struct behind_starts *s, const struct heap *h, const struct ctx *c,
		  struct behind_trail *out)
{
	struct walk w = { .h = h, .c = c, .out = out, .left = BYTES_MOST };

	if (s->list.n)
		qsort(s->list.items, s->list.n, sizeof(*s->list.items), by_from);
	for (size_t i = 0; i < s->list.n && !w.failed; i++) {
		const struct behind_start *start = &s->list.items[i];

		add_step(&w, (struct step){ .block = start->block, .from = start->from,
					    .bytes = start->bytes, .foreign = start->foreign });
	}
	for (size_t i = 0; i < w.steps.n && w.left && !w.failed; i++) {
		struct step step = w.steps.items[i];

		look_into(&w, &step);
		w.left -= step.bytes < w.left ? step.bytes : w.left;
	}
	map_free(&w.seen);
	vec_free(&w.steps);
	return w.failed ? PYCORE_ERR_NOMEM : 0;
}
