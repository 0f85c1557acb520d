/* SPDX-License-Identifier: MIT */
#include "heap/cost.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/workers.h"
#include "heap/place.h"
#include "object/dict.h"

/* What objects take beside sys.getsizeof: the allocator's blocks, and memory elsewhere. */

struct outside {
	uint64_t shared; /* address of keys that are not this object's alone */
	uint64_t bytes, blocks;
};

static void add_outside(void *arg, uint64_t address, uint64_t bytes)
{
	struct outside *sum = arg;

	if (address == sum->shared || __builtin_add_overflow(sum->bytes, bytes, &sum->bytes))
		return;
	sum->blocks++;
}

void cost_outside(const struct ctx *c, struct object o, uint64_t *bytes, uint64_t *blocks)
{
	struct outside sum = { 0 };
	struct dict d;

	if (o.type->flags & TPFLAGS_DICT && !dict_at(c->l, c->r, o.address, &d) &&
	    d.keys.refcnt != 1)
		sum.shared = d.keys.address;
	object_storage(c, o, add_outside, &sum);
	*bytes = sum.bytes;
	*blocks = sum.blocks;
}

struct worker {
	struct ctx c;
	struct reader reader;
	const struct heap *h;
	struct heap_cost *costs; /* by type number */
};

struct work {
	struct worker *workers;
	const struct heap *h;
	void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total);
	void *progress_ctx;
};

/* Bytes of the allocator's block that the object is in; 0: none is known. */
static uint64_t block_bytes(struct worker *w, struct object o)
{
	struct spot spot;

	if (arenas_has(&w->h->arenas, o.address))
		return arenas_block_bytes(&w->h->arenas, o.address);
	spot_find(&w->c, o.address, &spot);
	return spot.place.kind == PLACE_CHUNK || spot.place.kind == PLACE_BLOCK ? spot.place.bytes : 0;
}

static int add_object(void *arg, uint64_t address)
{
	struct worker *w = arg;
	struct heap_cost *to;
	uint64_t bytes, blocks;
	struct object o;

	if (object_at(&w->c, address, &o) || o.type->number >= w->h->n_counts)
		return 0;
	to = &w->costs[o.type->number];
	cost_outside(&w->c, o, &bytes, &blocks);
	to->block_bytes += block_bytes(w, o);
	if (__builtin_add_overflow(to->outside_bytes, bytes, &to->outside_bytes))
		to->outside_bytes = UINT64_MAX;
	return 0;
}

static void chunk_job(void *ctx, size_t job, unsigned worker)
{
	struct work *w = ctx;

	if (!worker && w->progress)
		w->progress(w->progress_ctx, "measuring memory", job, w->h->index.order.n);
	index_chunk_each(w->h->index.order.items[job], add_object, &w->workers[worker]);
}

static bool start(struct worker *w, const struct heap *h, const struct ctx *c)
{
	w->h = h;
	w->c = *c;
	reader_init(&w->reader, c->r->target);
	w->c.r = &w->reader;
	w->costs = calloc(h->n_counts + 1, sizeof(*w->costs));
	return w->costs;
}

int heap_costs(struct heap *h, const struct ctx *c,
	       void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total),
	       void *progress_ctx)
{
	struct work w = { .h = h, .progress = progress, .progress_ctx = progress_ctx };
	unsigned n = workers_count(h->jobs);
	bool ok = true;

	if (h->costs)
		return 0;
	w.workers = calloc(n, sizeof(*w.workers));
	for (unsigned i = 0; w.workers && i < n; i++)
		ok &= start(&w.workers[i], h, c);
	ok = ok && w.workers;
	if (ok) {
		workers_run(n, h->index.order.n, chunk_job, &w);
		h->costs = w.workers[0].costs;
		w.workers[0].costs = NULL;
	}
	for (unsigned i = 0; w.workers && i < n; i++) {
		for (size_t k = 0; ok && i && k < h->n_counts; k++) {
			h->costs[k].block_bytes += w.workers[i].costs[k].block_bytes;
			h->costs[k].outside_bytes += w.workers[i].costs[k].outside_bytes;
		}
		c->r->faults += w.workers[i].reader.faults;
		reader_fini(&w.workers[i].reader);
		free(w.workers[i].costs);
	}
	free(w.workers);
	return ok ? 0 : PYCORE_ERR_NOMEM;
}
