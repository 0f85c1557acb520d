/* SPDX-License-Identifier: MIT */
#include "target/words.h"

#define BATCH 65536u

void words_each(struct reader *r, uint64_t start, uint64_t end, words_fn *fn, void *arg)
{
	const struct region *region = target_region_at(r->target, start);
	uint64_t words[BATCH / 8];

	if (!region)
		return;
	if (end > region->end)
		end = region->end;
	for (uint64_t at = (start + 7) & ~UINT64_C(7); at < end;) {
		uint64_t some = end - at < BATCH ? end - at : BATCH;
		size_t n;

		if (!reader_spend(r, at, at - start, some))
			return;
		n = reader_copy(r, at, words, some) / 8;
		if (n)
			fn(arg, at, words, n);
		/* What cannot be read is passed over by pages. */
		at += n ? 8 * n : 4096 - (at & 4095);
		at = target_skip_holes(r->target, at, end);
	}
}

uint64_t words_end_of_binary(struct target *t, const struct region *region)
{
	const struct module *m;

	if (!(region->flags & REGION_WRITE) || region->flags & REGION_SHARED)
		return 0;
	m = target_module_at(t, region->start);
	if (!m)
		return 0;
	return region->end < m->end ? region->end : m->end;
}
