/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_WHOLE_H
#define GRAPH_WHOLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "graph/links.h"

/*
 * The whole heap as one graph: every object with its type, size and references,
 * and the roots. A core or process fills it (whole_read() of graph/fill.h), or a
 * snapshot's file does; what is asked of it then does not know which.
 *
 * Life: zero; fill n, type, size, flags, forward, types and roots (whole_init(),
 * then whole_add_root()); whole_seal(); then any question. Objects are numbers in
 * the order of their addresses, as index_number() gives them; WHOLE_NONE is none.
 * The number n stands for the root of all roots.
 *
 * Memory: about 20 bytes an object once filled, 45 once sealed. Nothing is
 * allocated for single objects.
 */
#define WHOLE_NONE UINT32_MAX

/*
 * What holds an object from outside of the heap. Those of a later phase count only
 * for what those before do not reach: a guess must not split what is truly held.
 */
enum root_kind {
	ROOT_NO_KIND,
	ROOT_MODULE,      /* in sys.modules */
	ROOT_LOCAL,       /* a running frame's local variable */
	ROOT_FRAME,       /* what else a running frame holds: function, code, namespace */
	ROOT_THREAD,      /* a thread state: its dict, exceptions, context */
	ROOT_INTERPRETER, /* sys.modules itself, sys, builtins, gc.garbage, ... */
	ROOT_STATIC,      /* in a module's data: never freed */
	ROOT_IMMORTAL,    /* its count says so */
	/* second phase */
	ROOT_INTERNED,    /* the table of interned strings */
	ROOT_STACK,       /* a word of a frame that may be left over */
	/* third phase */
	ROOT_NATIVE,      /* more counted references than are found: C code holds it */
	/* fourth phase */
	ROOT_GARBAGE,     /* nothing holds it: a cycle not yet collected, or what it holds */
	ROOT_KINDS
};

/* 1 to 4 */
unsigned root_phase(enum root_kind kind);
/* "module", "local", ..., as reports name it */
const char *root_kind_name(enum root_kind kind);

/*
 * A root. Names are made when asked for (whole_source.root_name): there may be
 * millions of native ones. @c name, if not NULL, is "thread 12 w1: f() local 'rows'"
 * and @c expression what evaluates to the object, or NULL if nothing does.
 */
struct whole_root {
	uint32_t object;
	uint32_t kind; /* enum root_kind */
	const char *name, *expression;
};

/* A type, by its number in whole.type. */
struct whole_type {
	const char *name; /* module.qualname */
	uint64_t address; /* 0: not known */
};

enum whole_flag {
	WHOLE_PART = 1,   /* the __dict__ of its owner: counts to that */
	WHOLE_GC = 2,     /* tracked by the cycle collector */
};

/* Where the graph comes from, and what is only there. */
struct whole_source {
	void *arg;
	uint64_t (*address)(void *arg, uint32_t object);
	uint32_t (*number)(void *arg, uint64_t address); /* WHOLE_NONE: no object there */
	/* Counted references, -1: immortal. NULL or negative status: not known here. */
	int (*refcount)(void *arg, uint32_t object, int64_t *out);
	/* Label of the (first) reference, as refs draws it: ".attr", "[3]". NULL: not known. */
	int (*label)(void *arg, uint32_t from, uint32_t to, struct buf *out);
	/*
	 * The way from a root to steps[n - 1] (steps[0] is the root's object) as Python,
	 * @return 1 if Python cannot say it. NULL: not known.
	 */
	int (*expression)(void *arg, const struct whole_root *root, const uint32_t *steps, size_t n,
			  struct buf *out);
};

struct whole {
	uint32_t n;          /* objects */
	uint32_t *type;      /* number into types */
	uint32_t *bytes;     /* sys.getsizeof; UINT32_MAX: in giants */
	uint8_t *flags;      /* enum whole_flag */
	struct map giants;   /* 1 + object -> bytes */
	struct links forward; /* owned and guessed references; weak and borrowed ones are none */
	VEC(struct whole_type) types;
	VEC(struct whole_root) roots; /* any order until sealed; then by phase */
	struct whole_source source;
	struct arena arena;  /* names */
	uint64_t total_bytes;
	uint32_t jobs;       /* worker threads */

	/* Sealed: the dominator tree, of which the number n is the root. */
	uint32_t *idom;      /* by object: what it cannot live without; n: no single object */
	uint32_t n_inner;    /* objects that refer to others */
	uint32_t *order;     /* 1..n_inner: inner objects in depth-first order; then by phase */
	uint32_t *place;     /* by object: its place in that order, 0: it refers to nothing */
	struct links back;   /* by place: places of what refers to it, itself not of a later phase */
	uint32_t first_of_phase[6]; /* places; [5] is the end */
	uint32_t *low;       /* retained bytes: low half */
	uint32_t *high;      /* upper half, or NULL: less than 4 GiB in all */
};

/* Progress of long work: as pycore_progress_fn. */
struct whole_progress {
	void (*fn)(void *ctx, const char *what, uint64_t done, uint64_t total);
	void *ctx;
};

static inline uint64_t whole_bytes(const struct whole *w, uint32_t object)
{
	uint32_t bytes = w->bytes[object];
	const uint64_t *giant =
		bytes == UINT32_MAX ? map_get(&w->giants, (uint64_t)object + 1) : NULL;

	return giant ? *giant : bytes;
}

/* Bytes that would be freed if the object were gone; after whole_seal(). */
static inline uint64_t whole_retained(const struct whole *w, uint32_t object)
{
	return w->low[object] | (w->high ? (uint64_t)w->high[object] << 32 : 0);
}

/* Room for @p n objects. @return 0 or PYCORE_ERR_NOMEM */
int whole_init(struct whole *w, uint32_t n);
void whole_fini(struct whole *w);

bool whole_set_bytes(struct whole *w, uint32_t object, uint64_t bytes);
bool whole_add_root(struct whole *w, struct whole_root root);

/*
 * When all is filled: add native roots and garbage for what no root reaches, make
 * the dominator tree and the retained sizes. @return 0 or a negative status
 */
int whole_seal(struct whole *w, struct whole_progress progress);

/* The phase of the root that keeps it: 1 to 4. */
unsigned whole_phase(const struct whole *w, uint32_t object);

/* Each object that refers to @p object, once for each reference; non-zero stops. */
typedef int whole_fn(void *arg, uint32_t object);
int whole_referrers(const struct whole *w, uint32_t object, whole_fn *fn, void *arg);

/* Retained and own bytes of a type. */
struct whole_type_sum {
	uint64_t count, bytes;
	uint64_t retained; /* of the union of its instances' subtrees */
};

/* @p out has room for each type. */
int whole_sum_types(const struct whole *w, struct whole_type_sum *out);

/* The children of each object in the dominator tree; those of w->n are list[start[n]..]. */
int whole_children(const struct whole *w, struct links *out);

#endif
