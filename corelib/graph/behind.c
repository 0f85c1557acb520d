/* SPDX-License-Identifier: MIT */
#include "graph/behind.h"

#include <stdlib.h>

#include "base/error.h"
#include "graph/audit.h"
#include "heap/behind.h"
#include "object/behind.h"

struct settle {
	struct whole *w;
	const struct ctx *c;
	struct missing missing;
	uint64_t *wanted; /* a bit for each object that is met */
	struct behind_trail trail;
	VEC(struct links_pair) pairs;
};

static bool is_wanted(const struct settle *s, uint32_t object)
{
	return s->wanted[object >> 6] >> (object & 63) & 1;
}

/* What is never freed needs nobody to hold it. */
static void want(struct settle *s)
{
	const struct whole *w = s->w;

	for (size_t i = 0; i < s->trail.found.n; i++) {
		uint32_t to = s->trail.found.items[i].to;
		int64_t count;

		if (is_wanted(s, to) || w->objects.flags[to] & (OBJECT_STATIC | OBJECT_IMMORTAL))
			continue;
		s->wanted[to >> 6] |= UINT64_C(1) << (to & 63);
		count = missing_counted(&s->missing, to);
		s->missing.of[to] = count < 0 ? 0 : count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
	}
}

static void take_known(struct settle *s)
{
	const struct links *f = &s->w->objects.forward;
	uint32_t end = f->start[s->w->n];

	for (uint32_t i = 0; i < end; i++) {
		if (is_wanted(s, f->to[i]))
			missing_take(&s->missing, f->to[i]);
	}
	missing_take_roots(&s->missing);
}

static int by_from(const void *left, const void *right)
{
	const struct behind_found *a = left, *b = right;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

/* The nearest words come first: as many are believed as references are missing. */
static void choose(struct settle *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->trail.found.n; i++) {
		struct behind_found *found = &s->trail.found.items[i];

		if (!s->missing.of[found->to])
			continue;
		missing_take(&s->missing, found->to);
		s->trail.found.items[n++] = *found;
	}
	s->trail.found.n = n;
	if (n)
		qsort(s->trail.found.items, n, sizeof(*s->trail.found.items), by_from);
}

static int keep(struct settle *s)
{
	const struct whole *w = s->w;

	for (size_t i = 0; i < s->trail.found.n; i++) {
		const struct behind_found *found = &s->trail.found.items[i];
		struct links_pair pair = { found->from, found->to };
		struct behind_edge edge = {
			.from = w->source.address(w->source.arg, found->from),
			.to = w->source.address(w->source.arg, found->to),
			.at = found->at,
		};

		if (!vec_push(&s->pairs, pair) || !vec_push(&s->c->behind->edges, edge))
			return PYCORE_ERR_NOMEM;
	}
	return links_insert(&s->w->objects.forward, s->pairs.items, s->pairs.n);
}

static int settle(struct settle *s)
{
	size_t n = s->w->n;

	s->missing.of = calloc(n + 1, sizeof(*s->missing.of));
	s->missing.held = calloc((n + 64) / 64, sizeof(*s->missing.held));
	s->wanted = calloc((n + 64) / 64, sizeof(*s->wanted));
	if (!s->missing.of || !s->missing.held || !s->wanted)
		return PYCORE_ERR_NOMEM;
	want(s);
	take_known(s);
	choose(s);
	return keep(s);
}

int behind_settle(struct whole *w, const struct ctx *c, const struct heap *h)
{
	struct settle s = { .w = w, .c = c, .missing = { .w = w, .c = c, .h = h } };
	int rc;

	if (!c->behind)
		return 0;
	rc = behind_follow(&w->objects.starts, h, c, &s.trail);
	vec_free(&w->objects.starts.list);
	if (!rc && s.trail.found.n)
		rc = settle(&s);
	free(s.missing.of);
	free(s.missing.held);
	free(s.wanted);
	vec_free(&s.trail.found);
	vec_free(&s.pairs);
	return rc;
}
