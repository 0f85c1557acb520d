/* SPDX-License-Identifier: MIT */
#ifndef CLI_KEEP_H
#define CLI_KEEP_H

#include <stddef.h>

/*
 * Of the files "core.PID.TIME" in a folder, whatever follows that, keep those of
 * the @p most newest of them; every other name is left alone.
 * @return how many were removed
 */
size_t keep_newest(const char *folder, size_t most);

#endif
