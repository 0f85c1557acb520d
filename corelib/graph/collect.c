/* SPDX-License-Identifier: MIT */
#include "graph/collect.h"

static uint32_t helper_flag(const char *type)
{
	if (strcmp(type, "cell") == 0)
		return WEB_CELL;
	if (strcmp(type, "tuple") == 0 || strcmp(type, "dict") == 0)
		return WEB_HELPER;
	return 0;
}

static uint32_t number_at(const struct collection *k, uint64_t address)
{
	return k->whole->source.number(k->whole->source.arg, address);
}

bool collect_kind(const struct collection *k, uint64_t address, struct kind *out)
{
	struct object o;

	if (k->whole) {
		uint32_t object = number_at(k, address);
		const struct whole_type *type;

		if (object == WHOLE_NONE || !k->whole->types.n)
			return false;
		type = &k->whole->types.items[k->whole->objects.type[object]];
		*out = (struct kind){ k->whole->objects.type[object], type->name,
				      type->flags & WHOLE_CLASSES };
		return true;
	}
	if (object_at(k->c, address, &o) < 0)
		return false;
	*out = (struct kind){ o.type->number, o.type->name, o.type->flags & TPFLAGS_TYPE };
	return true;
}

void collect_edges(const struct collection *k, uint64_t address, edge_fn *fn, void *arg)
{
	struct object o;

	if (k->c) {
		if (object_at(k->c, address, &o) == 0)
			object_edges(k->c, o, fn, arg);
	} else if (number_at(k, address) != WHOLE_NONE) {
		k->whole->source.edges(k->whole->source.arg, number_at(k, address), fn, arg);
	}
}

static void list_types(struct collection *k)
{
	for (size_t i = 0; i < k->whole->types.n; i++) {
		uint64_t *at = map_put(&k->types, k->whole->types.items[i].address, NULL);

		if (at)
			*at = i + 1;
	}
}

/* The name of the class that an object is; NULL: not known. */
static const char *class_name(struct collection *k, uint64_t address)
{
	const struct type *type;
	uint64_t *at;

	if (!k->whole) {
		type = type_at(k->c->types, k->c->r, address);
		return type ? type->name : NULL;
	}
	if (!k->types.n)
		list_types(k);
	at = map_get(&k->types, address);
	return at ? k->whole->types.items[*at - 1].name : NULL;
}

/* A type object is a root once a module holds it. */
static int be_class(struct collection *k, struct web_node *node)
{
	const char *self = class_name(k, node->address), *name;

	node->flags |= WEB_CLASS;
	if (!self)
		return 0;
	name = arena_printf(k->arena, "class %s", self);
	node->class_root = name ? roots_name(k, name) : 0;
	node->home = roots_home(k, self) + 1; /* none: 0 */
	return node->class_root ? 0 : PYCORE_ERR_NOMEM;
}

uint32_t collect_node(struct collection *k, uint64_t address)
{
	struct web_node node = { .address = address, .level = WEB_FAR };
	uint64_t *at = map_get(&k->nodes, address);
	struct kind kind;

	if (at)
		return (uint32_t)*at - 1;
	if (k->web->nodes.n >= MOST_NODES) {
		k->web->cut = true;
		return UINT32_MAX;
	}
	if (!collect_kind(k, address, &kind))
		return UINT32_MAX;
	node.type = kind.type;
	node.flags = helper_flag(kind.name);
	if (kind.is_class && be_class(k, &node) < 0)
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
	map_free(&k->types);
	vec_free(&k->held);
	vec_free(&k->roots);
}
