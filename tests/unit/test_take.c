/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session/session.h"

/* What the library knows, and what callers built against other releases hand in. */
struct known {
	size_t size;
	uint64_t old;
	uint32_t new;
};

struct older {
	size_t size;
	uint64_t old;
};

struct newer {
	size_t size;
	uint64_t old;
	uint32_t new;
	uint64_t newest;
};

static int take(struct known *to, const void *from, struct pycore_error *err)
{
	return session_take(to, sizeof(*to), from, "known", err);
}

static void no_struct_is_all_default(void **state)
{
	struct known k = { 1, 2, 3 };

	(void)state;
	assert_int_equal(take(&k, NULL, NULL), 0);
	assert_int_equal(k.size, sizeof(k));
	assert_int_equal(k.old, 0);
	assert_int_equal(k.new, 0);
}

static void an_older_caller_gets_defaults_for_what_it_does_not_know(void **state)
{
	struct older from = { sizeof(from), 7 };
	struct known k = { 1, 2, 3 };

	(void)state;
	assert_int_equal(take(&k, &from, NULL), 0);
	assert_int_equal(k.old, 7);
	assert_int_equal(k.new, 0);
}

static void a_newer_caller_that_asks_for_nothing_new_is_served(void **state)
{
	struct newer from = { .size = sizeof(from), .old = 7, .new = 8 };
	struct known k;

	(void)state;
	assert_int_equal(take(&k, &from, NULL), 0);
	assert_int_equal(k.old, 7);
	assert_int_equal(k.new, 8);
}

static void a_newer_caller_that_asks_for_more_is_refused(void **state)
{
	struct newer from = { .size = sizeof(from), .newest = 1 };
	struct pycore_error err = { 0 };
	struct known k;

	(void)state;
	assert_int_equal(take(&k, &from, &err), PYCORE_ERR_ARGUMENT);
	assert_int_equal(err.status, PYCORE_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "known"));
}

static void a_size_that_was_not_set_is_refused(void **state)
{
	struct known from = { 0 }, k;

	(void)state;
	assert_int_equal(take(&k, &from, NULL), PYCORE_ERR_ARGUMENT);
	from.size = sizeof(size_t) - 1;
	assert_int_equal(take(&k, &from, NULL), PYCORE_ERR_ARGUMENT);
	from.size = SIZE_MAX;
	assert_int_equal(take(&k, &from, NULL), PYCORE_ERR_ARGUMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_struct_is_all_default),
		cmocka_unit_test(an_older_caller_gets_defaults_for_what_it_does_not_know),
		cmocka_unit_test(a_newer_caller_that_asks_for_nothing_new_is_served),
		cmocka_unit_test(a_newer_caller_that_asks_for_more_is_refused),
		cmocka_unit_test(a_size_that_was_not_set_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
