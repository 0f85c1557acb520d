/* SPDX-License-Identifier: MIT */
#include "base/ranking.h"

#include <stdlib.h>
#include <string.h>

/* A heap whose root comes last of all. */
struct heap {
	char *things;
	size_t size;
	ranking_before_fn *before;
};

static char *thing(const struct heap *h, size_t i)
{
	return h->things + i * h->size;
}

static bool comes_before(const struct heap *h, size_t i, size_t k)
{
	return h->before(thing(h, i), thing(h, k));
}

static void swap(const struct heap *h, size_t i, size_t k)
{
	char *a = thing(h, i), *b = thing(h, k);
	char piece[16];

	for (size_t at = 0, n; at < h->size; at += n) {
		n = h->size - at < sizeof(piece) ? h->size - at : sizeof(piece);
		memcpy(piece, a + at, n);
		memcpy(a + at, b + at, n);
		memcpy(b + at, piece, n);
	}
}

static void sift_up(const struct heap *h, size_t at)
{
	for (size_t up; at && comes_before(h, up = (at - 1) / 2, at); at = up)
		swap(h, up, at);
}

static void sift_down(const struct heap *h, size_t n)
{
	for (size_t at = 0, child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && comes_before(h, child, child + 1))
			child++;
		if (!comes_before(h, at, child))
			break;
		swap(h, at, child);
	}
}

size_t ranking_keep(void *things, size_t n, size_t limit, size_t size, ranking_before_fn *before)
{
	struct heap h = { things, size, before };

	if (n <= limit) {
		sift_up(&h, n - 1);
		return n;
	}
	if (limit && comes_before(&h, n - 1, 0)) {
		swap(&h, n - 1, 0);
		sift_down(&h, n - 1);
	}
	return n - 1;
}

static int by_order(const void *a, const void *b, void *ctx)
{
	ranking_before_fn *const *before = ctx;

	return (*before)(b, a) - (*before)(a, b);
}

void ranking_sort(void *things, size_t n, size_t size, ranking_before_fn *before)
{
	if (n)
		qsort_r(things, n, size, by_order, &before);
}
