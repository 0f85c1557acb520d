/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_NAMES_H
#define GRAPH_NAMES_H

#include "object/value.h"

/*
 * The name of the parameter that item @p index of a function's __defaults__ is
 * for, or of the variable that item @p index of its __closure__ is; into
 * @p out. @return whether it is known
 */
bool names_default(const struct ctx *c, uint64_t function, uint64_t index, struct buf *out);
bool names_closure(const struct ctx *c, uint64_t function, uint64_t index, struct buf *out);

#endif
