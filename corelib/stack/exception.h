/* SPDX-License-Identifier: MIT */
#ifndef STACK_EXCEPTION_H
#define STACK_EXCEPTION_H

#include "object/value.h"

/*
 * The exception that propagates in a thread state, else the one it handles:
 * name of its type, and its message, or NULL. Text is put into @p a.
 */
void stack_exception(const struct ctx *c, uint64_t tstate, struct arena *a, const char **type,
		     const char **message);

#endif
