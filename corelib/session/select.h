/* SPDX-License-Identifier: MIT */
#ifndef SESSION_SELECT_H
#define SESSION_SELECT_H

#include "session/session.h"

/* The types that a user's words mean. */
struct type_selection {
	struct map types;  /* address of the type -> struct type *; all that are wanted */
	const char **names; /* their names, sorted, without repeats; in the session's arena */
	size_t n_names;
	uint64_t total;    /* objects of these types */
};

/*
 * Find the types that @p pattern names (NULL: all) and that @p include and
 * @p exclude let pass. None: PYCORE_ERR_NOT_FOUND, and a message with the closest.
 */
int select_types(struct pycore *s, const struct heap *h, const char *pattern,
		 const char *const *include, const char *const *exclude,
		 struct type_selection *out, struct pycore_error *err);
void selection_fini(struct type_selection *selection);

/* As select_types(), but a pattern must name types that have instances. */
int select_instances(struct pycore *s, const struct heap *h, const char *pattern,
		     const char *const *include, const char *const *exclude,
		     struct type_selection *out, struct pycore_error *err);

/* An object that was picked out of all. */
struct picked {
	uint64_t bytes; /* 0 if they are not asked for */
	uint64_t address;
	const struct type *type;
	uint64_t retained; /* of pick_whole() alone, as is its number */
	uint32_t object;
};

struct picked_list {
	VEC(struct picked) found;
};

/*
 * Pick objects of the selected types: the @p limit (0: all) biggest, biggest
 * first, or the first ones by address. The whole index is passed over once.
 */
int pick_objects(struct pycore *s, const struct heap *h, const struct type_selection *selection,
		 size_t limit, bool biggest, struct picked_list *out, struct pycore_error *err);
void picked_fini(struct picked_list *list);

#endif
