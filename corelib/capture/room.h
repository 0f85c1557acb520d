/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_ROOM_H
#define CAPTURE_ROOM_H

#include <stdint.h>

/* Bytes of memory that this program may take now without pressing anybody: half of what is free. */
uint64_t room_for_copy(void);

#endif
