/* SPDX-License-Identifier: MIT */
#include "heap/scan.h"
#include "object/text.h"

/*
 * What one object adds: its size, the memory it owns, its references. These
 * are loops for what heaps are made of; references into arenas cost a look
 * into a bitmap, and only others are remembered.
 */

#define WORDS_BATCH 512
#define BODY_MOST 1024

/* Bytes of the target, in place wherever that can be. */
static inline const uint8_t *bytes_at(struct scan *s, uint64_t address, uint64_t len, void *scratch)
{
	if (arenas_has(s->arenas, address)) {
		const uint8_t *p = arenas_bytes(s->arenas, address, len);

		if (p)
			return p;
		/* A copy of the chunk in work is as good. */
		if (s->bytes && address - s->chunk->start < INDEX_CHUNK_SIZE &&
		    len <= INDEX_CHUNK_SIZE - (address - s->chunk->start))
			return s->bytes + (address - s->chunk->start);
	}
	return reader_view(&s->reader, address, len, scratch);
}

static void words(struct scan *s, const uint8_t *p, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		scan_edge(s, load_u64(p + 8 * i));
}

/*
 * References in the @p n words at @p address: a lie about @p n ends where memory
 * does, and many such lies where the reader has had enough of them.
 */
static void words_at(struct scan *s, uint64_t address, uint64_t n)
{
	uint64_t scratch[WORDS_BATCH], done = 0;

	while (n) {
		uint64_t some = n < WORDS_BATCH ? n : WORDS_BATCH;
		const uint8_t *p = NULL;

		if (reader_spend(&s->reader, address, done, 8 * some))
			p = bytes_at(s, address, 8 * some, scratch);
		if (!p)
			return;
		words(s, p, some);
		n -= some;
		address += 8 * some;
		done += 8 * some;
	}
}

/* A dict's keys object, as much of it as is needed. */
struct keys {
	uint64_t entries, n, usable, bytes;
	uint64_t values; /* that a split dict has room for */
	uint32_t stride;
	bool unicode, owned;
};

static bool keys_old(const struct layout *l, const uint8_t *p, uint64_t at, struct keys *k)
{
	uint64_t size = load_u64(p + L(l, PyDictKeysObject, dk_size)), indices;

	if (!size || size & (size - 1) || size >> 40)
		return false;
	indices = size * (size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0xffffffff ? 4 : 8);
	k->values = k->usable = size * 2 / 3;
	k->stride = L(l, PyDictKeyEntry, sizeof);
	k->bytes = L(l, PyDictKeysObject, dk_indices) + indices;
	k->entries = at + k->bytes;
	k->bytes += k->usable * k->stride;
	k->unicode = false;
	return true;
}

static bool keys_log2(const struct layout *l, const uint8_t *p, uint64_t at, struct keys *k)
{
	unsigned size = p[L(l, PyDictKeysObject, dk_log2_size)];
	unsigned indices = p[L(l, PyDictKeysObject, dk_log2_index_bytes)];

	if (size > 40 || indices > 44)
		return false;
	k->unicode = p[L(l, PyDictKeysObject, dk_kind)] != 0;
	k->usable = (UINT64_C(1) << size) * 2 / 3;
	k->stride = k->unicode ? L(l, PyDictUnicodeEntry, sizeof) : L(l, PyDictKeyEntry, sizeof);
	k->bytes = L(l, PyDictKeysObject, dk_indices) + (UINT64_C(1) << indices);
	k->entries = at + k->bytes;
	k->bytes += k->usable * k->stride;
	k->values = load_u64(p + L(l, PyDictKeysObject, dk_usable)) +
		    load_u64(p + L(l, PyDictKeysObject, dk_nentries));
	return true;
}

