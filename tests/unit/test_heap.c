/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heap/heap.h"
#include "lib/pools.h"

#define INTERP UINT64_C(0x560000000000)
#define STATE UINT64_C(0x561000000000)
#define TABLE UINT64_C(0x562000000000)
#define STATICS UINT64_C(0x563000000000)
#define HEADS (STATICS + 0x100)
#define TYPE_TYPE (STATICS + 0x1000)
#define PLAIN_TYPE (STATICS + 0x2000)
#define LIST_TYPE (STATICS + 0x3000)
#define TUPLE_TYPE (STATICS + 0x4000)
#define TEXTS (STATICS + 0x5000)
#define FLOAT_TYPE (STATICS + 0x7000)
#define NONE (STATICS + 0x6000)
#define OUTSIDE UINT64_C(0x564000000000) /* malloc's */
#define BIG (OUTSIDE + 0x110)
#define ARENA UINT64_C(0x7f0000100000)
#define POOL(i) (ARENA + (uint64_t)(i) * FACT(l, POOL_SIZE))
#define GC L(l, PyGC_Head, sizeof)
#define LIST_BLOCK 80

static struct fake *f;
static const struct layout *l;
static struct runtime rt;
static struct type_table types;
static struct interpreters interps;
static struct heap heap;
static unsigned n_warnings;

static void put(uint64_t at, unsigned field, uint64_t value)
{
	if (l->field[field].present)
		fake_uint(f, at + l->field[field].offset, l->field[field].width, value);
}
#define PUT(at, s, name, value) put(at, F_##s##_##name, value)

static void put_object(uint64_t at, uint64_t type)
{
	PUT(at, PyObject, ob_refcnt, 1);
	PUT(at, PyObject, ob_type, type);
}

static void put_type(uint64_t at, const char *name, uint64_t size, uint64_t items, uint64_t flags)
{
	static unsigned n;
	uint64_t text = TEXTS + 16 * (n++ % 64);

	fake_string(f, text, name);
	put_object(at, TYPE_TYPE);
	PUT(at, PyTypeObject, tp_name, text);
	PUT(at, PyTypeObject, tp_basicsize, size);
	PUT(at, PyTypeObject, tp_itemsize, items);
	PUT(at, PyTypeObject, tp_flags, flags | TPFLAGS_READY);
}

static void make(void)
{
	struct interpreter interp = { .address = INTERP };
	uint64_t state = INTERP;

	f = fake_new(STATICS, 0x8000);
	fake_module(f, "/usr/bin/python", STATICS, STATICS + 0x8000, 0);
	fake_map(f, TABLE, 0x1000);
	fake_map(f, OUTSIDE, 0x4000);
	fake_map(f, INTERP, 0x80000);
	fake_map(f, ARENA, FACT(l, ARENA_SIZE));
	rt = (struct runtime){ .layout = *l, .table = l, .type_type = TYPE_TYPE };
	put_type(TYPE_TYPE, "type", L(l, PyTypeObject, sizeof), 0, TPFLAGS_TYPE | TPFLAGS_HAVE_GC);
	put_type(PLAIN_TYPE, "plain", 16, 0, 0);
	put_type(LIST_TYPE, "list", L(l, PyListObject, sizeof), 0,
		 TPFLAGS_LIST | TPFLAGS_HAVE_GC);
	put_type(TUPLE_TYPE, "tuple", L(l, PyTupleObject, ob_item), 8,
		 TPFLAGS_TUPLE | TPFLAGS_HAVE_GC);
	put_object(NONE, PLAIN_TYPE);
	if (HAS(l, PyInterpreterState, obmalloc)) {
		if (FACT(l, OBMALLOC) == OBMALLOC_POINTER) {
			fake_map(f, STATE, 0x1000);
			state = STATE;
			PUT(INTERP, PyInterpreterState, obmalloc, STATE);
		} else {
			state += L(l, PyInterpreterState, obmalloc);
		}
		PUT(state, _obmalloc_state, arenas, TABLE);
		PUT(state, _obmalloc_state, maxarenas, 1);
		PUT(TABLE, arena_object, address, ARENA);
	}
	assert_true(vec_push(&interps.interps, interp));
	n_warnings = 0;
}

