/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "graph/page.h"

enum { INSTANCE = 1, DICT, TUPLE, FUNCTION, MODULE, CLASS, CELL, LIST };

#define KEY(k) ((struct label){ .kind = LABEL_KEY, .key = (k) })
#define INDEX(i) ((struct label){ .kind = LABEL_INDEX, .index = (i) })
#define FIELD(t) ((struct label){ .kind = LABEL_FIELD, .text = (t) })
#define ATTR(k) ((struct label){ .kind = LABEL_ATTR_KEY, .key = (k) })

static uint32_t node(struct web *w, uint32_t type, uint32_t flags)
{
	struct web_node x = {
		.address = 0x1000 + 0x40 * w->nodes.n,
		.type = type,
		.level = flags & WEB_TARGET ? 0 : WEB_FAR,
		.flags = flags,
	};

	if (type == DICT || type == TUPLE)
		x.flags |= WEB_HELPER;
	if (type == CELL)
		x.flags |= WEB_CELL;
	if (type == MODULE) {
		x.flags |= WEB_MODULE;
		x.root = (uint32_t)w->nodes.n + 1;
	}
	if (type == CLASS) {
		x.flags |= WEB_CLASS;
		x.class_root = 1000 + (uint32_t)w->nodes.n;
	}
	assert_true(vec_push(&w->nodes, x));
	return (uint32_t)w->nodes.n - 1;
}

static void edge(struct web *w, uint32_t from, uint32_t to, struct label label)
{
	struct web_edge e = { .from = from, .to = to };

	e.shape = shape_of(&w->shapes, &label, false, &e.detail);
	assert_true(e.shape != UINT32_MAX);
	assert_true(vec_push(&w->edges, e));
}

static bool gone(const struct web *w, uint32_t i)
{
	return w->nodes.items[i].flags & WEB_GONE;
}

static const struct web_edge *between(const struct web *w, uint32_t from, uint32_t to)
{
	const struct web_edge *found = NULL;

	for (size_t i = 0; i < w->edges.n; i++) {
		if (w->edges.items[i].from == from && w->edges.items[i].to == to) {
			assert_null(found);
			found = &w->edges.items[i];
		}
	}
	return found;
}

static const struct shape *shape_at(const struct web *w, uint32_t number)
{
	assert_true(number < w->shapes.list.n);
	return &w->shapes.list.items[number];
}

/* Which node of the page draws node @p i of the web; UINT32_MAX: none. */
static uint32_t drawn(const struct page *p, uint32_t i)
{
	for (uint32_t k = 0; k < p->nodes.n; k++) {
		if (p->nodes.items[k].group == p->group_of[i])
			return k;
	}
	return UINT32_MAX;
}

static const struct page_edge *page_between(const struct page *p, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < p->edges.n; i++) {
		if (p->edges.items[i].from == from && p->edges.items[i].to == to)
			return &p->edges.items[i];
	}
	return NULL;
}

static void a_dict_of_attributes_is_part_of_its_instance(void **state)
{
	struct web w = { 0 };
	uint32_t target = node(&w, INSTANCE, WEB_TARGET), dict = node(&w, DICT, 0);
	uint32_t owner = node(&w, INSTANCE, 0);
	const struct web_edge *e;

	(void)state;
	edge(&w, dict, target, KEY(77));
	edge(&w, owner, dict, FIELD("__dict__"));
	assert_int_equal(web_fold(&w, 10), 0);
	assert_true(gone(&w, dict));
	e = between(&w, owner, target);
	assert_non_null(e);
	assert_int_equal(shape_at(&w, e->shape)->kind, LABEL_ATTR_KEY);
	assert_int_equal(shape_at(&w, e->shape)->key, 77);
	assert_int_equal(shape_at(&w, e->shape)->prefix, 0);
	assert_int_equal(w.nodes.items[owner].level, 1);
	web_fini(&w);
}

