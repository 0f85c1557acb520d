/* SPDX-License-Identifier: MIT */
#include "graph/page.h"

#include <stdlib.h>

#include "graph/choose.h"

/* How hard nodes are made one: the first of these that fits the page is taken. */
static const struct {
	unsigned rounds;
	uint32_t keep;
} ways[] = { { 3, 5 }, { 3, 1 }, { 2, 1 }, { 1, 1 }, { 0, 1 } };

/* Edges with different labels between two nodes; the rest become one. */
#define MOST_PARALLEL 4

static int by_ends(const void *a, const void *b)
{
	const struct page_edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	if (x->shape != y->shape)
		return x->shape < y->shape ? -1 : 1;
	return (x->detail > y->detail) - (x->detail < y->detail);
}

/* Edges between groups: each pair of groups and shape once. */
static int join_edges(const struct web *w, const uint32_t *group_of, struct groups *g)
{
	size_t n = 0;

	g->edges = malloc((w->edges.n + 1) * sizeof(*g->edges));
	if (!g->edges)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < w->edges.n; i++) {
		const struct web_edge *e = &w->edges.items[i];

		if (group_of[e->from] == UINT32_MAX || group_of[e->to] == UINT32_MAX)
			continue;
		g->edges[n++] = (struct page_edge){ group_of[e->from], group_of[e->to], e->shape,
						    e->detail, false, 1 };
	}
	if (n)
		qsort(g->edges, n, sizeof(*g->edges), by_ends);
	for (size_t i = 0; i < n; i++) {
		struct page_edge *last = g->n_edges ? &g->edges[g->n_edges - 1] : NULL;
		const struct page_edge *e = &g->edges[i];

		if (last && last->from == e->from && last->to == e->to && last->shape == e->shape) {
			last->several |= last->detail != e->detail;
			last->count++;
		} else {
			g->edges[g->n_edges++] = *e;
		}
	}
	return 0;
}

static int describe(const struct web *w, const uint32_t *group_of, struct groups *g)
{
	g->list = calloc(g->n + 1, sizeof(*g->list));
	if (!g->list)
		return PYCORE_ERR_NOMEM;
	for (uint32_t i = 0; i < w->nodes.n; i++) {
		const struct web_node *x = &w->nodes.items[i];
		struct group *group;

		if (group_of[i] == UINT32_MAX)
			continue;
		group = &g->list[group_of[i]];
		if (!group->count++)
			group->first = i;
		group->more += x->more;
		group->target |= x->flags & WEB_TARGET;
		group->root |= x->root != 0;
	}
	return 0;
}

static void groups_fini(struct groups *g)
{
	free(g->list);
	free(g->edges);
	*g = (struct groups){ 0 };
}

static int make_groups(const struct web *w, const uint32_t *group_of, struct groups *g)
{
	int rc = describe(w, group_of, g);

	if (rc == 0)
		rc = join_edges(w, group_of, g);
	return rc;
}

static bool fits(const struct web *w, const uint32_t *group_of, uint32_t n, uint32_t max_nodes)
{
	uint32_t roots = 0;

	/* Roots are never made one: no use in trying harder for them. */
	for (size_t i = 0; i < w->nodes.n; i++)
		roots += group_of[i] != UINT32_MAX && w->nodes.items[i].root;
	return n - roots <= max_nodes;
}

static int group(const struct web *w, uint32_t max_nodes, uint32_t *group_of, struct groups *g)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		int rc = web_alike(w, ways[i].rounds, ways[i].keep, group_of, &g->n);

		if (rc < 0)
			return rc;
		if (fits(w, group_of, g->n, max_nodes))
			break;
	}
	return make_groups(w, group_of, g);
}

static int nearest_first(const void *a, const void *b, void *arg)
{
	const struct page_node *x = a, *y = b;
	const struct groups *g = arg;
	const struct group *p = &g->list[x->group], *q = &g->list[y->group];

	if (p->level != q->level)
		return p->level < q->level ? -1 : 1;
	return (p->first > q->first) - (p->first < q->first);
}

static int draw_nodes(const struct web *w, const struct groups *g, struct page *out)
{
	for (uint32_t i = 0; i < g->n; i++) {
		const struct group *x = &g->list[i];
		struct page_node node = { x->first, i, x->count, x->more };

		if (!x->kept)
			out->cut = true;
		else if (!vec_push(&out->nodes, node))
			return PYCORE_ERR_NOMEM;
	}
	if (out->nodes.n)
		qsort_r(out->nodes.items, out->nodes.n, sizeof(*out->nodes.items), nearest_first,
			(void *)g);
	for (uint32_t i = 0; i < out->nodes.n; i++)
		g->list[out->nodes.items[i].group].index = i;
	/* A neighbour that is not drawn is counted where its edge would have begun. */
	for (size_t i = 0; i < g->n_edges; i++) {
		const struct page_edge *e = &g->edges[i];
		const struct group *near = &g->list[w->referents ? e->from : e->to];
		const struct group *far = &g->list[w->referents ? e->to : e->from];
		bool first = !i || e[-1].from != e->from || e[-1].to != e->to;

		if (first && near->kept && !far->kept)
			out->nodes.items[near->index].more += far->count;
	}
	return 0;
}

static int draw_edges(const struct groups *g, struct page *out)
{
	size_t parallel = 0;

	for (size_t i = 0; i < g->n_edges; i++) {
		struct page_edge e = g->edges[i];
		struct page_edge *last;

		if (!g->list[e.from].kept || !g->list[e.to].kept)
			continue;
		e.from = g->list[e.from].index;
		e.to = g->list[e.to].index;
		last = out->edges.n ? &out->edges.items[out->edges.n - 1] : NULL;
		parallel = last && last->from == e.from && last->to == e.to ? parallel + 1 : 0;
		if (parallel >= MOST_PARALLEL) {
			last->shape = UINT32_MAX;
			last->count += e.count;
		} else if (!vec_push(&out->edges, e)) {
			return PYCORE_ERR_NOMEM;
		}
	}
	return 0;
}

int page_make(const struct web *w, uint32_t max_nodes, struct page *out)
{
	struct groups g = { .referents = w->referents };
	int rc;

	*out = (struct page){ .cut = w->cut };
	out->group_of = malloc((w->nodes.n + 1) * sizeof(*out->group_of));
	rc = out->group_of ? group(w, max_nodes, out->group_of, &g) : PYCORE_ERR_NOMEM;
	if (rc == 0)
		rc = choose(&g, max_nodes);
	if (rc == 0)
		rc = draw_nodes(w, &g, out);
	if (rc == 0)
		rc = draw_edges(&g, out);
	groups_fini(&g);
	if (rc < 0)
		page_fini(out);
	return rc;
}

void page_fini(struct page *p)
{
	vec_free(&p->nodes);
	vec_free(&p->edges);
	free(p->group_of);
	*p = (struct page){ 0 };
}
