/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "base/buf.h"
#include "lib/fake_api.h"
#include "report/json.h"

static struct buf text;
static struct pycore_error err;
static struct pycore_report_options options;

static int take(void *ctx, const char *bytes, size_t len)
{
	assert_true(fake_api.thawed);
	buf_add(&text, bytes, len);
	return 0;
}

static int refuse(void *ctx, const char *bytes, size_t len)
{
	return -1;
}

static uint64_t object = 0x7f4000;

static int start(void **state)
{
	fake_api_demo();
	buf_free(&text);
	err = (struct pycore_error){ 0 };
	options = (struct pycore_report_options){ .size = sizeof(options), .limit = -1 };
	options.addresses = &object;
	options.n_addresses = 1;
	return 0;
}

static int report(const char *name)
{
	buf_free(&text);
	fake_api.thawed = false;
	return pycore_report(fake_session(), name, &options, take, NULL, &err);
}

static json_t *json_report(const char *name)
{
	json_t *root;

	options.format = PYCORE_JSON;
	assert_int_equal(report(name), 0);
	root = json_loads(text.text, 0, NULL);
	assert_non_null(root);
	return root;
}

static const char *const names[] = { "bt",   "objects", "heap-top", "refs",   "path",
				     "show", "print",   "info",     "analyze", "audit" };
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static void everything_is_read_before_the_target_runs_on(void **state)
{
	for (size_t i = 0; i < N_NAMES; i++) {
		fake_api_demo();
		assert_int_equal(report(names[i]), 0);
		assert_true(fake_api.thawed);
		assert_false(fake_api.read_when_thawed);
		assert_true(text.len > 20);
	}
}

static void every_report_says_how_long_the_process_was_stopped(void **state)
{
	fake_api.stopped_ms = 1.84;
	for (size_t i = 0; i < N_NAMES; i++) {
		json_t *root;

		options.format = PYCORE_TEXT;
		assert_int_equal(report(names[i]), 0);
		assert_non_null(strstr(text.text, "\nstopped for 1.8 ms\n"));
		root = json_report(names[i]);
		assert_true(json_real_value(json_object_get(json_object_get(root, "target"),
							    "stopped_ms")) == 1.84);
		json_decref(root);
	}
}

static void redact_shows_no_value_anywhere(void **state)
{
	static const char *const secrets[] = { "alice", "secret", "hunter2", "'foo'", "{42",
					       "quoted" };

	options.redact = options.locals = true;
	for (size_t i = 0; i < N_NAMES; i++) {
		for (int format = PYCORE_TEXT; format <= PYCORE_SVG; format++) {
			options.format = format;
			if (report(names[i]) == PYCORE_ERR_ARGUMENT)
				continue;
			for (size_t s = 0; s < sizeof(secrets) / sizeof(secrets[0]); s++)
				assert_null(strstr(text.text, secrets[s]));
		}
	}
	assert_false(fake_api.object_query.values);
	assert_false(fake_api.graph_query.values);
	assert_false(fake_api.stack_query.values);
	assert_false(fake_api.suspect_query.values);
	assert_false(fake_api.savings_query.values);
}

static void no_escape_sequence_of_the_target_gets_through(void **state)
{
	options.locals = true;
	for (size_t i = 0; i < N_NAMES; i++) {
		for (int format = PYCORE_TEXT; format <= PYCORE_SVG; format++) {
			options.format = format;
			if (report(names[i]) == PYCORE_ERR_ARGUMENT)
				continue;
			assert_null(strchr(text.text, '\x1b'));
			assert_null(strstr(text.text, "\xe2\x80\xae"));
		}
	}
}

