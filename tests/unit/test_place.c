/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heap/place.h"
#include "lib/objects.h"
#include "lib/pools.h"

#define POOL UINT64_C(0x7f0000800000)
#define BLOCK 64

/* A pool of blocks of 64 bytes, and two types whose objects fit. */
struct world {
	struct objects w;
	uint64_t plain, tracked; /* types: without and with a collector's head */
	uint64_t before;         /* what stands before an object of the second */
};

static void put_object(struct world *x, uint64_t at, uint64_t type)
{
	PUT(&x->w, at, PyObject, ob_refcnt, 1);
	PUT(&x->w, at, PyObject, ob_type, type);
}

static uint64_t block(struct world *x, uint32_t i)
{
	return pools_block(x->w.f, x->w.l, POOL, i);
}

static void world_init(struct world *x, const struct layout *l)
{
	struct objects *w = &x->w;

	objects_init(w, l);
	fake_map(w->f, POOL, FACT(l, POOL_SIZE));
	pools_put(w->f, l, POOL, 0, BLOCK, 20);
	x->plain = objects_static_type(w, "plain", 0, 0, 32, 0);
	x->tracked = objects_static_type(w, "tracked", 0, TPFLAGS_HAVE_GC, 32, 0);
	x->before = type_at(&w->types, w->c.r, x->tracked)->pre_header;
	assert_true(x->before >= 16 && x->before <= 32);
}

static void each_layout(void (*test)(struct world *x))
{
	const struct layout *l;

	for (unsigned i = 0; (l = layout_at(i)); i++) {
		struct world x;

		/* Those without pools have pages: test_mimalloc.c */
		if (FACT(l, OBMALLOC) == OBMALLOC_MIMALLOC)
			continue;
		world_init(&x, l);
		test(&x);
		assert_int_equal(x.w.c.r->faults, 0);
		objects_fini(&x.w);
	}
}

static struct spot find(struct world *x, uint64_t address)
{
	struct spot spot;

	spot_find(&x->w.c, address, &spot);
	return spot;
}

static void check_blocks(struct world *x)
{
	uint64_t plain = block(x, 3), tracked = block(x, 5) + x->before;

	put_object(x, plain, x->plain);
	put_object(x, tracked, x->tracked);
	for (uint64_t at = block(x, 3); at < block(x, 4); at += 4) {
		struct spot spot = find(x, at);

		assert_int_equal(spot.kind, SPOT_OBJECT);
		assert_true(spot.o.address == plain);
		assert_int_equal(spot.place.kind, PLACE_BLOCK);
		assert_true(spot.place.start == block(x, 3) && spot.place.bytes == BLOCK);
	}
	assert_true(find(x, block(x, 5)).o.address == tracked);
	assert_true(spot_is_object(&x->w.c, tracked));
	assert_false(spot_is_object(&x->w.c, tracked - 8));
	assert_false(spot_is_object(&x->w.c, block(x, 7)));
}

static void any_address_in_a_block_is_of_its_object(void **state)
{
	(void)state;
	each_layout(check_blocks);
}

static void check_freed(struct world *x)
{
	uint64_t tracked = block(x, 5) + x->before;
	struct spot spot;

	put_object(x, tracked, x->tracked);
	pools_free(x->w.f, x->w.l, POOL, 5);
	spot = find(x, tracked);
	assert_int_equal(spot.kind, SPOT_FREED);
	assert_int_equal(spot.place.kind, PLACE_FREED);
	assert_string_equal(spot.o.type->name, "tracked");
	assert_false(spot_is_object(&x->w.c, tracked));
	/* Never handed out. */
	assert_int_equal(find(x, block(x, 21)).kind, SPOT_NOTHING);
	assert_int_equal(find(x, block(x, 21)).place.kind, PLACE_POOL);
	assert_int_equal(find(x, POOL + 8).place.kind, PLACE_POOL);
}

static void a_freed_block_has_no_object_but_looks_like_one(void **state)
{
	(void)state;
	each_layout(check_freed);
}

