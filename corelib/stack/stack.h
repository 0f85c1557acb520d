/* SPDX-License-Identifier: MIT */
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include <pycore/stack.h>

#include "object/value.h"

/* What is read of the local variables of frames. */
enum stack_locals { STACK_NO_LOCALS, STACK_LOCAL_TYPES, STACK_LOCAL_VALUES };

/*
 * All threads' Python stacks: the main thread first, then by interpreter and id.
 * Text and arrays are put into @p a. A chain of frames that breaks is no
 * failure: its thread has what was read, and @c complete is false.
 *
 * @param left_out  number of frames whose local variables are not all there, since
 *                  there are more than any program needs
 */
int stack_read(const struct ctx *c, const struct interpreters *interps, const struct target *t,
	       enum stack_locals locals, struct arena *a, struct pycore_stacks *out,
	       uint64_t *left_out, struct pycore_error *err);

/* What all frames of a running or waiting function have. */
struct stack_frame {
	uint64_t address; /* of _PyInterpreterFrame, or of PyFrameObject (to 3.10) */
	uint64_t code;    /* a code object: it was checked */
	uint64_t globals;
	int64_t lasti;    /* byte offset of the current instruction; below 0: not started */
	uint32_t thread;  /* index into interpreters.threads */
	uint32_t depth;   /* 0: the newest frame of its thread */
};

/* @return non-zero to stop */
typedef int frame_fn(void *arg, const struct stack_frame *frame);

/*
 * Visit the frames of one thread state, newest first; those without Python code
 * (shims) or not yet set up are left out. @return 0 at the chain's end, what fn
 * returned to stop, or a negative status where the chain breaks.
 */
int stack_each_frame(const struct ctx *c, const struct interpreters *interps, uint32_t thread,
		     frame_fn *fn, void *arg);

/*
 * What a frame refers to: each local as LABEL_LOCAL (owned; of a cell the cell,
 * and, borrowed, what is in it under the same name), the value stack as
 * LABEL_FIELD "stack" (guesses where its height is not known), then
 * "f_locals", "f_func" and "f_code".
 */
int stack_frame_edges(const struct ctx *c, const struct stack_frame *frame, edge_fn *fn, void *arg);

/* A variable: addresses of its name, a str object, and its value. @return non-zero to stop */
typedef int local_fn(void *arg, uint64_t name, uint64_t value);

/*
 * The local variables of a frame that have a value, of a cell what is in it;
 * arguments come first. Where the frame has a namespace of its own that is a
 * dict (a class body, exec()), what is in that.
 */
int stack_frame_locals(const struct ctx *c, const struct stack_frame *frame, local_fn *fn,
		       void *arg);

/* The object that a slot of a frame refers to; 0: none, or no object. */
uint64_t stack_untag(const struct layout *l, uint64_t slot);

#endif
