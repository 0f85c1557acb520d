/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/objects.h"
#include "session/detail.h"

/* A session over fabricated objects: as much of one as describing an object needs. */
struct world {
	struct objects w;
	struct pycore s;
};

static void world_init(struct world *x, const struct layout *l)
{
	*x = (struct world){ .s.has_types = true };
	objects_init(&x->w, l);
	x->s.target = fake_target(x->w.f);
	x->s.runtime = x->w.rt;
	x->s.runtime.layout = *l;
	reader_init(&x->s.reader, x->s.target);
	assert_int_equal(type_table_init(&x->s.types, &x->w.rt), 0);
}

static void world_fini(struct world *x)
{
	type_table_fini(&x->s.types);
	reader_fini(&x->s.reader);
	arena_free(&x->s.arena);
	vec_free(&x->s.warnings);
	arena_free(&x->s.warnings_arena);
	objects_fini(&x->w);
}

static void each_layout(void (*test)(struct world *x))
{
	const struct layout *l;

	for (unsigned i = 0; (l = layout_at(i)); i++) {
		struct world x;

		world_init(&x, l);
		test(&x);
		world_fini(&x);
	}
}

static const struct pycore_detail *get(struct world *x, uint64_t address,
				       struct pycore_detail_query q)
{
	const struct pycore_detail *d = NULL;
	struct pycore_error err = { 0 };

	q.size = sizeof(q);
	q.address = address;
	q.no_referrers = true;
	if (pycore_get_object(&x->s, &q, &d, &err) < 0)
		fail_msg("%s", err.message);
	return d;
}

static void check_dict(struct world *x)
{
	uint64_t keys[2] = { objects_str(&x->w, "a"), objects_str(&x->w, "b") };
	uint64_t values[2] = { objects_int(&x->w, 7), objects_list(&x->w, keys, 2) };
	uint64_t dict = objects_dict(&x->w, keys, values, 2);
	const struct pycore_detail *d =
		get(x, dict, (struct pycore_detail_query){ .values = true });

	assert_string_equal(d->object.type, "dict");
	assert_string_equal(d->object.repr, "{'a': 7, 'b': ['a', 'b']}");
	assert_int_equal(d->n_fields, 2);
	assert_string_equal(d->fields[0].name, "['a']");
	assert_string_equal(d->fields[0].value, "7");
	assert_true(d->fields[0].address == values[0] && d->fields[0].key == keys[0]);
	assert_string_equal(d->fields[1].type, "list");
	assert_int_equal(d->fields[1].n_fields, 0);
	assert_false(d->has_referrers);
}

static void a_dicts_keys_and_values_are_one_field(void **state)
{
	(void)state;
	each_layout(check_dict);
}

static void check_depth(struct world *x)
{
	uint64_t inner[2] = { objects_int(&x->w, 1), 0 };
	uint64_t list = objects_list(&x->w, inner, 2), outer[2] = { list, list };
	uint64_t tuple = objects_tuple(&x->w, outer, 2), items;
	const struct pycore_detail *d;

	/* The list holds the tuple that holds it. */
	memcpy(&items, fake_at(x->w.f, list + L(x->w.l, PyListObject, ob_item), 8), 8);
	fake_u64(x->w.f, items + 8, tuple);
	d = get(x, tuple, (struct pycore_detail_query){ .depth = 5 });
	assert_int_equal(d->n_fields, 2);
	assert_false(d->fields[0].seen);
	assert_int_equal(d->fields[0].n_fields, 2);
	assert_null(d->fields[0].value);
	assert_true(d->fields[0].fields[1].address == tuple);
	assert_true(d->fields[0].fields[1].seen);
	assert_int_equal(d->fields[0].fields[1].n_fields, 0);
	assert_true(d->fields[1].seen);
	assert_int_equal(d->fields[1].n_fields, 0);
}

static void a_cycle_is_marked_and_ends(void **state)
{
	(void)state;
	each_layout(check_depth);
}

static void check_limit(struct world *x)
{
	uint64_t items[10];
	const struct pycore_detail *d;

	for (size_t i = 0; i < 10; i++)
		items[i] = objects_int(&x->w, (int64_t)i);
	d = get(x, objects_tuple(&x->w, items, 10), (struct pycore_detail_query){ .limit = 3 });
	assert_int_equal(d->n_fields, 3);
	assert_int_equal(d->more_fields, 7);
	assert_null(d->object.repr);
}

static void what_is_over_the_limit_is_counted(void **state)
{
	(void)state;
	each_layout(check_limit);
}

static uint64_t type_head(struct world *x, uint64_t address)
{
	struct ctx c = session_ctx(&x->s);
	struct object o;

	assert_int_equal(object_at(&c, address, &o), 0);
	return o.type->sizeof_head;
}

static void check_owned(struct world *x)
{
	uint64_t item = objects_int(&x->w, 1), list = objects_list(&x->w, &item, 1);
	const struct pycore_detail *d = get(x, list, (struct pycore_detail_query){ 0 });

	assert_int_equal(d->n_outside, 1);
	assert_int_equal(d->outside_bytes, d->object.bytes - L(x->w.l, PyListObject, sizeof) -
						     type_head(x, list) +
						     L(x->w.l, _PyListArray, ob_item));
	assert_int_equal(d->object.refcount, 1);
	assert_true(d->type_address == x->w.list);
	d = get(x, list + 9, (struct pycore_detail_query){ 0 });
	assert_true(d->object.address == list && d->asked == list + 9);
}

static void memory_that_an_object_owns_is_measured(void **state)
{
	(void)state;
	each_layout(check_owned);
}

static void check_nothing(struct world *x)
{
	struct pycore_detail_query q = { .size = sizeof(q), .no_referrers = true };
	const struct pycore_detail *d;
	struct pycore_error err;

	assert_int_equal(pycore_get_object(&x->s, &q, &d, &err), PYCORE_ERR_ARGUMENT);
	q.address = 16;
	assert_int_equal(pycore_get_object(&x->s, &q, &d, &err), PYCORE_ERR_NOT_FOUND);
	assert_string_equal(err.message, "no object is at 0x10: nothing is mapped there");
	q.address = objects_room(&x->w, 512) + 256;
	assert_int_equal(pycore_get_object(&x->s, &q, &d, &err), PYCORE_ERR_NOT_FOUND);
	q.name = "name";
	assert_int_equal(pycore_get_object(&x->s, &q, &d, &err), PYCORE_ERR_NOT_FOUND);
	assert_string_equal(err.message, "thread 0 runs no Python code");
}

static void where_no_object_is_that_is_said(void **state)
{
	(void)state;
	each_layout(check_nothing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dicts_keys_and_values_are_one_field),
		cmocka_unit_test(a_cycle_is_marked_and_ends),
		cmocka_unit_test(what_is_over_the_limit_is_counted),
		cmocka_unit_test(memory_that_an_object_owns_is_measured),
		cmocka_unit_test(where_no_object_is_that_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
