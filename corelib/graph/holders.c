/* SPDX-License-Identifier: MIT */
#include "graph/holders.h"

#include <stdlib.h>

#include "graph/pass.h"

/* However long the way to a root is. */
#define MOST_STEPS 1000

/*
 * The target as a node of its own: a module's globals and a frame's object share
 * that of the module or frame otherwise.
 */
static int add_target(struct collection *k, uint64_t target)
{
	struct web_node node = { .address = target, .flags = WEB_TARGET };
	uint64_t *at = map_get(&k->nodes, target);
	uint32_t number;
	struct object o;

	if (at && k->web->nodes.items[*at - 1].address != target) {
		if (object_at(k->c, target, &o) < 0)
			return PYCORE_ERR_NOT_FOUND;
		node.type = o.type->number;
		/* A frame's object is as good a root as the frame. */
		if (*at > k->n_modules)
			node.root = k->web->nodes.items[*at - 1].root;
		if (!vec_push(&k->web->nodes, node))
			return PYCORE_ERR_NOMEM;
		*at = k->web->nodes.n;
		return 0;
	}
	number = collect_node(k, target);
	if (number == UINT32_MAX)
		return PYCORE_ERR_NOT_FOUND;
	k->web->nodes.items[number].flags |= WEB_TARGET;
	k->web->nodes.items[number].level = 0;
	return 0;
}

