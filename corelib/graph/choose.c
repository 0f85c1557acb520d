/* SPDX-License-Identifier: MIT */
#include "graph/choose.h"

#include <stdlib.h>

/* Neighbours that are drawn of one node; of more, no reader sees more. */
#define MOST_NEIGHBOURS 20

/* Groups' edges, both ways, as lists of the groups at the other end. */
struct ways {
	uint32_t *start, *list;
};

static int ways_make(const struct groups *g, bool by_from, struct ways *out)
{
	out->start = calloc((size_t)g->n + 2, sizeof(*out->start));
	out->list = malloc((g->n_edges + 1) * sizeof(*out->list));
	if (!out->start || !out->list)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < g->n_edges; i++)
		out->start[(by_from ? g->edges[i].from : g->edges[i].to) + 2]++;
	for (size_t i = 2; i <= (size_t)g->n + 1; i++)
		out->start[i] += out->start[i - 1];
	for (size_t i = 0; i < g->n_edges; i++) {
		const struct page_edge *e = &g->edges[i];

		out->list[out->start[(by_from ? e->from : e->to) + 1]++] =
			by_from ? e->to : e->from;
	}
	return 0;
}

static void ways_fini(struct ways *w)
{
	free(w->start);
	free(w->list);
}

struct choice {
	struct groups *g;
	struct ways away, back; /* from the targets outwards, and back */
	uint32_t *queue;
	uint32_t *order;        /* groups, nearest first */
	size_t n_order;
	uint32_t left;          /* how many more may be kept */
};

/* Steps from the targets, outwards. */
static void measure(struct choice *c)
{
	struct groups *g = c->g;
	size_t n = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		g->list[i].near = g->list[i].holder = UINT32_MAX;
		g->list[i].level = g->list[i].target ? 0 : WEB_FAR;
		if (g->list[i].target)
			c->order[n++] = i;
	}
	for (size_t at = 0; at < n; at++) {
		uint32_t i = c->order[at];

		for (uint32_t k = c->away.start[i]; k < c->away.start[i + 1]; k++) {
			struct group *next = &g->list[c->away.list[k]];

			if (next->level != WEB_FAR)
				continue;
			next->level = g->list[i].level + 1;
			next->near = i;
			c->order[n++] = c->away.list[k];
		}
	}
	c->n_order = n;
}

/* From every root inwards: each group's next step on the shortest way to a root. */
static void find_holders(struct choice *c)
{
	struct groups *g = c->g;
	size_t n = 0;

	for (size_t i = 0; i < c->n_order; i++) {
		uint32_t root = c->order[i];

		if (g->list[root].root) {
			g->list[root].holder = root;
			c->queue[n++] = root;
		}
	}
	for (size_t at = 0; at < n; at++) {
		uint32_t i = c->queue[at];

		for (uint32_t k = c->back.start[i]; k < c->back.start[i + 1]; k++) {
			struct group *next = &g->list[c->back.list[k]];

			if (next->holder != UINT32_MAX || next->level == WEB_FAR)
				continue;
			next->holder = i;
			c->queue[n++] = c->back.list[k];
		}
	}
}

static bool keep(struct choice *c, uint32_t i)
{
	struct group *x = &c->g->list[i];

	if (x->kept)
		return true;
	if (!c->left)
		return false;
	if (x->near != UINT32_MAX)
		c->g->list[x->near].shown++;
	x->kept = true;
	c->left--;
	return true;
}

static bool may_show(const struct choice *c, uint32_t i)
{
	const struct group *x = &c->g->list[i];

	return x->near == UINT32_MAX || c->g->list[x->near].shown < MOST_NEIGHBOURS;
}

static int biggest_first(const void *a, const void *b, void *arg)
{
	const struct groups *g = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct group *x = &g->list[i], *y = &g->list[k];

	if (x->level != y->level)
		return x->level < y->level ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (i > k) - (i < k);
}

/* Targets, the biggest groups first; where there are too many, ways to roots need room too. */
static void keep_targets(struct choice *c, uint32_t max_nodes)
{
	uint32_t room = max_nodes > 1 ? max_nodes / 2 : 1;

	for (size_t i = 0; i < c->n_order && room; i++, room--) {
		if (c->g->list[c->order[i]].level)
			break;
		keep(c, c->order[i]);
	}
}

/* From each kept target along its shortest way to a root, if the whole way has room. */
static void keep_ways_to_roots(struct choice *c)
{
	for (size_t i = 0; i < c->n_order; i++) {
		uint32_t target = c->order[i], need = 0, at;

		if (c->g->list[target].level)
			break;
		if (!c->g->list[target].kept || c->g->list[target].holder == UINT32_MAX)
			continue;
		for (at = target; c->g->list[at].holder != at; at = c->g->list[at].holder)
			need += !c->g->list[at].kept;
		need += !c->g->list[at].kept;
		if (need > c->left)
			continue;
		for (at = target; c->g->list[at].holder != at; at = c->g->list[at].holder)
			keep(c, at);
		keep(c, at);
	}
}

/* Every other root with its shortest way down to a target. */
static void keep_roots(struct choice *c)
{
	for (size_t i = 0; i < c->n_order; i++) {
		uint32_t root = c->order[i], need = 0, at;
		bool wide = false;

		if (!c->g->list[root].root || c->g->list[root].kept)
			continue;
		for (at = root; at != UINT32_MAX && !c->g->list[at].kept;
		     at = c->g->list[at].near) {
			wide |= !may_show(c, at);
			need++;
		}
		if (wide || need > c->left)
			continue;
		for (at = root; at != UINT32_MAX && !c->g->list[at].kept;
		     at = c->g->list[at].near)
			keep(c, at);
	}
}

static void keep_nearest(struct choice *c)
{
	for (size_t i = 0; i < c->n_order && c->left; i++) {
		const struct group *x = &c->g->list[c->order[i]];

		/* What is not joined to the picture would hang in the air. */
		if (!x->kept && may_show(c, c->order[i]) &&
		    (x->near == UINT32_MAX || c->g->list[x->near].kept))
			keep(c, c->order[i]);
	}
}

int choose(struct groups *g, uint32_t max_nodes)
{
	struct choice c = { .g = g, .left = max_nodes };
	int rc = PYCORE_ERR_NOMEM;

	c.queue = malloc(((size_t)g->n + 1) * sizeof(*c.queue));
	c.order = malloc(((size_t)g->n + 1) * sizeof(*c.order));
	if (!c.queue || !c.order || ways_make(g, g->referents, &c.away) < 0 ||
	    ways_make(g, !g->referents, &c.back) < 0)
		goto out;
	rc = 0;
	measure(&c);
	if (!g->referents)
		find_holders(&c);
	if (c.n_order)
		qsort_r(c.order, c.n_order, sizeof(*c.order), biggest_first, g);
	keep_targets(&c, max_nodes);
	keep_ways_to_roots(&c);
	keep_roots(&c);
	keep_nearest(&c);
out:
	ways_fini(&c.away);
	ways_fini(&c.back);
	free(c.queue);
	free(c.order);
	return rc;
}
