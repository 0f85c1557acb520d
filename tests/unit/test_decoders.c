/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/objects.h"

#define GC L(w.l, PyGC_Head, sizeof)

/* Twice: with reads in place, and copied. */
#define EACH_LAYOUT(w)                                                                             \
	for (unsigned i_ = 0; objects_layout(i_ / 2) && (objects_init(w, objects_layout(i_ / 2)),            \
						    fake_in_place((w)->f, i_ % 2), true);          \
	     i_++, objects_fini(w))

static struct object object(struct objects *w, uint64_t address)
{
	struct object o;

	assert_int_equal(object_at(&w->c, address, &o), 0);
	return o;
}

static int edges_of(struct objects *w, uint64_t address, struct edges *e)
{
	*e = (struct edges){ .n = 0 };
	return object_edges(&w->c, object(w, address), edges_note, e);
}

static uint64_t size_of(struct objects *w, uint64_t address)
{
	uint64_t bytes = 0;

	object_sizeof(&w->c, object(w, address), &bytes);
	return bytes;
}

struct blocks {
	uint64_t address[8], bytes[8];
	size_t n;
};

static void note_block(void *arg, uint64_t address, uint64_t bytes)
{
	struct blocks *b = arg;

	if (b->n < 8) {
		b->address[b->n] = address;
		b->bytes[b->n] = bytes;
	}
	b->n++;
}

static void a_tuple_refers_to_its_items_by_index(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t items[3] = { w.none_object, 0, objects_int(&w, 5) };
		uint64_t t = objects_tuple(&w, items, 3);
		struct edges e;

		assert_int_equal(edges_of(&w, t, &e), 0);
		assert_int_equal(e.n, 2);
		assert_int_equal(e.seen[1].to, items[2]);
		assert_int_equal(e.seen[1].label.kind, LABEL_INDEX);
		assert_int_equal(e.seen[1].label.index, 2);
		assert_int_equal(e.seen[1].kind, EDGE_OWNED);
		assert_int_equal(size_of(&w, t), L(w.l, PyTupleObject, ob_item) + 24 + GC);
	}
}

static void a_length_beyond_memory_is_a_fault(void **state)
{
	static const uint64_t lengths[] = { UINT64_C(1) << 30, UINT64_C(1) << 40, INT64_MAX,
					    UINT64_C(1) << 63, UINT64_MAX - (1 << 20) };
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
			uint64_t items[2] = { w.none_object, w.none_object };
			uint64_t t = objects_tuple(&w, items, 2), bytes;
			struct edges e;

			PUT(&w, t, PyVarObject, ob_size, lengths[i]);
			assert_true(edges_of(&w, t, &e) < 0);
			object_sizeof(&w.c, object(&w, t), &bytes);
			assert_true(bytes < UINT64_C(1) << 48);
			t = objects_list(&w, items, 2);
			PUT(&w, t, PyVarObject, ob_size, lengths[i]);
			assert_true(edges_of(&w, t, &e) < 0);
			PUT(&w, t, PyListObject, allocated, lengths[i]);
			assert_true(edges_of(&w, t, &e) < 0);
		}
	}
}

static void a_tuple_that_holds_itself_is_one_reference(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = objects_tuple(&w, &(uint64_t){ 0 }, 1);
		struct edges e;

		fake_u64(w.f, t + L(w.l, PyTupleObject, ob_item), t);
		assert_int_equal(edges_of(&w, t, &e), 0);
		assert_int_equal(e.n, 1);
		assert_int_equal(e.seen[0].to, t);
	}
}

static void a_list_owns_the_array_of_its_items(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t l = objects_list(&w, &w.none_object, 1);
		struct blocks b = { .n = 0 };
		struct edges e;

		assert_int_equal(edges_of(&w, l, &e), 0);
		assert_int_equal(e.n, 1);
		object_storage(&w.c, object(&w, l), note_block, &b);
		assert_int_equal(b.n, 1);
		assert_int_equal(b.bytes[0], 16 + L(w.l, _PyListArray, ob_item));
		assert_int_equal(size_of(&w, l), L(w.l, PyListObject, sizeof) + 16 + GC);
	}
}

