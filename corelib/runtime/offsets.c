/* SPDX-License-Identifier: MIT */
#include "runtime/offsets.h"

enum {
	OFFSETS_MOST = 1024,       /* bytes of the largest _Py_DebugOffsets known, rounded up */
	OBJECT_MOST = 4096,        /* no struct of an object is larger */
	RUNTIME_MOST = 16 << 20,
};

static bool is_release(uint64_t version)
{
	unsigned level = version >> 4 & 0xf;

	return version >> 24 == 3 && (level == 0xf || (level >= 0xa && level <= 0xc));
}

bool offsets_head(struct reader *r, uint64_t runtime, struct offsets_head *head)
{
	const void *p = reader_probe(r, runtime, sizeof(*head), head);

	if (!p)
		return false;
	if (p != head)
		memcpy(head, p, sizeof(*head));
	return !memcmp(head->cookie, OFFSETS_COOKIE, sizeof(head->cookie)) &&
	       is_release(head->version) && head->free_threaded <= 1;
}

static uint64_t word_at(const unsigned char *bytes, unsigned at)
{
	uint64_t word;

	memcpy(&word, bytes + at, sizeof(word));
	return word;
}

/* The offset (or size) that one entry tells; false: beyond anything. */
static bool tell(const unsigned char *bytes, const struct debug_offset *d, uint64_t *out)
{
	uint64_t at = word_at(bytes, d->at);

	if (at > RUNTIME_MOST)
		return false;
	if (d->plus && word_at(bytes, d->plus) > RUNTIME_MOST)
		return false;
	if (d->plus)
		at += word_at(bytes, d->plus);
	if (d->minus && word_at(bytes, d->minus) > at)
		return false;
	if (d->minus)
		at -= word_at(bytes, d->minus);
	*out = at;
	return at <= RUNTIME_MOST;
}

static bool is_state(unsigned size_field)
{
	return size_field == F__PyRuntimeState_sizeof || size_field == F_PyInterpreterState_sizeof;
}

/* Whether a struct's size can be: the states are large, all else is small. */
static bool size_is_sane(unsigned field, uint32_t size)
{
	return size && size % 4 == 0 && size <= (is_state(field) ? RUNTIME_MOST : OBJECT_MOST);
}

/* Whether a field lies in its struct, whose size is the field @p size, on a mark that fits. */
static bool place_is_sane(const struct layout *l, unsigned field, unsigned size)
{
	const struct field *f = &l->field[field];
	uint64_t end = (uint64_t)f->offset + f->width;

	if (f->width == 8 && f->offset % 4)
		return false;
	if (size == N_FIELDS || !l->field[size].present)
		return end <= OBJECT_MOST;
	return end <= l->field[size].offset;
}

static bool is_sane(const struct layout *l, const struct debug_offsets *told)
{
	uint16_t size[OFFSETS_MOST / sizeof(uint64_t)];

	for (unsigned i = 0; i < told->n; i++) {
		unsigned field = told->items[i].field;
		const struct field *f = &l->field[field];

		size[i] = (uint16_t)layout_size_field(field);
		if (size[i] == field) {
			if (!size_is_sane(field, f->offset))
				return false;
			continue;
		}
		if (!place_is_sane(l, field, size[i]))
			return false;
		/* Two values of one struct at one place: these are no offsets. */
		for (unsigned k = 0; k < i; k++) {
			const struct field *g = &l->field[told->items[k].field];

			if (size[k] == size[i] && size[i] != N_FIELDS && f->width && g->width &&
			    f->offset == g->offset)
				return false;
		}
	}
	return true;
}

/*
 * The fields of the collector's state move as one with it. Its size tells
 * collectors apart: that of 3.14.0 to 3.14.4 has no generation0 (gh-142516).
 */
static void move_collector(struct layout *l, const struct layout *table)
{
	static const uint16_t inside[] = {
		F_PyInterpreterState_gc_generations, F_PyInterpreterState_gc_enabled,
		F_PyInterpreterState_gc_generation0, F_PyInterpreterState_gc_permanent_generation,
		F_PyInterpreterState_gc_garbage,
	};
	uint32_t gc = L(l, PyInterpreterState, gc), size = L(l, _gc_runtime_state, sizeof);

	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		struct field *f = &l->field[inside[i]];
		uint32_t at = f->offset - L(table, PyInterpreterState, gc);

		if (!f->present)
			continue;
		f->offset = gc + at;
		if (at + f->width > size)
			*f = (struct field){ .declared_absent = true };
	}
}

bool offsets_overlay(struct layout *l, struct reader *r, uint64_t runtime)
{
	const struct debug_offsets *told = layout_debug_offsets(l->version);
	unsigned char copy[OFFSETS_MOST];
	struct offsets_head head;
	struct layout over = *l;
	const unsigned char *bytes;

	if (!told || told->size > sizeof(copy) || told->n > sizeof(copy) / sizeof(uint64_t) ||
	    !offsets_head(r, runtime, &head) || head.version >> 16 != l->version >> 16)
		return false;
	bytes = reader_probe(r, runtime, told->size, copy);
	if (!bytes)
		return false;
	for (unsigned i = 0; i < told->n; i++) {
		struct field *f = &over.field[told->items[i].field];
		uint64_t offset;

		/* What the table does not have has no decoder either. */
		if (!f->present)
			continue;
		if (!tell(bytes, &told->items[i], &offset))
			return false;
		f->offset = (uint32_t)offset;
		f->source = SOURCE_DEBUG_OFFSETS;
	}
	if (!is_sane(&over, told))
		return false;
	move_collector(&over, l);
	*l = over;
	return true;
}
