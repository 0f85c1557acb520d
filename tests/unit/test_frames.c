/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "layout/layout.h"
#include "lib/fake.h"
#include "stack/stack.h"

#define BASE UINT64_C(0x7f0000000000)
#define SIZE 0x20000
#define TYPE_TYPE (BASE + 0x1000)
#define CODE_TYPE (BASE + 0x1800)
#define TUPLE_TYPE (BASE + 0x2000)
#define CELL_TYPE (BASE + 0x2800)
#define OTHER_TYPE (BASE + 0x3000)
#define TEXTS (BASE + 0x3800)
#define TSTATE (BASE + 0x4000)
#define CFRAME (BASE + 0x4800)
#define CODE (BASE + 0x5000)
#define OTHER (BASE + 0x5800)
#define NAMES (BASE + 0x6000)
#define MORE_NAMES (BASE + 0x6100)
#define NO_NAMES (BASE + 0x6200)
#define KINDS (BASE + 0x6300)
#define CELL (BASE + 0x6400)
#define FRAMES (BASE + 0x8000)
#define FRAME(i) (FRAMES + 0x400 * (uint64_t)(i))
#define GLOBALS (BASE + 0x7000)
#define VALUE(i) (BASE + 0x7100 + 16 * (uint64_t)(i))

/* A process that has one thread, made for one layout. */
struct world {
	const struct layout *l;
	struct fake *f;
	struct runtime rt;
	struct type_table types;
	struct interpreters interps;
	struct ctx c;
};

#define PUT(w, at, s, field, value) fake_field((w)->f, (w)->l, at, F_##s##_##field, value)

static void put_type(struct world *w, uint64_t at, const char *name, uint64_t flags)
{
	static uint64_t texts;

	texts = (texts + 16) % 0x400;
	fake_string(w->f, TEXTS + texts, name);
	PUT(w, at, PyObject, ob_refcnt, 1);
	PUT(w, at, PyObject, ob_type, TYPE_TYPE);
	PUT(w, at, PyTypeObject, tp_name, TEXTS + texts);
	PUT(w, at, PyTypeObject, tp_basicsize, 64);
	PUT(w, at, PyTypeObject, tp_flags, flags | TPFLAGS_READY);
}

static void put_object(struct world *w, uint64_t at, uint64_t type)
{
	PUT(w, at, PyObject, ob_refcnt, 1);
	PUT(w, at, PyObject, ob_type, type);
}

/* Items are not objects here: only their addresses are asked for. */
static void put_names(struct world *w, uint64_t at, uint64_t first, uint64_t n)
{
	put_object(w, at, TUPLE_TYPE);
	PUT(w, at, PyVarObject, ob_size, n);
	for (uint64_t i = 0; i < n; i++)
		fake_u64(w->f, at + L(w->l, PyTupleObject, ob_item) + 8 * i, first + i);
}

static bool has_objects(const struct world *w)
{
	return FACT(w->l, FRAME_CHAIN) == FRAME_OBJECTS;
}

static uint64_t tagged(const struct world *w, uint64_t value)
{
	return FACT(w->l, STACK_REF) == STACK_TAGGED ? value | 1 : value;
}

/* Frame number i of CODE, its next being @p next, at byte 20 + 2 * i. */
static void put_frame(struct world *w, int i, uint64_t next)
{
	uint64_t at = FRAME(i), lasti = 20 + 2 * (uint64_t)i;

	if (has_objects(w)) {
		PUT(w, at, PyFrameObject, f_back, next);
		PUT(w, at, PyFrameObject, f_code, CODE);
		PUT(w, at, PyFrameObject, f_globals, GLOBALS);
		PUT(w, at, PyFrameObject, f_lasti,
		    FACT(w->l, LASTI) == LASTI_UNITS ? lasti / 2 : lasti);
		return;
	}
	PUT(w, at, _PyInterpreterFrame, previous, next);
	PUT(w, at, _PyInterpreterFrame, executable, tagged(w, CODE));
	PUT(w, at, _PyInterpreterFrame, f_globals, GLOBALS);
	PUT(w, at, _PyInterpreterFrame, instr_ptr,
	    CODE + L(w->l, PyCodeObject, co_code_adaptive) + lasti);
	PUT(w, at, _PyInterpreterFrame, owner, 0);
	PUT(w, at, _PyInterpreterFrame, stacktop, UINT32_MAX);
}

