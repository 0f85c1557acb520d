/* SPDX-License-Identifier: MIT */
#ifndef CLI_COLLECT_H
#define CLI_COLLECT_H

#include "options.h"

/* pycore collect. @return enum exit_status */
int run_collect(const struct command *command, struct settings *settings);

#endif
