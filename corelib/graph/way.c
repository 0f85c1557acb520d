/* SPDX-License-Identifier: MIT */
#include "graph/way.h"

#include <stdlib.h>

#include "base/error.h"

/* Ways that are tried for one that Python can write; the first one is taken else. */
#define MOST_TRIES 40
#define MOST_STEPS (1u << 20)
/* More make no expression that Python would take. */
#define MOST_WRITTEN 2000
#define NO_PLACE UINT32_MAX

/*
 * A search from the object back along references, breadth first: the first root met is
 * a nearest one. next[] leads from each place that was reached to the object.
 */
struct search {
	const struct whole *w;
	uint32_t object;
	bool values;
	size_t longest;        /* 0: no limit */
	bool too_long;         /* the shortest there is has more steps */
	struct arena *arena;
	uint32_t *next;        /* by place: 1 + the one after it (that of the object is 0), 0: not
				* reached. Memory that is not touched costs nothing */
	VEC(uint32_t) reached; /* places, in the order of their distance */
	VEC(uint32_t) holders; /* places of what refers to the object */
	struct map banned;     /* 1 + (from << 32 | to): Python cannot go there */
	struct map used;       /* 1 + place of holders that a way leads through */
	bool failed;
};

static uint64_t edge_key(uint32_t from, uint32_t to)
{
	return ((uint64_t)from << 32 | to) + 1;
}

static const struct whole_root *root_of(const struct whole *w, uint32_t object)
{
	const uint64_t *at = map_get(&w->root_of, (uint64_t)object + 1);

	return at ? &w->roots.items[*at - 1] : NULL;
}

static int add_holder(void *arg, uint32_t object)
{
	struct search *s = arg;

	if (!vec_push(&s->holders, s->w->place[object]))
		s->failed = true;
	return s->failed;
}

static void visit(struct search *s, uint32_t from, uint32_t to)
{
	const struct whole *w = s->w;
	uint32_t next = to == NO_PLACE ? s->object : w->order[to];

	if (!from || s->next[from] || w->order[from] == s->object ||
	    (s->banned.n && map_get(&s->banned, edge_key(w->order[from], next))))
		return;
	s->next[from] = to == NO_PLACE ? 1 : to + 1;
	if (!vec_push(&s->reached, from))
		s->failed = true;
}

/* Of the places that are equally near, the root of the best kind. @return 0: none */
static uint32_t best_root(const struct search *s, size_t from, size_t to, bool written)
{
	uint32_t best = 0, best_kind = ROOT_KINDS;

	for (size_t i = from; i < to; i++) {
		uint32_t place = s->reached.items[i];
		const struct whole_root *root = root_of(s->w, s->w->order[place]);

		if (!root || (written && !root_is_written(root)) || root->kind >= best_kind)
			continue;
		best = place;
		best_kind = root->kind;
	}
	return best;
}

/* @return the place of a nearest root, 0: none */
static uint32_t search_back(struct search *s, bool written)
{
	const struct links *back = &s->w->back;
	size_t first = 0;

	for (size_t i = 0; i < s->reached.n; i++)
		s->next[s->reached.items[i]] = 0;
	s->reached.n = 0;
	for (size_t i = 0; i < s->holders.n; i++) {
		if (!map_get(&s->used, (uint64_t)s->holders.items[i] + 1))
			visit(s, s->holders.items[i], NO_PLACE);
	}
	while (first < s->reached.n && !s->failed) {
		size_t end = s->reached.n;
		uint32_t root = best_root(s, first, end, written);

		if (root)
			return root;
		for (; first < end && !s->failed; first++) {
			uint32_t to = s->reached.items[first];

			for (uint32_t i = back->start[to]; i < back->start[to + 1]; i++)
				visit(s, back->to[i], to);
		}
	}
	return 0;
}