static void put_chain(struct world *w, uint64_t first, int n)
{
	PUT(w, TSTATE, PyThreadState, frame, first);
	PUT(w, TSTATE, PyThreadState, current_frame, first);
	/* A thread that runs no Python code has that in its thread state. */
	PUT(w, TSTATE, PyThreadState, cframe, first ? CFRAME : TSTATE + 32);
	PUT(w, CFRAME, _PyCFrame, current_frame, first);
	for (int i = 0; i < n; i++)
		put_frame(w, i, i + 1 < n ? FRAME(i + 1) : 0);
}

static void world_init(struct world *w, const struct layout *l)
{
	*w = (struct world){ .l = l, .f = fake_new(BASE, SIZE) };
	w->rt.layout = *l;
	w->rt.table = l;
	w->rt.type_type = TYPE_TYPE;
	put_type(w, TYPE_TYPE, "type", TPFLAGS_TYPE);
	put_type(w, CODE_TYPE, "code", 0);
	put_type(w, TUPLE_TYPE, "tuple", TPFLAGS_TUPLE);
	put_type(w, CELL_TYPE, "cell", 0);
	put_type(w, OTHER_TYPE, "other", 0);
	put_object(w, CODE, CODE_TYPE);
	put_object(w, OTHER, OTHER_TYPE);
	put_object(w, CELL, CELL_TYPE);
	for (int i = 0; i < 8; i++)
		put_object(w, VALUE(i), OTHER_TYPE);
	assert_int_equal(type_table_init(&w->types, &w->rt), 0);
	vec_push(&w->interps.interps, ((struct interpreter){ .address = BASE }));
	vec_push(&w->interps.threads, ((struct thread_state){ .address = TSTATE }));
	w->c = (struct ctx){ .l = &w->rt.layout, .r = fake_reader(w->f), .types = &w->types,
			     .interps = &w->interps };
}

static void world_fini(struct world *w)
{
	type_table_fini(&w->types);
	interpreters_fini(&w->interps);
	fake_free(w->f);
}

struct seen {
	uint64_t address[64];
	int64_t lasti[64];
	int n, stop_at;
};

static int note(void *arg, const struct stack_frame *frame)
{
	struct seen *s = arg;

	assert_int_equal(frame->depth, s->n);
	if (s->n < 64) {
		s->address[s->n] = frame->address;
		s->lasti[s->n] = frame->lasti;
	}
	s->n++;
	return s->n == s->stop_at ? 77 : 0;
}

static int walk(struct world *w, struct seen *s)
{
	return stack_each_frame(&w->c, &w->interps, 0, note, s);
}

#define EACH_LAYOUT(w)                                                                             \
	for (unsigned i_ = 0; layout_at(i_) && (world_init(&(w), layout_at(i_)), true);            \
	     world_fini(&(w)), i_++)

static void frames_come_newest_first(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		struct seen s = { 0 };

		put_chain(&w, FRAME(0), 5);
		assert_int_equal(walk(&w, &s), 0);
		assert_int_equal(s.n, 5);
		for (int i = 0; i < 5; i++) {
			assert_int_equal(s.address[i], FRAME(i));
			assert_int_equal(s.lasti[i], 20 + 2 * i);
		}
	}
}

static void a_thread_without_frames_is_complete(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		struct seen s = { 0 };

		put_chain(&w, 0, 0);
		assert_int_equal(walk(&w, &s), 0);
		assert_int_equal(s.n, 0);
		assert_int_equal(stack_each_frame(&w.c, &w.interps, 1, note, &s),
				 PYCORE_ERR_ARGUMENT);
	}
}

