/* SPDX-License-Identifier: MIT */
#ifndef CLI_SNAPSHOT_H
#define CLI_SNAPSHOT_H

#include "options.h"

int run_snapshot(const struct command *command, struct settings *settings);

#endif
