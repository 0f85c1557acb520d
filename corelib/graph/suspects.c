/* SPDX-License-Identifier: MIT */
#include "graph/suspects.h"

#include <stdlib.h>

#include "base/error.h"
#include "graph/reach.h"

static bool is_big(const struct suspicion *k, uint32_t object)
{
	return whole_retained(k->w, object) >= k->least;
}

/*
 * The points are big objects that are so without their big children. All that is big is
 * a tree of its own at the top of the dominator tree, and the lowest of it are points.
 */
static int find_points(struct suspicion *k)
{
	const struct whole *w = k->w;
	struct map below = { 0 }; /* 1 + object -> what its big children retain */
	int rc = 0;

	for (uint32_t o = 0; o < w->n && !rc; o++) {
		uint64_t *sum = is_big(k, o) ? map_put(&below, (uint64_t)w->idom[o] + 1, NULL)
					     : NULL;

		if (sum)
			*sum += whole_retained(w, o);
		else if (is_big(k, o))
			rc = PYCORE_ERR_NOMEM;
	}
	for (uint64_t o = 0; o <= w->n && !rc; o++) {
		uint64_t all = o < w->n ? whole_retained(w, (uint32_t)o) : w->total_bytes;
		const uint64_t *sum = all >= k->least ? map_get(&below, o + 1) : NULL;

		if (all < k->least || all - (sum ? *sum : 0) < k->least)
			continue;
		bit_set(k->at_point, (uint32_t)o);
		if (!vec_push(&k->points, (uint32_t)o))
			rc = PYCORE_ERR_NOMEM;
	}
	map_free(&below);
	return rc;
}

/* What is below a point and not big, by type. */
static int add_share(struct suspicion *k, uint32_t object)
{
	const struct whole *w = k->w;
	uint64_t key = ((uint64_t)w->idom[object] << 32 | w->objects.type[object]) + 1;
	struct share fresh = { w->idom[object], w->objects.type[object], object, 0, 0, 0 };
	uint64_t *at = map_put(&k->shares, key, NULL);
	struct share *share;

	if (!at)
		return PYCORE_ERR_NOMEM;
	if (!*at) {
		if (!vec_push(&k->list, fresh))
			return PYCORE_ERR_NOMEM;
		*at = k->list.n;
	}
	share = &k->list.items[*at - 1];
	share->count++;
	share->bytes += whole_bytes(w, object);
	share->retained += whole_retained(w, object);
	return 0;
}

static int find_shares(struct suspicion *k)
{
	const struct whole *w = k->w;
	int rc = 0;

	for (uint32_t o = 0; o < w->n && !rc; o++) {
		if (bit_test(k->at_point, w->idom[o]) && !is_big(k, o))
			rc = add_share(k, o);
	}
	return rc;
}

/* Types whose objects are types. */
static int find_classes(struct suspicion *k)
{
	const struct whole *w = k->w;

	k->classes = calloc(w->types.n + 1, sizeof(*k->classes));
	if (!k->classes)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < w->types.n && w->source.number; i++) {
		uint32_t o = w->source.number(w->source.arg, w->types.items[i].address);

		if (o != WHOLE_NONE)
			k->classes[w->objects.type[o]] = true;
	}
	return 0;
}

static bool is_module_or_class(const struct suspicion *k, uint32_t object)
{
	uint32_t type = k->w->objects.type[object];

	return k->classes[type] || !strcmp(k->w->types.items[type].name, "module");
}

static int note_namespace(void *arg, uint32_t object)
{
	return is_module_or_class(arg, object);
}

bool suspect_is_namespace(const struct suspicion *k, uint32_t object)
{
	if (object == k->w->n || is_module_or_class(k, object))
		return true;
	return k->w->objects.flags[object] & OBJECT_PART &&
	       whole_referrers(k->w, object, note_namespace, (void *)k) != 0;
}

uint32_t suspect_owner(const struct whole *w, uint32_t object)
{
	bool part = w->objects.flags[object] & OBJECT_PART && w->idom[object] < w->n;

	return part ? w->idom[object] : object;
}

/* Unless it is big by itself, what it holds most of. */
static void tell_items(const struct suspicion *k, uint32_t point, struct suspect_found *found)
{
	if (2 * whole_bytes(k->w, point) >= found->retained)
		return;
	for (size_t i = 0; i < k->list.n; i++) {
		const struct share *share = &k->list.items[i];

		if (share->point != point || share->retained <= found->items_retained)
			continue;
		found->item_type = share->type;
		found->items = share->count;
		found->items_retained = share->retained;
	}
}

static int add_objects(struct suspicion *k)
{
	for (size_t i = 0; i < k->points.n; i++) {
		uint32_t point = k->points.items[i];
		struct suspect_found found = { .kind = SUSPECT_OBJECT, .count = 1 };

		if (suspect_is_namespace(k, point))
			continue;
		found.object = found.first = suspect_owner(k->w, point);
		found.type = k->w->objects.type[found.object];
		found.bytes = whole_bytes(k->w, found.object);
		found.retained = whole_retained(k->w, found.object);
		tell_items(k, point, &found);
		if (!vec_push(&k->out->list, found))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

static int by_retained(const void *left, const void *right)
{
	const struct suspect_found *a = left, *b = right;

	if (a->retained != b->retained)
		return a->retained < b->retained ? 1 : -1;
	return (a->first > b->first) - (a->first < b->first);
}

int suspects_find(const struct whole *w, unsigned percent, struct suspects *out)
{
	struct suspicion k = { .w = w, .out = out };
	int rc;

	*out = (struct suspects){ .list = { .n = 0 } };
	k.least = w->total_bytes / 100 * percent + w->total_bytes % 100 * percent / 100;
	if (!k.least)
		return 0;
	k.at_point = calloc((size_t)w->n / 64 + 1, sizeof(*k.at_point));
	rc = k.at_point ? find_classes(&k) : PYCORE_ERR_NOMEM;
	if (!rc)
		rc = find_points(&k);
	if (!rc)
		rc = find_shares(&k);
	if (!rc)
		rc = add_objects(&k);
	if (!rc)
		rc = suspect_structures(&k);
	if (!rc)
		rc = suspect_groups(&k);
	if (!rc && out->list.n)
		qsort(out->list.items, out->list.n, sizeof(*out->list.items), by_retained);
	free(k.at_point);
	free(k.classes);
	map_free(&k.shares);
	vec_free(&k.points);
	vec_free(&k.list);
	return rc;
}

void suspects_fini(struct suspects *s)
{
	vec_free(&s->list);
}
