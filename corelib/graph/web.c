/* SPDX-License-Identifier: MIT */
#include "graph/web.h"

#include <stdlib.h>

int web_sides(const struct web *w, bool by_from, struct web_sides *out)
{
	size_t n = w->nodes.n;

	out->start = calloc(n + 2, sizeof(*out->start));
	out->list = malloc((w->edges.n ? w->edges.n : 1) * sizeof(*out->list));
	if (!out->start || !out->list) {
		web_sides_fini(out);
		return PYCORE_ERR_NOMEM;
	}
	/* start[i + 1] is where node i's next edge goes, and in the end where node i + 1's begin. */
	for (size_t i = 0; i < w->edges.n; i++) {
		const struct web_edge *e = &w->edges.items[i];

		out->start[(by_from ? e->from : e->to) + 2]++;
	}
	for (size_t i = 2; i <= n + 1; i++)
		out->start[i] += out->start[i - 1];
	for (size_t i = 0; i < w->edges.n; i++) {
		const struct web_edge *e = &w->edges.items[i];

		out->list[out->start[(by_from ? e->from : e->to) + 1]++] = (uint32_t)i;
	}
	return 0;
}

void web_sides_fini(struct web_sides *s)
{
	free(s->start);
	free(s->list);
	*s = (struct web_sides){ 0 };
}

void web_fini(struct web *w)
{
	vec_free(&w->nodes);
	vec_free(&w->edges);
	shapes_fini(&w->shapes);
}
