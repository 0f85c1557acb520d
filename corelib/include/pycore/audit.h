/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_AUDIT_H
#define PYCORE_AUDIT_H

#include <pycore/session.h>

/**
 * Objects of one type that more references are counted of than are found. A reference is
 * one that an object, a frame, a thread or interpreter state has, or a word of memory that
 * C code alone knows: static data of binaries, stacks, blocks of the allocator that are no
 * object's. Of the last, each word counts once, and only where one is missing.
 */
struct pycore_excess {
	const char *type;
	uint64_t objects;
	uint64_t unheld;          /**< of these, ones that no reference at all was found to */
	uint64_t references;      /**< that are counted and not found, of all of them */
	const uint64_t *examples; /**< addresses, those with most such references first */
	size_t n_examples;
};

/** Objects of one type that nothing holds but cycles that the collector has not come to yet. */
struct pycore_garbage {
	const char *type;
	uint64_t objects, bytes;
};

/** Objects of garbage each of which refers, by way of others, to each other one. */
struct pycore_cycle {
	uint64_t address; /**< of its first object that is not the __dict__ of another */
	const char *type; /**< of that */
	uint64_t objects, bytes;
	uint64_t finalizers;     /**< objects in it whose class has a __del__ */
	uint64_t finalizer;      /**< address of the first of them; 0: none */
	const char *finalizer_type; /**< its type, or NULL */
};

/** What pycore_get_audit() is to tell. Zero is all types; set @c size to sizeof. */
struct pycore_audit_query {
	size_t size;       /**< sizeof(struct pycore_audit_query) of the caller */
	const char *type;  /**< as in struct pycore_object_query: excess and garbage of it; or NULL */
	size_t limit;      /**< cycles, examples of a type and uncollectable objects; 0: all */
};

struct pycore_audit {
	const struct pycore_excess *excess;   /**< most references first */
	size_t n_excess;
	uint64_t excess_objects, excess_references; /**< the sums */
	const struct pycore_garbage *garbage; /**< most bytes first */
	size_t n_garbage;
	const struct pycore_cycle *cycles;    /**< most bytes first */
	size_t n_cycles;
	uint64_t all_cycles;                  /**< also those past the limit */
	const uint64_t *uncollectable;        /**< addresses of what is in gc.garbage */
	size_t n_uncollectable;
	uint64_t all_uncollectable;
};

/**
 * Hold the reference count of every object against the references to it. Objects whose
 * count stands still (immortal ones, and those that free-threaded builds count deferred)
 * are left out. Reads every reference. Lives until pycore_close().
 */
PYCORE_API int pycore_get_audit(struct pycore *session, const struct pycore_audit_query *query,
				const struct pycore_audit **out, struct pycore_error *err);

#endif
