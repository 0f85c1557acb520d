/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/workers.h"
#include "heap/scan.h"

struct work {
	struct heap *h;
	const struct heap_options *options;
	struct scan *scans; /* one a worker */
	unsigned workers;
	VEC(struct index_chunk *) chunks; /* that have pools, by address */
};

static void warn(const struct work *w, const char *line)
{
	if (w->options->warn)
		w->options->warn(w->options->warn_ctx, line);
}

static void progress(const struct work *w, const char *what, uint64_t done, uint64_t total)
{
	if (w->options->progress)
		w->options->progress(w->options->progress_ctx, what, done, total);
}

static void chunk_job(void *ctx, size_t job, unsigned worker)
{
	struct work *w = ctx;

	if (!worker)
		progress(w, "reading objects", job, w->chunks.n);
	scan_chunk(&w->scans[worker], w->chunks.items[job]->start);
}

static void contest_job(void *ctx, size_t job, unsigned worker)
{
	struct work *w = ctx;

	scan_contest(&w->scans[worker], w->chunks.items[job]);
}

static void unlisted_job(void *ctx, size_t job, unsigned worker)
{
	struct work *w = ctx;

	scan_unlisted(&w->scans[worker], w->chunks.items[job]);
}

static void class_job(void *ctx, size_t job, unsigned worker)
{
	struct work *w = ctx;

	scan_class(&w->scans[worker], w->chunks.items[job]);
}

