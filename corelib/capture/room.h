/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_ROOM_H
#define CAPTURE_ROOM_H

#include <stdint.h>

/*
 * Bytes of memory that this program may take now without pressing anybody: half
 * of what is free, here and in every memory group that it is in.
 */
uint64_t room_for_copy(void);

/* Bytes of memory that the machine has, and those that are @p available; 0: not known. */
uint64_t room_of_machine(uint64_t *available);

#endif
