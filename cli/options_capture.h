/* SPDX-License-Identifier: MIT */
#ifndef CLI_OPTIONS_CAPTURE_H
#define CLI_OPTIONS_CAPTURE_H

#include "options.h"

/* Tell what is wrong with a word: @p format has one %s. @return false */
bool wrong(struct settings *s, const char *format, const char *value);
/* A whole number of at most @p most. */
bool parse_number(const char *text, int base, uint64_t most, uint64_t *out);

/* What the options mean of the commands that write cores; as struct option_spec has them. */
bool apply_compress(struct settings *s, const char *value);
bool apply_max_memory(struct settings *s, const char *value);
bool apply_python_only(struct settings *s, const char *value);
bool apply_all_memory(struct settings *s, const char *value);
bool apply_max_stop(struct settings *s, const char *value);
bool apply_cgroup(struct settings *s, const char *value);
bool apply_rss(struct settings *s, const char *value);
bool apply_percent(struct settings *s, const char *value);
bool apply_pressure(struct settings *s, const char *value);
bool apply_then(struct settings *s, const char *value);
bool apply_analyze(struct settings *s, const char *value);
bool apply_dir(struct settings *s, const char *value);
bool apply_core(struct settings *s, const char *value);
bool apply_max_size(struct settings *s, const char *value);
bool apply_time(struct settings *s, const char *value);
bool apply_keep(struct settings *s, const char *value);

#endif
