/* SPDX-License-Identifier: MIT */
#ifndef CLI_CAPTURED_H
#define CLI_CAPTURED_H

#include <jansson.h>

#include "options.h"

/* What the commands share that write a core: how, and what they say of it. */

/* Warnings on what was written. Zero is none. */
struct captured {
	bool quiet;
	char **warnings;
	size_t n;
};

/* What the user wants of a core. @p c takes the warnings. */
void captured_options(struct pycore_dump_options *options, const struct settings *s,
		      struct captured *c);

/*
 * Tell what was done: on standard error, and as JSON on standard output where
 * that is wanted. @return enum exit_status
 */
int captured_print(const struct captured *c, const struct settings *s, pid_t pid,
		   const struct pycore_dump_result *result, const char *reason);

void captured_free(struct captured *c);

/* Text of the target or a file name as JSON: what is no UTF-8 is marked. */
json_t *captured_text(const char *bytes);

/* Print it to standard output, and let go of it; NULL: there was no memory for it. */
int captured_print_object(json_t *all);

#endif
