/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "graph/holders.h"
#include "graph/labels.h"
#include "graph/refs.h"
#include "lib/objects.h"

/* A program of a module, __main__, with what a test puts into its globals. */
struct program {
	struct objects w;
	struct interpreters interps;
	struct heap heap;
	struct arena arena;
	uint64_t thing_type, module_type, function_type;
	uint64_t module, function;
	uint64_t thing, holder, cache; /* cache['x'] is holder, holder[0] is thing */
};

static uint64_t seen(struct program *p, uint64_t address)
{
	struct index_chunk *chunk = index_chunk_make(&p->heap.index, address);

	assert_non_null(chunk);
	bitmap_set(chunk->object, address);
	return address;
}

static uint64_t name(struct program *p, const char *text)
{
	return seen(p, objects_str(&p->w, text));
}

static uint64_t dict_of(struct program *p, const char *key, uint64_t value)
{
	uint64_t k = name(p, key);

	return seen(p, objects_dict(&p->w, &k, &value, 1));
}

static void program_interpreter(struct program *p)
{
	struct interpreter main_one = {
		.address = objects_room(&p->w, L(p->w.l, PyInterpreterState, modules) + 8),
	};
	uint64_t modules = dict_of(p, "__main__", p->module);

	PUT(&p->w, main_one.address, PyInterpreterState, modules, modules);
	assert_true(vec_push(&p->interps.interps, main_one));
	p->heap.rt = &p->w.rt;
	p->heap.interps = &p->interps;
	p->heap.types = &p->w.types;
	assert_int_equal(index_number(&p->heap.index), 0);
}

static void program_init(struct program *p, const struct layout *l)
{
	struct objects *w = &p->w;
	uint64_t defaults, globals;

	*p = (struct program){ .thing = 0 };
	objects_init(w, l);
	p->thing_type = objects_class(w, "Thing", 0, 0, L(l, PyObject, sizeof));
	p->module_type = objects_static_type(w, "module", 0, 0, L(l, PyModuleObject, sizeof), 0);
	p->function_type =
		objects_static_type(w, "function", 0, 0, L(l, PyFunctionObject, sizeof), 0);
	p->thing = seen(p, objects_object(w, p->thing_type, L(l, PyObject, sizeof)));
	p->holder = seen(p, objects_list(w, &p->thing, 1));
	p->cache = dict_of(p, "x", p->holder);
	defaults = seen(p, objects_tuple(w, &p->cache, 1));
	p->function = seen(p, objects_object(w, p->function_type, L(l, PyFunctionObject, sizeof)));
	PUT(w, p->function, PyFunctionObject, func_defaults, defaults);
	globals = dict_of(p, "f", p->function);
	PUT(w, p->function, PyFunctionObject, func_globals, globals);
	p->module = seen(p, objects_object(w, p->module_type, L(l, PyModuleObject, sizeof)));
	PUT(w, p->module, PyModuleObject, md_dict, globals);
	program_interpreter(p);
}

static void program_fini(struct program *p)
{
	arena_free(&p->arena);
	index_fini(&p->heap.index);
	interpreters_fini(&p->interps);
	objects_fini(&p->w);
}

static int ask(struct program *p, uint64_t target, const struct pycore_graph_query *q,
	       struct pycore_graph *out)
{
	struct pycore_error error = { 0 };
	int rc = refs_graph(&p->w.c, &p->heap, NULL, &target, 1, q, &p->arena, out, &error);

	assert_int_equal(rc, error.status);
	return rc;
}

static uint32_t node_at(const struct pycore_graph *g, uint64_t address)
{
	for (uint32_t i = 0; i < g->n_nodes; i++) {
		if (g->nodes[i].address == address)
			return i;
	}
	fail_msg("no node is at 0x%llx", (unsigned long long)address);
	return 0;
}

static const char *label_between(const struct pycore_graph *g, uint64_t from, uint64_t to)
{
	uint32_t f = node_at(g, from), t = node_at(g, to);

	for (size_t i = 0; i < g->n_edges; i++) {
		if (g->edges[i].from == f && g->edges[i].to == t)
			return g->edges[i].label;
	}
	return "no edge";
}

