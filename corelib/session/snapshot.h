/* SPDX-License-Identifier: MIT */
#ifndef SESSION_SNAPSHOT_H
#define SESSION_SNAPSHOT_H

#include "session/session.h"

/* Whether the file begins as a snapshot does. */
bool is_snapshot(const char *path);

/* Read it: the graph is all that the session will have. */
int open_snapshot(struct pycore *s, const char *path, struct pycore_error *err);

#endif
