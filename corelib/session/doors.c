/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "session/whole.h"

#define LONGEST_REPR 120
#define REPR_DEPTH 2

/* So many objects of a type are handed to the graph; more would make no better picture. */
#define MOST_TARGETS 100000

static void warn_of_stacks(struct pycore *s, const struct pycore_stacks *stacks)
{
	for (size_t i = 0; i < stacks->n_threads; i++) {
		const struct pycore_thread *t = &stacks->threads[i];

		if (!t->complete)
			session_warnf(s,
				      "the stack of thread %" PRIu64 " could not be read in full: "
				      "%zu frames of it are here",
				      t->tid ? t->tid : t->ident, t->n_frames);
	}
}

static int read_stacks(struct pycore *s, enum stack_locals locals,
		       const struct pycore_stacks **out, struct pycore_error *err)
{
	struct ctx c = session_ctx(s);
	struct pycore_stacks *stacks;
	uint64_t left_out;
	int rc;

	*out = s->stacks[locals];
	if (*out)
		return 0;
	rc = session_can_read(s, "stacks", err);
	if (rc)
		return rc;
	stacks = arena_alloc(&s->arena, sizeof(*stacks));
	if (!stacks)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the stacks");
	rc = stack_read(&c, &s->interps, s->target, locals, &s->arena, stacks, &left_out, err);
	if (!rc)
		rc = session_check_read(s, "stacks", err);
	if (rc)
		return rc;
	warn_of_stacks(s, stacks);
	if (left_out)
		session_warnf(s, "%" PRIu64 " frames have more local variables than are shown",
			      left_out);
	*out = s->stacks[locals] = stacks;
	return 0;
}

int pycore_get_stacks(struct pycore *s, const struct pycore_stacks **out, struct pycore_error *err)
{
	return read_stacks(s, STACK_NO_LOCALS, out, err);
}

int pycore_query_stacks(struct pycore *s, const struct pycore_stack_query *query,
			const struct pycore_stacks **out, struct pycore_error *err)
{
	struct pycore_stack_query q;
	int rc = session_take(&q, sizeof(q), query, "pycore_stack_query", err);

	if (rc)
		return rc;
	return read_stacks(s,
			   !q.locals  ? STACK_NO_LOCALS
			   : q.values ? STACK_LOCAL_VALUES
				      : STACK_LOCAL_TYPES,
			   out, err);
}

static const char *repr_of(struct pycore *s, const struct ctx *c, uint64_t address)
{
	struct buf b = { 0 };
	char *text = NULL;

	if (value_repr(c, address, &b, REPR_DEPTH, LONGEST_REPR) >= 0 && b.text && !b.failed)
		text = arena_strndup(&s->arena, b.text, b.len);
	buf_free(&b);
	return text;
}

static struct pycore_object describe(struct pycore *s, const struct picked *p, bool values)
{
	struct ctx c = session_ctx(s);
	struct pycore_object out = {
		.address = p->address,
		.type = p->type->name,
		.bytes = p->bytes,
		.retained = p->retained,
	};

	if (!out.bytes)
		object_sizeof(&c, (struct object){ p->address, p->type }, &out.bytes);
	if (s->target)
		object_refcount(&c, p->address, &out.refcount);
	else
		s->whole->source.refcount(s->whole->source.arg, p->object, &out.refcount);
	if (values && s->target)
		out.repr = repr_of(s, &c, p->address);
	return out;
}

static int list_objects(struct pycore *s, const struct picked_list *picked,
			const struct type_selection *selection,
			const struct pycore_object_query *q,
			const struct pycore_objects **out, struct pycore_error *err)
{
	struct pycore_objects *list = arena_alloc(&s->arena, sizeof(*list));
	struct pycore_object *objects =
		arena_array(&s->arena, picked->found.n, sizeof(*objects));
	const struct way_query wish = { .most = 1, .values = q->values };

	if (!list || !objects)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a list of objects");
	for (size_t i = 0; i < picked->found.n; i++)
		objects[i] = describe(s, &picked->found.items[i], q->values);
	for (size_t i = 0; i < picked->found.n && q->retained && q->paths; i++) {
		int rc = session_paths(s, s->whole, picked->found.items[i].object, &wish,
				       &objects[i].path, err);

		if (rc < 0)
			return rc;
	}
	list->objects = objects;
	list->n_objects = picked->found.n;
	list->total = selection->total;
	list->types = selection->names;
	list->n_types = selection->n_names;
	*out = list;
	return session_check_read(s, "objects", err);
}

static enum pick_order order_of(const struct pycore_object_query *q)
{
	if (!q->biggest)
		return PICK_FIRST;
	return q->retained ? PICK_RETAINED : PICK_BIGGEST;
}

static int pick(struct pycore *s, const struct heap *h, const struct pycore_object_query *q,
		const struct type_selection *selection, struct picked_list *out,
		struct pycore_error *err)
{
	const struct whole *w;
	int rc;

	if (!s->target)
		return pick_whole(s, s->whole, selection, q->limit, order_of(q),
				  q->type || !q->retained || !q->biggest, out, err);
	if (!q->retained)
		return pick_objects(s, h, selection, q->limit, q->biggest, out, err);
	rc = session_whole(s, &w, err);
	if (!rc && q->biggest)
		return pick_whole(s, w, selection, q->limit, PICK_RETAINED, q->type != NULL, out,
				  err);
	if (!rc)
		rc = pick_objects(s, h, selection, q->limit, false, out, err);
	for (size_t i = 0; !rc && i < out->found.n; i++) {
		struct picked *p = &out->found.items[i];

		p->object = w->source.number(w->source.arg, p->address);
		p->retained = whole_retained(w, p->object);
	}
	return rc;
}

