/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/ranking.h"
#include "session/whole.h"

/* Picked out of the graph: of the numbers of all, in arrays, nothing of the target is read. */

struct top {
	const struct whole *w;
	size_t limit;       /* 0: all */
	enum pick_order order;
	struct picked_list *list;
	bool no_memory;
};

/* More of what the order is by, which is put into bytes, comes first. */
static bool comes_before(const void *a, const void *b)
{
	const struct picked *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes;
	return x->object < y->object;
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

	if (!vec_push(&t->list->found, p))
		t->no_memory = true;
	else if (t->limit)
		t->list->found.n = ranking_keep(t->list->found.items, t->list->found.n, t->limit,
						sizeof(p), comes_before);
}

/* An instance's __dict__ is a part of it, unless dicts are what is asked for. */
static bool is_part(const struct top *t, uint32_t object)
{
	return t->w->objects.flags[object] & OBJECT_PART && t->w->idom[object] < t->w->n;
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
	ranking_sort(out->found.items, out->found.n, sizeof(*out->found.items), comes_before);
	for (size_t i = 0; i < out->found.n; i++) {
		struct picked *p = &out->found.items[i];

		p->address = w->source.address(w->source.arg, p->object);
		p->bytes = whole_bytes(w, p->object);
		p->retained = whole_retained(w, p->object);
		p->type = s->types.types.items[w->objects.type[p->object]];
	}
	return 0;
}