static void an_object_is_followed_back_to_the_module(void **state)
{
	const struct layout *l;

	(void)state;
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		struct pycore_graph_query q = { .values = true };
		struct pycore_graph g;
		struct program p;

		program_init(&p, l);
		assert_int_equal(ask(&p, p.thing, &q, &g), 0);
		assert_int_equal(g.n_nodes, 5);
		assert_int_equal(g.n_edges, 4);
		assert_true(g.nodes[0].target);
		assert_int_equal(g.nodes[0].address, p.thing);
		assert_string_equal(g.nodes[0].type, "__main__.Thing");
		assert_int_equal(g.nodes[0].count, 1);
		assert_string_equal(label_between(&g, p.holder, p.thing), "[0]");
		assert_string_equal(label_between(&g, p.cache, p.holder), "['x']");
		assert_string_equal(label_between(&g, p.function, p.cache), "__defaults__[0]");
		assert_string_equal(label_between(&g, p.module, p.function), ".f");
		assert_string_equal(g.nodes[node_at(&g, p.module)].root, "module __main__");
		assert_null(g.nodes[node_at(&g, p.cache)].root);
		assert_false(g.cut);
		program_fini(&p);
	}
}

static void a_step_is_what_depth_counts(void **state)
{
	struct pycore_graph_query q = { .depth = 2 };
	struct pycore_graph g;
	struct program p;

	(void)state;
	program_init(&p, layout_at(0));
	assert_int_equal(ask(&p, p.thing, &q, &g), 0);
	assert_int_equal(g.n_nodes, 3);
	assert_true(g.cut);
	/* The tuple of defaults is no step. */
	q.depth = 3;
	assert_int_equal(ask(&p, p.thing, &q, &g), 0);
	assert_int_equal(g.n_nodes, 4);
	assert_string_equal(label_between(&g, p.function, p.cache), "__defaults__[0]");
	program_fini(&p);
}

static void a_page_has_no_more_nodes_than_asked_for(void **state)
{
	struct pycore_graph_query q = { .max_nodes = 2 };
	struct pycore_graph g;
	struct program p;

	(void)state;
	program_init(&p, layout_at(0));
	assert_int_equal(ask(&p, p.thing, &q, &g), 0);
	assert_int_equal(g.n_nodes, 2);
	assert_true(g.cut);
	assert_int_equal(g.nodes[1].more, 1);
	program_fini(&p);
}

static void forward_shows_what_an_object_refers_to(void **state)
{
	const struct layout *l;

	(void)state;
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		struct pycore_graph_query q = { .referents = true };
		struct pycore_graph g;
		struct program p;

		program_init(&p, l);
		assert_int_equal(ask(&p, p.function, &q, &g), 0);
		assert_string_equal(label_between(&g, p.function, p.cache), "__defaults__[0]");
		assert_string_equal(label_between(&g, p.cache, p.holder), "['x']");
		assert_string_equal(label_between(&g, p.holder, p.thing), "[0]");
		for (size_t k = 0; k < g.n_nodes; k++)
			assert_null(g.nodes[k].root);
		program_fini(&p);
	}
}

static void where_no_object_is_there_is_no_graph(void **state)
{
	struct pycore_graph_query q = { 0 };
	struct pycore_graph g;
	struct program p;

	(void)state;
	program_init(&p, layout_at(0));
	assert_int_equal(ask(&p, 0x10, &q, &g), PYCORE_ERR_NOT_FOUND);
	assert_int_equal(g.n_nodes, 0);
	program_fini(&p);
}

static void a_broken_list_of_modules_leaves_the_objects(void **state)
{
	struct pycore_graph_query q = { 0 };
	struct pycore_graph g;
	struct program p;

	(void)state;
	program_init(&p, layout_at(0));
	PUT(&p.w, p.interps.interps.items[0].address, PyInterpreterState, modules, 0x18);
	assert_int_equal(ask(&p, p.thing, &q, &g), 0);
	assert_true(g.n_nodes >= 5);
	for (size_t i = 0; i < g.n_nodes; i++)
		assert_null(g.nodes[i].root);
	program_fini(&p);
}