static void check_emptied(struct world *x)
{
	struct spot spot;

	put_object(x, block(x, 5) + x->before, x->tracked);
	for (uint32_t i = 0; i < 20; i++)
		pools_free(x->w.f, x->w.l, POOL, i);
	spot = find(x, block(x, 5) + 20);
	assert_int_equal(spot.kind, SPOT_FREED);
	assert_true(spot.place.start == block(x, 5));
	assert_string_equal(spot.o.type->name, "tracked");
}

static void a_pool_that_was_emptied_is_freed_memory(void **state)
{
	(void)state;
	each_layout(check_emptied);
}

static void check_kept(struct world *x)
{
	uint64_t at = block(x, 2) + x->before;
	struct spot spot;

	put_object(x, at, x->tracked);
	PUT(&x->w, at, PyObject, ob_refcnt, 0);
	fake_u64(x->w.f, at, 0);
	spot = find(x, at);
	assert_int_equal(spot.kind, SPOT_KEPT);
	assert_string_equal(spot.o.type->name, "tracked");
	assert_int_equal(find(x, block(x, 3)).kind, SPOT_NOTHING);
}

static void an_object_that_nobody_counts_is_kept_for_reuse(void **state)
{
	(void)state;
	each_layout(check_kept);
}

static void check_hooks(struct world *x)
{
	uint64_t at = block(x, 4);

	fake_u8(x->w.f, at + 7, 40);
	fake_u8(x->w.f, at + 8, 'o');
	for (unsigned i = 9; i < 16; i++)
		fake_u8(x->w.f, at + i, 0xfd);
	put_object(x, at + 16, x->plain);
	assert_true(find(x, at).o.address == at + 16);
	assert_true(spot_is_object(&x->w.c, at + 16));
}

static void debug_hooks_stand_before_an_object(void **state)
{
	(void)state;
	each_layout(check_hooks);
}

static void check_outside(struct world *x)
{
	uint64_t at = objects_room(&x->w, 64), far = objects_room(&x->w, 4096);
	struct spot spot;

	put_object(x, at, x->plain);
	assert_true(find(x, at).o.address == at);
	spot = find(x, at + 31);
	assert_int_equal(spot.kind, SPOT_OBJECT);
	assert_true(spot.o.address == at);
	assert_int_equal(find(x, at + 32).kind, SPOT_NOTHING);
	assert_int_equal(find(x, far + 2048).kind, SPOT_NOTHING);
	assert_int_equal(find(x, far + 2048).place.kind, PLACE_MEMORY);
	assert_int_equal(find(x, 0).place.kind, PLACE_UNMAPPED);
	assert_int_equal(find(x, UINT64_MAX).place.kind, PLACE_UNMAPPED);
	assert_int_equal(find(x, OBJECTS_BASE + OBJECTS_SIZE - 1).kind, SPOT_NOTHING);
}

static void out_of_pools_an_object_reaches_as_far_as_its_size(void **state)
{
	(void)state;
	each_layout(check_outside);
}

static void check_lies(struct world *x)
{
	uint64_t at = objects_bytes(&x->w, "abc", 3), far = objects_room(&x->w, 4096) + 2048;
	uint64_t pooled = block(x, 19);

	/* It says that it is all that there is. */
	PUT(&x->w, at, PyVarObject, ob_size, UINT64_C(1) << 46);
	assert_int_equal(find(x, far).kind, SPOT_NOTHING);
	assert_true(find(x, at).o.address == at);
	PUT(&x->w, at, PyVarObject, ob_size, UINT64_MAX);
	assert_int_equal(find(x, far).kind, SPOT_NOTHING);
	/* What is in a pool ends with its block. */
	put_object(x, pooled, x->w.bytes);
	PUT(&x->w, pooled, PyVarObject, ob_size, 100000);
	fake_map(x->w.f, POOL + FACT(x->w.l, POOL_SIZE), 0x10000);
	assert_int_equal(find(x, POOL + FACT(x->w.l, POOL_SIZE) + 64).kind, SPOT_NOTHING);
}

