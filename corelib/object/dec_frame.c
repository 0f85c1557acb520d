/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/frame.h"

/* More than any real function has; bounds what a damaged code object claims. */
#define SLOTS_MOST 65536

uint64_t stack_ref(const struct layout *l, uint64_t word, bool *owned)
{
	*owned = true;
	if (FACT(l, STACK_REF) != STACK_TAGGED)
		return word;
	/* 1 is NULL; 3 in the low bits is an int, 2 a pointer to something else: _PyStackRef */
	if ((word & 3) > 1 || word <= 1)
		return 0;
	*owned = !(word & 1);
	return word & ~UINT64_C(1);
}

int frame_code(const struct ctx *c, uint64_t address, struct frame_code *out)
{
	const struct layout *l = c->l;
	struct object o;
	struct body b;
	int status = object_at(c, address, &o);

	*out = (struct frame_code){ .address = address };
	if (status)
		return status;
	if (o.type->decoder != &pycore_dec_code)
		return PYCORE_ERR_DAMAGED;
	status = body_view(&b, c->r, address, o.type->basicsize);
	if (status)
		return status;
	out->n_stack = (uint32_t)BODY(&b, l, PyCodeObject, co_stacksize);
	if (HAS(l, PyCodeObject, co_nlocalsplus)) {
		out->n_locals = (uint32_t)BODY(&b, l, PyCodeObject, co_nlocalsplus);
		out->names[0] = BODY(&b, l, PyCodeObject, co_localsplusnames);
		out->n_names[0] = out->n_locals;
	} else {
		out->names[0] = BODY(&b, l, PyCodeObject, co_varnames);
		out->n_names[0] = (uint32_t)BODY(&b, l, PyCodeObject, co_nlocals);
		out->names[1] = BODY(&b, l, PyCodeObject, co_cellvars);
		out->names[2] = BODY(&b, l, PyCodeObject, co_freevars);
		out->n_locals = out->n_names[0];
		for (int i = 1; i < 3; i++) {
			uint64_t n;

			if (!type_is_address(out->names[i]) ||
			    !reader_u64(c->r, out->names[i] + L(l, PyVarObject, ob_size), &n) ||
			    n > SLOTS_MOST)
				return PYCORE_ERR_DAMAGED;
			out->n_names[i] = (uint32_t)n;
			out->n_locals += (uint32_t)n;
		}
	}
	if (out->n_locals > SLOTS_MOST || out->n_stack > SLOTS_MOST)
		return PYCORE_ERR_DAMAGED;
	return body_status(&b);
}

uint64_t frame_local_name(const struct ctx *c, const struct frame_code *code, uint32_t i)
{
	for (int part = 0; part < 3; part++) {
		uint64_t name;

		if (i < code->n_names[part]) {
			uint64_t at = code->names[part] + L(c->l, PyTupleObject, ob_item);

			return type_is_address(at) && reader_u64(c->r, at + 8 * i, &name) ? name : 0;
		}
		i -= code->n_names[part];
	}
	return 0;
}

int frame_slots(const struct ctx *c, const struct frame_code *code, uint64_t address,
		uint32_t first, uint32_t n, enum edge_kind kind, edge_fn *fn, void *arg)
{
	for (uint32_t i = first; i < first + n; i++) {
		struct label label = { LABEL_FIELD, "value stack", i, 0 };
		uint64_t word, to;
		bool owned;
		int status;

		if (!reader_u64(c->r, address + 8 * (uint64_t)i, &word))
			return PYCORE_ERR_FAULT;
		to = stack_ref(c->l, word, &owned);
		if (!type_is_address(to))
			continue;
		if (i < code->n_locals) {
			label.kind = LABEL_LOCAL;
			label.text = NULL;
			label.key = frame_local_name(c, code, i);
		}
		status = emit(fn, arg, to, owned ? kind : kind == EDGE_GUESS ? kind : EDGE_BORROWED,
			      &label);
		if (status)
			return status;
	}
	return 0;
}

