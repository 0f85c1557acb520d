/* SPDX-License-Identifier: MIT */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <pycore/pycore.h>

#include "command.h"

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

enum collected { CORE_NONE, CORE_REDUCED, CORE_FULL };
enum then { THEN_CONTINUE, THEN_KILL, THEN_STOP };

/* What the user typed. Zero is the default of everything. */
struct settings {
	const char *target; /* as typed, or NULL */
	const char *more[2]; /* targets after it, or NULL */
	const char *pid;    /* --pid, or NULL */
	const char *output; /* -o, or NULL */
	enum color_when color;
	bool quiet, verbose, help, version;
	struct pycore_options open;
	bool zstd, python_only, all_memory; /* of a core that is written */
	uint64_t max_stop_ms, max_memory;
	const char *cgroup; /* of watch, as all up to analyze */
	uint64_t rss;
	uint32_t percent, pressure;
	enum then then;
	bool analyze;
	char **words;       /* a command to run, or NULL */
	const char *dir;    /* of collect, as all up to keep */
	const char *signal, *when; /* words after the process's number, or NULL */
	enum collected core;
	uint64_t max_size;
	uint32_t seconds;
	uint32_t keep;      /* 0: as many as usual; UINT32_MAX: all */
	struct pycore_report_options report;
	const char **include, **exclude;
	size_t n_include, n_exclude;
	uint64_t *addresses;
	size_t n_addresses;
	char error[200]; /* what is wrong with the words, or "" */
};

/* One option; in the table's order in --help. */
struct option_spec {
	const char *name;
	char letter;         /* or 0 */
	const char *arg;     /* "FILE", or NULL */
	const char *help;    /* a line, or more with '\n' */
	uint32_t sets;       /* enum option_set that it belongs to */
	bool (*apply)(struct settings *s, const char *value);
};

/* Ends with a NULL name. */
extern const struct option_spec option_specs[];

/*
 * Read the words after the command's name. @return false if they are wrong:
 * then s->error says how. options_free() either way.
 */
bool options_parse(struct settings *s, const struct command *command, int argc, char **argv);
void options_free(struct settings *s);

#endif
