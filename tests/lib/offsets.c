/* SPDX-License-Identifier: MIT */
#include "lib/offsets.h"

#include "runtime/offsets.h"

struct fake *offsets_tell(const struct layout *l, uint64_t runtime)
{
	const struct debug_offsets *told = layout_debug_offsets(l->version);
	struct fake *f = fake_new(runtime, told->size);

	fake_bytes(f, runtime, OFFSETS_COOKIE, 8);
	fake_u64(f, runtime + 8, l->version);
	for (unsigned i = 0; i < told->n; i++) {
		const struct debug_offset *d = &told->items[i];
		uint64_t offset = l->field[d->field].offset;

		if (d->minus) {
			fake_u64(f, runtime + d->minus, OFFSETS_GIL_AT);
			offset += OFFSETS_GIL_AT;
		}
		if (d->plus)
			offset -= L(l, PyInterpreterState, gc);
		fake_u64(f, runtime + d->at, offset);
	}
	return f;
}
