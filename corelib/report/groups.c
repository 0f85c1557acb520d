/* SPDX-License-Identifier: MIT */
#include "report/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

unsigned thread_importance(const struct pycore_thread *t)
{
	return (t->signal ? 4u : 0u) + (t->gil ? 2u : 0u) + (t->main ? 1u : 0u);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash * 31;
}

static uint64_t hash_stack(const struct pycore_thread *t)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) + t->complete;

	for (size_t i = 0; i < t->n_frames; i++) {
		hash = hash_text(hash, t->frames[i].file);
		hash = hash_text(hash, t->frames[i].function);
		hash = (hash ^ (uint32_t)t->frames[i].line) * UINT64_C(0x100000001b3);
	}
	return hash ? hash : 1;
}

bool stacks_equal(const struct pycore_thread *a, const struct pycore_thread *b)
{
	if (a->n_frames != b->n_frames || a->complete != b->complete)
		return false;
	for (size_t i = 0; i < a->n_frames; i++) {
		const struct pycore_frame *x = &a->frames[i], *y = &b->frames[i];

		if (x->line != y->line || strcmp(x->file, y->file) ||
		    strcmp(x->function, y->function))
			return false;
	}
	return true;
}

static int more_important(const void *a, const void *b)
{
	const struct stack_group *x = a, *y = b;
	unsigned of_x = thread_importance(x->first), of_y = thread_importance(y->first);

	if (of_x != of_y)
		return of_x < of_y ? 1 : -1;
	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return x->first->tid < y->first->tid ? -1 : x->first->tid > y->first->tid;
}

/* Two stacks of one hash that differ are two groups, and only the first can grow: no harm. */
static void add(struct stack_groups *g, struct map *by_hash, const struct pycore_thread *t)
{
	bool added;
	uint64_t *slot = map_put(by_hash, hash_stack(t), &added);
	struct stack_group *group;

	if (!slot) {
		g->failed = true;
		return;
	}
	group = added ? NULL : &g->groups[*slot];
	if (!group || !stacks_equal(group->first, t)) {
		if (added)
			*slot = g->n;
		g->groups[g->n++] = (struct stack_group){ .first = t, .n = 1 };
		return;
	}
	group->n++;
	if (thread_importance(t) > thread_importance(group->first))
		group->first = t;
}

struct stack_groups stack_groups_make(const struct pycore_thread *const *threads, size_t n)
{
	struct stack_groups g = { .groups = calloc(n ? n : 1, sizeof(*g.groups)) };
	struct map by_hash = { 0 };

	if (!g.groups) {
		g.failed = true;
		return g;
	}
	for (size_t i = 0; i < n && !g.failed; i++)
		add(&g, &by_hash, threads[i]);
	qsort(g.groups, g.n, sizeof(*g.groups), more_important);
	map_free(&by_hash);
	return g;
}

void stack_groups_free(struct stack_groups *g)
{
	free(g->groups);
	*g = (struct stack_groups){ 0 };
}
