/* SPDX-License-Identifier: MIT */
#ifndef RUNTIME_CHOOSE_H
#define RUNTIME_CHOOSE_H

#include "runtime/find.h"
#include "runtime/runtime.h"

/*
 * Choose the layout for what was found at one place, and check it.
 * @return 1: @p rt is filled; 0: this is not it, look elsewhere (@p err tells why);
 *         negative: it is CPython, of a kind that no table is for (@p err)
 */
int choose_layout(struct runtime *rt, struct reader *r, const struct found *f,
		  struct pycore_error *err);

/* "3.9, 3.11 and 3.12": every minor version that a table is for. */
void choose_known(char *buf, size_t size);

#endif
