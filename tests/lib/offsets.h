/* SPDX-License-Identifier: MIT */
#ifndef TESTS_OFFSETS_H
#define TESTS_OFFSETS_H

#include "lib/fake.h"
#include "layout/layout.h"

/* Where the made-up interpreter has its GIL. */
#define OFFSETS_GIL_AT 7000

/* A target with what one whose CPython is as @p l says tells at @p runtime: _Py_DebugOffsets. */
struct fake *offsets_tell(const struct layout *l, uint64_t runtime);

#endif
