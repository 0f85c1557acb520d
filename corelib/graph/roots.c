/* SPDX-License-Identifier: MIT */
#include "graph/collect.h"
#include "stack/names.h"
#include "stack/stack.h"

/* Frames that are drawn as roots, and references of all; more is a runaway recursion. */
#define MOST_FRAMES 100000u
#define MOST_HELD 1000000u
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
	if (!LOAD(k->c->l, k->c->r, value, PyModuleObject, md_dict, &dict) || !dict)
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

uint32_t roots_home(const struct collection *k, const char *type_name)
{
	uint32_t best = UINT32_MAX;
	size_t longest = 0;

	if (!strchr(type_name, '.'))
		type_name = "builtins.";
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

struct frames {
	struct collection *k;
	const char *thread;         /* "thread 12 w1" */
	uint32_t node;              /* of the frame whose references are read */
	size_t n;
	int rc;
};

static int add_held(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct frames *f = arg;
	struct held held = { f->node, to, kind == EDGE_GUESS, *label };

	if (kind == EDGE_WEAK || kind == EDGE_BORROWED || !to)
		return 0;
	if (f->k->held.n >= MOST_HELD) {
		f->k->web->cut = true;
		return 1;
	}
	if (vec_push(&f->k->held, held))
		return 0;
	f->rc = PYCORE_ERR_NOMEM;
	return 1;
}

/* A frame object, where there is one, is the same frame. */
static int add_frame_object(struct collection *k, const struct stack_frame *frame)
{
	const struct layout *l = k->c->l;
	uint64_t object, *at;
	bool added;

	if (!HAS(l, _PyInterpreterFrame, frame_obj) ||
	    !LOAD(l, k->c->r, frame->address, _PyInterpreterFrame, frame_obj, &object) || !object)
		return 0;
	at = map_put(&k->nodes, object, &added);
	if (!at)
		return PYCORE_ERR_NOMEM;
	if (added)
		*at = k->web->nodes.n;
	return 0;
}

static char *function_name(struct collection *k, uint64_t code)
{
	const struct layout *l = k->c->l;
	uint64_t name;

	if (HAS(l, PyCodeObject, co_qualname) &&
	    LOAD(l, k->c->r, code, PyCodeObject, co_qualname, &name) && name)
		return value_strdup(k->c, name, k->arena, MOST_NAME);
	if (LOAD(l, k->c->r, code, PyCodeObject, co_name, &name) && name)
		return value_strdup(k->c, name, k->arena, MOST_NAME);
	return NULL;
}

static int add_frame(void *arg, const struct stack_frame *frame)
{
	struct frames *f = arg;
	struct collection *k = f->k;
	struct web_node node = { .address = frame->address, .level = WEB_FAR, .type = UINT32_MAX };
	const char *function = function_name(k, frame->code);
	char *name;
	uint64_t *at;
	bool added;

	if (f->n++ >= MOST_FRAMES || k->web->nodes.n >= MOST_NODES) {
		k->web->cut = true;
		return 1;
	}
	name = arena_printf(k->arena, "frame %s() of %s", function ? function : "?", f->thread);
	node.root = name ? roots_name(k, name) : 0;
	at = map_put(&k->nodes, frame->address, &added);
	f->rc = PYCORE_ERR_NOMEM;
	if (!node.root || !at)
		return 1;
	if (!added) {
		f->rc = 0;
		return 0;
	}
	if (!vec_push(&k->web->nodes, node))
		return 1;
	*at = k->web->nodes.n;
	f->rc = add_frame_object(k, frame);
	f->node = (uint32_t)k->web->nodes.n - 1;
	if (f->rc == 0)
		stack_frame_edges(k->c, frame, add_held, f);
	return f->rc < 0;
}

static const char *thread_text(struct collection *k, const struct thread_names *names,
			       const struct thread_state *thread)
{
	const char *name = thread_names_get(names, k->c, thread->ident, k->arena);
	const char *gap = name ? " " : "";

	if (!name)
		name = "";
	if (thread->tid)
		return arena_printf(k->arena, "thread %llu%s%s", (unsigned long long)thread->tid,
				    gap, name);
	return arena_printf(k->arena, "thread 0x%llx%s%s", (unsigned long long)thread->ident, gap,
			    name);
}

int roots_add_frames(struct collection *k)
{
	const struct interpreters *all = k->h->interps;
	struct frames f = { .k = k };

	for (size_t i = 0; all && i < all->interps.n && f.rc == 0; i++) {
		struct thread_names names = { 0 };

		thread_names_read(&names, k->c, all->interps.items[i].address);
		for (uint32_t t = 0; t < all->threads.n && f.rc == 0; t++) {
			if (all->threads.items[t].interpreter != i)
				continue;
			f.thread = thread_text(k, &names, &all->threads.items[t]);
			if (!f.thread)
				f.rc = PYCORE_ERR_NOMEM;
			else
				stack_each_frame(k->c, all, t, add_frame, &f);
		}
		thread_names_fini(&names);
	}
	k->n_roots = (uint32_t)k->web->nodes.n;
	return f.rc;
}
