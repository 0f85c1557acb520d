/* SPDX-License-Identifier: MIT */
#include "lib/objects.h"

#include <stdlib.h>

#define GAP 64

uint64_t objects_room(struct objects *w, size_t size)
{
	uint64_t at = w->next;

	w->next += (size + GAP + 15) & ~UINT64_C(15);
	if (w->next > OBJECTS_BASE + OBJECTS_SIZE)
		abort();
	return at;
}

void objects_put(struct objects *w, uint64_t at, unsigned field, uint64_t value)
{
	reader_forget(fake_reader(w->f)); /* what it copied may be about to change */
	fake_field(w->f, w->l, at, field, value);
}

void objects_count(struct objects *w, uint64_t at, uint32_t count)
{
	PUT(w, at, PyObject, ob_refcnt, count);
	PUT(w, at, PyObject, ob_ref_local, count);
}

uint64_t objects_object(struct objects *w, uint64_t type, size_t size)
{
	uint64_t at = objects_room(w, size);

	objects_count(w, at, 1);
	PUT(w, at, PyObject, ob_type, type);
	return at;
}

static uint64_t text(struct objects *w, const char *chars)
{
	uint64_t at = objects_room(w, strlen(chars) + 1);

	fake_string(w->f, at, chars);
	return at;
}

uint64_t objects_static_type(struct objects *w, const char *name, uint64_t base, uint64_t flags,
			     uint64_t basicsize, uint64_t itemsize)
{
	uint64_t at = objects_object(w, w->type, L(w->l, PyHeapTypeObject, sizeof));

	PUT(w, at, PyTypeObject, tp_name, text(w, name));
	PUT(w, at, PyTypeObject, tp_base, base ? base : w->object);
	PUT(w, at, PyTypeObject, tp_flags, flags | TPFLAGS_READY);
	PUT(w, at, PyTypeObject, tp_basicsize, basicsize);
	PUT(w, at, PyTypeObject, tp_itemsize, itemsize);
	return at;
}

uint64_t objects_class(struct objects *w, const char *name, uint64_t base, uint64_t flags,
		       uint64_t basicsize)
{
	uint64_t key = objects_str(w, "__module__"), module = objects_str(w, "__main__");
	uint64_t at = objects_static_type(w, name, base, flags | TPFLAGS_HEAPTYPE, basicsize, 0);
	uint64_t ht_name = objects_str(w, name);

	PUT(w, at, PyTypeObject, tp_name, ht_name + objects_str_head(w->l));
	PUT(w, at, PyHeapTypeObject, ht_name, ht_name);
	PUT(w, at, PyHeapTypeObject, ht_qualname, ht_name);
	PUT(w, at, PyTypeObject, tp_dict, objects_dict(w, &key, &module, 1));
	return at;
}

static uint32_t str_state(const struct layout *l, unsigned kind, bool ascii)
{
	if (L(l, PyASCIIObject, kind) > L(l, PyASCIIObject, state))
		return kind << 8 | 1u << 11 | (uint32_t)ascii << 12 | 1u << 13;
	return kind << 2 | 1u << 5 | (uint32_t)ascii << 6 | 1u << 7;
}

static bool is_two(const struct layout *l)
{
	return FACT(l, TEXT) == TEXT_BYTES;
}

size_t objects_str_head(const struct layout *l)
{
	return is_two(l) ? L(l, PyBytesObject, ob_sval) : L(l, PyASCIIObject, sizeof);
}

uint64_t objects_str(struct objects *w, const char *ascii)
{
	size_t head = objects_str_head(w->l), len = strlen(ascii);
	uint64_t at = objects_object(w, w->str, head + len + 1);

	if (is_two(w->l))
		PUT(w, at, PyVarObject, ob_size, len);
	PUT(w, at, PyASCIIObject, length, len);
	PUT(w, at, PyASCIIObject, state, str_state(w->l, 1, true));
	fake_bytes(w->f, at + head, ascii, len + 1);
	return at;
}

static uint64_t unicode(struct objects *w, const uint32_t *characters, size_t n)
{
	unsigned width = (unsigned)FACT(w->l, UNICODE_WIDTH);
	uint64_t at = objects_object(w, w->unicode, L(w->l, PyUnicodeObject, sizeof));
	uint64_t block = objects_room(w, (n + 1) * width);

	PUT(w, at, PyUnicodeObject, length, n);
	PUT(w, at, PyUnicodeObject, str, block);
	for (size_t i = 0; i < n; i++)
		fake_uint(w->f, block + i * width, width, characters[i]);
	return at;
}