static bool keys_at(struct scan *s, uint64_t at, struct keys *k)
{
	const struct layout *l = s->l;
	uint64_t scratch[8];
	const uint8_t *p;
	bool ok;

	if (at & 7 || L(l, PyDictKeysObject, dk_indices) > sizeof(scratch))
		return false;
	p = bytes_at(s, at, L(l, PyDictKeysObject, dk_indices), scratch);
	if (!p)
		return false;
	ok = FACT(l, DICT_KEYS_SHAPE) == DICT_KEYS_DK_SIZE ? keys_old(l, p, at, k) :
							      keys_log2(l, p, at, k);
	k->n = load_u64(p + L(l, PyDictKeysObject, dk_nentries));
	k->owned = load_u64(p + L(l, PyDictKeysObject, dk_refcnt)) == 1;
	return ok && k->n <= k->usable && (k->stride == 16 || k->stride == 24);
}

static void entries(struct scan *s, const struct keys *k)
{
	uint64_t scratch[3 * 128];

	if (k->stride == 16) {
		words_at(s, k->entries, 2 * k->n);
		return;
	}
	for (uint64_t i = 0; i < k->n; i += 128) {
		uint64_t some = k->n - i < 128 ? k->n - i : 128;
		const uint8_t *p = NULL;

		if (reader_spend(&s->reader, k->entries + i * 24, i * 24, some * 24))
			p = bytes_at(s, k->entries + i * 24, some * 24, scratch);
		if (!p)
			return;
		for (uint64_t e = 0; e < some; e++) {
			scan_edge(s, load_u64(p + 24 * e + 8));
			scan_edge(s, load_u64(p + 24 * e + 16));
		}
	}
}

/* The values that a word of ma_values or of an instance stands for. */
static void values_at(struct scan *s, uint64_t values, uint64_t n)
{
	uint8_t head[16];
	const uint8_t *p;

	if (values & 7)
		return;
	switch (FACT(s->l, DICT_VALUES)) {
	case DICT_VALUES_STRUCT:
		p = bytes_at(s, values, L(s->l, PyDictValues, values), head);
		if (!p)
			return;
		if (!p[L(s->l, PyDictValues, embedded)])
			scan_claim(s, values);
		words_at(s, values + L(s->l, PyDictValues, values),
			 p[L(s->l, PyDictValues, capacity)]);
		return;
	case DICT_VALUES_PREFIXED:
		p = bytes_at(s, values - 1, 1, head);
		if (p && !(*p & 7))
			scan_claim(s, values - *p);
		break;
	default:
		scan_claim(s, values);
		break;
	}
	words_at(s, values, n);
}

static uint64_t visit_dict(struct scan *s, struct scan_type *t, const uint8_t *body)
{
	uint64_t at = load_u64(body + L(s->l, PyDictObject, ma_keys));
	uint64_t values = load_u64(body + L(s->l, PyDictObject, ma_values));
	struct keys k;

	if (!keys_at(s, at, &k))
		return t->base;
	/* Shared keys are the type's memory; it does no harm to say so here. */
	scan_claim(s, at);
	if (values)
		values_at(s, values, k.n);
	else
		entries(s, &k);
	return t->base + (values && !(k.values >> 40) ? 8 * k.values : 0) + (k.owned ? k.bytes : 0);
}

static uint64_t visit_list(struct scan *s, struct scan_type *t, const uint8_t *body)
{
	uint64_t n = load_u64(body + L(s->l, PyVarObject, ob_size));
	uint64_t items = load_u64(body + L(s->l, PyListObject, ob_item));
	uint64_t room = load_u64(body + L(s->l, PyListObject, allocated));

	if (items) {
		/* The head is 0 bytes but in free-threaded builds. */
		scan_claim(s, items - L(s->l, _PyListArray, ob_item));
		words_at(s, items, n < room ? n : room);
	}
	return t->base + 8 * (room >> 48 ? 0 : room);
}

static uint64_t visit_tuple(struct scan *s, struct scan_type *t, uint64_t address,
			    const uint8_t *body)
{
	uint64_t n = load_u64(body + L(s->l, PyVarObject, ob_size));

	if (n >> 48)
		return t->base;
	words_at(s, address + L(s->l, PyTupleObject, ob_item), n);
	return t->base + 8 * n;
}

