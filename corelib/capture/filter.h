/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include "base/vec.h"
#include "target/target.h"

/* What a process, or who started it, wants left out of its cores. */

/* Of /proc/PID/coredump_filter, core(5). */
enum {
	FILTER_ANON_PRIVATE = 1 << 0,
	FILTER_ANON_SHARED = 1 << 1,
	FILTER_FILE_PRIVATE = 1 << 2,
	FILTER_FILE_SHARED = 1 << 3,
	FILTER_HUGE_PRIVATE = 1 << 5,
	FILTER_HUGE_SHARED = 1 << 6,
};

/* A mapping with a mark in VmFlags of /proc/PID/smaps. */
struct marked {
	uint64_t start, end;
	bool never; /* madvise(2) MADV_DONTDUMP */
	bool huge;  /* of hugetlbfs */
};

/* Zero leaves out nothing. */
struct filter {
	bool on;
	uint32_t bits;
	VEC(struct marked) marked; /* by address */
};

/*
 * As it is now, of the process with this /proc/PID. What cannot be read is as it is for
 * most processes. Any time will do but that of a stop: it takes long in a large process.
 * @return false: no memory
 */
bool filter_read(struct filter *f, int proc_fd);
void filter_fini(struct filter *f);

/* Whether nothing at all of @p r is wanted. */
bool filter_wants_none(const struct filter *f, const struct region *r);
/* Whether bytes of @p r are wanted that are in no file on a disk. */
bool filter_wants_memory(const struct filter *f, const struct region *r);
/* Whether all of the file that is mapped there is asked for. */
bool filter_wants_file(const struct filter *f, const struct region *r);

#endif