static void the_visitor_can_stop(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		struct seen s = { .stop_at = 2 };

		put_chain(&w, FRAME(0), 5);
		assert_int_equal(walk(&w, &s), 77);
		assert_int_equal(s.n, 2);
	}
}

static void shims_are_no_frames(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		struct seen s = { 0 };

		put_chain(&w, FRAME(0), 5);
		if (has_objects(&w) || FACT(w.l, FRAME_OWNER_SHIM) == 255)
			continue;
		PUT(&w, FRAME(1), _PyInterpreterFrame, owner, FACT(w.l, FRAME_OWNER_SHIM));
		PUT(&w, FRAME(1), _PyInterpreterFrame, executable, 0);
		PUT(&w, FRAME(4), _PyInterpreterFrame, owner, FACT(w.l, FRAME_OWNER_SHIM));
		assert_int_equal(walk(&w, &s), 0);
		assert_int_equal(s.n, 3);
		assert_int_equal(s.address[1], FRAME(2));
	}
}

static void a_frame_that_is_not_set_up_is_no_frame(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		struct seen s = { 0 };

		put_chain(&w, FRAME(0), 3);
		if (!HAS(w.l, PyCodeObject, _co_firsttraceable) || has_objects(&w))
			continue;
		PUT(&w, CODE, PyCodeObject, _co_firsttraceable, 11);
		assert_int_equal(walk(&w, &s), 0);
		assert_int_equal(s.n, 2);
		assert_int_equal(s.address[0], FRAME(1));
		/* A generator's frame is set up from the first. */
		PUT(&w, FRAME(0), _PyInterpreterFrame, owner, 1);
		s = (struct seen){ 0 };
		assert_int_equal(walk(&w, &s), 0);
		assert_int_equal(s.n, 3);
	}
}

static void a_frame_of_another_executable_is_passed_over(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		struct seen s = { 0 };

		put_chain(&w, FRAME(0), 3);
		PUT(&w, FRAME(1), _PyInterpreterFrame, executable, tagged(&w, OTHER));
		PUT(&w, FRAME(1), PyFrameObject, f_code, OTHER);
		assert_int_equal(walk(&w, &s), 0);
		assert_int_equal(s.n, 2);
	}
}

static void a_circle_ends(void **state)
{
	struct world w;

	(void)state;
	for (int back_to = 0; back_to < 6; back_to++) {
		EACH_LAYOUT(w) {
			struct seen s = { 0 };

			put_chain(&w, FRAME(0), 6);
			put_frame(&w, 5, FRAME(back_to));
			assert_int_equal(walk(&w, &s), PYCORE_ERR_DAMAGED);
			assert_true(s.n >= 6);
			assert_true(s.n < 64);
		}
	}
}

static void a_link_to_nowhere_keeps_what_was_read(void **state)
{
	static const uint64_t nowhere[] = { 8, BASE + SIZE, BASE + SIZE - 8, UINT64_MAX };
	struct world w;

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		EACH_LAYOUT(w) {
			struct seen s = { 0 };

			put_chain(&w, FRAME(0), 3);
			put_frame(&w, 2, nowhere[k]);
			assert_true(walk(&w, &s) < 0);
			assert_int_equal(s.n, 3);
		}
	}
}

#define CHUNK (BASE + 0x10000)
#define OLDER_CHUNK (BASE + 0x14000)
#define LOST(i) (BASE + 0x18000 + 0x100 * (uint64_t)(i)) /* on a C stack of zeros */
#define IN_CHUNKS 6

/* Where frame @p i is in the chunks: 3 to 5 are older and in a chunk of their own. */
static uint64_t in_chunks(const struct world *w, int i)
{
	uint64_t size = L(w->l, _PyInterpreterFrame, localsplus) + 8 * (2 + 3);
	uint64_t data = L(w->l, _PyStackChunk, data);

	return i < 3 ? CHUNK + data + size * (uint64_t)(2 - i) :
		       OLDER_CHUNK + data + 8 + size * (uint64_t)(5 - i);
}

