/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_WHOLE_H
#define GRAPH_WHOLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "heap/edges.h"

/*
 * The whole heap as one graph: every object with its type, size and references,
 * and the roots. A core or process fills it (whole_read() of graph/fill.h), or a
 * snapshot's file does; what is asked of it then does not know which.
 *
 * Life: zero; whole_init(); fill objects, types, roots and source; whole_seal(); then any question. Objects are numbers in
 * the order of their addresses, as index_number() gives them; WHOLE_NONE is none.
 * The number n stands for the root of all roots.
 *
 * Nothing is allocated for single objects: about 20 bytes of each once filled, 35
 * once sealed, where it has two or three references and four of ten have any.
 */
#define WHOLE_NONE UINT32_MAX

/*
 * What holds an object from outside of the heap. Those of a later phase count only
 * for what those before do not reach: a guess must not split what is truly held.
 */
#define PHASES 4

enum root_kind {
	ROOT_NO_KIND,
	ROOT_MODULE,      /* in sys.modules */
	ROOT_ASYNCIO,     /* the event loop that a thread runs */
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
/* "thread 12 w1: f()" without what the thread is called, which is a value; NULL: no memory */
const char *root_without_thread(struct arena *a, const char *name);

/* A root. Of some kinds there may be millions: these have no name. */
struct whole_root {
	uint32_t object;
	uint8_t kind;           /* enum root_kind */
	bool itself;            /* of a frame: the frame's object, not what it holds */
	uint32_t frame;         /* 1 + number in whole.frames, or 0 */
	const char *name;       /* "module app", "thread 12 w1: f() local 'rows'", or NULL */
	const char *local;      /* name of the frame's variable, or NULL */
	const char *field;      /* what else of the frame or thread: "f_code", or NULL */
	uint64_t address;       /* of the frame or the thread's state, or 0 */
	const char *expression; /* what evaluates to the object, or NULL */
};

/* A frame that holds roots: sys._current_frames()[ident] and as many times f_back as depth. */
struct root_frame {
	uint64_t ident;
	uint32_t depth;
};

enum whole_type_flag {
	WHOLE_CLASSES = 1,    /* its objects are types */
	WHOLE_MODULES = 2,    /* its objects are modules */
	WHOLE_LISTS = 4,      /* lists, or of a class that derives from it; so are the next two */
	WHOLE_TUPLES = 8,
	WHOLE_DICTS = 16,
	WHOLE_COLLECTED = 32, /* the collector can be asked what its objects refer to */
	WHOLE_PYTHON = 64,    /* a class statement made it */
	WHOLE_TYPE_FLAGS = 127
};

/* A type, by its number in whole.type. All types that are objects here are among them. */
struct whole_type {
	const char *name; /* module.qualname */
	uint64_t address; /* 0: not known */
	uint8_t flags;    /* enum whole_type_flag */
	uint32_t hidden;  /* of a struct sequence: items that no index reaches, the last ones */
};

/* Where the graph comes from, and what is only there. */
struct whole_source {
	void *arg;
	void (*free)(void *arg); /* or NULL */
	uint64_t (*address)(void *arg, uint32_t object);
	uint32_t (*number)(void *arg, uint64_t address); /* WHOLE_NONE: no object there */
	/* Counted references, -1: immortal. NULL or negative status: not known here. */
	int (*refcount)(void *arg, uint32_t object, int64_t *out);
	/* Label of the (first) reference, as refs draws it: ".attr", "[3]". NULL: not known. */
	int (*label)(void *arg, uint32_t from, uint32_t to, struct buf *out);
	/*
	 * Every reference of an object with its label, in the order of the graph's; and what a
	 * label says. NULL: that is to be read from the target.
	 */
	int (*edges)(void *arg, uint32_t object, edge_fn *fn, void *fn_arg);
	void (*label_text)(void *arg, const struct label *label, struct buf *out);
	/*
	 * The way from a root to steps[n - 1] (steps[0] is the root's object) as Python; with
	 * "..." for keys of dicts unless @p values. @return 0; 1 if Python cannot say it: the
	 * step to steps[bad] (0: the root) is what it cannot make. NULL: not known.
	 */
	int (*expression)(void *arg, const struct whole_root *root, const uint32_t *steps, size_t n,
			  bool values, struct buf *out, size_t *bad);
};

struct whole {
	uint32_t n;          /* objects */
	struct object_arrays objects; /* type (number into types), bytes, flags, references */
	VEC(struct whole_type) types;
	VEC(struct whole_root) roots; /* in any order */
	VEC(struct root_frame) frames;
	struct map root_of;  /* sealed: 1 + object -> 1 + the best of its roots */
	struct whole_source source;
	struct arena arena;  /* names */
	uint64_t total_bytes;
	uint32_t jobs;       /* worker threads, 0: one a processor */

