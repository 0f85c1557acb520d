/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session/match.h"

static const char *const names[] = {
	"app.User", "app.UserSession", "app.f.<locals>.User", "dict", "lib.cache.Entry",
	"lib.models.User", "shop.dict", "str",
};
#define N_NAMES (sizeof(names) / sizeof(*names))

static size_t count(const char *pattern)
{
	enum match_kind kind = match_kind_of(pattern, names, N_NAMES);
	size_t n = 0;

	for (size_t i = 0; i < N_NAMES; i++)
		n += match_name(kind, pattern, names[i]);
	return n;
}

static void a_full_name_means_one_type(void **state)
{
	(void)state;
	assert_int_equal(match_kind_of("lib.models.User", names, N_NAMES), MATCH_EXACT);
	assert_int_equal(count("lib.models.User"), 1);
}

static void a_builtin_comes_before_a_class_of_the_same_bare_name(void **state)
{
	(void)state;
	assert_int_equal(match_kind_of("dict", names, N_NAMES), MATCH_EXACT);
	assert_int_equal(count("dict"), 1);
	assert_int_equal(count("shop.dict"), 1);
}

static void a_bare_name_means_every_class_that_has_it(void **state)
{
	(void)state;
	assert_int_equal(match_kind_of("User", names, N_NAMES), MATCH_BARE);
	assert_int_equal(count("User"), 3);
	assert_int_equal(count("Entry"), 1);
	assert_int_equal(count("cache.Entry"), 1);
}

static void a_part_of_a_word_means_nothing(void **state)
{
	(void)state;
	assert_int_equal(match_kind_of("Use", names, N_NAMES), MATCH_NOTHING);
	assert_int_equal(match_kind_of("", names, N_NAMES), MATCH_NOTHING);
	assert_int_equal(count("session"), 0);
}

static void a_glob_is_held_against_the_whole_name(void **state)
{
	(void)state;
	assert_int_equal(match_kind_of("*User*", names, N_NAMES), MATCH_GLOB);
	assert_int_equal(count("*User*"), 4);
	assert_int_equal(count("app.*"), 3);
	assert_int_equal(count("*.User"), 3);
	assert_int_equal(match_kind_of("zoo.*", names, N_NAMES), MATCH_NOTHING);
}

static void any_of_several_globs_will_do(void **state)
{
	static const char *const globs[] = { "app.*", "s*", NULL };

	(void)state;
	assert_true(match_any(globs, "app.User"));
	assert_true(match_any(globs, "str"));
	assert_false(match_any(globs, "dict"));
	assert_false(match_any(NULL, "dict"));
}

static void the_closest_names_come_first(void **state)
{
	const char *closest[3];

	(void)state;
	assert_int_equal(match_closest("lib.model.User", names, N_NAMES, closest, 3) > 0, 1);
	assert_string_equal(closest[0], "lib.models.User");
	assert_true(match_closest("entry", names, N_NAMES, closest, 3) >= 1);
	assert_string_equal(closest[0], "lib.cache.Entry");
	assert_int_equal(match_closest("Sess", names, N_NAMES, closest, 1), 1);
	assert_string_equal(closest[0], "app.UserSession");
	assert_int_equal(match_closest("Usr", names, N_NAMES, closest, 2), 2);
	assert_string_equal(closest[0], "app.User");
	assert_string_equal(closest[1], "app.f.<locals>.User");
}

static void nothing_is_close_to_nonsense(void **state)
{
	const char *closest[3];
	char longest[5000];

	(void)state;
	assert_int_equal(match_closest("qqqqqqqq", names, N_NAMES, closest, 3), 0);
	for (size_t i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = 'x';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(match_closest(longest, names, N_NAMES, closest, 3), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_name_means_one_type),
		cmocka_unit_test(a_builtin_comes_before_a_class_of_the_same_bare_name),
		cmocka_unit_test(a_bare_name_means_every_class_that_has_it),
		cmocka_unit_test(a_part_of_a_word_means_nothing),
		cmocka_unit_test(a_glob_is_held_against_the_whole_name),
		cmocka_unit_test(any_of_several_globs_will_do),
		cmocka_unit_test(the_closest_names_come_first),
		cmocka_unit_test(nothing_is_close_to_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
