/* SPDX-License-Identifier: MIT */
#ifndef HEAP_POOL_SCAN_H
#define HEAP_POOL_SCAN_H

#include "heap/arenas.h"

/*
 * Find pools by their headers, in every writable anonymous mapping, and add
 * the runs of each arena to @p a: needs no symbol and no allocator state.
 */
int pool_scan(struct arenas *a, const struct layout *l, struct target *t, unsigned workers);

#endif
