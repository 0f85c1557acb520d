/* SPDX-License-Identifier: MIT */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <stdbool.h>

/* ^C and its like end long work in good order instead of at once. */

void stop_on_signals(void);

/* A pycore_cancel_fn: whether such a signal came. */
bool stop_wanted(void *ctx);

/* The signal that came, or 0. */
int stop_signal(void);

#endif
