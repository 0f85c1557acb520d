/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_CLASSIC_H
#define OBJECT_CLASSIC_H

#include "object/object.h"

/* Classes of Python 2 that are no types: all their instances have the type "instance". */

/* Whether the object at @p address is such an instance: @p class gets its class. */
bool classic_class(const struct ctx *c, uint64_t address, uint64_t *class);

/* Put "module.Class" of such a class. */
int classic_name(const struct ctx *c, uint64_t class, struct buf *out);

#endif
