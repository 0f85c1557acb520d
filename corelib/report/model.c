/* SPDX-License-Identifier: MIT */
#include "report/model.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/groups.h"

int report_no_memory(struct report *r)
{
	return pycore_fail(r->err, PYCORE_ERR_NOMEM, "no memory for the report");
}

size_t report_limit(const struct report *r, size_t other)
{
	if (r->o.limit < 0)
		return other;
	return r->o.limit ? (size_t)r->o.limit : SIZE_MAX;
}

static bool any_matches(const char *const *globs, const char *name)
{
	for (; *globs; globs++) {
		if (!fnmatch(*globs, name, 0))
			return true;
	}
	return false;
}

bool report_wants_type(const struct report *r, const char *name)
{
	if (r->o.include && *r->o.include && !any_matches(r->o.include, name))
		return false;
	return !r->o.exclude || !any_matches(r->o.exclude, name);
}

static size_t least_important(const struct thread_rows *rows)
{
	size_t least = rows->n - 1;

	for (size_t i = rows->n; i-- > 0;) {
		if (thread_importance(rows->rows[i]) < thread_importance(rows->rows[least]))
			least = i;
	}
	return least;
}

/* Past the limit, the threads that a reader looks for first push out others. */
static void add_thread(struct thread_rows *rows, const struct pycore_thread *t, size_t limit)
{
	size_t out;

	rows->matched++;
	if (rows->n < limit) {
		rows->rows[rows->n++] = t;
		return;
	}
	if (!rows->n || !thread_importance(t))
		return;
	out = least_important(rows);
	if (thread_importance(rows->rows[out]) >= thread_importance(t))
		return;
	memmove(rows->rows + out, rows->rows + out + 1,
		(rows->n - out - 1) * sizeof(*rows->rows));
	rows->rows[rows->n - 1] = t;
}

int read_threads(struct report *r, size_t limit)
{
	struct pycore_stack_query query = {
		.size = sizeof(query),
		.locals = r->o.locals,
		.values = r->o.locals && !r->o.redact,
	};
	int status = pycore_query_stacks(r->session, &query, &r->stacks, r->err);
	size_t n;

	if (status < 0)
		return status;
	n = r->stacks->n_threads < limit ? r->stacks->n_threads : limit;
	r->threads.rows = arena_array(&r->arena, n ? n : 1, sizeof(*r->threads.rows));
	if (!r->threads.rows)
		return report_no_memory(r);
	for (size_t i = 0; i < r->stacks->n_threads; i++) {
		const struct pycore_thread *t = &r->stacks->threads[i];

		if (!r->o.tid || t->tid == r->o.tid)
			add_thread(&r->threads, t, n);
	}
	return 0;
}

static int by_count(const void *a, const void *b)
{
	const struct pycore_type_count *x = *(const struct pycore_type_count *const *)a;
	const struct pycore_type_count *y = *(const struct pycore_type_count *const *)b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->type, y->type);
}

static int by_bytes(const void *a, const void *b)
{
	const struct pycore_type_count *x = *(const struct pycore_type_count *const *)a;
	const struct pycore_type_count *y = *(const struct pycore_type_count *const *)b;

	return x->bytes != y->bytes ? (x->bytes < y->bytes ? 1 : -1) : by_count(a, b);
}

static int by_retained(const void *a, const void *b)
{
	const struct pycore_type_count *x = *(const struct pycore_type_count *const *)a;
	const struct pycore_type_count *y = *(const struct pycore_type_count *const *)b;

	if (x->retained != y->retained)
		return x->retained < y->retained ? 1 : -1;
	return by_bytes(a, b);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* @return the names that --type matched, sorted, NULL without memory */
static const char **sorted_names(struct report *r)
{
	size_t n = r->objects->n_types;
	const char **names = arena_array(&r->arena, n ? n : 1, sizeof(*names));

	if (!names)
		return NULL;
	for (size_t i = 0; i < n; i++)
		names[i] = r->objects->types[i];
	qsort(names, n, sizeof(*names), by_name);
	return names;
}

static bool is_named(const struct report *r, const char **names, const char *name)
{
	return !names || bsearch(&name, names, r->objects->n_types, sizeof(*names), by_name);
}

/* What was asked for, else what there is. */
static int (*order_of(const struct report *r))(const void *, const void *)
{
	if (r->o.sort && !strcmp(r->o.sort, "count"))
		return by_count;
	if (r->o.sort ? !strcmp(r->o.sort, "retained") : r->retained)
		return by_retained;
	return by_bytes;
}

static int read_census(struct report *r)
{
	/* This makes another census, and so comes first. */
	int status = r->o.cost ? pycore_get_costs(r->session, &r->census, r->err) : 0;

	if (status < 0)
		return status;
	if (r->retained)
		return pycore_get_retained(r->session, r->o.by_address, &r->census, r->err);
	return pycore_get_census(r->session, &r->census, r->err);
}

/* Of a report with --type, read_objects() must have come first: it knows what the name means. */
int read_types(struct report *r, size_t limit)
{
	struct type_rows *types = &r->types;
	const struct pycore_type_count *from;
	const char **names = NULL;
	size_t n;
	int status = read_census(r);

	if (status < 0)
		return status;
	from = r->o.by_address && r->census->by_address ? r->census->by_address : r->census->types;
	n = from == r->census->types ? r->census->n_types : r->census->n_by_address;
	types->rows = arena_array(&r->arena, n ? n : 1, sizeof(*types->rows));
	if (r->o.type && r->objects)
		names = sorted_names(r);
	if (!types->rows || (r->o.type && r->objects && !names))
		return report_no_memory(r);
	for (size_t i = 0; i < n; i++) {
		if (!report_wants_type(r, from[i].type) || !is_named(r, names, from[i].type))
			continue;
		types->rows[types->matched++] = &from[i];
		types->count += from[i].count;
		types->bytes += from[i].bytes;
		types->block_bytes += from[i].block_bytes;
		types->outside_bytes += from[i].outside_bytes;
		types->gc += from[i].gc;
	}
	qsort(types->rows, types->matched, sizeof(*types->rows), order_of(r));
	types->n = types->matched < limit ? types->matched : limit;
	return 0;
}

int read_objects(struct report *r, size_t limit)
{
	struct pycore_object_query query = {
		.size = sizeof(query),
		.type = r->o.type,
		.limit = limit == SIZE_MAX ? 0 : limit,
		.biggest = true,
		.values = !r->o.redact,
		.include = r->o.include,
		.exclude = r->o.exclude,
		.retained = r->retained,
		.paths = r->retained && r->want_paths,
	};
	int status = pycore_get_objects(r->session, &query, &r->objects, r->err);

	if (status < 0)
		return status;
	r->top.rows = arena_array(&r->arena, r->objects->n_objects ? r->objects->n_objects : 1,
				  sizeof(*r->top.rows));
	if (!r->top.rows)
		return report_no_memory(r);
	for (size_t i = 0; i < r->objects->n_objects && r->top.n < limit; i++) {
		if (report_wants_type(r, r->objects->objects[i].type))
			r->top.rows[r->top.n++] = &r->objects->objects[i];
	}
	return 0;
}