static void json_has_every_type_and_text_has_20(void **state)
{
	static struct pycore_type_count many[30];
	json_t *root;

	for (int i = 0; i < 30; i++)
		many[i] = (struct pycore_type_count){ .type = "t.T", .count = 1, .bytes = 1, .retained = 1 };
	fake_api.census.types = many;
	fake_api.census.n_types = 30;
	root = json_report("objects");
	assert_int_equal(json_array_size(json_object_get(root, "types")), 30);
	json_decref(root);
	options.format = PYCORE_TEXT;
	assert_int_equal(report("objects"), 0);
	assert_non_null(strstr(text.text, "all 30 types"));
	options.limit = 3;
	root = json_report("objects");
	assert_int_equal(json_array_size(json_object_get(root, "types")), 3);
	json_decref(root);
}

static void sums_are_of_what_the_filters_let_through(void **state)
{
	static const char *const include[] = { "app.*", "dict", NULL };
	static const char *const exclude[] = { "dict", NULL };
	json_t *root, *total;

	options.include = include;
	options.exclude = exclude;
	root = json_report("objects");
	total = json_object_get(root, "total");
	assert_int_equal(json_integer_value(json_object_get(total, "count")), 20000);
	assert_int_equal(json_array_size(json_object_get(root, "types")), 1);
	json_decref(root);
}

static void types_sort_by_bytes_or_by_count(void **state)
{
	json_t *root = json_report("objects"), *types = json_object_get(root, "types");

	assert_string_equal(json_string_value(json_object_get(json_array_get(types, 1), "type")),
			    "app.models.Session");
	json_decref(root);
	options.sort = "count";
	options.limit = 2;
	root = json_report("heap-top");
	types = json_object_get(root, "types");
	assert_int_equal(json_array_size(types), 2);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(types, 0), "count")),
			 41233);
	json_decref(root);
	assert_false(fake_api.retained_asked);
	options.sort = "weight";
	assert_int_equal(report("objects"), PYCORE_ERR_ARGUMENT);
}

static uint64_t of_first(json_t *root, const char *list, const char *key)
{
	json_t *row = json_array_get(json_object_get(root, list), 0);

	return (uint64_t)json_integer_value(json_object_get(row, key));
}

static void heap_top_sorts_by_what_is_retained_unless_told_otherwise(void **state)
{
	json_t *root = json_report("heap-top");

	assert_int_equal(of_first(root, "types", "retained"), 5960000);
	assert_true(fake_api.retained_asked);
	assert_true(fake_api.object_query.retained && fake_api.object_query.paths);
	json_decref(root);
	fake_api_demo();
	options.sort = "bytes";
	root = json_report("heap-top");
	assert_int_equal(of_first(root, "types", "bytes"), 5000000);
	assert_false(fake_api.retained_asked);
	assert_false(fake_api.object_query.retained);
	assert_null(json_object_get(json_array_get(json_object_get(root, "types"), 0), "retained"));
	json_decref(root);
}

static void objects_say_what_is_retained_when_asked(void **state)
{
	json_t *root = json_report("objects");

	assert_false(fake_api.retained_asked);
	json_decref(root);
	options.retained = true;
	root = json_report("objects");
	assert_true(fake_api.retained_asked);
	assert_int_equal(of_first(root, "types", "retained"), 5960000);
	json_decref(root);
}

static void types_of_one_name_split_by_address(void **state)
{
	json_t *root;

	options.by_address = true;
	root = json_report("objects");
	assert_int_equal(json_array_size(json_object_get(root, "types")), 5);
	json_decref(root);
}

static void json_is_free_of_control_characters(void **state)
{
	struct json_out out = { .root = json_object() };
	struct buf written = { 0 };

	json_put(&out, out.root, "name", json_text("\x7f" "a\x1b\x7f\xc2\x9b" "b\x7f"));
	json_write(&out, &written, NULL, NULL);
	assert_false(written.failed);
	assert_non_null(
		strstr(written.text, "\"\\u007fa\\u001B\\u007f\\u009Bb\\u007f\""));
	buf_free(&written);
	json_decref(out.root);
}

static void a_type_lists_its_instances(void **state)
{
	json_t *root, *objects;

	options.type = "__main__.MyBigFatObject";
	root = json_report("objects");
	objects = json_object_get(root, "objects");
	assert_null(json_object_get(root, "types"));
	assert_int_equal(json_array_size(objects), 2);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(objects, 0), "address")),
		"0x7f3000");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "total"),
							    "count")),
			 2);
	json_decref(root);
	options.type = "no.Such";
	assert_int_equal(report("objects"), PYCORE_ERR_NOT_FOUND);
	assert_int_equal(text.len, 0);
}

