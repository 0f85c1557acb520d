/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include "layout/layout.h"
#include "target/reader.h"

/*
 * A target made of bytes that a test wrote. Everything that was not mapped
 * faults. Wrong use (writing where nothing is mapped) aborts: it is the test
 * that is wrong then.
 *
 *	struct fake *f = fake_new(0x10000, 0x200);
 *	fake_u64(f, 0x10008, 42);
 *	... fake_reader(f) or fake_target(f) ...
 *	fake_free(f);
 */
struct fake;

/* A fake with one range of zeros, readable and writable. @p size may be 0: none yet. */
struct fake *fake_new(uint64_t start, size_t size);
void fake_free(struct fake *f);

struct target *fake_target(struct fake *f);
/* The fake's own reader: freed with it. */
struct reader *fake_reader(struct fake *f);

/* Another range of zeros. */
void fake_map(struct fake *f, uint64_t start, size_t size);
/* The same with its region's flags, path (may be NULL) and file offset. */
void fake_map_file(struct fake *f, uint64_t start, size_t size, uint32_t flags, const char *path,
		   uint64_t file_offset);

/*
 * Whether reads are in place (as in a mapped core) or copied (as from a live
 * process); at first they are in place. Copies already in readers are not forgotten.
 */
void fake_in_place(struct fake *f, bool in_place);

/* What the target tells of itself; the strings are copied. */
struct native_thread *fake_thread(struct fake *f, uint64_t tid, uint64_t fs_base);
struct module *fake_module(struct fake *f, const char *path, uint64_t start, uint64_t end,
			   uint64_t bias);

/* Where the bytes of [addr, addr + len) are: for structs that a test fills in. */
void *fake_at(struct fake *f, uint64_t addr, size_t len);

void fake_bytes(struct fake *f, uint64_t addr, const void *bytes, size_t len);
/* With its NUL. */
void fake_string(struct fake *f, uint64_t addr, const char *text);
void fake_u8(struct fake *f, uint64_t addr, uint8_t value);
void fake_u16(struct fake *f, uint64_t addr, uint16_t value);
void fake_u32(struct fake *f, uint64_t addr, uint32_t value);
void fake_u64(struct fake *f, uint64_t addr, uint64_t value);
/* An unsigned number of @p width bytes (1 to 8), as a layout's field has it. */
void fake_uint(struct fake *f, uint64_t addr, size_t width, uint64_t value);
/* A field (F_...) of what is at @p addr, if the layout has the field. */
void fake_field(struct fake *f, const struct layout *l, uint64_t addr, unsigned field,
		uint64_t value);

/* How often the target was asked to copy (that is, how often a cache missed). */
size_t fake_reads(const struct fake *f);

#endif
