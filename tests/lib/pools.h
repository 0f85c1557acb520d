/* SPDX-License-Identifier: MIT */
#ifndef TESTS_POOLS_H
#define TESTS_POOLS_H

#include "layout/layout.h"
#include "lib/fake.h"

/*
 * Pools of pymalloc made in a fake target. Write what is in the blocks after
 * pools_put(), and free blocks with pools_free() at last: it writes the chain
 * through them.
 */

/* A pool at @p addr with @p n blocks of @p size bytes handed out, all in use. */
void pools_put(struct fake *f, const struct layout *l, uint64_t addr, uint32_t arena,
	       uint32_t size, uint32_t n);

/* Address of its block number @p i */
uint64_t pools_block(struct fake *f, const struct layout *l, uint64_t addr, uint32_t i);

/* Put block @p i at the head of the free chain. */
void pools_free(struct fake *f, const struct layout *l, uint64_t addr, uint32_t i);

/* How many blocks of @p size bytes a pool has room for. */
uint32_t pools_room(const struct layout *l, uint32_t size);

#endif