/* Words in use of the locals and the value stack; @p guess: it runs, so its depth is not known. */
static uint32_t used_slots(const struct ctx *c, const struct frame_code *code, struct body *b,
			   uint64_t localsplus, bool *guess)
{
	const struct layout *l = c->l;
	uint32_t all = code->n_locals + code->n_stack;
	uint64_t n;

	*guess = false;
	if (HAS(l, _PyInterpreterFrame, stackpointer)) {
		n = (BODY(b, l, _PyInterpreterFrame, stackpointer) - localsplus) / 8;
	} else {
		n = (uint32_t)BODY(b, l, _PyInterpreterFrame, stacktop);
	}
	if (n >= code->n_locals && n <= all)
		return (uint32_t)n;
	*guess = true;
	return code->n_locals;
}

static const struct ref_field frame_fields[] = {
	{ F__PyInterpreterFrame_f_locals, LABEL_FIELD, EDGE_OWNED, "f_locals" },
	{ F__PyInterpreterFrame_frame_obj, LABEL_FIELD, EDGE_OWNED, "frame" },
	{ F__PyInterpreterFrame_f_globals, LABEL_FIELD, EDGE_BORROWED, "f_globals" },
	{ F__PyInterpreterFrame_f_builtins, LABEL_FIELD, EDGE_BORROWED, "f_builtins" },
	{ 0 },
};

int frame_edges(const struct ctx *c, uint64_t address, bool running, edge_fn *fn, void *arg)
{
	const struct layout *l = c->l;
	struct label label = { LABEL_FIELD, "f_code", 0, 0 };
	uint64_t localsplus = address + L(l, _PyInterpreterFrame, localsplus);
	uint64_t executable, function;
	struct frame_code code;
	struct body b;
	uint32_t used;
	bool owned, guess;
	int status = body_view(&b, c->r, address, L(l, _PyInterpreterFrame, localsplus));

	if (status)
		return status;
	executable = stack_ref(l, BODY(&b, l, _PyInterpreterFrame, executable), &owned);
	status = emit(fn, arg, executable, owned ? EDGE_OWNED : EDGE_BORROWED, &label);
	if (status)
		return status;
	label.text = "function";
	function = stack_ref(l, BODY(&b, l, _PyInterpreterFrame, funcobj), &owned);
	status = emit(fn, arg, function, owned ? EDGE_OWNED : EDGE_BORROWED, &label);
	if (status)
		return status;
	status = emit_fields(&b, l, frame_fields, fn, arg);
	if (stopped(status))
		return status;
	status = frame_code(c, executable, &code);
	if (status)
		return status;
	used = used_slots(c, &code, &b, localsplus, &guess);
	status = frame_slots(c, &code, localsplus, 0, used, EDGE_OWNED, fn, arg);
	if (status || !(guess || running))
		return status;
	/* What is left in these words may be long dead. */
	return frame_slots(c, &code, localsplus, used, code.n_locals + code.n_stack - used,
			   EDGE_GUESS, fn, arg);
}

static const struct ref_field frame_object_fields[] = {
	{ F_PyFrameObject_f_back, LABEL_FIELD, EDGE_OWNED, "f_back" },
	{ F_PyFrameObject_f_code, LABEL_FIELD, EDGE_OWNED, "f_code" },
	{ F_PyFrameObject_f_builtins, LABEL_FIELD, EDGE_OWNED, "f_builtins" },
	{ F_PyFrameObject_f_globals, LABEL_FIELD, EDGE_OWNED, "f_globals" },
	{ F_PyFrameObject_f_locals, LABEL_FIELD, EDGE_OWNED, "f_locals" },
	{ F_PyFrameObject_f_trace, LABEL_FIELD, EDGE_OWNED, "f_trace" },
	{ F_PyFrameObject_f_exc_type, LABEL_FIELD, EDGE_OWNED, "f_exc_type" },
	{ F_PyFrameObject_f_exc_value, LABEL_FIELD, EDGE_OWNED, "f_exc_value" },
	{ F_PyFrameObject_f_exc_traceback, LABEL_FIELD, EDGE_OWNED, "f_exc_traceback" },
	{ F_PyFrameObject_f_extra_locals, LABEL_FIELD, EDGE_OWNED, "f_extra_locals" },
	{ F_PyFrameObject_f_locals_cache, LABEL_FIELD, EDGE_OWNED, "f_locals" },
	{ F_PyFrameObject_f_overwritten_fast_locals, LABEL_FIELD, EDGE_OWNED,
	  "f_overwritten_fast_locals" },
	{ 0 },
};

