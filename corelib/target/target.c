/* SPDX-License-Identifier: MIT */
#include "target/target.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/search.h"
#include "target/private.h"

void target_setup(struct target *t, const struct target_ops *ops, enum target_kind kind,
		  const struct pycore_options *options, warn_fn *warn, void *warn_ctx)
{
	t->ops = ops;
	t->kind = kind;
	t->warn = warn;
	t->warn_ctx = warn_ctx;
	if (!options)
		return;
	t->map_files = options->map_files;
	t->progress = options->progress;
	t->progress_ctx = options->progress_ctx;
	if (options->exe)
		t->exe_override = arena_strdup(&t->arena, options->exe);
	if (options->sysroot && options->sysroot[0])
		t->sysroot = arena_strdup(&t->arena, options->sysroot);
	if (options->debug_dir)
		t->debug_dir = arena_strdup(&t->arena, options->debug_dir);
	if (options->unpack_dir && options->unpack_dir[0])
		t->unpack_dir = arena_strdup(&t->arena, options->unpack_dir);
}

void target_teardown(struct target *t)
{
	module_files_free(t);
	arena_free(&t->arena);
}

void target_warn(struct target *t, const char *format, ...)
{
	char line[512];
	va_list args;

	if (!t->warn)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	t->warn(t->warn_ctx, line);
}

static int by_start(const void *a, const void *b)
{
	const struct region *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

bool target_take_regions(struct target *t, region_vec *list)
{
	struct region *regions = arena_array(&t->arena, list->n ? list->n : 1, sizeof(*regions));
	uint64_t end = 0;
	size_t n = 0;

	if (!regions)
		return false;
	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), by_start);
	t->bytes_mapped = 0;
	for (size_t i = 0; i < list->n; i++) {
		struct region r = list->items[i];

		if (r.start < end) {
			r.file_offset += end - r.start;
			r.start = end;
		}
		if (r.start >= r.end)
			continue;
		end = r.end;
		/* What nobody may read holds nothing: it is address space kept in reserve. */
		if (r.flags & REGION_READ)
			t->bytes_mapped += r.end - r.start;
		regions[n++] = r;
	}
	t->regions = regions;
	t->n_regions = n;
	return true;
}

static size_t region_index(const struct target *t, uint64_t addr)
{
	return COUNT_BEFORE(t->n_regions, i, t->regions[i].end <= addr);
}

const struct region *target_region_at(const struct target *t, uint64_t addr)
{
	size_t i = region_index(t, addr);

	return i < t->n_regions && t->regions[i].start <= addr ? &t->regions[i] : NULL;
}

static bool is_data(const struct region *r)
{
	return r->flags & REGION_WRITE && !(r->flags & REGION_HEAP);
}

bool target_data_around(const struct target *t, uint64_t addr, uint64_t *start, uint64_t *end)
{
	const struct region *first = target_region_at(t, addr), *last = first;

	if (!first || !is_data(first))
		return false;
	while (first > t->regions && first[-1].end == first->start && is_data(first - 1))
		first--;
	while (last + 1 < t->regions + t->n_regions && last[1].start == last->end &&
	       is_data(last + 1))
		last++;
	*start = first->start;
	*end = last->end;
	return true;
}

uint64_t target_skip_holes(struct target *t, uint64_t addr, uint64_t end)
{
	return t->ops->skip && addr < end ? t->ops->skip(t, addr, end) : addr;
}

void target_mark(struct target *t, uint64_t addr, uint32_t flags)
{
	size_t i = region_index(t, addr);

	if (i < t->n_regions && t->regions[i].start <= addr)
		t->regions[i].flags |= flags;
}

int target_freeze(struct target *t, struct pycore_error *err)
{
	return t->ops->freeze ? t->ops->freeze(t, err) : 0;
}

void target_thaw(struct target *t)
{
	if (t->ops->thaw)
		t->ops->thaw(t);
}

void target_close(struct target *t)
{
	if (!t)
		return;
	target_thaw(t);
	t->ops->close(t);
}
