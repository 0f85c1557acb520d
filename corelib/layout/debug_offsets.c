/* SPDX-License-Identifier: MIT */
#include "layout/layout.h"

#include <stddef.h>

#define OFFSET(s, f, where) { .field = F_##s##_##f, .at = (where) },
#define SUM(s, f, where, base) { .field = F_##s##_##f, .at = (where), .plus = (base) },
#define DIFFERENCE(s, f, where, base) { .field = F_##s##_##f, .at = (where), .minus = (base) },
#define SIZE(bytes)

static const struct debug_offset offsets_3_13[] = {
#include "layout/debug-offsets-3.13.def"
};

static const struct debug_offset offsets_3_14[] = {
#include "layout/debug-offsets-3.14.def"
};

static const struct debug_offset offsets_3_15[] = {
#include "layout/debug-offsets-3.15.def"
};

#undef OFFSET
#undef SUM
#undef DIFFERENCE
#undef SIZE

#define OFFSET(s, f, where)
#define SUM(s, f, where, base)
#define DIFFERENCE(s, f, where, base)
#define SIZE(bytes) .size = (bytes),
#define ITEMS(a) .items = (a), .n = sizeof(a) / sizeof((a)[0])

static const struct debug_offsets known[] = {
	{
		.version = PYVER(3, 13, 0), ITEMS(offsets_3_13),
#include "layout/debug-offsets-3.13.def"
	},
	{
		.version = PYVER(3, 14, 0), ITEMS(offsets_3_14),
#include "layout/debug-offsets-3.14.def"
	},
	{
		.version = PYVER(3, 15, 0), ITEMS(offsets_3_15),
#include "layout/debug-offsets-3.15.def"
	},
};

const struct debug_offsets *layout_debug_offsets(uint32_t version)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].version >> 16 == version >> 16)
			return &known[i];
	return NULL;
}
