/* SPDX-License-Identifier: MIT */
#ifndef TARGET_WORDS_H
#define TARGET_WORDS_H

#include "target/reader.h"

/* Memory that C code knows, word by word: what in it is a reference nothing says. */

/* @p n words that stand at @p at and behind it */
typedef void words_fn(void *arg, uint64_t at, const uint64_t *words, size_t n);

/*
 * All words of [start, end) that can be read, in order. The end may be a lie; it is where
 * the mapped region ends at the latest.
 */
void words_each(struct reader *r, uint64_t start, uint64_t end, words_fn *fn, void *arg);

/*
 * Where the writable data of a binary that @p region begins with ends: what is mapped behind it
 * without a name may be one region with it. 0: it begins with none.
 */
uint64_t words_end_of_binary(struct target *t, const struct region *region);

#endif
