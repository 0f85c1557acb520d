/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/links.h"
#include "heap/behind.h"
#include "heap/heap.h"
#include "lib/objects.h"
#include "object/behind.h"

#define BODY 32 /* bytes that only C code knows */
#define CHUNK 64

/* Objects without an allocator: what C code has is in chunks of malloc. */
struct world {
	struct objects w;
	struct heap heap;
	uint64_t opaque; /* a type */
	struct behind_starts starts;
	struct behind_trail trail;
};

static void make(struct world *x, const struct layout *l)
{
	*x = (struct world){ .heap = { .jobs = 1 } };
	objects_init(&x->w, l);
	x->opaque = objects_static_type(&x->w, "extension.Opaque", 0, 0, HEAD_OF(&x->w) + BODY, 0);
}

static void unmake(struct world *x)
{
	vec_free(&x->starts.list);
	vec_free(&x->trail.found);
	index_fini(&x->heap.index);
	objects_fini(&x->w);
}

#define EACH_LAYOUT(x) \
	for (unsigned i_ = 0; objects_layout(i_) && (make(x, objects_layout(i_)), true); i_++, unmake(x))

static void list(struct world *x, uint64_t object)
{
	struct index_chunk *chunk = index_chunk_make(&x->heap.index, object);

	assert_non_null(chunk);
	bitmap_set(chunk->object, object);
}

static uint64_t object(struct world *x, uint64_t type)
{
	uint64_t made = objects_object(&x->w, type, HEAD_OF(&x->w) + BODY);

	list(x, made);
	return made;
}

/* A chunk of malloc's in use, and the head of the one behind it. */
static uint64_t chunk(struct world *x)
{
	uint64_t made = (objects_room(&x->w, CHUNK + 64) + 31) & ~UINT64_C(15);

	fake_u64(x->w.f, made - 8, CHUNK | 1);
	fake_u64(x->w.f, made - 8 + CHUNK, 32 | 1);
	return made;
}

static uint64_t opaque(struct world *x, uint64_t word)
{
	uint64_t made = object(x, x->opaque);

	fake_u64(x->w.f, made + HEAD_OF(&x->w) + 8, word);
	return made;
}

static uint32_t number(struct world *x, uint64_t address)
{
	return index_number_of(&x->heap.index, address);
}

static void follow(struct world *x, const uint64_t *objects, size_t n)
{
	assert_int_equal(index_number(&x->heap.index), 0);
	for (size_t i = 0; i < n; i++) {
		struct object o;

		assert_int_equal(object_at(&x->w.c, objects[i], &o), 0);
		assert_true(o.type->opaque);
		behind_look(&x->starts, &x->heap, &x->w.c, number(x, objects[i]), o);
	}
	assert_int_equal(behind_follow(&x->starts, &x->heap, &x->w.c, &x->trail), 0);
}

static void assert_found(struct world *x, size_t i, uint64_t from, uint64_t to, uint64_t at)
{
	assert_true(i < x->trail.found.n);
	assert_int_equal(x->trail.found.items[i].from, number(x, from));
	assert_int_equal(x->trail.found.items[i].to, number(x, to));
	assert_int_equal(x->trail.found.items[i].at, at);
}

static void what_lies_behind_a_pointer_is_the_nearest_objects(void **state)
{
	struct world x;

	(void)state;
	EACH_LAYOUT(&x)
	{
		uint64_t first = chunk(&x), second = chunk(&x), a = object(&x, x.opaque);
		uint64_t b = object(&x, x.opaque), both[2];

		both[0] = opaque(&x, first);
		both[1] = opaque(&x, second);
		fake_u64(x.w.f, first, second);
		fake_u64(x.w.f, first + 8, a);
		fake_u64(x.w.f, first + 16, both[0]);
		/* In a circle. */
		fake_u64(x.w.f, second, first);
		fake_u64(x.w.f, second + 16, b);
		follow(&x, both, 2);
		assert_int_equal(x.trail.found.n, 2);
		assert_found(&x, 0, both[0], a, first + 8);
		assert_found(&x, 1, both[1], b, second + 16);
	}
}

static void a_chain_is_followed_sixteen_steps(void **state)
{
	struct world x;

	(void)state;
	EACH_LAYOUT(&x)
	{
		uint64_t at = chunk(&x), owner = opaque(&x, at), near, far;

		for (unsigned i = 1; i < 16; i++) {
			uint64_t next = chunk(&x);

			fake_u64(x.w.f, at, next);
			at = next;
		}
		near = object(&x, x.opaque);
		fake_u64(x.w.f, at + 8, near);
		fake_u64(x.w.f, at, chunk(&x));
		far = object(&x, x.opaque);
		fake_u64(x.w.f, *(uint64_t *)fake_at(x.w.f, at, 8), far);
		follow(&x, &owner, 1);
		assert_int_equal(x.trail.found.n, 1);
		assert_found(&x, 0, owner, near, at + 8);
	}
}

static void memory_with_an_object_in_it_is_none_of_c_code(void **state)
{
	struct world x;

	(void)state;
	EACH_LAYOUT(&x)
	{
		uint64_t at = chunk(&x), owner = opaque(&x, at);

		list(&x, at + 16);
		fake_u64(x.w.f, at, object(&x, x.opaque));
		follow(&x, &owner, 1);
		assert_int_equal(x.starts.list.n, 0);
		assert_int_equal(x.trail.found.n, 0);
	}
}

