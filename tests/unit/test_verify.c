/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "heap/mimalloc.h"
#include "heap/verify.h"
#include "lib/objects.h"

/* What no program can be made to do to a page of mimalloc's: see live/test_verify.py for the rest. */

#define PAGE UINT64_C(0x10000)
#define BLOCK 64

static void look_at(const struct mi_page *page, struct verify *v, struct fake *f)
{
	*v = (struct verify){ .from = UINT32_MAX };
	reader_init(&v->reader, fake_target(f));
	verify_page(v, page);
	reader_fini(&v->reader);
	assert_int_equal(v->checked[CHECK_POOLS], 1);
}

static void blocks_in_use_and_free_ones_are_no_more_than_there_are(void **state)
{
	struct fake *f = fake_new(PAGE, 16 * BLOCK);
	struct mi_page page = { .start = PAGE, .slices = PAGE, .block = BLOCK, .reserved = 16,
				.capacity = 8, .used = 6, .free = PAGE };
	struct verify v;

	/* Two are free, 6 are in use. */
	fake_u64(f, PAGE, PAGE + 3 * BLOCK);
	look_at(&page, &v, f);
	assert_int_equal(v.n_faults, 0);
	page.used = 7; /* a thread stopped inside malloc() */
	look_at(&page, &v, f);
	assert_int_equal(v.n_faults, 0);
	page.used = 8;
	look_at(&page, &v, f);
	assert_int_equal(v.n_faults, 1);
	assert_int_equal(v.faults.items[0].kind, FAULT_POOL);
	assert_int_equal(v.faults.items[0].address, PAGE);
	assert_non_null(strstr(v.faults.items[0].text,
			       "8 blocks are in use by its count, and 2 of its 8 are free"));
	vec_free(&v.faults);
	/* Those that are just being handed to the page are beyond its capacity. */
	page.used = 7;
	fake_u64(f, PAGE + 3 * BLOCK, PAGE + 12 * BLOCK);
	look_at(&page, &v, f);
	assert_int_equal(v.n_faults, 0);
	fake_free(f);
}

static void what_makes_no_sense_of_a_page_is_told(void **state)
{
	const struct interpreters interps = { .complete = true };
	struct heap h = { .jobs = 1, .interps = &interps };
	struct heap_verdict verdict;
	struct objects w;

	objects_init(&w, layout_find(PYVER(3, 13, 5), BUILD_FREE_THREADED, &(bool){ false }));
	for (size_t n = 0; n < 2; n++) {
		assert_int_equal(heap_verify(&h, &w.c, &verdict, NULL, NULL), 0);
		assert_int_equal(verdict.n_faults, n);
		if (n) {
			assert_int_equal(verdict.faults.items[0].at, PAGE);
			assert_non_null(strstr(verdict.faults.items[0].text, "its blocks are not known"));
		}
		heap_verdict_fini(&verdict);
		assert_true(vec_push(&h.arenas.torn, PAGE));
	}
	vec_free(&h.arenas.torn);
	objects_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_in_use_and_free_ones_are_no_more_than_there_are),
		cmocka_unit_test(what_makes_no_sense_of_a_page_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
