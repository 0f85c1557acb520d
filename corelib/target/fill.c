/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "target/private.h"

enum { MAX_MISSING = 8 }; /* warnings of one kind */

static int by_start(const void *a, const void *b)
{
	const struct note_file *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static bool add_region(region_vec *v, uint64_t start, uint64_t end, uint32_t flags,
		       const struct note_file *f)
{
	struct region r = { .start = start, .end = end, .flags = flags };

	if (start >= end)
		return true;
	if (f) {
		r.path = f->path;
		r.file_offset = f->offset + (start - f->start);
	} else {
		r.flags |= REGION_ANON;
	}
	return vec_push(v, r);
}

/* One segment, cut where the file table has borders. @p i: first row that may matter */
static bool add_segment(region_vec *v, const struct core *c, const struct segment *s, size_t i)
{
	uint64_t at = s->start;
	bool ok = true;

	for (; ok && i < c->notes.files.n && at < s->end; i++) {
		const struct note_file *f = &c->notes.files.items[i];
		uint64_t end = f->end < s->end ? f->end : s->end;

		if (f->start >= s->end)
			break;
		if (f->end <= at)
			continue;
		if (f->start > at) {
			ok = add_region(v, at, f->start, s->flags, NULL);
			at = f->start;
		}
		ok = ok && add_region(v, at, end, s->flags, f);
		at = end;
	}
	return ok && add_region(v, at, s->end, s->flags, NULL);
}

/*
 * gdb leaves out what the filter leaves out altogether: then only the file table
 * tells that something is mapped, and not with what protection.
 */
static bool add_unsegmented(region_vec *v, const struct core *c)
{
	const segment_vec *s = &c->segments;
	size_t j = 0;

	for (size_t i = 0; i < c->notes.files.n; i++) {
		const struct note_file *f = &c->notes.files.items[i];
		uint64_t at = f->start;

		while (j < s->n && s->items[j].end <= at)
			j++;
		for (size_t k = j; k < s->n && s->items[k].start < f->end; k++) {
			if (!add_region(v, at, s->items[k].start, REGION_READ, f))
				return false;
			if (s->items[k].end > at)
				at = s->items[k].end;
		}
		if (!add_region(v, at, f->end, REGION_READ, f))
			return false;
	}
	return true;
}

bool core_regions(struct core *c)
{
	region_vec list = { 0 };
	uint64_t end = 0;
	size_t n = 0, i = 0;
	bool ok = true;

	if (c->notes.files.n)
		qsort(c->notes.files.items, c->notes.files.n, sizeof(c->notes.files.items[0]), by_start);
	for (size_t j = 0; j < c->notes.files.n; j++) { /* rows that overlap are damage */
		if (c->notes.files.items[j].start < end)
			continue;
		end = c->notes.files.items[j].end;
		c->notes.files.items[n++] = c->notes.files.items[j];
	}
	c->notes.files.n = n;
	for (size_t j = 0; ok && j < c->segments.n; j++) {
		const struct segment *s = &c->segments.items[j];

		while (i < n && c->notes.files.items[i].end <= s->start)
			i++;
		ok = add_segment(&list, c, s, i);
	}
	ok = ok && add_unsegmented(&list, c) && target_take_regions(&c->base, &list);
	vec_free(&list);
	return ok;
}

/* Whether written memory was dumped at all: the filter of the core can leave it out. */
static bool has_written_memory(const struct core *c)
{
	for (size_t i = 0; i < c->segments.n; i++) {
		const struct segment *s = &c->segments.items[i];
		const struct region *r = target_region_at(&c->base, s->start);

		if (s->filesz && s->flags & REGION_WRITE && r && r->flags & REGION_ANON)
			return true;
	}
	return false;
}

static const struct segment *segment_at(const struct core *c, uint64_t addr)
{
	size_t at = COUNT_BEFORE(c->segments.n, i, c->segments.items[i].end <= addr);

	return at < c->segments.n && c->segments.items[at].start <= addr ? &c->segments.items[at] :
									   NULL;
}

/*
 * Where the core's own bytes of the region end. What was dumped and then lost
 * (a core cut short) is not in the file: it was dumped because it had changed.
 */
static uint64_t dumped_end(const struct core *c, const struct region *r)
{
	const struct segment *s = segment_at(c, r->start);
	uint64_t end = s ? s->start + s->filesz : r->start;

	if (end < r->start)
		return r->start;
	return end < r->end ? end : r->end;
}

struct fill {
	struct core *core;
	uint64_t *missing; /* bytes a module */
	bool written;      /* written memory was dumped: what was not is as in the file */
};

static bool lend(struct fill *f, struct module *m, const struct region *r, uint64_t start)
{
	struct module_file *mf = module_opened(&f->core->base, m);
	uint64_t offset = r->file_offset + (start - r->start), size, len = r->end - start;
	const struct shape_part *load;

	if (!mf)
		return true;
	load = elf_shape_load(&mf->shape, offset);
	if (!f->written && (r->flags & REGION_WRITE || (load && load->flags & PF_W)))
		return true;
	size = PAGE_UP(mf->file.size);
	if (offset >= size)
		return true;
	if (len > size - offset)
		len = size - offset;
	if (f->core->base.map_files)
		file_map(&mf->file);
	mf->lent = true;
	f->missing[m - f->core->base.modules] -= len;
	return pieces_add(&f->core->pieces, (struct file_piece){
		.start = start,
		.len = len,
		.file = &mf->file,
		.offset = offset,
		.zero_tail = true,
	});
}

/* gdb's core does not tell how a left-out range was mapped; the file's headers do. */
static void set_protection(struct module *m, struct region *r)
{
	const struct shape_part *load = elf_shape_load(&m->file->shape, r->file_offset);

	if (!load)
		return;
	r->flags |= (load->flags & PF_W ? REGION_WRITE : 0) | (load->flags & PF_X ? REGION_EXEC : 0);
}

static bool fill_region(struct fill *f, struct module *m, struct region *r)
{
	uint64_t start = dumped_end(f->core, r);

	if (!r->path || start >= r->end || !(r->flags & REGION_READ))
		return true;
	f->missing[m - f->core->base.modules] += r->end - start;
	if (m->found == MODULE_FOUND && m->file && !segment_at(f->core, r->start))
		set_protection(m, r);
	return lend(f, m, r, start);
}

/* Data files that are gone do not matter to anybody; programs and libraries do. */
static bool matters(const struct module *m)
{
	return m->is_elf || m->is_exe || strstr(m->path, ".so");
}

static void warn_missing(const struct fill *f)
{
	struct target *t = &f->core->base;
	size_t n = 0;

	for (size_t i = 0; i < t->n_modules; i++) {
		const struct module *m = &t->modules[i];
		const char *wrong = NULL;

		if (m->found == MODULE_DIFFERS && matters(m) && f->missing[i])
			wrong = m->found_at;
		if (m->is_exe && t->exe_override &&
		    (m->found != MODULE_FOUND || strcmp(m->found_at, t->exe_override)))
			wrong = t->exe_override;
		if (wrong)
			target_warn(t, "%s is not the build that was mapped as %s: its bytes are not used",
				    wrong, m->path);
		if (!f->missing[i] || m->found != MODULE_NOT_FOUND || !matters(m))
			continue;
		if (n++ < MAX_MISSING)
			target_warn(t, "cannot find %s: %.1f MiB of memory are not readable; say where with %s",
				    m->path, (double)f->missing[i] / 1048576,
				    m->is_exe ? "--exe or --sysroot" : "--sysroot");
	}
	if (n > MAX_MISSING)
		target_warn(t, "%zu more mapped files were not found", n - MAX_MISSING);
}

/* Of a mapped file the mapping is enough; of one that lends nothing, nothing is. */
static void shut_unused(struct module *m)
{
	if (!m->file)
		return;
	if (!m->file->lent)
		module_shut(m);
	else if (m->file->file.map)
		file_shut(&m->file->file);
}

static void count_readable(struct core *c)
{
	uint64_t total = pieces_sort(&c->pieces);

	c->base.bytes_readable = total < c->base.bytes_mapped ? total : c->base.bytes_mapped;
}

bool core_fill(struct core *c)
{
	struct target *t = &c->base;
	struct fill f = { c, calloc(t->n_modules + 1, sizeof(uint64_t)), has_written_memory(c) };
	bool ok = f.missing != NULL;
	size_t i = 0;

	if (!ok)
		return false;
	/* Module by module, so that few files are open at a time. */
	for (size_t j = 0; ok && j < t->n_modules; j++) {
		struct module *m = &t->modules[j];

		module_find(t, m);
		while (i < t->n_regions && t->regions[i].start < m->start)
			i++;
		for (; ok && i < t->n_regions && t->regions[i].start < m->end; i++)
			ok = fill_region(&f, m, &t->regions[i]);
		shut_unused(m);
	}
	c->has_written = f.written;
	count_readable(c);
	if (ok)
		warn_missing(&f);
	free(f.missing);
	return ok;
}
