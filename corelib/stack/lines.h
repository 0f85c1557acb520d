/* SPDX-License-Identifier: MIT */
#ifndef STACK_LINES_H
#define STACK_LINES_H

#include "object/object.h"

/* A line table: @c size bytes at @c address, as co_linetable or co_lnotab holds them. */
struct line_table {
	uint64_t address, size;
	uint64_t shape;  /* LINE_LNOTAB, LINE_RANGES or LINE_LOCATIONS */
	int32_t first;   /* co_firstlineno */
};

/* The line table of @p code; false if it cannot be read. */
bool line_table_of(const struct ctx *c, uint64_t code, struct line_table *out);

/*
 * The line of the instruction at byte offset @p lasti (below 0: not started);
 * 0 if the table has none for it, is damaged or cannot be read so far.
 */
int32_t line_table_find(const struct line_table *table, struct reader *r, int64_t lasti);

#endif
