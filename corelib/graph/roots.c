/* SPDX-License-Identifier: MIT */
#include "graph/roots.h"

#include "base/error.h"
#include "graph/holds.h"
#include "stack/stack.h"

/* More frames is a runaway recursion: the newest tell what it is. */
#define MOST_FRAMES 100000u
#define MOST_HELD 1000000u
#define MOST_NAME 200

struct list {
	struct whole *w;
	const struct ctx *c;
	const struct heap *h;
	const struct interpreter *interp;
	const char *of;     /* " of interpreter 1", or "" */
	const char *thread; /* "thread 12 w1" */
	const char *frame;  /* "thread 12 w1: f()" */
	uint64_t address;   /* of the frame, or of the thread's state */
	uint64_t ident;
	uint64_t loop;      /* that the thread runs, or 0 */
	size_t loop_root;   /* 1 + number of its root, or 0 */
	uint32_t n_frames, n_held;
	int rc;
};

static int add(struct list *l, uint64_t address, struct whole_root root)
{
	root.object = index_number_of(&l->h->index, address);
	if (root.object == WHOLE_NONE)
		return 0;
	if (!vec_push(&l->w->roots, root))
		l->rc = PYCORE_ERR_NOMEM;
	return l->rc;
}

static const char *text(struct list *l, const char *made)
{
	if (!made)
		l->rc = PYCORE_ERR_NOMEM;
	return made;
}

static int add_interpreter_hold(void *arg, uint64_t to, const char *what)
{
	struct list *l = arg;
	struct whole_root root = { .kind = ROOT_INTERPRETER, .field = what,
				   .address = l->interp->address };

	root.name = text(l, arena_printf(&l->w->arena, "%s%s", what, l->of));
	return l->rc ? l->rc : add(l, to, root);
}

/* What the interpreter itself holds, and what evaluates to it. */
static void add_interpreter(struct list *l)
{
	static const struct {
		unsigned field;
		enum root_kind kind;
		const char *name, *expression;
	} holds[] = {
		{ F_PyInterpreterState_modules, ROOT_INTERPRETER, "sys.modules", "sys.modules" },
		{ F_PyInterpreterState_sysdict, ROOT_INTERPRETER, "sys.__dict__",
		  "sys.modules['sys'].__dict__" },
		{ F_PyInterpreterState_builtins, ROOT_INTERPRETER, "builtins.__dict__",
		  "sys.modules['builtins'].__dict__" },
		{ F_PyInterpreterState_gc_garbage, ROOT_INTERPRETER, "gc.garbage", "gc.garbage" },
		{ F_PyInterpreterState_interned_strings, ROOT_INTERNED, "interned strings", NULL },
	};

	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]) && !l->rc; i++) {
		struct whole_root root = { .kind = holds[i].kind,
					   .expression = holds[i].expression };
		uint64_t to;

		if (!runtime_load(l->c->l, l->c->r, l->interp->address, holds[i].field, &to))
			continue;
		root.name = text(l, arena_printf(&l->w->arena, "%s%s", holds[i].name, l->of));
		add(l, to, root);
	}
	if (!l->rc)
		interpreter_holds(l->c, l->interp->address, add_interpreter_hold, l);
}

/* Any object may stand in sys.modules. */
static int add_module(void *arg, uint64_t key, uint64_t value)
{
	struct list *l = arg;
	struct whole_root root = { .kind = ROOT_MODULE };
	const char *name = value_strdup(l->c, key, &l->w->arena, MOST_NAME);
	struct buf quoted = { 0 };

	if (!name)
		return 0;
	root.name = text(l, arena_printf(&l->w->arena, "module %s%s", name, l->of));
	value_repr(l->c, key, &quoted, 0, MOST_NAME);
	if (quoted.text)
		root.expression = text(l, arena_printf(&l->w->arena, "sys.modules[%s]",
						       quoted.text));
	buf_free(&quoted);
	return l->rc ? l->rc : add(l, value, root);
}

/* The event loop that the thread runs, before the locals of its frames that are the same. */
static void add_loop(struct list *l)
{
	struct whole_root root = { .kind = ROOT_ASYNCIO, .field = RUNNING_LOOP,
				   .address = l->address };
	size_t before = l->w->roots.n;

	l->loop_root = 0;
	l->loop = thread_running_loop(l->c, l->interp->address, l->address);
	if (!l->loop || l->rc)
		return;
	root.name = text(l, arena_printf(&l->w->arena, "%s: " RUNNING_LOOP, l->thread));
	if (!l->rc)
		add(l, l->loop, root);
	if (l->w->roots.n > before)
		l->loop_root = l->w->roots.n;
}

/* Python can write a local that is the loop: the newest frame's. */
static void write_loop(struct list *l, uint32_t frame, const char *local)
{
	struct whole_root *root = l->loop_root ? &l->w->roots.items[l->loop_root - 1] : NULL;

	if (!root || root->local)
		return;
	root->frame = frame;
	root->local = local;
}

