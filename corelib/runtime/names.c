/* SPDX-License-Identifier: MIT */
#include "runtime/names.h"

#include "runtime/runtime.h"

enum {
	ENTRIES_MOST = 1 << 16, /* of a dict whose names we know: sys, builtins, modules */
	NAME_MOST = 64,
	DIGIT_BITS = 30,
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

static bool entries_of(const struct layout *l, struct reader *r, uint64_t dict, struct entries *e)
{
	uint64_t keys, values;

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
	char text[NAME_MOST];
	uint64_t has;
	const void *p;

	if (!PROBE(l, r, address, PyASCIIObject, length, &has) || has != len)
		return false;
	p = reader_probe(r, address + L(l, PyASCIIObject, sizeof), len, text);
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
		if (key && is_str(l, r, key, name, len))
			return reader_probe_u64(r, at + e.value, value) && *value;
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

bool names_int(const struct layout *l, struct reader *r, uint64_t address, uint64_t *value)
{
	uint32_t digits[2] = { 0, 0 };
	uint64_t n;
	const void *p;

	if (!digits_of(l, r, address, &n))
		return false;
	p = reader_probe(r, address + L(l, PyLongObject, ob_digit), n * sizeof(digits[0]), digits);
	if (!p)
		return false;
	if (p != digits)
		memcpy(digits, p, n * sizeof(digits[0]));
	*value = digits[0] | (uint64_t)digits[1] << DIGIT_BITS;
	return true;
}
