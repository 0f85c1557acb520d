/* SPDX-License-Identifier: MIT */
#include "session/whole.h"

#include <stdlib.h>

#include "graph/fill.h"

int session_whole(struct pycore *s, const struct whole **out, struct pycore_error *err)
{
	struct whole_progress progress = { s->options.progress, s->options.progress_ctx };
	struct ctx c = session_ctx(s);
	struct heap *h;
	struct whole *w;
	int rc;

	*out = s->whole;
	if (s->whole)
		return 0;
	rc = session_heap(s, &h, err);
	if (!rc)
		rc = session_can_read(s, "references", err);
	if (rc)
		return rc;
	w = calloc(1, sizeof(*w));
	if (!w)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a graph");
	rc = whole_read(w, &c, h, progress, err);
	if (!rc)
		rc = session_check_read(s, "references", err);
	if (rc) {
		whole_fini(w);
		free(w);
		return rc;
	}
	*out = s->whole = w;
	return 0;
}

/* A type's name or address, and the row of the census that it is in. */
struct row_key {
	const char *name;
	uint64_t address;
	uint32_t row;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row_key *)a)->name, ((const struct row_key *)b)->name);
}

static int by_address(const void *left, const void *right)
{
	const struct row_key *a = left, *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

typedef int row_order(const void *a, const void *b);

/* The row of each type; types without one, which have no objects, share the last group. */
static int group_types(const struct whole *w, const struct pycore_type_count *rows, size_t n,
		       row_order *order, uint32_t *group)
{
	struct row_key *keys = calloc(n + 1, sizeof(*keys));

	if (!keys)
		return PYCORE_ERR_NOMEM;
	for (uint32_t i = 0; i < n; i++)
		keys[i] = (struct row_key){ rows[i].type, rows[i].address, i };
	qsort(keys, n, sizeof(*keys), order);
	for (size_t i = 0; i < w->types.n; i++) {
		struct row_key key = { w->types.items[i].name, w->types.items[i].address, 0 };
		const struct row_key *found = bsearch(&key, keys, n, sizeof(*keys), order);

		group[i] = found ? found->row : (uint32_t)n;
	}
	free(keys);
	return 0;
}

static int sum_rows(const struct whole *w, const struct pycore_type_count *rows, size_t n,
		    row_order *order)
{
	struct pycore_type_count *to = (struct pycore_type_count *)rows; /* made by the session */
	uint32_t *group = calloc(w->types.n + 1, sizeof(*group));
	uint64_t *sums = calloc(n + 1, sizeof(*sums));
	int rc = PYCORE_ERR_NOMEM;

	if (group && sums)
		rc = group_types(w, rows, n, order, group);
	if (!rc)
		rc = whole_sum_types(w, group, (uint32_t)n + 1, sums);
	for (size_t i = 0; i < n && !rc; i++)
		to[i].retained = sums[i];
	free(group);
	free(sums);
	return rc;
}

int pycore_get_retained(struct pycore *s, bool each_type, const struct pycore_census **out,
			struct pycore_error *err)
{
	const struct whole *w;
	int rc = pycore_get_census(s, out, err);

	if (!rc)
		rc = session_whole(s, &w, err);
	if (rc)
		return rc;
	if (!s->has_retained)
		rc = sum_rows(w, (*out)->types, (*out)->n_types, by_name);
	s->has_retained = !rc;
	if (!rc && each_type && (*out)->by_address && !s->has_retained_each) {
		rc = sum_rows(w, (*out)->by_address, (*out)->n_by_address, by_address);
		s->has_retained_each = !rc;
	}
	return rc ? pycore_fail(err, rc, "no memory for what types retain") : 0;
}
