/* SPDX-License-Identifier: MIT */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "options.h"

/* What every command does that reads a target: signals, progress, how files are read. */
void run_prepare(struct settings *settings);

/* What the answer lacks, to standard error. @return EXIT_ANSWERED or EXIT_PARTLY */
int run_print_warnings(const struct settings *settings, const struct pycore *session);

/* Open the target and print the report that has the command's name. @return enum exit_status */
int run_report(const struct command *command, struct settings *settings);

#endif
