/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "graph/duplicates.h"
#include "lib/objects.h"

/* A heap of objects that a test fabricated, for each layout. */

#define MOST 3000
#define TOP 7

struct world {
	struct objects o;
	struct heap h;
	struct whole w;
	uint64_t made[MOST];
	uint32_t n;
};

static void add(struct world *k, uint64_t address)
{
	assert_true(k->n < MOST);
	k->made[k->n++] = address;
}

static uint64_t address_of(const struct world *k, uint32_t object)
{
	return index_address_of(&k->h.index, object);
}

static uint64_t size_of(struct world *k, uint64_t address)
{
	struct object o;
	uint64_t bytes;

	assert_int_equal(object_at(&k->o.c, address, &o), 0);
	object_sizeof(&k->o.c, o, &bytes);
	return bytes;
}

/* Of all that was added. */
static void make_heap(struct world *k, uint32_t jobs)
{
	for (uint32_t i = 0; i < k->n; i++) {
		struct index_chunk *chunk = index_chunk_make(&k->h.index, k->made[i]);

		assert_non_null(chunk);
		bitmap_set(chunk->object, k->made[i]);
	}
	assert_int_equal(index_number(&k->h.index), 0);
	assert_int_equal(k->h.index.n_objects, k->n);
	k->h.types = &k->o.types;
	k->h.jobs = jobs;
	assert_int_equal(whole_init(&k->w, k->n), 0);
	for (uint32_t i = 0; i < k->n; i++) {
		struct object o;

		assert_int_equal(object_at(&k->o.c, address_of(k, i), &o), 0);
		k->w.objects.type[i] = o.type->number;
		assert_true(whole_set_bytes(&k->w, i, size_of(k, o.address)));
	}
	for (size_t i = 0; i < k->o.types.types.n; i++) {
		struct whole_type type = { .name = k->o.types.types.items[i]->name };

		assert_true(vec_push(&k->w.types, type));
	}
}

static void world_fini(struct world *k)
{
	whole_fini(&k->w);
	index_fini(&k->h.index);
	objects_fini(&k->o);
}

typedef void check_fn(struct world *k);

static void on_each_layout(check_fn *fn)
{
	const struct layout *l;

	for (unsigned i = 0; (l = objects_layout(i)); i++) {
		struct world *k = calloc(1, sizeof(*k));

		assert_non_null(k);
		objects_init(&k->o, l);
		fn(k);
		world_fini(k);
		free(k);
	}
}

static uint32_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)seed * n) >> 32);
}

#define CONTENTS 500

/* How often each content is there, and what each of its objects takes. */
struct truth {
	uint32_t count;
	uint64_t size, first;
};

static void check_sum(const struct duplicate_sum *got, const struct truth *truth)
{
	struct duplicate_sum want = { .contents = 0 };

	for (int i = 0; i < CONTENTS; i++) {
		if (truth[i].count < 2)
			continue;
		want.contents++;
		want.objects += truth[i].count;
		want.bytes += truth[i].count * truth[i].size;
		want.saved += (truth[i].count - 1) * truth[i].size;
	}
	assert_true(want.contents > CONTENTS / 4);
	assert_int_equal(got->contents, want.contents);
	assert_int_equal(got->objects, want.objects);
	assert_int_equal(got->bytes, want.bytes);
	assert_int_equal(got->saved, want.saved);
}

static void make_contents(struct world *k, bool text, struct truth *truth)
{
	for (int i = 0; i < CONTENTS; i++) {
		char content[40];
		int n = snprintf(content, sizeof(content), "%.*s%d", i % 23,
				 "abcdefghijklmnopqrstuvwxyz", i);

		truth[i].count = below(4);
		for (uint32_t j = 0; j < truth[i].count; j++) {
			uint64_t at = text ? objects_str(&k->o, content)
					   : objects_bytes(&k->o, content, (size_t)n);

			truth[i].first = j ? truth[i].first : at;
			truth[i].size = size_of(k, at);
			add(k, at);
		}
	}
}

static void count_duplicates(struct world *k)
{
	/* In 2.7 a str is bytes. */
	bool one_type = k->o.str == k->o.bytes;
	struct truth texts[CONTENTS] = { 0 }, bytes[CONTENTS] = { 0 };
	struct duplicates found;

	seed = 4711;
	if (!one_type)
		make_contents(k, true, texts);
	make_contents(k, false, bytes);
	make_heap(k, below(2) ? 3 : 1);
	assert_int_equal(duplicates_find(&k->o.c, &k->h, &k->w, TOP, &found), 0);
	if (!one_type)
		check_sum(&found.sums[0], texts);
	check_sum(&found.sums[1], bytes);
	assert_int_equal(found.unread + found.left_out, 0);
	assert_int_equal(found.top.list.n, TOP);
	for (size_t i = 1; i < TOP; i++)
		assert_true(found.top.list.items[i - 1].bytes >= found.top.list.items[i].bytes);
	duplicates_fini(&found);
}

static void duplicates_are_counted_to_the_object(void **state)
{
	(void)state;
	on_each_layout(count_duplicates);
}