static void the_threads_that_matter_are_among_those_shown(void **state)
{
	static struct pycore_thread many[30];
	struct pycore_stacks stacks = { many, 30 };

	for (int i = 0; i < 30; i++)
		many[i] = (struct pycore_thread){ .tid = 100 + (uint64_t)i, .complete = true };
	many[0].main = true;
	many[27].signal = true;
	many[29].gil = true;
	fake_api.stacks = stacks;
	options.limit = 20;
	assert_int_equal(report("bt"), 0);
	assert_non_null(strstr(text.text, "Thread 100 (main)"));
	assert_non_null(strstr(text.text, "Thread 127 (took SIGSEGV)"));
	assert_non_null(strstr(text.text, "Thread 129 (holds GIL)"));
	assert_non_null(strstr(text.text, "10 more threads"));
	for (options.limit = -1; options.limit <= 0; options.limit++) {
		assert_int_equal(report("bt"), 0);
		assert_non_null(strstr(text.text, "Thread 128\n"));
		assert_null(strstr(text.text, "more threads"));
	}
}

static void locals_are_read_where_they_are_asked_for(void **state)
{
	json_t *root, *frame;

	assert_int_equal(report("bt"), 0);
	assert_false(fake_api.stack_query.locals);
	assert_null(strstr(text.text, "_cache"));
	options.locals = true;
	assert_int_equal(report("bt"), 0);
	assert_true(fake_api.stack_query.locals && fake_api.stack_query.values);
	assert_non_null(strstr(text.text, "\n      _cache = {42: {...}}\n      broken: ?\n"));
	root = json_report("bt");
	frame = json_array_get(json_object_get(json_array_get(json_object_get(root, "threads"), 0),
					       "frames"),
			       0);
	frame = json_object_get(frame, "locals");
	assert_string_equal(json_string_value(json_object_get(frame, "_cache")), "{42: {...}}");
	assert_string_equal(json_string_value(json_object_get(frame, "broken")), "<?>");
	json_decref(root);
}

static void one_thread_can_be_asked_for(void **state)
{
	options.tid = 1240;
	assert_int_equal(report("bt"), 0);
	assert_non_null(strstr(text.text, "Thread 1240"));
	assert_null(strstr(text.text, "Thread 1234"));
	options.tid = 99;
	assert_int_equal(report("bt"), 0);
	assert_string_equal(text.text, "Thread 99 runs no Python code\n");
}

static void analyze_goes_on_with_what_can_be_read(void **state)
{
	json_t *root;

	fake_api.census_status = PYCORE_ERR_DAMAGED;
	assert_int_equal(report("analyze"), 0);
	assert_non_null(strstr(text.text, "Where the threads were"));
	assert_null(strstr(text.text, "What fills memory"));
	assert_non_null(strstr(text.text, "it failed on purpose"));
	root = json_report("analyze");
	assert_int_equal(json_array_size(json_object_get(root, "warnings")), 1);
	assert_non_null(json_object_get(root, "threads"));
	assert_null(json_object_get(root, "types"));
	json_decref(root);
	fake_api.stacks_status = PYCORE_ERR_DAMAGED;
	assert_int_equal(report("analyze"), PYCORE_ERR_DAMAGED);
}

static void analyze_suspects_what_the_program_made_itself(void **state)
{
	json_t *root, *suspects;

	fake_api.suspects_status = PYCORE_ERR_NOMEM;
	root = json_report("analyze");
	suspects = json_object_get(root, "suspects");
	assert_int_equal(json_array_size(suspects), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(suspects, 0), "type")),
			    "app.models.Session");
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(suspects, 1), "address")),
		"0x7f1000");
	json_decref(root);
}

