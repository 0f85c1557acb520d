/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/error.h"
#include "graph/reach.h"
#include "graph/suspects.h"

/*
 * Where objects hold others of their own type, bytes part deep in a list of links, or in
 * many branches of a tree: what a reader looks for is its beginning.
 */

/* Dominators between a link and the next: its __dict__, and a list of children. */
#define STEPS_BETWEEN 3
/* So many links are no mere nesting of containers. */
#define LINKS_LEAST 16

/* The nearest one above @p object that is of its type; WHOLE_NONE: there is none so near. */
static uint32_t link_above(const struct whole *w, uint32_t object)
{
	uint32_t at = object;

	for (int i = 0; i < STEPS_BETWEEN; i++) {
		at = w->idom[at];
		if (at >= w->n)
			return WHOLE_NONE;
		if (w->objects.type[at] == w->objects.type[object])
			return at;
	}
	return WHOLE_NONE;
}

static uint32_t head_of(const struct whole *w, uint32_t object, uint64_t *links)
{
	uint32_t up;

	*links = 0;
	while ((up = link_above(w, object)) != WHOLE_NONE) {
		object = up;
		++*links;
	}
	return object;
}

static bool is_builtin(const struct whole *w, uint32_t type)
{
	return !strchr(w->types.items[type].name, '.');
}

/* Objects of the head's type that it dominates, it among them. */
static int count_links(const struct whole *w, uint32_t head, uint64_t *out)
{
	uint64_t *below = calloc((size_t)w->n / 64 + 1, sizeof(*below));

	*out = 0;
	if (!below)
		return PYCORE_ERR_NOMEM;
	bit_set(below, head);
	/* In depth-first order a dominator comes before what it dominates. */
	for (uint32_t p = 1; p <= w->n_inner; p++) {
		uint32_t o = w->order[p], up = w->idom[o];

		if (up < w->n && bit_test(below, up))
			bit_set(below, o);
	}
	for (uint32_t o = 0; o < w->n; o++) {
		uint32_t up = w->idom[o];

		if (w->objects.type[o] == w->objects.type[head])
			*out += o == head || (up < w->n && bit_test(below, up));
	}
	free(below);
	return 0;
}

static int make_structure(const struct suspicion *k, uint32_t head, struct suspect_found *found)
{
	*found = (struct suspect_found){
		.kind = SUSPECT_STRUCTURE,
		.object = head,
		.first = head,
		.type = k->w->objects.type[head],
		.bytes = whole_bytes(k->w, head),
		.retained = whole_retained(k->w, head),
	};
	return count_links(k->w, head, &found->count);
}

struct link {
	uint32_t head;
	uint64_t links; /* above it */
};

/* Whether the suspects below one head are a structure, and which of them is told instead. */
static bool is_structure(const struct suspicion *k, const struct link *of, size_t n, size_t i,
			 size_t *first)
{
	size_t same = 0;
	bool deep = false;

	*first = i;
	for (size_t j = n; j-- > 0;) {
		if (of[j].head != of[i].head)
			continue;
		same++;
		deep |= of[j].links >= LINKS_LEAST;
		*first = j;
	}
	return deep || (same > 1 && !is_builtin(k->w, k->w->objects.type[of[i].head]));
}

int suspect_structures(struct suspicion *k)
{
	size_t n = k->out->list.n, kept = 0, first;
	struct suspect_found *list = k->out->list.items;
	struct link *of = calloc(n + 1, sizeof(*of));
	int rc = of ? 0 : PYCORE_ERR_NOMEM;

	for (size_t i = 0; i < n && !rc; i++)
		of[i].head = head_of(k->w, list[i].object, &of[i].links);
	for (size_t i = 0; i < n && !rc; i++) {
		struct suspect_found found = list[i];

		if (is_structure(k, of, n, i, &first)) {
			if (first < i)
				continue;
			rc = make_structure(k, of[i].head, &found);
		}
		list[kept++] = found;
	}
	if (!rc)
		k->out->list.n = kept;
	free(of);
	return rc;
}
