/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/objects.h"
#include "object/value.h"

#define EACH_LAYOUT(w)                                                                             \
	for (unsigned i_ = 0; objects_layout(i_) && (objects_init(w, objects_layout(i_)), true);             \
	     i_++, objects_fini(w))

static void assert_repr(struct objects *w, uint64_t address, const char *want)
{
	struct buf got = { NULL };

	value_repr(&w->c, address, &got, 3, 1000);
	assert_false(got.failed);
	assert_string_equal(got.text, want);
	buf_free(&got);
}

static void assert_text(struct objects *w, uint64_t address, const char *want)
{
	struct buf got = { NULL };

	assert_int_equal(value_str(&w->c, address, &got, 1000), 0);
	assert_string_equal(got.text, want);
	buf_free(&got);
}

static void text_of_each_width_becomes_utf8(void **state)
{
	static const uint32_t latin[] = { 'a', 0xe9 }, two[] = { 0x65e5, 'b' };
	static const uint32_t four[] = { 0x1f600, 0xd800, 0x110000, 'c' };
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		assert_text(&w, objects_str(&w, "plain"), "plain");
		assert_text(&w, objects_wide_str(&w, 1, latin, 2), "a\xc3\xa9");
		assert_text(&w, objects_wide_str(&w, 2, two, 2), "\xe6\x97\xa5"
								 "b");
		assert_text(&w, objects_wide_str(&w, 4, four, 4), "\xf0\x9f\x98\x80\xef\xbf\xbd"
								  "\xef\xbf\xbd"
								  "c");
	}
}

static void text_is_cut_between_characters(void **state)
{
	static const uint32_t text[] = { 'a', 0x65e5, 0x65e5 };
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t s = objects_wide_str(&w, 2, text, 3);
		struct buf got = { NULL };
		struct arena a = { NULL };

		assert_int_equal(value_str(&w.c, s, &got, 5), 0);
		assert_string_equal(got.text, "a\xe6\x97\xa5");
		buf_free(&got);
		assert_string_equal(value_strdup(&w.c, s, &a, 3), "a");
		assert_null(value_strdup(&w.c, w.none_object, &a, 3));
		assert_string_equal(value_strdup(&w.c, objects_str(&w, ""), &a, 3), "");
		arena_free(&a);
	}
}

static void text_with_a_length_beyond_memory_is_refused(void **state)
{
	static const uint64_t lengths[] = { UINT64_C(1) << 40, UINT64_MAX, UINT64_C(1) << 63 };
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t s = objects_str(&w, "text");

		for (size_t i = 0; i < 3; i++) {
			struct buf got = { NULL };

			PUT(&w, s, PyASCIIObject, length, lengths[i]);
			if (FACT(w.l, TEXT) == TEXT_BYTES)
				PUT(&w, s, PyVarObject, ob_size, lengths[i]);
			assert_true(value_str(&w.c, s, &got, UINT32_MAX) < 0);
			value_repr(&w.c, s, &got, 1, UINT32_MAX);
			buf_free(&got);
		}
		PUT(&w, s, PyASCIIObject, length, 2);
		PUT(&w, s, PyASCIIObject, state, 7 << 2);
		assert_true(value_str(&w.c, s, &(struct buf){ NULL }, 10) < 0);
	}
}

/* As "e.args = (e,)" makes it; and one whose args are no tuple but itself. */
static void an_exception_in_itself_has_an_end(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t type = objects_static_type(&w, "ValueError", 0, TPFLAGS_BASE_EXC, 96, 0);
		uint64_t e = objects_object(&w, type, 96);
		const uint64_t args[] = { objects_tuple(&w, &e, 1), e };

		for (size_t i = 0; i < 2; i++) {
			struct buf got = { NULL };

			PUT(&w, e, PyBaseExceptionObject, args, args[i]);
			assert_int_equal(value_repr(&w.c, e, &got, 3, 100), 0);
			assert_int_equal(strncmp(got.text, "ValueError", 10), 0);
			assert_non_null(strstr(got.text, "..."));
			assert_true(got.len < 200);
			buf_free(&got);
		}
	}
}

