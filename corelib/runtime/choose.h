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

/* "release builds of 3.6 to 3.15, debug builds of 3.9, 3.11": what tables are for. */
#define CHOOSE_KNOWN_MOST 160
void choose_known(char *buf, size_t size);
/* "debug build of " and the like; "" for a release. */
const char *choose_build(enum build_kind build);

#endif
