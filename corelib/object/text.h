/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_TEXT_H
#define OBJECT_TEXT_H

#include "base/buf.h"
#include "runtime/runtime.h"

/* Where a str keeps its characters. Needs no type: types are named with it. */
struct text {
	uint64_t data;   /* of the first character, 0: none (never made ready) */
	uint64_t length; /* in characters */
	uint8_t kind;    /* bytes a character: 1, 2 or 4 */
	bool ascii, compact;
	bool bytes;      /* of no known encoding: a str of Python 2 */
	bool pairs;      /* what does not fit two bytes is a pair of surrogates (2.7) */
	bool interned; /* in the interpreter's table: there is one of its text only */
	uint64_t utf8, utf8_length; /* cached UTF-8 outside the object, 0: none */
	uint64_t wstr, wstr_length; /* outside the object, 0: none */
};

/*
 * PyASCIIObject.state of @p word as most builds have it: two bits of interned, then kind.
 * From 3.14 on a free-threaded build has a byte of interned.
 */
static inline uint32_t text_state(const struct layout *l, uint32_t word)
{
	if (L(l, PyASCIIObject, kind) > L(l, PyASCIIObject, state))
		return (word & 3) | word >> 8 << 2;
	return word;
}

/* Read the head of the str (2.7: or unicode) at @p address. */
int text_at(const struct layout *l, struct reader *r, uint64_t address, struct text *out);

/*
 * Put the characters into @p out as UTF-8, surrogates replaced, while @p out is
 * shorter than @p most. Bytes are taken for UTF-8, what is none of it replaced. @return 0 or PYCORE_ERR_FAULT; @p cut (may be
 * NULL) tells whether characters were left out.
 */
int text_utf8(const struct text *t, struct reader *r, struct buf *out, size_t most, bool *cut);

/* Whether the object at @p address is a str that reads @p name (ASCII). */
bool text_is(const struct layout *l, struct reader *r, uint64_t address, const char *name,
	     size_t len);

/*
 * Calls for each character, decoded in batches; stops when fn gives non-zero. Bytes are
 * characters of their own, and so are the halves of a pair where a character has two bytes.
 */
typedef int char_fn(void *arg, uint32_t ch);
int text_each(const struct text *t, struct reader *r, char_fn *fn, void *arg);

/* Put @p ch as UTF-8; what is no character becomes U+FFFD. */
void utf8_put(struct buf *out, uint32_t ch);

#endif