static void unmake(void)
{
	heap_fini(&heap);
	type_table_fini(&types);
	vec_free(&interps.interps);
	fake_free(f);
}

static void warn(void *ctx, const char *line)
{
	(void)ctx;
	(void)line;
	n_warnings++;
}

static void read_it(void)
{
	struct ctx c = { .l = &rt.layout, .r = fake_reader(f), .types = &types, .interps = &interps };
	struct heap_options options = { .jobs = 2, .warn = warn };
	struct pycore_error err;

	assert_int_equal(type_table_init(&types, &rt), 0);
	assert_int_equal(heap_read(&heap, &c, &interps, &options, &err), 0);
}

static struct heap_type_count count_of(uint64_t type)
{
	for (size_t i = 0; i < heap.n_counts; i++) {
		if (types.types.items[i]->address == type)
			return heap.counts[i];
	}
	return (struct heap_type_count){ 0 };
}

static void each_layout(void (*test)(void))
{
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		if (l->build != BUILD_RELEASE)
			continue;
		make();
		test();
		unmake();
	}
}

/* Every block in a pool of 16 bytes is a plain object. */
static void put_plain(uint64_t pool, uint32_t n)
{
	pools_put(f, l, pool, 0, 16, n);
	for (uint32_t i = 0; i < n; i++)
		put_object(pools_block(f, l, pool, i), PLAIN_TYPE);
}

static void put_list(uint64_t at, uint64_t items, uint64_t n)
{
	put_object(at, LIST_TYPE);
	PUT(at, PyVarObject, ob_size, n);
	PUT(at, PyListObject, ob_item, items);
	PUT(at, PyListObject, allocated, n);
	/* _PyGC_REFS_UNTRACKED */
	PUT(at - GC, PyGC_Head, gc_refs, (uint64_t)-2 << (FACT(l, GC_HEAD) == GC_HEAD_REFS));
}

static void live_and_freed(void)
{
	put_plain(POOL(0), 20);
	pools_free(f, l, POOL(0), 4);
	pools_free(f, l, POOL(0), 7);
	read_it();
	assert_int_equal(count_of(PLAIN_TYPE).count, 18);
	assert_int_equal(count_of(PLAIN_TYPE).bytes, 18 * 16);
	assert_int_equal(heap.blocks.live, 18);
	assert_int_equal(heap.blocks.object, 18);
	assert_true(index_has(&heap.index, pools_block(f, l, POOL(0), 3)));
	assert_false(index_has(&heap.index, pools_block(f, l, POOL(0), 4)));
	assert_int_equal(heap.index.n_objects, 18 + heap.blocks.outside);
	assert_int_equal(n_warnings, 0);
}

static void instances_in_live_blocks_are_counted_and_freed_ones_are_not(void **state)
{
	(void)state;
	each_layout(live_and_freed);
}

static void storage(void)
{
	uint64_t list, items;

	put_plain(POOL(0), 3);
	pools_put(f, l, POOL(1), 0, LIST_BLOCK, 1);
	list = pools_block(f, l, POOL(1), 0) + GC;
	items = pools_block(f, l, POOL(0), 1);
	/* As an object it would be a plain one with a small count of references. */
	put_list(list, items, 2);
	fake_u64(f, items, 0);
	PUT(items, PyObject, ob_refcnt, 8);
	read_it();
	assert_int_equal(count_of(PLAIN_TYPE).count, 2);
	assert_int_equal(count_of(LIST_TYPE).count, 1);
	assert_int_equal(heap.blocks.object, 3);
	assert_int_equal(heap.blocks.storage, 1);
	assert_false(index_has(&heap.index, items));
}

static void what_a_list_owns_is_storage_even_if_it_looks_like_an_object(void **state)
{
	(void)state;
	each_layout(storage);
}

