/* SPDX-License-Identifier: MIT */
#include "stack/code.h"

/* More words than any code's frame has. */
#define MOST_WORDS (UINT64_C(1) << 20)

static bool is_of(const struct ctx *c, uint64_t owner, unsigned field, uint64_t flag)
{
	struct object o;
	uint64_t address;

	return runtime_load(c->l, c->r, owner, field, &address) && !object_at(c, address, &o) &&
	       o.type->flags & flag;
}

/* By name, or by what is in it: names of C types are in a file that may not be at hand. */
static bool looks_like_code(const struct ctx *c, struct object o)
{
	uint64_t text = FACT(c->l, TEXT) == TEXT_BYTES ? TPFLAGS_BYTES : TPFLAGS_UNICODE;

	if (!strcmp(o.type->name, "code"))
		return true;
	return *o.type->name == '<' &&
	       is_of(c, o.address, F_PyCodeObject_co_name, text) &&
	       is_of(c, o.address, F_PyCodeObject_co_filename, text) &&
	       is_of(c, o.address, F_PyCodeObject_co_linetable, TPFLAGS_BYTES);
}

int code_check(const struct ctx *c, uint64_t address, uint64_t *code_type)
{
	struct object o;
	uint64_t type;

	/* A frame of zeros: gcore writes them for a C stack that it cannot read to its end. */
	if (!address)
		return PYCORE_ERR_DAMAGED;
	if (!LOAD(c->l, c->r, address, PyObject, ob_type, &type))
		return PYCORE_ERR_FAULT;
	if (type && type == *code_type)
		return 1;
	if (object_at(c, address, &o) < 0)
		return PYCORE_ERR_DAMAGED;
	if (!looks_like_code(c, o))
		return 0;
	*code_type = type;
	return 1;
}

uint64_t code_start(const struct ctx *c, uint64_t code, uint64_t frame)
{
	uint64_t main = code + L(c->l, PyCodeObject, co_code_adaptive), copies, n, i, start;

	if (!HAS(c->l, PyCodeObject, co_tlbc) ||
	    !LOAD(c->l, c->r, frame, _PyInterpreterFrame, tlbc_index, &i) || !i ||
	    !LOAD(c->l, c->r, code, PyCodeObject, co_tlbc, &copies) || !copies ||
	    !LOAD(c->l, c->r, copies, _PyCodeArray, size, &n) || i >= n ||
	    !reader_u64(c->r, copies + L(c->l, _PyCodeArray, entries) + 8 * i, &start) || !start)
		return main;
	return start;
}

uint64_t code_frame_size(const struct ctx *c, uint64_t code)
{
	uint64_t slots, stack;

	if (!LOAD(c->l, c->r, code, PyCodeObject, co_nlocalsplus, &slots) ||
	    !LOAD(c->l, c->r, code, PyCodeObject, co_stacksize, &stack) || slots > MOST_WORDS ||
	    stack > MOST_WORDS)
		return 0;
	return L(c->l, _PyInterpreterFrame, localsplus) + 8 * (slots + stack);
}
