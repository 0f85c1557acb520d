/* SPDX-License-Identifier: MIT */
#include "capture/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)

/* linux/fs.h of Linux 6.7; headers older than the kernel are common. */
struct scan_run {
	uint64_t start, end, categories;
};

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, anyof_mask, return_mask;
};

#define SCAN_IOCTL _IOWR('f', 16, struct scan_arg)

enum {
	SCAN_FILE = 1 << 2,
	SCAN_PRESENT = 1 << 3,
	SCAN_SWAPPED = 1 << 4,
	SCAN_ZERO = 1 << 5, /* the page of zeros that everybody has */
	SCAN_GUARD = 1 << 8,
	SCAN_RUNS = 1024, /* a call */
};

/* Of /proc/PID/pagemap, Documentation/admin-guide/mm/pagemap.rst. */
#define MAP_PRESENT (UINT64_C(1) << 63)
#define MAP_SWAPPED (UINT64_C(1) << 62)
#define MAP_FILE (UINT64_C(1) << 61)
#define MAP_GUARD (UINT64_C(1) << 58)

enum { MAP_WORDS = 4096 }; /* a read */

void pages_open(struct pages *p, int proc_fd)
{
	*p = (struct pages){ .fd = openat(proc_fd, "pagemap", O_RDONLY | O_CLOEXEC) };
}

void pages_close(struct pages *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* Joins what is alike before it is told. */
struct teller {
	struct page_run run; /* not told yet */
	page_run_fn *fn;
	void *ctx;
};

static bool flush(struct teller *t)
{
	return t->run.start >= t->run.end || t->fn(t->ctx, &t->run);
}

static bool tell(struct teller *t, uint64_t start, uint64_t end, enum page_kind kind)
{
	if (start >= end)
		return true;
	if (t->run.kind == kind && t->run.end == start && t->run.start < start) {
		t->run.end = end;
		return true;
	}
	if (!flush(t))
		return false;
	t->run = (struct page_run){ start, end, kind };
	return true;
}

static enum page_kind kind_of_scan(uint64_t categories)
{
	if (categories & SCAN_GUARD)
		return PAGE_GUARD;
	/* A page of zeros that was only read is as good as none. */
	if (categories & SCAN_ZERO && !(categories & SCAN_FILE))
		return PAGE_NONE;
	return categories & SCAN_FILE ? PAGE_OF_FILE : PAGE_OWN;
}

/* @return 1: told all, 0: stopped, -1: the kernel cannot */
static int scan(struct pages *p, uint64_t start, uint64_t end, struct teller *t)
{
	struct scan_run runs[SCAN_RUNS];
	uint64_t guard = p->no_guard ? 0 : SCAN_GUARD;

	while (start < end) {
		struct scan_arg arg = {
			.size = sizeof(arg),
			.start = start,
			.end = end,
			.vec = (uint64_t)(uintptr_t)runs,
			.vec_len = SCAN_RUNS,
			.anyof_mask = SCAN_PRESENT | SCAN_SWAPPED | guard,
			.return_mask = SCAN_PRESENT | SCAN_SWAPPED | SCAN_FILE | SCAN_ZERO | guard,
		};
		int n = ioctl(p->fd, SCAN_IOCTL, &arg);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EINVAL && guard) {
			p->no_guard = true;
			guard = 0;
			continue;
		}
		if (n < 0 || arg.walk_end <= start)
			return -1;
		/* The last run may reach beyond walk_end, and is told again by the next call. */
		for (int i = 0; i < n; i++) {
			uint64_t from = runs[i].start < start ? start : runs[i].start;
			uint64_t to = runs[i].end < end ? runs[i].end : end;

			if (to <= from)
				continue;
			if (!tell(t, start, from, PAGE_NONE) ||
			    !tell(t, from, to, kind_of_scan(runs[i].categories)))
				return 0;
			start = to;
		}
		if (!tell(t, start, arg.walk_end, PAGE_NONE))
			return 0;
		if (arg.walk_end > start)
			start = arg.walk_end;
	}
	return 1;
}

static enum page_kind kind_of_word(uint64_t word)
{
	if (word & MAP_GUARD)
		return PAGE_GUARD;
	if (!(word & (MAP_PRESENT | MAP_SWAPPED)))
		return PAGE_NONE;
	return word & MAP_FILE ? PAGE_OF_FILE : PAGE_OWN;
}

static bool read_map(struct pages *p, uint64_t start, uint64_t end, struct teller *t)
{
	uint64_t words[MAP_WORDS];

	while (start < end) {
		size_t want = MAP_WORDS;
		ssize_t n;

		if ((end - start) / PAGE < want)
			want = (size_t)((end - start) / PAGE);
		n = p->fd < 0 ? -1 : pread(p->fd, words, want * 8, (off_t)(start / PAGE * 8));
		if (n < 0 && errno == EINTR && p->fd >= 0)
			continue;
		/* Nothing is known: then all of it may be something. */
		if (n < 8)
			return tell(t, start, end, PAGE_OWN);
		for (ssize_t i = 0; i < n / 8; i++, start += PAGE) {
			if (!tell(t, start, start + PAGE, kind_of_word(words[i])))
				return false;
		}
	}
	return true;
}

bool pages_scan(struct pages *p, uint64_t start, uint64_t end, page_run_fn *fn, void *ctx)
{
	struct teller t = { .fn = fn, .ctx = ctx };
	int rc = -1;

	if (p->fd >= 0 && !p->no_scan) {
		rc = scan(p, start, end, &t);
		/* What was told already stays as it is: go on where that ends. */
		if (rc < 0) {
			p->no_scan = true;
			start = t.run.end ? t.run.end : start;
		}
	}
	if (rc < 0)
		rc = read_map(p, start, end, &t);
	return rc > 0 && flush(&t);
}
