/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_PLAN_H
#define CAPTURE_PLAN_H

#include "base/vec.h"
#include "capture/filter.h"
#include "capture/pages.h"
#include "target/target.h"

/* What of a process goes into its core. */

enum run_kind {
	RUN_ABSENT, /* the core says that it is mapped, and has no bytes of it */
	RUN_ZERO,   /* known to be zero: a hole */
	RUN_BYTES,
};

struct run {
	uint64_t start, end;
	enum run_kind kind;
	uint64_t at; /* RUN_BYTES: where it is among all bytes, put one after the other */
};

/* A segment of the core: runs [first, last), those with bytes or holes in front. */
struct part {
	uint64_t start, end; /* as mapped */
	uint64_t filesz;
	uint64_t offset;     /* in the core, once that is laid out */
	uint32_t flags;      /* REGION_READ... */
	size_t first, last;
};

/* Bytes and holes of runs that follow each other in the core. */
struct stretch {
	size_t run;     /* the first of them, without the first @skip bytes */
	uint64_t skip;
	uint64_t at;    /* where its bytes begin among all bytes */
	uint64_t bytes, span; /* without holes, and with them */
};

/* A place between two stretches. Zero but for the offset is where the first begins. */
struct cursor {
	size_t run;
	uint64_t skip, at;
	uint64_t offset; /* in the core */
};

struct plan_options {
	bool leave_text, leave_stack_reserve;
	const struct filter *filter; /* what else is left out; NULL: nothing */
};

struct plan {
	VEC(struct run) runs;
	VEC(struct part) parts;
	uint64_t bytes;   /* to be copied */
	bool failed;      /* no memory */
	uint64_t vdso;    /* where the kernel put code of its own; 0: not known */
	uint64_t main_stack; /* an address near the upper end of it; 0: not known */
};

/* A longer run that was never touched is no hole: no core grows by an address space in reserve. */
#define PLAN_LONGEST_HOLE (UINT64_C(1) << 30)

/* Decide on every region of @p t as it is now. @return false: no memory */
bool plan_make(struct plan *p, struct target *t, struct pages *pages,
	       const struct plan_options *options);
void plan_fini(struct plan *p);

/* The stretch at @p c, with @p most bytes at most; @p c goes behind it. @return false: the end */
bool plan_next_stretch(const struct plan *p, struct cursor *c, uint64_t most, struct stretch *out);

/* The run that holds byte @p at of all bytes. */
const struct run *plan_run_at(const struct plan *p, uint64_t at);

/*
 * Where the part of a stack ends that is not in use: below the stack pointers of
 * the threads in it. @p main_stack: an address near the upper end of the main
 * thread's, 0: not known. @return 0: @p region is no stack
 */
uint64_t plan_stack_reserve(const struct target *t, const struct region *region,
			    uint64_t main_stack);

#endif