static void put_chunk_frame(struct world *w, int i, uint64_t next)
{
	uint64_t at = in_chunks(w, i);

	PUT(w, at, _PyInterpreterFrame, executable, tagged(w, CODE));
	PUT(w, at, _PyInterpreterFrame, previous, next);
	PUT(w, at, _PyInterpreterFrame, instr_ptr, CODE + 1000);
}

/* Six frames in two chunks; after each that is in @p lost comes a shim that is zeros. */
static void put_chunks(struct world *w, unsigned lost, uint32_t count)
{
	uint64_t size = L(w->l, _PyInterpreterFrame, localsplus) + 8 * (2 + 3);

	PUT(w, CODE, PyCodeObject, co_nlocalsplus, 2);
	PUT(w, CODE, PyCodeObject, co_stacksize, 3);
	PUT(w, TSTATE, PyThreadState, datastack_chunk, CHUNK);
	PUT(w, TSTATE, PyThreadState, datastack_top, in_chunks(w, 0) + size);
	PUT(w, TSTATE, PyThreadState, py_recursion_limit, 1000);
	PUT(w, TSTATE, PyThreadState, py_recursion_remaining, 1000 - count);
	PUT(w, CHUNK, _PyStackChunk, previous, OLDER_CHUNK);
	PUT(w, CHUNK, _PyStackChunk, size, 0x4000);
	PUT(w, OLDER_CHUNK, _PyStackChunk, previous, 0);
	PUT(w, OLDER_CHUNK, _PyStackChunk, size, 0x4000);
	PUT(w, OLDER_CHUNK, _PyStackChunk, top, 1 + 3 * size / 8);
	put_chain(w, in_chunks(w, 0), 0);
	for (int i = 0; i < IN_CHUNKS; i++) {
		uint64_t next = i + 1 < IN_CHUNKS ? in_chunks(w, i + 1) : 0;

		put_chunk_frame(w, i, lost >> i & 1 ? LOST(i) : next);
	}
}

static void a_chain_that_the_c_stack_breaks_is_taken_up_anew(void **state)
{
	struct world w;

	(void)state;
	for (unsigned lost = 1; lost < 1 << IN_CHUNKS; lost++) {
		EACH_LAYOUT(w) {
			bool counts = HAS(w.l, PyThreadState, py_recursion_limit);
			struct seen s = { 0 };

			if (!HAS(w.l, _PyStackChunk, data))
				continue;
			put_chunks(&w, lost, IN_CHUNKS);
			assert_int_equal(walk(&w, &s), counts ? 0 : PYCORE_ERR_DAMAGED);
			assert_int_equal(s.n, IN_CHUNKS);
			for (int i = 0; i < IN_CHUNKS; i++)
				assert_int_equal(s.address[i], in_chunks(&w, i));
		}
	}
}

#define GENERATOR_TYPE (BASE + 0x3400)
#define GENERATOR (BASE + 0x19000)

/* A generator that runs, on the value stack of the second frame; what it called is the first. */
static uint64_t put_generator(struct world *w)
{
	uint64_t frame = GENERATOR + L(w->l, PyGenObject, gi_iframe);
	uint64_t slots = in_chunks(w, 1) + L(w->l, _PyInterpreterFrame, localsplus);

	put_type(w, GENERATOR_TYPE, "generator", 0);
	put_object(w, GENERATOR, GENERATOR_TYPE);
	PUT(w, GENERATOR, PyGenObject, gi_frame_state,
	    FACT(w->l, GEN_STATE) == GEN_STATE_3_15 ? 4 : 0);
	PUT(w, frame, _PyInterpreterFrame, executable, tagged(w, CODE));
	PUT(w, frame, _PyInterpreterFrame, previous, LOST(10));
	PUT(w, frame, _PyInterpreterFrame, owner, 1);
	fake_u64(w->f, slots + 8 * 2, GENERATOR);
	PUT(w, in_chunks(w, 1), _PyInterpreterFrame, stacktop, UINT32_MAX);
	PUT(w, in_chunks(w, 1), _PyInterpreterFrame, stackpointer, slots + 8 * 3);
	return frame;
}

