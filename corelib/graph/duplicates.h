/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_DUPLICATES_H
#define GRAPH_DUPLICATES_H

#include "graph/waste.h"

/* Texts, or bytes, of which there are several objects of one content, of one type. */
struct duplicate_sum {
	const struct type *type; /* NULL: there are none */
	uint64_t contents;       /* that there are several of */
	uint64_t objects, bytes; /* of all these */
	uint64_t saved;          /* if of each only the biggest were there */
};

/* Types are few: str and bytes, of Python 2 unicode and str. */
#define DUPLICATE_TYPES 2

struct duplicates {
	struct duplicate_sum sums[DUPLICATE_TYPES];
	struct waste_top top; /* ranked by what is saved; the object is the first by address */
	uint64_t unread;      /* objects whose content could not be read */
	uint64_t left_out;    /* objects not compared: too many of one hash */
};

/*
 * Find str and bytes objects of equal content. Equal is what was compared byte by byte:
 * hashes only tell which to compare. Eight bytes of memory an object of these types, twice
 * while it grows. @return 0 or a negative status
 */
int duplicates_find(const struct ctx *c, const struct heap *h, const struct whole *w, size_t limit,
		    struct duplicates *out);
void duplicates_fini(struct duplicates *out);

#endif
