/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_FRAME_H
#define OBJECT_FRAME_H

#include "object/object.h"

/* What a frame needs of its code object: how many slots, and what they are called. */
struct frame_code {
	uint64_t address;
	uint32_t n_locals; /* cells and free variables among them */
	uint32_t n_stack;
	uint64_t names[3]; /* tuples of str; all in the first from 3.11 on */
	uint32_t n_names[3];
};

int frame_code(const struct ctx *c, uint64_t address, struct frame_code *out);

/* The str object that names local @p i; 0: none. */
uint64_t frame_local_name(const struct ctx *c, const struct frame_code *code, uint32_t i);

/*
 * The references in slots [first, first + n) of the locals and value stack at
 * @p address: locals as LABEL_LOCAL, the rest as LABEL_FIELD "value stack".
 */
int frame_slots(const struct ctx *c, const struct frame_code *code, uint64_t address,
		uint32_t first, uint32_t n, enum edge_kind kind, edge_fn *fn, void *arg);

/*
 * What the _PyInterpreterFrame at @p address holds (3.11): code, function, locals by
 * name, value stack. @p running: words past what is known to be in use are guesses.
 */
int frame_edges(const struct ctx *c, uint64_t address, bool running, edge_fn *fn, void *arg);

#endif