static void a_default_argument_is_held_by_its_function(void **state)
{
	struct web w = { 0 };
	uint32_t foo = node(&w, INSTANCE, WEB_TARGET), bar = node(&w, INSTANCE, WEB_TARGET);
	uint32_t holder = node(&w, DICT, 0), cache = node(&w, DICT, 0);
	uint32_t defaults = node(&w, TUPLE, 0), function = node(&w, FUNCTION, 0);
	uint32_t main_module = node(&w, MODULE, 0);
	const struct web_edge *e;
	struct page p;

	(void)state;
	edge(&w, holder, foo, KEY(1));
	edge(&w, holder, bar, KEY(2));
	edge(&w, cache, holder, KEY(42));
	edge(&w, defaults, cache, INDEX(0));
	edge(&w, function, defaults, FIELD("__defaults__"));
	edge(&w, main_module, function, ATTR(3));
	assert_int_equal(web_fold(&w, 10), 0);
	assert_true(gone(&w, defaults));
	e = between(&w, function, cache);
	assert_non_null(e);
	assert_int_equal(shape_at(&w, e->shape)->kind, LABEL_INDEX);
	assert_int_equal(e->detail, 0);
	assert_string_equal(shape_at(&w, shape_at(&w, e->shape)->prefix - 1)->text, "__defaults__");

	assert_int_equal(page_make(&w, 60, &p), 0);
	assert_int_equal(p.nodes.n, 6);
	assert_int_equal(p.edges.n, 5);
	assert_false(p.cut);
	assert_int_equal(drawn(&p, foo), 0);
	assert_int_equal(drawn(&p, bar), 1);
	assert_int_equal(drawn(&p, main_module), 5);
	page_fini(&p);
	web_fini(&w);
}

static void a_tuple_that_two_hold_is_drawn(void **state)
{
	struct web w = { 0 };
	uint32_t target = node(&w, INSTANCE, WEB_TARGET), tuple = node(&w, TUPLE, 0);
	uint32_t function = node(&w, FUNCTION, 0), list = node(&w, LIST, 0);

	(void)state;
	edge(&w, tuple, target, INDEX(0));
	edge(&w, function, tuple, FIELD("__defaults__"));
	edge(&w, list, tuple, INDEX(4));
	assert_int_equal(web_fold(&w, 10), 0);
	assert_false(gone(&w, tuple));
	assert_non_null(between(&w, function, tuple));
	web_fini(&w);
}

static void a_variable_in_a_cell_is_held_by_the_closure(void **state)
{
	struct web w = { 0 };
	uint32_t target = node(&w, INSTANCE, WEB_TARGET), cell = node(&w, CELL, 0);
	uint32_t tuple[2] = { node(&w, TUPLE, 0), node(&w, TUPLE, 0) };
	uint32_t function[2] = { node(&w, FUNCTION, 0), node(&w, FUNCTION, 0) };
	const struct web_edge *e;

	(void)state;
	edge(&w, cell, target, FIELD("cell_contents"));
	for (uint32_t i = 0; i < 2; i++) {
		edge(&w, tuple[i], cell, INDEX(i + 5));
		edge(&w, function[i], tuple[i], FIELD("__closure__"));
	}
	assert_int_equal(web_fold(&w, 10), 0);
	assert_true(gone(&w, cell) && gone(&w, tuple[0]) && gone(&w, tuple[1]));
	for (uint32_t i = 0; i < 2; i++) {
		e = between(&w, function[i], target);
		assert_non_null(e);
		assert_int_equal(e->detail, i + 5);
		assert_int_equal(shape_at(&w, e->shape)->kind, LABEL_INDEX);
	}
	assert_int_equal(w.edges.n, 2);
	web_fini(&w);
}

static void a_target_is_never_folded(void **state)
{
	struct web w = { 0 };
	uint32_t target = node(&w, DICT, WEB_TARGET), owner = node(&w, INSTANCE, 0);

	(void)state;
	edge(&w, owner, target, FIELD("__dict__"));
	assert_int_equal(web_fold(&w, 10), 0);
	assert_false(gone(&w, target));
	assert_non_null(between(&w, owner, target));
	web_fini(&w);
}

static void a_circle_of_helpers_ends(void **state)
{
	struct web w = { 0 };
	uint32_t target = node(&w, INSTANCE, WEB_TARGET);
	uint32_t a = node(&w, TUPLE, 0), b = node(&w, TUPLE, 0), cell = node(&w, CELL, 0);

	(void)state;
	edge(&w, a, b, FIELD("__defaults__"));
	edge(&w, b, a, FIELD("__defaults__"));
	edge(&w, b, target, INDEX(0));
	edge(&w, cell, cell, FIELD("cell_contents"));
	edge(&w, cell, target, FIELD("cell_contents"));
	assert_int_equal(web_fold(&w, 10), 0);
	assert_false(gone(&w, target));
	web_fini(&w);
}

