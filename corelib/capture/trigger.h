/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_TRIGGER_H
#define CAPTURE_TRIGGER_H

#include "capture/group.h"

/* What the kernel can be asked to tell of memory. All return a descriptor, or -1 with errno. */

/* v1: readable when the group is out of memory. */
int trigger_oom(const struct group *g);
/* v1: readable when the group's memory, cached files included, crosses @p bytes. */
int trigger_usage(const struct group *g, uint64_t bytes);
/* v2: readable when memory.events changes. */
int trigger_events(const struct group *g);
/* POLLPRI when waiting for memory took @p percent of two seconds; @p g NULL: of the machine. */
int trigger_pressure(const struct group *g, uint32_t percent);

/* Take what there is to read: it is told once. */
void trigger_drain(int fd);

#endif
