/* SPDX-License-Identifier: MIT */
#include "stack/stack.h"

#include "stack/code.h"
#include "stack/datastack.h"
#include "stack/running.h"

#define MOST_FRAMES 1000000

#define MOST_GAPS 20000
#define LEAST_FRAME UINT64_C(80) /* bytes */

/* _PyInterpreterFrame.owner, the same in every version that has it. */
#define OWNED_BY_THREAD 0
#define OWNED_BY_GENERATOR 1

/* _PyStackRef: the two low bits are no part of the address. */
#define STACK_REF_TAG UINT64_C(3)
#define STACK_REF_INT 3
#define STACK_REF_ERROR 2

struct walk {
	const struct ctx *c;
	const struct layout *l;
	uint64_t tstate;
	uint64_t code_type; /* address of the type of code objects, once one was seen */
	uint64_t n;         /* frames met, those passed over that have code included */
	uint64_t in_chunks; /* the oldest frame met so far in the interpreter's own stack */
	uint32_t gaps;      /* how often the chain had to be taken up anew */
	struct met_frames generators;
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

/* By the _PyCFrame: one on the C stack has a frame; that in the thread state itself has none. */
static bool frame_of_cframe(struct walk *w, uint64_t *frame)
{
	const struct layout *l = w->l;
	uint64_t cframe;

	*frame = 0;
	if (!LOAD(l, w->c->r, w->tstate, PyThreadState, cframe, &cframe))
		return false;
	/* A thread state that was just made, or is being cleared, has none. */
	if (!cframe)
		return true;
	if (!LOAD(l, w->c->r, cframe, _PyCFrame, current_frame, frame))
		return false;
	return *frame || cframe - w->tstate < L(l, PyThreadState, sizeof);
}

/* The newest frame of a thread state; 0: it runs no Python code. */
static bool first_frame(struct walk *w, uint64_t *frame)
{
	const struct layout *l = w->l;
	struct reader *r = w->c->r;

	switch (FACT(l, FRAME_CHAIN)) {
	case FRAME_OBJECTS:
		return LOAD(l, r, w->tstate, PyThreadState, frame, frame);
	case FRAME_VIA_CFRAME:
		return frame_of_cframe(w, frame);
	case FRAME_CURRENT:
		return LOAD(l, r, w->tstate, PyThreadState, current_frame, frame);
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
	return code_check(w->c, w->frame.code, &w->code_type);
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
	rc = code_check(w->c, w->frame.code, &w->code_type);
	if (rc <= 0)
		return rc;
	w->n++;
	if (owner == OWNED_BY_THREAD)
		w->in_chunks = at;
	if (owner == OWNED_BY_GENERATOR)
		met_frames_add(&w->generators, at);
	/* Unsigned, so that no pointer overflows; the result is small or nonsense. */
	w->frame.lasti = (int64_t)(ip - code_start(w->c, w->frame.code, at));
	return !is_incomplete(w, owner);
}

/*
 * The chain breaks: go on with the next older frame of the interpreter's own
 * stack, or with a generator that was resumed by what that frame called.
 */
static uint64_t next_in_chunks(struct walk *w)
{
	uint64_t frame, code, generator;

	if (w->gaps == MOST_GAPS)
		return 0;
	w->gaps++;
	frame = datastack_older(w->c, w->tstate, w->in_chunks, &w->code_type);
	if (!frame || !LOAD(w->l, w->c->r, frame, _PyInterpreterFrame, executable, &code))
		return frame;
	generator = running_generator(w->c, frame, stack_untag(w->l, code), &w->generators);
	return generator ? generator : frame;
}

/* Whether as many frames were met as the thread itself counts. */
static bool has_all(const struct walk *w)
{
	uint64_t n;

	return datastack_count(w->c, w->tstate, &n) && n == w->n;
}

static int read_frame(struct walk *w, uint64_t at, uint64_t *next)
{
	w->frame.address = at;
	if (FACT(w->l, FRAME_CHAIN) == FRAME_OBJECTS)
		return read_frame_object(w, at, next);
	return read_interpreter_frame(w, at, next);
}

static int walk_frames(struct walk *w, uint64_t at, frame_fn *fn, void *arg)
{
	uint64_t next, mark = 0;
	uint32_t steps = 0, mark_at = 1;
	int rc;

	for (; at; at = next) {
		if (!reader_spend(w->c->r, at, steps * LEAST_FRAME, LEAST_FRAME))
			return PYCORE_ERR_FAULT;
		/* Brent: a chain that comes back to the mark is a circle. */
		if (at == mark || steps == MOST_FRAMES)
			return PYCORE_ERR_DAMAGED;
		if (++steps == mark_at) {
			mark = at;
			mark_at *= 2;
		}
		rc = read_frame(w, at, &next);
		if (rc < 0) {
			next = next_in_chunks(w);
			if (!next)
				return has_all(w) ? 0 : rc;
		}
		if (rc <= 0)
			continue;
		rc = fn(arg, &w->frame);
		if (rc)
			return rc;
		w->frame.depth++;
	}
	return !w->gaps || has_all(w) ? 0 : PYCORE_ERR_DAMAGED;
}

int stack_each_frame(const struct ctx *c, const struct interpreters *interps, uint32_t thread,
		     frame_fn *fn, void *arg)
{
	struct walk w = { .c = c, .l = c->l, .frame = { .thread = thread } };
	uint64_t at;

	if (thread >= interps->threads.n)
		return PYCORE_ERR_ARGUMENT;
	w.tstate = interps->threads.items[thread].address;
	if (!first_frame(&w, &at)) {
		at = next_in_chunks(&w);
		if (!at)
			return PYCORE_ERR_FAULT;
	}
	return walk_frames(&w, at, fn, arg);
}
