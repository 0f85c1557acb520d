/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/fake.h"

#define BASE UINT64_C(0x7f0000000000)

/* Ranges with borders that are no page's, and holes. */
static struct fake *ranges(bool in_place)
{
	struct fake *f = fake_new(BASE + 0x123, 0x5000);

	fake_map(f, BASE + 0x5123, 0x10);
	fake_map(f, BASE + 0x6000, 0x3001);
	fake_map(f, BASE + 0x100000, 0x100000);
	for (size_t i = 0; i < fake_target(f)->n_regions; i++) {
		const struct region *g = &fake_target(f)->regions[i];

		for (uint64_t a = g->start; a < g->end; a++)
			fake_u8(f, a, (uint8_t)(a * 7 + (a >> 8)));
	}
	fake_in_place(f, in_place);
	return f;
}

static bool right(const unsigned char *p, uint64_t addr, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t a = addr + i;

		if (p[i] != (uint8_t)(a * 7 + (a >> 8)))
			return false;
	}
	return true;
}

static bool mapped(const struct target *t, uint64_t addr)
{
	for (size_t i = 0; i < t->n_regions; i++) {
		if (addr >= t->regions[i].start && addr < t->regions[i].end)
			return true;
	}
	return false;
}

static size_t readable(const struct target *t, uint64_t addr, size_t len)
{
	size_t n = 0;

	while (n < len && mapped(t, addr + n))
		n++;
	return n;
}

static void check_borders(bool in_place)
{
	struct fake *f = ranges(in_place);
	struct reader *r = fake_reader(f);
	const struct target *t = fake_target(f);
	static const size_t lengths[] = { 1, 8, 16, 100, 4096, 16384, 70000 };
	static unsigned char scratch[70000];

	for (size_t i = 0; i < t->n_regions; i++) {
		const uint64_t borders[] = { t->regions[i].start, t->regions[i].end };

		for (uint64_t b = 0; b < 2; b++) {
			for (uint64_t a = borders[b] - 17; a < borders[b] + 17; a++) {
				for (size_t l = 0; l < 7; l++) {
					size_t want = readable(t, a, lengths[l]);
					const void *p = reader_probe(r, a, lengths[l], scratch);

					assert_int_equal(p != NULL, want == lengths[l]);
					if (p)
						assert_true(right(p, a, lengths[l]));
					assert_int_equal(reader_copy(r, a, scratch, lengths[l]), want);
					assert_true(right(scratch, a, want));
				}
			}
		}
	}
	assert_int_equal(r->faults, 0);
	fake_free(f);
}

static void borders_are_exact_in_place(void **state)
{
	check_borders(true);
}

static void borders_are_exact_through_the_cache(void **state)
{
	check_borders(false);
}

static void blocks_that_were_evicted_are_read_again(void **state)
{
	enum { RANGES = 5, SIZE = 0x1000000 }; /* 80 MiB: more than the cache holds */
	struct fake *f = fake_new(BASE, 0);
	struct reader *r = fake_reader(f);
	uint64_t word;

	for (uint64_t i = 0; i < RANGES; i++) {
		uint64_t start = BASE + i * UINT64_C(0x10001000);

		fake_map(f, start, SIZE);
		for (uint64_t a = start; a < start + SIZE; a += 0x1000)
			fake_u64(f, a, a);
	}
	fake_in_place(f, false);
	for (uint64_t i = 0; i < 2 * RANGES; i++) {
		uint64_t start = BASE + i % RANGES * UINT64_C(0x10001000);

		for (uint64_t a = start; a < start + SIZE; a += 0x1000) {
			assert_true(reader_u64(r, a, &word));
			assert_int_equal(word, a);
		}
	}
	fake_free(f);
}

static void a_view_faults_and_a_guess_is_silent(void **state)
{
	struct fake *f = fake_new(BASE, 0x1000);
	struct reader *r = fake_reader(f);
	uint64_t word = 5;

	for (int i = 0; i < 2; i++) {
		fake_in_place(f, i);
		assert_false(reader_probe_u64(r, 8, &word));
		assert_int_equal(r->faults, 0);
		assert_false(reader_u64(r, BASE + 0xffc, &word));
		assert_false(reader_u64(r, 16, &word));
		assert_int_equal(r->faults, 2);
		assert_int_equal(r->first_fault, BASE + 0xffc);
		r->faults = 0;
	}
	fake_free(f);
}

