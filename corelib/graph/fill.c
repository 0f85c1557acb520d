/* SPDX-License-Identifier: MIT */
#include "graph/fill.h"

#include <stdlib.h>

#include "base/error.h"
#include "graph/behind.h"
#include "graph/express_target.h"
#include "graph/natives.h"
#include "graph/roots.h"
#include "object/behind.h"

#define MOST_BASES 64

/* Where the answers come from that only the target knows. */
struct target_source {
	struct ctx c;
	const struct heap *h;
	const struct whole *w;
};

static uint64_t address_of(void *arg, uint32_t object)
{
	const struct target_source *s = arg;

	return index_address_of(&s->h->index, object);
}

static uint32_t number_of(void *arg, uint64_t address)
{
	const struct target_source *s = arg;

	return index_number_of(&s->h->index, address);
}

static int refcount_of(void *arg, uint32_t object, int64_t *out)
{
	const struct target_source *s = arg;

	return object_refcount(&s->c, address_of(arg, object), out);
}

static int label_of(void *arg, uint32_t from, uint32_t to, struct buf *out)
{
	const struct target_source *s = arg;

	return express_label(&s->c, address_of(arg, from), address_of(arg, to), out);
}

static int expression_of(void *arg, const struct whole_root *root, const uint32_t *steps, size_t n,
			 bool values, struct buf *out, size_t *bad)
{
	const struct target_source *s = arg;
	struct express_target target = { &s->c, s->h };
	const struct express e = { .w = s->w, .ops = &express_target_ops, .arg = &target,
				   .values = values, .out = out };

	return express_way(&e, root, steps, n, bad);
}

/* A class without instances is an object that nobody has looked at as a type yet. */
static void meet_classes(const struct whole *w, const struct ctx *c, const struct heap *h)
{
	for (uint32_t i = 0; i < w->n && h->types->types.n; i++) {
		if (h->types->types.items[w->objects.type[i]]->flags & TPFLAGS_TYPE)
			type_at(h->types, c->r, index_address_of(&h->index, i));
	}
}

static bool is_of_modules(const struct type *type)
{
	for (unsigned i = 0; type && i < MOST_BASES; i++, type = type->base) {
		if (!strcmp(type->name, "module"))
			return true;
	}
	return false;
}

static uint8_t flags_of(const struct type *type)
{
	bool classes = type->flags & TPFLAGS_TYPE;

	return (uint8_t)((classes ? WHOLE_CLASSES : 0) |
			 (!classes && is_of_modules(type) ? WHOLE_MODULES : 0) |
			 (type->flags & TPFLAGS_LIST ? WHOLE_LISTS : 0) |
			 (type->flags & TPFLAGS_TUPLE ? WHOLE_TUPLES : 0) |
			 (type->flags & TPFLAGS_DICT ? WHOLE_DICTS : 0) |
			 (type->is_gc ? WHOLE_COLLECTED : 0) |
			 (type->python_class ? WHOLE_PYTHON : 0));
}

static int fill_types(struct whole *w, const struct ctx *c, const struct heap *h)
{
	const struct type_table *types = h->types;

	meet_classes(w, c, h);
	for (size_t i = 0; i < types->types.n; i++) {
		const struct type *from = types->types.items[i];
		struct whole_type type = { from->name, from->address, flags_of(from),
					   from->hidden_items };

		if (!vec_push(&w->types, type))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

static int fill(struct whole *w, const struct ctx *c, const struct heap *h,
		struct whole_progress progress)
{
	struct target_source *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return PYCORE_ERR_NOMEM;
	s->c = *c;
	s->h = h;
	s->w = w;
	w->jobs = h->jobs;
	w->source = (struct whole_source){
		.arg = s,
		.free = free,
		.address = address_of,
		.number = number_of,
		.refcount = refcount_of,
		.label = label_of,
		.expression = expression_of,
	};
	rc = whole_init(w, (uint32_t)h->index.n_objects);
	if (!rc)
		rc = heap_edges(h, c, &w->objects, progress.fn, progress.ctx);
	if (!rc)
		rc = fill_types(w, c, h);
	if (!rc)
		rc = roots_read(w, c, h);
	if (!rc)
		rc = behind_settle(w, c, h);
	if (!rc)
		rc = whole_seal(w, progress);
	return rc ? rc : natives_name(w, c, h);
}

int whole_read(struct whole *w, const struct ctx *c, const struct heap *h,
	       struct whole_progress progress, struct pycore_error *err)
{
	int rc;

	*w = (struct whole){ 0 };
	rc = fill(w, c, h, progress);
	if (!rc)
		return 0;
	if (c->behind)
		vec_free(&c->behind->edges);
	whole_fini(w);
	if (rc == PYCORE_ERR_NOMEM)
		return pycore_fail(err, rc, "no memory for the graph of all references");
	if (rc == PYCORE_ERR_UNSUPPORTED)
		return pycore_fail(err, rc, "there are 2^32 references or more: too many for the "
					    "graph of all; --sort bytes does without it");
	return pycore_fail(err, rc, "the references cannot be read");
}
