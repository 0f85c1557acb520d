/* SPDX-License-Identifier: MIT */
#ifndef RUNTIME_OFFSETS_H
#define RUNTIME_OFFSETS_H

#include "layout/layout.h"
#include "target/reader.h"

/* The head of _Py_DebugOffsets, with which _PyRuntime begins from 3.13 on. */
#define OFFSETS_COOKIE "xdebugpy"

struct offsets_head {
	char cookie[8];
	uint64_t version; /* PY_VERSION_HEX */
	uint64_t free_threaded;
};

/* Whether there is a believable head at @p runtime. */
bool offsets_head(struct reader *r, uint64_t runtime, struct offsets_head *head);

/*
 * Put what the target tells of its own fields over the table in @p l. All of it or
 * nothing: where one of the numbers cannot be, none is believed, @p l stays as it
 * was and the result is false.
 */
bool offsets_overlay(struct layout *l, struct reader *r, uint64_t runtime);

#endif
