/* SPDX-License-Identifier: MIT */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include "base/arena.h"
#include "base/buf.h"

/* A table of text: cells first, then columns as wide as they must be. */

enum { TABLE_COLUMNS = 10 };

struct table_row {
	struct table_row *next;
	const char *cells[TABLE_COLUMNS]; /* NULL: empty */
	bool strong;                      /* set off from the others, as a sum is */
};

struct table {
	struct arena *arena;
	size_t n_columns;
	const char *heads[TABLE_COLUMNS];
	bool left[TABLE_COLUMNS]; /* else numbers, to the right */
	struct table_row *first, *last;
	bool failed; /* no memory */
};

/* @p heads: a NULL-terminated list; a head that begins with '<' is of a column of text. */
struct table table_make(struct arena *arena, const char *const *heads);

/* A new row, NULL without memory (which is remembered in @c failed). */
struct table_row *table_row(struct table *t);

/* Copies; a NULL row is ignored. */
void table_set(struct table *t, struct table_row *row, size_t column, const char *cell);

/* As table_set() with text from the target, escaped, cut to @p most columns unless 0. */
void table_set_text(struct table *t, struct table_row *row, size_t column, const char *text,
		    size_t most);

/* @p width: columns of the terminal, to which the last column is cut; 0: not cut. */
void table_write(const struct table *t, struct buf *out, const char *indent, size_t width,
		 bool color);

#endif
