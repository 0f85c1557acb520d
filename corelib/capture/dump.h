/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_DUMP_H
#define CAPTURE_DUMP_H

#include <pycore/capture.h>

/* As pycore_dump(), of options that are whole. */
int dump_process(pid_t pid, const struct pycore_dump_options *options,
		 struct pycore_dump_result *out, struct pycore_error *err);

#endif