/* A frame object of its own (to 3.10): locals and stack stand in it. */
static int old_frame_edges(const struct ctx *c, struct object o, struct body *b, edge_fn *fn,
			   void *arg)
{
	const struct layout *l = c->l;
	uint64_t localsplus = o.address + L(l, PyFrameObject, f_localsplus);
	uint64_t stack = BODY(b, l, PyFrameObject, f_valuestack), used = 0;
	struct frame_code code;
	int status = frame_code(c, BODY(b, l, PyFrameObject, f_code), &code);

	if (status)
		return status;
	status = frame_slots(c, &code, localsplus, 0, code.n_locals, EDGE_OWNED, fn, arg);
	if (status)
		return status;
	if (HAS(l, PyFrameObject, f_stacktop) && BODY(b, l, PyFrameObject, f_stacktop))
		used = (BODY(b, l, PyFrameObject, f_stacktop) - stack) / 8;
	else if (HAS(l, PyFrameObject, f_stackdepth))
		used = (uint32_t)BODY(b, l, PyFrameObject, f_stackdepth);
	else
		used = UINT64_MAX;
	if (used <= code.n_stack)
		return frame_slots(c, &code, localsplus, code.n_locals, (uint32_t)used, EDGE_OWNED,
				   fn, arg);
	return frame_slots(c, &code, localsplus, code.n_locals, code.n_stack, EDGE_GUESS, fn, arg);
}

#define OWNED_BY_FRAME_OBJECT 2

static int frame_object_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	const struct layout *l = c->l;
	uint64_t data, owner;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	if (status)
		return status;
	status = emit_fields(&b, l, frame_object_fields, fn, arg);
	if (stopped(status))
		return status;
	if (FACT(l, FRAME_CHAIN) == FRAME_OBJECTS)
		return old_frame_edges(c, o, &b, fn, arg);
	/* A frame that runs, or a generator's, is not the object's: its owner tells of it. */
	data = BODY(&b, l, PyFrameObject, f_frame);
	if (data != o.address + L(l, PyFrameObject, _f_frame_data) ||
	    !LOAD(l, c->r, data, _PyInterpreterFrame, owner, &owner) ||
	    owner != OWNED_BY_FRAME_OBJECT)
		return body_status(&b);
	return frame_edges(c, data, false, fn, arg);
}

/* sys.getsizeof counts locals and stack of a frame object of its own (to 3.10, and copies). */
static int frame_object_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	const struct layout *l = c->l;
	struct frame_code code;
	uint64_t at, word;
	bool owned;
	int status;

	*bytes = o.type->basicsize;
	if (FACT(l, FRAME_CHAIN) == FRAME_OBJECTS) {
		if (!LOAD(l, c->r, o.address, PyFrameObject, f_code, &at))
			return PYCORE_ERR_FAULT;
		status = frame_code(c, at, &code);
		/* The struct has room for the first already. */
		if (!status)
			*bytes += 8 * ((uint64_t)code.n_locals + code.n_stack) - 8;
		return status;
	}
	*bytes = L(l, PyFrameObject, _f_frame_data) + L(l, _PyInterpreterFrame, localsplus);
	if (!LOAD(l, c->r, o.address, PyFrameObject, f_frame, &at) || !type_is_address(at) ||
	    !LOAD(l, c->r, at, _PyInterpreterFrame, executable, &word))
		return PYCORE_ERR_FAULT;
	status = frame_code(c, stack_ref(l, word, &owned), &code);
	if (!status)
		*bytes += 8 * ((uint64_t)code.n_locals + code.n_stack);
	return status;
}

const struct decoder pycore_dec_frame = {
	.edges = frame_object_edges,
	.extent = frame_object_extent,
};
