/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/fake.h"
#include "session/select.h"

#define BASE UINT64_C(0x7f0000000000)
#define TYPES BASE
#define TYPE_TYPE TYPES
#define BLOB_TYPE (TYPES + 0x800)
#define OTHER_TYPE (TYPES + 0x1000)
#define TEXTS (TYPES + 0x1800)
#define OBJECTS (BASE + 0x10000)
#define STRIDE 0x10000
#define N_OBJECTS 100
#define OBJECT(i) (OBJECTS + STRIDE * (uint64_t)(i))
#define BASIC 24

/* A hundred objects over several chunks of the index; of every four one is of the other type. */
struct world {
	const struct layout *l;
	struct fake *f;
	struct pycore s;
	struct heap h;
};

#define PUT(w, at, s, field, value) fake_field((w)->f, (w)->l, at, F_##s##_##field, value)

static void put_type(struct world *w, uint64_t at, const char *name, uint64_t flags)
{
	uint64_t text = TEXTS + (at - TYPES) / 16;

	fake_string(w->f, text, name);
	PUT(w, at, PyObject, ob_refcnt, 1);
	PUT(w, at, PyObject, ob_type, TYPE_TYPE);
	PUT(w, at, PyTypeObject, tp_name, text);
	PUT(w, at, PyTypeObject, tp_basicsize, BASIC);
	PUT(w, at, PyTypeObject, tp_itemsize, 1);
	PUT(w, at, PyTypeObject, tp_flags, flags | TPFLAGS_READY);
}

/* Sizes that are neither in order nor all different. */
static uint64_t length(int i)
{
	return (uint64_t)(i * 37 % 50);
}

static bool is_blob(int i)
{
	return i % 4 != 3;
}

static void add_object(struct world *w, int i)
{
	uint64_t at = OBJECT(i);
	struct index_chunk *chunk = index_chunk_make(&w->h.index, at);

	assert_non_null(chunk);
	bitmap_set(chunk->object, at);
	PUT(w, at, PyObject, ob_refcnt, 1);
	PUT(w, at, PyObject, ob_type, is_blob(i) ? BLOB_TYPE : OTHER_TYPE);
	PUT(w, at, PyVarObject, ob_size, length(i));
}

static void world_init(struct world *w)
{
	struct reader *r;

	memset(w, 0, sizeof(*w));
	w->l = layout_at(0);
	w->f = fake_new(BASE, 0x10000 + STRIDE * (N_OBJECTS + 1));
	r = fake_reader(w->f);
	pthread_mutex_init(&w->s.warnings_lock, NULL);
	w->s.target = fake_target(w->f);
	reader_init(&w->s.reader, w->s.target);
	w->s.options.jobs = 2;
	w->s.runtime.layout = *w->l;
	w->s.runtime.type_type = TYPE_TYPE;
	put_type(w, TYPE_TYPE, "type", TPFLAGS_TYPE);
	put_type(w, BLOB_TYPE, "shop.Blob", 0);
	put_type(w, OTHER_TYPE, "other.Blob", 0);
	for (int i = 0; i < N_OBJECTS; i++)
		add_object(w, i);
	assert_int_equal(index_number(&w->h.index), 0);
	assert_int_equal(type_table_init(&w->s.types, &w->s.runtime), 0);
	w->h.types = &w->s.types;
	assert_non_null(type_at(&w->s.types, r, BLOB_TYPE));
	assert_non_null(type_at(&w->s.types, r, OTHER_TYPE));
}

static void world_fini(struct world *w)
{
	reader_fini(&w->s.reader);
	index_fini(&w->h.index);
	type_table_fini(&w->s.types);
	vec_free(&w->s.warnings);
	arena_free(&w->s.warnings_arena);
	arena_free(&w->s.arena);
	pthread_mutex_destroy(&w->s.warnings_lock);
	fake_free(w->f);
}

static struct picked_list pick(struct world *w, const char *pattern, size_t limit, bool biggest)
{
	struct type_selection selection;
	struct picked_list list;

	assert_int_equal(select_types(&w->s, &w->h, pattern, NULL, NULL, &selection, NULL), 0);
	assert_int_equal(pick_objects(&w->s, &w->h, &selection, limit, biggest, &list, NULL), 0);
	selection_fini(&selection);
	return list;
}

