/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include "heap/cost.h"
#include "session/session.h"

int session_heap(struct pycore *s, struct heap **out, struct pycore_error *err)
{
	struct heap_options options = {
		.jobs = s->options.jobs,
		.progress = s->options.progress,
		.progress_ctx = s->options.progress_ctx,
		.warn = session_warn,
		.warn_ctx = s,
	};
	struct ctx c = session_ctx(s);
	struct heap *h;
	int rc;

	*out = s->heap;
	if (s->heap)
		return 0;
	rc = session_can_read(s, "objects", err);
	if (rc)
		return rc;
	h = calloc(1, sizeof(*h));
	if (!h)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a heap");
	rc = heap_read(h, &c, &s->interps, &options, err);
	if (!rc)
		rc = session_check_read(s, "objects", err);
	if (rc) {
		heap_fini(h);
		free(h);
		return rc;
	}
	*out = s->heap = h;
	return 0;
}

static int by_name(const void *left, const void *right)
{
	const struct pycore_type_count *a = left, *b = right;
	int order = strcmp(a->type, b->type);

	return order ? order : (a->address > b->address) - (a->address < b->address);
}

static int by_bytes(const void *left, const void *right)
{
	const struct pycore_type_count *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return by_name(left, right);
}

/* One row for each type object that has instances. */
static size_t list_types(const struct heap *h, struct pycore_type_count *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_counts && i < h->types->types.n; i++) {
		const struct heap_type_count *count = &h->counts[i];
		const struct type *type = h->types->types.items[i];

		if (!count->count)
			continue;
		rows[n++] = (struct pycore_type_count){
			.type = type->name, .address = type->address, .n_types = 1,
			.count = count->count, .bytes = count->bytes, .gc = count->gc,
		};
		if (!h->costs)
			continue;
		rows[n - 1].block_bytes = h->costs[i].block_bytes;
		rows[n - 1].outside_bytes = h->costs[i].outside_bytes;
	}
	return n;
}

/* Rows sorted by name: make those of one name one. @return how many are left */
static size_t merge_names(struct pycore_type_count *rows, size_t n)
{
	size_t kept = 0;

	for (size_t i = 1; i < n; i++) {
		struct pycore_type_count *to = &rows[kept];

		if (strcmp(to->type, rows[i].type)) {
			rows[++kept] = rows[i];
			continue;
		}
		to->n_types++;
		to->count += rows[i].count;
		to->bytes += rows[i].bytes;
		to->gc += rows[i].gc;
		to->block_bytes += rows[i].block_bytes;
		to->outside_bytes += rows[i].outside_bytes;
	}
	return n ? kept + 1 : 0;
}

static struct pycore_census *make_census(struct arena *a, const struct heap *h)
{
	struct pycore_census *census = arena_alloc(a, sizeof(*census));
	struct pycore_type_count *each = arena_array(a, h->n_counts, sizeof(*each));
	struct pycore_type_count *rows = arena_array(a, h->n_counts, sizeof(*rows));
	size_t n_each, n;

	if (!census || !each || !rows)
		return NULL;
	n_each = list_types(h, rows);
	qsort(rows, n_each, sizeof(*rows), by_name);
	memcpy(each, rows, n_each * sizeof(*rows));
	n = merge_names(rows, n_each);
	qsort(rows, n, sizeof(*rows), by_bytes);
	census->types = rows;
	census->n_types = n;
	if (n < n_each) {
		qsort(each, n_each, sizeof(*each), by_bytes);
		census->by_address = each;
		census->n_by_address = n_each;
	}
	for (size_t i = 0; i < n; i++) {
		census->count += rows[i].count;
		census->bytes += rows[i].bytes;
	}
	census->blocks = h->blocks;
	census->size_classes = h->tally.sizes.items;
	census->n_size_classes = h->tally.sizes.n;
	census->free_lists = h->tally.lists.items;
	census->n_free_lists = h->tally.lists.n;
	return census;
}

/* The files that were not found are told elsewhere; this is what their lack means here. */
static void warn_nameless(struct pycore *s, const struct heap *h)
{
	uint64_t types = 0, objects = 0;

	for (size_t i = 0; i < h->n_counts && i < h->types->types.n; i++) {
		if (!h->types->types.items[i]->nameless || !h->counts[i].count)
			continue;
		types++;
		objects += h->counts[i].count;
	}
	if (types)
		session_warnf(s,
			      "%" PRIu64 " types (%" PRIu64 " objects) have no name here: that is in "
			      "files which were not found",
			      types, objects);
}

int pycore_get_census(struct pycore *s, const struct pycore_census **out, struct pycore_error *err)
{
	struct heap *h;
	int rc;

	if (!s->census) {
		rc = session_heap(s, &h, err);
		if (rc)
			return rc;
		warn_nameless(s, h);
		s->census = make_census(&s->arena, h);
		if (!s->census)
			return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the counts");
	}
	*out = s->census;
	return 0;
}

int pycore_get_costs(struct pycore *s, const struct pycore_census **out, struct pycore_error *err)
{
	struct ctx c;
	int rc = pycore_get_census(s, out, err);

	if (rc || s->heap->costs)
		return rc;
	rc = session_can_read(s, "blocks", err);
	if (rc)
		return rc;
	c = session_ctx(s);
	if (heap_costs(s->heap, &c, s->options.progress, s->options.progress_ctx))
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for what objects take");
	/* The one that was given out stays as it was. */
	s->census = make_census(&s->arena, s->heap);
	s->has_retained = s->has_retained_each = false;
	if (!s->census)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the counts");
	*out = s->census;
	return session_check_read(s, "blocks", err);
}
