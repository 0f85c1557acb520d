/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heap/arenas.h"
#include "lib/pools.h"

#define INTERP UINT64_C(0x560000000000)
#define STATE UINT64_C(0x561000000000)
#define TABLE UINT64_C(0x562000000000)
/* Page-aligned, but neither to a pool nor to a chunk of the index. */
#define ARENA(i) (UINT64_C(0x7f0000003000) + (uint64_t)(i) * FACT(l, ARENA_SIZE))
#define FAR (UINT64_C(0x7f1000000000) + 0x1000)

static struct fake *f;
static const struct layout *l;
static struct interpreters interps;
static struct arenas found;

static uint64_t first_pool(uint64_t arena)
{
	uint64_t pool = FACT(l, POOL_SIZE);

	return (arena + pool - 1) & ~(pool - 1);
}

static void put(uint64_t at, unsigned field, uint64_t value)
{
	fake_uint(f, at + l->field[field].offset, l->field[field].width, value);
}

static void put_arena(uint32_t number, uint64_t address)
{
	uint64_t pool = FACT(l, POOL_SIZE), at = first_pool(address);

	fake_map(f, address, FACT(l, ARENA_SIZE));
	for (unsigned i = 0; i < 3; i++)
		pools_put(f, l, at + i * pool, number, 64, 10 + i);
	put(TABLE + number * L(l, arena_object, sizeof), F_arena_object_address, address);
}

static bool has_state(void)
{
	return HAS(l, PyInterpreterState, obmalloc);
}

static void make(void)
{
	struct interpreter interp = { .address = INTERP };
	uint64_t state = INTERP;

	f = fake_new(TABLE, 0x4000);
	interps = (struct interpreters){ .complete = true };
	assert_true(vec_push(&interps.interps, interp));
	if (!has_state())
		return;
	fake_map(f, INTERP, 0x80000);
	if (FACT(l, OBMALLOC) == OBMALLOC_POINTER) {
		fake_map(f, STATE, 0x1000);
		put(INTERP, F_PyInterpreterState_obmalloc, STATE);
		state = STATE;
	} else {
		state += L(l, PyInterpreterState, obmalloc);
	}
	put(state, F__obmalloc_state_arenas, TABLE);
	put(state, F__obmalloc_state_maxarenas, 16);
	put(state, F__obmalloc_state_raw_allocated_blocks, 77);
}

static void find(void)
{
	assert_int_equal(arenas_find(&found, l, fake_reader(f), &interps, 2), 0);
}

static void unmake(void)
{
	arenas_fini(&found);
	vec_free(&interps.interps);
	fake_free(f);
}

static void each_layout(void (*test)(void))
{
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		/* Those without pools have pages: test_mimalloc.c */
		if (FACT(l, OBMALLOC) == OBMALLOC_MIMALLOC)
			continue;
		make();
		test();
		unmake();
	}
}

static void three_arenas(void)
{
	uint64_t pool = FACT(l, POOL_SIZE);

	put_arena(0, ARENA(0));
	put_arena(1, ARENA(1));
	put_arena(3, FAR);
	find();
	assert_int_equal(found.scanned, !has_state());
	assert_int_equal(found.n_arenas, 3);
	assert_int_equal(found.raw_known, has_state());
	assert_int_equal(found.raw_blocks, has_state() ? 77 : 0);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t at = first_pool(i < 2 ? ARENA(i) : FAR);

		assert_true(arenas_has(&found, at));
		assert_true(arenas_has(&found, at + 3 * pool - 1));
	}
	assert_false(arenas_has(&found, first_pool(ARENA(0)) - 1));
	assert_false(arenas_has(&found, ARENA(3)));
	assert_false(arenas_has(&found, FAR - 1));
	assert_false(arenas_has(&found, FAR + FACT(l, ARENA_SIZE)));
	assert_false(arenas_has(&found, 0));
	assert_false(arenas_has(&found, UINT64_MAX));
}

static void arenas_are_found_wherever_they_lie(void **state)
{
	(void)state;
	each_layout(three_arenas);
}

static void garbage_state(void)
{
	if (!has_state())
		return;
	put_arena(0, ARENA(0));
	put_arena(1, FAR);
	for (uint64_t at = 2 * L(l, arena_object, sizeof); at < 0x300; at += 8)
		fake_u64(f, TABLE + at, UINT64_C(0xdeadbeef00000001) + at);
	find();
	assert_true(found.scanned);
	assert_int_equal(found.n_arenas, 2);
	assert_true(arenas_has(&found, first_pool(FAR)));
}

