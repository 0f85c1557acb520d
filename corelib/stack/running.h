/* SPDX-License-Identifier: MIT */
#ifndef STACK_RUNNING_H
#define STACK_RUNNING_H

#include "object/object.h"

/* Frames of generators that were met on a walk: the latest of them. Zero is none. */
struct met_frames {
	uint64_t address[64];
	uint32_t n;
};

void met_frames_add(struct met_frames *met, uint64_t frame);

/*
 * The frame of a generator that runs on behalf of the frame @p holder of
 * @p code, and was not met yet: a generator that is resumed by C code, as by
 * list(), is on the value stack of who called that. Of several, one inside the
 * other, the innermost. @return 0: none
 */
uint64_t running_generator(const struct ctx *c, uint64_t holder, uint64_t code,
			   const struct met_frames *met);

#endif
