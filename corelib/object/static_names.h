/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_STATIC_NAMES_H
#define OBJECT_STATIC_NAMES_H

#include "object/type.h"

/* For this room only. */

/*
 * The tp_name of a static type whose own cannot be read, since it is in a file that the core
 * leaves out and that is not at hand: by where Python's modules have the type, or one of its
 * instances. NULL: not known. The first call reads every module of the interpreter; call with
 * the table's lock held for writing. Lives as long as the table.
 */
const char *static_name(struct type_table *tt, struct reader *r, uint64_t type);

#endif
