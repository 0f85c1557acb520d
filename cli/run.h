/* SPDX-License-Identifier: MIT */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "options.h"

/* Open the target and print the report that has the command's name. @return enum exit_status */
int run_report(const struct command *command, struct settings *settings);

#endif
