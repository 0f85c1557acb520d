/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "graph/pass.h"

/* Backward: one pass over all objects for each step away from the targets. */

#define MOST_STEPS 64
/* A picture is full long before this many nodes: with roots found, seek no further. */
#define ENOUGH_PAGES 16u

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
		struct label label = found_label(&found[i]);
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

/* One step further away. What is found goes to k->direct too, if that wants it. */
static int step(struct collection *k, struct front *front, struct front *next, uint32_t depth)
{
	struct spread s = { k, next, depth };
	struct found_list found;
	int rc = pass_run(k, front, &found);

	if (rc == 0 && k->direct)
		rc = collect_behind(k, &found);
	if (rc == 0)
		rc = add_found(&s, found.list.items, found.list.n);
	if (rc == 0)
		rc = add_held(&s, front);
	if (rc == 0 && k->direct) {
		*k->direct = found;
		k->direct = NULL;
		return 0;
	}
	vec_free(&found.list);
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
