/* SPDX-License-Identifier: MIT */
#include "graph/weigh.h"

#include <stdlib.h>

#include "graph/runs.h"

/* Parts of parts that are looked through for the owner: damage may make a ring of them. */
#define MOST_PARTS 16
#define NO_NODE UINT32_MAX

struct weighing {
	const struct collection *k;
	const struct web *web;
	const struct whole *w;
	uint32_t *node_of;    /* by node of the web: that of the page, or NO_NODE */
	struct links members; /* by node of the page: objects that it stands for */
	struct runs runs;
};

/* A node of the web that is drawn, by itself or as one of a group; NO_NODE: it is not. */
static int place_nodes(struct weighing *g, const struct page *page)
{
	struct map drawn = { 0 }; /* 1 + group -> node of the page */
	int rc = 0;

	g->node_of = malloc((g->web->nodes.n + 1) * sizeof(*g->node_of));
	if (!g->node_of)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < page->nodes.n && !rc; i++) {
		uint64_t *at = map_put(&drawn, (uint64_t)page->nodes.items[i].group + 1, NULL);

		if (at)
			*at = i;
		else
			rc = PYCORE_ERR_NOMEM;
	}
	for (size_t i = 0; i < g->web->nodes.n; i++) {
		uint32_t group = page->group_of[i];
		uint64_t *at = group == UINT32_MAX ? NULL : map_get(&drawn, (uint64_t)group + 1);

		g->node_of[i] = at ? (uint32_t)*at : NO_NODE;
	}
	map_free(&drawn);
	return rc;
}

static uint32_t object_at_node(const struct weighing *g, const struct web_node *x)
{
	return !web_type_name(x->type) ? g->w->source.number(g->w->source.arg, x->address)
				    : WHOLE_NONE;
}

static uint64_t bytes_of(const struct weighing *g, const struct web_node *x)
{
	uint32_t number = g->w ? object_at_node(g, x) : WHOLE_NONE;
	struct object o;
	uint64_t bytes;

	if (g->w)
		return number == WHOLE_NONE ? 0 : whole_bytes(g->w, number);
	return !object_at(g->k->c, x->address, &o) && !object_sizeof(g->k->c, o, &bytes) ? bytes : 0;
}

static void add_bytes(const struct weighing *g, struct pycore_node *nodes)
{
	for (size_t i = 0; i < g->web->nodes.n; i++) {
		const struct web_node *x = &g->web->nodes.items[i];

		if (g->node_of[i] != NO_NODE && !web_type_name(x->type))
			nodes[g->node_of[i]].bytes += bytes_of(g, x);
	}
}

/*
 * What a node stands for are all addresses that lead to it: a module's globals and a
 * frame's object are in the module and the frame.
 */
static int list_members(struct weighing *g, size_t n_nodes)
{
	const struct map *at = &g->k->nodes;
	int rc = links_room(&g->members, n_nodes + 1, at->n);

	for (unsigned fill = 0; fill < 2 && !rc; fill++) {
		for (size_t i = 0; i <= at->mask && at->mask; i++) {
			const struct map_slot *slot = &at->slots[i];
			uint32_t node = slot->key ? g->node_of[slot->value - 1] : NO_NODE, object;

			if (node == NO_NODE)
				continue;
			object = g->w->source.number(g->w->source.arg, slot->key);
			if (object == WHOLE_NONE)
				continue;
			if (fill)
				g->members.to[g->members.start[node]++] = object;
			else
				g->members.start[node + 1]++;
		}
		if (!fill)
			rc = links_sum(g->members.start, g->members.n_nodes);
	}
	if (!rc)
		links_unshift(&g->members);
	return rc;
}

static uint32_t web_node_of(const struct weighing *g, uint32_t object)
{
	const uint64_t *at = map_get(&g->k->nodes, g->w->source.address(g->w->source.arg, object));

	return at ? (uint32_t)*at - 1 : NO_NODE;
}

static bool is_garbage(const struct weighing *g, uint32_t object)
{
	return whole_phase(g->w, object) == PHASES;
}

/* What alone keeps an object; a __dict__ and such that is drawn in its owner is the owner. */
static uint32_t keeper_of(const struct weighing *g, uint32_t object)
{
	uint32_t keeper = g->w->idom[object];

	/* Garbage is kept by nothing: where a circle of it begins is of no matter. */
	if (is_garbage(g, object))
		return g->w->n;
	for (unsigned i = 0; i < MOST_PARTS && keeper < g->w->n; i++) {
		uint32_t node = web_node_of(g, keeper);

		if (node == NO_NODE || !(g->web->nodes.items[node].flags & WEB_PART))
			break;
		keeper = g->w->idom[keeper];
	}
	return keeper;
}

/* What alone keeps all that a node stands for: the object, or one of a drawn group's. */
struct keeper {
	uint32_t object; /* WHOLE_NONE: different ones */
	uint32_t node;   /* of the page, NO_NODE: not drawn, or different ones */
};

