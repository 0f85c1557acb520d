/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "layout/layout.h"

static const struct layout *nearest(uint32_t version, bool *exact)
{
	return layout_find(version, BUILD_RELEASE, exact);
}

static void every_table_is_found_by_its_own_release(void **state)
{
	const struct layout *l;
	unsigned n = 0;

	(void)state;
	for (; (l = layout_at(n)); n++) {
		bool exact = false;

		assert_ptr_equal(layout_find(l->version, l->build, &exact), l);
		assert_true(exact);
	}
	assert_true(n >= 8);
}

static void tables_come_oldest_first(void **state)
{
	(void)state;
	for (unsigned i = 1; layout_at(i); i++)
		assert_true(layout_at(i - 1)->version < layout_at(i)->version ||
			    (layout_at(i - 1)->version == layout_at(i)->version &&
			     layout_at(i - 1)->build < layout_at(i)->build));
}

static void a_release_known_not_to_differ_is_exact(void **state)
{
	bool exact = false;

	(void)state;
	assert_string_equal(nearest(PYVER(3, 9, 18), &exact)->name, "cpython-3.9.2");
	assert_true(exact);
	assert_string_equal(nearest(PYVER(3, 11, 7), &exact)->name, "cpython-3.11.2");
	assert_true(exact);
	nearest(PYVER(3, 9, 19), &exact);
	assert_false(exact);
	nearest(PYVER(3, 15, 0), &exact);
	assert_false(exact);
}

static void another_release_gets_the_nearest_table_of_its_minor_version(void **state)
{
	bool exact = true;

	(void)state;
	assert_string_equal(nearest(PYVER(3, 13, 2), &exact)->name, "cpython-3.13.0");
	assert_false(exact);
	assert_string_equal(nearest(PYVER(3, 13, 7), &exact)->name, "cpython-3.13.5");
	assert_false(exact);
	assert_string_equal(nearest(PYVER(3, 13, 99), &exact)->name, "cpython-3.13.18");
	assert_false(exact);
}

static void a_prerelease_is_never_exact(void **state)
{
	bool exact = true;

	(void)state;
	assert_non_null(nearest((PYVER(3, 13, 0) & ~UINT32_C(0xff)) | 0xb2, &exact));
	assert_false(exact);
}

static void a_minor_version_without_a_table_has_none(void **state)
{
	static const uint32_t versions[] = {
		PYVER(2, 6, 9), PYVER(3, 5, 10), PYVER(3, 16, 0),
		PYVER(4, 9, 2),  0,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		assert_null(nearest(versions[i], NULL));
	assert_null(layout_find(PYVER(3, 12, 1), BUILD_DEBUG, NULL));
	assert_null(layout_find(PYVER(3, 12, 1), BUILD_FREE_THREADED, NULL));
}

static void a_debug_build_has_tables_of_its_own(void **state)
{
	const struct layout *release, *debug;
	bool exact = false;

	(void)state;
	debug = layout_find(PYVER(3, 13, 5), BUILD_DEBUG, &exact);
	assert_string_equal(debug->name, "cpython-3.13.5d");
	assert_true(exact);
	release = nearest(PYVER(3, 13, 5), NULL);
	/* PyConfig.run_presite and object_state.reftotal, of Py_DEBUG alone */
	assert_int_equal(L(debug, PyInterpreterState, obmalloc),
			 L(release, PyInterpreterState, obmalloc) + 8);
	assert_int_equal(L(debug, PyInterpreterState, types_builtins),
			 L(release, PyInterpreterState, types_builtins) + 16);
	layout_find(PYVER(3, 9, 18), BUILD_DEBUG, &exact);
	assert_false(exact);
}

static void what_no_interpreter_was_read_with_is_marked(void **state)
{
	const struct layout *l;

	(void)state;
	for (unsigned i = 0; (l = layout_at(i)); i++)
		assert_int_equal(l->unverified, l->build == BUILD_FREE_THREADED &&
							l->version >= PYVER(3, 14, 0));
	assert_string_equal(layout_find(PYVER(3, 13, 5), BUILD_FREE_THREADED, NULL)->name,
			    "cpython-3.13.5t");
}

static void a_hidden_table_is_not_offered(void **state)
{
	bool exact = true;
	unsigned n = 0, all = 0;

	(void)state;
	while (layout_at(all))
		all++;
	layout_hide("cpython-3.13.5");
	assert_string_equal(nearest(PYVER(3, 13, 5), &exact)->name, "cpython-3.13.0");
	assert_false(exact);
	while (layout_at(n))
		assert_string_not_equal(layout_at(n++)->name, "cpython-3.13.5");
	assert_int_equal(n, all - 1);
	layout_hide(NULL);
	assert_string_equal(nearest(PYVER(3, 13, 5), &exact)->name, "cpython-3.13.5");
}

static void a_field_is_present_or_declared_absent(void **state)
{
	const struct layout *l;

	(void)state;
	for (unsigned i = 0; (l = layout_at(i)); i++)
		for (unsigned f = 0; f < N_FIELDS; f++)
			assert_true(l->field[f].present != l->field[f].declared_absent);
}

static void a_field_lies_in_its_struct(void **state)
{
	const struct layout *l;

	(void)state;
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		for (unsigned f = 0; f < N_FIELDS; f++) {
			unsigned size = layout_size_field(f);

			if (!l->field[f].present || size == N_FIELDS)
				continue;
			assert_true(l->field[size].present);
			assert_true(l->field[f].offset + l->field[f].width <= l->field[size].offset);
		}
	}
}

