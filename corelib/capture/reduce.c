/* SPDX-License-Identifier: MIT */
#include "capture/reduce.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/workers.h"
#include "capture/elf_out.h"
#include "capture/sink.h"

enum {
	CHUNK = 1 << 20,
	MOST_SEGMENTS = 1 << 20,
	MOST_NOTES = 256 << 20,
};

/* A core that is copied without some of its bytes. Its headers may say anything. */
struct reduction {
	const struct pycore_dump_options *options;
	struct target *target; /* the same core, understood */
	int fd;
	uint64_t size;         /* of the file */
	struct plan plan;      /* what is written */
	VEC(uint64_t) from;    /* where the bytes of each of its parts are */
	struct buf notes, headers;
	struct sink sink;
	unsigned char *chunk;
};

static bool read_at(const struct reduction *r, uint64_t offset, void *buf, size_t len)
{
	size_t done = 0;

	if (offset > r->size || len > r->size - offset)
		return false;
	while (done < len) {
		ssize_t n = pread(r->fd, (char *)buf + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool take_notes(struct reduction *r, const Elf64_Phdr *ph)
{
	uint64_t left = ph->p_offset < r->size ? r->size - ph->p_offset : 0;
	uint64_t len = ph->p_filesz < left ? ph->p_filesz : left;

	if (len > MOST_NOTES - r->notes.len)
		return true;
	for (uint64_t at = 0; at < len;) {
		size_t n = len - at < CHUNK ? (size_t)(len - at) : CHUNK;

		if (!read_at(r, ph->p_offset + at, r->chunk, n))
			break;
		buf_add(&r->notes, r->chunk, n);
		at += n;
	}
	while (!r->notes.failed && r->notes.len % 4)
		buf_putc(&r->notes, 0);
	return !r->notes.failed;
}

static bool add_part(struct reduction *r, struct part part, uint64_t from)
{
	return part.start >= part.end || (vec_push(&r->plan.parts, part) && vec_push(&r->from, from));
}

static bool is_text(const struct region *region)
{
	return region->path && region->file_offset && region->flags & REGION_EXEC &&
	       !(region->flags & REGION_WRITE);
}

static bool take_load(struct reduction *r, const Elf64_Phdr *ph)
{
	const struct region *region = target_region_at(r->target, ph->p_vaddr);
	uint64_t left = ph->p_offset < r->size ? r->size - ph->p_offset : 0, reserve = 0;
	struct part part = {
		.start = ph->p_vaddr,
		.filesz = ph->p_filesz < ph->p_memsz ? ph->p_filesz : ph->p_memsz,
		.flags = (ph->p_flags & PF_R ? REGION_READ : 0) |
			 (ph->p_flags & PF_W ? REGION_WRITE : 0) |
			 (ph->p_flags & PF_X ? REGION_EXEC : 0),
	};

	if (__builtin_add_overflow(ph->p_vaddr, ph->p_memsz, &part.end))
		return true;
	if (part.filesz > left)
		part.filesz = left;
	if (region && r->options->leave_text && is_text(region))
		part.filesz = 0;
	if (region && r->options->leave_stack_reserve)
		reserve = plan_stack_reserve(r->target, region, 0);
	if (reserve > part.start && reserve < part.start + part.filesz) {
		struct part below = { .start = part.start, .end = reserve, .flags = part.flags };
		uint64_t skip = reserve - part.start;

		if (!add_part(r, below, 0))
			return false;
		part.start = reserve;
		part.filesz -= skip;
		return add_part(r, part, ph->p_offset + skip);
	}
	return add_part(r, part, ph->p_offset);
}

/* More segments than fit the header's field are told by the first section. */
static uint64_t count_segments(const struct reduction *r, const Elf64_Ehdr *eh)
{
	Elf64_Shdr sh;

	if (eh->e_phnum != PN_XNUM)
		return eh->e_phnum;
	return read_at(r, eh->e_shoff, &sh, sizeof(sh)) && sh.sh_info < MOST_SEGMENTS ? sh.sh_info : 0;
}

static bool read_headers(struct reduction *r)
{
	uint64_t n, at;
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	bool ok = true;

	/* What a core is was looked at when it was opened as a target. */
	if (!read_at(r, 0, &eh, sizeof(eh)) || eh.e_phentsize != sizeof(ph))
		return true;
	n = count_segments(r, &eh);
	for (uint64_t i = 0; ok && i < n; i++) {
		if (__builtin_add_overflow(eh.e_phoff, i * sizeof(ph), &at) ||
		    !read_at(r, at, &ph, sizeof(ph)))
			break;
		if (ph.p_type == PT_NOTE)
			ok = take_notes(r, &ph);
		else if (ph.p_type == PT_LOAD && ph.p_memsz)
			ok = take_load(r, &ph);
	}
	return ok;
}

static bool is_cancelled(const struct reduction *r)
{
	return r->options->cancelled && r->options->cancelled(r->options->cancel_ctx);
}

static int copy_parts(struct reduction *r, struct pycore_error *err)
{
	for (size_t i = 0; i < r->plan.parts.n; i++) {
		const struct part *part = &r->plan.parts.items[i];

		for (uint64_t at = 0; at < part->filesz;) {
			size_t n = part->filesz - at < CHUNK ? (size_t)(part->filesz - at) : CHUNK;

			if (is_cancelled(r))
				return pycore_fail(err, PYCORE_ERR_CANCELLED,
						   "interrupted: nothing was written");
			if (!read_at(r, r->from.items[i] + at, r->chunk, n))
				return pycore_fail(err, PYCORE_ERR_OPEN,
						   "a core changed while it was read");
			if (!sink_put(&r->sink, r->chunk, n))
				return sink_failed(&r->sink, err);
			at += n;
		}
	}
	return sink_finish(&r->sink, err);
}

/* The headers may claim the same bytes many times: a core does not grow by being reduced. */
static bool is_more(const struct reduction *r)
{
	uint64_t all = 0;

	for (size_t i = 0; i < r->plan.parts.n; i++) {
		if (__builtin_add_overflow(all, r->plan.parts.items[i].filesz, &all))
			return true;
	}
	return all > r->size;
}

static int reduce(struct reduction *r, const char *core, struct pycore_dump_result *out,
		  struct pycore_error *err)
{
	uint64_t size;
	struct stat st;
	int rc;

	r->chunk = malloc(CHUNK);
	r->fd = open(core, O_RDONLY | O_CLOEXEC);
	if (!r->chunk)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to copy a core");
	if (r->fd < 0 || fstat(r->fd, &st))
		return pycore_fail_errno(err, PYCORE_ERR_OPEN, errno, "cannot open %.160s", core);
	r->size = (uint64_t)st.st_size;
	if (!read_headers(r))
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to copy a core");
	if (is_more(r))
		return pycore_fail(err, PYCORE_ERR_DAMAGED,
				   "%.160s is damaged: its headers put the same bytes at many addresses",
				   core);
	size = elf_out_headers(&r->headers, &r->plan, &r->notes);
	if (!size)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory to copy a core");
	rc = sink_open(&r->sink, r->options->path, err);
	if (!rc && r->options->compression == PYCORE_ZSTD)
		rc = sink_pack(&r->sink, size, workers_count(r->options->jobs), err);
	if (!rc && !sink_put(&r->sink, r->headers.text, r->headers.len))
		rc = sink_failed(&r->sink, err);
	if (!rc)
		rc = copy_parts(r, err);
	if (!rc && out) {
		snprintf(out->path, sizeof(out->path), "%s", r->options->path);
		out->bytes = r->sink.size;
		out->core_bytes = size;
		out->threads = r->target->n_threads;
		if (!fstatat(r->sink.dir, r->sink.name, &st, AT_SYMLINK_NOFOLLOW))
			out->disk_bytes = (uint64_t)st.st_blocks * 512;
	}
	return rc;
}

int reduce_core(const char *core, const struct pycore_dump_options *options,
		struct pycore_dump_result *out, struct pycore_error *err)
{
	struct reduction r = { .options = options, .fd = -1 };
	int rc = target_open_core(&r.target, core, NULL, options->warn, options->warn_ctx, err);

	if (!rc)
		rc = reduce(&r, core, out, err);
	target_close(r.target);
	if (r.fd >= 0)
		close(r.fd);
	sink_close(&r.sink);
	buf_free(&r.notes);
	buf_free(&r.headers);
	vec_free(&r.from);
	plan_fini(&r.plan);
	free(r.chunk);
	return rc;
}
