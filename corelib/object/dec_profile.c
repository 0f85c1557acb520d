/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "object/decode.h"

/*
 * cProfile's profiler: what it has measured of each function is in a tree, and in the entry of
 * each what that has called in another one (Modules/_lsprof.c, Modules/rotatingtree.c).
 */

#define NODES_MOST (1u << 20)

static const struct ref_field profiler_fields[] = {
	{ F_ProfilerObject_externalTimer, LABEL_FIELD, EDGE_OWNED, "timer" },
	{ F_ProfilerObject_missing, LABEL_FIELD, EDGE_OWNED, "missing" },
	{ 0 },
};

typedef int node_fn(void *arg, uint64_t node);

struct tree {
	const struct ctx *c;
	uint32_t bytes; /* of a node */
	node_fn *fn;
	void *arg;
	VEC(uint64_t) todo;
	struct map seen;
};

static int look_at(struct tree *t, uint64_t node)
{
	uint64_t left, right;
	bool added;
	int rc;

	if (!type_is_address(node) || t->seen.n >= NODES_MOST)
		return PYCORE_ERR_DAMAGED;
	if (!map_put(&t->seen, node, &added))
		return PYCORE_ERR_NOMEM;
	if (!added)
		return PYCORE_ERR_DAMAGED;
	if (!reader_spend(t->c->r, node, t->seen.n * t->bytes, t->bytes) ||
	    !LOAD(t->c->l, t->c->r, node, ProfilerEntry, left, &left) ||
	    !LOAD(t->c->l, t->c->r, node, ProfilerEntry, right, &right))
		return PYCORE_ERR_FAULT;
	rc = t->fn(t->arg, node);
	if (rc)
		return rc;
	if ((right && !vec_push(&t->todo, right)) || (left && !vec_push(&t->todo, left)))
		return PYCORE_ERR_NOMEM;
	return 0;
}

/* Call @p fn for each node of the tree, of which @p bytes are its own. */
static int each_node(const struct ctx *c, uint64_t root, uint32_t bytes, node_fn *fn, void *arg)
{
	struct tree t = { .c = c, .bytes = bytes, .fn = fn, .arg = arg };
	int rc = !root || vec_push(&t.todo, root) ? 0 : PYCORE_ERR_NOMEM;

	while (t.todo.n && !rc)
		rc = look_at(&t, t.todo.items[--t.todo.n]);
	vec_free(&t.todo);
	map_free(&t.seen);
	return rc;
}

struct visit {
	const struct ctx *c;
	edge_fn *edge;
	storage_fn *storage;
	void *arg;
};

static int entry_edge(void *arg, uint64_t entry)
{
	const struct visit *v = arg;
	uint64_t function;

	if (!LOAD(v->c->l, v->c->r, entry, ProfilerEntry, userObj, &function))
		return PYCORE_ERR_FAULT;
	return emit_field(v->edge, v->arg, function, "measured");
}

static int profiler_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	struct visit v = { .c = c, .edge = fn, .arg = arg };
	uint64_t entries;

	if (!HAS(c->l, ProfilerObject, profilerEntries))
		return 0;
	if (!LOAD(c->l, c->r, o.address, ProfilerObject, profilerEntries, &entries))
		return PYCORE_ERR_FAULT;
	return each_node(c, entries, L(c->l, ProfilerEntry, sizeof), entry_edge, &v);
}

static int call_storage(void *arg, uint64_t call)
{
	const struct visit *v = arg;

	v->storage(v->arg, call, L(v->c->l, ProfilerSubEntry, sizeof));
	return 0;
}

static int entry_storage(void *arg, uint64_t entry)
{
	struct visit *v = arg;
	uint64_t calls;

	v->storage(v->arg, entry, L(v->c->l, ProfilerEntry, sizeof));
	if (!LOAD(v->c->l, v->c->r, entry, ProfilerEntry, calls, &calls))
		return PYCORE_ERR_FAULT;
	return each_node(v->c, calls, L(v->c->l, ProfilerSubEntry, sizeof), call_storage, v);
}

/* One for each call under way, and those kept for the next. */
static void contexts_storage(const struct visit *v, uint64_t context)
{
	uint32_t bytes = L(v->c->l, ProfilerContext, sizeof);

	for (uint64_t i = 0; type_is_address(context) && i < NODES_MOST; i++) {
		if (!reader_spend(v->c->r, context, i * bytes, bytes))
			return;
		v->storage(v->arg, context, bytes);
		if (!LOAD(v->c->l, v->c->r, context, ProfilerContext, previous, &context))
			return;
	}
}

static void profiler_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct visit v = { .c = c, .storage = fn, .arg = arg };
	struct body b;

	if (!HAS(c->l, ProfilerObject, profilerEntries) ||
	    body_view(&b, c->r, o.address, o.type->basicsize))
		return;
	each_node(c, BODY(&b, c->l, ProfilerObject, profilerEntries),
		  L(c->l, ProfilerEntry, sizeof), entry_storage, &v);
	contexts_storage(&v, BODY(&b, c->l, ProfilerObject, currentContext));
	contexts_storage(&v, BODY(&b, c->l, ProfilerObject, freelistContext));
}

const struct named_decoder pycore_profile_types[] = {
	{ "_lsprof.Profiler",
	  { .fields = profiler_fields,
	    .edges = profiler_edges,
	    .storage = profiler_storage } },
	{ NULL, { .fields = NULL } },
};