static void a_generator_that_c_code_resumed_is_found(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		struct seen s = { 0 };
		uint64_t frame;

		if (!HAS(w.l, PyGenObject, gi_iframe) ||
		    !HAS(w.l, PyThreadState, py_recursion_limit))
			continue;
		put_chunks(&w, 1, IN_CHUNKS + 1);
		put_names(&w, NAMES, 100, 2);
		PUT(&w, CODE, PyCodeObject, co_localsplusnames, NAMES);
		frame = put_generator(&w);
		assert_int_equal(walk(&w, &s), 0);
		assert_int_equal(s.n, IN_CHUNKS + 1);
		assert_int_equal(s.address[0], in_chunks(&w, 0));
		assert_int_equal(s.address[1], frame);
		assert_int_equal(s.address[2], in_chunks(&w, 1));
	}
}

static void a_stack_that_lacks_a_frame_is_not_complete(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		struct seen s = { 0 };

		if (!HAS(w.l, _PyStackChunk, data))
			continue;
		put_chunks(&w, 4, IN_CHUNKS + 1);
		assert_int_equal(walk(&w, &s), PYCORE_ERR_DAMAGED);
		assert_int_equal(s.n, IN_CHUNKS);
	}
}

static void chunks_of_garbage_end(void **state)
{
	static const uint64_t garbage[] = { 0, 8, CHUNK, BASE + SIZE - 8, UINT64_MAX - 7 };
	struct world w;

	(void)state;
	for (size_t k = 0; k < 5; k++) {
		EACH_LAYOUT(w) {
			struct seen s = { 0 };

			if (!HAS(w.l, _PyStackChunk, data))
				continue;
			put_chunks(&w, 1 << 2, IN_CHUNKS);
			PUT(&w, CHUNK, _PyStackChunk, previous, garbage[k]);
			assert_true(walk(&w, &s) < 0);
			s = (struct seen){ 0 };
			put_chunks(&w, 1 << 2, IN_CHUNKS);
			PUT(&w, OLDER_CHUNK, _PyStackChunk, top, garbage[k]);
			assert_true(walk(&w, &s) < 0);
			s = (struct seen){ 0 };
			put_chunks(&w, 1 << 2, IN_CHUNKS);
			PUT(&w, CHUNK, _PyStackChunk, size, garbage[k]);
			walk(&w, &s);
			assert_true(s.n <= IN_CHUNKS);
		}
	}
}

struct edges {
	struct {
		uint64_t to;
		enum edge_kind kind;
		struct label label;
	} edge[64];
	int n;
};

static int note_edge(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct edges *e = arg;

	assert_true(e->n < 64);
	e->edge[e->n].to = to;
	e->edge[e->n].kind = kind;
	e->edge[e->n].label = *label;
	e->n++;
	return 0;
}

/* The edge of a local by the number of its name; NULL: none. */
static const void *local(const struct edges *e, uint64_t name, uint64_t to)
{
	for (int i = 0; i < e->n; i++) {
		if (e->edge[i].label.kind == LABEL_LOCAL && e->edge[i].label.key == name &&
		    e->edge[i].to == to)
			return &e->edge[i];
	}
	return NULL;
}

static int count_field(const struct edges *e, const char *text, enum edge_kind kind)
{
	int n = 0;

	for (int i = 0; i < e->n; i++)
		n += e->edge[i].label.kind == LABEL_FIELD && e->edge[i].kind == kind &&
		     !strcmp(e->edge[i].label.text, text);
	return n;
}

