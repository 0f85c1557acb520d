/* SPDX-License-Identifier: MIT */
#include "graph/collect.h"

/* Roots of a snapshot, as nodes: what it was made of named them. */

static int put_node(struct collection *k, const struct web_node *node, bool *added)
{
	uint64_t *at = map_put(&k->nodes, node->address, added);

	if (!at)
		return PYCORE_ERR_NOMEM;
	if (*added && !vec_push(&k->web->nodes, *node))
		return PYCORE_ERR_NOMEM;
	if (*added)
		*at = k->web->nodes.n;
	return 0;
}

/* Another address of the node that was added last. */
static int put_alias(struct collection *k, uint64_t address, uint32_t node)
{
	bool added;
	uint64_t *at = map_put(&k->nodes, address, &added);

	if (at && added)
		*at = (uint64_t)node + 1;
	return at ? 0 : PYCORE_ERR_NOMEM;
}

static int add_module(struct collection *k, const struct whole_root *root)
{
	const struct whole *w = k->whole;
	uint32_t type = w->objects.type[root->object];
	struct web_node node = { .level = WEB_FAR, .flags = WEB_MODULE, .type = type };
	uint64_t dict;
	bool added;
	int rc;

	if (root->kind != ROOT_MODULE || !root->name || !(w->types.items[type].flags & WHOLE_MODULES) ||
	    k->web->nodes.n >= MOST_NODES)
		return 0;
	node.address = w->source.address(w->source.arg, root->object);
	if (map_get(&k->nodes, node.address))
		return 0;
	node.root = roots_name(k, root->name);
	if (!node.root)
		return PYCORE_ERR_NOMEM;
	rc = put_node(k, &node, &added);
	dict = rc ? 0 : collect_globals(k, node.address);
	return dict ? put_alias(k, dict, (uint32_t)k->web->nodes.n - 1) : rc;
}

/* A thread state holds it, not a frame. */
static bool is_of_thread(const struct whole_root *root)
{
	return root->kind == ROOT_THREAD || root->kind == ROOT_ASYNCIO;
}

/* The interpreter itself, and not what is a module's or a table's. */
static bool is_of_interpreter(const struct whole_root *root)
{
	return root->kind == ROOT_INTERPRETER && root->field;
}

/* "interpreter 1" of " of interpreter 1". */
static const char *interpreter_name(struct collection *k, const char *of)
{
	static const char word[] = " of ";

	return arena_strdup(k->arena, !strncmp(of, word, strlen(word)) ? of + strlen(word)
									: "interpreter");
}

/* "frame f() of thread 12" of "thread 12: f() local 'x'"; "thread 12" of a thread's. */
static const char *holder_name(struct collection *k, const struct whole_root *root)
{
	const char *colon = strstr(root->name, ": "), *end;

	if (is_of_interpreter(root))
		return interpreter_name(k, root->name + strlen(root->field));
	if (!colon)
		return arena_strdup(k->arena, root->name);
	if (is_of_thread(root))
		return arena_strndup(k->arena, root->name, (size_t)(colon - root->name));
	end = root->local ? strstr(colon, " local '") : NULL;
	if (!end)
		end = colon + strlen(colon);
	return arena_printf(k->arena, "frame %.*s of %.*s", (int)(end - colon - 2), colon + 2,
			    (int)(colon - root->name), root->name);
}

static int add_holder(struct collection *k, const struct whole_root *root)
{
	struct web_node node = {
		.address = root->address,
		.level = WEB_FAR,
		.type = is_of_interpreter(root) ? WEB_INTERPRETER
			: is_of_thread(root)    ? WEB_THREAD
						: WEB_FRAME,
	};
	const char *name;
	bool added;

	if (!root->address || !root->name || map_get(&k->nodes, root->address))
		return 0;
	if (k->web->nodes.n >= MOST_NODES) {
		k->web->cut = true;
		return 0;
	}
	name = holder_name(k, root);
	node.root = name ? roots_name(k, name) : 0;
	return node.root ? put_node(k, &node, &added) : PYCORE_ERR_NOMEM;
}

static int add_held(struct collection *k, const struct whole_root *root)
{
	const uint64_t *at = root->address ? map_get(&k->nodes, root->address) : NULL;
	uint64_t to = k->whole->source.address(k->whole->source.arg, root->object);
	struct held held = { .to = to, .guess = root->kind == ROOT_STACK };

	if (!at)
		return 0;
	held.node = (uint32_t)*at - 1;
	if (root->itself)
		return put_alias(k, to, held.node);
	if (root->local && !is_of_thread(root))
		held.label = (struct label){ .kind = LABEL_LOCAL, .text = root->local };
	else
		held.label = (struct label){ .kind = LABEL_FIELD,
					     .text = root->field ? root->field : "" };
	return vec_push(&k->held, held) ? 0 : PYCORE_ERR_NOMEM;
}

int roots_add_kept(struct collection *k, bool with_threads)
{
	const struct whole *w = k->whole;
	int rc = 0;

	for (size_t i = 0; i < w->roots.n && !rc; i++)
		rc = add_module(k, &w->roots.items[i]);
	k->n_modules = k->n_roots = (uint32_t)k->web->nodes.n;
	for (size_t i = 0; i < w->roots.n && !rc && with_threads; i++)
		rc = add_holder(k, &w->roots.items[i]);
	for (size_t i = 0; i < w->roots.n && !rc && with_threads; i++)
		rc = add_held(k, &w->roots.items[i]);
	k->n_roots = (uint32_t)k->web->nodes.n;
	return rc;
}
