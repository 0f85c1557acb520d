/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "report/escape.h"
#include "report/utf8.h"

typedef void escape_fn(struct buf *out, const char *text, size_t columns);

static void check(escape_fn *escape, const char *from, size_t columns, const char *to)
{
	struct buf out = { 0 };

	escape(&out, from, columns);
	assert_false(out.failed);
	assert_string_equal(out.text ? out.text : "", to);
	buf_free(&out);
}

static void plain_text_stays_as_it_is(void **state)
{
	check(escape_text, "", 0, "");
	check(escape_text, "C.f<locals>.g \xc3\xa9 \xe4\xbd\xa0 \xf0\x9f\x90\x8d", 0,
	      "C.f<locals>.g \xc3\xa9 \xe4\xbd\xa0 \xf0\x9f\x90\x8d");
	check(escape_text, "'a\\n'", 0, "'a\\n'");
	check(escape_text, NULL, 0, "?");
}

static void control_characters_are_escaped(void **state)
{
	check(escape_text, "\x1b[2J\a\n\t\x7f", 0, "\\x1b[2J\\x07\\x0a\\x09\\x7f");
	/* U+009B begins an escape sequence as ESC [ does. */
	check(escape_text, "\xc2\x9b"
			   "31m",
	      0, "\\x9b31m");
}

static void what_is_not_utf8_is_escaped_byte_by_byte(void **state)
{
	check(escape_text, "a\xff\xc3", 0, "a\\xff\\xc3");
	check(escape_text, "\xc0\xaf", 0, "\\xc0\\xaf");
	check(escape_text, "\xed\xa0\x80", 0, "\\xed\\xa0\\x80");
	check(escape_text, "\xf4\x90\x80\x80", 0, "\\xf4\\x90\\x80\\x80");
	check(escape_text, "\xf0\x9f\x90", 0, "\\xf0\\x9f\\x90");
}

static void marks_that_turn_or_hide_text_are_escaped(void **state)
{
	check(escape_text, "a\xe2\x80\xae" "b", 0, "a\\u202eb");
	check(escape_text, "\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf", 0, "\\u2066\\u200b\\ufeff");
	check(escape_text, "\xf3\xa0\x81\x81", 0, "\\U000e0041");
}

static void long_text_is_cut_between_characters(void **state)
{
	check(escape_text, "abcdef", 6, "abcdef");
	check(escape_text, "abcdefg", 6, "abcde\xe2\x80\xa6");
	/* Two columns each: three would need six, and the ellipsis a seventh. */
	check(escape_text, "\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0\xe4\xbd\xa0", 6,
	      "\xe4\xbd\xa0\xe4\xbd\xa0\xe2\x80\xa6");
	check(escape_text, "ab\x1b\x1b", 5, "ab\xe2\x80\xa6");
	check(escape_text, "abc", 1, "\xe2\x80\xa6");
}

static void dot_strings_cannot_be_ended_from_inside(void **state)
{
	check(escape_dot, "a\"]; evil [label=\"", 0, "a\\\"]; evil [label=\\\"");
	check(escape_dot, "\\N\\", 0, "\\\\N\\\\");
	check(escape_dot, "\x1b", 0, "\\\\x1b");
}

static void json_gets_valid_utf8(void **state)
{
	struct buf out = { 0 };

	escape_utf8(&out, "ok \xff\xed\xa0\x80 \xe2\x80\xae");
	assert_string_equal(out.text, "ok \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd "
				      "\xe2\x80\xae");
	buf_free(&out);
}

static void a_shell_word_is_quoted_if_it_must_be(void **state)
{
	static const char *const words[][2] = {
		{ "core.1234", "core.1234" },
		{ "/var/a b", "'/var/a b'" },
		{ "it's", "'it'\\''s'" },
		{ "$(reboot)", "'$(reboot)'" },
		{ "f.<locals>.C", "'f.<locals>.C'" },
		{ "", "''" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct buf out = { 0 };

		escape_shell(&out, words[i][0]);
		assert_string_equal(out.text, words[i][1]);
		buf_free(&out);
	}
}

static void a_short_repr_says_what_type_and_address_do_not(void **state)
{
	static const char *const reprs[][3] = {
		{ "<m.C object at 0x7f00>", "m.C", "" },
		{ "<function f at 0x7f00>", "function", "<function f>" },
		{ "<function f at 0x7f00>", "", "<function f>" },
		{ "<m.C object at 0x7f00>!", "m.C", "<m.C object at 0x7f00>!" },
		{ "'meet me at 0x7f>'", "str", "'meet me at 0x7f>'" },
		{ " at 0x>", "", ">" },
		{ "", "str", "" },
	};

	for (size_t i = 0; i < sizeof(reprs) / sizeof(reprs[0]); i++) {
		struct buf out = { 0 };

		escape_short_repr(&out, reprs[i][0], reprs[i][1]);
		assert_string_equal(out.text ? out.text : "", reprs[i][2]);
		buf_free(&out);
	}
}

static void columns_are_counted_as_a_terminal_does(void **state)
{
	assert_int_equal(text_columns("abc"), 3);
	assert_int_equal(text_columns("\xc3\xa9"), 1);
	assert_int_equal(text_columns("e\xcc\x81"), 1);
	assert_int_equal(text_columns("\xe4\xbd\xa0"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stays_as_it_is),
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(what_is_not_utf8_is_escaped_byte_by_byte),
		cmocka_unit_test(marks_that_turn_or_hide_text_are_escaped),
		cmocka_unit_test(long_text_is_cut_between_characters),
		cmocka_unit_test(dot_strings_cannot_be_ended_from_inside),
		cmocka_unit_test(json_gets_valid_utf8),
		cmocka_unit_test(a_shell_word_is_quoted_if_it_must_be),
		cmocka_unit_test(a_short_repr_says_what_type_and_address_do_not),
		cmocka_unit_test(columns_are_counted_as_a_terminal_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
