/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heap/mimalloc.h"
#include "lib/objects.h"

#define SEGMENT UINT64_C(0x7e0000000000)
#define OTHER (SEGMENT + MI_SEGMENT_SIZE)
#define SLICES 16
#define BLOCK 64
#define BLOCKS 100
#define KEY UINT64_C(0x1234567890)

/* A segment with a page of one slice, number 1, and one of eight, number 2. */
struct world {
	struct objects w;
	struct arenas a;
};

static void put(struct world *x, uint64_t at, unsigned field, uint64_t value)
{
	objects_put(&x->w, at, field, value);
}

static uint64_t page_at(struct world *x, uint64_t segment, unsigned slice)
{
	return segment + L(x->w.l, mi_segment_t, slices) + slice * L(x->w.l, mi_page_t, sizeof);
}

static uint64_t start_of(struct world *x, uint64_t segment, unsigned slice, uint64_t block)
{
	uint64_t at = segment + slice * MI_SLICE_SIZE;

	if (HAS(x->w.l, mi_page_t, page_start))
		return at + 128;
	return at + (block <= 64 ? 3 * block : 0);
}

static void put_page(struct world *x, uint64_t segment, unsigned slice, unsigned n, uint64_t block,
		     unsigned capacity, unsigned tag)
{
	uint64_t p = page_at(x, segment, slice);

	put(x, p, F_mi_page_t_slice_count, n);
	put(x, p, F_mi_page_t_tag, HAS(x->w.l, mi_page_t, page_start) ? tag : tag << 3);
	put(x, p, F_mi_page_t_capacity, capacity);
	put(x, p, F_mi_page_t_reserved, capacity);
	put(x, p, F_mi_page_t_used, capacity);
	put(x, p, F_mi_page_t_block_size, block);
	put(x, p, F_mi_page_t_page_start, start_of(x, segment, slice, block));
}

static void put_segment(struct world *x, uint64_t segment, uint64_t key)
{
	fake_map(x->w.f, segment, SLICES * MI_SLICE_SIZE);
	put(x, segment, F_mi_segment_t_cookie, segment ^ key);
	put(x, segment, F_mi_segment_t_segment_slices, 512);
	put(x, segment, F_mi_segment_t_segment_info_slices, 1);
	put(x, segment, F_mi_segment_t_slice_entries, 512);
	put_page(x, segment, 1, 1, BLOCK, BLOCKS, 2);
	put_page(x, segment, 2, 8, 32768, 15, 0);
}

static uint64_t block_at(struct world *x, unsigned i)
{
	return start_of(x, SEGMENT, 1, BLOCK) + i * BLOCK;
}

/* Put blocks @p first to @p last on a chain of the page. */
static void chain(struct world *x, unsigned field, unsigned first, unsigned last)
{
	put(x, page_at(x, SEGMENT, 1), field, block_at(x, first));
	for (unsigned i = first; i < last; i++)
		fake_u64(x->w.f, block_at(x, i), block_at(x, i + 1));
	fake_u64(x->w.f, block_at(x, last), 0);
}

static enum pool_verdict look(struct world *x, struct pool *pool)
{
	struct interpreters none = { .finalizing = false };
	const uint8_t *bytes = fake_at(x->w.f, SEGMENT + MI_SLICE_SIZE, MI_SLICE_SIZE);

	arenas_fini(&x->a);
	assert_int_equal(arenas_find(&x->a, x->w.l, fake_reader(x->w.f), &none, 1), 0);
	return arenas_read_pool(&x->a, x->w.l, bytes, SEGMENT + MI_SLICE_SIZE, pool);
}

static void each_layout(void (*test)(struct world *x))
{
	const struct layout *l;
	unsigned n = 0;

	for (unsigned i = 0; (l = layout_at(i)); i++) {
		struct world x = { .a = { .n_arenas = 0 } };

		if (FACT(l, OBMALLOC) != OBMALLOC_MIMALLOC)
			continue;
		objects_init(&x.w, l);
		put_segment(&x, SEGMENT, KEY);
		test(&x);
		arenas_fini(&x.a);
		objects_fini(&x.w);
		n++;
	}
	assert_true(n > 0);
}