static void a_walk_ends_where_it_is_asked_to(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t items[3] = { w.none_object, w.none_object, w.none_object };
		struct edges e = { .stop_at = 2 };
		uint64_t t = objects_tuple(&w, items, 3);

		assert_int_equal(object_edges(&w.c, object(&w, t), edges_note, &e), 7);
		assert_int_equal(e.n, 2);
	}
}

static void a_dict_refers_to_keys_and_by_keys_to_values(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t keys[3], values[3] = { objects_int(&w, 1), 0, objects_int(&w, 2) }, d;
		struct blocks b = { .n = 0 };
		struct edges e;

		for (int i = 0; i < 3; i++)
			keys[i] = objects_str(&w, "key");
		d = objects_dict(&w, keys, values, 3);
		assert_int_equal(edges_of(&w, d, &e), 0);
		assert_int_equal(e.n, 4); /* the second was deleted */
		assert_int_equal(e.seen[2].to, keys[2]);
		assert_int_equal(e.seen[2].label.kind, LABEL_IS_KEY);
		assert_int_equal(e.seen[3].to, values[2]);
		assert_int_equal(e.seen[3].label.kind, LABEL_KEY);
		assert_int_equal(e.seen[3].label.key, keys[2]);
		object_storage(&w.c, object(&w, d), note_block, &b);
		/* A small table is inside the dict (2.7). */
		assert_int_equal(b.n, FACT(w.l, DICT_KEYS_SHAPE) != DICT_KEYS_TABLE);
		assert_int_equal(size_of(&w, d),
				 L(w.l, PyDictObject, sizeof) + GC + (b.n ? b.bytes[0] : 0));
	}
}

static void keys_that_make_no_sense_are_damage(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t key = objects_str(&w, "k"), d = objects_dict(&w, &key, &key, 1), keys;
		struct blocks b = { .n = 0 };
		struct edges e;

		if (FACT(w.l, DICT_KEYS_SHAPE) == DICT_KEYS_TABLE)
			continue;
		fake_in_place(w.f, true);
		reader_forget(w.c.r);
		assert_true(LOAD(w.l, w.c.r, d, PyDictObject, ma_keys, &keys));
		PUT(&w, keys, PyDictKeysObject, dk_log2_size, 200);
		PUT(&w, keys, PyDictKeysObject, dk_size, 200);
		assert_true(edges_of(&w, d, &e) < 0);
		assert_int_equal(e.n, 0);
		PUT(&w, keys, PyDictKeysObject, dk_log2_size, 3);
		PUT(&w, keys, PyDictKeysObject, dk_size, 8);
		PUT(&w, keys, PyDictKeysObject, dk_nentries, UINT64_C(1) << 40);
		assert_true(edges_of(&w, d, &e) < 0);
		PUT(&w, keys, PyDictKeysObject, dk_nentries, UINT64_MAX);
		assert_true(edges_of(&w, d, &e) < 0);
		PUT(&w, d, PyDictObject, ma_keys, UINT64_MAX - 64);
		assert_true(edges_of(&w, d, &e) < 0);
		object_storage(&w.c, object(&w, d), note_block, &b);
		assert_int_equal(b.n, 0);
	}
}

