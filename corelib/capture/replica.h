/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_REPLICA_H
#define CAPTURE_REPLICA_H

#include "target/target.h"

/*
 * Stop a live target, copy its memory, let it run on: from then on the target is
 * the copy, which does not change, until it is closed.
 *
 * @param max_stop_ms  release it after so long at most; then PYCORE_ERR_TOO_LONG
 * @param jobs         threads that copy, 0: one a processor
 */
int replica_take(struct target *t, uint64_t max_stop_ms, uint32_t jobs, struct pycore_error *err);

#endif
