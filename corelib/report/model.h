/* SPDX-License-Identifier: MIT */
#ifndef REPORT_MODEL_H
#define REPORT_MODEL_H

#include <pycore/pycore.h>

#include "base/arena.h"
#include "base/buf.h"

/* Rows of a text report, and single objects of any, unless the caller wants others. */
#define DEFAULT_ROWS 20

/* The types that a report shows, and the sums over all that its filters let through. */
struct type_rows {
	const struct pycore_type_count **rows;
	size_t n;       /* rows shown */
	size_t matched; /* rows that the filters let through */
	uint64_t count, bytes, gc, block_bytes, outside_bytes;
};

/* The single objects that a report shows. */
struct object_rows {
	const struct pycore_object **rows;
	size_t n;
};

/* The threads that bt shows. */
struct thread_rows {
	const struct pycore_thread **rows;
	size_t n, matched;
};

/* What analyze thinks worth a look. */
struct suspect {
	struct suspect *next;
	const char *text;
	const char *type; /* or NULL */
	uint64_t address; /* or 0 */
	const struct pycore_suspect *found; /* NULL: by count and size alone */
};

/* The types that diff shows, and how many there are of each sort. */
struct growth_rows {
	const struct pycore_growth_row **rows;
	size_t n, matched;
	size_t grew, shrank, appeared, gone; /* types */
	struct pycore_growth_row sum; /* of all that the filters let through */
};

/* All that one report was able to read, before a line of it is written. */
struct report {
	struct pycore *session;
	struct pycore_report_options o;
	struct arena arena;
	struct pycore_error *err;

	struct pycore_info info;
	const struct pycore_stacks *stacks;
	const struct pycore_census *census;
	const struct pycore_objects *objects; /* the answer behind @c top */
	const struct pycore_graph *graph;
	const struct pycore_detail *detail;
	const struct pycore_paths *paths;
	const struct pycore_tree *tree;
	const struct pycore_verdict *verdict;
	const struct pycore_growth *growth;
	const struct pycore_audit *audit;
	const struct pycore_suspects *found; /* NULL: references are not read */
	const struct pycore_savings *savings;
	struct thread_rows threads;
	struct type_rows types;
	struct growth_rows grown;
	struct object_rows top;
	bool retained;   /* what types and objects retain is read, too, */
	bool want_paths; /* and how roots hold the objects */
	struct suspect *suspects, *last_suspect;
	double stopped_ms;
};

/* How many rows @p r was asked for, @p other if it was not said; SIZE_MAX: all. */
size_t report_limit(const struct report *r, size_t other);

/* Whether the filters of @p r let the type @p name through. */
bool report_wants_type(const struct report *r, const char *name);

/* Read into @p r; each returns a status told in r->err. */
int read_threads(struct report *r, size_t limit);
int read_types(struct report *r, size_t limit);
int read_objects(struct report *r, size_t limit);
int read_tree(struct report *r, size_t limit);

/* "no memory for the report" */
int report_no_memory(struct report *r);

#endif
