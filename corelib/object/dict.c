/* SPDX-License-Identifier: MIT */
#include "object/dict.h"

#include "object/decode.h"
#include "object/text.h"

/* USABLE_FRACTION of Objects/dictobject.c */
static uint64_t usable_of(uint64_t size)
{
	return size * 2 / 3;
}

static uint64_t index_width(uint64_t size)
{
	return size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0xffffffff ? 4 : 8;
}

#define SLOTS_LEAST 8 /* PyDict_MINSIZE */

uint64_t dict_slots_least(uint64_t used)
{
	uint64_t slots = SLOTS_LEAST;

	while (usable_of(slots) < used && slots < UINT64_C(1) << 48)
		slots *= 2;
	return slots;
}

uint64_t dict_keys_bytes(const struct layout *l, const struct dict_keys *k, uint64_t slots)
{
	if (FACT(l, DICT_KEYS_SHAPE) == DICT_KEYS_TABLE)
		return slots > SLOTS_LEAST ? slots * k->stride : 0;
	return L(l, PyDictKeysObject, dk_indices) + slots * index_width(slots) +
	       usable_of(slots) * k->stride;
}

static int keys_old(const struct layout *l, struct body *b, struct dict_keys *k)
{
	uint64_t size = BODY(b, l, PyDictKeysObject, dk_size);

	if (!size || size & (size - 1) || size > UINT64_C(1) << 40)
		return PYCORE_ERR_DAMAGED;
	k->slots = size;
	k->usable = usable_of(size);
	k->stride = L(l, PyDictKeyEntry, sizeof);
	k->key = L(l, PyDictKeyEntry, me_key);
	k->value = L(l, PyDictKeyEntry, me_value);
	k->bytes = L(l, PyDictKeysObject, dk_indices) + size * index_width(size);
	k->empty = size < 8;
	return 0;
}

static int keys_log2(const struct layout *l, struct body *b, struct dict_keys *k)
{
	uint64_t size = BODY(b, l, PyDictKeysObject, dk_log2_size);
	uint64_t indices = BODY(b, l, PyDictKeysObject, dk_log2_index_bytes);

	if (size > 40 || indices > 44)
		return PYCORE_ERR_DAMAGED;
	k->slots = UINT64_C(1) << size;
	k->usable = usable_of(k->slots);
	k->unicode = BODY(b, l, PyDictKeysObject, dk_kind) != 0;
	if (k->unicode) {
		k->stride = L(l, PyDictUnicodeEntry, sizeof);
		k->key = L(l, PyDictUnicodeEntry, me_key);
		k->value = L(l, PyDictUnicodeEntry, me_value);
	} else {
		k->stride = L(l, PyDictKeyEntry, sizeof);
		k->key = L(l, PyDictKeyEntry, me_key);
		k->value = L(l, PyDictKeyEntry, me_value);
	}
	k->bytes = L(l, PyDictKeysObject, dk_indices) + (UINT64_C(1) << indices);
	k->empty = size < 3;
	return 0;
}

int dict_keys_at(const struct layout *l, struct reader *r, uint64_t address,
		 struct dict_keys *out)
{
	struct body b;
	uint64_t end;
	int status;

	*out = (struct dict_keys){ .address = address };
	if (!type_is_address(address))
		return PYCORE_ERR_DAMAGED;
	status = body_view(&b, r, address, L(l, PyDictKeysObject, dk_indices));
	if (status)
		return status;
	status = FACT(l, DICT_KEYS_SHAPE) == DICT_KEYS_DK_SIZE ? keys_old(l, &b, out) :
								 keys_log2(l, &b, out);
	if (status)
		return status;
	out->refcnt = (int64_t)BODY(&b, l, PyDictKeysObject, dk_refcnt);
	out->n = BODY(&b, l, PyDictKeysObject, dk_nentries);
	out->entries = address + out->bytes;
	out->bytes += out->usable * out->stride;
	out->capacity = out->usable;
	if (FACT(l, DICT_KEYS_SHAPE) == DICT_KEYS_LOG2) {
		uint64_t more = BODY(&b, l, PyDictKeysObject, dk_usable);

		/* Shared keys give up room: shared_keys_usable_size() of Objects/dictobject.c. */
		if (out->n <= out->usable && more < out->usable - out->n)
			out->capacity = out->n + more;
	}
	if (b.cut)
		return PYCORE_ERR_FAULT;
	/* A stride that no layout has would break the walk's buffer. */
	if (out->stride < 16 || out->stride > 24 || out->key + 8 > out->stride ||
	    out->value + 8 > out->stride || out->n > out->usable ||
	    __builtin_add_overflow(address, out->bytes, &end))
		return PYCORE_ERR_DAMAGED;
	return 0;
}

static int values_struct(const struct layout *l, struct reader *r, uint64_t values, uint64_t *first,
			 uint64_t *n, uint64_t *block, uint64_t *block_bytes)
{
	struct body b;
	int status = body_view(&b, r, values, L(l, PyDictValues, values));

	if (status)
		return status;
	*n = BODY(&b, l, PyDictValues, capacity);
	*first = values + L(l, PyDictValues, values);
	if (!BODY(&b, l, PyDictValues, embedded)) {
		*block = values;
		*block_bytes = L(l, PyDictValues, values) + *n * 9;
	}
	return body_status(&b);
}

