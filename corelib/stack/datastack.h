/* SPDX-License-Identifier: MIT */
#ifndef STACK_DATASTACK_H
#define STACK_DATASTACK_H

#include "object/object.h"

/*
 * From 3.11 an interpreter keeps most frames in chunks of its own, one after
 * the other, oldest first; only where Python code was called from C the chain
 * runs over a frame on the C stack. Where the C stack is lost, what is in the
 * chunks is not. (gcore of gdb up to at least 13 loses the stacks of threads
 * that have guard pages inside their mapping, as glibc 2.42 makes them.)
 */

/*
 * The next older frame in the chunks than @p frame, which is in them too (0: the
 * newest one of all). @return 0: none, or it cannot be told
 */
uint64_t datastack_older(const struct ctx *c, uint64_t tstate, uint64_t frame,
			 uint64_t *code_type);

/* How many frames a thread has by its own count, of each kind; false: not told. */
bool datastack_count(const struct ctx *c, uint64_t tstate, uint64_t *n);

#endif