static void check_pages(struct world *x)
{
	struct pool pool;

	assert_int_equal(look(x, &pool), POOL_READ);
	assert_int_equal(x->a.pages.n, 2);
	assert_int_equal(pool.n_live, BLOCKS);
	assert_int_equal(pool.size, BLOCK);
	assert_int_equal(pool.heap, POOL_HEAP_GC);
	assert_true(arenas_has(&x->a, block_at(x, 0)));
	assert_true(arenas_is_gc(&x->a, block_at(x, 0)));
	assert_true(arenas_big(&x->a, SEGMENT + 5 * MI_SLICE_SIZE));
	assert_false(arenas_has(&x->a, SEGMENT + 5 * MI_SLICE_SIZE));
	assert_false(arenas_big(&x->a, SEGMENT + 11 * MI_SLICE_SIZE));
}

static void pages_of_a_segment_are_found(void **state)
{
	(void)state;
	each_layout(check_pages);
}

static void check_chains(struct world *x)
{
	struct pool pool;
	uint64_t page = page_at(x, SEGMENT, 1);

	chain(x, F_mi_page_t_free, 10, 14);
	chain(x, F_mi_page_t_local_free, 20, 22);
	chain(x, F_mi_page_t_thread_free, 30, 31);
	/* Its low bits are flags; what others have freed counts as used. */
	put(x, page, F_mi_page_t_thread_free, block_at(x, 30) | 1);
	put(x, page, F_mi_page_t_used, BLOCKS - 8);
	assert_int_equal(look(x, &pool), POOL_READ);
	assert_int_equal(pool.n_live, BLOCKS - 5 - 3 - 2);
	for (unsigned i = 0; i < BLOCKS; i++) {
		bool freed = (i >= 10 && i <= 14) || (i >= 20 && i <= 22) || i == 30 || i == 31;

		assert_int_equal(pool.freed[i / 64] >> (i % 64) & 1, freed);
	}
}

static void freed_blocks_are_on_three_chains(void **state)
{
	(void)state;
	each_layout(check_chains);
}

static void check_damage(struct world *x)
{
	struct pool pool;

	/* A ring, a link into the middle of a block, one that leads out of the page. */
	chain(x, F_mi_page_t_free, 10, 14);
	put(x, page_at(x, SEGMENT, 1), F_mi_page_t_used, BLOCKS - 5);
	fake_u64(x->w.f, block_at(x, 14), block_at(x, 10));
	assert_int_equal(look(x, &pool), POOL_DAMAGED);
	fake_u64(x->w.f, block_at(x, 14), block_at(x, 50) + 8);
	assert_int_equal(look(x, &pool), POOL_DAMAGED);
	fake_u64(x->w.f, block_at(x, 14), SEGMENT + 3 * MI_SLICE_SIZE);
	assert_int_equal(look(x, &pool), POOL_DAMAGED);
	/* More are free than the page says. */
	fake_u64(x->w.f, block_at(x, 14), 0);
	put(x, page_at(x, SEGMENT, 1), F_mi_page_t_used, BLOCKS);
	assert_int_equal(look(x, &pool), POOL_DAMAGED);
	/* Blocks that reach beyond their slices. */
	put(x, page_at(x, SEGMENT, 1), F_mi_page_t_reserved, 2000);
	look(x, &pool);
	assert_int_equal(x->a.pages.n, 1);
}

static void a_page_that_contradicts_itself_is_damaged(void **state)
{
	(void)state;
	each_layout(check_damage);
}

static void check_other(struct world *x)
{
	struct pool pool;

	/* Another mimalloc in the process, with fewer pages. */
	put_segment(x, OTHER, KEY + 1);
	put_page(x, OTHER, 2, 8, 0, 0, 0);
	look(x, &pool);
	assert_int_equal(x->a.pages.n, 2);
	assert_true(arenas_has(&x->a, block_at(x, 0)));
	assert_false(arenas_has(&x->a, OTHER + MI_SLICE_SIZE));
}

