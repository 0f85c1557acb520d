/* SPDX-License-Identifier: MIT */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* A line on standard error that says how far long work has come. */

/* @p wanted: false shows nothing, as where standard error is no terminal. */
void progress_start(bool wanted);

/* A pycore_progress_fn. */
void progress_show(void *ctx, const char *what, uint64_t done, uint64_t total);

/* Wipe the line: something else is about to be written. */
void progress_clear(void);

#endif
