/* SPDX-License-Identifier: MIT */
#include "fuzz/use_target.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/corefile.h"
#include "target/reader.h"

enum { MOST = 64 }; /* of anything: more of the same finds nothing new */

static void ignore(void *ctx, const char *line)
{
}

static void read_some(struct reader *r, uint64_t addr)
{
	static unsigned char scratch[70000];
	static const size_t lengths[] = { 1, 8, 4096, 16385, sizeof(scratch) };
	char text[200];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		const unsigned char *p = reader_view(r, addr, lengths[i], scratch);

		/* What is given must be there, to the last byte. */
		if (p && p[0] + p[lengths[i] - 1] == 511)
			abort();
	}
	reader_copy(r, addr, scratch, sizeof(scratch));
	reader_string(r, addr, text, sizeof(text));
}

static void use(struct target *t)
{
	struct reader r;
	uint64_t addr, size;

	reader_init(&r, t);
	for (size_t i = 0; i < t->n_regions && i < MOST; i++) {
		const struct region *g = &t->regions[i];

		if (g->start >= g->end || (i && g[-1].end > g->start))
			abort();
		read_some(&r, g->start);
		read_some(&r, g->end - 8);
		target_module_at(t, g->start);
	}
	for (size_t i = 0; i < t->n_threads && i < MOST; i++)
		read_some(&r, t->threads[i].sp);
	for (size_t i = 0; i < t->n_modules && i < MOST; i++) {
		struct module *m = &t->modules[i];

		module_symbol(t, m, "answer", &addr, &size);
		module_section(t, m, ".here", &addr, &size);
		module_symbol_at(t, m, m->start + 0x2010);
	}
	if (t->bytes_readable > t->bytes_mapped)
		abort();
	reader_fini(&r);
}

void use_as_core(const uint8_t *bytes, size_t len)
{
	struct pycore_options o = { .size = sizeof(o), .map_files = len & 1, .unpack_dir = "/tmp" };
	struct pycore_error err = { 0 };
	struct target *t;
	char path[64];
	int fd = corefile_open(bytes, len, path);

	if (target_open_core(&t, path, &o, ignore, NULL, &err) == 0) {
		use(t);
		target_close(t);
	} else if (!err.message[0]) {
		abort(); /* without a word */
	}
	close(fd);
}
