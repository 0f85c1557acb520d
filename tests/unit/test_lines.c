/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "layout/layout.h"
#include "lib/fake.h"
#include "stack/lines.h"

#define BASE UINT64_C(0x7f0000000000)

/* From byte @c at on, @c line. */
struct run {
	int64_t at;
	int32_t line;
};

#include "unit/line_tables.inc"

/* A table that an interpreter made, and what that interpreter says of each byte of code. */
struct truth {
	const char *version;
	const uint8_t *table;
	size_t table_size;
	const struct run *runs;
	size_t n_runs;
	uint64_t shape;
	int32_t first;
	int64_t code_size;
};

#define TRUTH(version, name, shape, first, size)                                               \
	{ version, table_##name, sizeof(table_##name), runs_##name,                            \
	  sizeof(runs_##name) / sizeof(*runs_##name), shape, first, size }

static const struct truth truths[] = {
	TRUTH_3_9, TRUTH_3_10, TRUTH_3_11, TRUTH_3_12, TRUTH_3_13, TRUTH_3_14, TRUTH_3_15,
};
#define N_TRUTHS (sizeof(truths) / sizeof(*truths))

static struct fake *put(const uint8_t *bytes, size_t size)
{
	struct fake *f = fake_new(BASE, size);

	fake_bytes(f, BASE, bytes, size);
	return f;
}

static int32_t find(struct fake *f, uint64_t shape, uint64_t size, int64_t lasti)
{
	struct line_table table = { BASE, size, shape, 21 };

	return line_table_find(&table, fake_reader(f), lasti);
}

static void every_byte_has_the_line_that_its_interpreter_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * N_TRUTHS; i++) {
		const struct truth *t = &truths[i / 2];
		struct fake *f = put(t->table, t->table_size);
		size_t run = 0;

		fake_in_place(f, i % 2);
		for (int64_t at = 0; at < t->code_size; at++) {
			if (run + 1 < t->n_runs && t->runs[run + 1].at == at)
				run++;
			if (find(f, t->shape, t->table_size, at) != t->runs[run].line)
				fail_msg("Python %s, byte %lld", t->version, (long long)at);
		}
		fake_free(f);
	}
}

static void code_that_was_not_started_is_at_its_first_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TRUTHS; i++) {
		struct fake *f = put(truths[i].table, truths[i].table_size);

		assert_int_equal(find(f, truths[i].shape, truths[i].table_size, -1), 21);
		fake_free(f);
	}
}

static void a_byte_past_the_ranges_has_no_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TRUTHS; i++) {
		const struct truth *t = &truths[i];
		struct fake *f = put(t->table, t->table_size);

		if (t->shape != LINE_LNOTAB) {
			assert_int_equal(find(f, t->shape, t->table_size, t->code_size + 2), 0);
			assert_int_equal(find(f, t->shape, t->table_size, INT64_MAX), 0);
		}
		fake_free(f);
	}
}

static void a_table_cut_by_unmapped_memory_has_no_line_beyond(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TRUTHS; i++) {
		const struct truth *t = &truths[i];
		struct fake *f = put(t->table, t->table_size / 2);

		assert_int_equal(find(f, t->shape, t->table_size, t->code_size - 1), 0);
		/* A length beyond all memory is the same. */
		assert_int_equal(find(f, t->shape, UINT64_MAX, t->code_size - 1), 0);
		fake_free(f);
	}
}

static void an_empty_table_gives_the_first_line_or_none(void **state)
{
	struct fake *f = fake_new(BASE, 0);

	(void)state;
	assert_int_equal(find(f, LINE_LNOTAB, 0, 4), 21);
	assert_int_equal(find(f, LINE_RANGES, 0, 4), 0);
	assert_int_equal(find(f, LINE_LOCATIONS, 0, 4), 0);
	fake_free(f);
}

/* The same numbers on every machine. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void garbage_gives_a_line_or_none(void **state)
{
	static const uint64_t shapes[] = { LINE_LNOTAB, LINE_RANGES, LINE_LOCATIONS };
	uint32_t seed = 1;
	uint8_t bytes[700];

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct fake *f;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)next_random(&seed);
		f = put(bytes, sizeof(bytes));
		for (size_t k = 0; k < 3; k++) {
			int64_t lasti = next_random(&seed) % 20000;

			assert_true(find(f, shapes[k], sizeof(bytes), lasti) >= 0);
		}
		fake_free(f);
	}
}

static void a_number_without_end_is_damage(void **state)
{
	uint8_t bytes[64];
	struct fake *f;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0x7f;
	bytes[0] = 0x80 | 13 << 3;
	f = put(bytes, sizeof(bytes));
	assert_int_equal(find(f, LINE_LOCATIONS, sizeof(bytes), 0), 0);
	fake_free(f);
}

static void a_line_beyond_an_int_is_none(void **state)
{
	/* One entry of the form without columns: the biggest step of 36 bits. */
	static const uint8_t bytes[] = { 0x80 | 13 << 3, 0x7e, 0x7f, 0x7f, 0x7f, 0x7f, 0x3f };
	struct fake *f = put(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(find(f, LINE_LOCATIONS, sizeof(bytes), 0), 0);
	fake_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_has_the_line_that_its_interpreter_says),
		cmocka_unit_test(code_that_was_not_started_is_at_its_first_line),
		cmocka_unit_test(a_byte_past_the_ranges_has_no_line),
		cmocka_unit_test(a_table_cut_by_unmapped_memory_has_no_line_beyond),
		cmocka_unit_test(an_empty_table_gives_the_first_line_or_none),
		cmocka_unit_test(garbage_gives_a_line_or_none),
		cmocka_unit_test(a_number_without_end_is_damage),
		cmocka_unit_test(a_line_beyond_an_int_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
