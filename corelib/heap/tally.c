/* SPDX-License-Identifier: MIT */
#include "heap/tally.h"

#include <stdlib.h>
#include <string.h>

static bool add_size(struct tally *t, struct pycore_size_class more)
{
	for (size_t i = 0; i < t->sizes.n; i++) {
		struct pycore_size_class *to = &t->sizes.items[i];

		if (to->size != more.size)
			continue;
		to->pools += more.pools;
		to->live += more.live;
		to->free += more.free;
		return true;
	}
	return vec_push(&t->sizes, more);
}

bool tally_pool(struct tally *t, uint64_t size, uint64_t live, uint64_t room)
{
	return add_size(t, (struct pycore_size_class){ .size = size, .pools = 1, .live = live,
						       .free = room > live ? room - live : 0 });
}

bool tally_kept(struct tally *t, const char *type, uint64_t count)
{
	for (size_t i = 0; i < t->lists.n; i++) {
		if (strcmp(t->lists.items[i].type, type))
			continue;
		t->lists.items[i].count += count;
		return true;
	}
	return vec_push(&t->lists, ((struct pycore_free_list){ type, count }));
}

bool tally_join(struct tally *to, const struct tally *from)
{
	bool ok = true;

	for (size_t i = 0; ok && i < from->sizes.n; i++)
		ok = add_size(to, from->sizes.items[i]);
	for (size_t i = 0; ok && i < from->lists.n; i++)
		ok = tally_kept(to, from->lists.items[i].type, from->lists.items[i].count);
	return ok;
}

static int by_size(const void *left, const void *right)
{
	const struct pycore_size_class *a = left, *b = right;

	return (a->size > b->size) - (a->size < b->size);
}

static int by_name(const void *left, const void *right)
{
	const struct pycore_free_list *a = left, *b = right;

	return strcmp(a->type, b->type);
}

void tally_sort(struct tally *t)
{
	if (t->sizes.n)
		qsort(t->sizes.items, t->sizes.n, sizeof(*t->sizes.items), by_size);
	if (t->lists.n)
		qsort(t->lists.items, t->lists.n, sizeof(*t->lists.items), by_name);
}

void tally_fini(struct tally *t)
{
	vec_free(&t->sizes);
	vec_free(&t->lists);
}