static void a_table_that_makes_no_sense_is_damage(void **state)
{
	static const uint64_t masks[] = { 6, UINT64_MAX, (UINT64_C(1) << 60) - 1 };
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t key = objects_str(&w, "k"), d = objects_dict(&w, &key, &key, 1), at;
		struct blocks b = { .n = 0 };
		struct edges e;

		if (FACT(w.l, DICT_KEYS_SHAPE) != DICT_KEYS_TABLE)
			continue;
		for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
			PUT(&w, d, PyDictObject, ma_mask, masks[i]);
			assert_true(edges_of(&w, d, &e) < 0);
			assert_int_equal(e.n, 0);
		}
		/* As many as memory has, and no more. */
		PUT(&w, d, PyDictObject, ma_mask, (UINT64_C(1) << 38) - 1);
		assert_true(edges_of(&w, d, &e) < 0);
		PUT(&w, d, PyDictObject, ma_mask, 15);
		at = objects_room(&w, 16 * 24);
		PUT(&w, d, PyDictObject, ma_table, at);
		assert_int_equal(edges_of(&w, d, &e), 0);
		object_storage(&w.c, object(&w, d), note_block, &b);
		assert_int_equal(b.n, 1);
		assert_int_equal(b.bytes[0], 16 * 24);
		assert_int_equal(size_of(&w, d), L(w.l, PyDictObject, sizeof) + GC + 16 * 24);
		PUT(&w, d, PyDictObject, ma_table, at + 1);
		assert_true(edges_of(&w, d, &e) < 0);
	}
}

static void a_split_dict_takes_keys_from_its_class(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t key = objects_str(&w, "attr"), value = objects_int(&w, 7);
		uint64_t d = objects_object(&w, w.dict, L(w.l, PyDictObject, sizeof));
		uint64_t values = objects_room(&w, 128) + 16, first = values;
		struct blocks b = { .n = 0 };
		struct edges e;

		if (!HAS(w.l, PyDictObject, ma_values))
			continue;
		if (FACT(w.l, DICT_VALUES) == DICT_VALUES_STRUCT) {
			PUT(&w, values, PyDictValues, capacity, 5);
			first += L(w.l, PyDictValues, values);
		}
		if (FACT(w.l, DICT_VALUES) == DICT_VALUES_PREFIXED)
			fake_u8(w.f, values - 1, 8);
		fake_u64(w.f, first, value);
		PUT(&w, d, PyDictObject, ma_used, 1);
		PUT(&w, d, PyDictObject, ma_keys, objects_keys(&w, &key, NULL, 1));
		PUT(&w, d, PyDictObject, ma_values, values);
		assert_int_equal(edges_of(&w, d, &e), 0);
		assert_int_equal(e.n, 1);
		assert_int_equal(e.seen[0].to, value);
		assert_int_equal(e.seen[0].label.key, key);
		assert_int_equal(size_of(&w, d), L(w.l, PyDictObject, sizeof) + GC + 5 * 8);
		object_storage(&w.c, object(&w, d), note_block, &b);
		assert_int_equal(b.n, 2);
	}
}

static void an_instance_refers_to_its_attributes_by_name(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t key = objects_str(&w, "attr"), value = objects_int(&w, 7);
		uint64_t flags = TPFLAGS_HAVE_GC | TPFLAGS_MANAGED_DICT | TPFLAGS_INLINE_VALUES;
		uint64_t t = objects_class(&w, "C", 0, flags, HEAD_OF(&w)), o, values;
		uint64_t shared = objects_keys(&w, &key, NULL, 1), behind;
		struct edges e;
		int i;

		PUT(&w, t, PyHeapTypeObject, ht_cached_keys, shared);
		o = objects_room(&w, 128) + 32;
		objects_count(&w, o, 1);
		PUT(&w, o, PyObject, ob_type, t);
		values = objects_room(&w, 128) + 16;
		switch (FACT(w.l, MANAGED_DICT)) {
		case MANAGED_DICT_NONE:
			continue;
		case MANAGED_DICT_TWO_WORDS:
			fake_u64(w.f, o - 32, values);
			fake_u8(w.f, values - 1, 8);
			fake_u64(w.f, values, value);
			break;
		case MANAGED_DICT_TAGGED:
			fake_u64(w.f, o - 24, values - 1);
			fake_u8(w.f, values - 1, 8);
			fake_u64(w.f, values, value);
			break;
		default:
			behind = o + HEAD_OF(&w);
			PUT(&w, behind, PyDictValues, capacity, 2);
			PUT(&w, behind, PyDictValues, valid, 1);
			fake_u64(w.f, behind + L(w.l, PyDictValues, values), value);
		}
		assert_int_equal(edges_of(&w, o, &e), 0);
		i = edges_find(&e, value);
		assert_true(i >= 0);
		assert_int_equal(e.seen[i].label.kind, LABEL_ATTR_KEY);
		assert_int_equal(e.seen[i].label.key, key);
		assert_true(edges_find(&e, t) >= 0);
		assert_int_equal(e.n, 2);
	}
}

