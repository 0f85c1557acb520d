/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_OBJECT_H
#define PYCORE_OBJECT_H

#include <pycore/heap.h>

/** A reference that an object holds. Text is UTF-8: escape it before showing it. */
struct pycore_field {
	const char *name;     /**< ".attr", "['key']", "[3]", "__code__", "" if it has none */
	const char *type;     /**< of what is there, never NULL ("?" if unreadable) */
	const char *value;    /**< short repr, NULL if values are not wanted or it is unreadable */
	uint64_t address;
	uint64_t key;         /**< address of the dict's key, or 0 */
	const char *kind;     /**< "owned", "borrowed", "weak"; "guess": by a look at every word */
	bool by_dict;         /**< held by the dict that is the field __dict__ */
	bool seen;            /**< its own fields stand elsewhere: it is met twice, or is a cycle */
	const struct pycore_field *fields; /**< its own, where the depth reaches so far */
	size_t n_fields;
	uint64_t more;        /**< of its fields, left out */
};

/** What refers to an object. */
struct pycore_referrer {
	uint64_t address;
	const char *type;  /**< "frame", "thread" and "interpreter" are no objects */
	const char *label; /**< ".attr", "['key']", "[3]" */
	const char *repr;  /**< NULL if values are not wanted */
	const char *root;  /**< "frame f() of thread 12", NULL: not a root */
	bool guess;
};

/** A step from a root to an object. */
struct pycore_step {
	const char *label;
	uint64_t address; /**< of what the step leads to */
	const char *type;
};

/** One object in full. */
struct pycore_detail {
	struct pycore_object object; /**< @c repr is longer than elsewhere */
	uint64_t type_address;
	uint64_t asked;       /**< address asked for: may be inside of the object */
	const char *found_as; /**< "local 'x'", "global 'x'", "builtin 'x'", NULL: asked by address */

	const char *allocator; /**< "pymalloc", "mimalloc", "malloc", "static", NULL: not known */
	uint64_t block, block_bytes; /**< the allocator's, or 0 */
	uint64_t outside_bytes; /**< memory that it owns elsewhere: a dict's keys, a list's items */
	uint64_t n_outside;     /**< in so many blocks */
	const char *file, *symbol; /**< where a static is, or NULL */
	bool gc;       /**< its type takes part in garbage collection */
	bool tracked;  /**< the collector tracks it */
	bool interned; /**< a str of which there is one only */
	bool small_int; /**< one of the ints that are made with the interpreter */

	const struct pycore_field *fields;
	size_t n_fields;
	uint64_t more_fields;

	bool has_referrers; /**< they were looked for, and a root too */
	const struct pycore_referrer *referrers;
	size_t n_referrers;
	uint64_t more_referrers;
	const char *root; /**< that keeps it, by the shortest way: "module __main__"; NULL: none */
	uint64_t root_address;
	const struct pycore_step *steps; /**< from the root to the object; none: it is the root */
	size_t n_steps;
};

/** Which object, and how much of it. Zero everywhere is the default; set @c size to sizeof. */
struct pycore_detail_query {
	size_t size;
	uint64_t address;
	const char *name; /**< instead of an address: of a local variable of the thread's frames, the
	                   * newest first, else of a global of theirs, else of a builtin */
	uint64_t tid;     /**< whose frames; 0: those of the main thread */
	size_t limit;     /**< fields of an object, and referrers; 0: no limit */
	uint32_t depth;   /**< levels of fields; 0: one */
	bool values;
	bool no_referrers; /**< do not look for what refers to it: that reads all the heap */
};

/**
 * Show one object. An address inside of an object is taken for that object. No
 * object there gives PYCORE_ERR_NOT_FOUND and a message that says what is.
 * The result lives until pycore_close().
 */
PYCORE_API int pycore_get_object(struct pycore *session, const struct pycore_detail_query *query,
				 const struct pycore_detail **out, struct pycore_error *err);

#endif
