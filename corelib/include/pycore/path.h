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
	const char *root_kind;  /**< "module", "local", "frame", "thread", "interpreter", "static",
	                         * "immortal", "interned", "stack", "native" or "garbage" */
	const char *root;       /**< "module app: CACHE", "thread 12 w1: f() local 'rows'" */
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
	bool values;               /**< write keys of dicts; else "..." */
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

#endif
