/* SPDX-License-Identifier: MIT */
#include "graph/holds.h"

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

int thread_holds(const struct ctx *c, uint64_t tstate, hold_fn *fn, void *arg)
{
	uint64_t to;
	int rc = 0;

	if ((LOAD(c->l, c->r, tstate, PyThreadState, current_exception, &to) ||
	     LOAD(c->l, c->r, tstate, PyThreadState, curexc_value, &to)) &&
	    to)
		rc = fn(arg, to, "exception raised");
	if (!rc)
		rc = handled(c, tstate, fn, arg);
	if (!rc && LOAD(c->l, c->r, tstate, PyThreadState, dict, &to) && to)
		rc = fn(arg, to, "dict");
	return rc;
}
