/* SPDX-License-Identifier: MIT */
#ifndef STACK_CODE_H
#define STACK_CODE_H

#include "object/object.h"

/*
 * @return 1: @p address is a code object, 0: another object, negative: no object.
 * @p code_type remembers the type of code objects once one was seen; 0 at first.
 */
int code_check(const struct ctx *c, uint64_t address, uint64_t *code_type);

/*
 * Where the instructions begin that a frame of @p code runs: in the code object, or (free-threaded
 * builds, from 3.14 on) in a copy that a thread has of its own.
 */
uint64_t code_start(const struct ctx *c, uint64_t code, uint64_t frame);

/* Bytes of a frame that runs @p code, its value stack included; 0: not known. */
uint64_t code_frame_size(const struct ctx *c, uint64_t code);

#endif
