/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "target/private.h"

static const char DELETED[] = " (deleted)";

static size_t file_get(void *ctx, uint64_t offset, void *buf, size_t len)
{
	return file_read(ctx, offset, buf, len);
}

static size_t file_build_id(const struct file *f, const struct elf_shape *shape, uint8_t id[64])
{
	unsigned char notes[PAGE_BYTES];

	for (size_t i = 0; i < shape->n_notes; i++) {
		size_t len = sizeof(notes);

		if (shape->notes[i].filesz < len)
			len = (size_t)shape->notes[i].filesz;
		len = file_read(f, shape->notes[i].offset, notes, len);
		len = elf_notes_build_id(notes, len, id);
		if (len)
			return len;
	}
	return 0;
}

/* Of a separate debug file, build-id and name may be right, and yet it has no bytes to lend. */
static bool same_loads(const struct elf_shape *a, const struct elf_shape *b)
{
	return a->n_loads == b->n_loads &&
	       !memcmp(a->loads, b->loads, a->n_loads * sizeof(a->loads[0]));
}

/* Without a build-id: the first page that is mapped, which has the headers. */
static bool same_page(struct target *t, const struct module *m, const struct file *f)
{
	const struct region *r = target_region_at(t, m->start);
	unsigned char theirs[PAGE_BYTES], ours[PAGE_BYTES];
	size_t n;

	if (!r)
		return false;
	n = t->ops->read(t, r->start, theirs, sizeof(theirs));
	return file_read(f, r->file_offset, ours, n) == n && !memcmp(theirs, ours, n);
}

static bool is_same(struct target *t, struct module *m, const struct file *f,
		    struct elf_shape *shape, bool below)
{
	bool elf = elf_shape_read(shape, file_get, (void *)f);
	struct elf_shape theirs;
	uint8_t id[64];

	if (!m->is_elf) /* nothing to compare: its headers cannot be read, or it has none */
		return below || !t->written_at || f->mtime <= t->written_at;
	if (!elf)
		return false;
	if (module_shape_of_memory(t, m, &theirs) && !same_loads(&theirs, shape))
		return false;
	if (!m->build_id_len)
		return same_page(t, m, f);
	return file_build_id(f, shape, id) == m->build_id_len &&
	       !memcmp(id, m->build_id, m->build_id_len);
}

/* Compare one candidate. @return whether the search is over */
static bool try_file(struct target *t, struct module *m, const char *root, const char *path)
{
	struct module_file *mf = module_file_of(t, m);
	struct file f;

	if (!mf || !file_open(&f, root, path))
		return false;
	if (!m->found_at || m->found == MODULE_NOT_FOUND)
		m->found_at = root ? arena_printf(&t->arena, "%s%s", root, path) :
				     arena_strdup(&t->arena, path);
	if (!is_same(t, m, &f, &mf->shape, root != NULL)) {
		m->found = MODULE_DIFFERS;
		file_close(&f);
		return false;
	}
	if (!m->is_elf && mf->shape.n_loads)
		module_place(t, m, &mf->shape, target_region_at(t, m->start));
	if (m->found == MODULE_DIFFERS) /* an earlier candidate */
		m->found_at = root ? arena_printf(&t->arena, "%s%s", root, path) :
				     arena_strdup(&t->arena, path);
	m->found = MODULE_FOUND;
	file_close(&mf->file);
	mf->file = f;
	return true;
}

static bool try_process(struct target *t, struct module *m, const char *path, bool deleted)
{
	const struct region *r = target_region_at(t, m->start);
	char name[96];

	if (m->is_exe) {
		snprintf(name, sizeof(name), "/proc/%llu/exe", (unsigned long long)t->process.pid);
		if (try_file(t, m, NULL, name))
			return true;
	}
	if (deleted && r) {
		snprintf(name, sizeof(name), "/proc/%llu/map_files/%llx-%llx",
			 (unsigned long long)t->process.pid, (unsigned long long)r->start,
			 (unsigned long long)r->end);
		if (try_file(t, m, NULL, name))
			return true;
	}
	snprintf(name, sizeof(name), "/proc/%llu/root", (unsigned long long)t->process.pid);
	return try_file(t, m, name, path);
}

void module_find(struct target *t, struct module *m)
{
	size_t len = strlen(m->path), suffix = sizeof(DELETED) - 1;
	bool deleted = len > suffix && !strcmp(m->path + len - suffix, DELETED);
	const char *path = m->path;

	m->found = MODULE_NOT_FOUND;
	m->found_at = NULL;
	if (m->is_exe && t->exe_override && try_file(t, m, NULL, t->exe_override))
		return;
	if (path[0] != '/')
		return;
	if (deleted)
		path = arena_strndup(&t->arena, path, len - suffix);
	if (!path || (t->sysroot && try_file(t, m, t->sysroot, path)))
		return;
	if (t->kind == TARGET_LIVE && try_process(t, m, path, deleted))
		return;
	try_file(t, m, NULL, path);
}

struct module_file *module_opened(struct target *t, struct module *m)
{
	if (m->found != MODULE_FOUND)
		return NULL;
	if (!m->file || (!m->file->file.open && !m->file->file.map))
		module_find(t, m);
	return m->found == MODULE_FOUND ? m->file : NULL;
}

void modules_find(struct target *t)
{
	for (size_t i = 0; i < t->n_modules; i++) {
		struct module *m = &t->modules[i];

		if (m->found_at)
			continue;
		module_find(t, m);
		module_shut(m);
	}
}