int dict_values_at(const struct layout *l, struct reader *r, uint64_t values,
		   const struct dict_keys *keys, uint64_t *first, uint64_t *n, uint64_t *block,
		   uint64_t *block_bytes)
{
	uint64_t prefix = 0;

	*first = *n = *block = *block_bytes = 0;
	if (!type_is_address(values))
		return PYCORE_ERR_DAMAGED;
	if (FACT(l, DICT_VALUES) == DICT_VALUES_STRUCT)
		return values_struct(l, r, values, first, n, block, block_bytes);
	*first = values;
	*n = keys->capacity;
	if (keys->empty)
		return 0; /* the static empty_values */
	if (FACT(l, DICT_VALUES) == DICT_VALUES_PREFIXED) {
		unsigned char byte;
		const unsigned char *p = reader_view(r, values - 1, 1, &byte);

		if (!p)
			return PYCORE_ERR_FAULT;
		prefix = *p;
		/* Rounded up to words, with a byte for each value and two more. */
		if (prefix & 7 || prefix < 8)
			return PYCORE_ERR_DAMAGED;
	}
	*block = values - prefix;
	*block_bytes = prefix + *n * 8;
	return 0;
}

/* Python 2: entries are in the dict itself, or in a table of its own. */
static int table_of(const struct layout *l, struct body *b, uint64_t address,
		    struct dict_keys *k)
{
	uint64_t mask = BODY(b, l, PyDictObject, ma_mask), end;

	k->address = k->entries = BODY(b, l, PyDictObject, ma_table);
	k->refcnt = 1;
	k->stride = L(l, PyDictKeyEntry, sizeof);
	k->key = L(l, PyDictKeyEntry, me_key);
	k->value = L(l, PyDictKeyEntry, me_value);
	k->empty = k->entries == address + L(l, PyDictObject, ma_smalltable);
	if (b->cut)
		return PYCORE_ERR_FAULT;
	if (mask & (mask + 1) || mask >> 40 || k->stride != 24 || !type_is_address(k->entries))
		return PYCORE_ERR_DAMAGED;
	k->n = k->usable = k->capacity = k->slots = mask + 1;
	if (__builtin_add_overflow(k->entries, k->n * k->stride, &end))
		return PYCORE_ERR_DAMAGED;
	if (!k->empty)
		k->bytes = k->n * k->stride;
	return 0;
}

int dict_at(const struct layout *l, struct reader *r, uint64_t address, struct dict *out)
{
	uint64_t keys, values;
	struct body b;
	int status = body_view(&b, r, address, L(l, PyDictObject, sizeof));

	*out = (struct dict){ .used = 0 };
	if (status)
		return status;
	out->used = BODY(&b, l, PyDictObject, ma_used);
	if (FACT(l, DICT_KEYS_SHAPE) == DICT_KEYS_TABLE)
		return table_of(l, &b, address, &out->keys);
	keys = BODY(&b, l, PyDictObject, ma_keys);
	values = BODY(&b, l, PyDictObject, ma_values);
	if (b.cut)
		return PYCORE_ERR_FAULT;
	status = dict_keys_at(l, r, keys, &out->keys);
	if (status || !values)
		return status;
	return dict_values_at(l, r, values, &out->keys, &out->values, &out->n_values, &out->block,
			      &out->block_bytes);
}

void dict_iter_init(struct dict_iter *it, struct reader *r, const struct dict *d)
{
	it->r = r;
	it->dict = d;
	it->next = it->first = it->n = 0;
	it->entries = it->values = NULL;
	it->status = 0;
}

static bool next_batch(struct dict_iter *it)
{
	const struct dict *d = it->dict;
	const struct dict_keys *k = &d->keys;
	uint64_t end = k->n;

	if (d->values && end > d->n_values)
		end = d->n_values;
	if (it->next >= end)
		return false;
	it->first = it->next;
	it->n = end - it->first < DICT_BATCH ? end - it->first : DICT_BATCH;
	it->entries = NULL;
	if (reader_spend(it->r, k->entries + it->first * k->stride, it->first * k->stride,
			 it->n * k->stride))
		it->entries = reader_view(it->r, k->entries + it->first * k->stride,
					  it->n * k->stride, it->scratch);
	if (it->entries && d->values)
		it->values = reader_view(it->r, d->values + it->first * 8, it->n * 8,
					 it->value_scratch);
	if (it->entries && (it->values || !d->values))
		return true;
	it->n = 0;
	it->status = PYCORE_ERR_FAULT;
	return false;
}

bool dict_next(struct dict_iter *it, uint64_t *key, uint64_t *value)
{
	const struct dict_keys *k = &it->dict->keys;

	for (;;) {
		uint64_t i = it->next - it->first;

		if (i >= it->n) {
			if (!next_batch(it))
				return false;
			i = 0;
		}
		it->next++;
		memcpy(key, it->entries + i * k->stride + k->key, 8);
		if (it->values)
			memcpy(value, it->values + i * 8, 8);
		else
			memcpy(value, it->entries + i * k->stride + k->value, 8);
		if (*value)
			return true;
	}
}

uint64_t dict_get(const struct layout *l, struct reader *r, uint64_t address, const char *name)
{
	size_t len = strlen(name);
	uint64_t key, value;
	struct dict_iter it;
	struct dict d;

	if (dict_at(l, r, address, &d))
		return 0;
	dict_iter_init(&it, r, &d);
	while (dict_next(&it, &key, &value)) {
		if (type_is_address(key) && text_is(l, r, key, name, len))
			return value;
	}
	return 0;
}
