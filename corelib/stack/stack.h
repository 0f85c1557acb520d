/* SPDX-License-Identifier: MIT */
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include <pycore/stack.h>

#include "object/value.h"

/* All threads' Python stacks. Text and arrays are put into @p a. */
int stack_read(const struct ctx *c, const struct runtime *rt, const struct interpreters *interps,
	       const struct target *t, struct arena *a, struct pycore_stacks *out,
	       struct pycore_error *err);

/* A reference that a frame holds: to the edge_fn with its label (LABEL_LOCAL). */
struct stack_frame {
	uint64_t address; /* of _PyInterpreterFrame, or of PyFrameObject (to 3.10) */
	uint64_t code;
	uint64_t globals;
	uint32_t thread;  /* index into interpreters.threads */
};

/* @return non-zero to stop */
typedef int frame_fn(void *arg, const struct stack_frame *frame);

/* Visit the frames of one thread state, newest first, shims left out. */
int stack_each_frame(const struct ctx *c, const struct interpreters *interps, uint32_t thread,
		     frame_fn *fn, void *arg);

/* The locals of a frame, with their names. */
int stack_frame_edges(const struct ctx *c, const struct stack_frame *frame, edge_fn *fn, void *arg);

/* Line of code object @p code at byte offset @p lasti of its bytecode; 0: not known. */
int32_t stack_line(const struct ctx *c, uint64_t code, int64_t lasti);

#endif
