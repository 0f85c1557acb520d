/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_HEAP_H
#define PYCORE_HEAP_H

#include <pycore/session.h>

/** Objects of one type (or of several types of one name). */
struct pycore_type_count {
	const char *type; /**< module.qualname, builtins bare */
	uint64_t address; /**< of the type object; of the first one if there are several */
	uint32_t n_types; /**< type objects of this name */
	uint64_t count;   /**< live objects */
	uint64_t bytes;   /**< the sum of what sys.getsizeof gives for each */
	uint64_t gc;      /**< how many of them the cycle collector tracks */
	uint64_t retained; /**< what would be freed with all of them; 0 until it is computed */
	uint64_t block_bytes;   /**< of the allocator's blocks that they are in; those of statics, and
	                         * of ints and floats that share blocks (2.7), are not known; 0 until
	                         * pycore_get_costs() */
	uint64_t outside_bytes; /**< of memory that they own elsewhere: a list's items, a dict's keys that
	                         * it does not share (shared ones are their type's), buffers; 0 until
	                         * pycore_get_costs() */
};

/** What the allocator's live blocks are, and how the object sources agree. */
struct pycore_blocks {
	uint64_t live;      /**< blocks in use, as sys.getallocatedblocks() counts */
	uint64_t live_bytes; /**< of those in pymalloc's pools */
	uint64_t raw;       /**< of @c live, blocks of malloc: the allocator's own count or, where
	                     * that is not known (to CPython 3.11), how many were found */
	uint64_t object;    /**< of these: an object */
	uint64_t storage;   /**< memory that an object owns: a dict's keys, a list's items */
	uint64_t free_list; /**< freed objects the interpreter keeps for reuse */
	uint64_t unknown;   /**< none of these: memory of C code */
	uint64_t unknown_bytes;
	uint64_t arenas, pools;
	uint64_t gc_listed;     /**< objects met on the collector's lists */
	bool gc_partial;        /**< the lists were followed for a part only (a live process) */
	uint64_t gc_only;       /**< of these, not found by the walk of the pools or by reference */
	uint64_t outside;       /**< objects outside the pools, found by reference */
	uint64_t unreadable;    /**< arenas and pools that could not be read */
};

/** Blocks of one size in pymalloc's pools, as sys._debugmallocstats() tells of them. */
struct pycore_size_class {
	uint64_t size;  /**< bytes of a block */
	uint64_t pools; /**< that have blocks in use; with mimalloc, pages */
	uint64_t live;  /**< blocks in use */
	uint64_t free;  /**< others that these pools have room for */
};

/** What the interpreter keeps for the next object of a type. */
struct pycore_free_list {
	const char *type; /**< name of the type, or "dict keys", which are no objects */
	uint64_t count;   /**< blocks in pools: those in memory of malloc are not known */
};

struct pycore_path;

/** One object. */
struct pycore_object {
	uint64_t address;
	const char *type;
	uint64_t bytes;
	int64_t refcount; /**< -1: immortal */
	const char *repr; /**< short, as Python would write it; NULL if values are not wanted */
	uint64_t retained; /**< what would be freed if it alone were gone; 0 if not asked for */
	const struct pycore_path *path; /**< how a root holds it; NULL if not asked for, or none */
};

struct pycore_census {
	const struct pycore_type_count *types; /**< most bytes first */
	size_t n_types;
	const struct pycore_type_count *by_address; /**< the same with a row for each type object, */
	size_t n_by_address;                        /**< or NULL: no name has several */
	uint64_t count, bytes; /**< of all types */
	struct pycore_blocks blocks;
	const struct pycore_size_class *size_classes; /**< by size */
	size_t n_size_classes;
	const struct pycore_free_list *free_lists; /**< by name; their sum is blocks.free_list */
	size_t n_free_lists;
};

/** Count every object. Made once; lives until pycore_close(). */
PYCORE_API int pycore_get_census(struct pycore *session, const struct pycore_census **out,
				 struct pycore_error *err);

/**
 * The same, with @c retained filled: reads every reference of every object, and
 * finds what each object alone keeps alive.
 *
 * @param each_type  fill that of @c by_address too
 */
PYCORE_API int pycore_get_retained(struct pycore *session, bool each_type,
				   const struct pycore_census **out, struct pycore_error *err);

/**
 * The same, with @c block_bytes and @c outside_bytes filled: looks at every object once more. What
 * pycore_get_retained() has filled before is not in this one.
 */
PYCORE_API int pycore_get_costs(struct pycore *session, const struct pycore_census **out,
				struct pycore_error *err);

/** Which objects pycore_get_objects() lists. Zero is: all, by address, without values. */
struct pycore_object_query {
	size_t size;            /**< sizeof(struct pycore_object_query) of the caller */
	const char *type;       /**< "module.qualname", a bare name, or a glob; NULL: all types */
	size_t limit;           /**< 0: no limit */
	bool biggest;           /**< the @c limit biggest, biggest first; else by address */
	bool values;            /**< make @c repr */
	const char *const *include, *const *exclude; /**< globs of names, NULL-terminated, or NULL */
	bool retained;          /**< make @c retained; with @c biggest that is what they are sorted by,
	                         * and the dict of an instance is no object of its own */
	bool paths;             /**< make @c path */
};

/** A list of objects; lives until pycore_close(). */
struct pycore_objects {
	const struct pycore_object *objects;
	size_t n_objects;
	uint64_t total; /**< that matched, before the limit */
	const char *const *types; /**< names that the pattern matched */
	size_t n_types;
};

/**
 * List objects. A pattern that matches nothing gives PYCORE_ERR_NOT_FOUND and
 * a message with the closest names.
 */
PYCORE_API int pycore_get_objects(struct pycore *session, const struct pycore_object_query *query,
				  const struct pycore_objects **out, struct pycore_error *err);

#endif
