/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_VALUE_H
#define OBJECT_VALUE_H

#include "object/object.h"
#include "object/text.h"

/*
 * Values of the target's objects: text, numbers, attributes by name.
 * Text comes out as UTF-8 with what is not valid replaced, but for the names of types, which
 * are as the target has them; it is not escaped.
 */

/* The str (2.7: also bytes) object at @p address as UTF-8, at most @p most bytes, into @p out. */
int value_str(const struct ctx *c, uint64_t address, struct buf *out, size_t most);

/* As value_str(), kept in an arena; NULL if it is no str or cannot be read. */
char *value_strdup(const struct ctx *c, uint64_t address, struct arena *a, size_t most);

/* Where an object whose type is text or bytes keeps its characters. */
int value_text(const struct ctx *c, struct object o, struct text *out);

/* An int that fits 64 bits. */
int value_int(const struct ctx *c, uint64_t address, int64_t *out);

/* The value of str key @p name in the dict at @p address; 0: not there. */
uint64_t value_dict_get(const struct ctx *c, uint64_t address, const char *name);

/* Walk a dict: fn gets addresses of key and value objects; non-zero stops. */
typedef int dict_fn(void *arg, uint64_t key, uint64_t value);
int value_dict_each(const struct ctx *c, uint64_t address, dict_fn *fn, void *arg);

/* Instance attribute from managed dict, inline values, or instance dict; 0: not there. */
uint64_t value_attr(const struct ctx *c, uint64_t address, const char *name);

/* Module @p name in sys.modules of the interpreter: its dict's address; 0: not there. */
uint64_t value_module_dict(const struct ctx *c, uint64_t interp, const char *name);

/* Short repr, at most about @p most bytes, nested @p depth deep. */
int value_repr(const struct ctx *c, uint64_t address, struct buf *out, unsigned depth, size_t most);

/* As value_repr(), until all of @p out is @p most long: for what repr() functions nest. */
int value_repr_within(const struct ctx *c, uint64_t address, struct buf *out, unsigned depth,
		      size_t most);

/* The text of a label: ".attr", "['key']", "[3]". */
int value_label(const struct ctx *c, const struct label *label, struct buf *out);

#endif
