/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "target/private.h"

/* What of a core that was cut short is missing, in the words of a process's map. */

enum { MOST_TIDS = 6 }; /* named in one line */

enum { LOST_HEAP, LOST_ANON, LOST_FILES, LOST_STACKS, LOST_KINDS };

static const char *const kinds[] = {
	[LOST_HEAP] = "the heap",
	[LOST_ANON] = "other anonymous memory",
	[LOST_FILES] = "mapped files",
	[LOST_STACKS] = "stacks",
};

struct share {
	uint64_t all, lost; /* bytes of the dump */
};

static void add(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

static int kind_of(const struct region *r)
{
	if (r->flags & REGION_STACK)
		return LOST_STACKS;
	if (r->flags & REGION_HEAP)
		return LOST_HEAP;
	return r->flags & REGION_ANON ? LOST_ANON : LOST_FILES;
}

/* Where the bytes end that the file has of the segment. */
static uint64_t kept_end(const struct core *c, const struct segment *s)
{
	uint64_t have = s->offset < c->file.size ? c->file.size - s->offset : 0;

	return s->start + (have < s->filesz ? have : s->filesz);
}

static void count(const struct core *c, struct share shares[LOST_KINDS])
{
	const struct target *t = &c->base;
	size_t i = 0;

	for (size_t j = 0; j < c->segments.n; j++) {
		const struct segment *s = &c->segments.items[j];
		uint64_t kept = kept_end(c, s), end = s->start + s->filesz;

		while (i < t->n_regions && t->regions[i].end <= s->start)
			i++;
		for (size_t k = i; k < t->n_regions && t->regions[k].start < end; k++) {
			const struct region *r = &t->regions[k];
			uint64_t from = r->start > s->start ? r->start : s->start;
			uint64_t to = r->end < end ? r->end : end;
			struct share *share = &shares[kind_of(r)];

			add(&share->all, to - from);
			if (to > kept)
				add(&share->lost, to - (from > kept ? from : kept));
		}
	}
}

static bool stack_is_lost(const struct core *c, uint64_t sp)
{
	for (size_t i = 0; i < c->segments.n; i++) {
		const struct segment *s = &c->segments.items[i];

		if (sp >= s->start && sp < s->end)
			return sp < s->start + s->filesz && kept_end(c, s) < s->start + s->filesz;
	}
	return false;
}

static void tell_stacks(const struct core *c, struct buf *b)
{
	size_t n = 0, all = 0;

	for (size_t i = 0; i < c->base.n_threads; i++)
		all += stack_is_lost(c, c->base.threads[i].sp);
	for (size_t i = 0; i < c->base.n_threads; i++) {
		const struct native_thread *t = &c->base.threads[i];

		if (!stack_is_lost(c, t->sp))
			continue;
		if (n < MOST_TIDS)
			buf_printf(b, "%s%" PRIu64,
				   n ? ", " : all > 1 ? " (of threads " : " (of thread ", t->tid);
		n++;
	}
	if (n > MOST_TIDS)
		buf_printf(b, " and %zu more", n - MOST_TIDS);
	if (n)
		buf_puts(b, ")");
}

static void tell_shares(const struct core *c, const struct share shares[LOST_KINDS], struct buf *b)
{
	const char *before = ": ";

	for (size_t i = 0; i < LOST_KINDS; i++) {
		double part = (double)shares[i].lost * 100 / (double)shares[i].all;

		if (!shares[i].lost)
			continue;
		/* What is missing is never nothing, and what is there is never all that is missing. */
		if (shares[i].lost == shares[i].all)
			buf_printf(b, "%sall of %s", before, kinds[i]);
		else
			buf_printf(b, "%s%.0f %% of %s", before, part < 1 ? 1 : part > 99 ? 99 : part,
				   kinds[i]);
		before = ", ";
		if (i == LOST_STACKS)
			tell_stacks(c, b);
	}
}

static void tell_cut(struct core *c, const char *path)
{
	struct share shares[LOST_KINDS] = { 0 };
	uint64_t all = 0, lost = 0;
	struct buf text = { 0 };

	count(c, shares);
	for (size_t i = 0; i < LOST_KINDS; i++) {
		add(&all, shares[i].all);
		add(&lost, shares[i].lost);
	}
	if (!lost)
		return;
	tell_shares(c, shares, &text);
	c->base.lost = arena_printf(&c->base.arena,
				    "the core is cut short (%.1f of %.1f MiB of memory are missing)",
				    (double)lost / 1048576, (double)all / 1048576);
	target_warn(&c->base, "%s is cut short: %.1f of %.1f MiB of memory are missing%s%s", path,
		    (double)lost / 1048576, (double)all / 1048576, text.text ? text.text : "",
		    c->unpack_lost ? "" : "; look at 'ulimit -c' and for a full disk");
	buf_free(&text);
}

/* coredump_filter of core(5): bit 0 is anonymous private memory. */
static void tell_filtered(struct core *c, const char *path)
{
	c->base.lost = "the core was made without private memory (coredump_filter)";
	target_warn(&c->base,
		    "%s was made without private memory, and that is where Python's objects are: "
		    "write 0x33 to the process's coredump_filter before it dies",
		    path);
}

void core_tell_lost(struct core *c, const char *path)
{
	tell_cut(c, path);
	/* A process with threads has stacks. */
	if (!c->has_written && c->base.n_threads && !c->base.lost)
		tell_filtered(c, path);
}
