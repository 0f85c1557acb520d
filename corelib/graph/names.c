/* SPDX-License-Identifier: MIT */
#include "graph/names.h"

#define MOST_NAME 100
/* More items than any function has parameters or free variables. */
#define MOST_ITEMS 65536

static bool tuple_size(const struct ctx *c, uint64_t tuple, uint64_t *out)
{
	return tuple && LOAD(c->l, c->r, tuple, PyVarObject, ob_size, out) && *out <= MOST_ITEMS;
}

/* The str at @p index of the tuple, as text. */
static bool name_at(const struct ctx *c, uint64_t tuple, uint64_t index, struct buf *out)
{
	uint64_t n, name, at = tuple + L(c->l, PyTupleObject, ob_item) + 8 * index;

	if (!tuple_size(c, tuple, &n) || index >= n || !reader_u64(c->r, at, &name))
		return false;
	return value_str(c, name, out, MOST_NAME) >= 0;
}

bool names_default(const struct ctx *c, uint64_t function, uint64_t index, struct buf *out)
{
	const struct layout *l = c->l;
	uint64_t code, defaults, names, count, n;
	bool fine;

	fine = LOAD(l, c->r, function, PyFunctionObject, func_code, &code) &&
	       LOAD(l, c->r, function, PyFunctionObject, func_defaults, &defaults) &&
	       LOAD(l, c->r, code, PyCodeObject, co_argcount, &count);
	if (fine && HAS(l, PyCodeObject, co_varnames))
		fine = LOAD(l, c->r, code, PyCodeObject, co_varnames, &names);
	else if (fine)
		fine = LOAD(l, c->r, code, PyCodeObject, co_localsplusnames, &names);
	/* Defaults are of the last parameters that are not keyword-only. */
	if (!fine || !tuple_size(c, defaults, &n) || n > count || count > MOST_ITEMS || index >= n)
		return false;
	return name_at(c, names, count - n + index, out);
}

bool names_closure(const struct ctx *c, uint64_t function, uint64_t index, struct buf *out)
{
	const struct layout *l = c->l;
	uint64_t code, closure, names, n, all;
	bool fine;

	fine = LOAD(l, c->r, function, PyFunctionObject, func_code, &code) &&
	       LOAD(l, c->r, function, PyFunctionObject, func_closure, &closure);
	if (fine && HAS(l, PyCodeObject, co_freevars))
		fine = LOAD(l, c->r, code, PyCodeObject, co_freevars, &names);
	else if (fine)
		fine = LOAD(l, c->r, code, PyCodeObject, co_localsplusnames, &names);
	/* Free variables are the last of all variables. */
	if (!fine || !tuple_size(c, closure, &n) || !tuple_size(c, names, &all) || n > all ||
	    index >= n)
		return false;
	return name_at(c, names, all - n + index, out);
}
