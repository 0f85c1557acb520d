/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "target/private.h"

struct callback {
	struct target base;
	pycore_read_fn *read;
	void *ctx;
};

/* How far from @p addr on memory is mapped without a gap, up to @p len. */
static size_t mapped(const struct target *t, uint64_t addr, size_t len)
{
	const struct region *r = target_region_at(t, addr), *end = t->regions + t->n_regions;
	uint64_t at = addr;

	if (!t->n_regions) /* the host does not know: ask it for everything */
		return len;
	for (; r && r < end && r->start <= at && at - addr < len; r++)
		at = r->end;
	return at - addr < len ? (size_t)(at - addr) : len;
}

/*
 * Hosts may answer all or nothing (gdb does): a range of which the end is not
 * readable is asked for again by pages.
 */
static size_t callback_read(struct target *t, uint64_t addr, void *buf, size_t len)
{
	struct callback *c = (struct callback *)t;
	size_t done = 0, n;

	len = mapped(t, addr, len);
	if (!len)
		return 0;
	done = c->read(c->ctx, addr, buf, len);
	if (done > len) /* a host that is confused has read nothing */
		done = 0;
	while (done < len) {
		size_t want = (size_t)(PAGE_BYTES - (addr + done) % PAGE_BYTES);

		if (want > len - done)
			want = len - done;
		n = c->read(c->ctx, addr + done, (char *)buf + done, want);
		if (!n || n > want)
			break;
		done += n;
	}
	return done;
}

static void callback_close(struct target *t)
{
	target_teardown(t);
	free(t);
}

static const struct target_ops callback_ops = {
	.read = callback_read,
	.close = callback_close,
};

static bool take_maps(struct target *t, const struct pycore_callback_target *from)
{
	region_vec list = { 0 };
	bool ok = true;

	for (size_t i = 0; ok && i < from->n_maps; i++) {
		const struct pycore_map *m = &from->maps[i];
		bool named = m->path && m->path[0] && m->path[0] != '[';
		struct region r = {
			.start = m->start,
			.end = m->end,
			.file_offset = m->file_offset,
			.flags = (m->prot & PROT_READ ? REGION_READ : 0) |
				 (m->prot & PROT_WRITE ? REGION_WRITE : 0) |
				 (m->prot & PROT_EXEC ? REGION_EXEC : 0) | (named ? 0 : REGION_ANON),
		};

		if (m->path && !strcmp(m->path, "[heap]"))
			r.flags |= REGION_HEAP;
		if (m->path && !strcmp(m->path, "[stack]"))
			r.flags |= REGION_STACK;
		if (named)
			r.path = arena_strdup(&t->arena, m->path);
		ok = (!named || r.path) && vec_push(&list, r);
	}
	ok = ok && target_take_regions(t, &list);
	vec_free(&list);
	return ok;
}

static bool take_threads(struct target *t, const struct pycore_callback_target *from)
{
	size_t n = from->threads ? from->n_threads : 0;

	t->threads = arena_array(&t->arena, n + 1, sizeof(*t->threads));
	if (!t->threads)
		return false;
	for (size_t i = 0; i < n; i++) {
		t->threads[i] = (struct native_thread){
			.tid = from->threads[i].tid,
			.fs_base = from->threads[i].fs_base,
			.sp = from->threads[i].sp,
			.pc = from->threads[i].pc,
		};
		target_mark(t, from->threads[i].sp, REGION_STACK);
	}
	t->n_threads = n;
	return true;
}

int target_open_callback(struct target **out, const struct pycore_callback_target *from,
			 const struct pycore_options *options, warn_fn *warn, void *warn_ctx,
			 struct pycore_error *err)
{
	struct pycore_callback_target mine = { 0 };
	struct callback *c;

	*out = NULL;
	/* A caller built for another release knows fewer fields, or more. */
	memcpy(&mine, from, from->size < sizeof(mine) ? from->size : sizeof(mine));
	if (!mine.read)
		return pycore_fail(err, PYCORE_ERR_ARGUMENT,
				   "a callback target needs a function that reads");
	c = calloc(1, sizeof(*c));
	if (!c)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for a target");
	target_setup(&c->base, &callback_ops, TARGET_CALLBACK, options, warn, warn_ctx);
	c->read = mine.read;
	c->ctx = mine.ctx;
	c->base.process.pid = mine.pid;
	if (mine.exe)
		c->base.process.exe = arena_strdup(&c->base.arena, mine.exe);
	if (!take_maps(&c->base, &mine) || !take_threads(&c->base, &mine) ||
	    !modules_build(&c->base)) {
		target_close(&c->base);
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the regions of a target");
	}
	modules_find(&c->base);
	c->base.bytes_readable = c->base.bytes_mapped;
	*out = &c->base;
	return 0;
}
