/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_HOLDS_H
#define GRAPH_HOLDS_H

#include "object/value.h"
#include "stack/names.h"

/* What threads are called and hold, for whoever makes roots of them. */

/* "thread 12 w1" put into @p a, or NULL without memory */
char *thread_text(const struct ctx *c, const struct thread_names *names,
		  const struct thread_state *thread, struct arena *a);

/* "Class.function" of a code object put into @p a, or NULL */
char *function_text(const struct ctx *c, uint64_t code, struct arena *a);

/* @return non-zero to stop */
typedef int hold_fn(void *arg, uint64_t to, const char *what);

/* What an interpreter calls and knows beside its modules: at exit, at fork, codecs. */
int interpreter_holds(const struct ctx *c, uint64_t interp, hold_fn *fn, void *arg);

/* What a thread state refers to beside its frames: exceptions, its dict and context, hooks. */
int thread_holds(const struct ctx *c, uint64_t tstate, hold_fn *fn, void *arg);

/* What asyncio's get_running_loop() gives in the thread; 0: none runs. */
uint64_t thread_running_loop(const struct ctx *c, uint64_t interp, uint64_t tstate);

/* What reports call a running loop. */
#define RUNNING_LOOP "running loop"

#endif
