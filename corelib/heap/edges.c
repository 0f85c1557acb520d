/* SPDX-License-Identifier: MIT */
#include "heap/edges.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/workers.h"
#include "heap/scan.h"

/*
 * One pass over all objects in the order of memory, by as many workers as there
 * are. Each fills a buffer with the references of a chunk; chunks are put
 * behind one another in their order, so that there is never a second copy of all.
 */

struct pass {
	const struct heap *h;
	struct object_arrays *out;
	struct worker *workers;
	void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total);
	void *progress_ctx;

	pthread_mutex_t lock;
	pthread_cond_t turn;
	size_t next;    /* chunk whose references come next */
	uint64_t edges; /* before it */
	int status;
};

struct worker {
	struct pass *pass;
	struct scan scan;
	struct edge_sink sink;
	struct behind_starts starts;
	uint32_t number; /* of the next object */
};

bool edge_holds(enum edge_kind kind, const struct label *label)
{
	if (kind == EDGE_GUESS)
		return label->kind != LABEL_FIELD || strcmp(label->text, "value stack") != 0;
	return kind != EDGE_WEAK && kind != EDGE_BORROWED;
}

void edge_sink_part(struct edge_sink *e, uint64_t to)
{
	uint32_t number = e->flags ? edge_sink_number(e, to) : UINT32_MAX;

	if (number != UINT32_MAX)
		__atomic_fetch_or(&e->flags[number], OBJECT_PART, __ATOMIC_RELAXED);
}

void edge_sink_add_labelled(struct edge_sink *e, uint64_t to, const struct label *label)
{
	edge_sink_add(e, to);
	if (label->kind == LABEL_ATTR && label->text[0] == '_' && !strcmp(label->text, "__dict__"))
		edge_sink_part(e, to);
}

static void set_bytes(struct pass *p, uint32_t number, uint64_t bytes)
{
	uint64_t *giant;

	p->out->bytes[number] = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
	if (bytes < UINT32_MAX)
		return;
	pthread_mutex_lock(&p->lock);
	giant = map_put(&p->out->giants, (uint64_t)number + 1, NULL);
	if (giant)
		*giant = bytes;
	else
		p->status = PYCORE_ERR_NOMEM;
	pthread_mutex_unlock(&p->lock);
}

/* What is out of the arenas may be a module's own data, which nobody frees. */
static uint8_t flags_of(struct worker *me, uint64_t address, const struct scan_type *t)
{
	struct scan *s = &me->scan;
	uint8_t flags = 0;
	int64_t refcount;

	if (object_refcount(&s->c, address, &refcount) == 0 && refcount < 0)
		flags |= OBJECT_IMMORTAL;
	if (!arenas_has(s->arenas, address) && target_module_at(s->reader.target, address))
		flags |= OBJECT_STATIC;
	if (t->type->is_gc && object_gc_tracked(&s->c, (struct object){ address, t->type }))
		flags |= OBJECT_TRACKED;
	return flags;
}

static int look_at(void *arg, uint64_t address)
{
	struct worker *me = arg;
	struct object_arrays *out = me->pass->out;
	uint32_t number = me->number++, before = (uint32_t)me->sink.to.n;
	struct scan_type *t = NULL;
	uint64_t type;

	if (reader_u64(&me->scan.reader, address + L(me->scan.l, PyObject, ob_type), &type))
		t = scan_type_at(&me->scan, type);
	if (!t)
		return 0;
	out->type[number] = t->type->number;
	set_bytes(me->pass, number, scan_visit_at(&me->scan, t, address));
	__atomic_fetch_or(&out->flags[number], flags_of(me, address, t), __ATOMIC_RELAXED);
	if (t->type->opaque)
		behind_look(&me->starts, me->pass->h, &me->scan.c, number,
			    (struct object){ address, t->type });
	/* How many; summed up when all are there. */
	out->forward.start[number + 1] = (uint32_t)me->sink.to.n - before;
	return me->sink.failed;
}

/* Wait for the chunk's turn, then put its references behind those before. */
static void put_edges(struct pass *p, size_t job, const struct edge_sink *sink)
{
	struct links *to = &p->out->forward;

	pthread_mutex_lock(&p->lock);
	while (p->next != job)
		pthread_cond_wait(&p->turn, &p->lock);
	p->next++;
	if (!p->status)
		p->status = links_grow(to, p->edges + sink->to.n);
	if (!p->status && sink->to.n) {
		memcpy(to->to + p->edges, sink->to.items, sink->to.n * sizeof(uint32_t));
		p->edges += sink->to.n;
	}
	pthread_cond_broadcast(&p->turn);
	pthread_mutex_unlock(&p->lock);
}

static void look_through(void *arg, size_t job, unsigned worker)
{
	struct pass *p = arg;
	struct worker *me = &p->workers[worker];
	const struct index_chunk *chunk = p->h->index.order.items[job];

	if (!worker && p->progress)
		p->progress(p->progress_ctx, "reading references", job, p->h->index.order.n);
	me->number = chunk->first;
	me->sink.to.n = 0;
	index_chunk_each(chunk, look_at, me);
	put_edges(p, job, &me->sink);
}

static int run(struct pass *p, const struct ctx *c, unsigned n)
{
	uint64_t purse = reader_purse(c->r->target);
	int rc;

	for (unsigned i = 0; i < n; i++) {
		struct worker *me = &p->workers[i];

		me->pass = p;
		scan_init(&me->scan, c, &p->h->arenas, 0);
		me->scan.reader.purse = &purse;
		me->scan.edges = &me->sink;
		me->sink = (struct edge_sink){ .index = &p->h->index, .arenas = &p->h->arenas,
					       .flags = p->out->flags };
	}
	workers_run(n, p->h->index.order.n, look_through, p);
	rc = p->status;
	for (unsigned i = 0; i < n; i++) {
		struct worker *me = &p->workers[i];

		if (me->sink.failed || me->scan.failed)
			rc = PYCORE_ERR_NOMEM;
		c->r->faults += me->scan.reader.faults;
		if (!c->r->first_fault)
			c->r->first_fault = me->scan.reader.first_fault;
		vec_free(&me->sink.to);
		behind_join(&p->out->starts, &me->starts);
		scan_fini(&me->scan);
	}
	if (p->out->starts.failed)
		rc = PYCORE_ERR_NOMEM;
	if (!rc)
		rc = links_sum(p->out->forward.start, p->out->forward.n_nodes);
	if (!rc)
		links_trim(&p->out->forward);
	return rc;
}

int heap_edges(const struct heap *h, const struct ctx *c, struct object_arrays *out,
	       void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total),
	       void *progress_ctx)
{
	struct pass p = { .h = h, .out = out, .progress = progress, .progress_ctx = progress_ctx };
	unsigned n = workers_count(h->jobs);
	int rc = links_room(&out->forward, h->index.n_objects, h->index.n_objects);

	if (rc)
		return rc;
	p.workers = calloc(n, sizeof(*p.workers));
	if (!p.workers)
		return PYCORE_ERR_NOMEM;
	pthread_mutex_init(&p.lock, NULL);
	pthread_cond_init(&p.turn, NULL);
	rc = run(&p, c, n);
	pthread_cond_destroy(&p.turn);
	pthread_mutex_destroy(&p.lock);
	free(p.workers);
	return rc;
}
