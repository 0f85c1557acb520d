/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "target/words.h"
#include "lib/fake.h"

#define LIBRARY UINT64_C(0x7f1000000000)
#define DATA (LIBRARY + 0x2000)
#define END (LIBRARY + 0x3000)
#define RW (REGION_READ | REGION_WRITE)

struct seen {
	uint64_t next, sum;
	size_t n;
};

static void see(void *arg, uint64_t at, const uint64_t *words, size_t n)
{
	struct seen *s = arg;

	assert_true(at >= s->next);
	s->next = at + 8 * n;
	s->n += n;
	for (size_t i = 0; i < n; i++)
		s->sum += words[i];
}

/* A library whose data, a page of it, is followed by memory of somebody else's. */
static struct fake *make(uint32_t flags)
{
	struct fake *f = fake_new(0, 0);

	fake_map_file(f, LIBRARY, 0x2000, REGION_READ, "/lib/libx.so", 0);
	fake_map_file(f, DATA, 0x5000, flags, NULL, 0);
	fake_module(f, "/lib/libx.so", LIBRARY, END, LIBRARY);
	return f;
}

static uint64_t end_of(struct fake *f, uint64_t address)
{
	struct target *t = fake_target(f);

	return words_end_of_binary(t, target_region_at(t, address));
}

static void data_ends_with_its_binary_whatever_is_mapped_behind_it(void **state)
{
	struct fake *f = make(RW | REGION_ANON);

	(void)state;
	assert_int_equal(target_region_at(fake_target(f), END)->start, DATA);
	assert_int_equal(end_of(f, DATA), END);
	fake_free(f);
}

static void what_is_not_private_to_write_is_no_data(void **state)
{
	struct fake *f = make(REGION_READ), *shared = make(RW | REGION_SHARED);

	(void)state;
	assert_int_equal(end_of(f, DATA), 0);
	assert_int_equal(end_of(shared, DATA), 0);
	fake_map(f, 0x10000, 0x1000);
	assert_int_equal(end_of(f, 0x10000), 0);
	fake_free(f);
	fake_free(shared);
}

static void each_word_is_seen_once_and_in_order(void **state)
{
	struct fake *f = fake_new(0x10000, 0x50000);
	struct seen s = { 0 };
	uint64_t sum = 0;

	(void)state;
	for (uint64_t at = 0x10008; at < 0x5fff0; at += 8) {
		fake_u64(f, at, at * at);
		sum += at * at;
	}
	fake_u64(f, 0x5fff0, 77);
	words_each(fake_reader(f), 0x10008, 0x5fff0, see, &s);
	assert_int_equal(s.n, (0x5fff0 - 0x10008) / 8);
	assert_int_equal(s.sum, sum);
	s = (struct seen){ 0 };
	/* The end is a lie. */
	words_each(fake_reader(f), 0x5fff0, UINT64_MAX, see, &s);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.sum, 77);
	words_each(fake_reader(f), 0x5000, 0x6000, see, &s);
	assert_int_equal(s.n, 2);
	fake_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_ends_with_its_binary_whatever_is_mapped_behind_it),
		cmocka_unit_test(what_is_not_private_to_write_is_no_data),
		cmocka_unit_test(each_word_is_seen_once_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
