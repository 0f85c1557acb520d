/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>

#include "fuzz/fuzz.h"
#include "target/private.h"

/* Takes the input for the notes of a core, and for those of a binary. */

const unsigned fuzz_tries = 20000;

static void check(const struct notes *n, size_t size)
{
	size_t length = 0;

	if (n->threads.n > size / sizeof(prstatus_t))
		abort();
	for (size_t i = 0; i < n->files.n; i++) {
		const struct note_file *f = &n->files.items[i];

		if (f->start >= f->end || !f->path)
			abort();
		length += strlen(f->path);
	}
	/* Names of one file's rows are one copy, and each row has another name in the input. */
	if (length > size)
		abort();
}

static void parse(const uint8_t *data, size_t size, Elf_Type type)
{
	Elf_Data notes = {
		.d_buf = (void *)data,
		.d_type = type,
		.d_version = EV_CURRENT,
		.d_size = size,
	};
	struct target t = { .kind = TARGET_CORE };
	struct notes n = { .damaged = false };

	notes_parse(&n, &t, &notes);
	check(&n, size);
	notes_fini(&n);
	arena_free(&t.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t id[64];

	parse(data, size, ELF_T_NHDR);
	parse(data, size, ELF_T_NHDR8);
	if (elf_notes_build_id(data, size, id) > sizeof(id))
		abort();
	return 0;
}
