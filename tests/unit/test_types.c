/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/objects.h"

#define EACH_LAYOUT(w)                                                                             \
	for (unsigned i_ = 0; layout_at(i_) && (objects_init(w, layout_at(i_)), true);             \
	     i_++, objects_fini(w))

static const struct type *at(struct objects *w, uint64_t address)
{
	return type_at(&w->types, w->c.r, address);
}

static void type_and_object_are_known_by_each_other(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		const struct type *object = at(&w, w.object), *type = at(&w, w.type);

		assert_non_null(object);
		assert_non_null(type);
		assert_ptr_equal(object->metatype, type);
		assert_ptr_equal(type->metatype, type);
		assert_ptr_equal(type->base, object);
		assert_null(object->base);
		assert_string_equal(type->name, "type");
		assert_ptr_equal(at(&w, w.object), object);
	}
}

static void a_static_type_is_named_by_tp_name(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = objects_static_type(&w, "pkg.module.Thing", 0, 0, 32, 0);

		assert_string_equal(at(&w, t)->name, "pkg.module.Thing");
		assert_string_equal(at(&w, w.dict)->name, "dict");
		assert_false(at(&w, t)->python_class);
	}
}

static void a_class_is_named_with_its_module(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = objects_class(&w, "Thing", 0, TPFLAGS_HAVE_GC, HEAD_OF(&w));

		assert_string_equal(at(&w, t)->name, "__main__.Thing");
		assert_true(at(&w, t)->python_class);
	}
}

static void a_static_type_whose_name_is_not_at_hand_is_a_type(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = objects_static_type(&w, "lost", 0, TPFLAGS_TUPLE, 32, 8);

		PUT(&w, t, PyTypeObject, tp_name, 0x400000);
		assert_non_null(at(&w, t));
		assert_memory_equal(at(&w, t)->name, "<static type at 0x", 18);
		assert_ptr_equal(at(&w, t)->decoder, at(&w, w.tuple)->decoder);
	}
}

/* A module of C code, in sys.modules alone. */
static void put_module(struct objects *w, const char *name, uint64_t key, uint64_t value)
{
	uint64_t module = objects_object(w, w->object, 128), names[] = { objects_str(w, name) };

	PUT(w, module, PyModuleObject, md_dict, objects_dict(w, &key, &value, 1));
	w->types.modules = objects_dict(w, names, &module, 1);
}

static void a_static_type_without_its_file_has_the_name_that_modules_have_for_it(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t bytearray = objects_static_type(&w, "lost", 0, 0, 56, 0);
		uint64_t other = objects_static_type(&w, "lost", 0, 0, 32, 0);

		PUT(&w, bytearray, PyTypeObject, tp_name, 0x400000);
		PUT(&w, other, PyTypeObject, tp_name, 0x400000);
		put_module(&w, "builtins", objects_str(&w, "bytearray"), bytearray);
		assert_string_equal(at(&w, bytearray)->name, "bytearray");
		assert_ptr_equal(at(&w, bytearray)->decoder, decoder_named("bytearray"));
		assert_false(at(&w, bytearray)->nameless);
		assert_true(at(&w, other)->nameless);
	}
	EACH_LAYOUT(&w)
	{
		uint64_t chain = objects_static_type(&w, "lost", 0, 0, 32, 0);

		PUT(&w, chain, PyTypeObject, tp_name, 0x400000);
		put_module(&w, "_functools", objects_str(&w, "reducer"), chain);
		assert_string_equal(at(&w, chain)->name, "functools.reducer");
	}
}

static void what_points_to_itself_is_no_type(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = objects_static_type(&w, "self", 0, TPFLAGS_TYPE, 32, 0);

		PUT(&w, t, PyObject, ob_type, t);
		assert_null(at(&w, t));
		assert_null(at(&w, t));
	}
}

static void a_ring_of_bases_is_no_type(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t a = objects_static_type(&w, "a", 0, 0, 32, 0);
		uint64_t b = objects_static_type(&w, "b", a, 0, 32, 0);

		PUT(&w, a, PyTypeObject, tp_base, b);
		assert_null(at(&w, a));
		assert_null(at(&w, b));
		PUT(&w, a, PyTypeObject, tp_base, w.object);
		assert_non_null(at(&w, w.dict));
	}
}

static void a_chain_of_bases_without_end_is_no_type(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = 0;

		for (int i = 0; i < 300; i++)
			t = objects_static_type(&w, "link", t, 0, 32, 0);
		assert_null(at(&w, t));
	}
}

