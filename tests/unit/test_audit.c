/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "graph/audit.h"
#include "lib/fake.h"

/* Random graphs, whose counts and cycles are found by the slow, sure method as well. */

#define MOST 30
#define GRAPHS 400

static uint32_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)seed * n) >> 32);
}

struct graph {
	struct whole w;
	uint32_t edges[MOST][MOST]; /* how many references from one to another */
	int64_t leaked[MOST];       /* references that nothing holds */
	int64_t roots[MOST];        /* that a thread state holds */
	bool immortal[MOST];
};

static uint64_t address_of(void *arg, uint32_t object)
{
	(void)arg;
	return 0x7000000 + 64 * (uint64_t)object;
}

static uint32_t number_of(void *arg, uint64_t address)
{
	(void)arg;
	(void)address;
	return WHOLE_NONE;
}

static int refcount_of(void *arg, uint32_t object, int64_t *out)
{
	const struct graph *g = arg;

	*out = g->leaked[object] + g->roots[object];
	for (uint32_t i = 0; i < g->w.n; i++)
		*out += g->edges[i][object];
	if (g->immortal[object])
		*out = -1;
	return 0;
}

static void put_edges(struct graph *g)
{
	struct links *f = &g->w.objects.forward;
	uint32_t n = 0;

	assert_int_equal(links_room(f, g->w.n, 4 * MOST), 0);
	for (uint32_t from = 0; from < g->w.n; from++) {
		for (uint32_t to = 0; to < g->w.n; to++) {
			for (uint32_t k = g->edges[from][to]; k; k--)
				f->to[n++] = to;
		}
		f->start[from + 1] = n;
	}
}

static void random_graph(struct graph *g)
{
	struct whole_type type = { .name = "thing" };
	uint32_t n = 1 + below(MOST);

	*g = (struct graph){ .w = { .jobs = 1 } };
	assert_int_equal(whole_init(&g->w, n), 0);
	assert_true(vec_push(&g->w.types, type));
	for (uint32_t i = 0; i < n; i++)
		assert_true(whole_set_bytes(&g->w, i, 16 + below(100)));
	for (uint32_t i = below(2 * n); i; i--)
		g->edges[below(n)][below(n)]++;
	for (uint32_t i = below(4); i; i--) {
		struct whole_root root = { .object = below(n), .kind = ROOT_THREAD };

		g->roots[root.object]++;
		assert_true(vec_push(&g->w.roots, root));
	}
	for (uint32_t i = below(4); i; i--)
		g->leaked[below(n)] += 1 + below(3);
	g->immortal[below(n)] = below(2);
	put_edges(g);
	g->w.source = (struct whole_source){
		.arg = g, .address = address_of, .number = number_of, .refcount = refcount_of,
	};
	assert_int_equal(whole_seal(&g->w, (struct whole_progress){ 0 }), 0);
}

static void audit(struct graph *g, const struct layout *l, struct audit *out)
{
	struct fake *f = fake_new(0x1000, 64);
	struct runtime rt = { 0 };
	struct interpreters interps = { 0 };
	struct type_table types = { 0 };
	struct heap heap = { .rt = &rt, .interps = &interps, .types = &types };
	struct type thing = { .name = "thing" };
	struct ctx c = { .l = l, .r = fake_reader(f), .types = &types };

	assert_true(vec_push(&types.types, &thing));
	assert_int_equal(audit_run(&g->w, &c, &heap, out), 0);
	vec_free(&types.types);
	fake_free(f);
}

static void what_is_counted_and_not_found_is_what_was_leaked(void **state)
{
	const struct layout *l;

	(void)state;
	for (unsigned v = 0; (l = layout_at(v)); v++) {
		for (uint32_t i = 0; i < GRAPHS / 8; i++) {
			struct graph g;
			struct audit found;
			size_t n = 0;

			seed = i * 7919 + v;
			random_graph(&g);
			audit(&g, l, &found);
			for (uint32_t x = 0; x < g.w.n; x++) {
				if (!g.leaked[x] || g.immortal[x])
					continue;
				assert_true(n < found.excess.n);
				assert_int_equal(found.excess.items[n].object, x);
				assert_int_equal(found.excess.items[n].references, g.leaked[x]);
				n++;
			}
			assert_int_equal(found.excess.n, n);
			audit_fini(&found);
			whole_fini(&g.w);
		}
	}
}