/* What to call a root; of a module's global, the global. */
static const char *name_root(const struct search *s, const struct way *way)
{
	static const char *const texts[ROOT_KINDS] = {
		[ROOT_STATIC] = "static: the interpreter's or a module's own data",
		[ROOT_IMMORTAL] = "immortal: it is never freed",
		[ROOT_INTERNED] = "interned strings",
		[ROOT_STACK] = "a word on a frame's stack that may be left over",
		[ROOT_NATIVE] = "C code: no known object holds it, but it is referred to",
		[ROOT_GARBAGE] = "garbage: nothing holds it, the collector has not come yet",
	};
	const struct whole_root *root = way->root;
	const char *label = way->n_steps > 2 ? way->labels[2] : NULL;

	if (root->kind == ROOT_MODULE && label && label[0] == '[' && label[1] == '\'' &&
	    way->labels[1] && !strcmp(way->labels[1], ".__dict__"))
		return arena_printf(s->arena, "%s: %.*s", root->name, (int)strlen(label) - 4,
				    label + 2);
	if (root->name)
		return s->values ? root->name : root_without_thread(s->arena, root->name);
	return texts[root->kind] ? texts[root->kind] : root_kind_name(root->kind);
}

static int fill_labels(struct search *s, struct way *way)
{
	const struct whole_source *source = &s->w->source;
	const char **labels = arena_array(s->arena, way->n_steps, sizeof(*labels));

	if (!labels)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 1; source->label && i < way->n_steps; i++) {
		struct buf text = { 0 };

		if (source->label(source->arg, way->steps[i - 1], way->steps[i], &text) == 0)
			labels[i] = arena_strdup(s->arena, text.text ? text.text : "");
		buf_free(&text);
	}
	way->labels = labels;
	return 0;
}

/* @return 0, 1 if Python cannot write it (then @p bad is the step), or a negative status */
static int fill_expression(struct search *s, struct way *way, size_t *bad)
{
	const struct whole_source *source = &s->w->source;
	struct buf text = { 0 };
	int rc = 1;

	*bad = 0;
	if (source->expression && way->n_steps <= MOST_WRITTEN)
		rc = source->expression(source->arg, way->root, way->steps, way->n_steps, s->values,
					&text, bad);
	if (rc == 0 && text.text && !text.failed) {
		way->expression = arena_strdup(s->arena, text.text);
		rc = way->expression ? 0 : PYCORE_ERR_NOMEM;
	}
	buf_free(&text);
	return rc;
}

static int take_steps(struct search *s, uint32_t place, struct way *way)
{
	uint32_t *steps;
	size_t n = 1;

	for (uint32_t p = place; p && n < MOST_STEPS; p = s->next[p] - 1)
		n++;
	s->too_long = s->longest && n > s->longest;
	*way = (struct way){ .n_steps = 0 };
	if (s->too_long)
		return 0;
	steps = arena_array(s->arena, n, sizeof(*steps));
	if (!steps)
		return PYCORE_ERR_NOMEM;
	n = 0;
	for (uint32_t p = place; p && n + 1 < MOST_STEPS; p = s->next[p] - 1)
		steps[n++] = s->w->order[p];
	steps[n++] = s->object;
	*way = (struct way){ .root = root_of(s->w, steps[0]), .steps = steps, .n_steps = n };
	return 0;
}

static bool ban(struct search *s, const struct way *way, size_t step)
{
	return step && map_put(&s->banned, edge_key(way->steps[step - 1], way->steps[step]), NULL);
}

/* @return 1 and a way, 0: there is none (any more), or a negative status */
static int next_way(struct search *s, struct way *out)
{
	struct way first = { .n_steps = 0 };
	size_t bad;
	int rc;

	for (int tries = 0; tries < MOST_TRIES; tries++) {
		uint32_t place = search_back(s, true);

		if (!place)
			break;
		rc = take_steps(s, place, out);
		if (s->too_long)
			break;
		if (rc == 0)
			rc = fill_expression(s, out, &bad);
		if (rc <= 0)
			return rc ? rc : 1;
		if (!first.n_steps)
			first = *out;
		if (!ban(s, out, bad))
			break;
	}
	*out = first;
	if (first.n_steps)
		return 1;
	map_free(&s->banned);
	rc = s->failed ? PYCORE_ERR_NOMEM : 0;
	if (rc == 0) {
		uint32_t place = search_back(s, false);

		if (!place)
			return 0;
		rc = take_steps(s, place, out);
	}
	return rc ? rc : !s->too_long;
}