static void a_value_is_as_wide_as_a_load(void **state)
{
	const struct layout *l;

	(void)state;
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		for (unsigned f = 0; f < N_FIELDS; f++) {
			unsigned w = l->field[f].width;

			assert_true(w == 0 || w == 1 || w == 2 || w == 4 || w == 8);
		}
	}
}

static void every_fact_is_stated(void **state)
{
	const struct layout *l;

	(void)state;
	for (unsigned i = 0; (l = layout_at(i)); i++)
		for (unsigned k = 0; k < N_FACTS; k++)
			assert_true(l->fact[k] != 0);
}

static void fields_are_where_cpython_has_them(void **state)
{
	const struct layout *l;

	(void)state;
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		/*
		 * A free-threaded build has a longer head; debug builds of 2.7 link all objects
		 * with one another.
		 */
		bool links = HAS(l, PyIntObject, ob_ival) && l->build == BUILD_DEBUG;
		bool threads = l->build == BUILD_FREE_THREADED;
		uint32_t more = links || threads ? 16 : 0;

		assert_int_equal(L(l, PyObject, ob_type), more + 8);
		assert_int_equal(L(l, PyTypeObject, tp_name), more + 24);
		assert_int_equal(L(l, PyTypeObject, tp_flags), more + 168);
		assert_int_equal(L(l, PyGC_Head, sizeof),
				 threads ? 0 : HAS(l, PyGC_Head, gc_refs) ? 32 : 16);
		assert_int_equal(L(l, PyMemberDef, sizeof), 40);
		assert_int_equal(L(l, block, rightlink), HAS(l, dequeobject, len) ? 496 : 520);
	}
	l = nearest(PYVER(2, 7, 18), NULL);
	assert_int_equal(L(l, PyDictObject, ma_table), 40);
	assert_int_equal(L(l, PyIntBlock, sizeof), 992);
	assert_false(HAS(l, PyASCIIObject, sizeof));
	l = nearest(PYVER(3, 9, 2), NULL);
	assert_int_equal(L(l, _PyRuntimeState, sizeof), 656);
	assert_int_equal(L(l, PyThreadState, frame), 24);
	assert_false(HAS(l, PyThreadState, cframe));
	l = nearest(PYVER(3, 11, 2), NULL);
	assert_int_equal(L(l, PyThreadState, cframe), 56);
	assert_int_equal(L(l, _PyCFrame, current_frame), 8);
	l = nearest(PYVER(3, 12, 1), NULL);
	assert_int_equal(L(l, _PyCFrame, current_frame), 0);
	assert_int_equal(L(l, PyInterpreterState, types_builtins), 373704);
	l = nearest(PYVER(3, 13, 5), NULL);
	assert_int_equal(L(l, PyThreadState, current_frame), 72);
	assert_int_equal(L(l, PyTupleObject, ob_item), 24);
	assert_int_equal(L(l, PyInterpreterState, gc_generations), 7420);
	l = nearest(PYVER(3, 14, 10), NULL);
	assert_int_equal(L(l, PyTupleObject, ob_item), 32);
	l = nearest(PYVER(3, 15, 2), NULL);
	assert_int_equal(L(l, PyThreadState, native_thread_id), 184);
	assert_true(HAS(l, PyByteArrayObject, ob_bytes_object));
}

static void a_struct_knows_its_size_field(void **state)
{
	(void)state;
	assert_int_equal(layout_size_field(F_PyThreadState_next), F_PyThreadState_sizeof);
	assert_int_equal(layout_size_field(F_PyThreadState_sizeof), F_PyThreadState_sizeof);
	assert_int_equal(layout_size_field(F__gil_runtime_state_locked), N_FIELDS);
	assert_string_equal(layout_field_name(F_PyObject_ob_type), "PyObject.ob_type");
	assert_string_equal(layout_field_name(N_FIELDS), "?");
}

static void debug_offsets_are_words_of_their_struct(void **state)
{
	(void)state;
	assert_null(layout_debug_offsets(PYVER(3, 12, 1)));
	for (unsigned minor = 13; minor <= 15; minor++) {
		const struct debug_offsets *d = layout_debug_offsets(PYVER(3, minor, 9));

		assert_non_null(d);
		for (unsigned i = 0; i < d->n; i++) {
			assert_true(d->items[i].at >= 24 && d->items[i].at + 8u <= d->size);
			assert_int_equal(d->items[i].at % 8, 0);
			assert_true(d->items[i].plus + 8u <= d->size);
			assert_true(d->items[i].minus + 8u <= d->size);
			if (i)
				assert_true(d->items[i].at > d->items[i - 1].at);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_table_is_found_by_its_own_release),
		cmocka_unit_test(tables_come_oldest_first),
		cmocka_unit_test(a_release_known_not_to_differ_is_exact),
		cmocka_unit_test(another_release_gets_the_nearest_table_of_its_minor_version),
		cmocka_unit_test(a_prerelease_is_never_exact),
		cmocka_unit_test(a_minor_version_without_a_table_has_none),
		cmocka_unit_test(a_debug_build_has_tables_of_its_own),
		cmocka_unit_test(what_no_interpreter_was_read_with_is_marked),
		cmocka_unit_test(a_hidden_table_is_not_offered),
		cmocka_unit_test(a_field_is_present_or_declared_absent),
		cmocka_unit_test(a_field_lies_in_its_struct),
		cmocka_unit_test(a_value_is_as_wide_as_a_load),
		cmocka_unit_test(every_fact_is_stated),
		cmocka_unit_test(fields_are_where_cpython_has_them),
		cmocka_unit_test(a_struct_knows_its_size_field),
		cmocka_unit_test(debug_offsets_are_words_of_their_struct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
