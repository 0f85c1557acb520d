/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/objects.h"
#include "object/decode.h"

/* What holds of each decoder that has a name, on every layout. */

#define SIZE 1024

static struct objects w;
static uint64_t n_calls, n_types;

static int count(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	(void)arg;
	(void)to;
	(void)kind;
	(void)label;
	n_calls++;
	return 0;
}

static void count_block(void *arg, uint64_t address, uint64_t bytes)
{
	(void)arg;
	(void)address;
	(void)bytes;
	n_calls++;
}

/* An instance of a type of that name, whose decoder is the one of the name. */
static struct object instance(const struct named_decoder *d)
{
	struct object o;
	uint64_t type = objects_static_type(&w, d->tp_name, 0, 0, SIZE, 0);

	assert_int_equal(object_at(&w.c, objects_object(&w, type, SIZE), &o), 0);
	assert_ptr_equal(o.type->decoder, &d->decoder);
	return o;
}

static void each_decoder(void (*test)(const struct named_decoder *d))
{
	for (unsigned i = 0; layout_at(i); i++) {
		for (size_t t = 0; pycore_decoder_tables[t]; t++) {
			objects_init(&w, layout_at(i));
			for (const struct named_decoder *d = pycore_decoder_tables[t]; d->tp_name; d++)
				test(d);
			objects_fini(&w);
		}
	}
}

static bool gives(const struct edges *e, uint64_t to, const struct ref_field *f)
{
	for (size_t i = 0; i < e->n; i++) {
		if (e->seen[i].to == to && e->seen[i].kind == f->edge &&
		    e->seen[i].label.kind == f->kind && e->seen[i].label.text == f->text)
			return true;
	}
	return false;
}

/* Each field refers to an object of its own, so that none is taken for another. */
static void fields_test(const struct named_decoder *d)
{
	struct object o = instance(d);
	uint64_t at = objects_room(&w, 64 * 64);
	struct edges e = { .n = 0 };
	uint64_t n = 0;

	/* What was an array of characters in one release may be an object in the next. */
	for (const struct ref_field *f = d->decoder.fields; f && f->text; f++, n++) {
		if (w.l->field[f->field].width)
			objects_put(&w, o.address, f->field, at + 64 * n);
	}
	object_edges(&w.c, o, edges_note, &e);
	n = 0;
	for (const struct ref_field *f = d->decoder.fields; f && f->text; f++, n++) {
		const struct field *field = &w.l->field[f->field];
		bool shared = false;

		/* Fields of two names may be one: the later was put there. */
		for (const struct ref_field *g = f + 1; g->text; g++)
			shared |= w.l->field[g->field].present &&
				  w.l->field[g->field].offset == field->offset;
		/* What was a bool object in one release may be a char in the next. */
		if (field->present && field->width == 8 && !shared)
			assert_true(gives(&e, at + 64 * n, f));
	}
}

static void every_field_that_is_there_is_a_reference_with_its_label(void **state)
{
	(void)state;
	each_decoder(fields_test);
}

static void zero_test(const struct named_decoder *d)
{
	struct object o = instance(d);
	uint64_t bytes;

	n_calls = 0;
	object_edges(&w.c, o, count, NULL);
	object_storage(&w.c, o, count_block, NULL);
	assert_int_equal(n_calls, 0);
	/* Some sizes are told by what another object says, which is not there. */
	object_sizeof(&w.c, o, &bytes);
	assert_true(bytes > 0 && bytes <= 2 * SIZE);
}

static void an_object_of_zeros_refers_to_nothing(void **state)
{
	(void)state;
	each_decoder(zero_test);
}

static void garbage_test(const struct named_decoder *d)
{
	struct object o = instance(d);
	const uint64_t words[] = { o.address, 0x7fffffff, UINT64_MAX, 4096, OBJECTS_BASE + 8,
				   UINT64_C(1) << 40, o.address + 8, 0xffffffff };
	uint64_t type;

	for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
		uint64_t from = L(w.l, PyObject, sizeof), bytes;

		assert_true(reader_u64(w.c.r, o.address + L(w.l, PyObject, ob_type), &type));
		for (uint64_t at = from; at < SIZE; at += 8)
			fake_u64(w.f, o.address + at, words[k]);
		reader_forget(w.c.r);
		reader_renew(w.c.r);
		n_calls = 0;
		object_edges(&w.c, o, count, NULL);
		object_storage(&w.c, o, count_block, NULL);
		object_sizeof(&w.c, o, &bytes);
		/* No more than the words that are mapped, a few times. */
		assert_true(n_calls < 4 * OBJECTS_SIZE);
		n_types++;
	}
}

static void garbage_in_every_field_ends_in_bounded_time(void **state)
{
	(void)state;
	each_decoder(garbage_test);
	assert_true(n_types > 1000);
}

static void names_test(const struct named_decoder *d)
{
	assert_ptr_equal(decoder_named(d->tp_name), &d->decoder);
}

static void no_name_has_two_decoders(void **state)
{
	(void)state;
	each_decoder(names_test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_that_is_there_is_a_reference_with_its_label),
		cmocka_unit_test(an_object_of_zeros_refers_to_nothing),
		cmocka_unit_test(garbage_in_every_field_ends_in_bounded_time),
		cmocka_unit_test(no_name_has_two_decoders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
