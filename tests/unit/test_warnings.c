/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "session/session.h"

static void session_init(struct pycore *s)
{
	*s = (struct pycore){ 0 };
	pthread_mutex_init(&s->warnings_lock, NULL);
}

static void session_fini(struct pycore *s)
{
	vec_free(&s->warnings);
	arena_free(&s->warnings_arena);
	pthread_mutex_destroy(&s->warnings_lock);
}

static size_t count(const struct pycore *s)
{
	size_t n = 0;

	while (pycore_warning(s, n))
		n++;
	return n;
}

static void a_warning_is_told_once(void **state)
{
	struct pycore s;

	(void)state;
	session_init(&s);
	session_warn(&s, "first");
	session_warnf(&s, "%s %d", "second", 2);
	pycore_add_warning(&s, "first");
	assert_int_equal(count(&s), 2);
	assert_string_equal(pycore_warning(&s, 0), "first");
	assert_string_equal(pycore_warning(&s, 1), "second 2");
	session_fini(&s);
}

static void a_note_is_no_part_that_is_missing(void **state)
{
	struct pycore s;

	(void)state;
	session_init(&s);
	session_warn(&s, "missing");
	session_note(&s, "worth knowing");
	assert_false(pycore_warning_is_note(&s, 0));
	assert_true(pycore_warning_is_note(&s, 1));
	assert_string_equal(pycore_warning(&s, 1), "worth knowing");
	assert_false(pycore_warning_is_note(&s, 2));
	/* The same line as a warning: then something is missing. */
	session_warn(&s, "worth knowing");
	assert_int_equal(count(&s), 2);
	assert_false(pycore_warning_is_note(&s, 1));
	session_fini(&s);
}

static void a_warning_is_one_line(void **state)
{
	struct pycore s;

	(void)state;
	session_init(&s);
	session_warn(&s, "a\nb\x1b[31m");
	assert_string_equal(pycore_warning(&s, 0), "a?b?[31m");
	session_fini(&s);
}

static void the_warnings_are_bounded(void **state)
{
	struct pycore s;

	(void)state;
	session_init(&s);
	for (int i = 0; i < 100000; i++)
		session_warnf(&s, "warning %d", i);
	assert_true(count(&s) < 1000);
	assert_non_null(strstr(pycore_warning(&s, count(&s) - 1), "more warnings"));
	assert_null(pycore_warning(NULL, 0));
	session_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_warning_is_told_once),
		cmocka_unit_test(a_note_is_no_part_that_is_missing),
		cmocka_unit_test(a_warning_is_one_line),
		cmocka_unit_test(the_warnings_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
