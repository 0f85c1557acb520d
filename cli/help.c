/* SPDX-License-Identifier: MIT */
#include "help.h"

#include <string.h>

#include "options.h"

#define HELP_COLUMN 24

void help_all(FILE *out)
{
	fputs("usage: pycore COMMAND [OPTIONS] TARGET\n"
	      "\n"
	      "Reads the Python out of a core file or a process: stacks, objects, references.\n"
	      "The target needs no debug information and runs no code of ours.\n"
	      "\n"
	      "Commands:\n",
	      out);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-10s %s\n", c->name, c->summary);
	fputs("\n"
	      "TARGET is a core file (also compressed), or the number of a process, which is\n"
	      "stopped while it is read and then runs on. A file that exists wins over a number.\n"
	      "\n"
	      "Options:\n"
	      "  -h, --help   this text; pycore COMMAND --help has the options of a command\n"
	      "  --version    the version of pycore\n"
	      "\n"
	      "Exit status: 0 answered in full, 1 answered in part (standard error says what is\n"
	      "missing), 2 no answer, 64 wrong usage.\n"
	      "\n"
	      "Examples:\n"
	      "  pycore analyze core.1234\n"
	      "  pycore bt 1234\n"
	      "  pycore heap-top core.1234\n"
	      "  pycore refs core.1234 --type MyBigFatObject | dot -Tpng -o refs.png\n",
	      out);
}

static void help_formats(char text[80], const char *formats)
{
	size_t first = strcspn(formats, " ");
	size_t used = (size_t)snprintf(text, 80, "%.*s (default)", (int)first, formats);
	const char *next = formats + first;

	while (*next && used < 60) {
		size_t len = strcspn(++next, " ");

		used += (size_t)snprintf(text + used, 80 - used, "%s%.*s",
					 next[len] ? ", " : " or ", (int)len, next);
		next += len;
	}
}

static void help_option(FILE *out, const struct option_spec *spec, const char *text)
{
	char left[64];
	int used = snprintf(left, sizeof(left), "  %s%.1s%s--%s%s%s", spec->letter ? "-" : "",
			    spec->letter ? &spec->letter : "", spec->letter ? ", " : "",
			    spec->name, spec->arg ? " " : "", spec->arg ? spec->arg : "");

	if (used < HELP_COLUMN - 1)
		fprintf(out, "%-*s", HELP_COLUMN, left);
	else
		fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
	for (; *text; text++) {
		fputc(*text, out);
		if (*text == '\n')
			fprintf(out, "%*s", HELP_COLUMN, "");
	}
	fputc('\n', out);
}

static void help_options(FILE *out, const struct command *command, bool common)
{
	char formats[80];

	help_formats(formats, command->formats);
	for (const struct option_spec *spec = option_specs; spec->name; spec++) {
		if (!(spec->sets & command->options) ||
		    ((spec->sets & OPTIONS_COMMON) != 0) != common)
			continue;
		help_option(out, spec, spec->help ? spec->help : formats);
	}
}

void help_command(FILE *out, const struct command *command)
{
	fprintf(out, "usage: pycore %s [OPTIONS] %s\n\n%s\n\nOptions:\n", command->name,
		command->args ? command->args : "TARGET", command->description);
	help_options(out, command, false);
	help_options(out, command, true);
	fprintf(out, "\nExamples:\n%s", command->examples);
}
