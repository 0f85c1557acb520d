/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/workers.h"
#include "graph/collect.h"

/*
 * References are stored one way, so who refers to an object is found by
 * looking at every reference of every object: one pass for each step away from
 * the targets. A pass tests each against the objects asked for (the front).
 */

#define MOST_STEPS 64
/* A picture is full long before this many nodes: with roots found, seek no further. */
#define ENOUGH_PAGES 16u

/* A reference met: by the object at from, to node to of the web. */
struct found {
	uint64_t from, detail;
	const char *text;
	uint32_t to, order;
	uint8_t kind, guess;
};

struct front {
	struct map at;          /* address -> 1 + node */
	VEC(uint32_t) nodes;
	uint64_t *filter;       /* a bit for each hash: most addresses are told apart by it */
	unsigned shift;
};

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
	VEC(struct found) found;
	uint64_t from;
	uint32_t order;
	bool failed;
};

struct pass {
	struct collection *k;
	struct front *front;
	struct worker *workers;
	unsigned n_workers;
	_Atomic uint32_t *referrers; /* of each node of the web, so far */
	_Atomic uint64_t n_found;
};

static uint64_t filter_bit(const struct front *f, uint64_t addr)
{
	return (addr * UINT64_C(0x9e3779b97f4a7c15)) >> f->shift;
}

static bool front_may_have(const struct front *f, uint64_t addr)
{
	uint64_t bit = filter_bit(f, addr);

	return f->filter[bit >> 6] >> (bit & 63) & 1;
}

static int front_make(struct front *f, const struct web *w)
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

static void front_fini(struct front *f)
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
	me->failed |= !vec_push(&me->found, found);
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

static int look_at(void *arg, uint64_t addr)
{
	struct worker *me = arg;
	const struct seen_type *seen;
	uint64_t type;

	if (!reader_u64(me->c.r, addr + L(me->c.l, PyObject, ob_type), &type) || !type)
		return 0;
	me->from = addr;
	seen = see_type(me, type);
	if (seen->type && (!seen->leaf || front_may_have(me->pass->front, type)))
		object_edges(&me->c, (struct object){ addr, seen->type }, meet, me);
	return me->failed;
}

static void look_through(void *arg, size_t job, unsigned worker)
{
	struct pass *p = arg;

	index_chunk_each(p->k->h->index.order.items[job], look_at, &p->workers[worker]);
}