uint64_t objects_wide_str(struct objects *w, unsigned kind, const uint32_t *characters, size_t n)
{
	size_t head = L(w->l, PyCompactUnicodeObject, sizeof);
	uint64_t at;

	if (is_two(w->l))
		return unicode(w, characters, n);
	at = objects_object(w, w->str, head + (n + 1) * kind);

	PUT(w, at, PyASCIIObject, length, n);
	PUT(w, at, PyASCIIObject, state, str_state(w->l, kind, false));
	for (size_t i = 0; i < n; i++)
		fake_uint(w->f, at + head + i * kind, kind, characters[i]);
	return at;
}

uint64_t objects_bytes(struct objects *w, const void *bytes, size_t n)
{
	size_t head = L(w->l, PyBytesObject, ob_sval);
	uint64_t at = objects_object(w, w->bytes, head + n + 1);

	PUT(w, at, PyVarObject, ob_size, n);
	fake_bytes(w->f, at + head, bytes, n);
	return at;
}

uint64_t objects_int(struct objects *w, int64_t value)
{
	uint64_t at = objects_object(w, w->integer, L(w->l, PyLongObject, ob_digit) + 16);
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value, n = 0;

	if (HAS(w->l, PyIntObject, ob_ival)) {
		PUT(w, at, PyIntObject, ob_ival, (uint64_t)value);
		return at;
	}
	for (; rest; rest >>= 30)
		fake_u32(w->f, at + L(w->l, PyLongObject, ob_digit) + 4 * n++, rest & 0x3fffffff);
	if (FACT(w->l, INT_SHAPE) == INT_LV_TAG)
		PUT(w, at, PyLongObject, lv_tag, n << 3 | (value < 0 ? 2 : !value));
	else
		PUT(w, at, PyVarObject, ob_size, value < 0 ? -n : n);
	return at;
}

uint64_t objects_float(struct objects *w, double value)
{
	uint64_t at = objects_object(w, w->floating, 24), bits;

	memcpy(&bits, &value, sizeof(bits));
	PUT(w, at, PyFloatObject, ob_fval, bits);
	return at;
}

uint64_t objects_tuple(struct objects *w, const uint64_t *items, size_t n)
{
	size_t head = L(w->l, PyTupleObject, ob_item);
	uint64_t at = objects_object(w, w->tuple, head + 8 * n);

	PUT(w, at, PyVarObject, ob_size, n);
	for (size_t i = 0; i < n; i++)
		fake_u64(w->f, at + head + 8 * i, items[i]);
	return at;
}

uint64_t objects_list(struct objects *w, const uint64_t *items, size_t n)
{
	uint64_t at = objects_object(w, w->list, L(w->l, PyListObject, sizeof));
	uint64_t before = L(w->l, _PyListArray, ob_item);
	uint64_t array = objects_room(w, before + 8 * n + 8) + before;

	PUT(w, at, PyVarObject, ob_size, n);
	PUT(w, at, PyListObject, allocated, n + 1);
	PUT(w, at, PyListObject, ob_item, array);
	for (size_t i = 0; i < n; i++)
		fake_u64(w->f, array + 8 * i, items[i]);
	return at;
}

uint64_t objects_keys(struct objects *w, const uint64_t *keys, const uint64_t *values, size_t n)
{
	const struct layout *l = w->l;
	bool old = FACT(l, DICT_KEYS_SHAPE) == DICT_KEYS_DK_SIZE;
	size_t head = L(l, PyDictKeysObject, dk_indices) + 8;
	uint64_t at = objects_room(w, head + 5 * 24);

	PUT(w, at, PyDictKeysObject, dk_refcnt, values ? 1 : 2);
	PUT(w, at, PyDictKeysObject, dk_size, 8);
	PUT(w, at, PyDictKeysObject, dk_log2_size, 3);
	PUT(w, at, PyDictKeysObject, dk_log2_index_bytes, 3);
	PUT(w, at, PyDictKeysObject, dk_kind, values ? 1 : 2);
	PUT(w, at, PyDictKeysObject, dk_usable, 5 - n);
	PUT(w, at, PyDictKeysObject, dk_nentries, n);
	for (size_t i = 0; i < n; i++) {
		uint64_t entry = at + head + i * (old ? 24 : 16);

		if (old) {
			PUT(w, entry, PyDictKeyEntry, me_key, keys[i]);
			PUT(w, entry, PyDictKeyEntry, me_value, values ? values[i] : 0);
		} else {
			PUT(w, entry, PyDictUnicodeEntry, me_key, keys[i]);
			PUT(w, entry, PyDictUnicodeEntry, me_value, values ? values[i] : 0);
		}
	}
	return at;
}

