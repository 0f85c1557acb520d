/* SPDX-License-Identifier: MIT */
#ifndef HEAP_HEAP_H
#define HEAP_HEAP_H

#include <pycore/heap.h>

#include "heap/arenas.h"
#include "heap/index.h"
#include "heap/tally.h"
#include "object/value.h"

/* Count of one type; by type number. */
struct heap_type_count {
	uint64_t count, bytes, gc;
};

/* What the objects of one type take; by type number. */
struct heap_cost {
	uint64_t block_bytes, outside_bytes;
};

/* Every object of the target, found and counted. */
struct heap {
	const struct runtime *rt;
	const struct interpreters *interps;
	struct type_table *types;
	struct index index;
	struct arenas arenas;
	struct heap_type_count *counts; /* by type number */
	size_t n_counts;
	struct heap_cost *costs; /* the same; NULL: not asked for yet */
	struct pycore_blocks blocks;
	struct tally tally; /* sorted */
	uint32_t jobs; /* worker threads asked for, for passes over the index too */
};

struct heap_options {
	uint32_t jobs;
	pycore_progress_fn *progress;
	void *progress_ctx;
	void (*warn)(void *ctx, const char *line);
	void *warn_ctx;
};

/*
 * Find and count every object: live blocks of pymalloc pools, the collector's
 * lists, then what these refer to outside the pools.
 */
int heap_read(struct heap *h, const struct ctx *c, const struct interpreters *interps,
	      const struct heap_options *options, struct pycore_error *err);
void heap_fini(struct heap *h);

#endif
