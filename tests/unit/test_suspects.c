/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/suspects.h"

/* Small heaps, drawn by hand: object 0 is a module, 1 its __dict__. */

enum type_number { MODULE, DICT, LIST, STR, FUNCTION, NODE, ENTRY, CLASS, TYPES };

static const char *const names[TYPES] = { "module", "dict", "list", "str",
					  "function", "app.Node", "app.Entry",
					  "app.Meta" };

#define TYPE_ADDRESS 0x1000

#define MOST 4000

struct heap_drawing {
	struct whole w;
	uint32_t n, n_edges;
	struct {
		uint32_t from, to;
	} edges[4 * MOST];
	struct {
		enum type_number type;
		uint64_t bytes;
	} objects[MOST];
};

static struct heap_drawing d;
static struct suspects found;

static uint32_t object(enum type_number type, uint64_t bytes)
{
	d.objects[d.n].type = type;
	d.objects[d.n].bytes = bytes;
	return d.n++;
}

static void edge(uint32_t from, uint32_t to)
{
	d.edges[d.n_edges].from = from;
	d.edges[d.n_edges++].to = to;
}

/* @p n objects that @p holder alone refers to. @return the first */
static uint32_t fill(uint32_t holder, uint32_t n, enum type_number type, uint64_t bytes)
{
	uint32_t first = d.n;

	for (uint32_t i = 0; i < n; i++)
		edge(holder, object(type, bytes));
	return first;
}

/* A global of the module's. */
static uint32_t global(enum type_number type, uint64_t bytes)
{
	uint32_t o = object(type, bytes);

	edge(1, o);
	return o;
}

static int start(void **state)
{
	(void)state;
	memset(&d, 0, sizeof(d));
	object(MODULE, 10);
	object(DICT, 10);
	edge(0, 1);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	suspects_fini(&found);
	whole_fini(&d.w);
	return 0;
}

static int by_from(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return x[0] != y[0] ? (x[0] > y[0]) - (x[0] < y[0]) : (x[1] > y[1]) - (x[1] < y[1]);
}

static void add_root(uint32_t o, enum root_kind kind)
{
	struct whole_root root = { .object = o, .kind = (uint8_t)kind };

	assert_true(vec_push(&d.w.roots, root));
}

static void put_together(void)
{
	struct links *f = &d.w.objects.forward;

	d.w.jobs = 1;
	assert_int_equal(whole_init(&d.w, d.n), 0);
	for (uint32_t i = 0; i < TYPES; i++) {
		struct whole_type type = { .name = names[i], .address = TYPE_ADDRESS + i };

		assert_true(vec_push(&d.w.types, type));
	}
	for (uint32_t i = 0; i < d.n; i++) {
		d.w.objects.type[i] = d.objects[i].type;
		assert_true(whole_set_bytes(&d.w, i, d.objects[i].bytes));
	}
	d.w.objects.flags[1] |= OBJECT_PART;
	qsort(d.edges, d.n_edges, sizeof(d.edges[0]), by_from);
	assert_int_equal(links_room(f, d.n, d.n_edges), 0);
	for (uint32_t i = 0; i < d.n_edges; i++) {
		f->start[d.edges[i].from + 1]++;
		f->to[i] = d.edges[i].to;
	}
	assert_int_equal(links_sum(f->start, d.n), 0);
	add_root(0, ROOT_MODULE);
}

static void find(unsigned percent)
{
	assert_int_equal(whole_seal(&d.w, (struct whole_progress){ 0 }), 0);
	assert_int_equal(suspects_find(&d.w, percent, &found), 0);
}

static const struct suspect_found *only(void)
{
	assert_int_equal(found.list.n, 1);
	return &found.list.items[0];
}