static struct keeper find_keeper(const struct weighing *g, uint32_t page_node)
{
	struct keeper found = { WHOLE_NONE, NO_NODE };
	bool first = true;

	for (uint32_t i = g->members.start[page_node]; i < g->members.start[page_node + 1]; i++) {
		uint32_t object = keeper_of(g, g->members.to[i]), web, node;

		if (object >= g->w->n)
			return (struct keeper){ WHOLE_NONE, NO_NODE };
		web = web_node_of(g, object);
		node = web == NO_NODE ? NO_NODE : g->node_of[web];
		/* What one of the group keeps, the keeper of that one keeps. */
		if (node == page_node)
			continue;
		if (first)
			found = (struct keeper){ object, node };
		if (found.object != object)
			found.object = WHOLE_NONE;
		if (found.node != node)
			found.node = NO_NODE;
		first = false;
	}
	return found;
}

/* A root of a later phase than what keeps the object is none of it. */
static const char *kind_of(const struct weighing *g, uint32_t object)
{
	const uint64_t *at = map_get(&g->w->root_of, (uint64_t)object + 1);
	enum root_kind kind = at ? g->w->roots.items[*at - 1].kind : ROOT_NO_KIND;

	if (is_garbage(g, object))
		return root_kind_name(ROOT_GARBAGE);
	return at && root_phase(kind) == whole_phase(g->w, object) ? root_kind_name(kind) : NULL;
}

static const char *root_kind(const struct weighing *g, const struct web_node *x)
{
	uint32_t object = object_at_node(g, x);
	const char *kind = object == WHOLE_NONE ? NULL : kind_of(g, object);

	if (web_type_name(x->type))
		return web_type_name(x->type);
	return !kind && x->root ? "class" : kind;
}

/* The global of C code's that holds the one object that a node stands for, or NULL. */
static const char *native_name(const struct weighing *g, const struct web_node *x)
{
	uint32_t object = object_at_node(g, x);
	const uint64_t *at = object == WHOLE_NONE
				     ? NULL : map_get(&g->w->root_of, (uint64_t)object + 1);
	const struct whole_root *root = at ? &g->w->roots.items[*at - 1] : NULL;

	return root && root->kind == ROOT_NATIVE ? root->name : NULL;
}

/* A kind is told of a group if all of it have the same. */
static void add_kinds(const struct weighing *g, const struct page *page, struct pycore_node *nodes)
{
	for (size_t i = 0; i < page->nodes.n; i++) {
		const struct web_node *first = &g->web->nodes.items[page->nodes.items[i].first];

		nodes[i].root_kind = root_kind(g, first);
		if (nodes[i].count == 1)
			nodes[i].root_name = native_name(g, first);
	}
	for (size_t i = 0; i < g->web->nodes.n; i++) {
		struct pycore_node *node = g->node_of[i] == NO_NODE ? NULL : &nodes[g->node_of[i]];
		const char *kind;

		if (!node || !node->root_kind || node->count == 1)
			continue;
		kind = root_kind(g, &g->web->nodes.items[i]);
		if (!kind || strcmp(kind, node->root_kind))
			node->root_kind = NULL;
	}
}

/* A module's globals are the module. */
static uint64_t address_of_keeper(const struct weighing *g, uint32_t object)
{
	uint32_t node = web_node_of(g, object);

	return node == NO_NODE ? g->w->source.address(g->w->source.arg, object)
			       : g->web->nodes.items[node].address;
}

static int add_weights(struct weighing *g, const struct page *page, struct pycore_node *nodes,
		       struct pycore_edge *edges)
{
	struct keeper *keepers = calloc(page->nodes.n + 1, sizeof(*keepers));
	int rc = keepers ? runs_make(g->w, &g->runs) : PYCORE_ERR_NOMEM;

	if (!rc)
		rc = list_members(g, page->nodes.n);
	for (uint32_t i = 0; i < page->nodes.n && !rc; i++) {
		uint32_t first = g->members.start[i];

		keepers[i] = find_keeper(g, i);
		if (keepers[i].object != WHOLE_NONE)
			nodes[i].keeper = address_of_keeper(g, keepers[i].object);
		nodes[i].retained = runs_retained(&g->runs, g->w, g->members.to + first,
						  g->members.start[i + 1] - first);
	}
	for (size_t i = 0; i < page->edges.n && !rc; i++)
		edges[i].keeps = edges[i].from != edges[i].to &&
				 keepers[edges[i].to].node == edges[i].from;
	if (!rc)
		add_kinds(g, page, nodes);
	free(keepers);
	return rc;
}

int weigh_page(const struct collection *k, const struct page *page, struct pycore_node *nodes,
	       struct pycore_edge *edges)
{
	struct weighing g = { .k = k, .web = k->web, .w = k->whole };
	int rc = place_nodes(&g, page);

	if (!rc)
		add_bytes(&g, nodes);
	if (!rc && g.w)
		rc = add_weights(&g, page, nodes, edges);
	links_fini(&g.members);
	runs_fini(&g.runs);
	free(g.node_of);
	return rc;
}
