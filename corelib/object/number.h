/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_NUMBER_H
#define OBJECT_NUMBER_H

#include "object/object.h"

/* Count of digits of the int (2.7: long) at @p address, and its sign. */
int number_digits(const struct ctx *c, uint64_t address, uint64_t *n, bool *negative);

/* Its value; PYCORE_ERR_ARGUMENT if that does not fit. */
int number_int64(const struct ctx *c, uint64_t address, int64_t *out);

#endif
