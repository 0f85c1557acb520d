/* SPDX-License-Identifier: MIT */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "command.h"

/* pycore --help */
void help_all(FILE *out);

/* pycore COMMAND --help */
void help_command(FILE *out, const struct command *command);

#endif
