/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "graph/duplicates.h"
#include "session/detail.h"
#include "session/whole.h"

#define DEFAULT_LIMIT 20
#define LONGEST_REPR 120

/* One answer in the making. */
struct work {
	struct pycore *s;
	struct ctx c;
	const struct whole *w;
	struct pycore_savings_query q;
	struct pycore_savings *out;
	struct pycore_error *err;
};

static int no_memory(struct work *k)
{
	return pycore_fail(k->err, PYCORE_ERR_NOMEM, "no memory for what could be saved");
}

static uint64_t address_of(const struct work *k, uint32_t object)
{
	return k->w->source.address(k->w->source.arg, object);
}

static const char *type_of(const struct work *k, uint32_t object)
{
	return k->w->types.items[k->w->objects.type[object]].name;
}

static int path_to(struct work *k, uint32_t object, const struct pycore_path **out)
{
	const struct way_query q = { .most = 1, .values = k->q.values,
				     .longest = LONGEST_WAY };
	int rc = session_paths(k->s, k->w, object, &q, out, k->err);

	return rc < 0 ? rc : 0;
}

static struct pycore_sparse describe_sparse(const struct work *k, const struct waste_object *o)
{
	return (struct pycore_sparse){
		.address = address_of(k, o->object),
		.type = type_of(k, o->object),
		.bytes = o->bytes,
		.used = o->count,
		.room = o->all,
	};
}

static int add_path_to(struct work *k, struct pycore_sparse *to)
{
	return path_to(k, k->w->source.number(k->w->source.arg, to->address), &to->path);
}

static int by_name(const void *left, const void *right)
{
	const struct pycore_waste *a = left, *b = right;

	return strcmp(a->type, b->type);
}

static int by_bytes(const void *left, const void *right)
{
	const struct pycore_waste *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return strcmp(a->type, b->type);
}

/* A row for each name of types: several may have one. */
static int add_waste_rows(struct work *k, const struct waste *found)
{
	struct pycore_waste *rows = arena_array(&k->s->arena, found->n_types + 1, sizeof(*rows));
	size_t n = 0, kept = 0;

	if (!rows)
		return no_memory(k);
	for (size_t i = 0; i < found->n_types; i++) {
		const struct waste_type *type = &found->types[i];

		if (type->objects)
			rows[n++] = (struct pycore_waste){
				k->w->types.items[i].name, type->objects, type->bytes,
				describe_sparse(k, &type->biggest),
			};
		k->out->waste_bytes += type->bytes;
	}
	qsort(rows, n, sizeof(*rows), by_name);
	for (size_t i = 0; i < n; i++) {
		if (kept && !strcmp(rows[kept - 1].type, rows[i].type)) {
			struct pycore_waste *row = &rows[kept - 1];

			row->objects += rows[i].objects;
			row->bytes += rows[i].bytes;
			if (rows[i].biggest.bytes > row->biggest.bytes)
				row->biggest = rows[i].biggest;
		} else {
			rows[kept++] = rows[i];
		}
	}
	qsort(rows, kept, sizeof(*rows), by_bytes);
	k->out->waste = rows;
	k->out->n_waste = kept;
	for (size_t i = 0; i < kept && i < k->q.limit; i++) {
		int rc = add_path_to(k, &rows[i].biggest);

		if (rc)
			return rc;
	}
	return 0;
}

static int add_sparse(struct work *k, const struct waste_top *top)
{
	struct pycore_sparse *rows = arena_array(&k->s->arena, top->list.n + 1, sizeof(*rows));
	int rc = rows ? 0 : no_memory(k);

	for (size_t i = 0; i < top->list.n && !rc; i++) {
		rows[i] = describe_sparse(k, &top->list.items[i]);
		rc = add_path_to(k, &rows[i]);
	}
	k->out->sparse = rows;
	k->out->n_sparse = top->list.n;
	return rc;
}

static int find_waste(struct work *k)
{
	struct waste found;
	int rc = waste_find(&k->c, k->s->heap, k->w, k->q.limit, &found) ? no_memory(k) : 0;

	if (!rc)
		rc = add_waste_rows(k, &found);
	if (!rc)
		rc = add_sparse(k, &found.top);
	waste_fini(&found);
	return rc;
}

