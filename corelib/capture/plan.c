/* SPDX-License-Identifier: MIT */
#include "capture/plan.h"

#include <string.h>

#include "base/search.h"

#define PAGE UINT64_C(4096)

enum { STRETCH_RUNS = 4096 };

struct maker {
	struct plan *plan;
	struct target *target;
	struct pages *pages;
	const struct plan_options *options;
	const struct filter *filter;
	const struct region *region;
	enum run_kind kind[PAGE_GUARD + 1]; /* what is done with a page of this region */
	uint64_t reserve_end; /* below this is stack that is not in use */
	size_t first;         /* run of the region */
};

static bool add_run(struct maker *m, uint64_t start, uint64_t end, enum run_kind kind)
{
	struct plan *p = m->plan;
	struct run *last = p->runs.n > m->first ? &p->runs.items[p->runs.n - 1] : NULL;
	struct run run = { start, end, kind, p->bytes };

	if (start >= end)
		return true;
	if (kind == RUN_ZERO && end - start > PLAN_LONGEST_HOLE)
		run.kind = kind = RUN_ABSENT;
	if (kind == RUN_BYTES)
		p->bytes += end - start;
	if (last && last->kind == kind && last->end == start)
		last->end = end;
	else if (!vec_push(&p->runs, run))
		p->failed = true;
	return !p->failed;
}

static bool take_pages(void *ctx, const struct page_run *run)
{
	struct maker *m = ctx;
	uint64_t start = run->start;

	if (start < m->reserve_end) {
		uint64_t end = run->end < m->reserve_end ? run->end : m->reserve_end;

		if (!add_run(m, start, end, RUN_ABSENT))
			return false;
		start = end;
	}
	return add_run(m, start, run->end, m->kind[run->kind]);
}

/* A program or library whose file is here as it is in memory. */
static bool file_has_it(struct target *t, const struct region *r, bool *is_elf)
{
	const struct module *m = target_module_at(t, r->start);

	*is_elf = m && m->is_elf;
	return m && m->found == MODULE_FOUND;
}

/* Memory that has a name, and no disk behind it. */
static bool is_shared_memory(const struct region *r)
{
	return !strncmp(r->path, "/dev/shm/", 9) || !strncmp(r->path, "/memfd:", 7) ||
	       !strncmp(r->path, "/SYSV", 5) || !strncmp(r->path, "/dev/zero", 9) ||
	       !strncmp(r->path, "/anon_hugepage", 14);
}

static void choose_for_file(struct maker *m)
{
	const struct region *r = m->region;
	bool is_elf, has = file_has_it(m->target, r, &is_elf);

	if (filter_wants_memory(m->filter, r))
		m->kind[PAGE_OWN] = RUN_BYTES;
	if (is_shared_memory(r)) {
		m->kind[PAGE_OF_FILE] = m->kind[PAGE_OWN];
		return;
	}
	/* Data files stay where they are: the disk is not read while a process waits for us. */
	if (filter_wants_file(m->filter, r))
		m->kind[PAGE_OWN] = RUN_BYTES;
	else if (!is_elf || r->flags & REGION_SHARED)
		return;
	/* A mapping from the file's start on has headers and symbols in it, whatever else it is. */
	if (m->options->leave_text && has && r->flags & REGION_EXEC && r->file_offset &&
	    !(r->flags & REGION_WRITE))
		return;
	m->kind[PAGE_OF_FILE] = m->kind[PAGE_NONE] = RUN_BYTES;
}

/* A page at most is read where there is nothing to say of pages: what the kernel put there. */
static bool can_read(struct maker *m)
{
	char byte;

	return m->target->ops->read(m->target, m->region->start, &byte, 1) == 1;
}

static void choose(struct maker *m)
{
	const struct region *r = m->region;

	for (size_t i = 0; i <= PAGE_GUARD; i++)
		m->kind[i] = RUN_ABSENT;
	if (!(r->flags & REGION_READ))
		return;
	if (r->start == m->plan->vdso) {
		m->kind[PAGE_NONE] = m->kind[PAGE_OWN] = m->kind[PAGE_OF_FILE] = RUN_BYTES;
	} else if (filter_wants_none(m->filter, r)) {
		return;
	} else if (r->path) {
		choose_for_file(m);
	} else if (!filter_wants_memory(m->filter, r)) {
		return;
	} else if (!(r->flags & REGION_WRITE) && !can_read(m)) {
		return; /* [vvar] and [vsyscall] */
	} else {
		m->kind[PAGE_OWN] = m->kind[PAGE_OF_FILE] = RUN_BYTES;
		m->kind[PAGE_NONE] = RUN_ZERO;
	}
}

/*
 * A stack that libc made has the thread's own data at its upper end, and a guard
 * below; the main thread's has what the kernel put there. Anything else that a stack pointer
 * points into may be memory with other things in it.
 */
