/* SPDX-License-Identifier: MIT */
#ifndef HEAP_TALLY_H
#define HEAP_TALLY_H

#include <pycore/heap.h>

#include "base/vec.h"

/* Counts by what there are few kinds of: sizes of blocks, types that have free lists. */
struct tally {
	VEC(struct pycore_size_class) sizes;
	VEC(struct pycore_free_list) lists;
};

/* Add a pool or page that has @p live blocks of @p size bytes, and room for @p room. False: no memory. */
bool tally_pool(struct tally *t, uint64_t size, uint64_t live, uint64_t room);
/* Add @p count blocks kept for objects of that type; the name must stay. */
bool tally_kept(struct tally *t, const char *type, uint64_t count);
/* Add all that @p from has counted. */
bool tally_join(struct tally *to, const struct tally *from);
/* By size, and by name. */
void tally_sort(struct tally *t);
void tally_fini(struct tally *t);

#endif
