/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/error.h"
#include "graph/runs.h"

/*
 * What is asked of the dominator tree. In its preorder a subtree is a run of
 * positions: whether an object is below another of its group is then one comparison
 * with the end of the last run of an object that was not.
 */

struct walk {
	const struct whole *w;
	const uint32_t *group;
	uint64_t *out;
	uint32_t *covered;   /* by group: the end of the last run that was counted */
	bool *mixed;         /* by group: some refer to others, some do not */
	struct runs runs;
	uint32_t *at;        /* by position: place */
	struct links leaves; /* by position: objects of mixed groups that refer to nothing */
};

static uint32_t group_of(const struct walk *k, uint32_t object)
{
	return k->group[k->w->objects.type[object]];
}

/* An instance's __dict__ that only the instance holds is the instance's. */
static bool is_part(const struct walk *k, uint32_t object)
{
	return k->w->objects.flags[object] & OBJECT_PART && k->w->idom[object] < k->w->n;
}

static bool is_mixed_leaf(const struct walk *k, uint32_t object)
{
	return !k->w->place[object] && k->mixed[group_of(k, object)];
}

static uint32_t position_above(const struct walk *k, uint32_t object)
{
	return runs_begin(&k->runs, runs_up(k->w, object));
}

static int sort_leaves(struct walk *k)
{
	const struct whole *w = k->w;
	struct links *l = &k->leaves;
	uint64_t n = 0;
	int rc;

	for (uint32_t p = 1; p <= w->n_inner; p++)
		k->mixed[group_of(k, w->order[p])] = true;
	for (uint32_t o = 0; o < w->n; o++)
		n += is_mixed_leaf(k, o);
	rc = links_room(l, (size_t)w->n_inner + 1, n);
	if (rc)
		return rc;
	for (uint32_t o = 0; o < w->n; o++) {
		if (is_mixed_leaf(k, o))
			l->start[position_above(k, o) + 1]++;
	}
	links_sum(l->start, l->n_nodes);
	for (uint32_t o = 0; o < w->n; o++) {
		if (is_mixed_leaf(k, o))
			l->to[l->start[position_above(k, o)]++] = o;
	}
	links_unshift(l);
	return 0;
}

static void add(struct walk *k, uint32_t position, uint32_t object, uint32_t end)
{
	uint32_t group = group_of(k, object);

	if (is_part(k, object) || position < k->covered[group])
		return;
	if (end)
		k->covered[group] = end;
	k->out[group] += whole_retained(k->w, object);
}

static void sum(struct walk *k)
{
	const struct whole *w = k->w;

	for (uint32_t i = 0; i <= w->n_inner; i++) {
		if (i)
			add(k, i, w->order[k->at[i]], k->runs.end[k->at[i]]);
		for (uint32_t j = k->leaves.start[i]; j < k->leaves.start[i + 1]; j++)
			add(k, i, k->leaves.to[j], 0);
	}
	for (uint32_t o = 0; o < w->n; o++) {
		if (!w->place[o] && !k->mixed[group_of(k, o)] && !is_part(k, o))
			k->out[group_of(k, o)] += whole_bytes(w, o);
	}
}

int whole_sum_types(const struct whole *w, const uint32_t *group, uint32_t n_groups, uint64_t *out)
{
	struct walk k = { .w = w, .group = group, .out = out };
	size_t places = (size_t)w->n_inner + 1;
	int rc = PYCORE_ERR_NOMEM;

	memset(out, 0, n_groups * sizeof(*out));
	k.covered = calloc((size_t)n_groups + 1, sizeof(*k.covered));
	k.mixed = calloc((size_t)n_groups + 1, sizeof(*k.mixed));
	k.at = malloc(places * sizeof(*k.at));
	if (k.covered && k.mixed && k.at)
		rc = runs_make(w, &k.runs);
	for (uint32_t p = 0; p <= w->n_inner && !rc; p++)
		k.at[runs_begin(&k.runs, p)] = p;
	if (!rc)
		rc = sort_leaves(&k);
	if (!rc)
		sum(&k);
	free(k.covered);
	free(k.mixed);
	free(k.at);
	runs_fini(&k.runs);
	links_fini(&k.leaves);
	return rc;
}

int whole_children(const struct whole *w, struct links *out)
{
	int rc = links_room(out, (size_t)w->n + 1, w->n);

	if (rc)
		return rc;
	for (uint32_t o = 0; o < w->n; o++)
		out->start[w->idom[o] + 1]++;
	links_sum(out->start, out->n_nodes);
	for (uint32_t o = 0; o < w->n; o++)
		out->to[out->start[w->idom[o]]++] = o;
	links_unshift(out);
	return 0;
}
