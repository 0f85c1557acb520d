/* SPDX-License-Identifier: MIT */
#include "stack/stack.h"

/* More than any compiler puts into one frame; what is read ends sooner where memory does. */
#define MOST_SLOTS (UINT64_C(1) << 20)

/* co_localspluskinds */
#define KIND_CELL 0x40
#define KIND_FREE 0x80
#define KIND_LOCAL 0x20
#define KIND_HIDDEN 0x10 /* of a comprehension that was put into other code */

/* Gives a frame's references away, one after the other, until one says stop. */
struct giver {
	const struct ctx *c;
	edge_fn *fn;
	local_fn *local; /* if variables are wanted, not references */
	void *arg;
	const struct type *cell_type; /* once one was seen */
	bool has_locals;              /* the code keeps its variables in slots, not in a dict */
	int status;                   /* what fn returned to stop, or the first that went wrong */
	bool stopped;
};

static void give(struct giver *g, uint64_t to, enum edge_kind kind, const struct label *label)
{
	int rc;

	if (g->stopped || !to)
		return;
	rc = g->fn(g->arg, to, kind, label);
	if (rc) {
		g->status = rc;
		g->stopped = true;
	}
}

static void give_field(struct giver *g, uint64_t to, enum edge_kind kind, const char *text)
{
	give(g, to, kind, &(struct label){ .kind = LABEL_FIELD, .text = text });
}

static void damaged(struct giver *g, int status)
{
	if (!g->status)
		g->status = status;
}

static bool is_cell(struct giver *g, uint64_t address)
{
	struct object o;

	if (object_at(g->c, address, &o) < 0)
		return false;
	if (!g->cell_type && !strcmp(o.type->name, "cell"))
		g->cell_type = o.type;
	return o.type == g->cell_type;
}

/* From 3.14 a slot may borrow from a local of this or the calling frame (LOAD_FAST_BORROW). */
static enum edge_kind kind_of(const struct layout *l, uint64_t slot)
{
	return FACT(l, STACK_REF) == STACK_TAGGED && slot & 1 ? EDGE_BORROWED : EDGE_OWNED;
}

/* An empty cell is a variable without a value. */
static void give_variable(struct giver *g, uint64_t name, uint64_t value, bool maybe_cell)
{
	int rc;

	if (maybe_cell && is_cell(g, value) &&
	    !LOAD(g->c->l, g->c->r, value, PyCellObject, ob_ref, &value))
		return;
	rc = name && value ? g->local(g->arg, name, value) : 0;
	if (rc) {
		g->status = rc;
		g->stopped = true;
	}
}

/* A local variable: what its slot holds, and if that may be a cell, what is in it. */
static void give_local(struct giver *g, uint64_t slot, uint64_t name, bool maybe_cell)
{
	struct label label = { .kind = name ? LABEL_LOCAL : LABEL_NONE, .key = name };
	uint64_t inside, value = stack_untag(g->c->l, slot);

	if (!value)
		return;
	if (g->local) {
		give_variable(g, name, value, maybe_cell);
		return;
	}
	give(g, value, kind_of(g->c->l, slot), &label);
	/* Until MAKE_CELL has run the slot of a cell variable holds the plain argument. */
	if (maybe_cell && !g->stopped && is_cell(g, value) &&
	    LOAD(g->c->l, g->c->r, value, PyCellObject, ob_ref, &inside))
		give(g, inside, EDGE_BORROWED, &label);
}

/* A tuple of names: where its items are, and how many of them are taken at most. */
struct names {
	uint64_t items, n;
};

static struct names names_of(const struct ctx *c, uint64_t tuple)
{
	struct names names = { 0 };
	struct object o;

	if (object_at(c, tuple, &o) < 0 || !(o.type->flags & TPFLAGS_TUPLE) ||
	    !LOAD(c->l, c->r, tuple, PyVarObject, ob_size, &names.n) || names.n > MOST_SLOTS)
		return (struct names){ 0 };
	names.items = tuple + L(c->l, PyTupleObject, ob_item);
	return names;
}

