/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_ELF_OUT_H
#define CAPTURE_ELF_OUT_H

#include "base/buf.h"
#include "capture/plan.h"

/* The first bytes of a core: headers and notes. */

/*
 * Lay the core out: sets the offset of every part of @p plan. @p out gets all that
 * comes before the first of them, whole pages. @return size of the core; 0: no memory
 */
uint64_t elf_out_headers(struct buf *out, struct plan *plan, const struct buf *notes);

#endif