static int by_from(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* What all workers found, in the order of memory. */
static int gather(struct pass *p, struct found **out, size_t *n_out)
{
	struct worker *first = &p->workers[0];
	bool failed = first->failed;

	for (unsigned i = 1; i < p->n_workers; i++) {
		struct worker *next = &p->workers[i];

		failed |= next->failed;
		for (size_t k = 0; k < next->found.n && !failed; k++)
			failed = !vec_push(&first->found, next->found.items[k]);
		vec_free(&next->found);
	}
	if (failed)
		return PYCORE_ERR_NOMEM;
	if (first->found.n)
		qsort(first->found.items, first->found.n, sizeof(*first->found.items), by_from);
	*out = first->found.items;
	*n_out = first->found.n;
	return 0;
}

static struct label label_of(const struct found *f)
{
	struct label label = { .kind = f->kind, .text = f->text };

	if (f->kind == LABEL_INDEX || f->kind == LABEL_IS_KEY)
		label.index = f->detail;
	else
		label.key = f->detail;
	return label;
}

struct spread {
	struct collection *k;
	struct front *next;
	uint32_t depth;
};

/* Steps away: going to the owner of a helper is none, for the helper is part of it. */
static uint32_t steps(const struct web_node *to, const struct label *label)
{
	enum shape_role role = shape_role_of(label);

	if (to->flags & WEB_CELL)
		return to->level;
	if (to->flags & WEB_HELPER && role != SHAPE_PLAIN && role != SHAPE_CLASS)
		return to->level;
	return to->level + 1;
}

/* Add a referrer; seek its own in the next pass, unless it is a root. */
static int add_referrer(struct spread *s, uint32_t from, uint32_t to, const struct label *label,
			bool guess)
{
	struct web *w = s->k->web;
	uint32_t level = steps(&w->nodes.items[to], label);
	struct web_node *node = &w->nodes.items[from];

	if (node->level == WEB_FAR) {
		if (level > s->depth) {
			w->nodes.items[to].more++;
			w->cut = true;
			return 0;
		}
		node->level = level;
		if (from < s->k->n_roots)
			;
		else if (level == s->depth && !(node->flags & (WEB_HELPER | WEB_CELL)))
			w->cut = true;
		else if (!vec_push(&s->next->nodes, from))
			return PYCORE_ERR_NOMEM;
	}
	return collect_edge(s->k, from, to, label, guess);
}

static uint32_t known_node(const struct collection *k, uint64_t address)
{
	uint64_t *at = map_get(&k->nodes, address);

	return at ? (uint32_t)*at - 1 : UINT32_MAX;
}

/* Classes that a module holds are roots: what else refers to them is no news. */
static int mark_held_classes(struct collection *k, const struct found *found, size_t n,
			     uint8_t *held)
{
	for (size_t i = 0; i < n; i++) {
		const struct web_node *to = &k->web->nodes.items[found[i].to];

		if (to->class_root && !(to->flags & WEB_TARGET) &&
		    known_node(k, found[i].from) < k->n_modules)
			held[found[i].to] = 1;
	}
	return 0;
}

static int add_found(struct spread *s, const struct found *found, size_t n)
{
	struct collection *k = s->k;
	uint8_t *held = calloc(k->web->nodes.n + 1, 1);
	int rc = held ? mark_held_classes(k, found, n, held) : PYCORE_ERR_NOMEM;

	for (size_t i = 0; i < n && rc == 0; i++) {
		struct label label = label_of(&found[i]);
		uint32_t from = known_node(k, found[i].from);

		/* A frame object's references were read with the frame. */
		if (from >= k->n_modules && from < k->n_roots)
			continue;
		if (held[found[i].to] && from >= k->n_modules)
			continue;
		if (from == UINT32_MAX)
			from = collect_node(k, found[i].from);
		if (from == UINT32_MAX)
			k->web->nodes.items[found[i].to].more++;
		else
			rc = add_referrer(s, from, found[i].to, &label, found[i].guess);
	}
	free(held);
	return rc;
}

static int add_held(struct spread *s, const struct front *front)
{
	struct collection *k = s->k;
	int rc = 0;

	for (size_t i = 0; i < k->held.n && rc == 0; i++) {
		const struct held *h = &k->held.items[i];
		uint64_t *at = front_may_have(front, h->to) ? map_get(&front->at, h->to) : NULL;

		if (at)
			rc = add_referrer(s, h->node, (uint32_t)*at - 1, &h->label, h->guess);
	}
	return rc;
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
		reader_fini(&p->workers[i].reader);
		vec_free(&p->workers[i].found);
	}
	free(p->workers);
	free(p->referrers);
}

static int pass_init(struct pass *p)
{
	const struct ctx *c = p->k->c;
	unsigned n = workers_count(p->k->h->jobs);

	p->referrers = calloc(p->k->web->nodes.n + 1, sizeof(*p->referrers));
	p->workers = calloc(n, sizeof(*p->workers));
	if (!p->referrers || !p->workers)
		return PYCORE_ERR_NOMEM;
	p->n_workers = n;
	for (unsigned i = 0; i < n; i++) {
		struct worker *me = &p->workers[i];

		me->pass = p;
		me->c = *c;
		me->c.r = &me->reader;
		reader_init(&me->reader, c->r->target);
	}
	return 0;
}

