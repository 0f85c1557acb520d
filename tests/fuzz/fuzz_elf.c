/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "lib/corefile.h"
#include "target/private.h"

/*
 * Takes the input for a binary, of which a process has the first part mapped: it is looked
 * at in the file, in memory alone, and as the debug file that its own build-id names.
 */

#define BASE UINT64_C(0x7f0000000000)

const unsigned fuzz_tries = 4000;

struct image {
	const uint8_t *bytes;
	size_t len;
};

static size_t read_image(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct image *i = ctx;
	uint64_t at = addr - BASE;

	if (at >= i->len)
		return 0;
	if (len > i->len - at)
		len = i->len - at;
	memcpy(buf, i->bytes + at, len);
	return len;
}

static void ignore(void *ctx, const char *line)
{
}

static void look(struct target *t, const struct image *image)
{
	static const char *const names[] = { "answer", "_PyRuntime", "", "no_such_name" };
	static const char *const sections[] = { ".here", ".text", ".dynsym", "" };

	for (size_t i = 0; i < t->n_modules; i++) {
		struct module *m = &t->modules[i];
		uint64_t addr, size;

		if (m->start >= m->end || m->build_id_len > sizeof(m->build_id))
			abort();
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
			module_symbol(t, m, names[k], &addr, &size);
			module_section(t, m, sections[k], &addr, &size);
		}
		for (uint64_t at = m->start; at < m->start + 0x4000; at += 0x408) {
			const char *name = module_symbol_at(t, m, at);

			/* It ends, and it is one. */
			if (name && (!name[0] || strlen(name) >= image->len))
				abort();
			if (target_module_at(t, at) && target_module_at(t, at)->start > at)
				abort();
		}
	}
}

/*
 * DIR/.build-id/xx/yyyy.debug, which leads to the input. Of the first build-id that there is:
 * a disk is slow, and most damage hits something else.
 */
static struct {
	char top[32], dirs[2][80], name[300], wanted[300];
} debug;

static void debug_file_remove(void)
{
	unlink(debug.name);
	rmdir(debug.dirs[1]);
	rmdir(debug.dirs[0]);
	rmdir(debug.top);
}

static const char *debug_file(const uint8_t *id, size_t len, const char *path)
{
	char wanted[sizeof(debug.wanted)];
	int n = snprintf(wanted, sizeof(wanted), "%s ", path), start = n;

	for (size_t i = 0; i < len; i++)
		n += snprintf(wanted + n, sizeof(wanted) - (size_t)n, "%02x", id[i]);
	if (!strcmp(wanted, debug.wanted))
		return debug.top;
	if (debug.wanted[0])
		return NULL;
	atexit(debug_file_remove);
	strcpy(debug.wanted, wanted);
	strcpy(debug.top, "/tmp/pycore-fuzz-XXXXXX");
	if (!mkdtemp(debug.top))
		abort();
	snprintf(debug.dirs[0], sizeof(debug.dirs[0]), "%s/.build-id", debug.top);
	snprintf(debug.dirs[1], sizeof(debug.dirs[1]), "%s/.build-id/%02x", debug.top, id[0]);
	snprintf(debug.name, sizeof(debug.name), "%s/.build-id/%02x/%.200s.debug", debug.top, id[0],
		 wanted + start + 2);
	if (mkdir(debug.dirs[0], 0700) || mkdir(debug.dirs[1], 0700) || symlink(path, debug.name))
		abort();
	return debug.top;
}

/* The build-id that the module will have. @return its length; 0: none */
static size_t own_build_id(struct image *image, uint8_t id[64])
{
	size_t len = 0;

	for (size_t at = 0; at + 36 <= image->len && at < 0x1000 && !len; at += 8)
		len = elf_notes_build_id(image->bytes + at, 36, id);
	return len;
}

static void with_target(struct image *image, const char *path, bool map_files, const char *debug_dir)
{
	uint64_t end = PAGE_UP(image->len);
	const struct pycore_map maps[] = {
		{ BASE, BASE + PAGE_BYTES, 0, path, PROT_READ },
		{ BASE + PAGE_BYTES, BASE + end, PAGE_BYTES, path, PROT_READ | PROT_WRITE },
	};
	struct pycore_callback_target from = {
		.size = sizeof(from),
		.read = read_image,
		.ctx = image,
		.maps = maps,
		.n_maps = end > PAGE_BYTES ? 2 : 1,
	};
	struct pycore_options o = { .size = sizeof(o), .map_files = map_files, .debug_dir = debug_dir };
	struct pycore_error err;
	struct target *t;

	if (target_open_callback(&t, &from, &o, ignore, NULL, &err))
		abort();
	look(t, image);
	target_close(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image = { data, size };
	char path[64];
	uint8_t id[64];
	int fd = corefile_open(data, size, path);
	size_t len = own_build_id(&image, id);

	with_target(&image, path, true, "/nowhere");
	with_target(&image, path, false, "/nowhere");
	with_target(&image, "/nowhere/lib.so", true, "/nowhere");
	if (len >= 2 && debug_file(id, len, path))
		with_target(&image, "/nowhere/lib.so", size & 1, debug.top);
	close(fd);
	return 0;
}