/* Entries of a table have keys and values in every dict; deleted ones have the same dead key. */
static uint64_t visit_table(struct scan *s, struct scan_type *t, uint64_t address,
			    const uint8_t *body)
{
	uint64_t mask = load_u64(body + L(s->l, PyDictObject, ma_mask));
	struct keys k = { .entries = load_u64(body + L(s->l, PyDictObject, ma_table)),
			  .n = mask + 1, .stride = L(s->l, PyDictKeyEntry, sizeof) };

	if (mask & k.n || mask >> 40 || k.entries & 7 || k.stride != 24)
		return t->base;
	entries(s, &k);
	if (k.entries == address + L(s->l, PyDictObject, ma_smalltable))
		return t->base;
	scan_claim(s, k.entries);
	return t->base + k.n * k.stride;
}

static uint64_t int_sizeof(const struct scan *s, const struct scan_type *t, const uint8_t *body)
{
	uint64_t word = load_u64(body + L(s->l, PyVarObject, ob_size)), n;

	if (FACT(s->l, INT_SHAPE) == INT_LV_TAG)
		n = word >> 3;
	else
		n = (int64_t)word < 0 ? -word : word;
	if (!n && FACT(s->l, INT_ZERO_HAS_DIGIT) == YES)
		n = 1;
	return L(s->l, PyLongObject, ob_digit) + t->type->sizeof_head +
	       (FACT(s->l, DIGIT_BITS) == 15 ? 2 : 4) * (n >> 48 ? 0 : n);
}

/* PyASCIIObject.state; Include/cpython/unicodeobject.h */
#define STATE_KIND(state) ((state) >> 2 & 7)
#define STATE_COMPACT 0x20u
#define STATE_ASCII 0x40u

static int edge(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct scan *s = arg;

	if (!s->edges)
		scan_edge(s, to);
	else if (edge_holds(kind, label))
		edge_sink_add_labelled(s->edges, to, label);
	return 0;
}

static void storage(void *arg, uint64_t address, uint64_t bytes)
{
	(void)bytes;
	scan_claim(arg, address);
}

static uint64_t visit_other(struct scan *s, struct scan_type *t, uint64_t address)
{
	struct object o = { address, t->type };
	uint64_t bytes;

	object_edges(&s->c, o, edge, s);
	if (!s->edges)
		object_storage(&s->c, o, storage, s);
	return object_sizeof(&s->c, o, &bytes) ? t->base : bytes;
}

static uint64_t visit_str(struct scan *s, struct scan_type *t, uint64_t address,
			  const uint8_t *body)
{
	uint32_t state = text_state(s->l, load_u32(body + L(s->l, PyASCIIObject, state)));

	/* Other forms own memory: their UTF-8, their characters, a wchar_t copy. */
	if (!(state & STATE_COMPACT) || !(state & STATE_ASCII) ||
	    (HAS(s->l, PyASCIIObject, wstr) && load_u64(body + L(s->l, PyASCIIObject, wstr))))
		return visit_other(s, t, address);
	return L(s->l, PyASCIIObject, sizeof) + t->type->sizeof_head + 1 +
	       load_u64(body + L(s->l, PyASCIIObject, length));
}

static uint64_t leaf_sizeof(const struct scan *s, const struct scan_type *t, const uint8_t *body)
{
	uint64_t bytes = 0, n = 0;

	if (t->type->itemsize)
		n = load_u64(body + L(s->l, PyVarObject, ob_size));
	if (__builtin_mul_overflow(n, t->type->itemsize, &bytes))
		bytes = 0;
	return t->base + bytes;
}

static void instance_dict(struct scan *s, uint64_t dict)
{
	scan_edge(s, dict);
	if (s->edges && dict)
		edge_sink_part(s->edges, dict);
}

/* Attributes that are not slots: in the two words before the collector's head. */
static void visit_managed_dict(struct scan *s, struct scan_type *t, uint64_t address,
			       const uint8_t *body)
{
	const uint8_t *head = body - s->gc_size;
	uint64_t dict = load_u64(head - 8), values;

	switch (FACT(s->l, MANAGED_DICT)) {
	case MANAGED_DICT_TWO_WORDS:
		values = load_u64(head - 16);
		if (values)
			values_at(s, values, t->n_values);
		break;
	case MANAGED_DICT_TAGGED:
		if (dict & 1) {
			values_at(s, dict + 1, t->n_values);
			return;
		}
		break;
	case MANAGED_DICT_INLINE:
		/* A dict, once there is one, owns the values, wherever they lie. */
		if (!dict && t->inline_values) {
			values = address + t->type->basicsize;
			words_at(s, values + L(s->l, PyDictValues, values),
				 body[t->type->basicsize + L(s->l, PyDictValues, capacity)]);
			return;
		}
		break;
	default:
		return;
	}
	instance_dict(s, dict);
}

