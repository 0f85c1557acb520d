/* SPDX-License-Identifier: MIT */
#include "object/behind.h"

#include "base/search.h"

const struct label behind_label = { LABEL_FIELD, "C memory", 0, 0 };

static size_t first_from(const struct behind *b, uint64_t from)
{
	return COUNT_BEFORE(b->edges.n, i, b->edges.items[i].from < from);
}

int behind_edges(const struct behind *b, uint64_t from, edge_fn *fn, void *arg)
{
	for (size_t i = first_from(b, from); i < b->edges.n; i++) {
		const struct behind_edge *edge = &b->edges.items[i];
		int rc;

		if (edge->from != from)
			break;
		rc = fn(arg, edge->to, EDGE_GUESS, &behind_label);
		if (rc)
			return rc;
	}
	return 0;
}
