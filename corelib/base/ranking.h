/* SPDX-License-Identifier: MIT */
#ifndef BASE_RANKING_H
#define BASE_RANKING_H

#include <stdbool.h>
#include <stddef.h>

/* The first so many of many things, by an order of one's own, in an array of theirs. */

/* Whether @p a comes before @p b; of two different ones, one does. */
typedef bool ranking_before_fn(const void *a, const void *b);

/*
 * The last of @p n things was added: while there are at most @p limit all stay, then the one goes
 * that would come last. To be called after each. @return how many there are now
 */
size_t ranking_keep(void *things, size_t n, size_t limit, size_t size, ranking_before_fn *before);

/* Put them in their order; nothing is added any more. */
void ranking_sort(void *things, size_t n, size_t size, ranking_before_fn *before);

#endif
