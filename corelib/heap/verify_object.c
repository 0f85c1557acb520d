/* SPDX-License-Identifier: MIT */
#include "heap/verify.h"

#include "object/dict.h"
#include "object/text.h"

enum {
	BATCH = 4096, /* bytes looked at at a time */
	MOST_BASES = 64,
	SET_ENTRY_MOST = 32,
};

static bool is_a(const struct type *t, const char *name)
{
	for (unsigned i = 0; t && i < MOST_BASES; i++, t = t->base) {
		if (!strcmp(t->name, name))
			return true;
	}
	return false;
}

/*
 * Call @p fn for the @p n items of @p size bytes at @p at. @return false where they
 * cannot be read, or memory says that many once too often
 */
typedef void items_fn(void *arg, const unsigned char *items, size_t n);

static bool each_batch(struct verify *v, uint64_t at, uint64_t n, uint32_t size, items_fn *fn,
		       void *arg)
{
	unsigned char scratch[BATCH + SET_ENTRY_MOST];
	uint64_t done = 0, most = BATCH / size;

	while (done < n) {
		uint64_t some = n - done < most ? n - done : most;
		const unsigned char *p = NULL;

		if (reader_spend(&v->reader, at + done * size, done * size, some * size))
			p = reader_probe(&v->reader, at + done * size, some * size, scratch);
		if (!p)
			return false;
		fn(arg, p, some);
		done += some;
	}
	return true;
}

struct index_count {
	unsigned width;
	uint64_t entries;
	uint64_t used, wrong;
	int64_t wrong_value;
};

static void count_indices(void *arg, const unsigned char *items, size_t n)
{
	struct index_count *count = arg;

	for (size_t i = 0; i < n; i++) {
		uint64_t word = 0;
		int64_t index;

		memcpy(&word, items + i * count->width, count->width);
		/* Sign-extended: -1 is empty, -2 was deleted. */
		index = (int64_t)(word << (64 - 8 * count->width)) >> (64 - 8 * count->width);
		count->used += index >= 0;
		if (index < -2 || (index >= 0 && (uint64_t)index >= count->entries)) {
			count->wrong_value = index;
			count->wrong++;
		}
	}
}

/* How many slots the hash table has, and the bytes of an index in one. */
static bool table_of(struct verify *v, const struct dict_keys *k, uint64_t *slots, unsigned *width)
{
	const struct layout *l = v->c.l;
	uint64_t size, bytes;

	if (FACT(l, DICT_KEYS_SHAPE) == DICT_KEYS_DK_SIZE) {
		if (!PROBE(l, &v->reader, k->address, PyDictKeysObject, dk_size, &size))
			return false;
		*slots = size;
		*width = size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0xffffffff ? 4 : 8;
		return true;
	}
	if (!PROBE(l, &v->reader, k->address, PyDictKeysObject, dk_log2_size, &size) ||
	    !PROBE(l, &v->reader, k->address, PyDictKeysObject, dk_log2_index_bytes, &bytes) ||
	    size > 40 || bytes < size || bytes - size > 3)
		return false;
	*slots = UINT64_C(1) << size;
	*width = 1u << (bytes - size);
	return true;
}

static void verify_indices(struct verify *v, struct object o, const struct dict *d)
{
	struct index_count count = { .entries = d->keys.n };
	uint64_t at = d->keys.address + L(v->c.l, PyDictKeysObject, dk_indices), slots;

	if (d->keys.empty || !table_of(v, &d->keys, &slots, &count.width) ||
	    !each_batch(v, at, slots, count.width, count_indices, &count))
		return;
	if (count.wrong)
		verify_fault(v, FAULT_DICT, o.address, at,
			     "its hash table has %llu indices that lead to none of its %llu entries, "
			     "such as %lld",
			     (unsigned long long)count.wrong, (unsigned long long)count.entries,
			     (long long)count.wrong_value);
	else if (!d->values && count.used != d->used)
		verify_fault(v, FAULT_DICT, o.address, at,
			     "its hash table has %llu indices in use, but it counts %llu items",
			     (unsigned long long)count.used, (unsigned long long)d->used);
}

/* The hash that an entry has for a str is the one that the str has. */
static void verify_hash(struct verify *v, struct object o, const struct dict *d, uint64_t entry,
			uint64_t key)
{
	const struct layout *l = v->c.l;
	struct object k;
	uint64_t ours, theirs;

	if (d->keys.unicode || object_at(&v->c, key, &k) || strcmp(k.type->name, "str") ||
	    !PROBE(l, &v->reader, entry, PyDictKeyEntry, me_hash, &ours) ||
	    !PROBE(l, &v->reader, key, PyASCIIObject, hash, &theirs) || ours == theirs)
		return;
	verify_fault(v, FAULT_DICT, o.address, entry + L(l, PyDictKeyEntry, me_hash),
		     "the hash of the key at 0x%llx is 0x%llx in the dict and 0x%llx in the key",
		     (unsigned long long)key, (unsigned long long)ours, (unsigned long long)theirs);
}

