/* SPDX-License-Identifier: MIT */
#include "stack/running.h"

#include "stack/stack.h"

/* Generators that wait for each other in turn. */
#define MOST_INSIDE 1000

#define N_MET (sizeof((struct met_frames *)NULL)->address / sizeof(uint64_t))

struct search {
	const struct ctx *c;
	const struct met_frames *met;
	struct stack_frame found; /* address 0: none */
};

void met_frames_add(struct met_frames *met, uint64_t frame)
{
	met->address[met->n++ % N_MET] = frame;
}

static bool was_met(const struct met_frames *met, uint64_t frame)
{
	for (size_t i = 0; i < N_MET; i++) {
		if (met->address[i] == frame)
			return true;
	}
	return false;
}

static bool is_running(const struct ctx *c, struct object o)
{
	const char *name = o.type->name;
	uint64_t state;

	if (strcmp(name, "generator") && strcmp(name, "coroutine") &&
	    strcmp(name, "async_generator"))
		return false;
	if (!LOAD(c->l, c->r, o.address, PyGenObject, gi_frame_state, &state))
		return false;
	switch (FACT(c->l, GEN_STATE)) {
	case GEN_STATE_3_11:
	case GEN_STATE_3_13:
		return state == 0;
	case GEN_STATE_3_15:
		return state == 4;
	}
	return false;
}

static int look_at(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct search *s = arg;
	struct object o;
	uint64_t frame, code;

	(void)kind, (void)label;
	if (object_at(s->c, to, &o) < 0 || !is_running(s->c, o))
		return 0;
	frame = to + L(s->c->l, PyGenObject, gi_iframe);
	if (was_met(s->met, frame) ||
	    !LOAD(s->c->l, s->c->r, frame, _PyInterpreterFrame, executable, &code))
		return 0;
	s->found.address = frame;
	s->found.code = stack_untag(s->c->l, code);
	return 1;
}

uint64_t running_generator(const struct ctx *c, uint64_t holder, uint64_t code,
			   const struct met_frames *met)
{
	/* Depth 1: it waits for another frame, so what its stack holds was written back. */
	struct stack_frame frame = { .address = holder, .code = code, .depth = 1 };
	struct search s = { .c = c, .met = met };
	uint64_t innermost = 0;

	if (!HAS(c->l, PyGenObject, gi_iframe) || !HAS(c->l, PyGenObject, gi_frame_state))
		return 0;
	for (int i = 0; i < MOST_INSIDE; i++) {
		s.found.address = 0;
		stack_frame_edges(c, &frame, look_at, &s);
		if (!s.found.address || s.found.address == frame.address)
			break;
		frame.address = innermost = s.found.address;
		frame.code = s.found.code;
	}
	return innermost;
}
