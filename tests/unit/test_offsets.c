/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/offsets.h"
#include "runtime/offsets.h"

#define RUNTIME UINT64_C(0x555500)

static struct fake *tell(const struct layout *l)
{
	return offsets_tell(l, RUNTIME);
}

/* Where a target tells of @p field. */
static uint64_t place(const struct layout *l, unsigned field)
{
	const struct debug_offsets *told = layout_debug_offsets(l->version);

	for (unsigned i = 0; i < told->n; i++)
		if (told->items[i].field == field)
			return RUNTIME + told->items[i].at;
	fail();
	return 0;
}

static const struct layout *with_offsets(unsigned *i)
{
	const struct layout *l;

	while ((l = layout_at((*i)++)) && !layout_debug_offsets(l->version))
		;
	return l;
}

static void what_agrees_changes_nothing_but_the_source(void **state)
{
	const struct layout *table;

	(void)state;
	for (unsigned i = 0; (table = with_offsets(&i));) {
		struct fake *f = tell(table);
		struct layout l = *table;
		unsigned told = 0;

		assert_true(offsets_overlay(&l, fake_reader(f), RUNTIME));
		for (unsigned k = 0; k < N_FIELDS; k++) {
			assert_int_equal(l.field[k].offset, table->field[k].offset);
			assert_int_equal(l.field[k].present, table->field[k].present);
			told += l.field[k].source == SOURCE_DEBUG_OFFSETS;
		}
		assert_true(told > 50);
		fake_free(f);
	}
}

static void what_the_target_tells_goes_over_the_table(void **state)
{
	const struct layout *table;

	(void)state;
	for (unsigned i = 0; (table = with_offsets(&i));) {
		struct fake *f = tell(table);
		struct layout l = *table;
		uint64_t size = L(table, PyThreadState, sizeof);

		fake_u64(f, place(table, F_PyThreadState_sizeof), size + 64);
		fake_u64(f, place(table, F_PyThreadState_interp), size);
		assert_true(offsets_overlay(&l, fake_reader(f), RUNTIME));
		assert_int_equal(L(&l, PyThreadState, interp), size);
		assert_int_equal(l.field[F_PyThreadState_interp].source, SOURCE_DEBUG_OFFSETS);
		assert_int_equal(l.field[F_PyThreadState_dict].source, SOURCE_TABLE);
		fake_free(f);
	}
}

static void the_collectors_fields_move_with_it(void **state)
{
	const struct layout *table;

	(void)state;
	for (unsigned i = 0; (table = with_offsets(&i));) {
		struct fake *f = tell(table);
		struct layout l = *table;

		fake_u64(f, place(table, F_PyInterpreterState_gc),
			 L(table, PyInterpreterState, gc) + 16);
		assert_true(offsets_overlay(&l, fake_reader(f), RUNTIME));
		if (HAS(table, PyInterpreterState, gc_generation0))
			assert_int_equal(L(&l, PyInterpreterState, gc_generation0),
					 L(table, PyInterpreterState, gc_generation0) + 16);
		assert_int_equal(L(&l, PyInterpreterState, gc_collecting),
				 L(table, PyInterpreterState, gc_collecting) + 16);
		fake_free(f);
	}
}

static void the_incremental_collector_has_no_generation0(void **state)
{
	const struct layout *table = layout_find(PYVER(3, 14, 10), BUILD_RELEASE, NULL);
	struct fake *f = tell(table);
	struct layout l = *table;

	(void)state;
	fake_u64(f, place(table, F__gc_runtime_state_sizeof), 240);
	assert_true(offsets_overlay(&l, fake_reader(f), RUNTIME));
	assert_false(HAS(&l, PyInterpreterState, gc_generation0));
	assert_true(HAS(&l, PyInterpreterState, gc_generations));
	fake_free(f);
}

/* With the u64 at @p at changed, nothing is believed and nothing is changed. */
static void check_rejected(const struct layout *table, uint64_t at, uint64_t value)
{
	struct fake *f = tell(table);
	struct layout l = *table;

	fake_u64(f, at, value);
	assert_false(offsets_overlay(&l, fake_reader(f), RUNTIME));
	assert_memory_equal(&l, table, sizeof(l));
	fake_free(f);
}

