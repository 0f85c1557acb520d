/* SPDX-License-Identifier: MIT */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "lib/objects.h"

/*
 * Objects out of the input of a fuzzer, in a target that has CPython's builtin types.
 *
 * The input is a head and the bytes of memory at WORLD_BODY. A word of these whose upper half
 * says so becomes an address: of a place in that memory, or of one of the objects that are
 * there for every layout. So damage leads from one thing to another, not into nothing.
 */
struct world_head {
	uint8_t layout;  /* number of one */
	uint8_t flags;   /* WORLD_... */
	uint16_t kind;   /* number of the object's type */
	uint16_t at;     /* of the object in the memory */
	uint16_t unused;
};

enum {
	WORLD_COPIED = 1, /* memory is copied, as from a live process, not looked at in place */
	WORLD_CLASS = 2,  /* the object is of a class made in Python, whose base has that type */
	WORLD_ITEMS = 4,  /* its type has items */
	WORLD_ANY = 8,    /* layout and kind are any: each input has others */
};

#define WORLD_BODY UINT64_C(0x7f0010000000)
#define TO_BODY (UINT64_C(0xbeef) << 48)  /* and the offset there */
#define TO_KNOWN (UINT64_C(0xfeed) << 48) /* and the number of a known object */

enum { WORLD_BODY_MOST = 1 << 16, WORLD_KNOWN = 16, WORLD_EXCEPTION = WORLD_KNOWN };

/* Types of the world that have a number, and None: their addresses, in the order of their numbers. */
void world_known(const struct objects *w, uint64_t known[WORLD_KNOWN]);

/*
 * Make a world of the input. @return the object's address; 0: it has none, and there is no world.
 * Else objects_fini().
 */
uint64_t world_make(struct objects *w, const uint8_t *data, size_t size);

#endif