static int add_way(struct search *s, struct way *way, struct ways *out)
{
	int rc = fill_labels(s, way);

	if (rc)
		return rc;
	way->root_name = name_root(s, way);
	return way->root_name && vec_push(&out->list, *way) ? 0 : PYCORE_ERR_NOMEM;
}

/* The object is a root itself, maybe of several kinds. */
static int add_roots(struct search *s, size_t most, bool written, struct ways *out)
{
	const struct whole *w = s->w;
	uint32_t *step = arena_alloc(s->arena, sizeof(*step));
	int rc = step ? 0 : PYCORE_ERR_NOMEM;

	if (rc == 0)
		*step = s->object;
	if (!map_get(&w->root_of, (uint64_t)s->object + 1))
		return rc;
	for (size_t i = 0; i < w->roots.n && out->list.n < most && !rc; i++) {
		struct way way = { .root = &w->roots.items[i], .steps = step, .n_steps = 1 };
		size_t bad;

		if (way.root->object != s->object || (written && !root_is_written(way.root)))
			continue;
		rc = fill_expression(s, &way, &bad);
		/* A cell that is a local is not written: f_locals has what is in it. */
		if (rc >= 0 && written != (way.expression != NULL))
			rc = 0;
		else if (rc >= 0)
			rc = add_way(s, &way, out);
	}
	return rc;
}

static int add_ways(struct search *s, size_t most, struct ways *out)
{
	int rc = 1;

	while (rc > 0 && out->list.n < most) {
		struct way way;
		size_t holder;

		rc = next_way(s, &way);
		if (rc <= 0)
			break;
		holder = way.n_steps - 2;
		if (!map_put(&s->used, (uint64_t)s->w->place[way.steps[holder]] + 1, NULL))
			return PYCORE_ERR_NOMEM;
		rc = add_way(s, &way, out);
		if (rc == 0)
			rc = 1;
	}
	return s->failed ? PYCORE_ERR_NOMEM : rc < 0 ? rc : 0;
}

static int by_length(const void *left, const void *right)
{
	const struct way *a = left, *b = right;

	if (!a->expression != !b->expression)
		return a->expression ? -1 : 1;
	return (a->n_steps > b->n_steps) - (a->n_steps < b->n_steps);
}

int way_find(const struct whole *w, uint32_t object, const struct way_query *q, struct arena *a,
	     struct ways *out)
{
	struct search s = { .w = w, .object = object, .values = q->values, .longest = q->longest,
			    .arena = a };
	int rc;

	*out = (struct ways){ 0 };
	rc = add_roots(&s, q->most, true, out);
	if (rc == 0 && out->list.n < q->most) {
		whole_referrers(w, object, add_holder, &s);
		s.next = calloc((size_t)w->n_inner + 1, sizeof(*s.next));
		if (!s.next || s.failed)
			rc = PYCORE_ERR_NOMEM;
		if (rc == 0)
			rc = add_ways(&s, q->most, out);
	}
	if (rc == 0)
		rc = add_roots(&s, q->most, false, out);
	if (rc == 0 && out->list.n)
		qsort(out->list.items, out->list.n, sizeof(*out->list.items), by_length);
	free(s.next);
	vec_free(&s.reached);
	vec_free(&s.holders);
	map_free(&s.banned);
	map_free(&s.used);
	return rc;
}

void ways_fini(struct ways *ways)
{
	vec_free(&ways->list);
}
