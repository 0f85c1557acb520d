/* SPDX-License-Identifier: MIT */
#include "graph/holds.h"

#include <string.h>

#include "runtime/names.h"

#define MOST_HANDLERS 1000
#define MOST_NAME 200

char *function_text(const struct ctx *c, uint64_t code, struct arena *a)
{
	uint64_t name;

	if (HAS(c->l, PyCodeObject, co_qualname) &&
	    LOAD(c->l, c->r, code, PyCodeObject, co_qualname, &name) && name)
		return value_strdup(c, name, a, MOST_NAME);
	if (LOAD(c->l, c->r, code, PyCodeObject, co_name, &name) && name)
		return value_strdup(c, name, a, MOST_NAME);
	return NULL;
}

char *thread_text(const struct ctx *c, const struct thread_names *names,
		  const struct thread_state *thread, struct arena *a)
{
	const char *name = thread_names_get(names, c, thread->ident, a);
	const char *gap = name ? " " : "";

	if (!name)
		name = "";
	if (thread->tid)
		return arena_printf(a, "thread %llu%s%s", (unsigned long long)thread->tid, gap,
				    name);
	return arena_printf(a, "thread 0x%llx%s%s", (unsigned long long)thread->ident, gap, name);
}

static int handled(const struct ctx *c, uint64_t tstate, hold_fn *fn, void *arg)
{
	uint64_t to, item;
	int rc = 0;

	if (!LOAD(c->l, c->r, tstate, PyThreadState, exc_info, &item))
		return 0;
	for (unsigned i = 0; item && i < MOST_HANDLERS && !rc; i++) {
		if (!LOAD(c->l, c->r, item, _PyErr_StackItem, exc_value, &to))
			return 0;
		rc = to ? fn(arg, to, "exception handled") : 0;
		if (!LOAD(c->l, c->r, item, _PyErr_StackItem, previous_item, &item))
			return rc;
	}
	return rc;
}

#define MOST_CALLBACKS 100000u
#define ATEXIT "atexit callbacks"

/* Functions with what they are to be called with: a block each (to 3.13), or a list. */
static int exit_holds(const struct ctx *c, uint64_t interp, hold_fn *fn, void *arg)
{
	static const unsigned of_callback[] = { F_atexit_py_callback_func, F_atexit_py_callback_args,
						F_atexit_py_callback_kwargs };
	uint64_t callbacks, n, at, to;
	int rc = 0;

	if (!runtime_load(c->l, c->r, interp, F_PyInterpreterState_atexit_callbacks, &callbacks) ||
	    !callbacks)
		return 0;
	if (!HAS(c->l, PyInterpreterState, atexit_ncallbacks))
		return fn(arg, callbacks, ATEXIT);
	if (!LOAD(c->l, c->r, interp, PyInterpreterState, atexit_ncallbacks, &n))
		return 0;
	for (uint64_t i = 0; i < n && i < MOST_CALLBACKS && !rc; i++) {
		if (!reader_spend(c->r, callbacks + 8 * i, 8 * i, 8) ||
		    !reader_probe_u64(c->r, callbacks + 8 * i, &at))
			break;
		/* One that was unregistered leaves a gap. */
		for (size_t k = 0; k < 3 && at && !rc; k++) {
			if (runtime_load(c->l, c->r, at, of_callback[k], &to) && to)
				rc = fn(arg, to, ATEXIT);
		}
	}
	return rc;
}

int interpreter_holds(const struct ctx *c, uint64_t interp, hold_fn *fn, void *arg)
{
	static const struct {
		unsigned field;
		const char *name;
	} holds[] = {
		{ F_PyInterpreterState_codec_search_path, "codec search functions" },
		{ F_PyInterpreterState_codec_search_cache, "codecs" },
		{ F_PyInterpreterState_codec_error_registry, "codec error handlers" },
		{ F_PyInterpreterState_before_forkers, "fork hooks" },
		{ F_PyInterpreterState_after_forkers_parent, "fork hooks" },
		{ F_PyInterpreterState_after_forkers_child, "fork hooks" },
		{ F_PyInterpreterState_audit_hooks, "audit hooks" },
		{ F_PyInterpreterState_dict, "interpreter's dict" },
	};
	uint64_t to;
	int rc = 0;

	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]) && !rc; i++) {
		if (runtime_load(c->l, c->r, interp, holds[i].field, &to) && to)
			rc = fn(arg, to, holds[i].name);
	}
	return rc ? rc : exit_holds(c, interp, fn, arg);
}