static void the_container_is_told_and_not_what_is_above_it(void **state)
{
	uint32_t node = global(NODE, 10), list = object(LIST, 100);

	edge(node, list);
	fill(list, 50, ENTRY, 10);
	fill(list, 3, STR, 20);
	fill(1, 30, FUNCTION, 10);
	put_together();
	find(50);
	assert_int_equal(only()->kind, SUSPECT_OBJECT);
	assert_int_equal(only()->object, list);
	assert_int_equal(only()->type, LIST);
	assert_int_equal(only()->retained, 660);
	assert_int_equal(only()->item_type, ENTRY);
	assert_int_equal(only()->items, 50);
	assert_int_equal(only()->items_retained, 500);
}

/* A share of 10 % is one, a byte less is none. */
static void a_share_is_exactly_what_was_asked_for(void **state)
{
	edge(global(LIST, 8), object(STR, 100));
	fill(1, 1, FUNCTION, 2);
	fill(1, 87, FUNCTION, 10);
	put_together();
	find(10);
	assert_int_equal(only()->type, STR);
	assert_int_equal(only()->retained, 100);
	stop(state);
	start(state);
	global(STR, 99);
	fill(1, 88, FUNCTION, 10);
	global(FUNCTION, 1);
	put_together();
	find(10);
	assert_int_equal(found.list.n, 0);
}

static void containers_inside_of_one_count_for_themselves(void **state)
{
	uint32_t outer = global(DICT, 10), inner = object(DICT, 10), other = object(LIST, 10);

	edge(outer, inner);
	edge(outer, other);
	fill(inner, 40, ENTRY, 10);
	fill(other, 30, ENTRY, 10);
	fill(outer, 25, STR, 10);
	put_together();
	find(25);
	assert_int_equal(found.list.n, 3);
	assert_int_equal(found.list.items[0].object, outer);
	assert_int_equal(found.list.items[0].item_type, STR);
	assert_int_equal(found.list.items[0].items, 25);
	assert_int_equal(found.list.items[1].object, inner);
	assert_int_equal(found.list.items[2].object, other);
}

static void code_that_a_module_holds_is_no_suspect(void **state)
{
	fill(1, 90, FUNCTION, 100);
	put_together();
	find(10);
	assert_int_equal(found.list.n, 0);
}

/* The first object that is of a class is one, too. */
static uint32_t number_of(void *arg, uint64_t address)
{
	(void)arg;
	return address == TYPE_ADDRESS + ENTRY ? 2 : WHOLE_NONE;
}

static void classes_are_code_too(void **state)
{
	fill(1, 90, CLASS, 100);
	put_together();
	d.w.source.number = number_of;
	find(10);
	assert_int_equal(found.list.n, 0);
}

static void what_a_module_keeps_in_its_state_is_a_group(void **state)
{
	fill(0, 90, ENTRY, 10);
	put_together();
	find(50);
	assert_int_equal(only()->kind, SUSPECT_GROUP);
	assert_int_equal(only()->object, 0);
	assert_int_equal(only()->count, 90);
}

static void an_instance_is_told_for_its_dict(void **state)
{
	uint32_t node = global(NODE, 10), dict = object(DICT, 10);

	edge(node, dict);
	fill(dict, 90, ENTRY, 10);
	put_together();
	d.w.objects.flags[dict] |= OBJECT_PART;
	find(50);
	assert_int_equal(only()->object, node);
	assert_int_equal(only()->type, NODE);
	assert_int_equal(only()->items, 90);
}

static void a_list_of_links_is_told_by_its_first(void **state)
{
	uint32_t last = global(NODE, 10), first = last;

	fill(1, 3, NODE, 10);
	for (int i = 0; i < 1000; i++) {
		uint32_t next = object(NODE, 10);

		edge(last, next);
		fill(next, 1, STR, 20);
		last = next;
	}
	put_together();
	find(10);
	assert_int_equal(only()->kind, SUSPECT_STRUCTURE);
	assert_int_equal(only()->object, first);
	assert_int_equal(only()->count, 1001);
	assert_int_equal(only()->retained, 30010);
}