static int add_held(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct list *l = arg;
	struct whole_root root = { .kind = kind == EDGE_GUESS ? ROOT_STACK : ROOT_FRAME,
				   .name = l->frame,
				   .address = l->address,
				   .frame = (uint32_t)l->w->frames.n };
	const char *name = NULL;

	/* From 3.14 on a slot may borrow what a local of the thread's frames holds. */
	if (kind == EDGE_WEAK || kind == EDGE_BORROWED || l->n_held++ >= MOST_HELD)
		return 0;
	if (label->kind == LABEL_FIELD)
		root.field = label->text;
	if (label->kind == LABEL_LOCAL)
		name = value_strdup(l->c, label->key, &l->w->arena, MOST_NAME);
	if (name) {
		if (to == l->loop)
			write_loop(l, root.frame, name);
		root.kind = ROOT_LOCAL;
		root.local = name;
		root.name = text(l, arena_printf(&l->w->arena, "%s local '%s'", l->frame, name));
	}
	return l->rc ? l->rc : add(l, to, root);
}

/* The frame's object, where there is one, is not all of it. */
static void add_frame_object(struct list *l, uint64_t frame)
{
	const struct layout *layout = l->c->l;
	struct whole_root root = { .kind = ROOT_FRAME, .name = l->frame,
				   .address = l->address,
				   .frame = (uint32_t)l->w->frames.n, .itself = true };
	uint64_t object = frame;

	if (HAS(layout, _PyInterpreterFrame, frame_obj) &&
	    (!LOAD(layout, l->c->r, frame, _PyInterpreterFrame, frame_obj, &object) || !object))
		return;
	add(l, object, root);
}

static int add_frame(void *arg, const struct stack_frame *frame)
{
	struct list *l = arg;
	const char *function = function_text(l->c, frame->code, &l->w->arena);
	struct root_frame detail = { l->ident, frame->depth };

	if (l->n_frames++ >= MOST_FRAMES)
		return 1;
	l->address = frame->address;
	l->frame = text(l, arena_printf(&l->w->arena, "%s: %s()", l->thread,
					function ? function : "?"));
	if (!vec_push(&l->w->frames, detail))
		l->rc = PYCORE_ERR_NOMEM;
	if (l->rc)
		return l->rc;
	add_frame_object(l, frame->address);
	stack_frame_edges(l->c, frame, add_held, l);
	return l->rc;
}

static int add_thread_hold(void *arg, uint64_t to, const char *what)
{
	struct list *l = arg;
	struct whole_root root = { .kind = ROOT_THREAD, .field = what, .address = l->address };

	root.name = text(l, arena_printf(&l->w->arena, "%s: %s", l->thread, what));
	return l->rc ? l->rc : add(l, to, root);
}

static void add_threads(struct list *l, uint32_t interp)
{
	const struct interpreters *all = l->h->interps;
	struct thread_names names = { 0 };

	thread_names_read(&names, l->c, l->interp->address);
	for (uint32_t i = 0; i < all->threads.n && !l->rc; i++) {
		const struct thread_state *thread = &all->threads.items[i];

		if (thread->interpreter != interp)
			continue;
		l->ident = thread->ident;
		l->thread = text(l, thread_text(l->c, &names, thread, &l->w->arena));
		l->address = thread->address;
		add_loop(l);
		if (!l->rc)
			thread_holds(l->c, thread->address, add_thread_hold, l);
		if (!l->rc)
			stack_each_frame(l->c, all, i, add_frame, l);
	}
	thread_names_fini(&names);
}

static void add_undying(struct list *l)
{
	const struct whole *w = l->w;

	for (uint32_t i = 0; i < w->n && !l->rc; i++) {
		uint8_t flags = w->objects.flags[i];
		struct whole_root root = { .object = i, .kind = ROOT_IMMORTAL };

		if (flags & OBJECT_STATIC)
			root.kind = ROOT_STATIC;
		if (flags & (OBJECT_STATIC | OBJECT_IMMORTAL) && !vec_push(&l->w->roots, root))
			l->rc = PYCORE_ERR_NOMEM;
	}
}

int roots_read(struct whole *w, const struct ctx *c, const struct heap *h)
{
	struct list l = { .w = w, .c = c, .h = h };

	for (uint32_t i = 0; i < h->interps->interps.n && !l.rc; i++) {
		uint64_t modules;

		l.interp = &h->interps->interps.items[i];
		l.of = l.interp->id ? arena_printf(&w->arena, " of interpreter %lld",
						   (long long)l.interp->id)
				    : "";
		if (!l.of)
			return PYCORE_ERR_NOMEM;
		if (LOAD(c->l, c->r, l.interp->address, PyInterpreterState, modules, &modules))
			value_dict_each(c, modules, add_module, &l);
		if (!l.rc)
			add_threads(&l, i);
		if (!l.rc)
			add_interpreter(&l);
	}
	if (!l.rc)
		add_undying(&l);
	return l.rc;
}