static uint64_t mixed(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* Contents of two words that all have the hash of the first. */
static void make_of_one_hash(struct world *k, uint32_t n, unsigned times)
{
	uint64_t start = mixed(16, 1), first[2] = { 1, 1 };

	for (uint32_t i = 0; i < n; i++) {
		uint64_t words[2] = { i + 1 };

		words[1] = first[1] ^ mixed(start, first[0]) ^ mixed(start, words[0]);
		for (unsigned j = 0; j < times; j++)
			add(k, objects_bytes(&k->o, words, sizeof(words)));
	}
}

static void tell_apart_one_hash(struct world *k)
{
	struct duplicates found;

	make_of_one_hash(k, 10, 3);
	make_heap(k, 1);
	assert_int_equal(duplicates_find(&k->o.c, &k->h, &k->w, TOP, &found), 0);
	assert_int_equal(found.sums[1].contents, 10);
	assert_int_equal(found.sums[1].objects, 30);
	assert_int_equal(found.left_out, 0);
	duplicates_fini(&found);
}

static void what_has_one_hash_is_told_apart(void **state)
{
	(void)state;
	on_each_layout(tell_apart_one_hash);
}

static void leave_out_too_many(struct world *k)
{
	struct duplicates found;

	make_of_one_hash(k, 100, 2);
	make_heap(k, 1);
	assert_int_equal(duplicates_find(&k->o.c, &k->h, &k->w, TOP, &found), 0);
	assert_int_equal(found.sums[1].contents, 16);
	assert_int_equal(found.left_out, 2 * (100 - 16));
	duplicates_fini(&found);
}

static void of_too_many_contents_of_one_hash_some_are_left_out_and_counted(void **state)
{
	(void)state;
	on_each_layout(leave_out_too_many);
}

static void read_what_is_there(struct world *k)
{
	struct duplicates found;
	uint64_t lost = objects_bytes(&k->o, "lost", 4);

	add(k, objects_bytes(&k->o, "here", 4));
	add(k, lost);
	add(k, objects_bytes(&k->o, "here", 4));
	PUT(&k->o, lost, PyVarObject, ob_size, UINT64_C(1) << 40);
	make_heap(k, 1);
	assert_int_equal(duplicates_find(&k->o.c, &k->h, &k->w, TOP, &found), 0);
	assert_int_equal(found.sums[1].objects, 2);
	assert_int_equal(found.unread, 1);
	duplicates_fini(&found);
}

static void a_text_that_cannot_be_read_is_counted_as_such(void **state)
{
	(void)state;
	on_each_layout(read_what_is_there);
}

static uint64_t list_of(struct world *k, uint64_t n, uint64_t allocated)
{
	uint64_t items[16] = { 0 }, list = objects_list(&k->o, items, 16);

	PUT(&k->o, list, PyVarObject, ob_size, n);
	PUT(&k->o, list, PyListObject, allocated, allocated);
	add(k, list);
	return list;
}

static void look_at_lists(struct world *k)
{
	struct waste found;
	uint64_t most, impossible = UINT64_C(1) << 40;
	struct object o;

	list_of(k, 16, 16);
	list_of(k, 9, 16);
	most = list_of(k, 1, 16);
	list_of(k, 0, impossible);
	/* Sorted just now: it is empty, and its room is not told. */
	list_of(k, 0, UINT64_MAX);
	make_heap(k, 2);
	assert_int_equal(object_at(&k->o.c, most, &o), 0);
	assert_int_equal(waste_find(&k->o.c, &k->h, &k->w, TOP, &found), 0);
	assert_int_equal(found.types[o.type->number].objects, 2);
	assert_int_equal(found.types[o.type->number].bytes, (7 + 15) * 8);
	assert_int_equal(address_of(k, found.types[o.type->number].biggest.object), most);
	assert_int_equal(found.top.list.n, 2);
	assert_int_equal(found.top.list.items[0].bytes, 15 * 8);
	assert_int_equal(found.top.list.items[0].count, 1);
	assert_int_equal(found.top.list.items[0].all, 16);
	waste_fini(&found);
}

static void unused_room_is_counted_where_there_can_be_so_much(void **state)
{
	(void)state;
	on_each_layout(look_at_lists);
}

static void look_at_buffers(struct world *k)
{
	static const char content[200];
	struct waste_top found;
	uint64_t biggest = 0, lost = objects_bytes(&k->o, content, 1);

	for (size_t i = 0; i < 20; i++) {
		biggest = objects_bytes(&k->o, content, 10 * i);
		add(k, biggest);
	}
	PUT(&k->o, lost, PyVarObject, ob_size, UINT64_C(1) << 40);
	add(k, lost);
	make_heap(k, 2);
	assert_int_equal(buffers_find(&k->o.c, &k->h, &k->w, TOP, &found), 0);
	assert_int_equal(found.list.n, TOP);
	assert_int_equal(address_of(k, found.list.items[0].object), biggest);
	for (size_t i = 0; i < TOP; i++)
		assert_int_equal(found.list.items[i].bytes, size_of(k, biggest) - 10 * i);
	vec_free(&found.list);
}

static void the_biggest_buffers_are_told_in_order(void **state)
{
	(void)state;
	on_each_layout(look_at_buffers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(duplicates_are_counted_to_the_object),
		cmocka_unit_test(what_has_one_hash_is_told_apart),
		cmocka_unit_test(
			of_too_many_contents_of_one_hash_some_are_left_out_and_counted),
		cmocka_unit_test(a_text_that_cannot_be_read_is_counted_as_such),
		cmocka_unit_test(unused_room_is_counted_where_there_can_be_so_much),
		cmocka_unit_test(the_biggest_buffers_are_told_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
