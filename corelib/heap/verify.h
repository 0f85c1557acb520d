/* SPDX-License-Identifier: MIT */
#ifndef HEAP_VERIFY_H
#define HEAP_VERIFY_H

#include "heap/heap.h"
#include "heap/scan.h"

/*
 * What in a heap contradicts itself. Everything that CPython always keeps true is
 * looked at in each object; what is only usual is not.
 */

enum fault_kind {
	FAULT_TYPE,      /* an object's ob_type leads to no type */
	FAULT_REFERENCE, /* a reference leads to no object: freed, not mapped, torn */
	FAULT_REFCOUNT,
	FAULT_GC,        /* links of the cycle collector's lists */
	FAULT_DICT,
	FAULT_LIST,
	FAULT_TUPLE,
	FAULT_STR,
	FAULT_BYTES,
	FAULT_SET,
	FAULT_POOL,      /* pymalloc's header, or a chain of free blocks, mimalloc's too */
	FAULT_KINDS
};

extern const char *const fault_kind_names[FAULT_KINDS];

enum check_kind {
	CHECK_OBJECTS,
	CHECK_REFERENCES,
	CHECK_REFCOUNTS,
	CHECK_GC,
	CHECK_DICTS,
	CHECK_LISTS,
	CHECK_TUPLES,
	CHECK_STRS,
	CHECK_BYTES,
	CHECK_SETS,
	CHECK_POOLS,
	CHECK_KINDS
};

extern const char *const check_kind_names[CHECK_KINDS];

enum { FAULT_TEXT = 160 };

struct fault {
	enum fault_kind kind;
	uint64_t address; /* of the object or pool */
	uint64_t at;      /* of what is wrong in it */
	uint32_t from;    /* number of an object that led there, and that is not to be believed
			   * if nothing refers to it; UINT32_MAX: none */
	char text[FAULT_TEXT];
};

enum { MOST_FAULTS = 4096 }; /* kept by one worker; the others are counted */

typedef VEC(struct fault) fault_vec;

/* One worker. */
struct verify {
	struct ctx c;
	struct reader reader;
	const struct heap *h;
	uint32_t *incoming; /* of all workers: owned references to each object, by number */
	struct scan scan;   /* for the collector's heads: its readers and sizes only */
	uint64_t checked[CHECK_KINDS];
	fault_vec faults;
	uint64_t n_faults; /* kept or not */
	uint32_t from;     /* for the next fault */
	bool aside;        /* an object that the index does not have is looked at: go no further */
	uint64_t uncounted; /* references to objects that the index does not have */
	uint64_t suspects; /* objects with more references than are counted */
	bool look_only;    /* count them, and note no fault */
	bool failed;       /* no memory */
	bool collecting;   /* a collection runs: what it writes into objects tells nothing */
	bool no_links;     /* nor do links then, and where there are none */
	bool no_counts;    /* nor do reference counts of which not all is known */
};

/* Note a fault. */
void verify_fault(struct verify *v, enum fault_kind kind, uint64_t address, uint64_t at,
		  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* What is inside of one object: by its type's flags. */
void verify_contents(struct verify *v, struct object o);
/* The collector's links of an object. */
void verify_links(struct verify *v, struct object o);
/* What a free-threaded build has in an object's head in place of links. */
void verify_head(struct verify *v, struct object o);
/* What the collector lists must be an object. */
void verify_listed(struct verify *v, struct object from, uint64_t to);
/* All pools between two addresses. */
void verify_pools(struct verify *v, uint64_t start, uint64_t end);
/* A page of mimalloc's. */
void verify_page(struct verify *v, const struct mi_page *page);

/* The answer. */
struct heap_verdict {
	fault_vec faults; /* by address */
	uint64_t n_faults;
	uint64_t checked[CHECK_KINDS];
	uint64_t uncounted; /* references to objects that the walk over the heap has left out */
};

/* @return 0 or PYCORE_ERR_NOMEM; heap_verdict_fini() either way */
int heap_verify(const struct heap *h, const struct ctx *c, struct heap_verdict *out,
		void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total),
		void *progress_ctx);
void heap_verdict_fini(struct heap_verdict *v);

#endif
