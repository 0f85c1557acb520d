/* SPDX-License-Identifier: MIT */
#include "layout/layout.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#undef VERSION /* automake's; in a table it is CPython's */
#undef FACT    /* in a table it states; nothing here asks */

static const struct layout layouts[] = {
#define EACH "layout/table.inc"
#include "layout/tables.inc"
#undef EACH
};

/* Never called: what it is for happens while it is compiled. */
__attribute__((unused)) static void every_table_is_complete(void)
{
#define EACH "layout/complete.inc"
#include "layout/tables.inc"
#undef EACH
}

enum { N_LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

static const char *hidden;

void layout_hide(const char *name)
{
	hidden = name;
}

const struct layout *layout_at(unsigned i)
{
	for (unsigned k = 0; k < N_LAYOUTS; k++) {
		if (hidden && !strcmp(hidden, layouts[k].name))
			continue;
		if (!i--)
			return &layouts[k];
	}
	return NULL;
}

/* How many releases lie between: 0 if the table is for that very one. */
static int micros_away(const struct layout *l, uint32_t version)
{
	int micro = version >> 8 & 0xff;

	if (l->alike_high && micro >= l->alike_low && micro <= l->alike_high)
		return 0;
	return abs(micro - (int)(l->version >> 8 & 0xff));
}

const struct layout *layout_find(uint32_t version, enum build_kind build, bool *exact)
{
	const struct layout *best = NULL, *l;

	for (unsigned i = 0; (l = layout_at(i)); i++) {
		if (l->version >> 16 != version >> 16 || l->build != build)
			continue;
		if (!best || micros_away(l, version) < micros_away(best, version))
			best = l;
	}
	if (exact)
		*exact = best && !micros_away(best, version) && (version & 0xff) == 0xf0;
	return best;
}

const char *layout_field_name(unsigned field)
{
	static const char *const names[] = {
#define FIELD(s, f, dwarf) #s "." #f,
#include "layout/fields.def"
#undef FIELD
	};

	return field < N_FIELDS ? names[field] : "?";
}

unsigned layout_size_field(unsigned field)
{
	const char *name = layout_field_name(field), *dot = strchr(name, '.');

	if (!dot)
		return N_FIELDS;
	for (unsigned i = 0; i < N_FIELDS; i++) {
		const char *other = layout_field_name(i);

		if (!strncmp(other, name, (size_t)(dot - name) + 1) &&
		    !strcmp(other + (dot - name), ".sizeof"))
			return i;
	}
	return N_FIELDS;
}