static void an_instance_dict_is_an_attribute_of_its_instance(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t d = objects_dict(&w, NULL, (uint64_t[1]){ 0 }, 0);
		uint64_t head = HEAD_OF(&w);
		uint64_t t = objects_static_type(&w, "thing", 0, 0, head + 16, 0), o;
		struct edges e;

		PUT(&w, t, PyTypeObject, tp_dictoffset, head + 8);
		o = objects_object(&w, t, head + 16);
		fake_u64(w.f, o + head + 8, d);
		fake_u64(w.f, o + head, w.none_object);
		assert_int_equal(edges_of(&w, o, &e), 0);
		assert_int_equal(e.n, 2);
		assert_string_equal(e.seen[1].label.text, "__dict__");
		assert_int_equal(e.seen[1].to, d);
		assert_int_equal(e.seen[0].kind, EDGE_GUESS);
	}
}

static void a_set_leaves_out_what_was_discarded(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t s = objects_object(&w, w.set, L(w.l, PySetObject, sizeof));
		uint64_t table = s + L(w.l, PySetObject, smalltable);
		uint32_t size = L(w.l, setentry, sizeof);
		struct edges e;

		PUT(&w, s, PySetObject, mask, 7);
		PUT(&w, s, PySetObject, table, table);
		PUT(&w, table + size, setentry, key, w.none_object);
		PUT(&w, table + size, setentry, hash, 5);
		PUT(&w, table + 3 * size, setentry, key, w.object);
		PUT(&w, table + 3 * size, setentry, hash, UINT64_MAX);
		assert_int_equal(edges_of(&w, s, &e), 0);
		assert_int_equal(e.n, 1);
		assert_int_equal(size_of(&w, s), L(w.l, PySetObject, sizeof) + GC);
	}
}

static void a_set_with_a_mask_that_is_none_is_damage(void **state)
{
	static const uint64_t masks[] = { 6, UINT64_MAX, UINT64_MAX - 1, (UINT64_C(1) << 39) - 1 };
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
			uint64_t s = objects_object(&w, w.set, L(w.l, PySetObject, sizeof));
			struct edges e;

			PUT(&w, s, PySetObject, mask, masks[i]);
			PUT(&w, s, PySetObject, table, s + L(w.l, PySetObject, smalltable));
			assert_true(edges_of(&w, s, &e) < 0);
		}
	}
}

static int count(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	(void)to;
	(void)kind;
	(void)label;
	++*(uint64_t *)arg;
	return 0;
}

static void a_ring_of_a_deques_blocks_ends_though_its_items_do_not(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w) {
		uint64_t t = objects_static_type(&w, "collections.deque", 0, TPFLAGS_HAVE_GC,
						 L(w.l, dequeobject, sizeof), 0);
		uint64_t d = objects_object(&w, t, L(w.l, dequeobject, sizeof));
		uint64_t block = objects_room(&w, L(w.l, block, sizeof)), n = 0;

		if (!HAS(w.l, dequeobject, len))
			PUT(&w, d, PyVarObject, ob_size, UINT64_C(1) << 43);
		PUT(&w, d, dequeobject, len, UINT64_C(1) << 43);
		PUT(&w, d, dequeobject, leftblock, block);
		PUT(&w, d, dequeobject, rightblock, block);
		PUT(&w, block, block, rightlink, block);
		for (unsigned i = 0; i < 62; i++)
			fake_u64(w.f, block + L(w.l, block, data) + 8 * i, d);
		assert_int_equal(object_edges(&w.c, object(&w, d), count, &n), PYCORE_ERR_FAULT);
		assert_in_range(n, 64, UINT64_C(100) << 20);
	}
}

