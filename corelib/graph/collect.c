/* SPDX-License-Identifier: MIT */
#include "graph/collect.h"

static uint32_t helper_flag(const struct type *type)
{
	if (strcmp(type->name, "cell") == 0)
		return WEB_CELL;
	if (strcmp(type->name, "tuple") == 0 || strcmp(type->name, "dict") == 0)
		return WEB_HELPER;
	return 0;
}

/* A type object is a root once a module holds it. */
static int be_class(struct collection *k, struct web_node *node)
{
	const struct type *self = type_at(k->c->types, k->c->r, node->address);
	char *name;

	node->flags |= WEB_CLASS;
	if (!self)
		return 0;
	name = arena_printf(k->arena, "class %s", self->name);
	node->class_root = name ? roots_name(k, name) : 0;
	node->home = roots_home(k, self->name) + 1; /* none: 0 */
	return node->class_root ? 0 : PYCORE_ERR_NOMEM;
}

uint32_t collect_node(struct collection *k, uint64_t address)
{
	struct web_node node = { .address = address, .level = WEB_FAR };
	uint64_t *at = map_get(&k->nodes, address);
	struct object o;

	if (at)
		return (uint32_t)*at - 1;
	if (k->web->nodes.n >= MOST_NODES) {
		k->web->cut = true;
		return UINT32_MAX;
	}
	if (object_at(k->c, address, &o) < 0)
		return UINT32_MAX;
	node.type = o.type->number;
	node.flags = helper_flag(o.type);
	if (o.type->flags & TPFLAGS_TYPE && be_class(k, &node) < 0)
		return UINT32_MAX;
	at = map_put(&k->nodes, address, NULL);
	if (!at || !vec_push(&k->web->nodes, node))
		return UINT32_MAX;
	*at = k->web->nodes.n;
	return (uint32_t)*at - 1;
}

int collect_edge(struct collection *k, uint32_t from, uint32_t to, const struct label *label,
		 bool guess)
{
	struct web *w = k->web;
	struct web_edge e = { .from = from, .to = to };
	struct label named = *label;

	/* A key of a module's dict is an attribute of the module. */
	if (from < k->n_modules && label->kind == LABEL_KEY)
		named.kind = LABEL_ATTR_KEY;
	if (w->edges.n >= MOST_EDGES) {
		w->cut = true;
		return 0;
	}
	e.shape = shape_of(&w->shapes, &named, guess, &e.detail);
	if (e.shape == UINT32_MAX)
		return PYCORE_ERR_NOMEM;
	for (size_t i = w->edges.n, back = 0; i-- && back < 16; back++) {
		const struct web_edge *old = &w->edges.items[i];

		if (old->from == e.from && old->to == e.to && old->shape == e.shape &&
		    old->detail == e.detail)
			return 0;
	}
	return vec_push(&w->edges, e) ? 0 : PYCORE_ERR_NOMEM;
}

void collection_fini(struct collection *k)
{
	map_free(&k->nodes);
	vec_free(&k->held);
	vec_free(&k->roots);
}
