/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "report/number.h"

static char text[NUMBER_ROOM];

static void counts_have_their_thousands_apart(void **state)
{
	assert_string_equal(number_count(text, 0), "0");
	assert_string_equal(number_count(text, 999), "999");
	assert_string_equal(number_count(text, 1000), "1,000");
	assert_string_equal(number_count(text, 1234567), "1,234,567");
	assert_string_equal(number_count(text, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void bytes_have_the_unit_that_reads_best(void **state)
{
	assert_string_equal(number_bytes(text, 0), "0 B");
	assert_string_equal(number_bytes(text, 1023), "1023 B");
	assert_string_equal(number_bytes(text, 1024), "1.0 KiB");
	assert_string_equal(number_bytes(text, 1234567), "1.2 MiB");
	assert_string_equal(number_bytes(text, UINT64_C(2) << 30), "2.0 GiB");
	assert_string_equal(number_bytes(text, UINT64_MAX), "16.0 EiB");
}

static void rounding_never_shows_1024_of_a_unit(void **state)
{
	assert_string_equal(number_bytes(text, 1048575), "1.0 MiB");
	assert_string_equal(number_bytes(text, 1023 * 1024), "1023.0 KiB");
	assert_string_equal(number_bytes(text, 1023 * 1024 + 972), "1023.9 KiB");
	assert_string_equal(number_bytes(text, 1023 * 1024 + 973), "1.0 MiB");
}

static void a_share_is_all_or_nothing_only_if_it_is(void **state)
{
	assert_string_equal(number_share(text, 0, 0), "-");
	assert_string_equal(number_share(text, 0, 5), "0.0 %");
	assert_string_equal(number_share(text, 1, 100000), "<0.1 %");
	assert_string_equal(number_share(text, 1, 3), "33.3 %");
	assert_string_equal(number_share(text, 99999, 100000), ">99.9 %");
	assert_string_equal(number_share(text, 7, 7), "100.0 %");
}

static void times_have_the_unit_that_reads_best(void **state)
{
	assert_string_equal(number_ms(text, 1.84), "1.8 ms");
	assert_string_equal(number_ms(text, 0), "0.0 ms");
	assert_string_equal(number_ms(text, 2310), "2.31 s");
	assert_string_equal(number_ms(text, -1), "0.0 ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_have_their_thousands_apart),
		cmocka_unit_test(bytes_have_the_unit_that_reads_best),
		cmocka_unit_test(rounding_never_shows_1024_of_a_unit),
		cmocka_unit_test(a_share_is_all_or_nothing_only_if_it_is),
		cmocka_unit_test(times_have_the_unit_that_reads_best),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
