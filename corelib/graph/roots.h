/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_ROOTS_H
#define GRAPH_ROOTS_H

#include "graph/whole.h"
#include "heap/heap.h"

/* A frame that holds roots: sys._current_frames()[ident] and as many times f_back as depth. */
struct root_frame {
	uint64_t ident;
	uint32_t depth;
};

/* What roots of a target have beside what whole_root says. */
struct root_details {
	VEC(struct root_frame) frames; /* whole_root.frame is 1 + number in here */
};

/*
 * Add the roots that the target names: modules and what interpreters hold, frames'
 * locals, thread states, running event loops, statics, immortal objects.
 */
int roots_read(struct whole *w, const struct ctx *c, const struct heap *h,
	       struct root_details *details);

#endif
