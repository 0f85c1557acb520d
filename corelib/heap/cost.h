/* SPDX-License-Identifier: MIT */
#ifndef HEAP_COST_H
#define HEAP_COST_H

#include "heap/heap.h"

/* Memory that an object owns elsewhere, a dict's keys that others share not included. */
void cost_outside(const struct ctx *c, struct object o, uint64_t *bytes, uint64_t *blocks);

/* Fill h->costs, if they are not there. @return 0 or PYCORE_ERR_NOMEM */
int heap_costs(struct heap *h, const struct ctx *c,
	       void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total),
	       void *progress_ctx);

#endif
