/* SPDX-License-Identifier: MIT */
#ifndef RUNTIME_FIND_H
#define RUNTIME_FIND_H

#include "layout/layout.h"
#include "target/reader.h"

/* A place that may be _PyRuntime. */
struct found {
	struct module *module; /* NULL: it is in none */
	uint64_t address;
	uint64_t size;         /* as its symbol or section has it, 0: not known */
	const char *by;        /* static: "symbol", "section", "cookie", "scan" */
	const struct layout *table; /* by which a scan found it; NULL: no such hint */
};

/* @return non-zero to look no further */
typedef int found_fn(void *ctx, const struct found *f);

/*
 * Offer every place where _PyRuntime may be, the likeliest first: symbol or
 * section in the executable and in a libpython, then in other files, then what
 * a scan of writable data finds. @return what @p fn returned, 0 if nothing was taken
 */
int find_runtime(struct reader *r, found_fn *fn, void *ctx);

/* The scan alone. */
int scan_runtime(struct reader *r, found_fn *fn, void *ctx);

#endif
