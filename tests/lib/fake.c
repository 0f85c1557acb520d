/* SPDX-License-Identifier: MIT */
#include "lib/fake.h"

#include <stdio.h>
#include <stdlib.h>

enum { RANGES = 64, THREADS = 64, MODULES = 16 };

struct range {
	uint64_t start;
	size_t size;
	unsigned char *bytes;
};

struct fake {
	struct target target;
	struct reader reader;
	struct target_ops ops;
	struct range ranges[RANGES];
	size_t n_ranges;
	struct region regions[RANGES];
	struct native_thread threads[THREADS];
	struct module modules[MODULES];
	size_t reads;
};

static void wrong(const char *what, uint64_t addr)
{
	fprintf(stderr, "fake target: %s at 0x%llx\n", what, (unsigned long long)addr);
	abort();
}

static struct range *range_at(struct fake *f, uint64_t addr)
{
	for (size_t i = 0; i < f->n_ranges; i++) {
		if (addr - f->ranges[i].start < f->ranges[i].size)
			return &f->ranges[i];
	}
	return NULL;
}

static bool piece(struct target *t, uint64_t addr, struct piece *out)
{
	struct range *r = range_at((struct fake *)t, addr);

	if (!r)
		return false;
	*out = (struct piece){ r->start, r->size, r->bytes };
	return true;
}

static size_t read_some(struct target *t, uint64_t addr, void *buf, size_t len)
{
	struct fake *f = (struct fake *)t;
	size_t done = 0;

	f->reads++;
	while (done < len) {
		struct range *r = range_at(f, addr + done);
		size_t at, n;

		if (!r)
			break;
		at = addr + done - r->start;
		n = r->size - at < len - done ? r->size - at : len - done;
		memcpy((char *)buf + done, r->bytes + at, n);
		done += n;
	}
	return done;
}

static void nothing(struct target *t)
{
}

struct fake *fake_new(uint64_t start, size_t size)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (!f)
		wrong("no memory", 0);
	f->ops = (struct target_ops){ .piece = piece, .read = read_some, .close = nothing };
	f->target = (struct target){ .ops = &f->ops, .kind = TARGET_CALLBACK };
	f->target.regions = f->regions;
	f->target.threads = f->threads;
	f->target.modules = f->modules;
	reader_init(&f->reader, &f->target);
	if (size)
		fake_map(f, start, size);
	return f;
}

void fake_free(struct fake *f)
{
	reader_fini(&f->reader);
	for (size_t i = 0; i < f->n_ranges; i++)
		free(f->ranges[i].bytes);
	arena_free(&f->target.arena);
	free(f);
}

struct target *fake_target(struct fake *f)
{
	return &f->target;
}

struct reader *fake_reader(struct fake *f)
{
	return &f->reader;
}

void fake_map(struct fake *f, uint64_t start, size_t size)
{
	fake_map_file(f, start, size, REGION_READ | REGION_WRITE | REGION_ANON, NULL, 0);
}

static int by_start(const void *a, const void *b)
{
	const struct region *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

void fake_map_file(struct fake *f, uint64_t start, size_t size, uint32_t flags, const char *path,
		   uint64_t file_offset)
{
	struct range *r = &f->ranges[f->n_ranges];

	if (f->n_ranges == RANGES)
		wrong("too many ranges", start);
	for (size_t i = 0; i < f->n_ranges; i++) {
		if (start < f->ranges[i].start + f->ranges[i].size &&
		    f->ranges[i].start < start + size)
			wrong("overlapping ranges", start);
	}
	/* Exactly as large as said, so that a sanitizer sees a read past the end. */
	*r = (struct range){ start, size, calloc(1, size) };
	if (!r->bytes)
		wrong("no memory", start);
	f->n_ranges++;
	f->regions[f->target.n_regions++] = (struct region){
		.start = start,
		.end = start + size,
		.flags = flags,
		.path = path ? arena_strdup(&f->target.arena, path) : NULL,
		.file_offset = file_offset,
	};
	qsort(f->regions, f->target.n_regions, sizeof(f->regions[0]), by_start);
	f->target.bytes_mapped += size;
	f->target.bytes_readable += size;
}

void fake_in_place(struct fake *f, bool in_place)
{
	f->ops.piece = in_place ? piece : NULL;
	memset(f->reader.near, 0, sizeof(f->reader.near));
}

struct native_thread *fake_thread(struct fake *f, uint64_t tid, uint64_t fs_base)
{
	struct native_thread *t = &f->threads[f->target.n_threads];

	if (f->target.n_threads == THREADS)
		wrong("too many threads", tid);
	f->target.n_threads++;
	*t = (struct native_thread){ .tid = tid, .fs_base = fs_base };
	return t;
}

struct module *fake_module(struct fake *f, const char *path, uint64_t start, uint64_t end,
			   uint64_t bias)
{
	struct module *m = &f->modules[f->target.n_modules];

	if (f->target.n_modules == MODULES)
		wrong("too many modules", start);
	f->target.n_modules++;
	*m = (struct module){
		.path = arena_strdup(&f->target.arena, path),
		.start = start,
		.end = end,
		.bias = bias,
		.is_elf = true,
	};
	return m;
}

void *fake_at(struct fake *f, uint64_t addr, size_t len)
{
	struct range *r = range_at(f, addr);

	if (!r || len > r->size - (addr - r->start))
		wrong("nothing is mapped", addr);
	return r->bytes + (addr - r->start);
}

void fake_bytes(struct fake *f, uint64_t addr, const void *bytes, size_t len)
{
	memcpy(fake_at(f, addr, len), bytes, len);
}

void fake_string(struct fake *f, uint64_t addr, const char *text)
{
	fake_bytes(f, addr, text, strlen(text) + 1);
}

void fake_u8(struct fake *f, uint64_t addr, uint8_t value)
{
	fake_bytes(f, addr, &value, sizeof(value));
}

void fake_u16(struct fake *f, uint64_t addr, uint16_t value)
{
	fake_bytes(f, addr, &value, sizeof(value));
}

void fake_u32(struct fake *f, uint64_t addr, uint32_t value)
{
	fake_bytes(f, addr, &value, sizeof(value));
}

void fake_u64(struct fake *f, uint64_t addr, uint64_t value)
{
	fake_bytes(f, addr, &value, sizeof(value));
}

void fake_uint(struct fake *f, uint64_t addr, size_t width, uint64_t value)
{
	if (!width || width > sizeof(value))
		wrong("no such width", addr);
	fake_bytes(f, addr, &value, width);
}

void fake_field(struct fake *f, const struct layout *l, uint64_t addr, unsigned field,
		uint64_t value)
{
	const struct field *of = &l->field[field];

	if (of->present)
		fake_uint(f, addr + of->offset, of->width, value);
}

size_t fake_reads(const struct fake *f)
{
	return f->reads;
}