static uint64_t name_at(struct giver *g, const struct names *names, uint64_t i)
{
	uint64_t name;

	return reader_u64(g->c->r, names->items + 8 * i, &name) ? name : 0;
}

/* To 3.10: one tuple of names. @return the slot after the last of them */
static uint64_t give_named(struct giver *g, uint64_t slot, uint64_t tuple, bool cells)
{
	struct names names = names_of(g->c, tuple);
	uint64_t value;

	g->has_locals |= !cells && names.n;
	for (uint64_t i = 0; i < names.n && !g->stopped; i++, slot += 8) {
		if (!reader_u64(g->c->r, slot, &value)) {
			damaged(g, PYCORE_ERR_FAULT);
			break;
		}
		give_local(g, value, name_at(g, &names, i), cells);
	}
	return slot;
}

/* Slots of the value stack, from @p at up to @p end. */
static void give_stack(struct giver *g, uint64_t at, uint64_t end, bool guess)
{
	uint64_t slot, value;

	if (at >= end || (end - at) / 8 > MOST_SLOTS)
		return;
	for (; at < end && !g->stopped; at += 8) {
		if (!reader_probe_u64(g->c->r, at, &slot))
			return;
		value = stack_untag(g->c->l, slot);
		/* Above a height that is not known are old slots, with whatever was there. */
		if (!guess || value % 8 == 0)
			give_field(g, value, guess ? EDGE_GUESS : kind_of(g->c->l, slot), "stack");
	}
}

static uint64_t stack_size(const struct ctx *c, uint64_t code)
{
	uint64_t n;

	if (!LOAD(c->l, c->r, code, PyCodeObject, co_stacksize, &n) || n > MOST_SLOTS)
		return 0;
	return 8 * n;
}

/* To 3.10: locals, cells and free variables, each with names of their own. */
static void give_three(struct giver *g, const struct stack_frame *f)
{
	const struct layout *l = g->c->l;
	struct reader *r = g->c->r;
	uint64_t names, slot = f->address + L(l, PyFrameObject, f_localsplus);

	if (LOAD(l, r, f->code, PyCodeObject, co_varnames, &names))
		slot = give_named(g, slot, names, false);
	if (LOAD(l, r, f->code, PyCodeObject, co_cellvars, &names))
		slot = give_named(g, slot, names, true);
	if (LOAD(l, r, f->code, PyCodeObject, co_freevars, &names))
		give_named(g, slot, names, true);
}

static void give_frame_object(struct giver *g, const struct stack_frame *f)
{
	const struct layout *l = g->c->l;
	struct reader *r = g->c->r;
	uint64_t locals, stack, most = stack_size(g->c, f->code);

	give_three(g, f);
	/* Its height is kept in C while the frame runs, and of a thread's stack every frame runs. */
	if (LOAD(l, r, f->address, PyFrameObject, f_valuestack, &stack))
		give_stack(g, stack, stack + most, true);
	if (LOAD(l, r, f->address, PyFrameObject, f_locals, &locals))
		give_field(g, locals, EDGE_OWNED, "f_locals");
	give_field(g, f->code, EDGE_OWNED, "f_code");
}

/* From 3.11: locals, cells and free variables as one. @return how many slots they take */
static uint64_t give_localsplus(struct giver *g, uint64_t slot, uint64_t code)
{
	const struct layout *l = g->c->l;
	struct reader *r = g->c->r;
	struct names names = { 0 };
	uint64_t tuple, kinds = 0, value;

	if (LOAD(l, r, code, PyCodeObject, co_localsplusnames, &tuple))
		names = names_of(g->c, tuple);
	if (LOAD(l, r, code, PyCodeObject, co_localspluskinds, &kinds))
		kinds += L(l, PyBytesObject, ob_sval);
	for (uint64_t i = 0; i < names.n && !g->stopped; i++) {
		uint8_t kind, scratch;
		const uint8_t *p = kinds ? reader_view(r, kinds + i, 1, &scratch) : NULL;

		kind = p ? *p : KIND_CELL;
		g->has_locals |= (kind & (KIND_LOCAL | KIND_HIDDEN)) == KIND_LOCAL;
		if (!reader_u64(r, slot + 8 * i, &value)) {
			damaged(g, PYCORE_ERR_FAULT);
			break;
		}
		give_local(g, value, name_at(g, &names, i), kind & (KIND_CELL | KIND_FREE));
	}
	return names.n;
}

