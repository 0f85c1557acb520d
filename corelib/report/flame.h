/* SPDX-License-Identifier: MIT */
#ifndef REPORT_FLAME_H
#define REPORT_FLAME_H

#include "report/model.h"

/* A stack, and how many threads have it. */
struct flame_stack {
	const struct pycore_thread *thread; /* one of them */
	size_t n;
};

/*
 * Stacks as flame graphs have them: equal ones together, each read from its
 * outermost frame (level 0) on, and sorted so that those which begin alike are
 * neighbours. Threads without frames are left out.
 */
struct flame {
	struct flame_stack *stacks;
	size_t n;
	size_t total; /* threads */
	bool failed;  /* no memory */
};

struct flame flame_make(const struct thread_rows *rows);
void flame_free(struct flame *flame);

/* Frames of the stack; one that could not be read to its end has one for what is missing. */
size_t flame_depth(const struct pycore_thread *t);

/* NULL: what is missing */
const struct pycore_frame *flame_frame(const struct pycore_thread *t, size_t level);

/* As strcmp(); either may be NULL. */
int flame_compare(const struct pycore_frame *a, const struct pycore_frame *b);

/* How many levels two stacks have in common. */
size_t flame_common(const struct pycore_thread *a, const struct pycore_thread *b);

/* "C.f"; "(not readable)" of NULL. Neither is escaped. */
const char *flame_function(const struct pycore_frame *f);

/* "C.f (/srv/a.py:3)" */
void flame_text(const struct pycore_frame *f, struct buf *out);

#endif
