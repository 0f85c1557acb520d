/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "object/text.h"
#include "session/detail.h"

/* What a name means in a thread: a local of its frames, a global, a builtin. */

#define MOST_NAME 200
#define MOST_FRAMES 100000u
#define MOST_GLOBALS 64

struct lookup {
	struct ctx c;
	const char *name;
	uint32_t frames;
	uint64_t code;      /* of the frame looked at */
	uint64_t globals[MOST_GLOBALS]; /* of the frames, each once, those of the newest first */
	uint32_t n_globals;
	uint64_t found;
};

static int try_local(void *arg, uint64_t name, uint64_t value)
{
	struct lookup *look = arg;

	if (!text_is(look->c.l, look->c.r, name, look->name, strlen(look->name)))
		return 0;
	look->found = value;
	return 1;
}

static void add_globals(struct lookup *look, uint64_t globals)
{
	for (uint32_t i = 0; i < look->n_globals; i++) {
		if (look->globals[i] == globals)
			return;
	}
	if (globals && look->n_globals < MOST_GLOBALS)
		look->globals[look->n_globals++] = globals;
}

static int try_frame(void *arg, const struct stack_frame *frame)
{
	struct lookup *look = arg;

	look->frames++;
	add_globals(look, frame->globals);
	look->code = frame->code;
	stack_frame_locals(&look->c, frame, try_local, look);
	return look->found || look->frames >= MOST_FRAMES;
}

static const char *local_of(struct pycore *s, const struct lookup *look)
{
	const struct ctx *c = &look->c;
	const char *function = NULL;
	uint64_t name;

	if (look->frames == 1)
		return arena_printf(&s->arena, "local '%s'", look->name);
	if (LOAD(c->l, c->r, look->code, PyCodeObject, co_name, &name) && name)
		function = value_strdup(c, name, &s->arena, MOST_NAME);
	return arena_printf(&s->arena, "local '%s' of %s()", look->name, function ? function : "?");
}

static const char *find_global(struct pycore *s, struct lookup *look)
{
	const struct ctx *c = &look->c;

	for (uint32_t i = 0; i < look->n_globals; i++) {
		const char *module = NULL;
		uint64_t name;

		look->found = value_dict_get(c, look->globals[i], look->name);
		if (!look->found)
			continue;
		if (!i)
			return arena_printf(&s->arena, "global '%s'", look->name);
		name = value_dict_get(c, look->globals[i], "__name__");
		if (name)
			module = value_strdup(c, name, &s->arena, MOST_NAME);
		return arena_printf(&s->arena, "global '%s' of %s", look->name,
				    module ? module : "?");
	}
	return NULL;
}

static int find_thread(const struct pycore *s, uint64_t tid, uint32_t *out)
{
	for (uint32_t i = 0; i < s->interps.threads.n; i++) {
		const struct thread_state *t = &s->interps.threads.items[i];

		*out = i;
		if (!tid || t->tid == tid || (!t->tid && t->ident == tid))
			return 0;
	}
	return PYCORE_ERR_NOT_FOUND;
}

static uint64_t builtin(struct pycore *s, const struct lookup *look, uint32_t thread)
{
	uint32_t interp = s->interps.threads.items[thread].interpreter;
	uint64_t dict = 0;

	if (interp < s->interps.interps.n)
		dict = value_module_dict(&look->c, s->interps.interps.items[interp].address,
					 runtime_builtins(look->c.l));
	return dict ? value_dict_get(&look->c, dict, look->name) : 0;
}

int detail_name(struct pycore *s, const struct pycore_detail_query *q, uint64_t *address,
		const char **found_as, struct pycore_error *err)
{
	struct lookup look = { .c = session_ctx(s), .name = q->name };
	uint32_t thread;

	if (find_thread(s, q->tid, &thread))
		return pycore_fail(err, PYCORE_ERR_NOT_FOUND,
				   "thread %" PRIu64 " runs no Python code", q->tid);
	stack_each_frame(&look.c, &s->interps, thread, try_frame, &look);
	*found_as = look.found ? local_of(s, &look) : find_global(s, &look);
	if (!look.found) {
		look.found = builtin(s, &look, thread);
		*found_as = arena_printf(&s->arena, "builtin '%s'", q->name);
	}
	if (!look.found)
		return pycore_fail(err, PYCORE_ERR_NOT_FOUND,
				   "no local, global or builtin is named '%.100s' in %s", q->name,
				   look.frames ? "this thread" : "this thread, which has no frames");
	*address = look.found;
	return *found_as ? 0 : pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for an object");
}