static void objects_of_a_plain_type_are_no_types(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t t = objects_static_type(&w, "thing", 0, 0, 32, 0);

		PUT(&w, t, PyObject, ob_type, w.dict);
		assert_null(at(&w, t));
		assert_null(at(&w, 0));
		assert_null(at(&w, 0x1000));
		assert_null(at(&w, w.dict + 4));
		assert_null(at(&w, UINT64_MAX - 7));
	}
}

static void sizes_that_no_type_has_are_refused(void **state)
{
	static const uint64_t sizes[] = { 0, 8, 15, 1000001, UINT64_C(1) << 40, UINT64_MAX };
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			assert_null(at(&w, objects_static_type(&w, "bad", 0, 0, sizes[i], 0)));
		assert_null(at(&w, objects_static_type(&w, "bad", 0, 0, 16, UINT64_MAX)));
		assert_null(at(&w, objects_static_type(&w, "a\nb", 0, 0, 16, 0)));
		assert_null(at(&w, objects_static_type(&w, "", 0, 0, 16, 0)));
	}
}

static void a_class_with_a_builtins_name_is_no_builtin(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t own = objects_class(&w, "function", 0, 0, 32);
		uint64_t size = L(w.l, PyFunctionObject, sizeof);
		uint64_t builtin = objects_static_type(&w, "function", 0, 0, size, 0);
		uint64_t short_one = objects_static_type(&w, "function", 0, 0, size / 2, 0);

		assert_ptr_equal(at(&w, own)->decoder, &pycore_dec_generic);
		assert_ptr_not_equal(at(&w, builtin)->decoder, &pycore_dec_generic);
		assert_ptr_equal(at(&w, short_one)->decoder, &pycore_dec_generic);
	}
}

static void the_whole_of_a_named_type_is_known_though_its_base_is_shorter(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t size = L(w.l, PyCFunctionObject, sizeof);
		uint64_t base = objects_static_type(&w, "builtin_function_or_method", 0, 0, size, 0);
		uint64_t own = objects_static_type(&w, "builtin_method", base, 0, size + 8, 0);
		uint64_t other = objects_static_type(&w, "cyfunction", base, 0, size + 8, 0);

		assert_ptr_equal(at(&w, own)->decoder, at(&w, base)->decoder);
		assert_true(at(&w, own)->scan_to <= at(&w, own)->scan_from);
		assert_int_equal(at(&w, other)->scan_from, size);
		assert_int_equal(at(&w, other)->scan_to, size + 8);
	}
}

static void a_subclass_takes_the_decoder_of_its_base(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t base = objects_static_type(&w, "collections.defaultdict", w.dict,
						    TPFLAGS_DICT, HEAD_OF(&w) + 40, 0);
		uint64_t t = objects_class(&w, "Mine", base, TPFLAGS_DICT, HEAD_OF(&w) + 56);

		assert_ptr_equal(at(&w, t)->decoder, at(&w, base)->decoder);
		assert_ptr_not_equal(at(&w, t)->decoder, at(&w, w.dict)->decoder);
	}
}

static void what_stands_before_an_object_is_told_by_the_layout(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t flags = TPFLAGS_HAVE_GC | TPFLAGS_MANAGED_DICT;
		const struct type *t = at(&w, objects_class(&w, "C", 0, flags, HEAD_OF(&w)));
		uint32_t gc = L(w.l, PyGC_Head, sizeof);
		uint32_t managed = FACT(w.l, PRE_HEADER) == PRE_HEADER_GC ? 0 : 16;

		assert_int_equal(t->pre_header, gc + managed);
		assert_int_equal(t->sizeof_head,
				 FACT(w.l, SIZEOF_HEAD) == SIZEOF_GC_HEAD ? gc : gc + 16);
		assert_int_equal(at(&w, w.list)->pre_header, gc);
		assert_int_equal(at(&w, w.floating)->pre_header, 0);
	}
}

static void a_dict_offset_that_leads_nowhere_is_no_dict(void **state)
{
	enum { THE_END = 24 };
	static const int64_t offsets[] = { INT64_MIN, INT64_MAX, -1, -1000, THE_END, 1 << 20 };
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
			uint64_t end = HEAD_OF(&w) + 8;
			uint64_t t = objects_static_type(&w, "thing", 0, 0, end, 0);

			PUT(&w, t, PyTypeObject, tp_dictoffset,
			    offsets[i] == THE_END ? end : (uint64_t)offsets[i]);
			assert_non_null(at(&w, t));
			assert_int_equal(type_dict_slot(at(&w, t), w.c.r, w.l, w.none_object), 0);
		}
	}
}

