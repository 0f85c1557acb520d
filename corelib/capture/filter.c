/* SPDX-License-Identifier: MIT */
#include "capture/filter.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/search.h"
#include "target/live.h"

/* include/linux/mm_types.h MMF_DUMP_FILTER_DEFAULT, as core(5) has it. */
#define USUAL_BITS UINT32_C(0x33)

static uint32_t read_bits(int proc_fd)
{
	struct buf b = { 0 };
	uint32_t bits = USUAL_BITS;

	if (proc_read(proc_fd, "coredump_filter", 64, &b) && b.len)
		bits = (uint32_t)strtoul(b.text, NULL, 16);
	buf_free(&b);
	return bits;
}

static bool has_flag(const char *flags, const char *flag)
{
	const char *at = strstr(flags, flag);

	return at && at[-1] == ' ';
}

/* "start-end rwxp ..." begins a mapping, "VmFlags: rd wr dd " is the last line of it. */
static bool take_line(struct filter *f, const char *line, struct marked *m)
{
	unsigned long long start, end;

	if (!strncmp(line, "VmFlags:", 8)) {
		m->never = has_flag(line + 8, "dd ");
		m->huge = has_flag(line + 8, "ht ");
		return !(m->never || m->huge) || vec_push(&f->marked, *m);
	}
	if (sscanf(line, "%llx-%llx ", &start, &end) == 2)
		*m = (struct marked){ .start = start, .end = end };
	return true;
}

/* Line by line: the text may be a kilobyte a mapping. */
static bool read_marks(struct filter *f, int proc_fd)
{
	int fd = openat(proc_fd, "smaps", O_RDONLY | O_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	struct marked m = { 0 };
	char *line = NULL;
	size_t size = 0;
	bool ok = true;

	if (!in) {
		if (fd >= 0)
			close(fd);
		return true;
	}
	while (ok && getline(&line, &size, in) > 0)
		ok = take_line(f, line, &m);
	free(line);
	fclose(in);
	return ok;
}

bool filter_read(struct filter *f, int proc_fd)
{
	f->on = true;
	f->bits = read_bits(proc_fd);
	return read_marks(f, proc_fd);
}

void filter_fini(struct filter *f)
{
	vec_free(&f->marked);
}

/* The mark that all of @p r has, or NULL: what has become another mapping since has none. */
static const struct marked *mark_of(const struct filter *f, const struct region *r)
{
	size_t at = COUNT_BEFORE(f->marked.n, i, f->marked.items[i].end <= r->start);

	if (at == f->marked.n || f->marked.items[at].start > r->start ||
	    f->marked.items[at].end < r->end)
		return NULL;
	return &f->marked.items[at];
}

/* As fs/coredump.c vma_dump_size(): a file that nobody can open any more is as none. */
static bool has_file(const struct region *r)
{
	static const char gone[] = " (deleted)";
	size_t len = r->path ? strlen(r->path) : 0, suffix = sizeof(gone) - 1;

	return len && (len < suffix || strcmp(r->path + len - suffix, gone));
}

bool filter_wants_none(const struct filter *f, const struct region *r)
{
	const struct marked *m = mark_of(f, r);

	return m && m->never;
}

bool filter_wants_memory(const struct filter *f, const struct region *r)
{
	const struct marked *m = mark_of(f, r);
	bool shared = r->flags & REGION_SHARED;

	if (!f->on)
		return true;
	if (m && m->huge)
		return f->bits & (shared ? FILTER_HUGE_SHARED : FILTER_HUGE_PRIVATE);
	if (!shared)
		return f->bits & FILTER_ANON_PRIVATE;
	return f->bits & (has_file(r) ? FILTER_FILE_SHARED : FILTER_ANON_SHARED);
}

bool filter_wants_file(const struct filter *f, const struct region *r)
{
	return f->on && f->bits & (r->flags & REGION_SHARED ? FILTER_FILE_SHARED : FILTER_FILE_PRIVATE);
}
