/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "collect.h"
#include "dump.h"
#include "options.h"
#include "run.h"
#include "snapshot.h"
#include "watch.h"

int run_report(const struct command *command, struct settings *s)
{
	return EXIT_ANSWERED;
}

int run_dump(const struct command *command, struct settings *s)
{
	return EXIT_ANSWERED;
}

int run_snapshot(const struct command *command, struct settings *s)
{
	return EXIT_ANSWERED;
}

int run_watch(const struct command *command, struct settings *s)
{
	return EXIT_ANSWERED;
}

int run_collect(const struct command *command, struct settings *s)
{
	return EXIT_ANSWERED;
}

static struct settings parsed;

/* Parse the words of @p line, which are the name of a command and what follows it. */
static bool parse(const char *line)
{
	static char copy[256];
	static char *words[32];
	int n = 0;

	options_free(&parsed);
	parsed = (struct settings){ 0 };
	strcpy(copy, line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[n++] = word;
	words[n] = NULL;
	return options_parse(&parsed, command_find(words[0]), n, words);
}

static void options_stand_before_or_after_the_target(void **state)
{
	static const char *const lines[] = {
		"refs core --type T", "refs --type T core", "refs --type=T core",
		"refs --type T -- core",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_true(parse(lines[i]));
		assert_string_equal(parsed.target, "core");
		assert_string_equal(parsed.report.type, "T");
	}
}

static void the_object_to_show_stands_after_the_target(void **state)
{
	static const char *const lines[] = {
		"show core 0x7f00", "show --depth 2 core 0x7f00", "show core --limit 3 0x7f00",
		"show core 32512",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_true(parse(lines[i]));
		assert_string_equal(parsed.target, "core");
		assert_int_equal(parsed.report.n_addresses, 1);
		assert_int_equal(parsed.report.addresses[0], 0x7f00);
	}
	assert_true(parse("show 0x7f00 --pid 12 --no-referrers"));
	assert_null(parsed.target);
	assert_int_equal(parsed.report.addresses[0], 0x7f00);
	assert_true(parsed.report.no_referrers);
	assert_false(parse("show core"));
	assert_false(parse("show --pid 12"));
	assert_false(parse("show core nonsense"));
	assert_false(parse("show core 0"));
	assert_false(parse("show core 0x7f00 0x7f10"));
	assert_false(parse("show core 0x7f00 --pid 12"));
	assert_false(parse("bt core 0x7f00"));
}

static void posixly_correct_changes_nothing(void **state)
{
	setenv("POSIXLY_CORRECT", "1", 1);
	assert_true(parse("refs core --type T"));
	unsetenv("POSIXLY_CORRECT");
}

static void defaults_are_the_formats_own(void **state)
{
	assert_true(parse("objects core"));
	assert_int_equal(parsed.report.limit, -1);
	assert_int_equal(parsed.report.format, PYCORE_TEXT);
	assert_true(parse("refs core --addr 0x10"));
	assert_int_equal(parsed.report.format, PYCORE_DOT);
	assert_true(parse("bt core --format speedscope"));
	assert_int_equal(parsed.report.format, PYCORE_SPEEDSCOPE);
	assert_true(parse("bt core --locals --limit 3"));
	assert_true(parsed.report.locals);
	assert_int_equal(parsed.report.limit, 3);
}

static void what_repeats_is_collected(void **state)
{
	assert_true(parse("objects core --include a.* --include b.* --exclude a.x"));
	assert_string_equal(parsed.report.include[0], "a.*");
	assert_string_equal(parsed.report.include[1], "b.*");
	assert_null(parsed.report.include[2]);
	assert_string_equal(parsed.report.exclude[0], "a.x");
	assert_true(parse("refs core --addr 0x10 --addr 32"));
	assert_int_equal(parsed.report.n_addresses, 2);
	assert_int_equal(parsed.report.addresses[1], 32);
}

static void wrong_words_are_told(void **state)
{
	static const char *const lines[][2] = {
		{ "bt", "which core file or process?" },
		{ "bt core core2", "one target is enough: what is 'core2'?" },
		{ "bt core --pid 1", "both --pid and 'core': which of them?" },
		{ "bt core --nonsense", "unknown option '--nonsense'" },
		{ "bt core -x", "unknown option '-x'" },
		{ "bt core --native", "unknown option '--native'" },
		{ "bt core --format", "option '--format' wants a value" },
		{ "bt core --redact=1", "option '--redact' takes no value" },
		{ "bt core --locals --format svg",
		  "there are no locals in format 'svg': give text or json" },
		{ "objects core --format folded", "there is no format 'folded' here" },
		{ "objects core --locals", "unknown option '--locals'" },
		{ "bt core --limit -1", "--limit takes a number, 0 for all, not '-1'" },
		{ "bt core --format dot", "there is no format 'dot' here" },
		{ "bt core --format yaml", "unknown format 'yaml'" },
		{ "objects core --limit -1", "--limit takes a number, 0 for all, not '-1'" },
		{ "objects core --limit 3x", "--limit takes a number, 0 for all, not '3x'" },
		{ "objects core --sort weight",
		  "--sort is count, bytes or retained, not 'weight'" },
		{ "path core", "which objects? Give --type TYPE or --addr ADDRESS" },
		{ "path core --addr 1 --all 0", "--all takes a number from 1 to 10000, not '0'" },
		{ "heap-top core --depth 0", "--depth takes a number from 1 to 1000, not '0'" },
		{ "refs core", "which objects? Give --type TYPE or --addr ADDRESS" },
		{ "refs core --addr 0",
		  "--addr takes an address such as 0x7f31c0a2d5e0, not '0'" },
		{ "info core -j 0", "-j takes a number from 1 to 1024, not '0'" },
		{ "info core --type T", "unknown option '--type'" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_false(parse(lines[i][0]));
		assert_string_equal(parsed.error, lines[i][1]);
	}
}

static void help_needs_no_target(void **state)
{
	assert_true(parse("bt --help"));
	assert_true(parsed.help);
	assert_true(parse("refs -h"));
	assert_true(parse("bt --version"));
	assert_true(parsed.version);
}

static void a_misspelt_command_is_guessed(void **state)
{
	assert_string_equal(command_guess("heaptop")->name, "heap-top");
	assert_string_equal(command_guess("py-bt")->name, "bt");
	assert_string_equal(command_guess("object")->name, "objects");
	assert_null(command_guess("memory"));
	assert_null(command_guess("x"));
}

static int free_parsed(void **state)
{
	options_free(&parsed);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_before_or_after_the_target),
		cmocka_unit_test(the_object_to_show_stands_after_the_target),
		cmocka_unit_test(posixly_correct_changes_nothing),
		cmocka_unit_test(defaults_are_the_formats_own),
		cmocka_unit_test(what_repeats_is_collected),
		cmocka_unit_test(wrong_words_are_told),
		cmocka_unit_test(help_needs_no_target),
		cmocka_unit_test(a_misspelt_command_is_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, free_parsed);
}