static const char *kind_of(json_t *suspects, size_t i)
{
	return json_string_value(json_object_get(json_array_get(suspects, i), "kind"));
}

static void analyze_tells_what_retains_much_and_the_way_to_it(void **state)
{
	json_t *root = json_report("analyze"), *suspects = json_object_get(root, "suspects");
	json_t *first = json_array_get(suspects, 0);

	assert_int_equal(json_array_size(suspects), 5);
	assert_string_equal(kind_of(suspects, 0), "object");
	assert_string_equal(kind_of(suspects, 2), "structure");
	assert_string_equal(kind_of(suspects, 3), "group");
	assert_int_equal(json_integer_value(json_object_get(first, "retained")), 1200464);
	assert_int_equal(json_array_size(json_object_get(first, "path")), 3);
	assert_null(json_object_get(json_array_get(suspects, 3), "address"));
	assert_true(fake_api.object_query.retained);
	json_decref(root);
	options.format = PYCORE_TEXT;
	assert_int_equal(report("analyze"), 0);
	assert_non_null(strstr(text.text, "One dict at 0x7f2000 keeps 1.1 MiB alive, 18.7 % of"));
	assert_non_null(strstr(text.text, "1,200 objects of app.models.Session"));
}

static void analyze_without_references_goes_by_counts_and_sizes(void **state)
{
	json_t *root;

	fake_api.suspects_status = PYCORE_ERR_NOMEM;
	root = json_report("analyze");
	assert_int_equal(json_array_size(json_object_get(root, "suspects")), 2);
	assert_int_equal(json_array_size(json_object_get(root, "warnings")), 1);
	assert_null(json_object_get(root, "waste"));
	assert_false(fake_api.object_query.retained);
	json_decref(root);
}

static void analyze_puts_equal_stacks_together(void **state)
{
	assert_int_equal(report("analyze"), 0);
	assert_non_null(strstr(text.text, "and 1 more with the same stack: 1241\n"));
}

static void advice_in_gdb_is_of_gdb_commands(void **state)
{
	options.in_gdb = true;
	assert_int_equal(report("analyze"), 0);
	assert_non_null(strstr(text.text, "      py-refs --type __main__.MyBigFatObject --format svg"));
	assert_null(strstr(text.text, "pycore "));
}

static void a_failure_is_told_and_nothing_is_written(void **state)
{
	assert_int_equal(report("nonsense"), PYCORE_ERR_ARGUMENT);
	fake_api.stacks_status = PYCORE_ERR_DAMAGED;
	assert_int_equal(report("bt"), PYCORE_ERR_DAMAGED);
	assert_string_equal(err.message, "it failed on purpose");
	assert_int_equal(text.len, 0);
	options.format = PYCORE_DOT;
	assert_int_equal(report("objects"), PYCORE_ERR_ARGUMENT);
	options.format = 77;
	assert_int_equal(report("objects"), PYCORE_ERR_ARGUMENT);
	options.format = PYCORE_TEXT;
	assert_int_equal(pycore_report(fake_session(), "info", &options, refuse, NULL, &err),
			 PYCORE_ERR_OUTPUT);
}

static void older_callers_have_shorter_options(void **state)
{
	options.size = offsetof(struct pycore_report_options, type);
	options.type = "no.Such";
	assert_int_equal(report("objects"), 0);
	options.size = 0;
	assert_int_equal(report("objects"), PYCORE_ERR_ARGUMENT);
	assert_int_equal(pycore_report(fake_session(), "info", NULL, take, NULL, &err), 0);
}

static void an_empty_target_makes_reports_too(void **state)
{
	fake_api = (struct fake_api){ .info = { .kind = "callback" } };
	fake_api.detail.object = (struct pycore_object){
		.address = object, .type = "object", .bytes = 16, .refcount = 1 };
	for (size_t i = 0; i < N_NAMES; i++) {
		for (int format = PYCORE_TEXT; format <= PYCORE_SVG; format++) {
			options.format = format;
			if (format <= PYCORE_JSON || !strcmp(names[i], "bt"))
				assert_int_equal(report(names[i]), format == PYCORE_DOT ?
								     PYCORE_ERR_ARGUMENT : 0);
		}
	}
}

