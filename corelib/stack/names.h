/* SPDX-License-Identifier: MIT */
#ifndef STACK_NAMES_H
#define STACK_NAMES_H

#include "base/map.h"
#include "object/value.h"

/* Names of threads, as an interpreter's module threading knows them. Zero is: none. */
struct thread_names {
	struct map by_ident; /* threading.get_ident() -> address of the Thread */
};

void thread_names_read(struct thread_names *names, const struct ctx *c, uint64_t interp);

/* @return the name, put into @p a, or NULL */
char *thread_names_get(const struct thread_names *names, const struct ctx *c, uint64_t ident,
		       struct arena *a);
void thread_names_fini(struct thread_names *names);

#endif