static void remains(void)
{
	pools_put(f, l, POOL(0), 0, LIST_BLOCK, 2);
	put_list(pools_block(f, l, POOL(0), 0) + GC, 0, 0);
	/* A list was there, and the block has gone to a short object since. */
	put_list(pools_block(f, l, POOL(0), 1) + GC, 0, 0);
	put_object(pools_block(f, l, POOL(0), 1), PLAIN_TYPE);
	read_it();
	assert_int_equal(count_of(LIST_TYPE).count, 1);
	assert_int_equal(count_of(PLAIN_TYPE).count, 1);
}

/* To 3.7 the collector's words may be anything but for one, so they may be a dead object's. */
static void dead_before_and_behind(void)
{
	uint64_t list, plain;

	if (FACT(l, GC_HEAD) != GC_HEAD_REFS)
		return;
	pools_put(f, l, POOL(0), 0, LIST_BLOCK, 3);
	list = pools_block(f, l, POOL(0), 0);
	put_list(list + GC, 0, 0);
	PUT(list, PyObject, ob_type, PLAIN_TYPE);
	plain = pools_block(f, l, POOL(0), 1);
	put_list(plain + GC, 0, 0);
	PUT(plain + GC, PyObject, ob_refcnt, 0);
	put_object(plain, PLAIN_TYPE);
	/* Where both are dead it is the list that is kept. */
	list = pools_block(f, l, POOL(0), 2);
	put_list(list + GC, 0, 0);
	PUT(list + GC, PyObject, ob_refcnt, 0);
	PUT(list, PyObject, ob_type, PLAIN_TYPE);
	read_it();
	assert_int_equal(count_of(LIST_TYPE).count, 1);
	assert_int_equal(count_of(PLAIN_TYPE).count, 1);
	assert_int_equal(heap.blocks.free_list, 1);
	assert_string_equal(heap.tally.lists.items[0].type, "list");
}

static void what_lives_is_found_beside_what_is_left_of_the_dead(void **state)
{
	(void)state;
	each_layout(dead_before_and_behind);
}

static void what_is_left_behind_a_short_object_is_no_object(void **state)
{
	(void)state;
	each_layout(remains);
}

static void too_big(void)
{
	put_type(FLOAT_TYPE, "float", 24, 0, 0);
	pools_put(f, l, POOL(0), 0, 32, 3);
	pools_put(f, l, POOL(1), 0, 128, 1);
	for (uint32_t i = 0; i < 3; i++)
		put_object(pools_block(f, l, POOL(0), i), FLOAT_TYPE);
	/* A struct of C code's: a number, a type, and more. */
	put_object(pools_block(f, l, POOL(1), 0), FLOAT_TYPE);
	read_it();
	assert_int_equal(count_of(FLOAT_TYPE).count, 3);
	assert_int_equal(heap.blocks.object, 3);
	assert_int_equal(heap.blocks.unknown, 1);
}

static void a_type_of_one_size_has_no_objects_in_blocks_of_many_times_that(void **state)
{
	(void)state;
	each_layout(too_big);
}

static void dead(void)
{
	uint64_t list;

	pools_put(f, l, POOL(0), 0, LIST_BLOCK, 3);
	for (uint32_t i = 0; i < 3; i++) {
		list = pools_block(f, l, POOL(0), i) + GC;
		put_list(list, UINT64_C(0xdead0000), 3);
		/* How freed ones are kept: chained through the count, or it is 0. */
		if (i < 2)
			fake_u64(f, list, 0);
	}
	if (FACT(l, FREE_LISTS) == FREE_LISTS_FIRST_WORD)
		fake_u64(f, pools_block(f, l, POOL(0), 0) + GC,
			 pools_block(f, l, POOL(0), 1) + GC);
	read_it();
	assert_int_equal(count_of(LIST_TYPE).count, 1);
	assert_int_equal(heap.blocks.free_list, 2);
	assert_int_equal(heap.blocks.unknown, 0);
}