static void visit_attributes(struct scan *s, struct scan_type *t, uint64_t address,
			     const uint8_t *body)
{
	const struct type *type = t->type;

	for (uint32_t i = type->first_slot; i < type->n_slots; i++)
		scan_edge(s, load_u64(body + type->slots[i].offset));
	if (type->flags & TPFLAGS_MANAGED_DICT)
		visit_managed_dict(s, t, address, body);
	else if (type->dictoffset > 0)
		instance_dict(s, load_u64(body + type->dictoffset));
}

bool scan_fits(const struct scan *s, const struct scan_type *t, const uint8_t *body, uint64_t room)
{
	const struct layout *l = s->l;
	uint64_t n;

	switch (t->kind) {
	case SCAN_LEAF:
		return leaf_sizeof(s, t, body) - t->type->sizeof_head <= room;
	case SCAN_INT:
		return int_sizeof(s, t, body) - t->type->sizeof_head <= room;
	case SCAN_TUPLE:
		n = load_u64(body + L(l, PyVarObject, ob_size));
		return n <= room / 8 && t->type->basicsize + 8 * n <= room;
	case SCAN_STR:
		/* Characters of at least a byte, if they are not elsewhere. */
		n = load_u64(body + L(l, PyASCIIObject, length));
		return !(text_state(l, load_u32(body + L(l, PyASCIIObject, state))) &
			 STATE_COMPACT) ||
		       (n < room && L(l, PyASCIIObject, sizeof) + n < room);
	default:
		return true;
	}
}

static uint64_t visit_kind(struct scan *s, struct scan_type *t, uint64_t address,
			   const uint8_t *body)
{
	uint64_t bytes;

	switch (t->kind) {
	case SCAN_LEAF:
		bytes = leaf_sizeof(s, t, body);
		break;
	case SCAN_INT:
		bytes = int_sizeof(s, t, body);
		break;
	case SCAN_STR:
		bytes = visit_str(s, t, address, body);
		break;
	case SCAN_TUPLE:
		bytes = visit_tuple(s, t, address, body);
		break;
	case SCAN_LIST:
		bytes = visit_list(s, t, body);
		break;
	case SCAN_DICT:
		bytes = FACT(s->l, DICT_KEYS_SHAPE) == DICT_KEYS_TABLE ?
				visit_table(s, t, address, body) :
				visit_dict(s, t, body);
		break;
	case SCAN_INSTANCE:
		bytes = t->base;
		break;
	default:
		return visit_other(s, t, address);
	}
	if (t->attributes)
		visit_attributes(s, t, address, body);
	/* While objects are counted, their types are found without this. */
	if (s->edges && t->type->flags & TPFLAGS_HEAPTYPE)
		scan_edge(s, t->address);
	return bytes;
}

uint64_t scan_visit(struct scan *s, struct scan_type *t, uint64_t address, const uint8_t *body)
{
	uint64_t bytes = visit_kind(s, t, address, body);

	/* More than there is: a length was damaged. */
	return bytes <= s->most_bytes ? bytes : t->base;
}

uint64_t scan_visit_at(struct scan *s, struct scan_type *t, uint64_t address)
{
	/* Statics have nothing before them, nor do they have attributes. */
	uint64_t before = t->attributes ? t->pre_header : 0;
	uint8_t scratch[BODY_MOST];
	const uint8_t *p = NULL;
	uint64_t bytes;

	if (t->kind != SCAN_OTHER && before + t->least <= sizeof(scratch))
		p = reader_probe(&s->reader, address - before, before + t->least, scratch);
	if (p)
		return scan_visit(s, t, address, p + before);
	bytes = visit_other(s, t, address);
	return bytes <= s->most_bytes ? bytes : t->base;
}