static int list_chunks(struct work *w)
{
	for (size_t i = 0; i < w->h->arenas.n_chunks; i++) {
		if (w->h->arenas.chunks[i] && !vec_push(&w->chunks, w->h->arenas.chunks[i]))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

static int make_scans(struct work *w, const struct ctx *c)
{
	unsigned bias = scan_bias(c->l, c->r, &w->h->arenas);

	w->scans = calloc(w->workers, sizeof(*w->scans));
	if (!w->scans)
		return PYCORE_ERR_NOMEM;
	for (unsigned i = 0; i < w->workers; i++)
		scan_init(&w->scans[i], c, &w->h->arenas, bias);
	return 0;
}

static int failed(const struct work *w)
{
	for (unsigned i = 0; i < w->workers; i++) {
		if (w->scans[i].failed)
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

static uint64_t tracked(const struct work *w)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < w->workers; i++) {
		for (size_t k = 0; k < w->scans[i].met.n; k++)
			n += w->scans[i].met.items[k]->tracked;
	}
	return n;
}

/* Find what only C code's static variables hold. */
static int follow_statics(struct work *w)
{
	int rc;

	if (!statics_roots(&w->scans[0], &w->h->index))
		return failed(w);
	rc = closure_run(w->scans, w->workers, &w->h->index);
	if (!rc)
		workers_run(w->workers, w->chunks.n, contest_job, w);
	return rc;
}

/* Compare what was found with the collector's lists; they are right. */
static int check_lists(struct work *w, const struct interpreters *interps)
{
	int rc;

	if (gc_agrees(w->scans, w->workers, interps)) {
		w->scans[0].blocks.gc_listed = tracked(w);
		return 0;
	}
	progress(w, "walking the collector's lists", 0, 0);
	if (!interpreters_collecting(interps)) {
		workers_run(w->workers, w->chunks.n, unlisted_job, w);
		if (gc_agrees(w->scans, w->workers, interps)) {
			w->scans[0].blocks.gc_listed = tracked(w);
			return failed(w);
		}
	}
	gc_walk(&w->scans[0], &w->h->index, interps, w->options->warn, w->options->warn_ctx);
	rc = closure_run(w->scans, w->workers, &w->h->index);
	if (!rc)
		workers_run(w->workers, w->chunks.n, contest_job, w);
	return rc;
}

static int find_objects(struct work *w, const struct interpreters *interps)
{
	int rc;

	if (w->h->arenas.pages.n) {
		w->h->arenas.raw_blocks = scan_big(&w->scans[0]);
		w->h->arenas.raw_known = true;
	}
	workers_run(w->workers, w->chunks.n, chunk_job, w);
	rc = failed(w);
	if (rc)
		return rc;
	progress(w, "following references", 0, 0);
	closure_roots(&w->scans[0], interps);
	numbers_roots(&w->scans[0]);
	rc = closure_run(w->scans, w->workers, &w->h->index);
	if (rc)
		return rc;
	workers_run(w->workers, w->chunks.n, contest_job, w);
	rc = check_lists(w, interps);
	if (!rc)
		rc = follow_statics(w);
	if (!rc)
		rc = closure_join_storage(w->scans, w->workers);
	if (!rc)
		rc = scan_texts(w->scans, w->workers, &w->h->index, interps);
	if (rc)
		return rc;
	free_lists(&w->scans[0], interps);
	for (unsigned i = 0; i < w->workers; i++)
		scan_class_dead(&w->scans[i]);
	workers_run(w->workers, w->chunks.n, class_job, w);
	return failed(w);
}

static int add_counts(struct work *w)
{
	struct heap *h = w->h;

	/* Workers may have met types that no object has. */
	h->n_counts = h->types->types.n;
	h->counts = calloc(h->n_counts + 1, sizeof(*h->counts));
	if (!h->counts)
		return PYCORE_ERR_NOMEM;
	for (unsigned i = 0; i < w->workers; i++) {
		for (size_t k = 0; k < w->scans[i].met.n; k++) {
			const struct scan_type *t = w->scans[i].met.items[k];
			struct heap_type_count *to = &h->counts[t->type->number];

			to->count += t->count;
			to->bytes += t->bytes;
			to->gc += t->tracked;
		}
	}
	return 0;
}

static void add_blocks(struct pycore_blocks *to, const struct pycore_blocks *b)
{
	to->live += b->live;
	to->live_bytes += b->live_bytes;
	to->object += b->object;
	to->storage += b->storage;
	to->free_list += b->free_list;
	to->unknown += b->unknown;
	to->unknown_bytes += b->unknown_bytes;
	to->pools += b->pools;
	to->gc_listed += b->gc_listed;
	to->gc_only += b->gc_only;
	to->gc_partial |= b->gc_partial;
	to->outside += b->outside;
	to->unreadable += b->unreadable;
}

/* Statics are nobody's blocks. */
static bool in_module(struct target *t, uint64_t address)
{
	return target_module_at(t, address) != NULL;
}

struct raw {
	struct target *t;
	uint64_t n;
};

static int count_raw(void *arg, uint64_t address)
{
	struct raw *raw = arg;

	raw->n += !in_module(raw->t, address);
	return 0;
}

/* Objects that malloc gave memory to: they are out of the arenas, and not statics. */
static uint64_t raw_objects(struct work *w, struct target *t)
{
	const struct index *x = &w->h->index;
	struct raw raw = { .t = t };

	if (w->h->arenas.pages.n) {
		for (unsigned i = 0; i < w->workers; i++)
			raw.n += w->scans[i].big_objects;
		return raw.n;
	}
	for (size_t i = 0; i < x->order.n; i++) {
		const struct index_chunk *chunk = x->order.items[i];
		uint64_t number = (chunk->start >> INDEX_CHUNK_SHIFT) - w->h->arenas.first_chunk;

		/* Few chunks are both an arena's and malloc's. */
		if (number >= w->h->arenas.n_chunks || !w->h->arenas.chunks[number])
			index_chunk_each(chunk, count_raw, &raw);
	}
	return raw.n;
}

static uint64_t raw_storage(struct work *w, struct target *t)
{
	const struct map *m = &w->scans[0].outside_storage;
	uint64_t n = 0;

	for (size_t k = 0; m->mask && k <= m->mask; k++)
		n += m->slots[k].key && !in_module(t, m->slots[k].key);
	return n;
}

static void add_raw(struct work *w, struct target *t)
{
	struct pycore_blocks *b = &w->h->blocks;
	uint64_t objects = raw_objects(w, t), storage = raw_storage(w, t);

	/* Many share a block. */
	objects -= w->scans[0].numbers < objects ? w->scans[0].numbers : objects;
	storage += w->scans[0].number_blocks;
	/* PYTHONMALLOC=malloc goes past the allocator, which then has counted nothing. */
	b->raw = w->h->arenas.raw_known && w->h->arenas.n_arenas ? w->h->arenas.raw_blocks :
							     objects + storage;
	if (objects > b->raw)
		objects = b->raw;
	if (storage > b->raw - objects)
		storage = b->raw - objects;
	b->live += b->raw;
	b->object += objects;
	b->storage += storage;
	b->unknown += b->raw - objects - storage;
}

static int add_tallies(struct work *w)
{
	for (unsigned i = 0; i < w->workers; i++) {
		if (!tally_join(&w->h->tally, &w->scans[i].tally))
			return PYCORE_ERR_NOMEM;
	}
	tally_sort(&w->h->tally);
	return 0;
}

static void add_up(struct work *w, struct target *t)
{
	struct pycore_blocks *b = &w->h->blocks;
	char line[160];

	for (unsigned i = 0; i < w->workers; i++)
		add_blocks(b, &w->scans[i].blocks);
	b->arenas = w->h->arenas.n_arenas;
	b->unreadable += w->h->arenas.left_out + w->h->arenas.torn.n;
	add_raw(w, t);
	if (!b->pools && !b->unreadable)
		warn(w, "the allocator of objects has no pools here (PYTHONMALLOC=malloc?): only what "
			"the collector's lists, references and static data lead to is counted");
	if (!b->unreadable)
		return;
	snprintf(line, sizeof(line),
		 "%llu of %llu pools of the allocator are damaged or cannot be read: "
		 "their objects are not counted",
		 (unsigned long long)b->unreadable, (unsigned long long)(b->pools + b->unreadable));
	warn(w, line);
}

static int read_heap(struct work *w, const struct ctx *c, const struct interpreters *interps)
{
	int rc;

	progress(w, "finding the allocator's memory", 0, 0);
	rc = arenas_find(&w->h->arenas, c->l, c->r, interps, w->workers);
	if (!rc)
		rc = arenas_index(&w->h->arenas, c->r->target, &w->h->index);
	if (!rc)
		rc = list_chunks(w);
	if (!rc)
		rc = make_scans(w, c);
	if (!rc)
		rc = find_objects(w, interps);
	if (!rc)
		rc = index_number(&w->h->index);
	if (!rc)
		rc = add_counts(w);
	if (!rc)
		rc = add_tallies(w);
	if (!rc)
		add_up(w, c->r->target);
	return rc;
}

int heap_read(struct heap *h, const struct ctx *c, const struct interpreters *interps,
	      const struct heap_options *options, struct pycore_error *err)
{
	struct work w = { .h = h, .options = options, .workers = workers_count(options->jobs) };
	int rc;

	*h = (struct heap){ .rt = c->types->rt, .interps = interps, .types = c->types,
			   .jobs = options->jobs };
	rc = read_heap(&w, c, interps);
	for (unsigned i = 0; w.scans && i < w.workers; i++) {
		c->r->faults += w.scans[i].reader.faults;
		if (!c->r->first_fault)
			c->r->first_fault = w.scans[i].reader.first_fault;
		scan_fini(&w.scans[i]);
	}
	free(w.scans);
	vec_free(&w.chunks);
	if (!rc)
		return 0;
	heap_fini(h);
	if (rc == PYCORE_ERR_NOMEM)
		return pycore_fail(err, rc, "no memory to count the objects");
	return pycore_fail(err, rc, "the memory of the allocator makes no sense");
}

void heap_fini(struct heap *h)
{
	arenas_fini(&h->arenas);
	index_fini(&h->index);
	free(h->counts);
	free(h->costs);
	tally_fini(&h->tally);
	*h = (struct heap){ 0 };
}