/* Where the value stack of a frame ends, if that is known. */
static bool stack_end(const struct ctx *c, const struct stack_frame *f, uint64_t slots,
		      uint64_t *end)
{
	const struct layout *l = c->l;
	uint64_t top;

	/* The newest frame's saved pointer is that of the last time it was saved. */
	if (HAS(l, _PyInterpreterFrame, stackpointer))
		return f->depth && LOAD(l, c->r, f->address, _PyInterpreterFrame, stackpointer, end);
	if (!LOAD(l, c->r, f->address, _PyInterpreterFrame, stacktop, &top) || (int32_t)top < 0)
		return false;
	*end = slots + 8 * top;
	return true;
}

static void give_interpreter_frame(struct giver *g, const struct stack_frame *f)
{
	const struct layout *l = g->c->l;
	struct reader *r = g->c->r;
	uint64_t slots = f->address + L(l, _PyInterpreterFrame, localsplus);
	uint64_t stack = slots + 8 * give_localsplus(g, slots, f->code);
	uint64_t most = stack + stack_size(g->c, f->code), end, to;

	if (stack_end(g->c, f, slots, &end) && end >= stack && end <= most)
		give_stack(g, stack, end, false);
	else
		give_stack(g, stack, most, true);
	if (LOAD(l, r, f->address, _PyInterpreterFrame, f_locals, &to))
		give_field(g, to, EDGE_OWNED, "f_locals");
	if (LOAD(l, r, f->address, _PyInterpreterFrame, funcobj, &to))
		give_field(g, stack_untag(l, to), EDGE_OWNED, "f_func");
	give_field(g, f->code, EDGE_OWNED, "f_code");
}

int stack_frame_edges(const struct ctx *c, const struct stack_frame *frame, edge_fn *fn, void *arg)
{
	struct giver g = { .c = c, .fn = fn, .arg = arg };

	if (FACT(c->l, FRAME_CHAIN) == FRAME_OBJECTS)
		give_frame_object(&g, frame);
	else
		give_interpreter_frame(&g, frame);
	return g.status;
}

/* The dict that is the frame's namespace, unless it is the module's; 0: none. */
static uint64_t namespace_of(const struct ctx *c, const struct stack_frame *f)
{
	const struct layout *l = c->l;
	uint64_t dict;

	if (!LOAD(l, c->r, f->address, PyFrameObject, f_locals, &dict) &&
	    !LOAD(l, c->r, f->address, _PyInterpreterFrame, f_locals, &dict))
		return 0;
	return dict == f->globals ? 0 : dict;
}

int stack_frame_locals(const struct ctx *c, const struct stack_frame *frame, local_fn *fn,
		       void *arg)
{
	struct giver g = { .c = c, .local = fn, .arg = arg };
	uint64_t dict;

	if (FACT(c->l, FRAME_CHAIN) == FRAME_OBJECTS)
		give_three(&g, frame);
	else
		give_localsplus(&g, frame->address + L(c->l, _PyInterpreterFrame, localsplus),
				frame->code);
	/* Of a function's frame it is but a copy that locals() has left there. */
	dict = g.stopped || g.has_locals ? 0 : namespace_of(c, frame);
	if (dict && !g.status)
		g.status = value_dict_each(c, dict, fn, arg);
	return g.status;
}
