/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "session/whole.h"

#define DEFAULT_OBJECTS 20

static int no_memory(struct pycore_error *err)
{
	return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the paths");
}

static const struct pycore_path_step *make_steps(struct pycore *s, const struct whole *w,
					    const struct way *way)
{
	struct pycore_path_step *steps = arena_array(&s->arena, way->n_steps, sizeof(*steps));

	for (size_t i = 0; steps && i < way->n_steps; i++) {
		uint32_t o = way->steps[i];

		steps[i] = (struct pycore_path_step){
			.address = w->source.address(w->source.arg, o),
			.type = w->types.items[w->objects.type[o]].name,
			.label = way->labels[i],
		};
	}
	return steps;
}

int session_paths(struct pycore *s, const struct whole *w, uint32_t object,
		  const struct way_query *q, const struct pycore_path **out,
		  struct pycore_error *err)
{
	struct pycore_path *paths = NULL;
	struct ways ways;
	size_t n;
	int rc = way_find(w, object, q, &s->arena, &ways);

	n = ways.list.n < q->most ? ways.list.n : q->most;
	if (!rc && n)
		paths = arena_array(&s->arena, n, sizeof(*paths));
	if (rc || (n && !paths))
		rc = no_memory(err);
	for (size_t i = 0; i < n && !rc; i++) {
		const struct way *way = &ways.list.items[i];

		paths[i] = (struct pycore_path){
			.address = w->source.address(w->source.arg, object),
			.root_kind = root_kind_name(way->root->kind),
			.root = way->root_name,
			.expression = way->expression,
			.steps = make_steps(s, w, way),
			.n_steps = way->n_steps,
		};
		if (!paths[i].steps)
			rc = no_memory(err);
	}
	ways_fini(&ways);
	*out = paths;
	return rc ? rc : (int)n;
}

struct asked {
	VEC(uint32_t) objects;
	uint64_t total;
};

static int add_addresses(const struct whole *w, const struct pycore_path_query *q,
			 struct asked *asked, struct pycore_error *err)
{
	for (size_t i = 0; i < q->n_addresses; i++) {
		uint32_t object = w->source.number(w->source.arg, q->addresses[i]);

		if (object == WHOLE_NONE)
			return pycore_fail(err, PYCORE_ERR_NOT_FOUND,
					   "no live object is at 0x%" PRIx64, q->addresses[i]);
		if (!vec_push(&asked->objects, object))
			return no_memory(err);
		asked->total++;
	}
	return 0;
}

static int add_of_type(struct pycore *s, const struct whole *w, const struct pycore_path_query *q,
		       struct asked *asked, struct pycore_error *err)
{
	struct type_selection selection;
	struct picked_list picked;
	int rc = select_instances(s, s->heap, q->type, NULL, NULL, &selection, err);

	if (rc)
		return rc;
	asked->total += selection.total;
	rc = pick_whole(s, w, &selection, q->limit ? q->limit : DEFAULT_OBJECTS, PICK_RETAINED,
			true, &picked, err);
	selection_fini(&selection);
	if (rc)
		return rc;
	for (size_t i = 0; i < picked.found.n && !rc; i++) {
		if (!vec_push(&asked->objects, picked.found.items[i].object))
			rc = no_memory(err);
	}
	picked_fini(&picked);
	return rc;
}

static int find_all(struct pycore *s, const struct whole *w, const struct pycore_path_query *q,
		    const struct asked *asked, const struct pycore_paths **out,
		    struct pycore_error *err)
{
	struct pycore_paths *paths = arena_alloc(&s->arena, sizeof(*paths));
	const struct way_query wish = { .most = q->most ? q->most : 1, .values = q->values };
	size_t room;
	struct pycore_path *list = NULL;

	if (!__builtin_mul_overflow(wish.most, asked->objects.n, &room))
		list = arena_array(&s->arena, room ? room : 1, sizeof(*list));
	if (!paths || !list)
		return no_memory(err);
	paths->paths = list;
	paths->n_objects = asked->total;
	for (size_t i = 0; i < asked->objects.n; i++) {
		const struct pycore_path *some;
		int n = session_paths(s, w, asked->objects.items[i], &wish, &some, err);

		if (n < 0)
			return n;
		if (n)
			memcpy(list + paths->n_paths, some, (size_t)n * sizeof(*some));
		paths->n_paths += (size_t)n;
	}
	*out = paths;
	return session_check_read(s, "references", err);
}

int pycore_get_paths(struct pycore *s, const struct pycore_path_query *query,
		     const struct pycore_paths **out, struct pycore_error *err)
{
	struct pycore_path_query q;
	struct asked asked = { .total = 0 };
	const struct whole *w;
	int rc;

	rc = session_take(&q, sizeof(q), query, "pycore_path_query", err);
	if (!rc && !q.type && !q.n_addresses)
		rc = pycore_fail(err, PYCORE_ERR_ARGUMENT, "paths to what? No type, no address");
	if (!rc)
		rc = session_can_answer(s, "references", err);
	if (!rc)
		rc = session_whole(s, &w, err);
	if (!rc)
		rc = add_addresses(w, &q, &asked, err);
	if (!rc && q.type)
		rc = add_of_type(s, w, &q, &asked, err);
	if (!rc)
		rc = find_all(s, w, &q, &asked, out, err);
	vec_free(&asked.objects);
	return rc;
}
