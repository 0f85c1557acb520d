/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "graph/chunks.h"
#include "lib/fake.h"

#define HEAP UINT64_C(0x555500000000)
#define BYTES UINT64_C(0x10000)
#define LIBC UINT64_C(0x7f1000000000)
#define STATE (LIBC + 0x100)
#define THREAD UINT64_C(0x7f2000004000)
#define ARENA UINT64_C(0x7f4000000000) /* a multiple of 64 MiB */
#define RW (REGION_READ | REGION_WRITE)
#define IN_USE 1

struct scene {
	struct fake *f;
	struct chunks k;
	uint64_t next; /* head of the next chunk */
	uint64_t before; /* IN_USE: the one before it is */
};

static void start(struct scene *s, uint64_t heap, uint64_t bytes, uint32_t flags)
{
	fake_map_file(s->f, heap, bytes, RW | REGION_ANON | flags, NULL, 0);
	s->next = heap;
	s->before = IN_USE;
}

/* @return the address of its memory */
static uint64_t chunk(struct scene *s, uint64_t size, bool in_use)
{
	uint64_t at = s->next;

	fake_u64(s->f, at + 8, size | s->before);
	s->before = in_use;
	s->next += size;
	return at + 16;
}

static void end(struct scene *s, uint64_t heap_end)
{
	chunk(s, heap_end - s->next, true);
}

static void begin(struct scene *s)
{
	*s = (struct scene){ .f = fake_new(0, 0) };
	fake_map_file(s->f, LIBC, 0x1000, RW, "/lib/libc.so.6", 0);
	fake_module(s->f, "/lib/libc.so.6", LIBC, LIBC + 0x1000, LIBC);
	fake_map(s->f, THREAD - 0x3000, 0x4000);
	fake_thread(s->f, 7, THREAD);
	start(s, HEAP, BYTES, REGION_HEAP);
}

static void look(struct scene *s)
{
	chunks_free(&s->k);
	chunks_read(&s->k, fake_reader(s->f));
	assert_false(s->k.failed);
}

static uint64_t bytes_at(struct scene *s, uint64_t address)
{
	struct ctx c = { .r = fake_reader(s->f) };
	uint64_t bytes;

	return chunks_have(&s->k, &c, address, &bytes) ? bytes : 0;
}

static void finish(struct scene *s)
{
	chunks_free(&s->k);
	fake_free(s->f);
}

static void a_chunk_in_use_is_told_from_what_looks_like_one(void **state)
{
	struct scene s;
	uint64_t used, freed, last, top;

	(void)state;
	begin(&s);
	used = chunk(&s, 0x100, true);
	freed = chunk(&s, 0x200, false);
	last = chunk(&s, 0x40, true);
	top = s.next + 16;
	end(&s, HEAP + BYTES);
	/* Two chunks that were there before they were freed and joined. */
	fake_u64(s.f, freed + 0x38, 0x50 | IN_USE);
	fake_u64(s.f, freed + 0x88, 0x40 | IN_USE);
	/* The same of what is not divided. */
	fake_u64(s.f, top + 0x38, 0x50 | IN_USE);
	fake_u64(s.f, top + 0x88, 0x40 | IN_USE);
	assert_int_equal(bytes_at(&s, freed + 0x40), 0x48); /* nothing was walked yet */
	look(&s);
	assert_int_equal(bytes_at(&s, used), 0xf8);
	assert_int_equal(bytes_at(&s, last), 0x38);
	assert_int_equal(bytes_at(&s, freed), 0);
	assert_int_equal(bytes_at(&s, freed + 0x40), 0);
	assert_int_equal(bytes_at(&s, top), 0);
	assert_int_equal(bytes_at(&s, top + 0x40), 0);
	assert_int_equal(bytes_at(&s, used + 8), 0);
	assert_int_equal(bytes_at(&s, used - 16), 0);
	finish(&s);
}

static void a_row_that_does_not_lead_to_the_end_is_not_believed(void **state)
{
	struct scene s;
	uint64_t used;

	(void)state;
	begin(&s);
	used = chunk(&s, 0x100, true);
	chunk(&s, 0x200, true);
	end(&s, HEAP + BYTES);
	look(&s);
	assert_int_equal(s.k.heaps.n, 1);
	for (unsigned i = 0; i < 4; i++) {
		static const uint64_t wrong[] = { 0x208, 0x210, 0x0, BYTES };

		fake_u64(s.f, used + 0xf8, wrong[i] | IN_USE);
		look(&s);
		assert_int_equal(s.k.heaps.n, 0);
	}
	/* Then each is judged by itself. */
	fake_u64(s.f, used + 0xf8, 0x300 | IN_USE);
	look(&s);
	assert_int_equal(s.k.heaps.n, 0);
	assert_int_equal(bytes_at(&s, used), 0xf8);
	finish(&s);
}

