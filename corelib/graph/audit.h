/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_AUDIT_H
#define GRAPH_AUDIT_H

#include "graph/chunks.h"
#include "graph/whole.h"
#include "heap/heap.h"

/*
 * Reference counts against the references that are found. Objects and the graph tell of
 * most; what else holds is looked for where it can be: frames, thread states, and words of
 * memory that C code knows alone. Such a word is taken for a reference only of an object
 * that has more counted than are found, once a word.
 */

/* An object that more references are counted of than hold it. */
struct audit_excess {
	uint32_t object;
	uint32_t references; /* that nothing known holds */
	bool unheld;         /* no reference to it was found at all */
};

/* Objects of garbage that refer to one another in a circle. */
struct audit_cycle {
	uint32_t first;      /* at the lowest address of its objects, __dict__s of others aside */
	uint32_t objects;
	uint64_t bytes;
	uint32_t finalizers; /* objects whose class has a __del__ */
	uint32_t finalizer;  /* the first of them; WHOLE_NONE: there is none */
};

struct audit {
	VEC(struct audit_excess) excess;    /* by object */
	VEC(struct audit_cycle) cycles;     /* biggest first */
	VEC(uint32_t) uncollectable;        /* what is in gc.garbage */
	uint64_t unread;                    /* objects whose count is not to be had */
};

/* @p w is sealed. @return 0 or PYCORE_ERR_NOMEM; audit_fini() either way */
int audit_run(const struct whole *w, const struct ctx *c, const struct heap *h, struct audit *out);
void audit_fini(struct audit *a);

/* How many references of each object nothing that was looked at so far holds. */
struct missing {
	const struct whole *w;
	const struct ctx *c;
	const struct heap *h;
	uint32_t *of;    /* by object */
	uint64_t *held;  /* a bit for each object: something refers to it */
	struct map told;  /* addresses of words that are known to be references of objects */
	struct map owned; /* addresses of memory out of the allocator's that is some object's */
	struct chunks in_use; /* memory of malloc's */
	struct map seen;  /* addresses of its chunks that a word has led to */
	VEC(uint64_t) chunks; /* of these, in turn, what to look at */
	bool in_data;     /* what is looked at is data of a binary: texts of str are looked for too */
	bool failed;
};

/* One reference to an object is found; more than are counted do no harm. */
void missing_take(struct missing *m, uint32_t object);

/* The references that an object's count tells of; 0: it is not counted, -1: not to be had. */
int64_t missing_counted(struct missing *m, uint32_t object);

/* References by roots that are no objects are found. */
void missing_take_roots(struct missing *m);

/* Whether it is a str, of no class derived from that. */
bool missing_is_str(const struct missing *m, uint32_t object);

/*
 * Look for the missing references in memory that is no object's: writable data of
 * binaries, interpreter and thread states, stacks of threads, blocks of C code's.
 */
int missing_scan(struct missing *m);

/* Circles of references among what is garbage. */
int audit_cycles(const struct whole *w, const struct ctx *c, struct audit *out);

#endif
