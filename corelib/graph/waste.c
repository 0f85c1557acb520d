/* SPDX-License-Identifier: MIT */
#include "graph/waste.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/ranking.h"

/* More bytes first, then by address. */
static bool comes_before(const void *a, const void *b)
{
	const struct waste_object *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes;
	return x->object < y->object;
}

bool waste_offer(struct waste_top *top, struct waste_object object)
{
	if (!vec_push(&top->list, object))
		return false;
	top->list.n = ranking_keep(top->list.items, top->list.n, top->limit, sizeof(object),
				   comes_before);
	return true;
}

void waste_sort(struct waste_top *top)
{
	ranking_sort(top->list.items, top->list.n, sizeof(*top->list.items), comes_before);
}

bool waste_join(struct waste_top *to, struct waste_top *from)
{
	bool done = true;

	for (size_t i = 0; i < from->list.n && done; i++)
		done = waste_offer(to, from->list.items[i]);
	vec_free(&from->list);
	return done;
}

static bool can_be_sparse(const struct ctx *c, const struct type *type)
{
	return type->decoder->slack != NULL;
}

/* A length that is more than all memory was never that of a block. */
static bool is_possible(const struct sweeper *me, uint64_t bytes)
{
	return bytes <= me->reader.target->bytes_mapped;
}

static void count_waste(struct waste_type *type, uint64_t objects, uint64_t bytes,
			const struct waste_object *biggest)
{
	if (!type->objects || comes_before(biggest, &type->biggest))
		type->biggest = *biggest;
	type->objects += objects;
	type->bytes += bytes;
}

static void look_for_slack(struct sweeper *me, uint32_t number, struct object o)
{
	struct waste *found = me->found;
	struct slack slack = { 0 };
	struct waste_object object;

	if (o.type->decoder->slack(&me->c, o, &slack) || !slack.bytes ||
	    !is_possible(me, slack.bytes))
		return;
	object = (struct waste_object){ slack.bytes, slack.used, slack.room, number };
	count_waste(&found->types[o.type->number], 1, slack.bytes, &object);
	me->failed |= !waste_offer(&found->top, object);
}

static int make_waste(struct waste *out, size_t n_types, size_t limit)
{
	out->n_types = n_types;
	out->top.limit = limit;
	out->types = calloc(n_types + 1, sizeof(*out->types));
	return out->types ? 0 : PYCORE_ERR_NOMEM;
}

static int join_waste(struct waste *to, struct waste *from)
{
	for (size_t i = 0; from->types && i < to->n_types; i++) {
		const struct waste_type *type = &from->types[i];

		if (type->objects)
			count_waste(&to->types[i], type->objects, type->bytes, &type->biggest);
	}
	free(from->types);
	return waste_join(&to->top, &from->top) ? 0 : PYCORE_ERR_NOMEM;
}

static int prepare_waste(void *found, const struct sweep *s, const void *limit)
{
	return make_waste(found, s->w->types.n, *(const size_t *)limit);
}

int waste_find(const struct ctx *c, const struct heap *h, const struct whole *w, size_t limit,
	       struct waste *out)
{
	struct sweep s = { .c = c, .h = h, .w = w, .wants = can_be_sparse, .fn = look_for_slack,
			   .prepare = prepare_waste, .prepare_arg = &limit };
	int rc;

	*out = (struct waste){ .n_types = 0 };
	rc = make_waste(out, w->types.n, limit);
	if (!rc)
		rc = sweep_run(&s, sizeof(struct waste));
	for (unsigned i = 0; i < s.n_sweepers; i++) {
		int status = s.sweepers[i].found ? join_waste(out, s.sweepers[i].found) : 0;

		rc = rc ? rc : status;
	}
	waste_sort(&out->top);
	sweep_fini(&s);
	return rc;
}

void waste_fini(struct waste *out)
{
	free(out->types);
	vec_free(&out->top.list);
	*out = (struct waste){ .n_types = 0 };
}

static bool is_buffer(const struct ctx *c, const struct type *type)
{
	return type->decoder->buffer != BUFFER_NONE;
}

struct buffer_search {
	struct waste_top top;
	const struct whole *w;
	uint64_t bytes; /* of the object in hand */
};

static void add_storage(void *arg, uint64_t start, uint64_t bytes)
{
	struct buffer_search *found = arg;

	(void)start;
	if (__builtin_add_overflow(found->bytes, bytes, &found->bytes))
		found->bytes = UINT64_MAX;
}

static void look_for_buffer(struct sweeper *me, uint32_t number, struct object o)
{
	struct buffer_search *found = me->found;
	struct waste_object object = { .object = number };

	if (o.type->decoder->buffer == BUFFER_COUNTED) {
		object.bytes = whole_bytes(found->w, number);
	} else {
		found->bytes = o.type->basicsize + o.type->sizeof_head;
		object_storage(&me->c, o, add_storage, found);
		object.bytes = found->bytes;
	}
	if (is_possible(me, object.bytes))
		me->failed |= !waste_offer(&found->top, object);
}

static int prepare_buffers(void *found, const struct sweep *s, const void *limit)
{
	struct buffer_search *search = found;

	search->w = s->w;
	search->top.limit = *(const size_t *)limit;
	return 0;
}

int buffers_find(const struct ctx *c, const struct heap *h, const struct whole *w, size_t limit,
		 struct waste_top *out)
{
	struct sweep s = { .c = c, .h = h, .w = w, .wants = is_buffer, .fn = look_for_buffer,
			   .prepare = prepare_buffers, .prepare_arg = &limit };
	int rc;

	*out = (struct waste_top){ .limit = limit };
	rc = sweep_run(&s, sizeof(struct buffer_search));
	for (unsigned i = 0; i < s.n_sweepers; i++) {
		struct buffer_search *found = s.sweepers[i].found;

		if (found && !waste_join(out, &found->top))
			rc = PYCORE_ERR_NOMEM;
	}
	waste_sort(out);
	sweep_fini(&s);
	return rc;
}
