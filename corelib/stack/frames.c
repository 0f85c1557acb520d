/* SPDX-License-Identifier: MIT */
#include "stack/stack.h"

#define MOST_FRAMES 1000000

/* _PyInterpreterFrame.owner, the same in every version that has it. */
#define OWNED_BY_GENERATOR 1

/* _PyStackRef: the two low bits are no part of the address. */
#define STACK_REF_TAG UINT64_C(3)
#define STACK_REF_INT 3
#define STACK_REF_ERROR 2

struct walk {
	const struct ctx *c;
	const struct layout *l;
	uint64_t code_type; /* address of the type of code objects, once one was seen */
	struct stack_frame frame;
};

uint64_t stack_untag(const struct layout *l, uint64_t slot)
{
	if (FACT(l, STACK_REF) != STACK_TAGGED)
		return slot;
	if ((slot & STACK_REF_TAG) == STACK_REF_INT || (slot & STACK_REF_TAG) == STACK_REF_ERROR)
		return 0;
	return slot & ~STACK_REF_TAG; /* NULL is 1 */
}

static bool is_of(struct walk *w, uint64_t owner, unsigned field, uint64_t flag)
{
	struct object o;
	uint64_t address;

	return runtime_load(w->l, w->c->r, owner, field, &address) &&
	       !object_at(w->c, address, &o) && o.type->flags & flag;
}

/* By name, or by what is in it: names of C types are in a file that may not be at hand. */
static bool looks_like_code(struct walk *w, struct object o)
{
	if (!strcmp(o.type->name, "code"))
		return true;
	return *o.type->name == '<' &&
	       is_of(w, o.address, F_PyCodeObject_co_name, TPFLAGS_UNICODE) &&
	       is_of(w, o.address, F_PyCodeObject_co_filename, TPFLAGS_UNICODE) &&
	       is_of(w, o.address, F_PyCodeObject_co_linetable, TPFLAGS_BYTES);
}

/* @return 1: @p address is a code object, 0: another object, negative: no object */
static int is_code(struct walk *w, uint64_t address)
{
	struct object o;
	uint64_t type;

	/* A frame of zeros: gcore writes them for a C stack that it cannot read to its end. */
	if (!address)
		return PYCORE_ERR_DAMAGED;
	if (!LOAD(w->l, w->c->r, address, PyObject, ob_type, &type))
		return PYCORE_ERR_FAULT;
	if (type && type == w->code_type)
		return 1;
	if (object_at(w->c, address, &o) < 0)
		return PYCORE_ERR_DAMAGED;
	if (!looks_like_code(w, o))
		return 0;
	w->code_type = type;
	return 1;
}

/* The newest frame of a thread state; 0: it runs no Python code. */
static bool first_frame(struct walk *w, uint64_t tstate, uint64_t *frame)
{
	const struct layout *l = w->l;
	struct reader *r = w->c->r;
	uint64_t cframe;

	switch (FACT(l, FRAME_CHAIN)) {
	case FRAME_OBJECTS:
		return LOAD(l, r, tstate, PyThreadState, frame, frame);
	case FRAME_VIA_CFRAME:
		if (!LOAD(l, r, tstate, PyThreadState, cframe, &cframe))
			return false;
		*frame = 0;
		/* A thread state that was just made, or is being cleared, has none. */
		return !cframe || LOAD(l, r, cframe, _PyCFrame, current_frame, frame);
	case FRAME_CURRENT:
		return LOAD(l, r, tstate, PyThreadState, current_frame, frame);
	}
	return false;
}

/* @return 1: a frame to show, 0: one to pass over, negative: it cannot be read */
static int read_frame_object(struct walk *w, uint64_t at, uint64_t *next)
{
	const struct layout *l = w->l;
	struct reader *r = w->c->r;
	uint64_t lasti;

	if (!LOAD(l, r, at, PyFrameObject, f_back, next) ||
	    !LOAD(l, r, at, PyFrameObject, f_code, &w->frame.code) ||
	    !LOAD(l, r, at, PyFrameObject, f_globals, &w->frame.globals) ||
	    !LOAD(l, r, at, PyFrameObject, f_lasti, &lasti))
		return PYCORE_ERR_FAULT;
	w->frame.lasti = (int32_t)lasti;
	if (FACT(l, LASTI) == LASTI_UNITS && w->frame.lasti >= 0)
		w->frame.lasti *= 2;
	return is_code(w, w->frame.code);
}

/* _PyFrame_IsIncomplete(): its locals and its instruction are not set up yet. */
static bool is_incomplete(struct walk *w, uint64_t owner)
{
	uint64_t traceable;

	if (owner == OWNED_BY_GENERATOR ||
	    !LOAD(w->l, w->c->r, w->frame.code, PyCodeObject, _co_firsttraceable, &traceable))
		return false;
	return w->frame.lasti < 2 * (int64_t)(int32_t)traceable;
}

static int read_interpreter_frame(struct walk *w, uint64_t at, uint64_t *next)
{
	const struct layout *l = w->l;
	struct reader *r = w->c->r;
	uint64_t owner, ip;
	int rc;

	if (!LOAD(l, r, at, _PyInterpreterFrame, previous, next) ||
	    !LOAD(l, r, at, _PyInterpreterFrame, owner, &owner))
		return PYCORE_ERR_FAULT;
	if (owner >= FACT(l, FRAME_OWNER_SHIM))
		return 0;
	if (!LOAD(l, r, at, _PyInterpreterFrame, executable, &w->frame.code) ||
	    !LOAD(l, r, at, _PyInterpreterFrame, f_globals, &w->frame.globals) ||
	    !LOAD(l, r, at, _PyInterpreterFrame, instr_ptr, &ip))
		return PYCORE_ERR_FAULT;
	w->frame.code = stack_untag(l, w->frame.code);
	rc = is_code(w, w->frame.code);
	if (rc <= 0)
		return rc;
	/* Unsigned, so that no pointer overflows; the result is small or nonsense. */
	w->frame.lasti = (int64_t)(ip - (w->frame.code + L(l, PyCodeObject, co_code_adaptive)));
	return !is_incomplete(w, owner);
}

int stack_each_frame(const struct ctx *c, const struct interpreters *interps, uint32_t thread,
		     frame_fn *fn, void *arg)
{
	struct walk w = { .c = c, .l = c->l, .frame = { .thread = thread } };
	bool objects = FACT(c->l, FRAME_CHAIN) == FRAME_OBJECTS;
	uint64_t at, next, mark = 0;
	uint32_t steps = 0, mark_at = 1;
	int rc;

	if (thread >= interps->threads.n)
		return PYCORE_ERR_ARGUMENT;
	if (!first_frame(&w, interps->threads.items[thread].address, &at))
		return PYCORE_ERR_FAULT;
	for (; at; at = next) {
		/* Brent: a chain that comes back to the mark is a circle. */
		if (at == mark || steps == MOST_FRAMES)
			return PYCORE_ERR_DAMAGED;
		if (++steps == mark_at) {
			mark = at;
			mark_at *= 2;
		}
		rc = objects ? read_frame_object(&w, at, &next) :
			       read_interpreter_frame(&w, at, &next);
		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		w.frame.address = at;
		rc = fn(arg, &w.frame);
		if (rc)
			return rc;
		w.frame.depth++;
	}
	return 0;
}