static void a_state_that_is_garbage_gives_way_to_the_scan(void **state)
{
	(void)state;
	each_layout(garbage_state);
}

static void shared_state(void)
{
	struct interpreter other = { .address = INTERP };

	if (FACT(l, OBMALLOC) != OBMALLOC_POINTER)
		return;
	assert_true(vec_push(&interps.interps, other));
	put_arena(0, ARENA(0));
	find();
	assert_int_equal(found.n_arenas, 1);
	assert_int_equal(found.raw_blocks, 77);
}

static void an_allocator_that_interpreters_share_counts_once(void **state)
{
	(void)state;
	each_layout(shared_state);
}

static void none(void)
{
	find();
	assert_int_equal(found.n_arenas, 0);
	assert_false(arenas_has(&found, 0));
	assert_false(arenas_has(&found, ARENA(0)));
}

static void no_arenas_is_no_failure(void **state)
{
	(void)state;
	each_layout(none);
}

static void index_them(void)
{
	struct index x = { 0 };
	uint64_t at;

	put_arena(0, ARENA(0));
	put_arena(1, FAR);
	find();
	assert_int_equal(arenas_index(&found, fake_target(f), &x), 0);
	at = first_pool(FAR);
	assert_ptr_equal(arenas_chunk(&found, at), index_chunk_at(&x, at));
	assert_non_null(arenas_bytes(&found, at, 48));
	assert_memory_equal(arenas_bytes(&found, at, 48), fake_at(f, at, 48), 48);
	assert_null(arenas_bytes(&found, at, INDEX_CHUNK_SIZE));
	index_fini(&x);
}

static void each_chunk_with_pools_gets_its_place_in_the_index(void **state)
{
	(void)state;
	each_layout(index_them);
}

static void far_away(void)
{
	struct arenas a = { 0 };

	assert_true(arenas_add(&a, UINT64_C(0x7f0000000000), UINT64_C(0x7f0000100000)));
	assert_true(arenas_add(&a, UINT64_C(0x1000000), UINT64_C(0x1100000)));
	assert_true(arenas_add(&a, UINT64_C(0x7f0000200000), UINT64_C(0x7f0000300000)));
	assert_true(arenas_add(&a, UINT64_C(0x7a0000000000), UINT64_C(0x7a0000100000)));
	assert_int_equal(arenas_build(&a, (unsigned)__builtin_ctzll(FACT(l, POOL_SIZE))), 0);
	assert_int_equal(a.left_out, 1);
	assert_false(arenas_has(&a, 0x1080000));
	assert_true(arenas_has(&a, UINT64_C(0x7f00002fffff)));
	assert_true(arenas_has(&a, UINT64_C(0x7a0000080000)));
	arenas_fini(&a);
}

static void one_arena_that_is_absurdly_far_from_the_rest_is_left_out(void **state)
{
	(void)state;
	each_layout(far_away);
}

/* A table, all of which is mapped, of arenas that are not. */
static void unreadable(void)
{
	const uint64_t table = UINT64_C(0x563000000000);
	const uint32_t n = 5000, stride = L(l, arena_object, sizeof);
	uint64_t state = FACT(l, OBMALLOC) == OBMALLOC_POINTER ?
				 STATE : INTERP + L(l, PyInterpreterState, obmalloc);

	if (!has_state())
		return;
	fake_map(f, table, n * stride);
	for (uint32_t i = 0; i < n; i++)
		put(table + i * stride, F_arena_object_address, FAR + i * (UINT64_C(8) << 20));
	put(state, F__obmalloc_state_arenas, table);
	put(state, F__obmalloc_state_maxarenas, n);
	find();
	assert_in_range(found.n_arenas, 1, 2000);
	assert_int_equal(found.n_arenas + found.left_out, n);
}

static void arenas_of_which_nothing_can_be_read_are_not_believed_without_end(void **state)
{
	(void)state;
	each_layout(unreadable);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arenas_are_found_wherever_they_lie),
		cmocka_unit_test(a_state_that_is_garbage_gives_way_to_the_scan),
		cmocka_unit_test(an_allocator_that_interpreters_share_counts_once),
		cmocka_unit_test(no_arenas_is_no_failure),
		cmocka_unit_test(each_chunk_with_pools_gets_its_place_in_the_index),
		cmocka_unit_test(one_arena_that_is_absurdly_far_from_the_rest_is_left_out),
		cmocka_unit_test(arenas_of_which_nothing_can_be_read_are_not_believed_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
