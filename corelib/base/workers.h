/* SPDX-License-Identifier: MIT */
#ifndef BASE_WORKERS_H
#define BASE_WORKERS_H

#include <stddef.h>
#include <stdint.h>

/** One piece of work: job number @p job, done by worker number @p worker. */
typedef void worker_fn(void *ctx, size_t job, unsigned worker);

/** Jobs wanted by a caller who said @p jobs (0: one a processor), within reason. */
unsigned workers_count(uint32_t jobs);

/**
 * Run jobs [0, n) on @p workers threads and wait for all. Jobs are handed out
 * in order. The calling thread is worker 0; if threads cannot be made it does all.
 */
void workers_run(unsigned workers, size_t n, worker_fn *fn, void *ctx);

#endif