static void strings_are_quoted_as_python_does(void **state)
{
	static const uint32_t odd[] = { 0xe9, 0xa0, 0xd800, 0x2028 };
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		assert_repr(&w, objects_str(&w, "it"), "'it'");
		assert_repr(&w, objects_str(&w, "it's"), "\"it's\"");
		assert_repr(&w, objects_str(&w, "it's \"both\""), "'it\\'s \"both\"'");
		assert_repr(&w, objects_str(&w, "a\nb\t\\\x01\x7f"), "'a\\nb\\t\\\\\\x01\\x7f'");
		bool two = FACT(w.l, TEXT) == TEXT_BYTES;

		assert_repr(&w, objects_wide_str(&w, 2, odd, 4),
			    two ? "u'\\xe9\\xa0\\ud800\\u2028'" :
				  "'\xc3\xa9\\xa0\\ud800\\u2028'");
		assert_repr(&w, objects_bytes(&w, "a\xff'", 3),
			    two ? "\"a\\xff'\"" : "b\"a\\xff'\"");
	}
}

static void numbers_are_written_as_python_does(void **state)
{
	static const struct {
		double value;
		const char *text;
	} floats[] = {
		{ 0, "0.0" },		   { 1, "1.0" },	   { 0.1, "0.1" },
		{ 1e15, "1000000000000000.0" }, { 1e16, "1e+16" },      { 1e-4, "0.0001" },
		{ 1e-5, "1e-05" },	   { -2.5, "-2.5" },       { 3.141592653589793,
								     "3.141592653589793" },
	};
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t yes;
		int64_t value;

		assert_repr(&w, objects_int(&w, 0), "0");
		assert_repr(&w, objects_int(&w, -1), "-1");
		assert_repr(&w, objects_int(&w, INT64_MIN), "-9223372036854775808");
		assert_repr(&w, objects_int(&w, INT64_MAX), "9223372036854775807");
		assert_int_equal(value_int(&w.c, objects_int(&w, 1 << 30), &value), 0);
		assert_int_equal(value, 1 << 30);
		yes = objects_int(&w, 1);
		PUT(&w, yes, PyObject, ob_type, w.boolean);
		assert_repr(&w, yes, "True");
		for (size_t i = 0; i < sizeof(floats) / sizeof(*floats); i++)
			assert_repr(&w, objects_float(&w, floats[i].value), floats[i].text);
		assert_repr(&w, w.none_object, "None");
		assert_true(value_int(&w.c, w.none_object, &value) < 0);
	}
}

static void put_digits(struct objects *w, uint64_t at, uint64_t n)
{
	if (FACT(w->l, INT_SHAPE) == INT_LV_TAG)
		PUT(w, at, PyLongObject, lv_tag, n << 3);
	else
		PUT(w, at, PyVarObject, ob_size, n);
}

static void big_ints_are_written_in_full_or_counted(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t big = objects_int(&w, 5), huge = objects_int(&w, 5), bytes;
		struct buf got = { NULL };
		struct object o;

		/* 2.7 has another type for these. */
		PUT(&w, big, PyObject, ob_type, w.digits);
		PUT(&w, huge, PyObject, ob_type, w.digits);
		fake_u32(w.f, big + L(w.l, PyLongObject, ob_digit), 5);
		put_digits(&w, big, 3);
		fake_u32(w.f, big + L(w.l, PyLongObject, ob_digit) + 8, 0x10);
		assert_repr(&w, big, HAS(w.l, PyIntObject, ob_ival) ? "18446744073709551621L" :
								      "18446744073709551621");
		put_digits(&w, huge, UINT64_C(1) << 50);
		value_repr(&w.c, huge, &got, 1, 100);
		buf_free(&got);
		assert_int_equal(object_at(&w.c, huge, &o), 0);
		assert_true(object_sizeof(&w.c, o, &bytes) < 0);
	}
}

static void containers_are_shown_to_a_depth(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t one = objects_int(&w, 1), key = objects_str(&w, "k");
		uint64_t list = objects_list(&w, &one, 1), dict = objects_dict(&w, &key, &list, 1);
		uint64_t pair[2] = { dict, one }, tuple = objects_tuple(&w, pair, 2);
		struct buf got = { NULL };

		assert_repr(&w, tuple, "({'k': [1]}, 1)");
		assert_repr(&w, objects_tuple(&w, &one, 1), "(1,)");
		assert_repr(&w, objects_list(&w, NULL, 0), "[]");
		value_repr(&w.c, tuple, &got, 1, 100);
		assert_string_equal(got.text, "({...}, 1)");
		buf_free(&got);
	}
}

static void what_holds_itself_ends(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = objects_tuple(&w, (uint64_t[2]){ 0 }, 2);
		struct buf got = { NULL };

		fake_u64(w.f, t + L(w.l, PyTupleObject, ob_item), t);
		fake_u64(w.f, t + L(w.l, PyTupleObject, ob_item) + 8, t);
		value_repr(&w.c, t, &got, UINT32_MAX, 200);
		assert_true(got.len < 1000);
		buf_free(&got);
		value_repr(&w.c, t, &got, 1, 200);
		assert_string_equal(got.text, "((...), (...))");
		buf_free(&got);
	}
}