static void verify_entries(struct verify *v, struct object o, const struct dict *d)
{
	struct dict_iter it;
	uint64_t key, value, live = 0;

	dict_iter_init(&it, &v->reader, d);
	while (dict_next(&it, &key, &value)) {
		live++;
		if (!d->values && type_is_address(key))
			verify_hash(v, o, d, d->keys.entries + (it.next - 1) * d->keys.stride, key);
	}
	if (!it.status && live != d->used)
		verify_fault(v, FAULT_DICT, o.address,
			     o.address + L(v->c.l, PyDictObject, ma_used),
			     "it counts %llu items and has %llu", (unsigned long long)d->used,
			     (unsigned long long)live);
}

static void verify_dict(struct verify *v, struct object o)
{
	uint64_t faults = v->reader.faults;
	struct dict d;
	int status = dict_at(v->c.l, &v->reader, o.address, &d);

	v->checked[CHECK_DICTS]++;
	if (status == PYCORE_ERR_DAMAGED)
		verify_fault(v, FAULT_DICT, o.address, o.address + L(v->c.l, PyDictObject, ma_keys),
			     "its table of keys makes no sense");
	v->reader.faults = faults;
	if (status)
		return;
	verify_entries(v, o, &d);
	verify_indices(v, o, &d);
}

static void verify_list(struct verify *v, struct object o)
{
	const struct layout *l = v->c.l;
	uint64_t n, room, items;

	v->checked[CHECK_LISTS]++;
	if (!PROBE(l, &v->reader, o.address, PyVarObject, ob_size, &n) ||
	    !PROBE(l, &v->reader, o.address, PyListObject, allocated, &room) ||
	    !PROBE(l, &v->reader, o.address, PyListObject, ob_item, &items))
		return;
	/* While list.sort() sorts it, a list is empty and has room for -1. */
	if (room == UINT64_MAX && !n)
		return;
	if (n > room)
		verify_fault(v, FAULT_LIST, o.address, o.address + L(l, PyVarObject, ob_size),
			     "it has %lld items, and room for %lld", (long long)n, (long long)room);
	else if (room && !items)
		verify_fault(v, FAULT_LIST, o.address, o.address + L(l, PyListObject, ob_item),
			     "it has room for %lld items nowhere", (long long)room);
}

/* Where the memory ends that an object at @p address can have at most. */
static uint64_t memory_end(struct verify *v, uint64_t address)
{
	uint64_t room = arenas_room(&v->h->arenas, address);
	const struct region *r;

	if (room)
		return address + room;
	r = target_region_at(v->reader.target, address);
	return r ? r->end : address;
}

static void verify_tuple(struct verify *v, struct object o)
{
	const struct layout *l = v->c.l;
	uint64_t n, end = memory_end(v, o.address);

	v->checked[CHECK_TUPLES]++;
	if (PROBE(l, &v->reader, o.address, PyVarObject, ob_size, &n) &&
	    n > (end - o.address) / sizeof(uint64_t))
		verify_fault(v, FAULT_TUPLE, o.address, o.address + L(l, PyVarObject, ob_size),
			     "it has %lld items, and memory for %llu at most", (long long)n,
			     (unsigned long long)((end - o.address) / sizeof(uint64_t)));
}

struct characters {
	unsigned kind;
	uint32_t all; /* bits that any has */
};

static void add_characters(void *arg, const unsigned char *items, size_t n)
{
	struct characters *c = arg;

	for (size_t i = 0; i < n; i++) {
		uint32_t ch = 0;

		memcpy(&ch, items + i * c->kind, c->kind);
		c->all |= ch;
	}
}

/* PyUnicode_READY() and what makes strings choose the narrowest kind that holds all characters. */
static const char *wrong_kind(const struct text *t, uint32_t all)
{
	if (t->ascii)
		return all > 0x7f ? "it is said to be ASCII, and is not" : NULL;
	if (!t->length)
		return NULL;
	if (t->kind == 1)
		return all <= 0x7f ? "it is ASCII, and said not to be" : NULL;
	if (t->kind == 2)
		return all <= 0xff ? "its characters are wider than they need be" : NULL;
	return all <= 0xffff ? "its characters are wider than they need be" : NULL;
}

/* One that C code is still writing into: one reference, and its hash was never wanted. */
static bool may_be_in_work(struct verify *v, struct object o)
{
	int64_t references;
	uint64_t hash;

	return !object_refcount(&v->c, o.address, &references) && references == 1 &&
	       PROBE(v->c.l, &v->reader, o.address, PyASCIIObject, hash, &hash) && hash == UINT64_MAX;
}