static void another_librarys_memory_leads_to_blocks_of_pythons_alone(void **state)
{
	struct world x;

	(void)state;
	EACH_LAYOUT(&x)
	{
		uint64_t type = objects_static_type(&x.w, "sqlite3.Connection", 0, 0, 512, 0);
		uint64_t at = chunk(&x), connection = objects_object(&x.w, type, 512);

		list(&x, connection);
		fake_u64(x.w.f, connection + HEAD_OF(&x.w), at);
		fake_u64(x.w.f, at, object(&x, x.opaque));
		follow(&x, &connection, 1);
		assert_int_equal(x.starts.list.n, 1);
		assert_int_equal(x.trail.found.n, 0);
	}
}

static void what_is_settled_is_among_the_objects_edges(void **state)
{
	struct world x;

	(void)state;
	EACH_LAYOUT(&x)
	{
		uint64_t a = opaque(&x, 0), b = opaque(&x, 0), c = opaque(&x, 0);
		struct behind_edge settled[] = { { a, c, 0 }, { b, a, 0 }, { b, c, 0 } };
		struct behind behind = { .edges = { settled, 3, 3 } };
		struct edges e = { .n = 0 };
		struct object o;

		assert_int_equal(object_at(&x.w.c, b, &o), 0);
		assert_int_equal(object_edges(&x.w.c, o, edges_note, &e), 0);
		assert_int_equal(e.n, 0);
		x.w.c.behind = &behind;
		assert_int_equal(object_edges(&x.w.c, o, edges_note, &e), 0);
		assert_int_equal(e.n, 2);
		assert_int_equal(e.seen[0].to, a);
		assert_int_equal(e.seen[1].to, c);
		assert_int_equal(e.seen[1].kind, EDGE_GUESS);
		e = (struct edges){ .stop_at = 1 };
		assert_int_equal(object_edges(&x.w.c, o, edges_note, &e), 7);
	}
}

/* An entry of a profiler's tree, which measured @p function. */
static uint64_t entry(struct world *x, uint64_t left, uint64_t right, uint64_t function)
{
	struct objects *w = &x->w;
	uint64_t made = objects_room(w, 128);

	PUT(w, made, ProfilerEntry, left, left);
	PUT(w, made, ProfilerEntry, right, right);
	PUT(w, made, ProfilerEntry, userObj, function);
	return made;
}

static void a_profilers_tree_is_walked_and_one_in_a_circle_is_damage(void **state)
{
	struct world x;

	(void)state;
	EACH_LAYOUT(&x)
	{
		uint64_t type = objects_static_type(&x.w, "_lsprof.Profiler", 0, 0, 256, 0);
		uint64_t profiler = objects_object(&x.w, type, 256), functions[3], left, root;
		struct edges e = { .n = 0 };
		struct object o;

		for (unsigned i = 0; i < 3; i++)
			functions[i] = objects_int(&x.w, 1000 + i);
		left = entry(&x, 0, 0, functions[0]);
		root = entry(&x, left, entry(&x, 0, 0, functions[1]), functions[2]);
		PUT(&x.w, profiler, ProfilerObject, profilerEntries, root);
		assert_int_equal(object_at(&x.w.c, profiler, &o), 0);
		assert_int_equal(object_edges(&x.w.c, o, edges_note, &e), 0);
		assert_int_equal(e.n, 3);
		for (unsigned i = 0; i < 3; i++)
			assert_true(edges_find(&e, functions[i]) >= 0);
		PUT(&x.w, left, ProfilerEntry, right, root);
		reader_forget(x.w.c.r);
		assert_int_equal(object_edges(&x.w.c, o, edges_note, &e), PYCORE_ERR_DAMAGED);
	}
}

static void edges_are_put_behind_those_that_a_node_has(void **state)
{
	uint32_t before[] = { 10, 11, 12, 13 }, after[] = { 10, 11, 20, 21, 22, 12, 13, 23 };
	struct links_pair pairs[] = { { 0, 20 }, { 0, 21 }, { 1, 22 }, { 3, 23 } };
	struct links l;

	(void)state;
	assert_int_equal(links_room(&l, 4, 4), 0);
	memcpy(l.to, before, sizeof(before));
	memcpy(l.start, (uint32_t[]){ 0, 2, 2, 4, 4 }, 5 * sizeof(uint32_t));
	assert_int_equal(links_insert(&l, pairs, 4), 0);
	assert_memory_equal(l.start, ((uint32_t[]){ 0, 4, 5, 7, 8 }), 5 * sizeof(uint32_t));
	assert_memory_equal(l.to, after, sizeof(after));
	assert_int_equal(links_insert(&l, pairs, 0), 0);
	assert_memory_equal(l.to, after, sizeof(after));
	links_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_behind_a_pointer_is_the_nearest_objects),
		cmocka_unit_test(a_chain_is_followed_sixteen_steps),
		cmocka_unit_test(memory_with_an_object_in_it_is_none_of_c_code),
		cmocka_unit_test(another_librarys_memory_leads_to_blocks_of_pythons_alone),
		cmocka_unit_test(what_is_settled_is_among_the_objects_edges),
		cmocka_unit_test(a_profilers_tree_is_walked_and_one_in_a_circle_is_damage),
		cmocka_unit_test(edges_are_put_behind_those_that_a_node_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
