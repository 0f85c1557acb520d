/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "lib/fake.h"
#include "runtime/offsets.h"
#include "stack/lines.h"

/* Takes the input for a line table of each shape, and for what a _PyRuntime tells of itself. */

#define BASE UINT64_C(0x10000)

const unsigned fuzz_tries = 5000;

static void find_lines(struct fake *f, size_t size)
{
	static const int64_t places[] = { -1, 0, 2, 7, 100, 1000, 1 << 20, INT64_MAX };
	static const uint64_t sizes[] = { 0, 1, 1 << 20, INT64_MAX, UINT64_MAX };

	for (uint64_t shape = LINE_LNOTAB; shape <= LINE_LOCATIONS; shape++) {
		for (size_t i = 0; i < 5 + sizeof(places) / sizeof(places[0]); i++) {
			struct line_table table = { BASE, i < 5 ? sizes[i] : size, shape, 10 };

			line_table_find(&table, fake_reader(f), i < 5 ? 20 : places[i - 5]);
		}
	}
}

static void overlay(struct fake *f)
{
	const struct layout *l;

	for (unsigned i = 0; (l = layout_at(i)); i++) {
		struct layout over = *l;

		if (!offsets_overlay(&over, fake_reader(f), BASE) && memcmp(&over, l, sizeof(over)))
			abort(); /* all or nothing */
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake *f = fake_new(BASE, size ? size : 1);

	if (size)
		fake_bytes(f, BASE, data, size);
	for (int in_place = 0; in_place < 2; in_place++) {
		fake_in_place(f, in_place);
		reader_forget(fake_reader(f));
		reader_renew(fake_reader(f));
		find_lines(f, size);
		overlay(f);
	}
	fake_free(f);
	return 0;
}