/* One step further away. */
static int step(struct collection *k, struct front *front, struct front *next, uint32_t depth)
{
	struct pass p = { .k = k, .front = front };
	struct spread s = { k, next, depth };
	struct found *found = NULL;
	size_t n = 0;
	int rc = front_make(front, k->web);

	if (rc == 0)
		rc = pass_init(&p);
	if (rc == 0) {
		workers_run(p.n_workers, k->h->index.order.n, look_through, &p);
		rc = gather(&p, &found, &n);
	}
	if (rc == 0)
		rc = add_found(&s, found, n);
	if (rc == 0)
		rc = add_held(&s, front);
	if (rc == 0)
		count_rest(&p);
	pass_fini(&p);
	return rc;
}

/*
 * Whether what was found fills pages: nodes of other types, or at other
 * distances, are never drawn as one.
 */
static int fills_pages(const struct web *w, uint32_t max_nodes, bool *out)
{
	struct map kinds = { 0 };

	*out = false;
	for (size_t i = 0; i < w->nodes.n; i++) {
		const struct web_node *x = &w->nodes.items[i];

		if (x->level != WEB_FAR &&
		    !map_put(&kinds, ((uint64_t)x->level << 32 | x->type) + 1, NULL)) {
			map_free(&kinds);
			return PYCORE_ERR_NOMEM;
		}
	}
	*out = kinds.n >= max_nodes;
	map_free(&kinds);
	return 0;
}

static bool is_root(const struct web *w, const struct web_edge *e)
{
	const struct web_node *from = &w->nodes.items[e->from];

	return from->root || (w->nodes.items[e->to].class_root && from->flags & WEB_MODULE);
}

/* Whether every target is held by some root, over what has been found. */
static int all_rooted(const struct web *w, bool *out)
{
	struct web_sides from = { 0 };
	uint8_t *held = calloc(w->nodes.n + 1, 1);
	VEC(uint32_t) queue = { 0 };
	bool fine = held && web_sides(w, true, &from) == 0;

	*out = true;
	for (size_t i = 0; i < w->edges.n && fine; i++) {
		const struct web_edge *e = &w->edges.items[i];

		if (is_root(w, e) && !held[e->to]) {
			held[e->to] = 1;
			fine = vec_push(&queue, e->to);
		}
	}
	for (size_t at = 0; at < queue.n && fine; at++) {
		uint32_t node = queue.items[at];

		for (uint32_t k = from.start[node]; k < from.start[node + 1] && fine; k++) {
			uint32_t to = w->edges.items[from.list[k]].to;

			if (!held[to]) {
				held[to] = 1;
				fine = vec_push(&queue, to);
			}
		}
	}
	for (size_t i = 0; i < w->nodes.n && fine; i++) {
		const struct web_node *x = &w->nodes.items[i];

		if (x->flags & WEB_TARGET && !x->root && !held[i])
			*out = false;
	}
	vec_free(&queue);
	web_sides_fini(&from);
	free(held);
	return fine ? 0 : PYCORE_ERR_NOMEM;
}

static int first_front(const struct collection *k, struct front *front)
{
	for (uint32_t i = 0; i < k->web->nodes.n; i++) {
		if (k->web->nodes.items[i].flags & WEB_TARGET && !vec_push(&front->nodes, i))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

int collect_referrers(struct collection *k, uint32_t depth)
{
	struct front front = { 0 }, next = { 0 };
	int rc = first_front(k, &front);

	for (unsigned i = 0; rc == 0 && front.nodes.n; i++) {
		bool enough = false;

		if (i == MOST_STEPS) {
			k->web->cut = true;
			break;
		}
		rc = step(k, &front, &next, depth);
		front_fini(&front);
		front = next;
		next = (struct front){ 0 };
		if (rc == 0 && k->web->nodes.n - k->n_roots > (size_t)k->max_nodes * ENOUGH_PAGES)
			rc = fills_pages(k->web, k->max_nodes, &enough);
		if (rc == 0 && enough)
			rc = all_rooted(k->web, &enough);
		if (enough && front.nodes.n) {
			k->web->cut = true;
			break;
		}
	}
	front_fini(&front);
	front_fini(&next);
	return rc;
}