static void check_way(struct program *p)
{
	static const char *const labels[] = { ".f", "__defaults__[0]", "['x']", "[0]" };
	struct holders h;

	assert_int_equal(holders_find(&p->w.c, &p->heap, p->thing, &p->arena, &h), 0);
	assert_int_equal(h.list.n, 1);
	assert_true(h.list.items[0].address == p->holder);
	assert_int_equal(h.list.items[0].label.kind, LABEL_INDEX);
	assert_string_equal(h.root, "module __main__");
	assert_int_equal(h.way.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(h.way.items[i].label, labels[i]);
	assert_true(h.way.items[3].address == p->thing);
	holders_fini(&h);
}

static void check_own_root(struct program *p)
{
	struct holders h;
	uint64_t globals;

	PUT(&p->w, p->module_type, PyTypeObject, tp_dictoffset, L(p->w.l, PyModuleObject, md_dict));
	assert_int_equal(holders_find(&p->w.c, &p->heap, p->module, &p->arena, &h), 0);
	assert_string_equal(h.root, "module __main__");
	assert_int_equal(h.way.n, 0);
	holders_fini(&h);
	/* Of its globals the module and the function are referrers. */
	memcpy(&globals, fake_at(p->w.f, p->module + L(p->w.l, PyModuleObject, md_dict), 8), 8);
	assert_int_equal(holders_find(&p->w.c, &p->heap, globals, &p->arena, &h), 0);
	assert_string_equal(h.root, "module __main__");
	assert_int_equal(h.way.n, 1);
	assert_string_equal(h.way.items[0].label, ".__dict__");
	assert_int_equal(h.list.n, 2);
	assert_true(h.list.items[0].address == p->function);
	assert_true(h.list.items[1].address == p->module);
	holders_fini(&h);
}

static void check_no_root(struct program *p)
{
	struct holders h;
	uint64_t lost;

	lost = seen(p, objects_list(&p->w, &p->thing, 1));
	assert_int_equal(index_number(&p->heap.index), 0);
	assert_int_equal(holders_find(&p->w.c, &p->heap, lost, &p->arena, &h), 0);
	assert_null(h.root);
	assert_int_equal(h.list.n, 0);
	holders_fini(&h);
	assert_int_equal(holders_find(&p->w.c, &p->heap, 64, &p->arena, &h), PYCORE_ERR_NOT_FOUND);
	holders_fini(&h);
}

static void check_owner(struct program *p)
{
	uint64_t items;

	memcpy(&items, fake_at(p->w.f, p->holder + L(p->w.l, PyListObject, ob_item), 8), 8);
	assert_true(holders_owner(&p->w.c, &p->heap, items + 7) == p->holder);
	assert_true(holders_owner(&p->w.c, &p->heap, items + 16) == 0);
}

static void the_holders_of_an_object_are_told(void **state)
{
	static void (*const checks[])(struct program *p) = { check_way, check_own_root,
							     check_no_root, check_owner };
	const struct layout *l;

	(void)state;
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		for (size_t k = 0; k < sizeof(checks) / sizeof(checks[0]); k++) {
			struct program p;

			program_init(&p, l);
			checks[k](&p);
			program_fini(&p);
		}
	}
}

/* The graph of the program, the references of holder in an order that is not the list's. */
static void whole_of(struct program *p, struct whole *w)
{
	uint32_t holder = index_number_of(&p->heap.index, p->holder);
	uint32_t thing = index_number_of(&p->heap.index, p->thing);
	uint32_t cache = index_number_of(&p->heap.index, p->cache);

	*w = (struct whole){ .jobs = 1 };
	assert_int_equal(whole_init(w, (uint32_t)p->heap.index.n_objects), 0);
	assert_int_equal(links_room(&w->objects.forward, w->n, 4), 0);
	w->objects.forward.start[holder + 1] = 4;
	assert_int_equal(links_sum(w->objects.forward.start, w->n), 0);
	w->objects.forward.to[0] = cache;
	for (unsigned i = 1; i < 4; i++)
		w->objects.forward.to[i] = thing;
}

static void each_reference_gets_a_label_of_its_own(void **state)
{
	const struct layout *l;

	(void)state;
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		static const uint32_t want[] = { 1, 0, 2, 3 };
		uint64_t items[4];
		struct labels labels;
		struct program p;
		struct whole w;

		program_init(&p, l);
		items[0] = items[2] = items[3] = p.thing;
		items[1] = p.cache;
		p.holder = seen(&p, objects_list(&p.w, items, 4));
		assert_int_equal(index_number(&p.heap.index), 0);
		whole_of(&p, &w);
		assert_int_equal(labels_read(&w, &p.w.c, &p.heap, &labels), 0);
		for (uint32_t k = 0; k < 4; k++)
			assert_int_equal(labels.of[k], LABELS_INDEX | want[k]);
		labels_fini(&labels);
		whole_fini(&w);
		program_fini(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reference_gets_a_label_of_its_own),
		cmocka_unit_test(the_holders_of_an_object_are_told),
		cmocka_unit_test(an_object_is_followed_back_to_the_module),
		cmocka_unit_test(a_step_is_what_depth_counts),
		cmocka_unit_test(a_page_has_no_more_nodes_than_asked_for),
		cmocka_unit_test(forward_shows_what_an_object_refers_to),
		cmocka_unit_test(where_no_object_is_there_is_no_graph),
		cmocka_unit_test(a_broken_list_of_modules_leaves_the_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