static void a_lie_about_a_size_catches_no_other_address(void **state)
{
	(void)state;
	each_layout(check_lies);
}

/* A short str takes less than its type's basicsize; an object of a subclass has all of that. */
static void check_text(struct world *x)
{
	uint64_t text = objects_str(&x->w, "text"), class;
	struct object o = { text, type_at(&x->w.types, x->w.c.r, x->w.str) };
	uint64_t all;

	if (!(o.type->flags & TPFLAGS_UNICODE))
		return; /* 2.7 */
	assert_int_equal(object_sizeof(&x->w.c, o, &all), 0);
	assert_int_equal(all, objects_str_head(x->w.l) + sizeof("text"));
	assert_int_equal(spot_own_bytes(&x->w.c, o), all);
	class = objects_class(&x->w, "Text", x->w.str, TPFLAGS_UNICODE, o.type->basicsize + 64);
	PUT(&x->w, text, PyObject, ob_type, class);
	o.type = type_at(&x->w.types, x->w.c.r, class);
	assert_true(o.type->flags & TPFLAGS_HEAPTYPE);
	assert_true(spot_own_bytes(&x->w.c, o) >= o.type->basicsize);
}

static void short_text_is_shorter_than_its_type_says(void **state)
{
	each_layout(check_text);
}

/* A chunk of malloc's of that many bytes, its head among them, and the next one in use. */
static bool is_chunk_of(struct world *x, struct object o, uint64_t bytes)
{
	fake_u64(x->w.f, o.address - 8, bytes | 1);
	fake_u64(x->w.f, o.address - 8 + bytes, 0x21);
	return place_is_chunk_of(&x->w.c, o);
}

static void check_chunks(struct world *x)
{
	struct object o = { (objects_room(&x->w, 8192) + 63) & ~UINT64_C(15),
			    type_at(&x->w.types, x->w.c.r, x->w.bytes) };
	uint64_t need;

	put_object(x, o.address, x->w.bytes);
	PUT(&x->w, o.address, PyVarObject, ob_size, 1000);
	need = (spot_own_bytes(&x->w.c, o) + 8 + 15) & ~UINT64_C(15);
	assert_true(is_chunk_of(x, o, need));
	assert_false(is_chunk_of(x, o, need - 16));
	/* A rest too small for a chunk is left in it. */
	assert_true(is_chunk_of(x, o, need + 16));
	assert_false(is_chunk_of(x, o, need + 48));
	/* It says of the one before it that it is free. */
	fake_u64(x->w.f, o.address - 8, need | 1);
	fake_u64(x->w.f, o.address - 8 + need, 0x20);
	assert_false(place_is_chunk_of(&x->w.c, o));
	/* Mapped by itself, from the beginning of a page on. */
	fake_u64(x->w.f, o.address - 16, 0);
	fake_u64(x->w.f, o.address - 8, 4096 | 2);
	assert_true(place_is_chunk_of(&x->w.c, o));
	fake_u64(x->w.f, o.address - 8, 8192 | 2);
	assert_false(place_is_chunk_of(&x->w.c, o));
	PUT(&x->w, o.address, PyVarObject, ob_size, UINT64_MAX / 2);
	assert_false(place_is_chunk_of(&x->w.c, o));
}

static void a_chunk_is_an_objects_if_no_smaller_one_would_do(void **state)
{
	(void)state;
	each_layout(check_chunks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_address_in_a_block_is_of_its_object),
		cmocka_unit_test(a_freed_block_has_no_object_but_looks_like_one),
		cmocka_unit_test(a_pool_that_was_emptied_is_freed_memory),
		cmocka_unit_test(an_object_that_nobody_counts_is_kept_for_reuse),
		cmocka_unit_test(debug_hooks_stand_before_an_object),
		cmocka_unit_test(out_of_pools_an_object_reaches_as_far_as_its_size),
		cmocka_unit_test(a_lie_about_a_size_catches_no_other_address),
		cmocka_unit_test(a_chunk_is_an_objects_if_no_smaller_one_would_do),
		cmocka_unit_test(short_text_is_shorter_than_its_type_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
