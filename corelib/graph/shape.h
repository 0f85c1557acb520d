/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_SHAPE_H
#define GRAPH_SHAPE_H

#include "object/value.h"

/*
 * The shape of a label is what alike references share: ".attr" and "[...]",
 * without the index or key, which is its detail. Shapes are numbered, so that
 * an edge is small and comparing two is cheap.
 */

/* What a reference says about the two objects it joins. */
enum shape_role {
	SHAPE_PLAIN,
	SHAPE_FIELD, /* a function's: a tuple or dict there is part of the owner */
	SHAPE_DICT,  /* __dict__: keys there are the owner's attributes */
	SHAPE_CLASS, /* __class__ */
	SHAPE_BASE,  /* __base__, __bases__ */
	SHAPE_GLOBALS, /* __globals__, __builtins__ */
	SHAPE_FRAME, /* what runs in a frame: f_func, f_code */
	SHAPE_NOISE, /* a type's bookkeeping: __mro__, caches, subclasses */
};

struct shape {
	enum label_kind kind;
	enum shape_role role;
	const char *text;
	uint64_t key;           /* of LABEL_ATTR_KEY and LABEL_LOCAL; of that, text may be the name */
	uint32_t prefix;        /* 1 + number of the shape before it, or 0 */
	uint64_t prefix_detail;
	bool guess;
};

struct shapes {
	VEC(struct shape) list;
	void (*label_text)(void *arg, const struct label *label, struct buf *out);
	void *label_arg; /* for it; NULL: what value_label() says */
	struct map by_hash;
};

/* The role that a label gives away, without a number. */
enum shape_role shape_role_of(const struct label *label);

/* Number of the label's shape, or UINT32_MAX: no memory. The rest of the label is @p detail. */
uint32_t shape_of(struct shapes *s, const struct label *label, bool guess, uint64_t *detail);

/*
 * Number of the shape of going through @p a, then @p b (whose detail stays the
 * detail): "__defaults__" and "[0]" is "__defaults__[0]", "__dict__" and "['x']" is ".x".
 */
uint32_t shape_join(struct shapes *s, uint32_t a, uint64_t a_detail, uint32_t b, uint64_t b_detail,
		    uint64_t *detail);

/* @p several: the details of what it stands for differ. */
void shape_text(const struct shapes *s, const struct ctx *c, uint32_t number, uint64_t detail,
		bool several, struct buf *out);

void shapes_fini(struct shapes *s);

#endif