static void a_ring_of_a_deques_blocks_ends_with_its_items(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = objects_static_type(&w, "collections.deque", 0, TPFLAGS_HAVE_GC,
						 L(w.l, dequeobject, sizeof), 0);
		uint64_t d = objects_object(&w, t, L(w.l, dequeobject, sizeof));
		uint64_t block = objects_room(&w, L(w.l, block, sizeof));
		struct edges e;

		if (!HAS(w.l, dequeobject, len))
			PUT(&w, d, PyVarObject, ob_size, 130);
		/* 62 a block. */
		PUT(&w, d, dequeobject, len, 126);
		PUT(&w, d, dequeobject, leftblock, block);
		PUT(&w, d, dequeobject, rightblock, block);
		PUT(&w, d, dequeobject, leftindex, 60);
		PUT(&w, block, block, rightlink, block);
		fake_u64(w.f, block + L(w.l, block, data) + 8 * 61, w.none_object);
		assert_int_equal(edges_of(&w, d, &e), 0);
		assert_int_equal(e.n, 3); /* 4 items (2), 64 (62), and 62: each with number 61 */
		assert_int_equal(e.seen[0].label.index, 1);
		PUT(&w, d, dequeobject, leftindex, UINT64_MAX);
		reader_forget(w.c.r);
		assert_true(edges_of(&w, d, &e) < 0);
	}
}

static void a_ring_of_a_queue_is_read_around_its_end(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = objects_static_type(&w, "_queue.SimpleQueue", 0, TPFLAGS_HAVE_GC, 112, 0);
		uint64_t q = objects_object(&w, t, 112), items = objects_room(&w, 32);
		struct edges e;

		if (!HAS(w.l, simplequeueobject, items))
			continue;
		PUT(&w, q, simplequeueobject, items, items);
		PUT(&w, q, simplequeueobject, items_cap, 4);
		PUT(&w, q, simplequeueobject, num_items, 2);
		PUT(&w, q, simplequeueobject, get_idx, 3);
		fake_u64(w.f, items, w.none_object);
		fake_u64(w.f, items + 24, w.object);
		assert_int_equal(edges_of(&w, q, &e), 0);
		assert_int_equal(e.n, 2);
		assert_int_equal(e.seen[1].to, w.none_object);
		assert_int_equal(e.seen[1].label.index, 1);
		PUT(&w, q, simplequeueobject, get_idx, UINT64_MAX);
		assert_true(edges_of(&w, q, &e) < 0);
		PUT(&w, q, simplequeueobject, items_cap, UINT64_MAX);
		assert_true(edges_of(&w, q, &e) < 0);
	}
}

static void an_element_refers_to_its_children(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = objects_static_type(&w, "xml.etree.ElementTree.Element", 0,
						 TPFLAGS_HAVE_GC, HEAD_OF(&w) + 40, 0);
		uint64_t at = objects_object(&w, t, HEAD_OF(&w) + 40), extra = objects_room(&w, 64);
		uint64_t children = extra + L(w.l, ElementObjectExtra, _children);
		struct edges e;

		if (!HAS(w.l, ElementObject, extra))
			continue;
		PUT(&w, at, ElementObject, extra, extra);
		PUT(&w, at, ElementObject, text, w.none_object + 1);
		PUT(&w, extra, ElementObjectExtra, allocated, 4);
		PUT(&w, extra, ElementObjectExtra, length, 1);
		PUT(&w, extra, ElementObjectExtra, children, children);
		fake_u64(w.f, children, w.object);
		assert_int_equal(edges_of(&w, at, &e), 0);
		assert_int_equal(e.n, 2);
		assert_int_equal(e.seen[0].to, w.none_object);
		assert_int_equal(size_of(&w, at),
				 HEAD_OF(&w) + 40 + GC +
					 (FACT(w.l, LIBRARY_SIZEOF) != YES ?
						  0 :
						  L(w.l, ElementObjectExtra, sizeof)));
		PUT(&w, extra, ElementObjectExtra, length, UINT64_MAX);
		assert_true(edges_of(&w, at, &e) < 0);
	}
}

