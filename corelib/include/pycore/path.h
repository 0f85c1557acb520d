/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_PATH_H
#define PYCORE_PATH_H

#include <pycore/session.h>

/** An object on the way from a root to another. */
struct pycore_path_step {
	uint64_t address;
	const char *type;
	const char *label; /**< of the reference to it: ".__dict__", "['k']", "[3]"; NULL if not known */
};

/** How a root holds an object. Weak references hold nothing. */
struct pycore_path {
	uint64_t address;       /**< of the object that it leads to */
	const char *root_kind;  /**< "module", "asyncio" (an event loop that a thread runs), "local",
	                         * "frame", "thread", "interpreter", "static", "immortal", "interned",
	                         * "stack", "native" or "garbage" */
	const char *root;       /**< "module app: CACHE", "thread 12 w1: f() local 'rows'",
	                         * "C global _ctypes.so+0x1a2c0 (_unpickle)": an address as the file
	                         * has it, and its symbol if there is one */
	const char *expression; /**< what evaluates to the very object inside the target, given
	                         * modules sys and gc; NULL: Python cannot say it */
	const struct pycore_path_step *steps; /**< the root's object first, the object itself last */
	size_t n_steps;
};

/** To which objects, and how many paths to each. Zero is nothing; set @c size to sizeof. */
struct pycore_path_query {
	size_t size;               /**< sizeof(struct pycore_path_query) of the caller */
	const char *type;          /**< as in struct pycore_object_query; or NULL */
	const uint64_t *addresses; /**< of objects */
	size_t n_addresses;
	size_t limit;              /**< objects of the type, those that retain most first; 0: 20 */
	size_t most;               /**< paths to each object, each by another holder; 0: 1 */
	bool values;               /**< write keys of dicts, which a snapshot has not; else "..." */
};

struct pycore_paths {
	const struct pycore_path *paths; /**< by object, then shortest first */
	size_t n_paths;
	uint64_t n_objects; /**< that were asked for, those past the limit included */
};

/**
 * The shortest paths from roots to objects. Every object has one: what nothing
 * known holds is a root of kind "native" or "garbage". Lives until pycore_close().
 */
PYCORE_API int pycore_get_paths(struct pycore *session, const struct pycore_path_query *query,
				const struct pycore_paths **out, struct pycore_error *err);

/** An object of a tree of what keeps what alive: a level below what alone keeps it. */
struct pycore_tree_node {
	uint32_t depth;       /**< 0: at the top */
	uint64_t address;     /**< 0: not an object, but all that the level was too long for */
	const char *type;
	const char *label;    /**< of the reference from its parent, NULL: it has none to it */
	uint64_t bytes, retained;
	uint64_t count;       /**< objects that this is or stands for */
	const struct pycore_path *path; /**< of those at the top; NULL of others */
};

/** Which tree. Zero is: what roots hold, by retained bytes; set @c size to sizeof. */
struct pycore_tree_query {
	size_t size;      /**< sizeof(struct pycore_tree_query) of the caller */
	const char *type; /**< at the top: objects of it, as in struct pycore_object_query; or NULL */
	size_t limit;     /**< objects at the top; 0: 20 */
	uint32_t depth;   /**< levels below these; 0: 3 */
	uint32_t width;   /**< objects of each level below another; 0: 5 */
	bool values;      /**< as in struct pycore_path_query */
};

struct pycore_tree {
	const struct pycore_tree_node *nodes; /**< each before what is below it */
	size_t n_nodes;
	uint64_t bytes; /**< of all objects of the heap */
};

/** The dominator tree, opened from its top. Lives until pycore_close(). */
PYCORE_API int pycore_get_tree(struct pycore *session, const struct pycore_tree_query *query,
			       const struct pycore_tree **out, struct pycore_error *err);

#endif