static uint64_t put_member(struct objects *w, uint64_t at, const char *name, uint32_t type,
			   uint64_t offset)
{
	uint64_t text = objects_room(w, strlen(name) + 1);

	fake_string(w->f, text, name);
	PUT(w, at, PyMemberDef, name, text);
	PUT(w, at, PyMemberDef, type, type);
	PUT(w, at, PyMemberDef, offset, offset);
	return at + L(w->l, PyMemberDef, sizeof);
}

static void slots_are_found_where_they_can_be(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t head = HEAD_OF(&w);
		uint64_t t = objects_static_type(&w, "slotted", 0, 0, head + 32, 0);
		uint64_t members = objects_room(&w, 400), m = members;
		const struct type *type;

		m = put_member(&w, m, "left", 16, head);
		m = put_member(&w, m, "count", 1, head + 8);
		m = put_member(&w, m, "beyond", 16, head + 32);
		m = put_member(&w, m, "before", 16, 0);
		m = put_member(&w, m, "huge", 16, UINT64_MAX - 7);
		m = put_member(&w, m, "left", 6, head);
		put_member(&w, m, "right", 6, head + 24);
		PUT(&w, t, PyTypeObject, tp_members, members);
		type = at(&w, t);
		assert_int_equal(type->n_slots, 2);
		assert_string_equal(type->slots[0].name, "left");
		assert_int_equal(type->slots[1].offset, head + 24);
	}
}

static void a_subclass_has_the_slots_of_its_base_too(void **state)
{
	struct objects w;

	(void)state;
	EACH_LAYOUT(&w)
	{
		uint64_t head = HEAD_OF(&w);
		uint64_t base = objects_class(&w, "Base", 0, 0, head + 8);
		uint64_t t = objects_class(&w, "Sub", base, 0, head + 16);
		uint64_t one = objects_room(&w, 100), two = objects_room(&w, 100);
		uint64_t o = objects_object(&w, t, head + 16);
		struct edges e = { .n = 0 };
		struct object object;

		put_member(&w, one, "a", 16, head);
		put_member(&w, two, "b", 16, head + 8);
		PUT(&w, base, PyTypeObject, tp_members, one);
		PUT(&w, base, PyVarObject, ob_size, 1);
		PUT(&w, t, PyTypeObject, tp_members, two);
		PUT(&w, t, PyVarObject, ob_size, 1);
		fake_u64(w.f, o + head, w.none_object);
		fake_u64(w.f, o + head + 8, w.object);
		assert_int_equal(object_at(&w.c, o, &object), 0);
		assert_int_equal(object_edges(&w.c, object, edges_note, &e), 0);
		assert_int_equal(e.n, 3);
		assert_string_equal(e.seen[0].label.text, "a");
		assert_string_equal(e.seen[1].label.text, "b");
		assert_string_equal(e.seen[2].label.text, "__class__");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(type_and_object_are_known_by_each_other),
		cmocka_unit_test(a_static_type_is_named_by_tp_name),
		cmocka_unit_test(a_class_is_named_with_its_module),
		cmocka_unit_test(a_static_type_whose_name_is_not_at_hand_is_a_type),
		cmocka_unit_test(a_static_type_without_its_file_has_the_name_that_modules_have_for_it),
		cmocka_unit_test(what_points_to_itself_is_no_type),
		cmocka_unit_test(a_ring_of_bases_is_no_type),
		cmocka_unit_test(a_chain_of_bases_without_end_is_no_type),
		cmocka_unit_test(objects_of_a_plain_type_are_no_types),
		cmocka_unit_test(sizes_that_no_type_has_are_refused),
		cmocka_unit_test(a_class_with_a_builtins_name_is_no_builtin),
		cmocka_unit_test(the_whole_of_a_named_type_is_known_though_its_base_is_shorter),
		cmocka_unit_test(a_subclass_takes_the_decoder_of_its_base),
		cmocka_unit_test(what_stands_before_an_object_is_told_by_the_layout),
		cmocka_unit_test(a_dict_offset_that_leads_nowhere_is_no_dict),
		cmocka_unit_test(slots_are_found_where_they_can_be),
		cmocka_unit_test(a_subclass_has_the_slots_of_its_base_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
