/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/error.h"
#include "graph/reach.h"
#include "graph/suspects.h"

/*
 * Objects of one type that no container holds alone: two hold each of them, or C code, or
 * they are a module's globals. What refers to the most of them is where to look.
 */

struct groups {
	struct suspicion *k;
	VEC(struct suspect_found) list; /* few: each is a share of the heap */
	VEC(uint32_t) points;           /* of each */
	uint8_t *of;                    /* by object: 1 + the group that it is of */
	uint64_t *seen;                 /* a bit for each object: the holder refers to it */
};

/* Code is there once for each line of a program: it does not leak. */
static bool is_code(const struct suspicion *k, uint32_t type)
{
	static const char *const names[] = { "function", "module", "code" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(k->w->types.items[type].name, names[i]))
			return true;
	}
	return k->classes[type];
}

static int choose(struct groups *g)
{
	const struct suspicion *k = g->k;

	for (size_t i = 0; i < k->list.n && g->list.n < UINT8_MAX; i++) {
		const struct share *share = &k->list.items[i];
		struct suspect_found found = {
			.kind = SUSPECT_GROUP,
			.object = WHOLE_NONE,
			.type = share->type,
			.first = share->first,
			.count = share->count,
			.bytes = share->bytes,
			.retained = share->retained,
		};

		if (share->retained < k->least || share->count < 2 || is_code(k, share->type) ||
		    !suspect_is_namespace(k, share->point))
			continue;
		if (!vec_push(&g->list, found) || !vec_push(&g->points, share->point))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

static void mark_members(struct groups *g)
{
	const struct whole *w = g->k->w;

	for (uint32_t o = 0; o < w->n; o++) {
		if (!bit_test(g->k->at_point, w->idom[o]) || whole_retained(w, o) >= g->k->least)
			continue;
		for (size_t i = 0; i < g->list.n; i++) {
			if (g->list.items[i].type == w->objects.type[o] &&
			    g->points.items[i] == w->idom[o])
				g->of[o] = (uint8_t)(i + 1);
		}
	}
}

/* The group of what @p from holds by this reference; 0: of none, or it does not count there. */
static unsigned group_held(const struct groups *g, uint32_t from, uint32_t to)
{
	unsigned group = g->of[to];

	return group && whole_phase(g->k->w, from) <= whole_phase(g->k->w, to) ? group : 0;
}

/* How many members @p from refers to, each counted once. */
static uint64_t count_held(struct groups *g, uint32_t from, unsigned group)
{
	const struct links *f = &g->k->w->objects.forward;
	uint64_t n = 0;

	for (uint32_t i = f->start[from]; i < f->start[from + 1]; i++) {
		uint32_t to = f->to[i];

		if (group_held(g, from, to) != group || bit_test(g->seen, to))
			continue;
		bit_set(g->seen, to);
		n++;
	}
	for (uint32_t i = f->start[from]; i < f->start[from + 1]; i++)
		g->seen[f->to[i] >> 6] = 0;
	return n;
}

static void look_at(struct groups *g, uint32_t from)
{
	const struct links *f = &g->k->w->objects.forward;
	uint64_t references[UINT8_MAX + 1];

	memset(references, 0, (g->list.n + 1) * sizeof(*references));
	for (uint32_t i = f->start[from]; i < f->start[from + 1]; i++)
		references[g->of[f->to[i]]]++;
	for (unsigned group = 1; group <= g->list.n; group++) {
		struct suspect_found *found = &g->list.items[group - 1];
		uint64_t n;

		if (references[group] <= found->held)
			continue;
		n = count_held(g, from, group);
		if (n <= found->held)
			continue;
		found->held = n;
		found->object = from;
	}
}

/* Whether what keeps them is out of the heap: a known holder there is none. */
static bool are_roots(const struct groups *g, unsigned group)
{
	const struct whole *w = g->k->w;
	uint64_t n = 0;

	for (size_t i = 0; i < w->roots.n; i++) {
		const struct whole_root *root = &w->roots.items[i];

		n += (root->kind == ROOT_NATIVE || root->kind == ROOT_GARBAGE) &&
		     g->of[root->object] == group;
	}
	return 2 * n >= g->list.items[group - 1].count;
}

static int keep(struct groups *g)
{
	const struct whole *w = g->k->w;

	for (unsigned group = 1; group <= g->list.n; group++) {
		struct suspect_found *found = &g->list.items[group - 1];

		if (2 * found->held < found->count) {
			if (!are_roots(g, group))
				continue;
			found->object = WHOLE_NONE;
			found->held = 0;
		} else {
			found->shared = found->object != g->points.items[group - 1];
			found->object = suspect_owner(w, found->object);
		}
		if (!vec_push(&g->k->out->list, *found))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

int suspect_groups(struct suspicion *k)
{
	struct groups g = { .k = k };
	int rc = choose(&g);

	if (!rc && g.list.n) {
		g.of = calloc((size_t)k->w->n + 1, 1);
		g.seen = calloc((size_t)k->w->n / 64 + 1, sizeof(*g.seen));
		rc = g.of && g.seen ? 0 : PYCORE_ERR_NOMEM;
	}
	if (!rc && g.list.n) {
		mark_members(&g);
		for (uint32_t o = 0; o < k->w->n; o++) {
			if (whole_is_inner(k->w, o))
				look_at(&g, o);
		}
		rc = keep(&g);
	}
	free(g.of);
	free(g.seen);
	vec_free(&g.list);
	vec_free(&g.points);
	return rc;
}