static void objects_on_free_lists_are_not_alive(void **state)
{
	(void)state;
	each_layout(dead);
}

static void dead_plain(void)
{
	put_plain(POOL(0), 3);
	fake_u64(f, pools_block(f, l, POOL(0), 1), 0);
	read_it();
	assert_int_equal(count_of(PLAIN_TYPE).count, 2);
	assert_int_equal(heap.blocks.free_list, 0);
	assert_int_equal(heap.blocks.unknown, 1);
}

static void remains_of_what_has_no_free_list_are_on_none(void **state)
{
	(void)state;
	each_layout(dead_plain);
}

static void kept_memory(void)
{
	uint64_t keys = INTERP + L(l, PyInterpreterState, keys_free), block[4];

	if (!HAS(l, PyInterpreterState, floats_free))
		return;
	pools_put(f, l, POOL(0), 0, 32, 4);
	for (uint32_t i = 0; i < 4; i++)
		block[i] = pools_block(f, l, POOL(0), i);
	/* Two floats that wait, a dict's keys that do, and something of nobody. */
	PUT(INTERP, PyInterpreterState, floats_free, block[0]);
	if (FACT(l, FREE_LISTS) == FREE_LISTS_FIRST_WORD)
		fake_u64(f, block[0], block[1]);
	else
		PUT(block[0], PyObject, ob_type, block[1]);
	if (HAS(l, PyInterpreterState, keys_numfree))
		PUT(INTERP, PyInterpreterState, keys_numfree, 1);
	fake_u64(f, keys, block[2]);
	fake_u64(f, block[3], 1);
	read_it();
	assert_int_equal(heap.blocks.free_list, 3);
	assert_int_equal(heap.blocks.unknown, 1);
	assert_int_equal(heap.tally.lists.n, 2);
	assert_string_equal(heap.tally.lists.items[0].type, "dict keys");
	assert_int_equal(heap.tally.lists.items[0].count, 1);
	assert_string_equal(heap.tally.lists.items[1].type, "float");
	assert_int_equal(heap.tally.lists.items[1].count, 2);
}

static void memory_kept_for_floats_and_dicts_is_on_a_free_list(void **state)
{
	(void)state;
	each_layout(kept_memory);
}

/* To 3.9: a static leads to two floats, and @p length stands beside it. */
static uint64_t floats_of_a_static(uint64_t length)
{
	uint64_t block[2];

	rt.address = STATICS;
	pools_put(f, l, POOL(0), 0, 32, 2);
	for (uint32_t i = 0; i < 2; i++)
		block[i] = pools_block(f, l, POOL(0), i);
	PUT(block[0], PyObject, ob_type, block[1]);
	fake_u64(f, STATICS + 0x7008, block[0]);
	fake_u64(f, STATICS + 0x7010, length);
	read_it();
	return heap.blocks.free_list;
}

static void static_list(void)
{
	if (HAS(l, PyInterpreterState, floats_free) || HAS(l, PyFloatBlock, sizeof) ||
	    FACT(l, OBMALLOC) != OBMALLOC_STATIC || L(l, PyFloatObject, sizeof) != 24)
		return;
	assert_int_equal(floats_of_a_static(2), 2);
	assert_string_equal(heap.tally.lists.items[0].type, "float");
}

static void a_list_of_floats_that_a_static_begins_is_found(void **state)
{
	(void)state;
	each_layout(static_list);
}

static void static_of_another(void)
{
	assert_int_equal(floats_of_a_static(3), 0);
}

static void a_list_without_its_length_beside_it_is_none_of_floats(void **state)
{
	(void)state;
	each_layout(static_of_another);
}

