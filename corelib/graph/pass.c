/* SPDX-License-Identifier: MIT */
#include "graph/pass.h"

#include <stdlib.h>

#include "base/workers.h"

/* A type that was just met: most objects are of few types. */
struct seen_type {
	uint64_t address;
	const struct type *type; /* NULL: it is none */
	bool leaf;               /* its objects refer to their type alone */
};

#define SEEN_TYPES 64u

struct worker {
	struct pass *pass;
	struct seen_type types[SEEN_TYPES];
	struct ctx c;
	struct reader reader;
	struct found_list found;
	uint64_t from;
	uint32_t order;
	uint32_t number; /* of the next object */
	bool failed;
};

struct pass {
	struct collection *k;
	struct front *front;
	struct worker *workers;
	unsigned n_workers;
	_Atomic uint32_t *referrers; /* of each node of the web, so far */
	_Atomic uint64_t n_found;
	uint64_t *wanted; /* where the whole graph is known: a bit for each object of the front */
};

static uint64_t filter_bit(const struct front *f, uint64_t addr)
{
	return (addr * UINT64_C(0x9e3779b97f4a7c15)) >> f->shift;
}

static int make_filter(struct front *f, const struct web *w)
{
	unsigned bits = 16;

	while (bits < 26 && (UINT64_C(1) << bits) < f->nodes.n * 16)
		bits++;
	f->shift = 64 - bits;
	f->filter = calloc(UINT64_C(1) << (bits - 6), sizeof(*f->filter));
	if (!f->filter)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < f->nodes.n; i++) {
		uint64_t addr = w->nodes.items[f->nodes.items[i]].address;
		uint64_t bit = filter_bit(f, addr);
		uint64_t *at = map_put(&f->at, addr, NULL);

		if (!at)
			return PYCORE_ERR_NOMEM;
		*at = (uint64_t)f->nodes.items[i] + 1;
		f->filter[bit >> 6] |= UINT64_C(1) << (bit & 63);
	}
	return 0;
}

void front_fini(struct front *f)
{
	map_free(&f->at);
	vec_free(&f->nodes);
	free(f->filter);
	*f = (struct front){ 0 };
}

static int meet(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct worker *me = arg;
	struct pass *p = me->pass;
	const struct web_node *node;
	struct found found = {
		.from = me->from,
		.text = label->text,
		.kind = (uint8_t)label->kind,
		.guess = kind == EDGE_GUESS,
	};
	uint64_t *at;

	if (!front_may_have(p->front, to) || kind == EDGE_WEAK || kind == EDGE_BORROWED)
		return 0;
	at = map_get(&p->front->at, to);
	if (!at)
		return 0;
	found.to = (uint32_t)*at - 1;
	node = &p->k->web->nodes.items[found.to];
	if (shape_role_of(label) == SHAPE_CLASS && !(node->flags & WEB_TARGET))
		return 0;
	if (atomic_fetch_add_explicit(&p->referrers[found.to], 1, memory_order_relaxed) >=
	    MOST_REFERRERS)
		return 0;
	if (atomic_fetch_add_explicit(&p->n_found, 1, memory_order_relaxed) >= MOST_FOUND)
		return 0;
	found.detail = label->kind == LABEL_INDEX || label->kind == LABEL_IS_KEY ? label->index
										  : label->key;
	found.order = me->order++;
	me->failed |= !vec_push(&me->found.list, found);
	return me->failed;
}

static bool is_leaf(const struct type *type)
{
	static const char *const leaves[] = { "str", "int", "float", "bytes" };

	for (size_t i = 0; i < sizeof(leaves) / sizeof(*leaves); i++) {
		if (strcmp(type->name, leaves[i]) == 0)
			return true;
	}
	return false;
}

static const struct seen_type *see_type(struct worker *me, uint64_t address)
{
	struct seen_type *seen = &me->types[(address >> 5) % SEEN_TYPES];

	if (seen->address != address) {
		seen->address = address;
		seen->type = type_at(me->c.types, me->c.r, address);
		seen->leaf = seen->type && is_leaf(seen->type);
	}
	return seen;
}

/* Most objects refer to none of the front: the whole graph tells it without a look at them. */
static bool may_refer(const struct pass *p, uint32_t object)
{
	const struct links *f = &p->k->whole->objects.forward;

	for (uint32_t i = f->start[object]; i < f->start[object + 1]; i++) {
		if (p->wanted[f->to[i] >> 6] >> (f->to[i] & 63) & 1)
			return true;
	}
	return false;
}

static int look_at(void *arg, uint64_t addr)
{
	struct worker *me = arg;
	const struct seen_type *seen;
	uint64_t type;

	if (me->pass->wanted && !may_refer(me->pass, me->number++))
		return 0;
	if (!reader_u64(me->c.r, addr + L(me->c.l, PyObject, ob_type), &type) || !type)
		return 0;
	me->from = addr;
	seen = see_type(me, type);
	if (seen->type && (!seen->leaf || front_may_have(me->pass->front, type)))
		object_edges(&me->c, (struct object){ addr, seen->type }, meet, me);
	return me->failed;
}

