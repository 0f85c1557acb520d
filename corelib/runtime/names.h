/* SPDX-License-Identifier: MIT */
#ifndef RUNTIME_NAMES_H
#define RUNTIME_NAMES_H

#include "layout/layout.h"
#include "target/reader.h"

/*
 * Just enough of dicts and ints to ask an interpreter what it is, before
 * anything is known for sure: every read is a guess.
 */

/* The value of ASCII key @p name in the (not split) dict at @p dict; false: not found. */
bool names_get(const struct layout *l, struct reader *r, uint64_t dict, const char *name,
	       uint64_t *value);

/* The int object at @p address, if it is not negative and has no more than two digits. */
bool names_int(const struct layout *l, struct reader *r, uint64_t address, uint64_t *value);

/* How many bits the digits of such ints have as @p type, int (2.7: long), makes; 0: it makes none. */
unsigned names_digit_bits(const struct layout *l, struct reader *r, uint64_t type);

#endif