static void one_number_that_cannot_be_spoils_all(void **state)
{
	const struct layout *l;

	(void)state;
	for (unsigned i = 0; (l = with_offsets(&i));) {
		/* no cookie, another version, neither free-threaded nor not */
		check_rejected(l, RUNTIME, 0x7967756265647878);
		check_rejected(l, RUNTIME + 8, PYVER(3, 12, 1));
		check_rejected(l, RUNTIME + 8, UINT64_MAX);
		check_rejected(l, RUNTIME + 16, 7);
		/* beyond its struct; unaligned; beyond anything; at another's place */
		check_rejected(l, place(l, F_PyThreadState_next), L(l, PyThreadState, sizeof));
		check_rejected(l, place(l, F_PyThreadState_next), 9);
		check_rejected(l, place(l, F_PyThreadState_next), UINT64_MAX - 7);
		check_rejected(l, place(l, F_PyThreadState_next), L(l, PyThreadState, prev));
		check_rejected(l, place(l, F_PyInterpreterState_gc_collecting), UINT64_MAX);
		check_rejected(l, place(l, F__gil_runtime_state_locked), OFFSETS_GIL_AT - 8);
		/* sizes */
		check_rejected(l, place(l, F__PyRuntimeState_sizeof), 0);
		check_rejected(l, place(l, F_PyListObject_sizeof), 1 << 20);
		check_rejected(l, place(l, F_PyInterpreterState_sizeof), UINT64_C(1) << 33);
	}
}

static void noise_is_rejected(void **state)
{
	const struct layout *table;
	uint64_t x = 88172645463325252u;

	(void)state;
	for (unsigned i = 0; (table = with_offsets(&i));) {
		const struct debug_offsets *told = layout_debug_offsets(table->version);

		for (unsigned round = 0; round < 500; round++) {
			struct fake *f = tell(table);
			struct layout l = *table;

			for (unsigned k = 24; k < told->size; k += 8) {
				x ^= x << 13;
				x ^= x >> 7;
				x ^= x << 17;
				fake_u64(f, RUNTIME + k, round % 2 ? x : x & 0x3f8);
			}
			assert_false(offsets_overlay(&l, fake_reader(f), RUNTIME));
			assert_memory_equal(&l, table, sizeof(l));
			fake_free(f);
		}
	}
}

static void zeros_and_the_end_of_memory_are_rejected(void **state)
{
	const struct layout *table;

	(void)state;
	for (unsigned i = 0; (table = with_offsets(&i));) {
		struct fake *f = fake_new(RUNTIME, 1024);
		struct layout l = *table;

		assert_false(offsets_overlay(&l, fake_reader(f), RUNTIME));
		fake_bytes(f, RUNTIME, OFFSETS_COOKIE, 8);
		fake_u64(f, RUNTIME + 8, table->version);
		assert_false(offsets_overlay(&l, fake_reader(f), RUNTIME));
		fake_bytes(f, RUNTIME + 1000, OFFSETS_COOKIE, 8);
		fake_u64(f, RUNTIME + 1008, table->version);
		assert_false(offsets_overlay(&l, fake_reader(f), RUNTIME + 1000));
		assert_false(offsets_overlay(&l, fake_reader(f), UINT64_MAX - 8));
		assert_memory_equal(&l, table, sizeof(l));
		fake_free(f);
	}
}

static void a_version_without_debug_offsets_has_no_overlay(void **state)
{
	const struct layout *table = layout_find(PYVER(3, 12, 1), BUILD_RELEASE, NULL);
	struct fake *f = tell(layout_find(PYVER(3, 13, 5), BUILD_RELEASE, NULL));
	struct layout l = *table;

	(void)state;
	assert_false(offsets_overlay(&l, fake_reader(f), RUNTIME));
	fake_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_agrees_changes_nothing_but_the_source),
		cmocka_unit_test(what_the_target_tells_goes_over_the_table),
		cmocka_unit_test(the_collectors_fields_move_with_it),
		cmocka_unit_test(the_incremental_collector_has_no_generation0),
		cmocka_unit_test(one_number_that_cannot_be_spoils_all),
		cmocka_unit_test(noise_is_rejected),
		cmocka_unit_test(zeros_and_the_end_of_memory_are_rejected),
		cmocka_unit_test(a_version_without_debug_offsets_has_no_overlay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
