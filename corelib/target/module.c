/* SPDX-License-Identifier: MIT */
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "target/private.h"

/* A mapped file, read through the target's memory. */
struct memory_file {
	struct target *target;
	const struct region *first, *end;
	size_t have; /* of the first page */
	unsigned char page[PAGE_BYTES];
};

static size_t memory_get(void *ctx, uint64_t offset, void *buf, size_t len)
{
	struct memory_file *f = ctx;

	if (offset < f->have && len <= f->have - offset) {
		memcpy(buf, f->page + offset, len);
		return len;
	}
	for (const struct region *r = f->first; r < f->end; r++) {
		uint64_t at = offset - r->file_offset;

		if (!r->path || strcmp(r->path, f->first->path))
			continue;
		if (at < r->end - r->start && len <= r->end - r->start - at)
			return f->target->ops->read(f->target, r->start + at, buf, len);
	}
	return 0;
}

static void memory_file_open(struct memory_file *f, struct target *t, const struct region *first,
			     const struct region *end)
{
	f->target = t;
	f->first = first;
	f->end = end;
	f->have = 0;
	if (!first->file_offset)
		f->have = t->ops->read(t, first->start, f->page, sizeof(f->page));
}

bool module_shape_of_memory(struct target *t, const struct module *m, struct elf_shape *shape)
{
	const struct region *first = target_region_at(t, m->start), *end;
	struct memory_file f;

	if (!first || !first->path)
		return false;
	for (end = first; end < t->regions + t->n_regions && end->start < m->end; end++)
		;
	memory_file_open(&f, t, first, end);
	return elf_shape_read(shape, memory_get, &f);
}

static uint64_t shape_bias(const struct elf_shape *shape, const struct region *r)
{
	const struct shape_part *l = elf_shape_load(shape, r->file_offset);

	if (!l)
		l = &shape->loads[0];
	return r->start - r->file_offset + PAGE_DOWN(l->offset) - PAGE_DOWN(l->vaddr);
}

void module_place(const struct target *t, struct module *m, const struct elf_shape *shape,
		  const struct region *first)
{
	uint64_t end;

	m->is_elf = true;
	m->bias = shape_bias(shape, first);
	end = m->bias + shape->high;
	if (end <= m->start)
		return;
	for (const struct region *r = first; r < t->regions + t->n_regions; r++) {
		if (r->start >= end)
			break;
		if (r->path && strcmp(r->path, m->path)) {
			end = r->start;
			break;
		}
	}
	if (end > m->end)
		m->end = end;
}

static void read_build_id(struct target *t, struct module *m, const struct elf_shape *shape)
{
	unsigned char notes[PAGE_BYTES];

	for (size_t i = 0; i < shape->n_notes && !m->build_id_len; i++) {
		size_t len = sizeof(notes);

		if (shape->notes[i].filesz < len)
			len = (size_t)shape->notes[i].filesz;
		len = t->ops->read(t, shape->notes[i].vaddr + m->bias, notes, len);
		m->build_id_len = elf_notes_build_id(notes, len, m->build_id);
	}
}

/* One module of the regions from @p i on. @return index of the first that is not its */
static size_t group(struct target *t, struct module *m, size_t i)
{
	const struct region *first = &t->regions[i];
	struct memory_file f;
	struct elf_shape shape;
	uint64_t offset;
	size_t n = 1;

	*m = (struct module){ .path = first->path, .start = first->start, .end = first->end };
	memory_file_open(&f, t, first, t->regions + (t->n_regions - i < 16 ? t->n_regions : i + 16));
	if (elf_shape_read(&shape, memory_get, &f)) {
		module_place(t, m, &shape, first);
		read_build_id(t, m, &shape);
	}
	offset = first->file_offset;
	for (size_t j = i + 1; j < t->n_regions; j++) {
		const struct region *r = &t->regions[j];

		if (r->path && strcmp(r->path, m->path))
			break;
		if (m->is_elf && r->start >= m->end)
			break;
		if (!r->path)
			continue;
		/* The same file from its beginning is a second mapping of it. */
		if (!m->is_elf && r->file_offset <= offset)
			break;
		offset = r->file_offset;
		if (r->end > m->end)
			m->end = r->end;
		n = j - i + 1;
	}
	return i + n;
}

bool modules_build(struct target *t)
{
	VEC(struct module) list = { 0 };
	struct module *modules = NULL, m;
	bool exe = false, ok = true;

	for (size_t i = 0; ok && i < t->n_regions;) {
		if (!t->regions[i].path) {
			i++;
			continue;
		}
		i = group(t, &m, i);
		if (!exe && t->process.exe && !strcmp(m.path, t->process.exe))
			exe = m.is_exe = true;
		ok = vec_push(&list, m);
	}
	if (ok)
		modules = arena_array(&t->arena, list.n ? list.n : 1, sizeof(*modules));
	if (modules) {
		if (list.n)
			memcpy(modules, list.items, list.n * sizeof(*modules));
		t->modules = modules;
		t->n_modules = list.n;
	}
	vec_free(&list);
	return modules != NULL;
}

struct module *target_module_at(struct target *t, uint64_t addr)
{
	size_t n = COUNT_BEFORE(t->n_modules, i, t->modules[i].start <= addr);

	return n && addr < t->modules[n - 1].end ? &t->modules[n - 1] : NULL;
}

struct module_file *module_file_of(struct target *t, struct module *m)
{
	if (m->file)
		return m->file;
	m->file = arena_alloc(&t->arena, sizeof(*m->file));
	if (m->file) {
		m->file->next = t->files;
		t->files = m->file;
	}
	return m->file;
}

void module_shut(struct module *m)
{
	if (m->file && !m->file->elf && !m->file->lent)
		file_close(&m->file->file);
}

void module_files_free(struct target *t)
{
	for (struct module_file *f = t->files; f; f = f->next) {
		if (f->elf)
			elf_end(f->elf);
		if (f->debug_elf)
			elf_end(f->debug_elf);
		file_close(&f->file);
		file_close(&f->debug);
		free(f->data);
	}
	t->files = NULL;
}
