/* SPDX-License-Identifier: MIT */
#include "stack/lines.h"

#include "stack/stack.h"

/* More than the table of any code that a compiler could make. */
#define BIGGEST_TABLE (UINT64_C(16) << 20)

/* The table's bytes, one after the other, however the target lets them be read. */
struct bytes {
	struct reader *r;
	uint64_t address, left, done;
	const uint8_t *next, *end;
	bool broken; /* what can be read ends before the table does */
	uint8_t scratch[256];
};

/* More of the table, or as much of it as can be read; false at its end. */
static bool refill(struct bytes *b)
{
	size_t n = b->left < sizeof(b->scratch) ? b->left : sizeof(b->scratch);

	if (!n || !reader_spend(b->r, b->address, b->done, n))
		return false;
	b->next = reader_probe(b->r, b->address, n, b->scratch);
	if (!b->next) {
		b->broken = true;
		b->left = n = reader_copy(b->r, b->address, b->scratch, n);
		b->next = b->scratch;
	}
	b->end = b->next + n;
	b->address += n;
	b->left -= n;
	b->done += n;
	return n > 0;
}

static int next_byte(struct bytes *b)
{
	if (b->next == b->end && !refill(b))
		return -1;
	return *b->next++;
}

/*
 * To 3.9: bytes of code, then lines by which to go on; what follows the last pair is its line.
 * @p up: lines have no sign.
 */
static int64_t find_lnotab(struct bytes *b, int64_t line, int64_t lasti, bool up)
{
	int64_t start = 0;
	int step, delta;

	for (;;) {
		step = next_byte(b);
		delta = next_byte(b);
		if (step < 0 || delta < 0)
			return b->broken ? 0 : line;
		start += step;
		if (start > lasti)
			return line;
		line += up ? delta : (int8_t)delta;
	}
}

/* 3.10: length of a range in bytes, and its line's distance; -128: it has none. */
static int64_t find_ranges(struct bytes *b, int64_t line, int64_t lasti)
{
	int64_t end = 0;
	int length, delta;

	for (;;) {
		length = next_byte(b);
		delta = next_byte(b);
		if (length < 0 || delta < 0)
			return 0;
		end += length;
		if ((int8_t)delta != -128)
			line += (int8_t)delta;
		if (lasti < end)
			return (int8_t)delta == -128 ? 0 : line;
	}
}

/* Six bits a byte, lowest first; bit 6 tells that more follow. -1: no such number. */
static int64_t read_varint(struct bytes *b)
{
	int64_t value = 0;
	int byte;

	for (int shift = 0; shift < 36; shift += 6) {
		byte = next_byte(b);
		if (byte < 0 || byte & 0x80)
			return -1;
		value |= (int64_t)(byte & 0x3f) << shift;
		if (!(byte & 0x40))
			return value;
	}
	return -1;
}

static bool skip_varints(struct bytes *b, int n)
{
	while (n--) {
		if (read_varint(b) < 0)
			return false;
	}
	return true;
}

static bool skip_bytes(struct bytes *b, int n)
{
	while (n--) {
		if (next_byte(b) < 0)
			return false;
	}
	return true;
}

enum { NO_LOCATION = 15, LONG_FORM = 14, NO_COLUMNS = 13, ONE_LINE = 10 };

/* Take what follows an entry's first byte; false if it is damaged. */
static bool read_location(struct bytes *b, int code, int64_t *line)
{
	int64_t delta;

	if (code == NO_LOCATION)
		return true;
	if (code < ONE_LINE)
		return skip_bytes(b, 1);
	if (code < NO_COLUMNS) {
		*line += code - ONE_LINE;
		return skip_bytes(b, 2);
	}
	delta = read_varint(b);
	if (delta < 0)
		return false;
	*line += delta & 1 ? -(delta >> 1) : delta >> 1;
	return code == NO_COLUMNS || skip_varints(b, 3);
}

/* From 3.11: Objects/locations.md. */
static int64_t find_locations(struct bytes *b, int64_t line, int64_t lasti)
{
	int64_t end = 0;
	int first, code;

	for (;;) {
		first = next_byte(b);
		if (first < 0 || !(first & 0x80))
			return 0;
		code = first >> 3 & 15;
		end += 2 * ((first & 7) + 1);
		if (!read_location(b, code, &line))
			return 0;
		if (lasti < end)
			return code == NO_LOCATION ? 0 : line;
	}
}

int32_t line_table_find(const struct line_table *table, struct reader *r, int64_t lasti)
{
	struct bytes b = { .r = r, .address = table->address };
	int64_t line = table->first;

	b.left = table->size < BIGGEST_TABLE ? table->size : BIGGEST_TABLE;
	if (lasti >= 0) {
		if (table->shape == LINE_LNOTAB || table->shape == LINE_LNOTAB_UP)
			line = find_lnotab(&b, line, lasti, table->shape == LINE_LNOTAB_UP);
		else if (table->shape == LINE_RANGES)
			line = find_ranges(&b, line, lasti);
		else
			line = find_locations(&b, line, lasti);
	}
	return line > 0 && line <= INT32_MAX ? (int32_t)line : 0;
}

bool line_table_of(const struct ctx *c, uint64_t code, struct line_table *out)
{
	const struct layout *l = c->l;
	uint64_t bytes, first;

	if (!LOAD(l, c->r, code, PyCodeObject, co_firstlineno, &first) ||
	    !LOAD(l, c->r, code, PyCodeObject, co_linetable, &bytes) ||
	    !LOAD(l, c->r, bytes, PyVarObject, ob_size, &out->size) ||
	    __builtin_add_overflow(bytes, L(l, PyBytesObject, ob_sval), &out->address))
		return false;
	out->shape = FACT(l, LINE_TABLE);
	out->first = (int32_t)first;
	return true;
}
