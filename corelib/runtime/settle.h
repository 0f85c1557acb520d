/* SPDX-License-Identifier: MIT */
#ifndef RUNTIME_SETTLE_H
#define RUNTIME_SETTLE_H

#include "layout/layout.h"
#include "target/reader.h"

/*
 * Facts that one release leaves to those who build it: how wide a digit of an int is, and
 * a Py_UNICODE. What the target tells of them goes over the table in @p l.
 * @p m is the module with the symbols of CPython, or NULL; @p interp its main interpreter.
 */
void settle_facts(struct layout *l, struct reader *r, struct module *m, uint64_t interp);

#endif
