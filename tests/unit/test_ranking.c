/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/ranking.h"

#define MOST 200

/* Of an odd size, and with what must move with it. */
struct thing {
	uint32_t rank, number;
	char also[13];
};

static bool is_before(const void *a, const void *b)
{
	const struct thing *x = a, *y = b;

	return x->rank != y->rank ? x->rank > y->rank : x->number < y->number;
}

static int by_order(const void *a, const void *b)
{
	return is_before(b, a) - is_before(a, b);
}

static struct thing make_thing(uint32_t number, uint32_t ranks)
{
	struct thing t = { .rank = (uint32_t)rand() % ranks, .number = number };

	memset(t.also, (int)(number % 100), sizeof(t.also));
	return t;
}

static void check(size_t n, size_t limit, uint32_t ranks)
{
	struct thing all[MOST], kept[MOST + 1];
	size_t n_kept = 0;

	for (size_t i = 0; i < n; i++) {
		all[i] = kept[n_kept++] = make_thing((uint32_t)i, ranks);
		n_kept = ranking_keep(kept, n_kept, limit, sizeof(*kept), is_before);
		assert_int_equal(n_kept, i + 1 < limit ? i + 1 : limit);
	}
	ranking_sort(kept, n_kept, sizeof(*kept), is_before);
	qsort(all, n, sizeof(*all), by_order);
	for (size_t i = 0; i < n_kept; i++) {
		assert_int_equal(kept[i].rank, all[i].rank);
		assert_int_equal(kept[i].number, all[i].number);
		assert_memory_equal(kept[i].also, all[i].also, sizeof(all[i].also));
	}
}

static void the_first_of_many_are_kept_in_their_order(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 2000; i++)
		check(1 + (size_t)rand() % MOST, (size_t)rand() % MOST, 1 + (uint32_t)rand() % 300);
}

static void of_none_and_with_no_limit_left_nothing_is_kept(void **state)
{
	struct thing one = make_thing(1, 10);

	(void)state;
	assert_int_equal(ranking_keep(&one, 1, 0, sizeof(one), is_before), 0);
	ranking_sort(NULL, 0, sizeof(one), is_before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_many_are_kept_in_their_order),
		cmocka_unit_test(of_none_and_with_no_limit_left_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