static void the_end_of_the_address_space_does_not_wrap(void **state)
{
	struct fake *f = fake_new(0, 0x1000);
	struct reader *r = fake_reader(f);
	unsigned char scratch[64];

	for (int i = 0; i < 2; i++) {
		fake_in_place(f, i);
		assert_null(reader_probe(r, UINT64_MAX - 7, 64, scratch));
		assert_null(reader_probe(r, UINT64_MAX, 64, scratch));
		assert_int_equal(reader_copy(r, UINT64_MAX, scratch, 64), 0);
		assert_int_equal(reader_copy(r, UINT64_MAX, scratch, SIZE_MAX), 0);
		assert_non_null(reader_probe(r, 0, 64, scratch));
	}
	fake_free(f);
}

static void near_reads_share_one_copy(void **state)
{
	struct fake *f = fake_new(BASE, 0x4000);
	struct reader *r = fake_reader(f);
	uint64_t word;
	size_t reads;

	fake_in_place(f, false);
	assert_true(reader_u64(r, BASE, &word));
	reads = fake_reads(f);
	for (uint64_t i = 0; i < 100; i++)
		assert_true(reader_u64(r, BASE + i * 64, &word));
	assert_int_equal(fake_reads(f), reads);
	fake_free(f);
}

static void a_string_ends_at_its_nul_or_not_at_all(void **state)
{
	struct fake *f = fake_new(BASE, 0x200);
	struct reader *r = fake_reader(f);
	char buf[0x300];

	fake_string(f, BASE, "hello");
	memset(fake_at(f, BASE + 0x100, 0x100), 'x', 0x100);
	for (int i = 0; i < 2; i++) {
		fake_in_place(f, i);
		assert_int_equal(reader_string(r, BASE, buf, sizeof(buf)), 5);
		assert_string_equal(buf, "hello");
		assert_int_equal(reader_string(r, BASE, buf, 6), 5);
		assert_int_equal(reader_string(r, BASE, buf, 5), -1);
		assert_string_equal(buf, "");
		assert_int_equal(reader_string(r, BASE + 5, buf, 1), 0);
		assert_int_equal(reader_string(r, BASE + 0x100, buf, sizeof(buf)), -1);
		assert_int_equal(reader_string(r, 0, buf, sizeof(buf)), -1);
		assert_int_equal(reader_string(r, BASE, buf, 0), -1);
	}
	assert_int_equal(r->faults, 0);
	fake_free(f);
}

static void long_walks_end_after_a_few_times_all_there_is(void **state)
{
	struct fake *f = fake_new(BASE, 0x1000);
	struct reader *r = fake_reader(f);
	const uint64_t batch = 4096;
	unsigned first = 0, again = 0;

	reader_renew(r);
	while (first < 1000000 && reader_spend(r, BASE, READER_FREE, batch))
		first++;
	/* All there is, and then some for small targets; but not for ever. */
	assert_in_range(first, 1, 1000000 - 1);
	assert_int_equal(r->faults, 1);
	assert_int_equal(r->first_fault, BASE);
	/* The beginning of every walk is free, and a new question a new beginning. */
	assert_true(reader_spend(r, BASE, 0, batch));
	reader_renew(r);
	while (again < 1000000 && reader_spend(r, BASE, READER_FREE, batch))
		again++;
	assert_int_equal(again, first);
	assert_false(reader_spend(r, BASE, READER_FREE, UINT64_MAX));
	fake_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(borders_are_exact_in_place),
		cmocka_unit_test(borders_are_exact_through_the_cache),
		cmocka_unit_test(blocks_that_were_evicted_are_read_again),
		cmocka_unit_test(a_view_faults_and_a_guess_is_silent),
		cmocka_unit_test(the_end_of_the_address_space_does_not_wrap),
		cmocka_unit_test(near_reads_share_one_copy),
		cmocka_unit_test(a_string_ends_at_its_nul_or_not_at_all),
		cmocka_unit_test(long_walks_end_after_a_few_times_all_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