static void a_class_is_held_by_the_module_that_defines_it(void **state)
{
	struct web w = { 0 };
	uint32_t target = node(&w, INSTANCE, WEB_TARGET), cls = node(&w, CLASS, 0);
	uint32_t dict = node(&w, DICT, 0), list = node(&w, LIST, 0);
	uint32_t home = node(&w, MODULE, 0), other = node(&w, MODULE, 0);

	(void)state;
	w.nodes.items[cls].home = home + 1;
	edge(&w, dict, target, KEY(5));
	edge(&w, cls, dict, FIELD("__dict__"));
	edge(&w, other, cls, ATTR(6));
	edge(&w, home, cls, ATTR(6));
	edge(&w, list, cls, INDEX(0));
	assert_int_equal(web_fold(&w, 10), 0);
	assert_non_null(between(&w, cls, target));
	assert_non_null(between(&w, home, cls));
	assert_null(between(&w, other, cls));
	assert_null(between(&w, list, cls));
	assert_true(gone(&w, other) && gone(&w, list));
	assert_int_equal(w.nodes.items[cls].root, w.nodes.items[cls].class_root);
	web_fini(&w);
}

static void a_type_s_bookkeeping_is_left_out(void **state)
{
	struct web w = { 0 };
	uint32_t cls = node(&w, CLASS, WEB_TARGET), mro = node(&w, TUPLE, 0);
	uint32_t sub = node(&w, CLASS, 0), bases = node(&w, TUPLE, 0);
	uint32_t instance = node(&w, INSTANCE, 0);

	(void)state;
	edge(&w, mro, cls, INDEX(0));
	edge(&w, cls, mro, FIELD("__mro__"));
	edge(&w, bases, cls, INDEX(0));
	edge(&w, sub, bases, FIELD("__bases__"));
	edge(&w, instance, cls, FIELD("__class__"));
	assert_int_equal(web_fold(&w, 10), 0);
	assert_true(gone(&w, mro));
	assert_non_null(between(&w, sub, cls));
	assert_non_null(between(&w, instance, cls));
	web_fini(&w);
}

static void a_guess_of_a_frame_counts_where_nothing_else_holds(void **state)
{
	struct web w = { 0 };
	uint32_t held = node(&w, INSTANCE, WEB_TARGET), loose = node(&w, INSTANCE, WEB_TARGET);
	uint32_t list = node(&w, LIST, 0), module = node(&w, MODULE, 0);
	uint32_t frame = node(&w, WEB_FRAME, 0);
	struct label stack = FIELD("stack");

	(void)state;
	w.nodes.items[frame].root = 99;
	edge(&w, module, list, ATTR(1));
	edge(&w, list, held, INDEX(0));
	for (uint32_t to = held; to <= loose; to++) {
		struct web_edge e = { .from = frame, .to = to };

		e.shape = shape_of(&w.shapes, &stack, true, &e.detail);
		assert_true(vec_push(&w.edges, e));
	}
	assert_int_equal(web_fold(&w, 10), 0);
	assert_null(between(&w, frame, held));
	assert_non_null(between(&w, frame, loose));
	web_fini(&w);
}

static void what_is_too_far_is_counted(void **state)
{
	struct web w = { 0 };
	uint32_t chain[5] = { node(&w, LIST, WEB_TARGET) };

	(void)state;
	for (uint32_t i = 1; i < 5; i++) {
		chain[i] = node(&w, LIST, 0);
		edge(&w, chain[i], chain[i - 1], INDEX(0));
	}
	assert_int_equal(web_fold(&w, 2), 0);
	assert_true(w.cut);
	assert_false(gone(&w, chain[2]));
	assert_true(gone(&w, chain[3]));
	assert_int_equal(w.nodes.items[chain[2]].more, 1);
	assert_int_equal(w.edges.n, 2);
	web_fini(&w);
}