static void two_sizes(void)
{
	const struct pycore_size_class *c;

	if (FACT(l, OBMALLOC) == OBMALLOC_MIMALLOC)
		return;
	pools_put(f, l, POOL(0), 0, 64, 5);
	pools_put(f, l, POOL(1), 0, 32, 3);
	pools_put(f, l, POOL(2), 0, 64, 1);
	read_it();
	assert_int_equal(heap.tally.sizes.n, 2);
	c = heap.tally.sizes.items;
	assert_int_equal(c[0].size, 32);
	assert_int_equal(c[0].live, 3);
	assert_int_equal(c[1].size, 64);
	assert_int_equal(c[1].pools, 2);
	assert_int_equal(c[1].live, 6);
	assert_int_equal(c[1].free, 2 * ((FACT(l, POOL_SIZE) - L(l, pool_header, sizeof)) / 64) - 6);
}

static void blocks_are_told_by_size(void **state)
{
	(void)state;
	each_layout(two_sizes);
}

static void free_list_of_the_living(void)
{
	uint64_t block;

	if (!HAS(l, PyInterpreterState, floats_free))
		return;
	pools_put(f, l, POOL(0), 0, 32, 1);
	block = pools_block(f, l, POOL(0), 0);
	put_object(block, PLAIN_TYPE);
	PUT(INTERP, PyInterpreterState, floats_free, block);
	read_it();
	assert_int_equal(count_of(PLAIN_TYPE).count, 1);
	assert_int_equal(heap.blocks.object, 1);
	assert_int_equal(heap.blocks.free_list, 0);
}

static void a_free_list_takes_no_life(void **state)
{
	(void)state;
	each_layout(free_list_of_the_living);
}

static void ring_of_free_floats(void)
{
	uint64_t block;

	if (!HAS(l, PyInterpreterState, floats_free))
		return;
	pools_put(f, l, POOL(0), 0, 32, 1);
	block = pools_block(f, l, POOL(0), 0);
	PUT(INTERP, PyInterpreterState, floats_free, block);
	if (FACT(l, FREE_LISTS) == FREE_LISTS_FIRST_WORD)
		fake_u64(f, block, block);
	else
		PUT(block, PyObject, ob_type, block);
	read_it();
	assert_int_equal(heap.blocks.free_list, 1);
}

static void a_free_list_in_a_circle_has_an_end(void **state)
{
	(void)state;
	each_layout(ring_of_free_floats);
}

static void outside(void)
{
	uint64_t list, tuple;

	pools_put(f, l, POOL(0), 0, LIST_BLOCK, 1);
	pools_put(f, l, POOL(1), 0, 32, 1);
	list = pools_block(f, l, POOL(0), 0) + GC;
	put_list(list, pools_block(f, l, POOL(1), 0), 2);
	fake_u64(f, pools_block(f, l, POOL(1), 0), BIG);
	fake_u64(f, pools_block(f, l, POOL(1), 0) + 8, UINT64_C(0x123456789000)); /* nothing there */
	put_object(BIG, TUPLE_TYPE);
	PUT(BIG - GC, PyGC_Head, gc_refs, (uint64_t)-2 << (FACT(l, GC_HEAD) == GC_HEAD_REFS));
	PUT(BIG, PyVarObject, ob_size, 100);
	tuple = BIG + L(l, PyTupleObject, ob_item);
	for (int i = 0; i < 100; i++)
		fake_u64(f, tuple + 8 * i, NONE);
	read_it();
	assert_int_equal(count_of(TUPLE_TYPE).count, 1);
	assert_int_equal(count_of(TUPLE_TYPE).bytes, GC + L(l, PyTupleObject, ob_item) + 800);
	assert_int_equal(count_of(PLAIN_TYPE).count, 1);
	assert_true(index_has(&heap.index, BIG));
	assert_true(index_has(&heap.index, NONE));
	/* list's, tuple's, plain's types, and type */
	assert_int_equal(count_of(TYPE_TYPE).count, 4);
	assert_int_equal(heap.blocks.outside, 6);
}

static void objects_out_of_the_pools_are_found_by_reference(void **state)
{
	(void)state;
	each_layout(outside);
}

