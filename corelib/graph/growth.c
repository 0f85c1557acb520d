/* SPDX-License-Identifier: MIT */
#include "graph/growth.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { MOST = 3 };

struct growing {
	const struct whole *const *wholes;
	size_t n;
	struct pycore_growth_row *rows;
	size_t n_rows;
	uint32_t *row_of[MOST]; /* by type number */
};

static struct pycore_growth_sum *sum_of(struct pycore_growth_row *row, size_t which)
{
	struct pycore_growth_sum *const sums[MOST] = { &row->a, &row->b, &row->c };

	return sums[which];
}

static int by_name(const void *a, const void *b)
{
	const struct pycore_growth_row *x = a, *y = b;

	return strcmp(x->type, y->type);
}

/* A row for each name of a type in any of the graphs. */
static int make_rows(struct growing *g, struct arena *arena)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < g->n; i++)
		n += g->wholes[i]->types.n;
	g->rows = arena_array(arena, n + 1, sizeof(*g->rows));
	if (!g->rows || n >= UINT32_MAX)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < g->n; i++) {
		for (size_t k = 0; k < g->wholes[i]->types.n; k++)
			g->rows[g->n_rows++].type = g->wholes[i]->types.items[k].name;
	}
	if (!n)
		return 0;
	qsort(g->rows, n, sizeof(*g->rows), by_name);
	for (size_t i = 1; i < n; i++) {
		if (by_name(&g->rows[kept], &g->rows[i]))
			g->rows[++kept] = g->rows[i];
	}
	g->n_rows = kept + 1;
	return 0;
}

static int find_rows(struct growing *g, size_t which)
{
	const struct whole *w = g->wholes[which];
	uint32_t *row_of = calloc(w->types.n + 1, sizeof(*row_of));

	g->row_of[which] = row_of;
	if (!row_of)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < w->types.n; i++) {
		struct pycore_growth_row key = { .type = w->types.items[i].name };
		const struct pycore_growth_row *row =
			bsearch(&key, g->rows, g->n_rows, sizeof(key), by_name);

		row_of[i] = (uint32_t)(row - g->rows);
	}
	return 0;
}

static int count(struct growing *g, size_t which)
{
	const struct whole *w = g->wholes[which];
	uint64_t *retained = calloc(g->n_rows + 1, sizeof(*retained));
	int rc = retained ? 0 : PYCORE_ERR_NOMEM;

	if (!rc)
		rc = whole_sum_types(w, g->row_of[which], (uint32_t)g->n_rows, retained);
	for (uint32_t i = 0; i < w->n && !rc; i++) {
		struct pycore_growth_sum *sum =
			sum_of(&g->rows[g->row_of[which][w->objects.type[i]]], which);

		sum->count++;
		sum->bytes += whole_bytes(w, i);
	}
	for (size_t i = 0; i < g->n_rows && !rc; i++)
		sum_of(&g->rows[i], which)->retained = retained[i];
	free(retained);
	return rc;
}

/* Whether an object of that row is at the address. */
static bool has(const struct growing *g, size_t which, uint64_t address, uint32_t row)
{
	const struct whole *w = g->wholes[which];
	uint32_t object = w->source.number(w->source.arg, address);

	return object != WHOLE_NONE && g->row_of[which][w->objects.type[object]] == row;
}

/* The third-snapshot rule: what came after A, was there in B, and still is in C. */
static void count_kept(struct growing *g)
{
	const struct whole *b = g->wholes[1];

	for (uint32_t i = 0; i < b->n; i++) {
		uint32_t row = g->row_of[1][b->objects.type[i]];
		uint64_t address = b->source.address(b->source.arg, i);

		if (has(g, 0, address, row) || !has(g, 2, address, row))
			continue;
		g->rows[row].kept++;
		g->rows[row].kept_bytes += whole_bytes(b, i);
	}
}

static void add(struct pycore_growth_sum *to, const struct pycore_growth_sum *sum)
{
	to->count += sum->count;
	to->bytes += sum->bytes;
}

/* Types without objects are left out. */
static void finish(struct growing *g, struct pycore_growth *out)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_rows; i++) {
		const struct pycore_growth_row *row = &g->rows[i];

		add(&out->a, &row->a);
		add(&out->b, &row->b);
		add(&out->c, &row->c);
		out->kept += row->kept;
		out->kept_bytes += row->kept_bytes;
		if (row->a.count || row->b.count || row->c.count)
			g->rows[n++] = *row;
	}
	out->rows = g->rows;
	out->n_rows = n;
	out->third = g->n == MOST;
}

int growth_find(const struct whole *const *wholes, size_t n, struct arena *arena,
		struct pycore_growth *out)
{
	struct growing g = { .wholes = wholes, .n = n };
	int rc;

	*out = (struct pycore_growth){ 0 };
	rc = make_rows(&g, arena);
	for (size_t i = 0; i < n && !rc; i++) {
		rc = find_rows(&g, i);
		if (!rc)
			rc = count(&g, i);
	}
	if (!rc && n == MOST)
		count_kept(&g);
	if (!rc)
		finish(&g, out);
	for (size_t i = 0; i < n; i++)
		free(g.row_of[i]);
	return rc;
}
