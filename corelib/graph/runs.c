/* SPDX-License-Identifier: MIT */
#include "graph/runs.h"

#include <stdlib.h>

#include "base/error.h"

int runs_make(const struct whole *w, struct runs *out)
{
	size_t places = (size_t)w->n_inner + 1;

	out->size = malloc(places * sizeof(*out->size));
	out->end = malloc(places * sizeof(*out->end));
	if (!out->size || !out->end)
		return PYCORE_ERR_NOMEM;
	for (uint32_t p = 0; p <= w->n_inner; p++)
		out->size[p] = 1;
	for (uint32_t p = w->n_inner; p > 0; p--)
		out->size[runs_up(w, w->order[p])] += out->size[p];
	/* From the root on, each gets its run in its parent's; till then the end is where the
	 * next child goes. */
	out->end[0] = 1;
	for (uint32_t p = 1; p <= w->n_inner; p++) {
		uint32_t up = runs_up(w, w->order[p]);

		out->end[p] = out->end[up] + 1;
		out->end[up] += out->size[p];
	}
	return 0;
}

void runs_fini(struct runs *r)
{
	free(r->size);
	free(r->end);
	*r = (struct runs){ 0 };
}

struct sorting {
	const struct runs *runs;
	const struct whole *w;
};

static uint32_t position(const struct sorting *s, uint32_t object)
{
	uint32_t place = s->w->place[object];

	return runs_begin(s->runs, place ? place : runs_up(s->w, object));
}

/* What refers to nothing comes behind what shares its position: that dominates it. */
static int by_position(const void *left, const void *right, void *arg)
{
	const struct sorting *s = arg;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	uint32_t p = position(s, a), q = position(s, b);

	if (p != q)
		return p < q ? -1 : 1;
	return (s->w->place[a] == 0) - (s->w->place[b] == 0);
}

uint64_t runs_retained(const struct runs *r, const struct whole *w, uint32_t *objects, size_t n)
{
	struct sorting s = { r, w };
	uint32_t covered = 0; /* the end of the last run that was counted */
	uint64_t sum = 0;

	if (n > 1)
		qsort_r(objects, n, sizeof(*objects), by_position, &s);
	for (size_t i = 0; i < n; i++) {
		uint32_t place = w->place[objects[i]];

		if (position(&s, objects[i]) < covered)
			continue;
		if (place)
			covered = r->end[place];
		sum += whole_retained(w, objects[i]);
	}
	return sum;
}
