/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "session/whole.h"

/* Picked out of the graph: of the numbers of all, in arrays, nothing of the target is read. */

struct top {
	const struct whole *w;
	size_t limit;       /* 0: all */
	enum pick_order order;
	struct picked_list *list;
	bool no_memory;
};

/* Whether @p a is listed before @p b: more of what the order is by, which is put into bytes. */
static bool comes_before(const struct picked *a, const struct picked *b)
{
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes;
	return a->object < b->object;
}

static void sift_up(struct picked *heap, size_t at)
{
	struct picked moved = heap[at];

	while (at && comes_before(&heap[(at - 1) / 2], &moved)) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = moved;
}

static void sift_down(struct picked *heap, size_t n)
{
	struct picked moved = heap[0];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && comes_before(&heap[child], &heap[child + 1]))
			child++;
		if (!comes_before(&moved, &heap[child]))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

static uint64_t rank_of(const struct top *t, uint32_t object)
{
	switch (t->order) {
	case PICK_RETAINED:
		return whole_retained(t->w, object);
	case PICK_BIGGEST:
		return whole_bytes(t->w, object);
	case PICK_FIRST:
		break;
	}
	return 0;
}

static void offer(struct top *t, uint32_t object)
{
	struct picked p = { .bytes = rank_of(t, object), .object = object };

	if (!t->limit || t->list->found.n < t->limit) {
		if (!vec_push(&t->list->found, p))
			t->no_memory = true;
		else if (t->limit)
			sift_up(t->list->found.items, t->list->found.n - 1);
	} else if (comes_before(&p, &t->list->found.items[0])) {
		t->list->found.items[0] = p;
		sift_down(t->list->found.items, t->list->found.n);
	}
}

/* An instance's __dict__ is a part of it, unless dicts are what is asked for. */
static bool is_part(const struct top *t, uint32_t object)
{
	return t->w->objects.flags[object] & OBJECT_PART && t->w->idom[object] < t->w->n;
}

static int by_rank(const void *a, const void *b)
{
	return comes_before(b, a) - comes_before(a, b);
}

int pick_whole(struct pycore *s, const struct whole *w, const struct type_selection *selection,
	       size_t limit, enum pick_order order, bool parts, struct picked_list *out,
	       struct pycore_error *err)
{
	bool *wanted = calloc(w->types.n + 1, sizeof(*wanted));
	struct top t = { .w = w, .limit = limit, .order = order, .list = out };

	*out = (struct picked_list){ 0 };
	if (!wanted)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a list of objects");
	for (size_t i = 0; i < w->types.n; i++)
		wanted[i] = map_get(&selection->types, w->types.items[i].address) != NULL;
	for (uint32_t i = 0; i < w->n && !t.no_memory; i++) {
		if (wanted[w->objects.type[i]] && (parts || !is_part(&t, i)))
			offer(&t, i);
	}
	free(wanted);
	if (t.no_memory) {
		picked_fini(out);
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a list of objects");
	}
	if (out->found.n)
		qsort(out->found.items, out->found.n, sizeof(*out->found.items), by_rank);
	for (size_t i = 0; i < out->found.n; i++) {
		struct picked *p = &out->found.items[i];

		p->address = w->source.address(w->source.arg, p->object);
		p->bytes = whole_bytes(w, p->object);
		p->retained = whole_retained(w, p->object);
		p->type = s->types.types.items[w->objects.type[p->object]];
	}
	return 0;
}
