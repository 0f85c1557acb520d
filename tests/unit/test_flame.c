/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "base/buf.h"
#include "lib/fake_api.h"

static struct buf text;

static const struct pycore_frame one[] = {
	{ .function = "leaf", .file = "/a.py", .line = 3 },
	{ .function = "root", .file = "/a.py", .line = 1 },
};

static const struct pycore_frame two[] = {
	{ .function = "method", .qualname = "C.method", .file = "/b;c.py", .line = 0 },
	{ .function = "leaf;\n", .file = "/<&>\".py", .line = 7 },
	{ .function = "root", .file = "/a.py", .line = 1 },
};

static const struct pycore_thread threads[] = {
	{ .tid = 1, .complete = true, .frames = one, .n_frames = 2 },
	{ .tid = 2, .complete = true, .frames = two, .n_frames = 3 },
	{ .tid = 3, .complete = true, .frames = one, .n_frames = 2 },
	{ .tid = 4, .complete = true },
	{ .tid = 5, .complete = false, .frames = one, .n_frames = 1 },
	{ .tid = 6, .complete = false },
	{ .tid = 7, .complete = true, .frames = &one[1], .n_frames = 1 },
};

static int take(void *ctx, const char *bytes, size_t len)
{
	buf_add(&text, bytes, len);
	return 0;
}

static const char *report(int32_t format)
{
	struct pycore_report_options options = { .size = sizeof(options), .limit = -1,
						 .format = format };
	struct pycore_error err;

	buf_free(&text);
	assert_int_equal(pycore_report(fake_session(), "bt", &options, take, NULL, &err), 0);
	return text.text ? text.text : "";
}

static int start(void **state)
{
	fake_api_demo();
	fake_api.stacks = (struct pycore_stacks){ threads, sizeof(threads) / sizeof(threads[0]) };
	return 0;
}

static int finish(void **state)
{
	buf_free(&text);
	return 0;
}

static void folded_is_a_line_for_each_stack_that_differs(void **state)
{
	assert_string_equal(report(PYCORE_FOLDED),
			    "(not readable);leaf (/a.py:3) 1\n"
			    "root (/a.py:1) 1\n"
			    "root (/a.py:1);leaf (/a.py:3) 2\n"
			    "root (/a.py:1);leaf,\\x0a (/<&>\".py:7);C.method (/b,c.py) 1\n");
}

static void frames_of_speedscope_are_there_once(void **state)
{
	json_t *root = json_loads(report(PYCORE_SPEEDSCOPE), 0, NULL), *frames, *profile, *sample;

	assert_non_null(root);
	frames = json_object_get(json_object_get(root, "shared"), "frames");
	profile = json_array_get(json_object_get(root, "profiles"), 0);
	assert_int_equal(json_array_size(frames), 5);
	assert_int_equal(json_array_size(json_object_get(profile, "samples")), 4);
	assert_int_equal(json_array_size(json_object_get(profile, "weights")), 4);
	assert_int_equal(json_integer_value(json_object_get(profile, "endValue")), 5);
	sample = json_array_get(json_object_get(profile, "samples"), 2);
	assert_string_equal(json_string_value(json_object_get(
				    json_array_get(frames, (size_t)json_integer_value(
								   json_array_get(sample, 0))),
				    "name")),
			    "root");
	json_decref(root);
}

static size_t count(const char *what)
{
	size_t n = 0;

	for (const char *at = text.text; (at = strstr(at, what)); at++)
		n++;
	return n;
}

static void boxes_of_a_flame_graph_are_shared_from_the_root_on(void **state)
{
	report(PYCORE_SVG);
	assert_int_equal(count("<g>"), 6);
	assert_int_equal(count("<title>root (/a.py:1), 4 threads, 80.0 %</title>"), 1);
	assert_int_equal(count("<title>leaf (/a.py:3), 2 threads, 40.0 %</title>"), 1);
	assert_int_equal(count("leaf;\\x0a (/&lt;&amp;&gt;\".py:7), 1 thread, 20.0 %"), 1);
	assert_non_null(strstr(text.text, "5 threads with Python frames, 4 different stacks"));
}

static void a_runaway_recursion_is_a_picture_too(void **state)
{
	static struct pycore_frame deep[5000];
	struct pycore_thread thread = { .complete = true, .frames = deep, .n_frames = 5000 };

	for (int i = 0; i < 5000; i++)
		deep[i] = one[0];
	deep[4999] = one[1];
	fake_api.stacks = (struct pycore_stacks){ &thread, 1 };
	report(PYCORE_SVG);
	assert_int_equal(count("<g>"), 1000);
	assert_int_equal(count("<title>root"), 1);
	assert_non_null(strstr(text.text, "the outermost 1000 frames"));
	report(PYCORE_FOLDED);
	assert_int_equal(count(";"), 4999);
}

static void no_stack_at_all_is_an_answer(void **state)
{
	json_t *root;

	fake_api.stacks = (struct pycore_stacks){ 0 };
	assert_string_equal(report(PYCORE_FOLDED), "");
	assert_non_null(strstr(report(PYCORE_SVG), "</svg>\n"));
	root = json_loads(report(PYCORE_SPEEDSCOPE), 0, NULL);
	assert_non_null(root);
	json_decref(root);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(folded_is_a_line_for_each_stack_that_differs),
		TEST(frames_of_speedscope_are_there_once),
		TEST(boxes_of_a_flame_graph_are_shared_from_the_root_on),
		TEST(a_runaway_recursion_is_a_picture_too),
		TEST(no_stack_at_all_is_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
