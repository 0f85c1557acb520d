/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heap/index.h"

#define BASE UINT64_C(0x7f0000000000)

static void put(struct index *x, uint64_t addr)
{
	struct index_chunk *chunk = index_chunk_make(x, addr);

	assert_non_null(chunk);
	assert_false(bitmap_set(chunk->object, addr));
}

static void an_empty_index_has_nothing(void **state)
{
	struct index x = { 0 };

	(void)state;
	assert_false(index_has(&x, BASE));
	assert_int_equal(index_number(&x), 0);
	assert_int_equal(x.n_objects, 0);
	assert_int_equal(index_number_of(&x, BASE), UINT32_MAX);
	index_fini(&x);
}

static void an_address_is_found_only_as_it_was_put(void **state)
{
	struct index x = { 0 };

	(void)state;
	put(&x, BASE + 0x18);
	assert_true(index_has(&x, BASE + 0x18));
	assert_false(index_has(&x, BASE + 0x10));
	assert_false(index_has(&x, BASE + 0x1c)); /* inside its granule */
	assert_false(index_has(&x, BASE + 0x18 + INDEX_CHUNK_SIZE));
	index_fini(&x);
}

struct order {
	const struct index *x;
	uint64_t last;
	uint32_t n;
};

static int in_order(void *arg, uint64_t addr)
{
	struct order *o = arg;

	assert_true(addr > o->last);
	assert_int_equal(index_number_of(o->x, addr), o->n);
	o->last = addr;
	o->n++;
	return 0;
}

static void objects_are_numbered_by_address(void **state)
{
	struct index x = { 0 };
	struct order o = { .x = &x };
	uint64_t addr = 1;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		uint64_t at;

		addr = addr * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		at = BASE + ((addr >> 20) % (64 * INDEX_CHUNK_SIZE) & ~UINT64_C(7));
		assert_non_null(index_chunk_make(&x, at));
		n += !bitmap_set(index_chunk_at(&x, at)->object, at);
	}
	assert_int_equal(index_number(&x), 0);
	assert_int_equal(x.n_objects, n);
	assert_int_equal(index_each(&x, in_order, &o), 0);
	assert_int_equal(o.n, n);
	index_fini(&x);
}

static void the_first_and_the_last_granule_of_a_chunk_count(void **state)
{
	struct index x = { 0 };

	(void)state;
	put(&x, BASE);
	put(&x, BASE + INDEX_CHUNK_SIZE - 8);
	put(&x, BASE + INDEX_CHUNK_SIZE);
	assert_int_equal(index_number(&x), 0);
	assert_int_equal(index_number_of(&x, BASE), 0);
	assert_int_equal(index_number_of(&x, BASE + INDEX_CHUNK_SIZE - 8), 1);
	assert_int_equal(index_number_of(&x, BASE + INDEX_CHUNK_SIZE), 2);
	index_fini(&x);
}

static int stop_at_second(void *arg, uint64_t addr)
{
	(void)addr;
	return ++*(int *)arg == 2 ? 7 : 0;
}

static void a_walk_ends_when_it_is_told_to(void **state)
{
	struct index x = { 0 };
	int calls = 0;

	(void)state;
	put(&x, BASE);
	put(&x, BASE + 8);
	put(&x, BASE + INDEX_CHUNK_SIZE * 3);
	assert_int_equal(index_number(&x), 0);
	assert_int_equal(index_each(&x, stop_at_second, &calls), 7);
	assert_int_equal(calls, 2);
	index_fini(&x);
}

static void numbers_are_made_anew_after_a_change(void **state)
{
	struct index x = { 0 };

	(void)state;
	put(&x, BASE + 64);
	put(&x, BASE + 128);
	assert_int_equal(index_number(&x), 0);
	bitmap_clear(index_chunk_at(&x, BASE)->object, BASE + 64);
	put(&x, BASE - 8);
	assert_int_equal(index_number(&x), 0);
	assert_int_equal(x.n_objects, 2);
	assert_int_equal(index_number_of(&x, BASE - 8), 0);
	assert_int_equal(index_number_of(&x, BASE + 64), UINT32_MAX);
	assert_int_equal(index_number_of(&x, BASE + 128), 1);
	index_fini(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_index_has_nothing),
		cmocka_unit_test(an_address_is_found_only_as_it_was_put),
		cmocka_unit_test(objects_are_numbered_by_address),
		cmocka_unit_test(the_first_and_the_last_granule_of_a_chunk_count),
		cmocka_unit_test(a_walk_ends_when_it_is_told_to),
		cmocka_unit_test(numbers_are_made_anew_after_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
