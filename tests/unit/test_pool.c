/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heap/pool.h"
#include "lib/pools.h"

#define POOL UINT64_C(0x7f0000100000)

static struct fake *f;
static const struct layout *l;

static enum pool_verdict read_it(struct pool *p)
{
	return pool_read(l, fake_at(f, POOL, FACT(l, POOL_SIZE)), POOL, p);
}

static bool looks_true(uint32_t *arena)
{
	return pool_looks_true(l, fake_at(f, POOL, FACT(l, POOL_SIZE)), POOL, arena);
}

static void each_layout(void (*test)(void))
{
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		/* Those without pools have pages: test_mimalloc.c */
		if (FACT(l, OBMALLOC) == OBMALLOC_MIMALLOC)
			continue;
		f = fake_new(POOL, FACT(l, POOL_SIZE));
		test();
		fake_free(f);
	}
}

static void free_blocks(void)
{
	struct pool p;
	uint32_t arena;

	pools_put(f, l, POOL, 5, 64, 40);
	pools_free(f, l, POOL, 3);
	pools_free(f, l, POOL, 39);
	pools_free(f, l, POOL, 0);
	assert_true(looks_true(&arena));
	assert_int_equal(arena, 5);
	assert_int_equal(read_it(&p), POOL_READ);
	assert_int_equal(p.carved, 40);
	assert_int_equal(p.n_live, 37);
	assert_int_equal(p.size, 64);
	assert_true(p.freed[0] == (UINT64_C(1) << 39 | 1 << 3 | 1));
}

static void what_is_on_the_free_chain_is_not_live(void **state)
{
	(void)state;
	each_layout(free_blocks);
}

static void all_sizes(void)
{
	for (uint32_t size = 16; size <= 512; size += 16) {
		uint32_t room = pools_room(l, size), arena;
		struct pool p;

		pools_put(f, l, POOL, 0, size, room);
		assert_true(looks_true(&arena));
		assert_int_equal(read_it(&p), POOL_READ);
		assert_int_equal(p.n_live, room);
		pools_put(f, l, POOL, 0, size, room + 1);
		assert_int_equal(read_it(&p), POOL_DAMAGED);
	}
}

static void a_full_pool_of_every_size_is_read(void **state)
{
	(void)state;
	each_layout(all_sizes);
}

static void zeros(void)
{
	struct pool p;
	uint32_t arena;

	assert_false(looks_true(&arena));
	assert_int_equal(read_it(&p), POOL_EMPTY);
	pools_put(f, l, POOL, 0, 32, 1);
	pools_free(f, l, POOL, 0);
	assert_false(looks_true(&arena));
	assert_int_equal(read_it(&p), POOL_EMPTY);
}

static void a_pool_without_live_blocks_is_empty(void **state)
{
	(void)state;
	each_layout(zeros);
}

static void cycle(void)
{
	struct pool p;

	pools_put(f, l, POOL, 0, 32, 10);
	pools_free(f, l, POOL, 4);
	pools_free(f, l, POOL, 6);
	fake_u64(f, pools_block(f, l, POOL, 4), pools_block(f, l, POOL, 6));
	assert_int_equal(read_it(&p), POOL_DAMAGED);
}

static void a_free_chain_that_bites_its_tail_is_damage(void **state)
{
	(void)state;
	each_layout(cycle);
}

static void astray(void)
{
	const uint64_t first = POOL + L(l, pool_header, sizeof);
	const uint64_t wrong[] = { 1, POOL - 16, POOL, POOL + FACT(l, POOL_SIZE), first + 2 * 32 + 8,
				   first + 12 * 32, UINT64_MAX };
	struct pool p;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		pools_put(f, l, POOL, 0, 32, 10);
		pools_free(f, l, POOL, 4);
		fake_u64(f, pools_block(f, l, POOL, 4), wrong[i]);
		assert_int_equal(read_it(&p), POOL_DAMAGED);
		fake_u64(f, POOL + L(l, pool_header, freeblock), wrong[i]);
		assert_int_equal(read_it(&p), POOL_DAMAGED);
	}
}

static void a_free_chain_that_leaves_the_pool_is_damage(void **state)
{
	(void)state;
	each_layout(astray);
}

static void torn(void)
{
	struct pool p;

	pools_put(f, l, POOL, 0, 32, 10);
	pools_free(f, l, POOL, 4);
	fake_u32(f, POOL + L(l, pool_header, ref), 10);
	assert_int_equal(read_it(&p), POOL_READ);
	assert_int_equal(p.n_live, 9);
	fake_u32(f, POOL + L(l, pool_header, ref), 7);
	assert_int_equal(read_it(&p), POOL_DAMAGED);
}

static void a_count_may_be_off_by_one_as_inside_malloc(void **state)
{
	(void)state;
	each_layout(torn);
}

static void noise(void)
{
	uint64_t random = 88172645463325252;
	unsigned read = 0;

	for (int round = 0; round < 2000; round++) {
		struct pool p;
		uint32_t arena;

		for (uint64_t at = 0; at < 64; at += 8) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			fake_u64(f, POOL + at, random);
		}
		read += looks_true(&arena);
		read += read_it(&p) == POOL_READ;
	}
	assert_int_equal(read, 0);
}

static void noise_is_no_pool(void **state)
{
	(void)state;
	each_layout(noise);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_on_the_free_chain_is_not_live),
		cmocka_unit_test(a_full_pool_of_every_size_is_read),
		cmocka_unit_test(a_pool_without_live_blocks_is_empty),
		cmocka_unit_test(a_free_chain_that_bites_its_tail_is_damage),
		cmocka_unit_test(a_free_chain_that_leaves_the_pool_is_damage),
		cmocka_unit_test(a_count_may_be_off_by_one_as_inside_malloc),
		cmocka_unit_test(noise_is_no_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