/* Two locals, the second one unset; a cell variable in its cell; room for three on the stack. */
static void put_locals(struct world *w)
{
	uint64_t slots = FRAME(0) + (has_objects(w) ? L(w->l, PyFrameObject, f_localsplus) :
						       L(w->l, _PyInterpreterFrame, localsplus));

	put_chain(w, FRAME(0), 1);
	put_names(w, NAMES, 100, has_objects(w) ? 2 : 3);
	put_names(w, MORE_NAMES, 102, 1);
	put_names(w, NO_NAMES, 0, 0);
	PUT(w, CODE, PyCodeObject, co_varnames, NAMES);
	PUT(w, CODE, PyCodeObject, co_cellvars, MORE_NAMES);
	PUT(w, CODE, PyCodeObject, co_freevars, NO_NAMES);
	PUT(w, CODE, PyCodeObject, co_localsplusnames, NAMES);
	PUT(w, CODE, PyCodeObject, co_localspluskinds, KINDS);
	PUT(w, CODE, PyCodeObject, co_stacksize, 3);
	fake_bytes(w->f, KINDS + L(w->l, PyBytesObject, ob_sval), "\x20\x20\x40", 3);
	PUT(w, CELL, PyCellObject, ob_ref, VALUE(2));
	fake_u64(w->f, slots, VALUE(0));
	fake_u64(w->f, slots + 8, FACT(w->l, STACK_REF) == STACK_TAGGED ? 1 : 0);
	fake_u64(w->f, slots + 16, CELL);
	fake_u64(w->f, slots + 24, VALUE(3));
	fake_u64(w->f, slots + 32, VALUE(4));
	fake_u64(w->f, slots + 40, 0);
	PUT(w, FRAME(0), PyFrameObject, f_valuestack, slots + 24);
	PUT(w, FRAME(0), PyFrameObject, f_locals, VALUE(5));
	PUT(w, FRAME(0), _PyInterpreterFrame, f_locals, VALUE(5));
	PUT(w, FRAME(0), _PyInterpreterFrame, stackpointer, slots + 32);
}

static struct stack_frame first_frame(void)
{
	return (struct stack_frame){ .address = FRAME(0), .code = CODE };
}

static void locals_have_their_names(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		struct stack_frame frame = first_frame();
		struct edges e = { 0 };

		put_locals(&w);
		assert_int_equal(stack_frame_edges(&w.c, &frame, note_edge, &e), 0);
		assert_non_null(local(&e, 100, VALUE(0)));
		assert_non_null(local(&e, 102, CELL));
		assert_non_null(local(&e, 102, VALUE(2)));
		assert_int_equal(count_field(&e, "f_locals", EDGE_OWNED), 1);
		assert_int_equal(count_field(&e, "f_code", EDGE_OWNED), 1);
		/* Nothing tells how high the newest frame's stack is. */
		assert_int_equal(count_field(&e, "stack", EDGE_GUESS), 2);
		assert_int_equal(e.n, 7);
	}
}

struct variables {
	uint64_t name[8], value[8];
	int n, stop_at;
};

static int note_variable(void *arg, uint64_t name, uint64_t value)
{
	struct variables *v = arg;

	assert_true(v->n < 8);
	v->name[v->n] = name;
	v->value[v->n++] = value;
	return v->n == v->stop_at ? 77 : 0;
}

static void variables_are_those_that_have_a_value(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		struct stack_frame frame = first_frame();
		struct variables v = { .n = 0 };

		put_locals(&w);
		assert_int_equal(stack_frame_locals(&w.c, &frame, note_variable, &v), 0);
		assert_int_equal(v.n, 2);
		assert_int_equal(v.name[0], 100);
		assert_int_equal(v.value[0], VALUE(0));
		/* Of a cell, what is in it. */
		assert_int_equal(v.name[1], 102);
		assert_int_equal(v.value[1], VALUE(2));
		PUT(&w, CELL, PyCellObject, ob_ref, 0);
		v.n = 0;
		assert_int_equal(stack_frame_locals(&w.c, &frame, note_variable, &v), 0);
		assert_int_equal(v.n, 1);
		v = (struct variables){ .stop_at = 1 };
		assert_int_equal(stack_frame_locals(&w.c, &frame, note_variable, &v), 77);
		assert_int_equal(v.n, 1);
	}
}

