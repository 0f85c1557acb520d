/* SPDX-License-Identifier: MIT */
#ifndef REPORT_GROUPS_H
#define REPORT_GROUPS_H

#include <pycore/stack.h>

/* Threads whose stacks are the same line for line. */
struct stack_group {
	const struct pycore_thread *first; /* the one that matters most */
	size_t n;
};

struct stack_groups {
	struct stack_group *groups; /* what matters most first, then the biggest */
	size_t n;
	bool failed;      /* no memory */
};

/* Group @p n threads; end with stack_groups_free(). */
struct stack_groups stack_groups_make(const struct pycore_thread *const *threads, size_t n);
void stack_groups_free(struct stack_groups *g);

/* Whether two threads are at the same lines of the same functions. */
bool stacks_equal(const struct pycore_thread *a, const struct pycore_thread *b);

/* What a reader looks for first: the signal's thread, then the GIL's, then the main one. */
unsigned thread_importance(const struct pycore_thread *t);

#endif
