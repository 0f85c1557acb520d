/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_GROWTH_H
#define GRAPH_GROWTH_H

#include <pycore/growth.h>

#include "graph/whole.h"

/*
 * Compare sealed graphs, type by type: @p n of them, 2 or 3. Rows are put into @p arena;
 * names are those of the graphs. @return 0 or a negative status
 */
int growth_find(const struct whole *const *wholes, size_t n, struct arena *arena,
		struct pycore_growth *out);

#endif