static void a_tree_is_told_by_its_root(void **state)
{
	uint32_t root = global(NODE, 10), first = d.n;

	fill(root, 4, NODE, 10);
	for (uint32_t i = 0; i < 4; i++)
		fill(first + i, 20, NODE, 10);
	put_together();
	find(10);
	assert_int_equal(only()->kind, SUSPECT_STRUCTURE);
	assert_int_equal(only()->object, root);
	assert_int_equal(only()->count, 85);
}

static void what_two_hold_is_a_group_with_the_one_that_holds_most(void **state)
{
	uint32_t list = global(LIST, 10), dict = global(DICT, 10), first;

	first = fill(list, 50, ENTRY, 10);
	for (uint32_t i = 0; i < 40; i++)
		edge(dict, first + i);
	/* As many references again, but to what is counted already. */
	for (uint32_t i = 0; i < 40; i++)
		edge(dict, first + i);
	put_together();
	find(50);
	assert_int_equal(only()->kind, SUSPECT_GROUP);
	assert_int_equal(only()->type, ENTRY);
	assert_int_equal(only()->first, first);
	assert_int_equal(only()->count, 40);
	assert_int_equal(only()->retained, 400);
	assert_int_equal(only()->held, 40);
	assert_true(only()->shared);
	assert_true(only()->object == list || only()->object == dict);
}

static void a_group_that_nobody_holds_the_half_of_is_none(void **state)
{
	uint32_t holders[5];
	uint32_t entry;

	for (int i = 0; i < 5; i++)
		holders[i] = global(LIST, 1);
	for (int i = 0; i < 60; i++) {
		entry = object(ENTRY, 10);
		edge(holders[i % 5], entry);
		edge(holders[(i + 1) % 5], entry);
	}
	put_together();
	find(50);
	assert_int_equal(found.list.n, 0);
}

static void globals_of_one_type_are_a_group_that_the_module_holds(void **state)
{
	fill(1, 60, LIST, 10);
	put_together();
	find(50);
	assert_int_equal(only()->kind, SUSPECT_GROUP);
	assert_int_equal(only()->object, 0);
	assert_int_equal(only()->held, 60);
	assert_false(only()->shared);
}

static void what_c_code_alone_holds_is_a_group_without_a_holder(void **state)
{
	uint32_t first = d.n;

	for (int i = 0; i < 60; i++)
		object(ENTRY, 10);
	put_together();
	for (uint32_t i = 0; i < 60; i++)
		add_root(first + i, ROOT_NATIVE);
	find(50);
	assert_int_equal(only()->kind, SUSPECT_GROUP);
	assert_int_equal(only()->object, WHOLE_NONE);
	assert_int_equal(only()->count, 60);
}

static void an_empty_heap_has_no_suspect(void **state)
{
	memset(&d, 0, sizeof(d));
	d.w.jobs = 1;
	assert_int_equal(whole_init(&d.w, 0), 0);
	assert_int_equal(links_room(&d.w.objects.forward, 0, 0), 0);
	assert_int_equal(links_sum(d.w.objects.forward.start, 0), 0);
	find(10);
	assert_int_equal(found.list.n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_container_is_told_and_not_what_is_above_it),
		TEST(a_share_is_exactly_what_was_asked_for),
		TEST(containers_inside_of_one_count_for_themselves),
		TEST(code_that_a_module_holds_is_no_suspect),
		TEST(classes_are_code_too),
		TEST(what_a_module_keeps_in_its_state_is_a_group),
		TEST(an_instance_is_told_for_its_dict),
		TEST(a_list_of_links_is_told_by_its_first),
		TEST(a_tree_is_told_by_its_root),
		TEST(what_two_hold_is_a_group_with_the_one_that_holds_most),
		TEST(a_group_that_nobody_holds_the_half_of_is_none),
		TEST(globals_of_one_type_are_a_group_that_the_module_holds),
		TEST(what_c_code_alone_holds_is_a_group_without_a_holder),
		TEST(an_empty_heap_has_no_suspect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
