/* SPDX-License-Identifier: MIT */
#ifndef CLI_DUMP_H
#define CLI_DUMP_H

#include "options.h"

/* pycore dump. @return enum exit_status */
int run_dump(const struct command *command, struct settings *settings);

#endif