static void endless(void)
{
	uint64_t items;

	pools_put(f, l, POOL(0), 0, LIST_BLOCK, 1);
	pools_put(f, l, POOL(1), 0, 32, 1);
	items = pools_block(f, l, POOL(1), 0);
	put_list(pools_block(f, l, POOL(0), 0) + GC, items, 1);
	fake_u64(f, items, BIG);
	put_object(BIG, TUPLE_TYPE);
	PUT(BIG - GC, PyGC_Head, gc_refs, (uint64_t)-2 << (FACT(l, GC_HEAD) == GC_HEAD_REFS));
	PUT(BIG, PyVarObject, ob_size, 1 << 20);
	read_it();
	assert_int_equal(count_of(TUPLE_TYPE).count, 0);
	assert_false(index_has(&heap.index, BIG));
}

static void of_more_items_than_there_is_memory_none_is_an_object(void **state)
{
	(void)state;
	each_layout(endless);
}

static void put_head(uint64_t at, uint64_t next, uint64_t prev)
{
	PUT(at, PyGC_Head, gc_next, next);
	PUT(at, PyGC_Head, gc_prev, prev);
	/* _PyGC_REFS_REACHABLE */
	PUT(at, PyGC_Head, gc_refs, (uint64_t)-3 << (FACT(l, GC_HEAD) == GC_HEAD_REFS));
}

/* Two lists in a pool and one outside, on the collector's youngest list. */
static void put_ring(uint64_t *a, uint64_t *b)
{
	pools_put(f, l, POOL(0), 0, LIST_BLOCK, 2);
	*a = pools_block(f, l, POOL(0), 0) + GC;
	*b = pools_block(f, l, POOL(0), 1) + GC;
	put_list(*a, 0, 0);
	put_list(*b, 0, 0);
	put_list(BIG, 0, 0);
	interps.interps.items[0].gc_generation0 = HEADS;
	for (unsigned i = 1; i < 3; i++) {
		uint64_t head = HEADS + i * L(l, gc_generation, sizeof);

		put_head(head, head, head);
	}
	put_head(HEADS, *a - GC, *b - GC);
	put_head(*a - GC, BIG - GC, HEADS);
	put_head(BIG - GC, *b - GC, *a - GC);
	put_head(*b - GC, HEADS, BIG - GC);
}

static void ring(void)
{
	uint64_t a, b;

	put_ring(&a, &b);
	read_it();
	assert_int_equal(count_of(LIST_TYPE).count, 3);
	assert_int_equal(count_of(LIST_TYPE).gc, 3);
	assert_int_equal(heap.blocks.gc_listed, 3);
	assert_int_equal(heap.blocks.gc_only, 0);
	assert_int_equal(n_warnings, 0);
}

static void the_collectors_list_leads_to_objects_out_of_the_pools(void **state)
{
	(void)state;
	each_layout(ring);
}

static void damaged_pool(void)
{
	uint64_t a, b;

	put_ring(&a, &b);
	put_plain(POOL(1), 4);
	/* Cannot be: more freed than there are. */
	PUT(POOL(0), pool_header, freeblock, POOL(0) + 1);
	read_it();
	assert_int_equal(count_of(PLAIN_TYPE).count, 4);
	assert_int_equal(count_of(LIST_TYPE).count, 3);
	assert_int_equal(heap.blocks.gc_only, 3);
	assert_int_equal(heap.blocks.unreadable, HAS(l, PyInterpreterState, obmalloc));
	assert_int_equal(n_warnings, HAS(l, PyInterpreterState, obmalloc));
}

static void objects_in_a_damaged_pool_are_found_by_the_collectors_list(void **state)
{
	(void)state;
	each_layout(damaged_pool);
}

static void broken_ring(void)
{
	uint64_t a, b;

	put_ring(&a, &b);
	/* A circle that never comes back to the head. */
	put_head(b - GC, a - GC, BIG - GC);
	read_it();
	assert_int_equal(count_of(LIST_TYPE).count, 3);
	assert_int_equal(n_warnings, 1);
	heap_fini(&heap);
	type_table_fini(&types);
	/* While the collector runs, what points back is a count. */
	interps.interps.items[0].gc_collecting = true;
	read_it();
	assert_int_equal(count_of(LIST_TYPE).count, 3);
	assert_int_equal(n_warnings, 2);
}