int thread_holds(const struct ctx *c, uint64_t tstate, hold_fn *fn, void *arg)
{
	static const struct {
		unsigned field;
		const char *name;
	} holds[] = {
		{ F_PyThreadState_dict, "dict" },
		{ F_PyThreadState_context, "context" },
		{ F_PyThreadState_c_profileobj, "profile function" },
		{ F_PyThreadState_c_traceobj, "trace function" },
		{ F_PyThreadState_async_exc, "exception to be raised" },
		{ F_PyThreadState_async_gen_firstiter, "async generators' first iteration hook" },
		{ F_PyThreadState_async_gen_finalizer, "async generators' finalizer hook" },
	};
	uint64_t to;
	int rc = 0;

	if ((LOAD(c->l, c->r, tstate, PyThreadState, current_exception, &to) ||
	     LOAD(c->l, c->r, tstate, PyThreadState, curexc_value, &to)) &&
	    to)
		rc = fn(arg, to, "exception raised");
	if (!rc)
		rc = handled(c, tstate, fn, arg);
	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]) && !rc; i++) {
		if (runtime_load(c->l, c->r, tstate, holds[i].field, &to) && to)
			rc = fn(arg, to, holds[i].name);
	}
	return rc;
}

/* A child has in memory what its parent's thread ran, with the parent's number. */
static bool is_of_parent(const struct ctx *c, uint64_t pid)
{
	uint64_t own = runtime_own_pid(c->r);

	return own && pid != own;
}

static bool is_type_named(const struct ctx *c, uint64_t address, const char *name)
{
	struct object o;

	return address && object_at(c, address, &o) == 0 && !strcmp(o.type->name, name);
}

/*
 * Where asyncio has no C code (to 3.6), _running_loop of asyncio.events is a threading.local:
 * the thread's dict has under its key what has the dict of the thread, and there loop_pid
 * is the loop and the process that it runs in.
 */
static uint64_t loop_of_local(const struct ctx *c, uint64_t interp, uint64_t dict)
{
	uint64_t events = value_module_dict(c, interp, "asyncio.events");
	uint64_t local = events ? value_dict_get(c, events, "_running_loop") : 0;
	uint64_t key, dummy, pair, size, loop, number, pid;
	struct buf name = { 0 };

	if (!local || !LOAD(c->l, c->r, local, localobject, key, &key) || !key)
		return 0;
	dummy = value_str(c, key, &name, MOST_NAME) >= 0 && name.text && !name.failed
			? value_dict_get(c, dict, name.text)
			: 0;
	buf_free(&name);
	if (!is_type_named(c, dummy, "_thread._localdummy") ||
	    !LOAD(c->l, c->r, dummy, localdummyobject, localdict, &dict) || !dict)
		return 0;
	pair = value_dict_get(c, dict, "loop_pid");
	if (!is_type_named(c, pair, "tuple") ||
	    !LOAD(c->l, c->r, pair, PyVarObject, ob_size, &size) || size != 2 ||
	    !reader_u64(c->r, pair + L(c->l, PyTupleObject, ob_item), &loop) ||
	    !reader_u64(c->r, pair + L(c->l, PyTupleObject, ob_item) + 8, &number))
		return 0;
	return names_int(c->l, c->r, number, &pid) && is_of_parent(c, pid) ? 0 : loop;
}

/* The dict has the loop itself, or what holds it together with the process that it runs in. */
static uint64_t loop_of_dict(const struct ctx *c, uint64_t dict)
{
	uint64_t found = value_dict_get(c, dict, "__asyncio_running_event_loop__"), loop, pid;

	if (!HAS(c->l, PyRunningLoopHolder, rl_loop) ||
	    (!is_type_named(c, found, "_RunningLoopHolder") &&
	     !is_type_named(c, found, "_asyncio._RunningLoopHolder")))
		return found;
	if (!LOAD(c->l, c->r, found, PyRunningLoopHolder, rl_loop, &loop) ||
	    !LOAD(c->l, c->r, found, PyRunningLoopHolder, rl_pid, &pid) || is_of_parent(c, pid))
		return 0;
	return loop;
}

uint64_t thread_running_loop(const struct ctx *c, uint64_t interp, uint64_t tstate)
{
	uint64_t loop = 0, dict = 0;

	if (HAS(c->l, _PyThreadStateImpl, asyncio_running_loop)) {
		LOAD(c->l, c->r, tstate, _PyThreadStateImpl, asyncio_running_loop, &loop);
	} else if (LOAD(c->l, c->r, tstate, PyThreadState, dict, &dict) && dict) {
		loop = loop_of_dict(c, dict);
		if (!loop)
			loop = loop_of_local(c, interp, dict);
	}
	return is_type_named(c, loop, "NoneType") ? 0 : loop;
}
