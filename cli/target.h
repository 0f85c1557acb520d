/* SPDX-License-Identifier: MIT */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include "options.h"

/* Open what the user named, core, snapshot or process. @return as pycore_open_core() */
int target_open(struct pycore **out, const struct settings *s, struct pycore_error *err);

/* The same of another word of the same settings. */
int target_open_word(struct pycore **out, const char *word, const struct settings *s,
		     struct pycore_error *err);

/* The process that the user named. @return 0, or a pycore_status told in @p err */
int target_pid(pid_t *out, const struct settings *s, struct pycore_error *err);

/* Whether @p path is the very file that is a target. */
bool target_is_file(const struct settings *s, const char *path);

#endif
