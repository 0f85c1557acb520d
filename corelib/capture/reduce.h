/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_REDUCE_H
#define CAPTURE_REDUCE_H

#include <pycore/capture.h>

/* As pycore_reduce(), of options that are whole. */
int reduce_core(const char *core, const struct pycore_dump_options *options,
		struct pycore_dump_result *out, struct pycore_error *err);

#endif