static void a_list_that_does_not_lead_back_to_its_head_ends(void **state)
{
	(void)state;
	each_layout(broken_ring);
}

/* Reads what was put, of lists that are the same but for the one that is being linked. */
static void read_while_linking(uint64_t listed)
{
	n_warnings = 0;
	read_it();
	assert_int_equal(count_of(LIST_TYPE).count, 3);
	assert_int_equal(heap.blocks.gc_listed, listed);
	assert_int_equal(n_warnings, 0);
	heap_fini(&heap);
	type_table_fini(&types);
}

/*
 * The first and the last store of _PyObject_GC_TRACK of the last in the ring. Where there is a
 * count, an object has its own links before others know of it.
 */
static void adding(void)
{
	uint64_t a, b;

	put_ring(&a, &b);
	put_head(HEADS, a - GC, BIG - GC);
	read_while_linking(3);
	if (!HAS(l, PyGC_Head, gc_refs)) {
		put_head(b - GC, 0, 0);
		read_while_linking(3);
	}
	/* The head knows of it: that is no moment of linking. */
	put_head(HEADS, a - GC, b - GC);
	put_head(b - GC, HEADS, HEADS);
	read_it();
	assert_int_equal(n_warnings, 1);
}

static void what_is_being_put_on_a_list_breaks_none(void **state)
{
	(void)state;
	each_layout(adding);
}

/* Of what is in the middle, with either of the two stores done. */
static void taking_out(void)
{
	uint64_t a, b;

	put_ring(&a, &b);
	put_head(a - GC, b - GC, HEADS);
	read_while_linking(2);
	put_head(a - GC, BIG - GC, HEADS);
	put_head(b - GC, HEADS, a - GC);
	read_while_linking(3);
	/* Points back to what is neither. */
	put_head(b - GC, HEADS, b - GC);
	read_it();
	assert_int_equal(n_warnings, 1);
}

static void what_is_being_taken_off_a_list_breaks_none(void **state)
{
	(void)state;
	each_layout(taking_out);
}

static void stale(void)
{
	uint64_t a, b, ghost;

	put_ring(&a, &b);
	pools_put(f, l, POOL(1), 0, LIST_BLOCK, 1);
	ghost = pools_block(f, l, POOL(1), 0) + GC;
	put_list(ghost, 0, 0);
	put_head(ghost - GC, a - GC, b - GC);
	read_it();
	assert_int_equal(count_of(LIST_TYPE).count, 3);
	assert_int_equal(count_of(LIST_TYPE).gc, 3);
	assert_int_equal(heap.blocks.gc_listed, 3);
	assert_int_equal(heap.blocks.unknown, 1);
	assert_false(index_has(&heap.index, ghost));
	assert_int_equal(n_warnings, 0);
}

static void what_looks_tracked_but_is_on_no_list_is_no_object(void **state)
{
	(void)state;
	each_layout(stale);
}

/* What is left of a list, with the collector's flag of a collection that there is not. */
static void flagged(void)
{
	uint64_t a, b, ghost;

	put_ring(&a, &b);
	pools_put(f, l, POOL(1), 0, LIST_BLOCK, 1);
	put_plain(POOL(2), 4);
	ghost = pools_block(f, l, POOL(1), 0) + GC;
	put_list(ghost, pools_block(f, l, POOL(2), 1), 1);
	put_head(ghost - GC, a - GC, UINT64_C(0x200400010203fffe));
	read_it();
	assert_int_equal(count_of(LIST_TYPE).count, 3);
	assert_int_equal(count_of(PLAIN_TYPE).count, 4);
	assert_int_equal(n_warnings, 0);
}

static void what_is_no_object_takes_no_memory_from_one(void **state)
{
	(void)state;
	each_layout(flagged);
}