	/* Sealed: the dominator tree, of which the number n is the root. */
	uint32_t *idom;      /* by object: what it cannot live without; n: no single object */
	uint32_t n_inner;    /* objects that refer to others */
	uint32_t *order;     /* 1..n_inner: those, in depth-first order, phase by phase */
	uint32_t *place;     /* by object: its place in that order, 0: it refers to nothing */
	struct links back;   /* by place: places of those that refer to it; 0: a root does. Not of
			      * what is of a later phase */
	uint32_t first_place[PHASES + 2]; /* of each phase, from 1 on; then the end */
	uint64_t *retained;  /* by place: bytes of all that it dominates, its own too */
};

/* Progress of long work: as pycore_progress_fn. */
struct whole_progress {
	void (*fn)(void *ctx, const char *what, uint64_t done, uint64_t total);
	void *ctx;
};

/*
 * Bits of objects.flags of what refers to nothing and no single object dominates: its
 * phase less one. Of all others the place, or that of the dominator, tells it.
 */
#define WHOLE_PHASE_SHIFT 6

static inline uint64_t whole_bytes(const struct whole *w, uint32_t object)
{
	uint32_t bytes = w->objects.bytes[object];
	const uint64_t *giant = bytes == UINT32_MAX
					? map_get(&w->objects.giants, (uint64_t)object + 1)
					: NULL;

	return giant ? *giant : bytes;
}

/* Bytes that would be freed if the object were gone; after whole_seal(). */
static inline uint64_t whole_retained(const struct whole *w, uint32_t object)
{
	return w->place[object] ? w->retained[w->place[object]] : whole_bytes(w, object);
}

/* Whether it refers to anything. */
static inline bool whole_is_inner(const struct whole *w, uint32_t object)
{
	return w->objects.forward.start[object] != w->objects.forward.start[object + 1];
}

/* Room for @p n objects, all zero, but for references. @return 0 or PYCORE_ERR_NOMEM */
int whole_init(struct whole *w, uint32_t n);
void whole_fini(struct whole *w);

/* @return whether there was memory */
bool whole_set_bytes(struct whole *w, uint32_t object, uint64_t bytes);

/*
 * When all is filled: add native roots and garbage for what no root reaches, make
 * the dominator tree and the retained sizes. @return 0 or a negative status
 */
int whole_seal(struct whole *w, struct whole_progress progress);

/* Whether there may be an expression for it. */
bool root_is_written(const struct whole_root *root);

/* The phase of the root that keeps it: 1 to 4. */
unsigned whole_phase(const struct whole *w, uint32_t object);

/*
 * Each object that refers to @p object, once for each reference, those of later phases
 * left out; non-zero stops. Of one that refers to nothing, all references are looked at.
 */
typedef int whole_fn(void *arg, uint32_t object);
int whole_referrers(const struct whole *w, uint32_t object, whole_fn *fn, void *arg);

/*
 * Bytes that the objects of each group of types retain: the union of their subtrees.
 * @p group: by type number, below @p n_groups; @p out has room for each group. The
 * __dict__ of an instance counts as a part of that alone.
 */
int whole_sum_types(const struct whole *w, const uint32_t *group, uint32_t n_groups,
		    uint64_t *out);

/* The children of each object in the dominator tree; those of number n are the top. */
int whole_children(const struct whole *w, struct links *out);

#endif
