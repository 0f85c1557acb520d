/* SPDX-License-Identifier: MIT */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "options.h"

/* pycore watch. @return enum exit_status */
int run_watch(const struct command *command, struct settings *settings);

#endif