static int add_held(const struct collection *k, uint64_t target, struct holders *out)
{
	for (size_t i = 0; i < k->held.n; i++) {
		const struct held *held = &k->held.items[i];
		const struct web_node *node = &k->web->nodes.items[held->node];
		struct holder holder = {
			.address = node->address,
			.label = held->label,
			.guess = held->guess,
			.type = web_type_name(node->type),
			.root = node->root ? k->roots.items[node->root - 1] : NULL,
		};

		if (held->to == target && !vec_push(&out->list, holder))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

static int add_direct(const struct found_list *found, const struct collection *k,
		      struct holders *out)
{
	for (size_t i = 0; i < found->list.n; i++) {
		const struct found *f = &found->list.items[i];
		struct holder holder = {
			.address = f->from,
			.label = found_label(f),
			.guess = f->guess,
		};

		if (!vec_push(&out->list, holder))
			return PYCORE_ERR_NOMEM;
	}
	for (size_t i = 0; i < k->web->nodes.n; i++) {
		if (k->web->nodes.items[i].flags & WEB_TARGET)
			out->more = k->web->nodes.items[i].more;
	}
	return 0;
}

/* The search backward from the target: by node, the edge that leads nearer to it. */
struct search {
	const struct web *w;
	struct web_sides to;
	uint32_t *edge; /* UINT32_MAX: not reached */
	VEC(uint32_t) queue;
};

static bool is_end(const struct web *w, uint32_t node, bool modules_alone)
{
	const struct web_node *x = &w->nodes.items[node];

	/* A class that is asked for is kept by a module, too. */
	if (!x->root || (x->flags & WEB_TARGET && x->flags & WEB_CLASS))
		return false;
	return !modules_alone || x->flags & WEB_MODULE;
}

/* Nodes of one distance are looked at together: a module is the better one of several roots. */
static uint32_t best_of(const struct search *s, size_t from, size_t to)
{
	for (unsigned modules = 2; modules--;) {
		for (size_t i = from; i < to; i++) {
			if (is_end(s->w, s->queue.items[i], modules))
				return s->queue.items[i];
		}
	}
	return UINT32_MAX;
}

static int look_back(struct search *s, uint32_t node)
{
	for (uint32_t i = s->to.start[node]; i < s->to.start[node + 1]; i++) {
		uint32_t edge = s->to.list[i], from = s->w->edges.items[edge].from;

		if (s->edge[from] != UINT32_MAX || s->w->nodes.items[from].flags & WEB_TARGET)
			continue;
		s->edge[from] = edge;
		if (!vec_push(&s->queue, from))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

/* @return the root that was found, UINT32_MAX: none */
static int nearest_root(struct search *s, uint32_t target, uint32_t *out)
{
	size_t first = 0;
	int rc = vec_push(&s->queue, target) ? 0 : PYCORE_ERR_NOMEM;

	*out = UINT32_MAX;
	while (rc == 0 && first < s->queue.n && *out == UINT32_MAX) {
		size_t end = s->queue.n;

		*out = best_of(s, first, end);
		for (; first < end && rc == 0 && *out == UINT32_MAX; first++)
			rc = look_back(s, s->queue.items[first]);
	}
	return rc;
}

static int add_step(const struct collection *k, const struct web_edge *e, struct holders *out)
{
	struct way_step step = { .address = k->web->nodes.items[e->to].address };
	struct buf label = { 0 };

	shape_text(&k->web->shapes, k->c, e->shape, e->detail, false, &label);
	if (!label.failed)
		step.label = arena_strdup(k->arena, label.text ? label.text : "");
	buf_free(&label);
	return step.label && vec_push(&out->way, step) ? 0 : PYCORE_ERR_NOMEM;
}

static int write_way(const struct collection *k, const struct search *s, uint32_t node,
		     struct holders *out)
{
	const struct web_node *root = &k->web->nodes.items[node];
	int rc = 0;

	out->root = k->roots.items[root->root - 1];
	out->root_address = root->address;
	for (size_t i = 0; i < MOST_STEPS && rc == 0 && s->edge[node] != UINT32_MAX; i++) {
		const struct web_edge *e = &k->web->edges.items[s->edge[node]];

		rc = add_step(k, e, out);
		node = e->to;
	}
	return rc;
}

static int find_way(const struct collection *k, struct holders *out)
{
	struct search s = { .w = k->web };
	uint32_t target = UINT32_MAX, root = UINT32_MAX;
	int rc;

	for (uint32_t i = 0; i < k->web->nodes.n; i++) {
		const struct web_node *x = &k->web->nodes.items[i];

		if (x->flags & WEB_TARGET && !(x->flags & WEB_GONE))
			target = i;
	}
	if (target == UINT32_MAX)
		return 0;
	s.edge = malloc((k->web->nodes.n + 1) * sizeof(*s.edge));
	if (!s.edge)
		return PYCORE_ERR_NOMEM;
	memset(s.edge, 0xff, (k->web->nodes.n + 1) * sizeof(*s.edge));
	rc = web_sides(k->web, false, &s.to);
	if (rc == 0)
		rc = nearest_root(&s, target, &root);
	if (rc == 0 && root != UINT32_MAX)
		rc = write_way(k, &s, root, out);
	web_sides_fini(&s.to);
	vec_free(&s.queue);
	free(s.edge);
	return rc;
}

int holders_find(const struct ctx *c, const struct heap *h, uint64_t target, struct arena *a,
		 struct holders *out)
{
	struct found_list direct = { { 0 } };
	struct web web = { 0 };
	struct collection k = { .c = c, .h = h, .web = &web, .arena = a, .direct = &direct };
	int rc = roots_add_modules(&k);

	*out = (struct holders){ .more = 0 };
	if (rc == 0)
		rc = roots_add_threads(&k);
	if (rc == 0)
		rc = add_target(&k, target);
	if (rc == 0)
		rc = collect_referrers(&k, MOST_STEPS);
	if (rc == 0)
		rc = add_held(&k, target, out);
	if (rc == 0)
		rc = add_direct(&direct, &k, out);
	if (rc == 0)
		rc = web_fold(&web, MOST_STEPS);
	if (rc == 0)
		rc = find_way(&k, out);
	vec_free(&direct.list);
	collection_fini(&k);
	web_fini(&web);
	return rc;
}

void holders_fini(struct holders *h)
{
	vec_free(&h->list);
	vec_free(&h->way);
}