static void segments_of_another_mimalloc_are_left_alone(void **state)
{
	(void)state;
	each_layout(check_other);
}

static void check_address(struct world *x)
{
	struct mi_page page;
	struct reader *r = fake_reader(x->w.f);

	assert_true(mimalloc_page_at(x->w.l, r, block_at(x, 7) + 5, &page));
	assert_int_equal(page.start, block_at(x, 0));
	put(x, page_at(x, SEGMENT, 6), F_mi_page_t_slice_offset,
	    4 * L(x->w.l, mi_page_t, sizeof));
	r = fake_reader(x->w.f);
	assert_true(mimalloc_page_at(x->w.l, r, SEGMENT + 6 * MI_SLICE_SIZE + 100, &page));
	assert_int_equal(page.slices, SEGMENT + 2 * MI_SLICE_SIZE);
	assert_false(mimalloc_page_at(x->w.l, r, block_at(x, BLOCKS), &page));
	assert_false(mimalloc_page_at(x->w.l, r, SEGMENT + 12 * MI_SLICE_SIZE, &page));
}

static void the_page_of_an_address_is_found_by_its_segment(void **state)
{
	(void)state;
	each_layout(check_address);
}

static void check_room(struct world *x)
{
	struct pool pool;
	uint64_t big = start_of(x, SEGMENT, 2, 32768);

	look(x, &pool);
	assert_int_equal(arenas_room(&x->a, block_at(x, 7)), BLOCK);
	assert_int_equal(arenas_room(&x->a, block_at(x, 7) + 16), BLOCK - 16);
	assert_int_equal(arenas_room(&x->a, big + 32768 + 100), 32768 - 100);
	assert_int_equal(arenas_room(&x->a, SEGMENT + 11 * MI_SLICE_SIZE), 0);
}

static void a_block_has_room_to_its_end(void **state)
{
	(void)state;
	each_layout(check_room);
}

#define HOLE UINT64_C(0x7d0000000000)
#define HOLE_SIZE (UINT64_C(40) << 30)

static unsigned looks_into_hole;

/* Of a sparse file there are bytes everywhere: zeros. */
static bool piece_of_zeros(struct target *t, uint64_t addr, struct piece *out)
{
	static const uint8_t zeros[4096];

	looks_into_hole++;
	*out = (struct piece){ addr & ~UINT64_C(4095), sizeof(zeros), zeros };
	return true;
}

/* The last segment of it begins in the hole, and has bytes further on. */
static uint64_t skip_hole(struct target *t, uint64_t addr, uint64_t end)
{
	uint64_t data = HOLE + HOLE_SIZE - MI_SEGMENT_SIZE + 4096;

	return addr < data ? data < end ? data : end : addr;
}

static void check_hole(struct world *x)
{
	struct target *t = fake_target(x->w.f);
	struct interpreters none = { .finalizing = false };
	struct target_ops ops = *t->ops;
	struct region hole = { .start = HOLE, .end = HOLE + HOLE_SIZE,
			       .flags = REGION_READ | REGION_WRITE | REGION_ANON };

	ops.piece = piece_of_zeros;
	ops.skip = skip_hole;
	looks_into_hole = 0;
	t->ops = &ops;
	t->regions = &hole;
	t->n_regions = 1;
	assert_int_equal(mimalloc_find(&x->a, x->w.l, t, &none), 0);
	assert_int_equal(x->a.pages.n, 0);
	assert_int_equal(looks_into_hole, 0);
}

static void a_hole_of_a_sparse_core_is_not_looked_through(void **state)
{
	(void)state;
	each_layout(check_hole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_a_segment_are_found),
		cmocka_unit_test(freed_blocks_are_on_three_chains),
		cmocka_unit_test(a_page_that_contradicts_itself_is_damaged),
		cmocka_unit_test(segments_of_another_mimalloc_are_left_alone),
		cmocka_unit_test(a_block_has_room_to_its_end),
		cmocka_unit_test(a_hole_of_a_sparse_core_is_not_looked_through),
		cmocka_unit_test(the_page_of_an_address_is_found_by_its_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