static const char *repr_of(struct work *k, uint64_t address)
{
	return k->q.values ? detail_repr(k->s, address, 0, LONGEST_REPR) : NULL;
}

static int add_duplicates(struct work *k, const struct duplicates *found)
{
	size_t n = found->top.list.n;
	struct pycore_duplicate *rows = arena_array(&k->s->arena, n + 1, sizeof(*rows));
	struct pycore_duplicate_sum *sums =
		arena_array(&k->s->arena, DUPLICATE_TYPES, sizeof(*sums));

	if (!rows || !sums)
		return no_memory(k);
	for (size_t i = 0; i < n; i++) {
		const struct waste_object *o = &found->top.list.items[i];
		uint64_t address = address_of(k, o->object);

		rows[i] = (struct pycore_duplicate){ type_of(k, o->object), address,
						     repr_of(k, address), o->count, o->all,
						     o->bytes };
	}
	for (unsigned i = 0; i < DUPLICATE_TYPES; i++) {
		const struct duplicate_sum *sum = &found->sums[i];

		if (sum->type)
			sums[k->out->n_sums++] = (struct pycore_duplicate_sum){
				sum->type->name, sum->contents, sum->objects, sum->bytes,
				sum->saved,
			};
	}
	k->out->duplicates = rows;
	k->out->n_duplicates = n;
	k->out->sums = sums;
	return 0;
}

static int find_duplicates(struct work *k)
{
	struct duplicates found;
	int rc = duplicates_find(&k->c, k->s->heap, k->w, k->q.limit, &found) ? no_memory(k) : 0;

	if (!rc)
		rc = add_duplicates(k, &found);
	if (!rc && found.unread + found.left_out)
		session_warnf(k->s, "%llu texts were not looked at for duplicates: their content "
				    "could not be read, or they were made to have one hash",
			      (unsigned long long)(found.unread + found.left_out));
	duplicates_fini(&found);
	return rc;
}

static int add_buffers(struct work *k, const struct waste_top *top)
{
	struct pycore_buffer *rows = arena_array(&k->s->arena, top->list.n + 1, sizeof(*rows));
	int rc = rows ? 0 : no_memory(k);

	for (size_t i = 0; i < top->list.n && !rc; i++) {
		const struct waste_object *o = &top->list.items[i];

		rows[i] = (struct pycore_buffer){
			.address = address_of(k, o->object),
			.type = type_of(k, o->object),
			.bytes = o->bytes,
		};
		rc = path_to(k, o->object, &rows[i].path);
	}
	k->out->buffers = rows;
	k->out->n_buffers = top->list.n;
	return rc;
}

static int find_buffers(struct work *k)
{
	struct waste_top top;
	int rc = buffers_find(&k->c, k->s->heap, k->w, k->q.limit, &top) ? no_memory(k) : 0;

	if (!rc)
		rc = add_buffers(k, &top);
	vec_free(&top.list);
	return rc;
}

int pycore_get_savings(struct pycore *s, const struct pycore_savings_query *query,
		       const struct pycore_savings **out, struct pycore_error *err)
{
	struct work k = { .s = s, .err = err };
	int rc = session_take(&k.q, sizeof(k.q), query, "pycore_savings_query", err);

	if (!rc)
		rc = session_can_read(s, "objects", err);
	if (!rc)
		rc = session_whole(s, &k.w, err);
	if (rc)
		return rc;
	k.c = session_ctx(s);
	k.q.limit = k.q.limit ? k.q.limit : DEFAULT_LIMIT;
	k.out = arena_alloc(&s->arena, sizeof(*k.out));
	if (!k.out)
		return no_memory(&k);
	*k.out = (struct pycore_savings){ .n_waste = 0 };
	rc = find_waste(&k);
	if (!rc)
		rc = find_duplicates(&k);
	if (!rc)
		rc = find_buffers(&k);
	if (rc)
		return rc;
	*out = k.out;
	return session_check_read(s, "objects", err);
}