int pycore_get_objects(struct pycore *s, const struct pycore_object_query *query,
		       const struct pycore_objects **out, struct pycore_error *err)
{
	struct pycore_object_query q;
	struct type_selection selection;
	struct picked_list picked;
	struct heap *h;
	int rc;

	rc = session_take(&q, sizeof(q), query, "pycore_object_query", err);
	if (!rc)
		rc = session_can_answer(s, "objects", err);
	if (!rc)
		rc = session_heap(s, &h, err);
	if (!rc)
		rc = select_instances(s, h, q.type, q.include, q.exclude, &selection, err);
	if (rc)
		return rc;
	rc = pick(s, h, &q, &selection, &picked, err);
	if (!rc) {
		rc = list_objects(s, &picked, &selection, &q, out, err);
		picked_fini(&picked);
	}
	selection_fini(&selection);
	return rc;
}

struct targets {
	VEC(uint64_t) addresses;
	uint64_t total;
	const char **names; /* of the types asked for */
	size_t n_names;
};

static bool has_object(const struct pycore *s, const struct heap *h, uint64_t address)
{
	if (!s->target)
		return s->whole->source.number(s->whole->source.arg, address) != WHOLE_NONE;
	return !(address % 8) && index_has(&h->index, address);
}

static int add_addresses(struct pycore *s, const struct heap *h,
			 const struct pycore_graph_query *q, struct targets *t,
			 struct pycore_error *err)
{
	for (size_t i = 0; i < q->n_addresses; i++) {
		uint64_t address = q->addresses[i];

		if (!has_object(s, h, address))
			return pycore_fail(err, PYCORE_ERR_NOT_FOUND,
					   "no live object is at 0x%" PRIx64, address);
		if (!vec_push(&t->addresses, address))
			return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a graph");
		t->total++;
	}
	return 0;
}

static int add_of_type(struct pycore *s, const struct heap *h, const char *pattern,
		       struct targets *t, struct pycore_error *err)
{
	struct type_selection selection;
	struct picked_list picked;
	int rc = select_instances(s, h, pattern, NULL, NULL, &selection, err);

	if (rc)
		return rc;
	t->total += selection.total;
	t->names = selection.names;
	t->n_names = selection.n_names;
	if (s->target)
		rc = pick_objects(s, h, &selection, MOST_TARGETS, false, &picked, err);
	else
		rc = pick_whole(s, s->whole, &selection, MOST_TARGETS, PICK_FIRST, true, &picked,
				err);
	selection_fini(&selection);
	if (rc)
		return rc;
	for (size_t i = 0; i < picked.found.n && !rc; i++) {
		if (!vec_push(&t->addresses, picked.found.items[i].address))
			rc = pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a graph");
	}
	picked_fini(&picked);
	return rc;
}

/* An object of the type is what was asked for, also where it is met as a holder of another. */
static void mark_targets(struct pycore_node *nodes, size_t n, const struct targets *t)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < t->n_names && !nodes[i].target; k++)
			nodes[i].target = !strcmp(nodes[i].type, t->names[k]);
	}
}

/* Where there are too many references for one graph of all, a picture can still be made. */
static int read_whole(struct pycore *s, const struct whole **out, struct pycore_error *err)
{
	int rc = session_whole(s, out, err);

	if (rc != PYCORE_ERR_UNSUPPORTED)
		return rc;
	session_warn(s, "there are 2^32 references or more: what objects retain is not known");
	*out = NULL;
	return 0;
}

static int draw(struct pycore *s, const struct heap *h, const struct targets *t,
		const struct pycore_graph_query *q, const struct pycore_graph **out,
		struct pycore_error *err)
{
	struct pycore_graph *graph = arena_alloc(&s->arena, sizeof(*graph));
	struct ctx c = session_ctx(s);
	const struct whole *w;
	int rc;

	if (!graph)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a graph");
	rc = read_whole(s, &w, err);
	if (!rc)
		rc = refs_graph(s->target ? &c : NULL, s->target ? h : NULL, w, t->addresses.items,
				t->addresses.n, q, &s->arena, graph, err);
	if (!rc)
		rc = session_check_read(s, "references", err);
	if (rc)
		return rc;
	graph->cut |= t->total > t->addresses.n;
	graph->n_targets = t->total;
	graph->n_followed = t->addresses.n;
	mark_targets((struct pycore_node *)graph->nodes, graph->n_nodes, t);
	*out = graph;
	return 0;
}

int pycore_get_graph(struct pycore *s, const struct pycore_graph_query *query,
		     const struct pycore_graph **out, struct pycore_error *err)
{
	struct pycore_graph_query q;
	struct targets t = { 0 };
	struct heap *h;
	int rc;

	rc = session_take(&q, sizeof(q), query, "pycore_graph_query", err);
	if (!rc && !q.type && !q.n_addresses)
		rc = pycore_fail(err, PYCORE_ERR_ARGUMENT, "a graph of what? No type, no address");
	if (!rc)
		rc = session_can_answer(s, "references", err);
	if (!rc)
		rc = session_heap(s, &h, err);
	if (!rc)
		rc = add_addresses(s, h, &q, &t, err);
	if (!rc && q.type)
		rc = add_of_type(s, h, q.type, &t, err);
	if (!rc)
		rc = draw(s, h, &t, &q, out, err);
	vec_free(&t.addresses);
	return rc;
}