/* Of both ways to write a link. */
static uint64_t link_at(uint64_t at, uint64_t to, bool mixed)
{
	return mixed ? to ^ at >> 12 : to;
}

static void what_a_thread_keeps_for_later_is_not_in_use(void **state)
{
	static const struct {
		uint64_t size, first;
	} shapes[] = { { 0x250, 64 }, { 0x290, 128 }, { 0x300, 152 } };

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		uint64_t cache, one, two, other, list;
		struct scene s;

		begin(&s);
		cache = chunk(&s, shapes[i / 2].size, true);
		one = chunk(&s, 0x140, true);
		two = chunk(&s, 0x140, true);
		other = chunk(&s, 0x140, true);
		end(&s, HEAP + BYTES);
		list = cache + shapes[i / 2].first + 8 * ((0x140 - 32) / 16);
		fake_u64(s.f, THREAD - 0x158, cache);
		fake_u64(s.f, list, two);
		fake_u64(s.f, two, link_at(two, one, i % 2));
		fake_u64(s.f, one, link_at(one, 0, i % 2));
		look(&s);
		assert_int_equal(bytes_at(&s, one), 0);
		assert_int_equal(bytes_at(&s, two), 0);
		assert_int_equal(bytes_at(&s, cache), 0);
		assert_int_equal(bytes_at(&s, other), 0x138);
		/* A list of another size is no such list, nor is what is at the end of a circle. */
		fake_u64(s.f, one, link_at(one, two, i % 2));
		fake_u64(s.f, list + 8, other);
		look(&s);
		assert_int_equal(bytes_at(&s, two), 0x138);
		fake_u64(s.f, list + 8, 0);
		look(&s);
		assert_int_equal(bytes_at(&s, one), 0);
		assert_int_equal(bytes_at(&s, other), 0x138);
		finish(&s);
	}
}

static void what_an_arena_keeps_for_later_is_not_in_use(void **state)
{
	(void)state;
	for (unsigned mixed = 0; mixed < 2; mixed++) {
		uint64_t one, two, other, top;
		struct scene s;

		begin(&s);
		one = chunk(&s, 0x40, true);
		two = chunk(&s, 0x40, true);
		other = chunk(&s, 0x40, true);
		top = s.next;
		end(&s, HEAP + BYTES);
		fake_u64(s.f, STATE + 8 * 2, two - 16);
		fake_u64(s.f, STATE + 8 * 10, top);
		fake_u64(s.f, two, link_at(two, one - 16, mixed));
		fake_u64(s.f, one, link_at(one, 0, mixed));
		look(&s);
		assert_int_equal(bytes_at(&s, one), 0);
		assert_int_equal(bytes_at(&s, two), 0);
		assert_int_equal(bytes_at(&s, other), 0x38);
		fake_u64(s.f, STATE + 8 * 10, top + 16);
		look(&s);
		assert_int_equal(bytes_at(&s, two), 0x38);
		finish(&s);
	}
}

static void heaps_of_threads_are_walked_too(void **state)
{
	uint64_t state_at = ARENA + 0x30, one, two, later;
	struct scene s;

	(void)state;
	begin(&s);
	end(&s, HEAP + BYTES);
	start(&s, ARENA - 0x3000, BYTES + 0x8000, 0);
	fake_u64(s.f, ARENA, state_at);
	fake_u64(s.f, ARENA + 16, BYTES);
	s.next = ARENA + 0x8d0;
	one = chunk(&s, 0x50, true);
	two = chunk(&s, 0x50, true);
	fake_u64(s.f, state_at + 96, s.next);
	fake_u64(s.f, state_at + 16 + 8 * 3, one - 16);
	end(&s, ARENA + BYTES);
	/* A further heap of it, that is full. */
	start(&s, ARENA + (UINT64_C(64) << 20), 0x1000, 0);
	fake_u64(s.f, s.next, state_at);
	fake_u64(s.f, s.next + 8, ARENA);
	fake_u64(s.f, s.next + 16, 0x1000);
	s.next += 0x20;
	later = chunk(&s, 0xfc0, true);
	chunk(&s, 16, true);
	fake_u64(s.f, s.next + 8, IN_USE);
	look(&s);
	assert_int_equal(s.k.heaps.n, 3);
	assert_int_equal(bytes_at(&s, one), 0);
	assert_int_equal(bytes_at(&s, two), 0x48);
	assert_int_equal(bytes_at(&s, later), 0xfb8);
	finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chunk_in_use_is_told_from_what_looks_like_one),
		cmocka_unit_test(a_row_that_does_not_lead_to_the_end_is_not_believed),
		cmocka_unit_test(what_a_thread_keeps_for_later_is_not_in_use),
		cmocka_unit_test(what_an_arena_keeps_for_later_is_not_in_use),
		cmocka_unit_test(heaps_of_threads_are_walked_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