#define SLICE 65536u

/* The same of a snapshot: nothing of it is in chunks. */
static void look_through_kept(void *arg, size_t job, unsigned worker)
{
	struct pass *p = arg;
	const struct whole *w = p->k->whole;
	struct worker *me = &p->workers[worker];
	uint32_t first = (uint32_t)job * SLICE;

	for (uint32_t i = first; i < w->n && i - first < SLICE && !me->failed; i++) {
		if (!may_refer(p, i))
			continue;
		me->from = w->source.address(w->source.arg, i);
		w->source.edges(w->source.arg, i, meet, me);
	}
}

static void look_through(void *arg, size_t job, unsigned worker)
{
	struct pass *p = arg;
	const struct index_chunk *chunk = p->k->h->index.order.items[job];

	p->workers[worker].number = chunk->first;
	index_chunk_each(chunk, look_at, &p->workers[worker]);
}

static int by_from(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* What all workers found, in the order of memory. */
static int gather(struct pass *p, struct found_list *out)
{
	struct worker *first = &p->workers[0];
	bool failed = first->failed;

	for (unsigned i = 1; i < p->n_workers; i++) {
		struct worker *next = &p->workers[i];

		failed |= next->failed;
		for (size_t k = 0; k < next->found.list.n && !failed; k++)
			failed = !vec_push(&first->found.list, next->found.list.items[k]);
		vec_free(&next->found.list);
	}
	if (failed)
		return PYCORE_ERR_NOMEM;
	if (first->found.list.n)
		qsort(first->found.list.items, first->found.list.n,
		      sizeof(*first->found.list.items), by_from);
	*out = first->found;
	first->found = (struct found_list){ { 0 } };
	return 0;
}

struct label found_label(const struct found *f)
{
	struct label label = { .kind = f->kind, .text = f->text };

	if (f->kind == LABEL_INDEX || f->kind == LABEL_IS_KEY)
		label.index = f->detail;
	else
		label.key = f->detail;
	return label;
}

static void count_rest(struct pass *p)
{
	struct web *w = p->k->web;

	if (p->n_found > MOST_FOUND)
		w->cut = true;
	for (size_t i = 0; i < p->front->nodes.n; i++) {
		uint32_t node = p->front->nodes.items[i], n = p->referrers[node];

		if (n > MOST_REFERRERS) {
			w->nodes.items[node].more += n - MOST_REFERRERS;
			w->cut = true;
		}
	}
}

static void pass_fini(struct pass *p)
{
	for (unsigned i = 0; i < p->n_workers; i++) {
		if (p->k->c)
			reader_fini(&p->workers[i].reader);
		vec_free(&p->workers[i].found.list);
	}
	free(p->workers);
	free(p->referrers);
	free(p->wanted);
}

static int want(struct pass *p)
{
	const struct whole *w = p->k->whole;

	p->wanted = calloc(((size_t)w->n >> 6) + 1, sizeof(*p->wanted));
	if (!p->wanted)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < p->front->nodes.n; i++) {
		const struct web_node *x = &p->k->web->nodes.items[p->front->nodes.items[i]];
		uint32_t object = w->source.number(w->source.arg, x->address);

		if (object != WHOLE_NONE)
			p->wanted[object >> 6] |= UINT64_C(1) << (object & 63);
	}
	return 0;
}

static int pass_init(struct pass *p)
{
	const struct ctx *c = p->k->c;
	unsigned n = workers_count(p->k->h ? p->k->h->jobs : p->k->whole->jobs);

	p->referrers = calloc(p->k->web->nodes.n + 1, sizeof(*p->referrers));
	p->workers = calloc(n, sizeof(*p->workers));
	if (!p->referrers || !p->workers)
		return PYCORE_ERR_NOMEM;
	p->n_workers = n;
	for (unsigned i = 0; i < n; i++) {
		struct worker *me = &p->workers[i];

		me->pass = p;
		if (!c)
			continue;
		me->c = *c;
		me->c.r = &me->reader;
		reader_init(&me->reader, c->r->target);
	}
	return 0;
}

int pass_run(struct collection *k, struct front *front, struct found_list *out)
{
	struct pass p = { .k = k, .front = front };
	int rc = make_filter(front, k->web);

	*out = (struct found_list){ { 0 } };
	if (rc == 0)
		rc = pass_init(&p);
	if (rc == 0 && k->whole)
		rc = want(&p);
	if (rc == 0) {
		if (k->c)
			workers_run(p.n_workers, k->h->index.order.n, look_through, &p);
		else
			workers_run(p.n_workers, ((size_t)k->whole->n + SLICE - 1) / SLICE,
				    look_through_kept, &p);
		rc = gather(&p, out);
	}
	if (rc == 0)
		count_rest(&p);
	pass_fini(&p);
	return rc;
}