/* Many instances, each in a dict of its own, all dicts in one list of a module. */
static void alike_objects_become_one_node(void **state)
{
	enum { MANY = 1000 };
	struct web w = { 0 };
	uint32_t list = node(&w, LIST, 0), module = node(&w, MODULE, 0);
	const struct page_edge *e;
	struct page p;

	(void)state;
	edge(&w, module, list, ATTR(1));
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t target = node(&w, INSTANCE, WEB_TARGET), dict = node(&w, DICT, 0);

		edge(&w, dict, target, KEY(9));
		edge(&w, list, dict, INDEX(i));
	}
	assert_int_equal(web_fold(&w, 10), 0);
	assert_int_equal(page_make(&w, 60, &p), 0);
	assert_int_equal(p.nodes.n, 4);
	assert_int_equal(p.nodes.items[0].count, MANY);
	assert_int_equal(p.nodes.items[1].count, MANY);
	e = page_between(&p, 1, 0);
	assert_non_null(e);
	assert_int_equal(e->count, MANY);
	assert_false(e->several);
	e = page_between(&p, 2, 1);
	assert_non_null(e);
	assert_int_equal(e->count, MANY);
	assert_true(e->several);
	assert_false(p.cut);
	page_fini(&p);
	web_fini(&w);
}

static void a_few_alike_stay_apart(void **state)
{
	struct web w = { 0 };
	uint32_t list = node(&w, LIST, 0);
	struct page p;

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		edge(&w, list, node(&w, INSTANCE, WEB_TARGET), INDEX(i));
	assert_int_equal(web_fold(&w, 10), 0);
	assert_int_equal(page_make(&w, 60, &p), 0);
	assert_int_equal(p.nodes.n, 6);
	page_fini(&p);
	web_fini(&w);
}

static void objects_held_in_other_ways_are_not_alike(void **state)
{
	struct web w = { 0 };
	uint32_t a = node(&w, LIST, 0), b = node(&w, FUNCTION, 0);
	struct page p;

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		if (i % 2)
			edge(&w, a, node(&w, INSTANCE, WEB_TARGET), INDEX(i));
		else
			edge(&w, b, node(&w, INSTANCE, WEB_TARGET), KEY(i + 1));
	}
	assert_int_equal(web_fold(&w, 10), 0);
	assert_int_equal(page_make(&w, 60, &p), 0);
	assert_int_equal(p.nodes.n, 4);
	page_fini(&p);
	web_fini(&w);
}

/*
 * A target that very many different things refer to, and one long way to a
 * root: the way is drawn, of the rest a few.
 */
static void the_way_to_a_root_comes_first(void **state)
{
	struct web w = { 0 };
	uint32_t target = node(&w, INSTANCE, WEB_TARGET);
	uint32_t at = target, module;
	struct page p;

	(void)state;
	for (uint32_t i = 0; i < 300; i++)
		edge(&w, node(&w, 100 + i, 0), target, ATTR(i + 1));
	for (uint32_t i = 0; i < 6; i++) {
		uint32_t next = node(&w, 1000 + i, 0);

		edge(&w, next, at, ATTR(500));
		at = next;
	}
	module = node(&w, MODULE, 0);
	edge(&w, module, at, ATTR(501));
	assert_int_equal(web_fold(&w, 10), 0);
	assert_int_equal(page_make(&w, 12, &p), 0);
	assert_true(p.nodes.n <= 12);
	assert_true(p.cut);
	assert_int_not_equal(drawn(&p, module), UINT32_MAX);
	assert_int_not_equal(drawn(&p, at), UINT32_MAX);
	/* Nodes drawn and nodes left out are all there are. */
	assert_int_equal(p.nodes.items[0].more, 301 - (p.nodes.n - 7));
	page_fini(&p);
	web_fini(&w);
}

static void a_hub_shows_twenty_neighbours(void **state)
{
	struct web w = { 0 };
	uint32_t target = node(&w, INSTANCE, WEB_TARGET);
	struct page p;

	(void)state;
	for (uint32_t i = 0; i < 50; i++)
		edge(&w, node(&w, MODULE, 0), target, ATTR(i + 1));
	assert_int_equal(web_fold(&w, 10), 0);
	assert_int_equal(page_make(&w, 60, &p), 0);
	assert_int_equal(p.nodes.n, 21);
	assert_int_equal(p.nodes.items[0].more, 30);
	assert_true(p.cut);
	page_fini(&p);
	web_fini(&w);
}

static void many_labels_between_two_become_few(void **state)
{
	struct web w = { 0 };
	uint32_t target = node(&w, INSTANCE, WEB_TARGET), module = node(&w, MODULE, 0);
	uint64_t references = 0;
	struct page p;

	(void)state;
	for (uint32_t i = 0; i < 50; i++)
		edge(&w, module, target, ATTR(i + 1));
	assert_int_equal(web_fold(&w, 10), 0);
	assert_int_equal(page_make(&w, 60, &p), 0);
	assert_int_equal(p.edges.n, 4);
	for (size_t i = 0; i < p.edges.n; i++)
		references += p.edges.items[i].count;
	assert_int_equal(references, 50);
	page_fini(&p);
	web_fini(&w);
}

