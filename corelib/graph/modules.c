/* SPDX-License-Identifier: MIT */
#include "graph/collect.h"

#include <stdio.h>

#define MOST_NAME 200

uint32_t roots_name(struct collection *k, const char *name)
{
	if (k->roots.n >= UINT32_MAX - 1 || !vec_push(&k->roots, name))
		return 0;
	return (uint32_t)k->roots.n;
}

static bool is_module(const struct type *type)
{
	for (unsigned i = 0; type && i < 64; i++, type = type->base) {
		if (strcmp(type->name, "module") == 0)
			return true;
	}
	return false;
}

/* The part of the module that is a dict. */
static uint64_t kept_globals(const struct whole *w, uint32_t module)
{
	const struct links *f = &w->objects.forward;

	for (uint32_t i = f->start[module]; i < f->start[module + 1]; i++) {
		if (w->objects.flags[f->to[i]] & OBJECT_PART)
			return w->source.address(w->source.arg, f->to[i]);
	}
	return 0;
}

uint64_t collect_globals(const struct collection *k, uint64_t module)
{
	uint64_t dict = 0;
	uint32_t object;

	if (k->c)
		return LOAD(k->c->l, k->c->r, module, PyModuleObject, md_dict, &dict) ? dict : 0;
	object = k->whole->source.number(k->whole->source.arg, module);
	return object == WHOLE_NONE ? 0 : kept_globals(k->whole, object);
}

struct modules {
	struct collection *k;
	const struct interpreter *interp;
	int rc;
};

static int add_module(void *arg, uint64_t key, uint64_t value)
{
	struct modules *m = arg;
	struct collection *k = m->k;
	struct web_node node = { .address = value, .level = WEB_FAR, .flags = WEB_MODULE };
	struct object o;
	uint64_t dict, *at;
	char *name;
	bool added;

	if (object_at(k->c, value, &o) < 0 || !is_module(o.type) ||
	    k->web->nodes.n >= MOST_NODES || map_get(&k->nodes, value))
		return 0;
	name = value_strdup(k->c, key, k->arena, MOST_NAME);
	if (!name)
		return 0;
	name = m->interp->id ? arena_printf(k->arena, "module %s of interpreter %lld", name,
					    (long long)m->interp->id)
			     : arena_printf(k->arena, "module %s", name);
	node.type = o.type->number;
	node.root = name ? roots_name(k, name) : 0;
	at = map_put(&k->nodes, value, NULL);
	m->rc = PYCORE_ERR_NOMEM;
	if (!node.root || !at || !vec_push(&k->web->nodes, node))
		return 1;
	*at = k->web->nodes.n;
	m->rc = 0;
	dict = collect_globals(k, value);
	if (!dict)
		return 0;
	at = map_put(&k->nodes, dict, &added);
	if (at && added)
		*at = k->web->nodes.n;
	return 0;
}

int roots_add_modules(struct collection *k)
{
	const struct interpreters *all = k->h->interps;

	for (size_t i = 0; all && i < all->interps.n; i++) {
		struct modules m = { .k = k, .interp = &all->interps.items[i] };
		uint64_t dict;

		if (!LOAD(k->c->l, k->c->r, m.interp->address, PyInterpreterState, modules, &dict))
			continue;
		value_dict_each(k->c, dict, add_module, &m);
		if (m.rc < 0)
			return m.rc;
	}
	k->n_modules = k->n_roots = (uint32_t)k->web->nodes.n;
	return 0;
}

/* What a snapshot's Python calls it is not told: one of the two is there. */
static const char *builtins_of(const struct collection *k)
{
	if (k->c)
		return runtime_builtins(k->c->l);
	for (uint32_t i = 0; i < k->n_modules; i++) {
		if (!strcmp(k->roots.items[i], "module __builtin__"))
			return "__builtin__";
	}
	return "builtins";
}

uint32_t roots_home(const struct collection *k, const char *type_name)
{
	uint32_t best = UINT32_MAX;
	size_t longest = 0;

	char builtins[32];

	snprintf(builtins, sizeof(builtins), "%s.", builtins_of(k));
	if (!strchr(type_name, '.'))
		type_name = builtins;
	for (uint32_t i = 0; i < k->n_modules; i++) {
		const char *name = k->roots.items[i] + strlen("module ");
		size_t len = strlen(name);

		if (len > longest && strncmp(type_name, name, len) == 0 && type_name[len] == '.') {
			longest = len;
			best = i;
		}
	}
	return best;
}
