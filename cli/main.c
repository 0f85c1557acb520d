/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "options.h"

static int wrong_usage(const char *what, const char *name, const char *see)
{
	fprintf(stderr, "pycore: %s%s (see pycore %s%s--help)\n", what, name, see, *see ? " " : "");
	return EXIT_WRONG_USAGE;
}

static int unknown_command(const char *name)
{
	const struct command *guess = command_guess(name);
	char text[160];

	if (guess)
		snprintf(text, sizeof(text), "'%.60s'; did you mean %s?", name, guess->name);
	else
		snprintf(text, sizeof(text), "'%.60s'", name);
	return wrong_usage("unknown command ", text, "");
}

/* Help that could not be written is a failure as every other. */
static int done(FILE *out)
{
	if (fflush(out) || ferror(out)) {
		perror("pycore: standard output");
		return EXIT_NO_ANSWER;
	}
	return EXIT_ANSWERED;
}

static int print_version(void)
{
	printf("pycore %s\n", pycore_version());
	return done(stdout);
}

static int run_command(const struct command *command, int argc, char **argv)
{
	struct settings s = { 0 };
	int status;

	if (!options_parse(&s, command, argc, argv)) {
		char text[240];

		snprintf(text, sizeof(text), "%s: %s", command->name, s.error);
		status = wrong_usage(text, "", command->name);
	} else if (s.help) {
		help_command(stdout, command);
		status = done(stdout);
	} else if (s.version) {
		status = print_version();
	} else {
		status = command->run(command, &s);
	}
	options_free(&s);
	return status;
}

static int print_help(const char *of)
{
	const struct command *command;

	if (!of) {
		help_all(stdout);
		return done(stdout);
	}
	command = command_find(of);
	if (!command)
		return unknown_command(of);
	help_command(stdout, command);
	return done(stdout);
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		help_all(stderr);
		return EXIT_WRONG_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_help(NULL);
	if (!strcmp(argv[1], "help"))
		return print_help(argc > 2 ? argv[2] : NULL);
	if (!strcmp(argv[1], "--version"))
		return print_version();
	if (*argv[1] == '-')
		return wrong_usage("the command comes first, not ", argv[1], "");
	command = command_find(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	return run_command(command, argc - 1, argv + 1);
}