static void a_long_value_is_cut(void **state)
{
	char text[5001];
	struct objects w;

	(void)state;
	memset(text, 'x', 5000);
	text[5000] = '\0';
	EACH_LAYOUT(&w)
	{
		struct buf got = { NULL };
		uint64_t s = objects_str(&w, text), items[40];

		for (int i = 0; i < 40; i++)
			items[i] = s;
		buf_puts(&got, "before ");
		value_repr(&w.c, objects_list(&w, items, 40), &got, 2, 60);
		assert_true(got.len < 120);
		assert_string_equal(got.text + got.len - 9, "...', ...]" + 1);
		buf_free(&got);
	}
}

static void other_objects_are_shown_by_type_and_address(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t o = objects_object(&w, objects_class(&w, "Foo", 0, 0, HEAD_OF(&w)),
					    HEAD_OF(&w));
		char want[100];
		struct buf got = { NULL };

		snprintf(want, sizeof(want), "<__main__.Foo object at 0x%llx>",
			 (unsigned long long)o);
		assert_repr(&w, o, want);
		assert_repr(&w, w.dict, FACT(w.l, TEXT) == TEXT_BYTES ? "<type 'dict'>" :
									"<class 'dict'>");
		assert_true(value_repr(&w.c, 0, &got, 1, 50) < 0);
		assert_string_equal(got.text, "<NULL>");
		buf_free(&got);
	}
}

static void attributes_and_keys_are_found_by_name(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t keys[2] = { objects_str(&w, "one"), objects_str(&w, "two") };
		uint64_t values[2] = { objects_int(&w, 1), objects_int(&w, 2) };
		uint64_t dict = objects_dict(&w, keys, values, 2), o;
		uint64_t t = objects_static_type(&w, "thing", 0, 0, HEAD_OF(&w) + 8, 0);

		PUT(&w, t, PyTypeObject, tp_dictoffset, HEAD_OF(&w));
		o = objects_object(&w, t, HEAD_OF(&w) + 8);
		fake_u64(w.f, o + HEAD_OF(&w), dict);
		assert_int_equal(value_dict_get(&w.c, dict, "two"), values[1]);
		assert_int_equal(value_dict_get(&w.c, dict, "three"), 0);
		assert_int_equal(value_dict_get(&w.c, values[0], "two"), 0);
		assert_int_equal(value_attr(&w.c, o, "one"), values[0]);
		assert_int_equal(value_attr(&w.c, o, "tw"), 0);
	}
}

static void labels_read_as_python_would_write_them(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t name = objects_str(&w, "name");
		const struct {
			struct label label;
			const char *text;
		} cases[] = {
			{ { LABEL_NONE, NULL, 0, 0 }, "" },
			{ { LABEL_ATTR, "attr", 0, 0 }, ".attr" },
			{ { LABEL_FIELD, "__defaults__", 0, 0 }, "__defaults__" },
			{ { LABEL_INDEX, NULL, 3, 0 }, "[3]" },
			{ { LABEL_KEY, NULL, 0, name }, "['name']" },
			{ { LABEL_KEY, NULL, 0, objects_int(&w, 42) }, "[42]" },
			{ { LABEL_ATTR_KEY, NULL, 0, name }, ".name" },
			{ { LABEL_LOCAL, NULL, 0, name }, "name" },
			{ { LABEL_LOCAL, NULL, 0, 0 }, "?" },
		};

		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			struct buf got = { NULL };

			buf_puts(&got, "");
			value_label(&w.c, &cases[i].label, &got);
			assert_string_equal(got.text, cases[i].text);
			buf_free(&got);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_of_each_width_becomes_utf8),
		cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(text_with_a_length_beyond_memory_is_refused),
		cmocka_unit_test(an_exception_in_itself_has_an_end),
		cmocka_unit_test(strings_are_quoted_as_python_does),
		cmocka_unit_test(numbers_are_written_as_python_does),
		cmocka_unit_test(big_ints_are_written_in_full_or_counted),
		cmocka_unit_test(containers_are_shown_to_a_depth),
		cmocka_unit_test(what_holds_itself_ends),
		cmocka_unit_test(a_long_value_is_cut),
		cmocka_unit_test(other_objects_are_shown_by_type_and_address),
		cmocka_unit_test(attributes_and_keys_are_found_by_name),
		cmocka_unit_test(labels_read_as_python_would_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