static void a_weak_reference_is_weak(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = objects_static_type(&w, "weakref", 0, TPFLAGS_HAVE_GC, 96, 0);
		uint64_t r = objects_object(&w, t, 96);
		struct edges e;

		PUT(&w, r, PyWeakReference, wr_object, w.none_object);
		PUT(&w, r, PyWeakReference, wr_callback, w.object);
		assert_int_equal(edges_of(&w, r, &e), 0);
		assert_int_equal(e.n, 2);
		assert_int_equal(e.seen[0].kind, EDGE_WEAK);
		assert_int_equal(e.seen[1].kind, EDGE_OWNED);
	}
}

static void immortal_objects_have_no_count(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t o = objects_object(&w, w.floating, HEAD_OF(&w) + 8);
		int64_t count;

		objects_count(&w, o, 3);
		assert_int_equal(object_refcount(&w.c, o, &count), 0);
		assert_int_equal(count, 3);
		reader_forget(w.c.r);
		if (FACT(w.l, IMMORTAL) == IMMORTAL_LOCAL)
			objects_count(&w, o, UINT32_MAX);
		else
			fake_u64(w.f, o, UINT64_C(0x00050000C0000000));
		object_refcount(&w.c, o, &count);
		if (FACT(w.l, IMMORTAL) == IMMORTAL_NONE)
			assert_true(count > 0);
		else
			assert_int_equal(count, -1);
	}
}

static void a_count_in_two_parts_is_their_sum(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t o = objects_list(&w, NULL, 0);
		int64_t count;

		if (!HAS(w.l, PyObject, ob_ref_shared))
			continue;
		objects_count(&w, o, 5);
		/* The low bits are flags. */
		PUT(&w, o, PyObject, ob_ref_shared, 7 << 2 | 3);
		assert_int_equal(object_refcount(&w.c, o, &count), 0);
		assert_int_equal(count, 12);
		/* Others have given up more references than they had taken. */
		PUT(&w, o, PyObject, ob_ref_shared, (uint64_t)-2 << 2 | 1);
		reader_forget(w.c.r);
		object_refcount(&w.c, o, &count);
		assert_int_equal(count, 3);
	}
}

static void a_static_type_has_no_head_where_it_is_not_counted(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t head = FACT(w.l, SIZEOF_HEAD) == SIZEOF_PRE_HEADER ? 16 : 0;

		/* To 2.7 all types were taken to be as big as one that is made by a program. */
		uint64_t size = HAS(w.l, PyHeapTypeObject, ht_cached_keys) ?
					L(w.l, PyTypeObject, sizeof) :
					L(w.l, PyHeapTypeObject, sizeof);

		assert_int_equal(size_of(&w, w.dict), size + head);
		assert_false(object_gc_tracked(&w.c, object(&w, w.dict)));
	}
}

static void tracked_objects_are_told_by_their_head(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t one = objects_list(&w, NULL, 0), two = objects_list(&w, NULL, 0);

		unsigned shift = FACT(w.l, GC_HEAD) == GC_HEAD_REFS;

		if (GC)
			fake_u64(w.f, one - GC, OBJECTS_BASE);
		else
			PUT(&w, one, PyObject, ob_gc_bits, 1 | 2);
		objects_put(&w, one - GC, F_PyGC_Head_gc_refs, (uint64_t)-3 << shift);
		/* What is before an object that is on no list may be anything (to 3.7). */
		objects_put(&w, two - GC, F_PyGC_Head_gc_refs, (uint64_t)-2 << shift);
		if (HAS(w.l, PyGC_Head, gc_refs))
			fake_u64(w.f, two - GC, OBJECTS_BASE);
		assert_true(object_gc_tracked(&w.c, object(&w, one)));
		assert_false(object_gc_tracked(&w.c, object(&w, two)));
		assert_false(object_gc_tracked(&w.c, object(&w, w.none_object)));
	}
}

