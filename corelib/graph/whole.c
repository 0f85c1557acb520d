/* SPDX-License-Identifier: MIT */
#include "graph/whole.h"

#include <stdlib.h>

#include "base/error.h"

static const struct {
	const char *name;
	unsigned phase;
} kinds[ROOT_KINDS] = {
	[ROOT_NO_KIND] = { "unknown", 4 },
	[ROOT_MODULE] = { "module", 1 },
	[ROOT_ASYNCIO] = { "asyncio", 1 },
	[ROOT_LOCAL] = { "local", 1 },
	[ROOT_FRAME] = { "frame", 1 },
	[ROOT_THREAD] = { "thread", 1 },
	[ROOT_INTERPRETER] = { "interpreter", 1 },
	[ROOT_STATIC] = { "static", 1 },
	[ROOT_IMMORTAL] = { "immortal", 1 },
	[ROOT_INTERNED] = { "interned", 2 },
	[ROOT_STACK] = { "stack", 2 },
	[ROOT_NATIVE] = { "native", 3 },
	[ROOT_GARBAGE] = { "garbage", 4 },
};

unsigned root_phase(enum root_kind kind)
{
	return kind < ROOT_KINDS ? kinds[kind].phase : PHASES;
}

const char *root_kind_name(enum root_kind kind)
{
	return kinds[kind < ROOT_KINDS ? kind : ROOT_NO_KIND].name;
}

const char *root_without_thread(struct arena *a, const char *name)
{
	static const char thread[] = "thread ";
	const char *colon = NULL;
	size_t number;

	if (strncmp(name, thread, strlen(thread)))
		return name;
	for (const char *at = name; (at = strstr(at, ": ")); at++)
		colon = at;
	number = strlen(thread) + strcspn(name + strlen(thread), " :");
	return arena_printf(a, "%.*s%s", (int)number, name, colon ? colon : "");
}

int whole_init(struct whole *w, uint32_t n)
{
	size_t room = (size_t)n + 1;

	w->n = n;
	w->objects.type = calloc(room, sizeof(*w->objects.type));
	w->objects.bytes = calloc(room, sizeof(*w->objects.bytes));
	w->objects.flags = calloc(room, sizeof(*w->objects.flags));
	return w->objects.type && w->objects.bytes && w->objects.flags ? 0 : PYCORE_ERR_NOMEM;
}

void whole_fini(struct whole *w)
{
	if (w->source.free)
		w->source.free(w->source.arg);
	free(w->objects.type);
	free(w->objects.bytes);
	free(w->objects.flags);
	map_free(&w->objects.giants);
	links_fini(&w->objects.forward);
	vec_free(&w->objects.starts.list);
	vec_free(&w->types);
	vec_free(&w->roots);
	vec_free(&w->frames);
	map_free(&w->root_of);
	arena_free(&w->arena);
	free(w->idom);
	free(w->order);
	free(w->place);
	links_fini(&w->back);
	free(w->retained);
	*w = (struct whole){ 0 };
}

bool whole_set_bytes(struct whole *w, uint32_t object, uint64_t bytes)
{
	uint64_t *giant;

	w->objects.bytes[object] = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
	if (bytes < UINT32_MAX)
		return true;
	giant = map_put(&w->objects.giants, (uint64_t)object + 1, NULL);
	if (giant)
		*giant = bytes;
	return giant != NULL;
}

unsigned whole_phase(const struct whole *w, uint32_t object)
{
	uint32_t place = w->place[object];
	unsigned phase = 1;

	if (!place && w->idom[object] < w->n)
		place = w->place[w->idom[object]];
	if (!place)
		return 1 + (w->objects.flags[object] >> WHOLE_PHASE_SHIFT);
	while (phase < PHASES && place >= w->first_place[phase + 1])
		phase++;
	return phase;
}

/* Of what refers to nothing no list is kept: it is most of the heap, and rarely asked for. */
static int leaf_referrers(const struct whole *w, uint32_t object, whole_fn *fn, void *arg)
{
	const struct links *f = &w->objects.forward;
	unsigned phase = whole_phase(w, object);
	uint32_t end = f->start[w->n], from = 0;

	for (uint32_t i = 0; i < end; i++) {
		int rc;

		if (f->to[i] != object)
			continue;
		while (f->start[from + 1] <= i)
			from++;
		if (w->place[from] >= w->first_place[phase + 1])
			continue;
		rc = fn(arg, from);
		if (rc)
			return rc;
	}
	return 0;
}

int whole_referrers(const struct whole *w, uint32_t object, whole_fn *fn, void *arg)
{
	uint32_t place = w->place[object];

	if (!place)
		return leaf_referrers(w, object, fn, arg);
	for (uint32_t i = w->back.start[place]; i < w->back.start[place + 1]; i++) {
		int rc = w->back.to[i] ? fn(arg, w->order[w->back.to[i]]) : 0;

		if (rc)
			return rc;
	}
	return 0;
}
