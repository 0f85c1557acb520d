/* SPDX-License-Identifier: MIT */
#include "runtime/names.h"

#include "runtime/runtime.h"

enum {
	ENTRIES_MOST = 1 << 16, /* of a dict whose names we know: sys, builtins, modules */
	NAME_MOST = 64,
};

/* Where the entries of a dict are, and what one looks like. */
struct entries {
	uint64_t first, n;
	uint32_t stride, key, value;
};

static bool entries_of_sized(const struct layout *l, struct reader *r, uint64_t keys,
			     struct entries *e)
{
	uint64_t size, width;

	if (!PROBE(l, r, keys, PyDictKeysObject, dk_size, &size) || size > 1u << 24)
		return false;
	width = size <= 0xff ? 1 : size <= 0xffff ? 2 : 4;
	e->first = keys + L(l, PyDictKeysObject, dk_indices) + size * width;
	e->stride = L(l, PyDictKeyEntry, sizeof);
	e->key = L(l, PyDictKeyEntry, me_key);
	e->value = L(l, PyDictKeyEntry, me_value);
	return true;
}

static bool entries_of_log2(const struct layout *l, struct reader *r, uint64_t keys,
			    struct entries *e)
{
	uint64_t log2_bytes, kind;

	if (!PROBE(l, r, keys, PyDictKeysObject, dk_log2_index_bytes, &log2_bytes) ||
	    !PROBE(l, r, keys, PyDictKeysObject, dk_kind, &kind) || log2_bytes > 26)
		return false;
	e->first = keys + L(l, PyDictKeysObject, dk_indices) + (UINT64_C(1) << log2_bytes);
	if (kind) {
		e->stride = L(l, PyDictUnicodeEntry, sizeof);
		e->key = L(l, PyDictUnicodeEntry, me_key);
		e->value = L(l, PyDictUnicodeEntry, me_value);
	} else {
		e->stride = L(l, PyDictKeyEntry, sizeof);
		e->key = L(l, PyDictKeyEntry, me_key);
		e->value = L(l, PyDictKeyEntry, me_value);
	}
	return true;
}

static bool entries_of_table(const struct layout *l, struct reader *r, uint64_t dict,
			     struct entries *e)
{
	uint64_t mask;

	if (!PROBE(l, r, dict, PyDictObject, ma_table, &e->first) ||
	    !PROBE(l, r, dict, PyDictObject, ma_mask, &mask) || mask >= ENTRIES_MOST)
		return false;
	e->n = mask + 1;
	e->stride = L(l, PyDictKeyEntry, sizeof);
	e->key = L(l, PyDictKeyEntry, me_key);
	e->value = L(l, PyDictKeyEntry, me_value);
	return true;
}

static bool entries_of(const struct layout *l, struct reader *r, uint64_t dict, struct entries *e)
{
	uint64_t keys, values;

	if (FACT(l, DICT_KEYS_SHAPE) == DICT_KEYS_TABLE)
		return entries_of_table(l, r, dict, e);
	if (!PROBE(l, r, dict, PyDictObject, ma_keys, &keys) ||
	    !PROBE(l, r, dict, PyDictObject, ma_values, &values) || values ||
	    !PROBE(l, r, keys, PyDictKeysObject, dk_nentries, &e->n) || e->n > ENTRIES_MOST)
		return false;
	if (FACT(l, DICT_KEYS_SHAPE) == DICT_KEYS_DK_SIZE)
		return entries_of_sized(l, r, keys, e);
	return entries_of_log2(l, r, keys, e);
}

static bool is_str(const struct layout *l, struct reader *r, uint64_t address, const char *name,
		   size_t len)
{
	bool bytes = FACT(l, TEXT) == TEXT_BYTES;
	uint32_t at = bytes ? L(l, PyBytesObject, ob_sval) : L(l, PyASCIIObject, sizeof);
	char text[NAME_MOST];
	uint64_t has;
	const void *p;

	if (!runtime_probe(l, r, address,
			   bytes ? F_PyVarObject_ob_size : F_PyASCIIObject_length, &has) ||
	    has != len)
		return false;
	p = reader_probe(r, address + at, len, text);
	return p && !memcmp(p, name, len);
}

bool names_get(const struct layout *l, struct reader *r, uint64_t dict, const char *name,
	       uint64_t *value)
{
	size_t len = strlen(name);
	struct entries e;

	if (len >= NAME_MOST || !entries_of(l, r, dict, &e))
		return false;
	for (uint64_t i = 0; i < e.n; i++) {
		uint64_t at = e.first + i * e.stride, key;

		if (!reader_probe_u64(r, at + e.key, &key))
			return false;
		/* In a table a deleted entry has a key, but no value. */
		if (key && is_str(l, r, key, name, len) &&
		    reader_probe_u64(r, at + e.value, value) && *value)
			return true;
	}
	return false;
}

/* How many digits; false if that is nonsense, or the int is negative. */
static bool digits_of(const struct layout *l, struct reader *r, uint64_t address, uint64_t *n)
{
	uint64_t tag;

	if (FACT(l, INT_SHAPE) == INT_SIGNED_SIZE)
		return PROBE(l, r, address, PyVarObject, ob_size, n) && *n <= 2;
	if (!PROBE(l, r, address, PyLongObject, lv_tag, &tag) || (tag & 3) == 2)
		return false;
	*n = tag >> 3;
	return *n <= 2;
}

unsigned names_digit_bits(const struct layout *l, struct reader *r, uint64_t type)
{
	uint64_t size;

	if (!PROBE(l, r, type, PyTypeObject, tp_itemsize, &size))
		return 0;
	return size == 4 ? 30 : size == 2 ? 15 : 0;
}

static bool of_digits(const struct layout *l, struct reader *r, uint64_t address, unsigned bits,
		      uint64_t *value)
{
	unsigned size = bits == 15 ? 2 : 4;
	uint32_t digits[2] = { 0, 0 };
	uint64_t n;
	const void *p;

	if (!digits_of(l, r, address, &n))
		return false;
	*value = 0;
	p = reader_probe(r, address + L(l, PyLongObject, ob_digit), n * size, digits);
	while (p && n--) {
		uint32_t digit = 0;

		memcpy(&digit, (const char *)p + n * size, size);
		*value = *value << bits | digit;
	}
	return p != NULL;
}

bool names_int(const struct layout *l, struct reader *r, uint64_t address, uint64_t *value)
{
	uint64_t type;
	unsigned bits;

	if (!PROBE(l, r, address, PyObject, ob_type, &type))
		return false;
	bits = names_digit_bits(l, r, type);
	if (bits || !HAS(l, PyIntObject, ob_ival))
		return of_digits(l, r, address, bits ? bits : 30, value);
	return PROBE(l, r, address, PyIntObject, ob_ival, value) && !(*value >> 60);
}