static void liar(void)
{
	uint64_t list;

	pools_put(f, l, POOL(0), 0, LIST_BLOCK, 2);
	list = pools_block(f, l, POOL(0), 0) + GC;
	put_list(list, UINT64_C(0x565000000000), UINT64_C(1) << 40);
	list = pools_block(f, l, POOL(0), 1) + GC;
	put_list(list, OUTSIDE + 0x3000, UINT64_C(1) << 60);
	read_it();
	assert_int_equal(count_of(LIST_TYPE).count, 2);
}

static void a_length_beyond_memory_ends_where_memory_does(void **state)
{
	(void)state;
	each_layout(liar);
}

static void hooked(void)
{
	unsigned n = 0;

	pools_put(f, l, POOL(0), 0, 48, 12);
	for (uint32_t i = 0; i < 12; i++) {
		uint64_t block = pools_block(f, l, POOL(0), i);

		fake_u64(f, block, __builtin_bswap64(16));
		fake_u64(f, block + 8, UINT64_C(0xfdfdfdfdfdfdfd00) | 'o');
		put_object(block + 16, PLAIN_TYPE);
		n++;
	}
	read_it();
	assert_int_equal(count_of(PLAIN_TYPE).count, n);
	assert_true(index_has(&heap.index, pools_block(f, l, POOL(0), 5) + 16));
	assert_int_equal(heap.blocks.object, 12);
}

static void objects_behind_debug_hooks_are_counted(void **state)
{
	(void)state;
	each_layout(hooked);
}

static void copied(void)
{
	put_plain(POOL(0), 20);
	put_plain(POOL(2), 5);
	fake_in_place(f, false);
	read_it();
	assert_int_equal(count_of(PLAIN_TYPE).count, 25);
	assert_int_equal(heap.blocks.object, 25);
}

static void memory_that_must_be_copied_counts_the_same(void **state)
{
	(void)state;
	each_layout(copied);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances_in_live_blocks_are_counted_and_freed_ones_are_not),
		cmocka_unit_test(what_a_list_owns_is_storage_even_if_it_looks_like_an_object),
		cmocka_unit_test(what_is_left_behind_a_short_object_is_no_object),
		cmocka_unit_test(a_type_of_one_size_has_no_objects_in_blocks_of_many_times_that),
		cmocka_unit_test(what_lives_is_found_beside_what_is_left_of_the_dead),
		cmocka_unit_test(objects_on_free_lists_are_not_alive),
		cmocka_unit_test(remains_of_what_has_no_free_list_are_on_none),
		cmocka_unit_test(memory_kept_for_floats_and_dicts_is_on_a_free_list),
		cmocka_unit_test(a_list_of_floats_that_a_static_begins_is_found),
		cmocka_unit_test(a_list_without_its_length_beside_it_is_none_of_floats),
		cmocka_unit_test(blocks_are_told_by_size),
		cmocka_unit_test(a_free_list_takes_no_life),
		cmocka_unit_test(a_free_list_in_a_circle_has_an_end),
		cmocka_unit_test(objects_out_of_the_pools_are_found_by_reference),
		cmocka_unit_test(of_more_items_than_there_is_memory_none_is_an_object),
		cmocka_unit_test(the_collectors_list_leads_to_objects_out_of_the_pools),
		cmocka_unit_test(objects_in_a_damaged_pool_are_found_by_the_collectors_list),
		cmocka_unit_test(a_list_that_does_not_lead_back_to_its_head_ends),
		cmocka_unit_test(what_is_being_put_on_a_list_breaks_none),
		cmocka_unit_test(what_is_being_taken_off_a_list_breaks_none),
		cmocka_unit_test(what_looks_tracked_but_is_on_no_list_is_no_object),
		cmocka_unit_test(what_is_no_object_takes_no_memory_from_one),
		cmocka_unit_test(a_length_beyond_memory_ends_where_memory_does),
		cmocka_unit_test(objects_behind_debug_hooks_are_counted),
		cmocka_unit_test(memory_that_must_be_copied_counts_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