static void forward_goes_along_references(void **state)
{
	struct web w = { .referents = true };
	uint32_t target = node(&w, INSTANCE, WEB_TARGET), dict = node(&w, DICT, 0);
	uint32_t value = node(&w, LIST, 0), back = node(&w, LIST, 0);

	(void)state;
	edge(&w, target, dict, FIELD("__dict__"));
	edge(&w, dict, value, KEY(3));
	edge(&w, back, target, INDEX(0));
	assert_int_equal(web_fold(&w, 3), 0);
	assert_non_null(between(&w, target, value));
	assert_true(gone(&w, dict) && gone(&w, back));
	web_fini(&w);
}

static void nothing_refers_to_it_is_an_answer(void **state)
{
	struct web w = { 0 };
	struct page p;

	(void)state;
	node(&w, INSTANCE, WEB_TARGET);
	assert_int_equal(web_fold(&w, 10), 0);
	assert_int_equal(page_make(&w, 60, &p), 0);
	assert_int_equal(p.nodes.n, 1);
	assert_int_equal(p.edges.n, 0);
	assert_false(p.cut);
	page_fini(&p);
	web_fini(&w);
}

/* Any web at all: the picture is within its bounds and its edges are the web's. */
static void any_web_makes_a_picture_that_fits(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct web w = { .referents = round % 3 == 0 };
		uint32_t n = 2 + round % 90, most = 1 + round % 30;
		static const char *const fields[] = { "__dict__", "__mro__", "__defaults__",
						      "__class__", "__bases__", "x" };
		struct page p;

		for (uint32_t i = 0; i < n; i++)
			node(&w, INSTANCE + (seed = seed * 6364136223846793005u + 1) / 7 % 8,
			     i % 10 == 0 ? WEB_TARGET : 0);
		for (uint32_t i = 0; i < n * 3; i++) {
			uint64_t x = seed = seed * 6364136223846793005u + 1442695040888963407u;
			struct label label = x >> 60 & 1 ? FIELD(fields[(x >> 50) % 6])
							 : INDEX((x >> 50) % 4);

			edge(&w, (uint32_t)(x >> 33) % n, (uint32_t)(x >> 20) % n, label);
		}
		assert_int_equal(web_fold(&w, 1 + round % 12), 0);
		assert_int_equal(page_make(&w, most, &p), 0);
		assert_true(p.nodes.n && p.nodes.n <= most);
		for (size_t i = 0; i < p.nodes.n; i++)
			assert_false(gone(&w, p.nodes.items[i].first));
		for (size_t i = 0; i < p.edges.n; i++)
			assert_true(p.edges.items[i].from < p.nodes.n &&
				    p.edges.items[i].to < p.nodes.n);
		page_fini(&p);
		web_fini(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dict_of_attributes_is_part_of_its_instance),
		cmocka_unit_test(a_default_argument_is_held_by_its_function),
		cmocka_unit_test(a_tuple_that_two_hold_is_drawn),
		cmocka_unit_test(a_variable_in_a_cell_is_held_by_the_closure),
		cmocka_unit_test(a_target_is_never_folded),
		cmocka_unit_test(a_circle_of_helpers_ends),
		cmocka_unit_test(a_class_is_held_by_the_module_that_defines_it),
		cmocka_unit_test(a_type_s_bookkeeping_is_left_out),
		cmocka_unit_test(a_guess_of_a_frame_counts_where_nothing_else_holds),
		cmocka_unit_test(what_is_too_far_is_counted),
		cmocka_unit_test(alike_objects_become_one_node),
		cmocka_unit_test(a_few_alike_stay_apart),
		cmocka_unit_test(objects_held_in_other_ways_are_not_alike),
		cmocka_unit_test(the_way_to_a_root_comes_first),
		cmocka_unit_test(a_hub_shows_twenty_neighbours),
		cmocka_unit_test(many_labels_between_two_become_few),
		cmocka_unit_test(forward_goes_along_references),
		cmocka_unit_test(nothing_refers_to_it_is_an_answer),
		cmocka_unit_test(any_web_makes_a_picture_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