uint64_t objects_dict(struct objects *w, const uint64_t *keys, const uint64_t *values, size_t n)
{
	uint64_t at = objects_object(w, w->dict, L(w->l, PyDictObject, sizeof));
	uint64_t table = at + L(w->l, PyDictObject, ma_smalltable);

	PUT(w, at, PyDictObject, ma_used, n);
	if (FACT(w->l, DICT_KEYS_SHAPE) != DICT_KEYS_TABLE) {
		PUT(w, at, PyDictObject, ma_keys, objects_keys(w, keys, values, n));
		return at;
	}
	PUT(w, at, PyDictObject, ma_mask, 7);
	PUT(w, at, PyDictObject, ma_table, table);
	for (size_t i = 0; i < n; i++) {
		PUT(w, table + i * L(w->l, PyDictKeyEntry, sizeof), PyDictKeyEntry, me_key, keys[i]);
		PUT(w, table + i * L(w->l, PyDictKeyEntry, sizeof), PyDictKeyEntry, me_value,
		    values[i]);
	}
	return at;
}

const struct layout *objects_layout(unsigned i)
{
	const struct layout *l;

	for (unsigned k = 0; (l = layout_at(k)); k++) {
		if (!L(l, PyObject, ob_refcnt) && !i--)
			return l;
	}
	return NULL;
}

void objects_init(struct objects *w, const struct layout *l)
{
	*w = (struct objects){ .l = l, .next = OBJECTS_BASE + 256 };
	w->f = fake_new(OBJECTS_BASE, OBJECTS_SIZE);
	w->rt.layout = *l;
	w->rt.table = l;
	/* The two that need each other come first. */
	w->type = w->next;
	w->object = w->type + ((L(l, PyHeapTypeObject, sizeof) + GAP + 15) & ~15u) + GAP + 16;
	objects_static_type(w, "type", w->object, TPFLAGS_TYPE | TPFLAGS_HAVE_GC,
			    L(l, PyHeapTypeObject, sizeof), L(l, PyMemberDef, sizeof));
	w->next = w->object;
	objects_static_type(w, "object", 0, 0, L(l, PyObject, sizeof), 0);
	PUT(w, w->object, PyTypeObject, tp_base, 0);
	w->rt.type_type = w->type;
	w->unicode = objects_static_type(w, is_two(l) ? "unicode" : "str", 0, TPFLAGS_UNICODE,
					 L(l, PyUnicodeObject, sizeof), 0);
	w->bytes = objects_static_type(w, is_two(l) ? "str" : "bytes", 0, TPFLAGS_BYTES,
				       L(l, PyBytesObject, ob_sval) + 1, 1);
	w->str = is_two(l) ? w->bytes : w->unicode;
	w->digits = objects_static_type(w, is_two(l) ? "long" : "int", 0, TPFLAGS_LONG,
					L(l, PyLongObject, ob_digit), 4);
	w->integer = w->digits;
	if (is_two(l))
		w->integer = objects_static_type(w, "int", 0, TPFLAGS_INT,
						 L(l, PyIntObject, sizeof), 0);
	w->boolean = objects_static_type(w, "bool", w->integer,
					 is_two(l) ? TPFLAGS_INT : TPFLAGS_LONG,
					 is_two(l) ? L(l, PyIntObject, sizeof) : HEAD_OF(w) + 16,
					 is_two(l) ? 0 : 4);
	w->floating = objects_static_type(w, "float", 0, 0, HEAD_OF(w) + 8, 0);
	w->tuple = objects_static_type(w, "tuple", 0, TPFLAGS_TUPLE | TPFLAGS_HAVE_GC,
				       L(l, PyTupleObject, ob_item), 8);
	w->list = objects_static_type(w, "list", 0, TPFLAGS_LIST | TPFLAGS_HAVE_GC,
				      L(l, PyListObject, sizeof), 0);
	w->dict = objects_static_type(w, "dict", 0, TPFLAGS_DICT | TPFLAGS_HAVE_GC,
				      L(l, PyDictObject, sizeof), 0);
	w->set = objects_static_type(w, "set", 0, TPFLAGS_HAVE_GC, L(l, PySetObject, sizeof), 0);
	w->none = objects_static_type(w, "NoneType", 0, 0, HEAD_OF(w), 0);
	w->none_object = objects_object(w, w->none, HEAD_OF(w));
	if (type_table_init(&w->types, &w->rt))
		abort();
	w->c = (struct ctx){ .l = &w->rt.layout, .r = fake_reader(w->f), .types = &w->types };
}

void objects_fini(struct objects *w)
{
	type_table_fini(&w->types);
	fake_free(w->f);
}

int edges_note(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct edges *e = arg;

	if (e->n < sizeof(e->seen) / sizeof(*e->seen)) {
		e->seen[e->n].to = to;
		e->seen[e->n].kind = kind;
		e->seen[e->n].label = *label;
	}
	e->n++;
	return e->stop_at && e->n == e->stop_at ? 7 : 0;
}

int edges_find(const struct edges *e, uint64_t to)
{
	for (size_t i = 0; i < e->n && i < sizeof(e->seen) / sizeof(*e->seen); i++) {
		if (e->seen[i].to == to)
			return (int)i;
	}
	return -1;
}
