/* SPDX-License-Identifier: MIT */
#ifndef CLI_CHILD_H
#define CLI_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Programs that we start. */

/* Start a command, found along PATH. @return its process, or -1 with errno */
pid_t child_start(char *const *words);

/* How to look at a core in a process of its own. */
struct child_limits {
	unsigned seconds;    /* 0: none */
	const char *sysroot; /* or NULL */
	const char *exe;     /* or NULL */
	const char *unpack_in; /* folder for a compressed core, or NULL: as usual */
	bool redact;
};

/*
 * Have "pycore analyze" of @p core written to @p path, which must not exist and is
 * never followed as a link. What it warns of follows its answer.
 * @return whether there is an answer; else there is no such file, and @p why has the line
 * that says what kept it from one
 */
bool child_analyze(const char *core, const char *path, const struct child_limits *limits,
		   char *why, size_t size);

/* Whether a core can be read, and there is no CPython in it. */
bool child_finds_no_python(const char *core, const struct child_limits *limits);

#endif