static void fields_and_referrers_are_as_many_as_asked_for(void **state)
{
	assert_int_equal(report("show"), 0);
	assert_int_equal(fake_api.detail_query.limit, 20);
	assert_false(fake_api.detail_query.no_referrers);
	options.limit = 0;
	options.depth = 3;
	options.no_referrers = true;
	assert_int_equal(report("show"), 0);
	assert_int_equal(fake_api.detail_query.limit, 0);
	assert_int_equal(fake_api.detail_query.depth, 3);
	assert_true(fake_api.detail_query.no_referrers);
	assert_null(strstr(text.text, "kept by"));
	assert_null(strstr(text.text, "referred to by"));
}

static void an_address_inside_of_an_object_is_told(void **state)
{
	object = 0x7f4010;
	assert_int_equal(report("show"), 0);
	object = 0x7f4000;
	assert_non_null(strstr(text.text, "0x7f4010 is inside of it, at byte 16\n"));
}

static void one_object_has_to_be_named(void **state)
{
	options.n_addresses = 0;
	assert_int_equal(report("show"), PYCORE_ERR_ARGUMENT);
	options.name = "user";
	options.tid = 1234;
	assert_int_equal(report("show"), 0);
	assert_string_equal(fake_api.detail_query.name, "user");
	assert_int_equal(fake_api.detail_query.tid, 1234);
}

static void a_printed_name_is_one_line(void **state)
{
	options.name = "user";
	assert_int_equal(report("print"), 0);
	assert_string_equal(text.text,
			    "local 'user' of login\\x1b[31m() = <Session of 'alice'>\n");
	assert_true(fake_api.detail_query.no_referrers);
}

static void what_is_immortal_has_no_count(void **state)
{
	json_t *root;

	fake_api.detail.object.refcount = -1;
	assert_int_equal(report("show"), 0);
	assert_non_null(strstr(text.text, "  refcount  immortal\n"));
	root = json_report("show");
	assert_true(json_is_null(json_object_get(json_object_get(root, "object"), "refcount")));
	assert_true(json_is_true(json_object_get(json_object_get(root, "object"), "immortal")));
	json_decref(root);
}

static int finish(void **state)
{
	buf_free(&text);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_is_read_before_the_target_runs_on),
		TEST(every_report_says_how_long_the_process_was_stopped),
		TEST(redact_shows_no_value_anywhere),
		TEST(no_escape_sequence_of_the_target_gets_through),
		TEST(json_has_every_type_and_text_has_20),
		TEST(sums_are_of_what_the_filters_let_through),
		TEST(types_sort_by_bytes_or_by_count),
		TEST(heap_top_sorts_by_what_is_retained_unless_told_otherwise),
		TEST(objects_say_what_is_retained_when_asked),
		TEST(types_of_one_name_split_by_address),
		TEST(json_is_free_of_control_characters),
		TEST(a_type_lists_its_instances),
		TEST(the_threads_that_matter_are_among_those_shown),
		TEST(locals_are_read_where_they_are_asked_for),
		TEST(one_thread_can_be_asked_for),
		TEST(analyze_goes_on_with_what_can_be_read),
		TEST(analyze_suspects_what_the_program_made_itself),
		TEST(analyze_tells_what_retains_much_and_the_way_to_it),
		TEST(analyze_without_references_goes_by_counts_and_sizes),
		TEST(analyze_puts_equal_stacks_together),
		TEST(advice_in_gdb_is_of_gdb_commands),
		TEST(a_failure_is_told_and_nothing_is_written),
		TEST(older_callers_have_shorter_options),
		TEST(an_empty_target_makes_reports_too),
		TEST(fields_and_referrers_are_as_many_as_asked_for),
		TEST(an_address_inside_of_an_object_is_told),
		TEST(one_object_has_to_be_named),
		TEST(a_printed_name_is_one_line),
		TEST(what_is_immortal_has_no_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
