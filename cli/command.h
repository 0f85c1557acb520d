/* SPDX-License-Identifier: MIT */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdint.h>

struct settings;

/* Options beside those that every command takes. */
enum option_set {
	OPTIONS_COMMON = 1u << 0,
	OPTIONS_TYPE = 1u << 1,
	OPTIONS_ROWS = 1u << 2,  /* --limit */
	OPTIONS_TYPES = 1u << 3, /* --sort, --include, --exclude */
	OPTIONS_BY_ADDRESS = 1u << 4,
	OPTIONS_GRAPH = 1u << 5,
	OPTIONS_THREAD = 1u << 6,
	OPTIONS_OBJECT = 1u << 7, /* an address after the target */
	OPTIONS_PATH = 1u << 8,
	OPTIONS_TREE = 1u << 9,
	OPTIONS_CAPTURE = 1u << 20, /* writes a core of a process */
	OPTIONS_COLLECT = 1u << 22, /* takes a core from standard input */
	OPTIONS_WATCH = 1u << 21,   /* waits for a limit; a command of its own may follow -- */
	OPTIONS_FAULTS = 1u << 12,
	OPTIONS_DIFF = 1u << 13,  /* a second target, and perhaps a third */
};

/* sysexits.h has EX_USAGE; the rest is ours. */
enum exit_status {
	EXIT_ANSWERED = 0,
	EXIT_PARTLY = 1,
	EXIT_NO_ANSWER = 2,
	EXIT_WRONG_USAGE = 64,
};

struct command {
	const char *name;
	const char *args;        /* "TARGET ADDRESS", or NULL: "TARGET" */
	const char *summary;     /* a line of pycore --help */
	const char *description; /* what its own --help begins with */
	const char *examples;    /* what it ends with */
	const char *formats;     /* "text json": the default first */
	uint32_t options;        /* enum option_set */
	int (*run)(const struct command *command, struct settings *settings);
};

/* In the order of pycore --help; ends with a NULL name. */
extern const struct command commands[];

const struct command *command_find(const char *name);

/* The command that @p name was meant to be, or NULL. */
const struct command *command_guess(const char *name);

#endif
