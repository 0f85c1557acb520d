/* SPDX-License-Identifier: MIT */
#include "graph/web.h"

#include <stdlib.h>

struct coloring {
	const struct web *w;
	struct web_sides in, out;
	uint64_t *color, *next;
	VEC(uint64_t) seen; /* what one node sees */
};

struct colored {
	uint64_t color;
	uint32_t node;
};

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 29;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int by_color(const void *a, const void *b)
{
	const struct colored *x = a, *y = b;

	if (x->color != y->color)
		return x->color < y->color ? -1 : 1;
	return (x->node > y->node) - (x->node < y->node);
}

static bool look(struct coloring *c, const struct web_sides *sides, uint32_t node, bool out)
{
	for (uint32_t k = sides->start[node]; k < sides->start[node + 1]; k++) {
		const struct web_edge *e = &c->w->edges.items[sides->list[k]];
		uint64_t what = mix(c->color[out ? e->to : e->from], (uint64_t)e->shape << 1 | out);

		if (!vec_push(&c->seen, what))
			return false;
	}
	return true;
}

/* The color that @p node takes from what is around it: how often is of no matter. */
static bool repaint(struct coloring *c, uint32_t node)
{
	uint64_t h = c->color[node];

	c->seen.n = 0;
	if (!look(c, &c->in, node, false) || !look(c, &c->out, node, true))
		return false;
	if (c->seen.n)
		qsort(c->seen.items, c->seen.n, sizeof(*c->seen.items), by_value);
	for (size_t i = 0; i < c->seen.n; i++) {
		if (!i || c->seen.items[i] != c->seen.items[i - 1])
			h = mix(h, c->seen.items[i]);
	}
	c->next[node] = h;
	return true;
}

static int paint(struct coloring *c, unsigned rounds)
{
	const struct web *w = c->w;

	for (uint32_t i = 0; i < w->nodes.n; i++) {
		const struct web_node *x = &w->nodes.items[i];

		c->color[i] = mix(mix(mix(1, x->type), x->level), x->root ? i + 1 : 0);
	}
	while (rounds--) {
		uint64_t *swap = c->color;

		for (uint32_t i = 0; i < w->nodes.n; i++) {
			if (!repaint(c, i))
				return PYCORE_ERR_NOMEM;
		}
		c->color = c->next;
		c->next = swap;
	}
	return 0;
}

/* Number groups in the order of their first nodes. */
static int number(const struct coloring *c, uint32_t keep, uint32_t *group_of, uint32_t *n_groups)
{
	const struct web *w = c->w;
	struct colored *all = malloc((w->nodes.n + 1) * sizeof(*all));
	size_t n = 0;

	if (!all)
		return PYCORE_ERR_NOMEM;
	for (uint32_t i = 0; i < w->nodes.n; i++) {
		group_of[i] = UINT32_MAX;
		if (!(w->nodes.items[i].flags & WEB_GONE))
			all[n++] = (struct colored){ c->color[i], i };
	}
	if (n)
		qsort(all, n, sizeof(*all), by_color);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && all[end].color == all[i].color;)
			end++;
		/* For now a group is named by its first node. */
		for (size_t k = i; k < end; k++)
			group_of[all[k].node] = end - i <= keep ? all[k].node : all[i].node;
	}
	*n_groups = 0;
	for (uint32_t i = 0; i < w->nodes.n; i++) {
		if (group_of[i] == i)
			group_of[i] = (*n_groups)++;
		else if (group_of[i] != UINT32_MAX)
			group_of[i] = group_of[group_of[i]];
	}
	free(all);
	return 0;
}

int web_alike(const struct web *w, unsigned rounds, uint32_t keep, uint32_t *group_of,
	      uint32_t *n_groups)
{
	struct coloring c = { .w = w };
	int rc = PYCORE_ERR_NOMEM;

	c.color = calloc(w->nodes.n + 1, sizeof(*c.color));
	c.next = calloc(w->nodes.n + 1, sizeof(*c.next));
	if (c.color && c.next && web_sides(w, false, &c.in) == 0 &&
	    web_sides(w, true, &c.out) == 0)
		rc = paint(&c, rounds);
	if (rc == 0)
		rc = number(&c, keep, group_of, n_groups);
	vec_free(&c.seen);
	web_sides_fini(&c.in);
	web_sides_fini(&c.out);
	free(c.color);
	free(c.next);
	return rc;
}