static void verify_text(struct verify *v, struct object o, const struct text *t)
{
	struct characters chars = { .kind = t->kind };
	const char *wrong;
	uint32_t end = 0;

	if (!t->data || !each_batch(v, t->data, t->length, t->kind, add_characters, &chars))
		return;
	/* Those of 2.7 have one width, whatever their characters. */
	wrong = FACT(v->c.l, TEXT) == TEXT_BYTES ? NULL : wrong_kind(t, chars.all);
	if (may_be_in_work(v, o))
		return;
	if (wrong)
		verify_fault(v, FAULT_STR, o.address, t->data, "%s", wrong);
	if (reader_copy(&v->reader, t->data + t->length * t->kind, &end, t->kind) == t->kind && end)
		verify_fault(v, FAULT_STR, o.address, t->data + t->length * t->kind,
			     "no NUL stands behind its %llu characters",
			     (unsigned long long)t->length);
}

static void verify_str(struct verify *v, struct object o)
{
	struct text t;
	int status = text_at(v->c.l, &v->reader, o.address, &t);

	v->checked[CHECK_STRS]++;
	if (status == PYCORE_ERR_DAMAGED)
		verify_fault(v, FAULT_STR, o.address, o.address + L(v->c.l, PyASCIIObject, state),
			     "its length and kind make no sense");
	/* What was made from wchar_t, and never made ready, has other rules. */
	if (!status && (t.compact || t.data != t.wstr))
		verify_text(v, o, &t);
}

static void verify_bytes(struct verify *v, struct object o)
{
	const struct layout *l = v->c.l;
	uint64_t n, at;
	char end;

	v->checked[CHECK_BYTES]++;
	if (!PROBE(l, &v->reader, o.address, PyVarObject, ob_size, &n) || n >> 44)
		return;
	at = o.address + L(l, PyBytesObject, ob_sval) + n;
	if (reader_copy(&v->reader, at, &end, 1) == 1 && end)
		verify_fault(v, FAULT_BYTES, o.address, at, "no NUL stands behind its %llu bytes",
			     (unsigned long long)n);
}

struct set_count {
	const struct layout *l;
	uint32_t size;
	uint64_t used, fill;
};

static void count_entries(void *arg, const unsigned char *items, size_t n)
{
	struct set_count *count = arg;

	for (size_t i = 0; i < n; i++) {
		uint64_t key;
		int64_t hash;

		memcpy(&key, items + i * count->size + L(count->l, setentry, key), 8);
		memcpy(&hash, items + i * count->size + L(count->l, setentry, hash), 8);
		count->fill += key != 0;
		count->used += key && hash != -1; /* else a dummy */
	}
}

static void verify_set(struct verify *v, struct object o)
{
	const struct layout *l = v->c.l;
	struct set_count count = { .l = l, .size = L(l, setentry, sizeof) };
	uint64_t fill, used, mask, table, hashed;

	v->checked[CHECK_SETS]++;
	if (!PROBE(l, &v->reader, o.address, PySetObject, fill, &fill) ||
	    !PROBE(l, &v->reader, o.address, PySetObject, used, &used) ||
	    !PROBE(l, &v->reader, o.address, PySetObject, mask, &mask) ||
	    !PROBE(l, &v->reader, o.address, PySetObject, table, &table) ||
	    count.size < 16 || count.size > SET_ENTRY_MOST)
		return;
	if (used > fill || fill > mask || mask & (mask + 1) || mask >> 40) {
		verify_fault(v, FAULT_SET, o.address, o.address + L(l, PySetObject, fill),
			     "%lld items in %lld of %lld entries cannot be", (long long)used,
			     (long long)fill, (long long)mask + 1);
		return;
	}
	/* A dummy of 2.7 keeps the hash of what was there. */
	hashed = FACT(l, TEXT) == TEXT_BYTES ? fill : used;
	if (each_batch(v, table, mask + 1, count.size, count_entries, &count) &&
	    (count.used != hashed || count.fill != fill))
		verify_fault(v, FAULT_SET, o.address, o.address + L(l, PySetObject, used),
			     "it counts %llu items in %llu entries, and has %llu in %llu",
			     (unsigned long long)used, (unsigned long long)fill,
			     (unsigned long long)count.used, (unsigned long long)count.fill);
}

void verify_contents(struct verify *v, struct object o)
{
	uint64_t flags = o.type->flags;

	if (flags & TPFLAGS_UNICODE)
		verify_str(v, o);
	else if (flags & TPFLAGS_DICT)
		verify_dict(v, o);
	else if (flags & TPFLAGS_LIST)
		verify_list(v, o);
	else if (flags & TPFLAGS_BYTES)
		verify_bytes(v, o);
	else if (flags & TPFLAGS_TUPLE)
		verify_tuple(v, o);
	else if (is_a(o.type, "set") || is_a(o.type, "frozenset"))
		verify_set(v, o);
}
