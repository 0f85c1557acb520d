/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_GROWTH_H
#define PYCORE_GROWTH_H

#include <pycore/session.h>

/** What was written. */
struct pycore_snapshot_result {
	uint64_t bytes;      /**< size of the file */
	uint64_t objects;    /**< in it */
	uint64_t references; /**< among them */
	uint64_t reserved[4];
};

/**
 * Write a snapshot of the heap: the address, type, size, reference count and references
 * of each object, by name, which are roots, and what an audit finds. There are no values in
 * it; names of types, functions, variables and attributes are.
 *
 * The file is there in full or not at all, and never replaces another. A process that
 * is stopped runs on before the file is written. pycore_open_core() opens it.
 *
 * @param out  what was done; may be NULL
 */
PYCORE_API int pycore_write_snapshot(struct pycore *session, const char *path,
				     struct pycore_snapshot_result *out, struct pycore_error *err);

/** Objects of a type in one target. */
struct pycore_growth_sum {
	uint64_t count, bytes;
	uint64_t retained; /**< as of struct pycore_type_count; 0 in sums of all types */
};

/** One type, or several of one name. */
struct pycore_growth_row {
	const char *type;
	struct pycore_growth_sum a, b, c;
	uint64_t kept;       /**< objects that A lacks, and that are in B and in C */
	uint64_t kept_bytes; /**< of these, in B */
};

struct pycore_growth {
	const struct pycore_growth_row *rows; /**< by name: each type with objects in any of them */
	size_t n_rows;
	bool third; /**< there is a C */
	struct pycore_growth_sum a, b, c; /**< of all types */
	uint64_t kept, kept_bytes;
};

/**
 * Compare targets of one program, or of one run of it: @p a, then @p session, then @p c
 * (NULL: there is none). An object of two of them is the same where its address and the
 * name of its type are; of different runs that means nothing, and a warning says so.
 *
 * Processes that are stopped run on as soon as all of them are read. Warnings of the others
 * are put after those of @p session. Lives until any of the three is closed.
 */
PYCORE_API int pycore_get_growth(struct pycore *session, struct pycore *a, struct pycore *c,
				 const struct pycore_growth **out, struct pycore_error *err);

#endif
