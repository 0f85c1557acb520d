/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_NOTES_OUT_H
#define CAPTURE_NOTES_OUT_H

#include <sys/procfs.h>

#include "base/buf.h"
#include "target/live.h"

/* The notes of a core, as the kernel writes them: 64-bit x86 Linux. */

/* What /proc tells of a process beside its memory; read while it is there. */
struct process_facts {
	prpsinfo_t info;
	struct buf auxv;
	uint64_t vdso;   /* 0: not known */
	uint64_t random; /* where the kernel put random bytes: high up in the main stack */
};

void facts_read(struct process_facts *facts, const struct target *t);
void facts_fini(struct process_facts *facts);

/* All notes of @p t, which was frozen with want_registers. */
void notes_out(struct buf *out, const struct target *t, const struct process_facts *facts);

#endif