static void what_nothing_refers_to_is_unheld(void **state)
{
	uint32_t unheld = 0;

	(void)state;
	for (uint32_t i = 0; i < GRAPHS; i++) {
		struct graph g;
		struct audit found;

		seed = i * 104729;
		random_graph(&g);
		audit(&g, layout_at(0), &found);
		for (size_t k = 0; k < found.excess.n; k++) {
			uint32_t x = found.excess.items[k].object;
			bool held = g.roots[x] > 0;

			for (uint32_t from = 0; from < g.w.n; from++)
				held |= g.edges[from][x] > 0;
			assert_int_equal(found.excess.items[k].unheld, !held);
			unheld += !held;
		}
		audit_fini(&found);
		whole_fini(&g.w);
	}
	assert_true(unheld > 20);
}

/* Whether one or more references lead from @p from to each object. */
static void reach(const struct graph *g, uint32_t from, bool *out)
{
	bool more = true;

	for (uint32_t x = 0; x < g->w.n; x++)
		out[x] = g->edges[from][x] > 0;
	while (more) {
		more = false;
		for (uint32_t x = 0; x < g->w.n; x++) {
			for (uint32_t y = 0; out[x] && y < g->w.n; y++) {
				if (g->edges[x][y] && !out[y])
					out[y] = more = true;
			}
		}
	}
}

/* The cycle that garbage @p x is in; objects is 0 if it is in none. */
static struct audit_cycle cycle_of(const struct graph *g, uint32_t x)
{
	struct audit_cycle cycle = { .first = WHOLE_NONE };
	bool from[MOST], back[MOST];

	reach(g, x, from);
	for (uint32_t y = 0; from[x] && y < g->w.n; y++) {
		reach(g, y, back);
		if (!from[y] || !back[x])
			continue;
		if (cycle.first == WHOLE_NONE)
			cycle.first = y;
		cycle.objects++;
		cycle.bytes += whole_bytes(&g->w, y);
	}
	return cycle;
}

static void cycles_of_garbage_are_those_of_the_slow_method(void **state)
{
	uint32_t cycles = 0;

	(void)state;
	for (uint32_t i = 0; i < GRAPHS; i++) {
		struct graph g;
		struct audit found;
		size_t n = 0;

		seed = i * 15485863;
		random_graph(&g);
		audit(&g, layout_at(0), &found);
		for (uint32_t x = 0; x < g.w.n; x++) {
			struct audit_cycle want = { 0 };
			const struct audit_cycle *got = NULL;

			if (whole_phase(&g.w, x) == PHASES)
				want = cycle_of(&g, x);
			if (!want.objects || want.first != x)
				continue;
			for (size_t k = 0; k < found.cycles.n; k++) {
				if (found.cycles.items[k].first == x)
					got = &found.cycles.items[k];
			}
			assert_non_null(got);
			assert_int_equal(got->objects, want.objects);
			assert_int_equal(got->bytes, want.bytes);
			assert_int_equal(got->finalizers, 0);
			n++;
		}
		assert_int_equal(found.cycles.n, n);
		for (size_t k = 1; k < found.cycles.n; k++)
			assert_true(found.cycles.items[k - 1].bytes >= found.cycles.items[k].bytes);
		cycles += (uint32_t)n;
		audit_fini(&found);
		whole_fini(&g.w);
	}
	assert_true(cycles > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_counted_and_not_found_is_what_was_leaked),
		cmocka_unit_test(what_nothing_refers_to_is_unheld),
		cmocka_unit_test(cycles_of_garbage_are_those_of_the_slow_method),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
