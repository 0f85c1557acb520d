/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/frame.h"

static const struct ref_field generator_fields[] = {
	{ F_PyGenObject_gi_frame, LABEL_FIELD, EDGE_OWNED, "gi_frame" },
	{ F_PyGenObject_gi_code, LABEL_FIELD, EDGE_OWNED, "gi_code" },
	{ F_PyGenObject_gi_name, LABEL_FIELD, EDGE_OWNED, "__name__" },
	{ F_PyGenObject_gi_qualname, LABEL_FIELD, EDGE_OWNED, "__qualname__" },
	{ 0 },
};

/* Plain generators have room for it too, but never write to it. */
static const struct ref_field coroutine_fields[] = {
	{ F_PyGenObject_gi_origin_or_finalizer, LABEL_FIELD, EDGE_OWNED, "origin or finalizer" },
	{ 0 },
};

/* Whether the embedded frame still holds anything. */
static bool cleared(const struct layout *l, uint64_t state)
{
	int8_t s = (int8_t)state;

	return s >= (FACT(l, GEN_STATE) == GEN_STATE_3_15 ? 5 : 4);
}

static bool executing(const struct layout *l, uint64_t state)
{
	return (int8_t)state == (FACT(l, GEN_STATE) == GEN_STATE_3_15 ? 4 : 0);
}

static int exc_state_edges(const struct ctx *c, struct body *b, edge_fn *fn, void *arg)
{
	const struct layout *l = c->l;
	uint64_t at = L(l, PyGenObject, gi_exc_state);
	int status = emit_field(fn, arg, body_u64(b, at + L(l, _PyErr_StackItem, exc_value)),
				"exception being handled");

	if (status || FACT(l, EXC_STATE) != EXC_TRIPLE)
		return status;
	/* exc_type, exc_value, exc_traceback follow one another. */
	status = emit_field(fn, arg, body_u64(b, at + L(l, _PyErr_StackItem, exc_type)),
			    "type of the exception being handled");
	if (status)
		return status;
	return emit_field(fn, arg, body_u64(b, at + L(l, _PyErr_StackItem, exc_type) + 16),
			  "traceback of the exception being handled");
}

/* Coroutines and asynchronous generators had a field more each before they had one shape (3.11). */
static int extra_edges(const struct ctx *c, struct object o, struct body *b, edge_fn *fn, void *arg)
{
	const struct layout *l = c->l;
	uint32_t end = L(l, PyGenObject, sizeof);

	if (HAS(l, PyGenObject, gi_origin_or_finalizer) || o.type->basicsize < (uint64_t)end + 8)
		return 0;
	return emit_field(fn, arg, body_u64(b, end), "origin or finalizer");
}

/* The code is held until the generator dies, whatever became of its frame. */
static int frame_code_edge(const struct ctx *c, uint64_t frame, edge_fn *fn, void *arg)
{
	uint64_t word;
	bool owned;

	if (!LOAD(c->l, c->r, frame, _PyInterpreterFrame, executable, &word))
		return PYCORE_ERR_FAULT;
	return emit_field(fn, arg, stack_ref(c->l, word, &owned), "f_code");
}

static int generator_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	const struct layout *l = c->l;
	uint64_t state;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	if (status)
		return status;
	status = emit_fields(&b, l, generator_fields, fn, arg);
	if (!stopped(status) && HAS(l, PyGenObject, gi_exc_state))
		status = exc_state_edges(c, &b, fn, arg);
	if (!stopped(status))
		status = extra_edges(c, o, &b, fn, arg);
	if (stopped(status) || !HAS(l, PyGenObject, gi_iframe))
		return status;
	state = BODY(&b, l, PyGenObject, gi_frame_state);
	if (b.cut || cleared(l, state)) {
		if (b.cut || HAS(l, PyGenObject, gi_code))
			return body_status(&b);
		return frame_code_edge(c, o.address + L(l, PyGenObject, gi_iframe), fn, arg);
	}
	return frame_edges(c, o.address + L(l, PyGenObject, gi_iframe), executing(l, state), fn,
			   arg);
}

static int generator_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	const struct layout *l = c->l;
	uint64_t frame = o.address + L(l, PyGenObject, gi_iframe), word = 0;
	struct frame_code code;
	bool owned;
	int status;

	*bytes = o.type->basicsize;
	if (!HAS(l, PyGenObject, gi_iframe))
		return 0;
	*bytes = L(l, PyGenObject, gi_iframe) + L(l, _PyInterpreterFrame, localsplus);
	/* The code stays readable after the frame was cleared. */
	if (HAS(l, PyGenObject, gi_code)) {
		if (!LOAD(l, c->r, o.address, PyGenObject, gi_code, &word))
			return PYCORE_ERR_FAULT;
	} else if (!LOAD(l, c->r, frame, _PyInterpreterFrame, executable, &word)) {
		return PYCORE_ERR_FAULT;
	}
	status = frame_code(c, stack_ref(l, word, &owned), &code);
	if (!status)
		*bytes += 8 * ((uint64_t)code.n_locals + code.n_stack);
	return status;
}

const struct decoder pycore_dec_generator = {
	.edges = generator_edges,
	.extent = generator_extent,
};
const struct decoder pycore_dec_coroutine = {
	.fields = coroutine_fields,
	.edges = generator_edges,
	.extent = generator_extent,
};
