/* SPDX-License-Identifier: MIT */
#include "graph/fill.h"

#include <stdlib.h>

#include "base/error.h"
#include "graph/behind.h"
#include "graph/express.h"
#include "object/behind.h"

#define MOST_BASES 64

/* Where the answers come from that only the target knows. */
struct target_source {
	struct ctx c;
	const struct heap *h;
	struct root_details roots;
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
	struct express e = { .c = &s->c, .roots = &s->roots, .values = values, .out = out };
	uint64_t *addresses = malloc((n + 1) * sizeof(*addresses));
	int rc;

	if (!addresses)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		addresses[i] = address_of(arg, steps[i]);
	rc = express_way(&e, root, addresses, n, bad);
	free(addresses);
	return rc;
}

static void source_free(void *arg)
{
	struct target_source *s = arg;

	vec_free(&s->roots.frames);
	free(s);
}

/* A class without instances is an object that nobody has looked at as a type yet. */
static void meet_classes(const struct whole *w, const struct ctx *c, const struct heap *h)
{
	for (uint32_t i = 0; i < w->n && h->types->types.n; i++) {
		if (h->types->types.items[w->objects.type[i]]->flags & TPFLAGS_TYPE)
			type_at(h->types, c->r, index_address_of(&h->index, i));
	}
}

static uint8_t flags_of(const struct type *type)
{
	if (type->flags & TPFLAGS_TYPE)
		return WHOLE_CLASSES;
	for (unsigned i = 0; type && i < MOST_BASES; i++, type = type->base) {
		if (!strcmp(type->name, "module"))
			return WHOLE_MODULES;
	}
	return 0;
}

static int fill_types(struct whole *w, const struct ctx *c, const struct heap *h)
{
	const struct type_table *types = h->types;

	meet_classes(w, c, h);
	for (size_t i = 0; i < types->types.n; i++) {
		const struct type *from = types->types.items[i];
		struct whole_type type = { from->name, from->address, flags_of(from) };

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
	w->jobs = h->jobs;
	w->source = (struct whole_source){
		.arg = s,
		.free = source_free,
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
		rc = roots_read(w, c, h, &s->roots);
	if (!rc)
		rc = behind_settle(w, c, h);
	return rc ? rc : whole_seal(w, progress);
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