static void the_stack_of_a_waiting_frame_is_exact(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		struct stack_frame frame = first_frame();
		struct edges e = { 0 };

		put_locals(&w);
		if (has_objects(&w))
			continue;
		frame.depth = 1;
		PUT(&w, FRAME(0), _PyInterpreterFrame, stacktop, 4);
		assert_int_equal(stack_frame_edges(&w.c, &frame, note_edge, &e), 0);
		assert_int_equal(count_field(&e, "stack", EDGE_OWNED), 1);
		assert_int_equal(count_field(&e, "stack", EDGE_GUESS), 0);
	}
}

static void tagged_numbers_are_no_references(void **state)
{
	struct world w;

	(void)state;
	EACH_LAYOUT(w) {
		uint64_t slot = VALUE(1);

		if (FACT(w.l, STACK_REF) != STACK_TAGGED) {
			assert_int_equal(stack_untag(w.l, slot), slot);
			continue;
		}
		assert_int_equal(stack_untag(w.l, slot), slot);
		assert_int_equal(stack_untag(w.l, slot | 1), slot);
		assert_int_equal(stack_untag(w.l, slot | 2), 0);
		assert_int_equal(stack_untag(w.l, slot | 3), 0);
		assert_int_equal(stack_untag(w.l, 1), 0);
		assert_int_equal(stack_untag(w.l, 0), 0);
	}
}

static int count_edge(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	(void)to, (void)kind, (void)label;
	++*(uint64_t *)arg;
	return 0;
}

static int count_variable(void *arg, uint64_t name, uint64_t value)
{
	(void)name, (void)value;
	++*(uint64_t *)arg;
	return 0;
}

static void lengths_that_lie_are_bounded_by_what_is_mapped(void **state)
{
	static const uint64_t lengths[] = { UINT64_MAX, UINT64_C(1) << 40, 1000000 };
	struct world w;

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		EACH_LAYOUT(w) {
			struct stack_frame frame = first_frame();
			uint64_t n = 0;

			put_locals(&w);
			PUT(&w, NAMES, PyVarObject, ob_size, lengths[k]);
			PUT(&w, CODE, PyCodeObject, co_stacksize, UINT32_MAX);
			stack_frame_edges(&w.c, &frame, count_edge, &n);
			assert_true(n < SIZE / 8);
			n = 0;
			stack_frame_locals(&w.c, &frame, count_variable, &n);
			assert_true(n < SIZE / 8);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_newest_first),
		cmocka_unit_test(a_thread_without_frames_is_complete),
		cmocka_unit_test(the_visitor_can_stop),
		cmocka_unit_test(shims_are_no_frames),
		cmocka_unit_test(a_frame_that_is_not_set_up_is_no_frame),
		cmocka_unit_test(a_frame_of_another_executable_is_passed_over),
		cmocka_unit_test(a_circle_ends),
		cmocka_unit_test(a_link_to_nowhere_keeps_what_was_read),
		cmocka_unit_test(a_chain_that_the_c_stack_breaks_is_taken_up_anew),
		cmocka_unit_test(a_generator_that_c_code_resumed_is_found),
		cmocka_unit_test(a_stack_that_lacks_a_frame_is_not_complete),
		cmocka_unit_test(chunks_of_garbage_end),
		cmocka_unit_test(locals_have_their_names),
		cmocka_unit_test(variables_are_those_that_have_a_value),
		cmocka_unit_test(the_stack_of_a_waiting_frame_is_exact),
		cmocka_unit_test(tagged_numbers_are_no_references),
		cmocka_unit_test(lengths_that_lie_are_bounded_by_what_is_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