static void struct_sequences_have_more_items_than_they_say(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t keys[2] = { objects_str(&w, "n_fields"),
				     objects_str(&w, "n_sequence_fields") };
		uint64_t values[2] = { objects_int(&w, 3), objects_int(&w, 1) };
		uint64_t items[3] = { w.none_object, w.object, w.type }, t, o;
		struct edges e;

		t = objects_static_type(&w, "os.stat_result", w.tuple,
					TPFLAGS_TUPLE | TPFLAGS_HAVE_GC,
					L(w.l, PyTupleObject, ob_item), 8);
		PUT(&w, t, PyTypeObject, tp_dict, objects_dict(&w, keys, values, 2));
		o = objects_tuple(&w, items, 3);
		PUT(&w, o, PyObject, ob_type, t);
		PUT(&w, o, PyVarObject, ob_size, 1);
		assert_int_equal(edges_of(&w, o, &e), 0);
		assert_int_equal(e.n, 3);
	}
}

static void an_object_at_the_end_of_memory_gives_what_there_is(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t end = OBJECTS_BASE + OBJECTS_SIZE, bytes;
		uint32_t head = HEAD_OF(&w), type = L(w.l, PyObject, ob_type);
		uint64_t addresses[] = { end - 8, end - head, end - head - 8, end - head - 16 };
		uint64_t types[] = { w.str, w.list, w.dict, w.set, w.integer, w.tuple, w.type };
		struct edges e = { .n = 0 };
		struct blocks b = { .n = 0 };
		struct object o;

		for (size_t i = 0; i < 4; i++) {
			for (size_t k = 0; k < 7; k++) {
				if (addresses[i] + head > end)
					continue;
				fake_u64(w.f, addresses[i] + type, types[k]);
				reader_forget(w.c.r);
				assert_int_equal(object_at(&w.c, addresses[i], &o), 0);
				object_edges(&w.c, o, edges_note, &e);
				object_sizeof(&w.c, o, &bytes);
				object_storage(&w.c, o, note_block, &b);
			}
		}
		assert_int_equal(b.n, 0);
		assert_int_equal(object_at(&w.c, end - 8, &o), PYCORE_ERR_FAULT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tuple_refers_to_its_items_by_index),
		cmocka_unit_test(a_length_beyond_memory_is_a_fault),
		cmocka_unit_test(a_tuple_that_holds_itself_is_one_reference),
		cmocka_unit_test(a_list_owns_the_array_of_its_items),
		cmocka_unit_test(a_walk_ends_where_it_is_asked_to),
		cmocka_unit_test(a_dict_refers_to_keys_and_by_keys_to_values),
		cmocka_unit_test(keys_that_make_no_sense_are_damage),
		cmocka_unit_test(a_table_that_makes_no_sense_is_damage),
		cmocka_unit_test(a_split_dict_takes_keys_from_its_class),
		cmocka_unit_test(an_instance_refers_to_its_attributes_by_name),
		cmocka_unit_test(an_instance_dict_is_an_attribute_of_its_instance),
		cmocka_unit_test(a_set_leaves_out_what_was_discarded),
		cmocka_unit_test(a_set_with_a_mask_that_is_none_is_damage),
		cmocka_unit_test(a_ring_of_a_deques_blocks_ends_with_its_items),
		cmocka_unit_test(a_ring_of_a_deques_blocks_ends_though_its_items_do_not),
		cmocka_unit_test(a_ring_of_a_queue_is_read_around_its_end),
		cmocka_unit_test(an_element_refers_to_its_children),
		cmocka_unit_test(a_weak_reference_is_weak),
		cmocka_unit_test(immortal_objects_have_no_count),
		cmocka_unit_test(a_count_in_two_parts_is_their_sum),
		cmocka_unit_test(a_static_type_has_no_head_where_it_is_not_counted),
		cmocka_unit_test(tracked_objects_are_told_by_their_head),
		cmocka_unit_test(struct_sequences_have_more_items_than_they_say),
		cmocka_unit_test(an_object_at_the_end_of_memory_gives_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
