/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_PAGES_H
#define CAPTURE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

/* Which pages of a process there are, as the kernel tells it: nothing is touched. */

enum page_kind {
	PAGE_NONE = 0,  /* never touched: zero if it is anonymous, else as in the file */
	PAGE_OWN,       /* the process's own: written to, swapped out perhaps */
	PAGE_OF_FILE,   /* of a file or of shared memory */
	PAGE_GUARD,     /* nobody may touch it */
};

/* A run of pages of one kind. */
struct page_run {
	uint64_t start, end;
	enum page_kind kind;
};

/* @return false stops the scan */
typedef bool page_run_fn(void *ctx, const struct page_run *run);

struct pages {
	int fd;       /* /proc/PID/pagemap, or -1 */
	bool no_scan; /* the kernel has no PAGEMAP_SCAN (Linux 6.7) */
	bool no_guard; /* or does not know guard pages in it (6.15) */
};

void pages_open(struct pages *p, int proc_fd);
void pages_close(struct pages *p);

/*
 * Tell all of [start, end), whole pages, in order and without gaps. Where the
 * kernel tells nothing, all of it is one run of PAGE_OWN.
 * @return false: @p fn stopped it
 */
bool pages_scan(struct pages *p, uint64_t start, uint64_t end, page_run_fn *fn, void *ctx);

#endif