static void the_first_objects_are_those_of_lowest_address(void **state)
{
	static const size_t limits[] = { 1, 2, 7, 75, 1000, 0 };
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t k = 0; k < sizeof(limits) / sizeof(*limits); k++) {
		struct picked_list list = pick(&w, "shop.Blob", limits[k], false);
		size_t want = limits[k] && limits[k] < 75 ? limits[k] : 75;
		int object = 0;

		assert_int_equal(list.found.n, want);
		for (size_t i = 0; i < want; i++, object++) {
			while (!is_blob(object))
				object++;
			assert_int_equal(list.found.items[i].address, OBJECT(object));
			assert_string_equal(list.found.items[i].type->name, "shop.Blob");
		}
		picked_fini(&list);
	}
	world_fini(&w);
}

static void the_biggest_objects_come_biggest_first(void **state)
{
	static const size_t limits[] = { 1, 3, 20, 100, 0 };
	struct picked_list all;
	struct world w;

	(void)state;
	world_init(&w);
	all = pick(&w, NULL, 0, true);
	assert_int_equal(all.found.n, N_OBJECTS);
	for (size_t i = 1; i < all.found.n; i++) {
		const struct picked *a = &all.found.items[i - 1], *b = a + 1;

		assert_true(a->bytes > b->bytes ||
			    (a->bytes == b->bytes && a->address < b->address));
	}
	for (size_t k = 0; k < sizeof(limits) / sizeof(*limits); k++) {
		struct picked_list some = pick(&w, NULL, limits[k], true);

		for (size_t i = 0; i < some.found.n; i++)
			assert_int_equal(some.found.items[i].address, all.found.items[i].address);
		picked_fini(&some);
	}
	picked_fini(&all);
	world_fini(&w);
}

static void a_bare_name_of_two_types_means_both_and_warns(void **state)
{
	struct picked_list list;
	struct world w;

	(void)state;
	world_init(&w);
	list = pick(&w, "Blob", 0, false);
	assert_int_equal(list.found.n, N_OBJECTS);
	assert_non_null(pycore_warning(&w.s, 0));
	assert_non_null(strstr(pycore_warning(&w.s, 0), "other.Blob, shop.Blob"));
	picked_fini(&list);
	world_fini(&w);
}

static void globs_leave_types_out(void **state)
{
	static const char *const other[] = { "other.*", NULL };
	struct type_selection selection;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(select_types(&w.s, &w.h, NULL, other, NULL, &selection, NULL), 0);
	assert_int_equal(selection.n_names, 1);
	assert_string_equal(selection.names[0], "other.Blob");
	selection_fini(&selection);
	assert_int_equal(select_types(&w.s, &w.h, "*Blob", NULL, other, &selection, NULL), 0);
	assert_int_equal(selection.n_names, 1);
	assert_string_equal(selection.names[0], "shop.Blob");
	selection_fini(&selection);
	world_fini(&w);
}

static void a_name_of_nothing_tells_the_closest(void **state)
{
	struct type_selection selection;
	struct pycore_error err;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(select_types(&w.s, &w.h, "shop.Blub", NULL, NULL, &selection, &err),
			 PYCORE_ERR_NOT_FOUND);
	assert_non_null(strstr(err.message, "shop.Blob"));
	world_fini(&w);
}

static void types_are_counted_with_most_bytes_first(void **state)
{
	struct heap_type_count counts[] = { { 1, 400, 0 }, { 9, 600, 2 }, { 2, 900, 1 } };
	const struct pycore_census *census;
	struct world w;

	(void)state;
	world_init(&w);
	assert_non_null(type_at(&w.s.types, &w.s.reader, TYPE_TYPE));
	assert_int_equal(w.s.types.types.n, 3);
	w.h.counts = counts;
	w.h.n_counts = 3;
	w.s.heap = &w.h;
	assert_int_equal(pycore_get_census(&w.s, &census, NULL), 0);
	assert_int_equal(census->n_types, 3);
	assert_int_equal(census->types[0].bytes, 900);
	assert_int_equal(census->types[1].bytes, 600);
	assert_int_equal(census->types[2].bytes, 400);
	assert_int_equal(census->count, 12);
	assert_int_equal(census->bytes, 1900);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_objects_are_those_of_lowest_address),
		cmocka_unit_test(the_biggest_objects_come_biggest_first),
		cmocka_unit_test(a_bare_name_of_two_types_means_both_and_warns),
		cmocka_unit_test(globs_leave_types_out),
		cmocka_unit_test(a_name_of_nothing_tells_the_closest),
		cmocka_unit_test(types_are_counted_with_most_bytes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