static bool is_stack_of(const struct target *t, const struct region *r,
			const struct native_thread *thread, uint64_t main_stack)
{
	if (thread->sp < r->start || thread->sp >= r->end || r->path || !(r->flags & REGION_WRITE))
		return false;
	if (main_stack > thread->sp && main_stack < r->end)
		return true;
	return thread->fs_base > thread->sp && thread->fs_base < r->end && r > t->regions &&
	       r[-1].end == r->start && !(r[-1].flags & (REGION_READ | REGION_WRITE));
}

/* The x86-64 ABI lets a function use 128 bytes below its stack pointer. */
uint64_t plan_stack_reserve(const struct target *t, const struct region *region,
			    uint64_t main_stack)
{
	uint64_t end = 0;

	for (size_t i = 0; i < t->n_threads; i++) {
		const struct native_thread *thread = &t->threads[i];
		uint64_t below = (thread->sp - 128) & ~(PAGE - 1);

		if (thread->sp < 128 || !is_stack_of(t, region, thread, main_stack))
			continue;
		if (!end || below < end)
			end = below;
	}
	return end;
}

/* Cut the runs of a region into segments: each begins with bytes or holes, or has none at all. */
static bool add_parts(struct maker *m)
{
	struct plan *p = m->plan;
	size_t i = m->first;

	while (i < p->runs.n) {
		struct part part = { .start = p->runs.items[i].start, .first = i,
				     .flags = m->region->flags };

		for (; i < p->runs.n && p->runs.items[i].kind != RUN_ABSENT; i++)
			part.filesz = p->runs.items[i].end - part.start;
		part.last = i;
		part.end = part.start + part.filesz;
		if (i < p->runs.n)
			part.end = p->runs.items[i++].end;
		if (!vec_push(&p->parts, part))
			p->failed = true;
	}
	return !p->failed;
}

bool plan_make(struct plan *p, struct target *t, struct pages *pages,
	       const struct plan_options *options)
{
	static const struct filter none;
	struct maker m = { .plan = p, .target = t, .pages = pages, .options = options,
			   .filter = options->filter ? options->filter : &none };

	p->runs.n = p->parts.n = 0;
	p->bytes = 0;
	p->failed = false;
	for (size_t i = 0; !p->failed && i < t->n_regions; i++) {
		m.region = &t->regions[i];
		m.first = p->runs.n;
		choose(&m);
		m.reserve_end = options->leave_stack_reserve ?
					plan_stack_reserve(t, m.region, p->main_stack) : 0;
		if (m.region->flags & REGION_READ)
			pages_scan(pages, m.region->start, m.region->end, take_pages, &m);
		else
			add_run(&m, m.region->start, m.region->end, RUN_ABSENT);
		add_parts(&m);
	}
	return !p->failed;
}

void plan_fini(struct plan *p)
{
	vec_free(&p->runs);
	vec_free(&p->parts);
}

bool plan_next_stretch(const struct plan *p, struct cursor *c, uint64_t most, struct stretch *out)
{
	*out = (struct stretch){ .run = c->run, .skip = c->skip, .at = c->at };
	while (c->run < p->runs.n && c->run - out->run < STRETCH_RUNS && out->bytes < most) {
		const struct run *run = &p->runs.items[c->run];
		uint64_t len = run->end - run->start - c->skip;

		if (run->kind == RUN_BYTES && len > most - out->bytes)
			len = most - out->bytes;
		out->bytes += run->kind == RUN_BYTES ? len : 0;
		out->span += run->kind == RUN_ABSENT ? 0 : len;
		c->skip += len;
		if (run->start + c->skip == run->end) {
			c->run++;
			c->skip = 0;
		}
	}
	c->at += out->bytes;
	c->offset += out->span;
	return out->run < p->runs.n;
}

static uint64_t address_of(const struct run *run)
{
	return run->start;
}

static uint64_t offset_of(const struct run *run)
{
	return run->at;
}

/* How many runs begin at or before it. */
static size_t runs_up_to(const struct plan *p, uint64_t (*begin)(const struct run *), uint64_t at)
{
	return COUNT_BEFORE(p->runs.n, i, begin(&p->runs.items[i]) <= at);
}

const struct run *plan_run_with(const struct plan *p, uint64_t address)
{
	size_t n = runs_up_to(p, address_of, address);
	const struct run *last = n ? &p->runs.items[n - 1] : NULL;

	return last && address < last->end ? last : NULL;
}

const struct run *plan_run_at(const struct plan *p, uint64_t at)
{
	size_t n = runs_up_to(p, offset_of, at);

	/* Those without bytes begin where the next with bytes does. */
	while (n && p->runs.items[n - 1].kind != RUN_BYTES)
		n--;
	return n ? &p->runs.items[n - 1] : NULL;
}
