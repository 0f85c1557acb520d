/* SPDX-License-Identifier: MIT */
#include "graph/collect.h"
#include "graph/holds.h"
#include "stack/stack.h"

/* Frames that are drawn as roots, and references of all; more is a runaway recursion. */
#define MOST_FRAMES 100000u
#define MOST_HELD 1000000u

/* What threads and their frames hold. */
struct frames {
	struct collection *k;
	const char *thread; /* "thread 12 w1" */
	uint32_t node;      /* whose references are read */
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

static int add_frame(void *arg, const struct stack_frame *frame)
{
	struct frames *f = arg;
	struct collection *k = f->k;
	struct web_node node = { .address = frame->address, .level = WEB_FAR, .type = WEB_FRAME };
	const char *function = function_text(k->c, frame->code, k->arena);
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

/* A reference from the thread state itself. */
static int hold(void *f, uint64_t to, const char *what)
{
	struct label label = { .kind = LABEL_FIELD, .text = what };

	return add_held(f, to, EDGE_OWNED, &label);
}

/* A thread state is a root of what it holds beside its frames. */
static int add_thread(struct frames *f, uint64_t interp, const struct thread_state *thread)
{
	struct collection *k = f->k;
	struct web_node node = {
		.address = thread->address,
		.level = WEB_FAR,
		.type = WEB_THREAD,
		.root = roots_name(k, f->thread),
	};
	uint64_t *at = map_put(&k->nodes, thread->address, NULL);

	if (!node.root || !at || !vec_push(&k->web->nodes, node))
		return PYCORE_ERR_NOMEM;
	*at = k->web->nodes.n;
	f->node = (uint32_t)k->web->nodes.n - 1;
	hold(f, thread_running_loop(k->c, interp, thread->address), RUNNING_LOOP);
	if (f->rc == 0)
		thread_holds(k->c, thread->address, hold, f);
	return f->rc;
}

/* An interpreter is a root of what it calls at exit and fork, and of codecs. */
static int add_interpreter(struct frames *f, const struct interpreter *interp)
{
	struct collection *k = f->k;
	const char *name = interp->id ? arena_printf(k->arena, "interpreter %lld",
						     (long long)interp->id)
				      : "interpreter";
	struct web_node node = { .address = interp->address, .level = WEB_FAR,
				 .type = WEB_INTERPRETER, .root = name ? roots_name(k, name) : 0 };
	uint64_t *at = map_put(&k->nodes, interp->address, NULL);

	if (!node.root || !at || !vec_push(&k->web->nodes, node))
		return PYCORE_ERR_NOMEM;
	*at = k->web->nodes.n;
	f->node = (uint32_t)k->web->nodes.n - 1;
	interpreter_holds(k->c, interp->address, hold, f);
	return f->rc;
}

int roots_add_threads(struct collection *k)
{
	const struct interpreters *all = k->h->interps;
	struct frames f = { .k = k };

	for (size_t i = 0; all && i < all->interps.n && f.rc == 0; i++) {
		struct thread_names names = { 0 };

		f.rc = add_interpreter(&f, &all->interps.items[i]);
		thread_names_read(&names, k->c, all->interps.items[i].address);
		for (uint32_t t = 0; t < all->threads.n && f.rc == 0; t++) {
			if (all->threads.items[t].interpreter != i)
				continue;
			f.thread = thread_text(k->c, &names, &all->threads.items[t], k->arena);
			f.rc = f.thread ? add_thread(&f, all->interps.items[i].address,
						     &all->threads.items[t])
					: PYCORE_ERR_NOMEM;
			if (f.rc == 0)
				stack_each_frame(k->c, all, t, add_frame, &f);
		}
		thread_names_fini(&names);
	}
	k->n_roots = (uint32_t)k->web->nodes.n;
	return f.rc;
}
