/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "graph/whole.h"

/*
 * The slow, sure method: take an object away and see what the roots reach no more.
 * Graphs are small, so that all of it can be asked of every object, but many.
 */

#define MOST 40
#define GRAPHS 3000
#define TYPES 4

static uint32_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)seed * n) >> 32);
}

struct edge {
	uint32_t from, to;
};

static int by_from(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

static void put_edges(struct whole *w, struct edge *edges, uint32_t n)
{
	struct links *f = &w->objects.forward;

	if (n)
		qsort(edges, n, sizeof(*edges), by_from);
	assert_int_equal(links_room(f, w->n, n), 0);
	for (uint32_t i = 0; i < n; i++) {
		f->start[edges[i].from + 1]++;
		f->to[i] = edges[i].to;
	}
	assert_int_equal(links_sum(f->start, w->n), 0);
}

static void put_root(struct whole *w, uint32_t object, enum root_kind kind)
{
	struct whole_root root = { .object = object, .kind = (uint8_t)kind };

	assert_true(vec_push(&w->roots, root));
}

static void put_types(struct whole *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct whole_type type = { .name = "type", .address = 0x1000 + i };

		assert_true(vec_push(&w->types, type));
	}
}

/* How many references more than there are each object's count tells of. */
static int64_t excess[MOST];

static int count_of(void *arg, uint32_t object, int64_t *out)
{
	const struct whole *w = arg;
	const struct links *f = &w->objects.forward;

	*out = excess[object];
	for (uint32_t i = 0; i < f->start[w->n]; i++)
		*out += f->to[i] == object;
	return 0;
}

static void random_whole(struct whole *w)
{
	static const enum root_kind kinds[] = { ROOT_MODULE, ROOT_LOCAL, ROOT_INTERNED };
	struct edge edges[4 * MOST];
	uint32_t n = 1 + below(MOST), n_edges = below(3 * n), inner = 1 + below(n);

	*w = (struct whole){ .jobs = 1 };
	assert_int_equal(whole_init(w, n), 0);
	put_types(w, TYPES);
	for (uint32_t i = 0; i < n; i++) {
		w->objects.type[i] = below(TYPES);
		assert_true(whole_set_bytes(w, i, below(20) ? 16 + below(1000) : UINT64_C(5) << 32));
		excess[i] = below(8) == 0;
	}
	for (uint32_t i = 0; i < n_edges; i++)
		edges[i] = (struct edge){ below(inner), below(n) };
	put_edges(w, edges, n_edges);
	for (uint32_t i = below(4); i > 0; i--)
		put_root(w, below(n), kinds[below(3)]);
	if (below(2))
		w->source = (struct whole_source){ .arg = w, .refcount = count_of };
}

/* What roots of each phase reach, without object @p gone, each from what earlier ones left. */
static void reach(const struct whole *w, uint32_t gone, const uint8_t *phases, unsigned phase,
		  bool *out)
{
	const struct links *f = &w->objects.forward;
	bool more = true;

	memset(out, 0, MOST);
	for (size_t i = 0; i < w->roots.n; i++) {
		uint32_t o = w->roots.items[i].object;

		if (root_phase(w->roots.items[i].kind) == phase && o != gone && !phases[o])
			out[o] = true;
	}
	while (more) {
		more = false;
		for (uint32_t o = 0; o < w->n; o++) {
			for (uint32_t i = f->start[o]; out[o] && i < f->start[o + 1]; i++) {
				uint32_t to = f->to[i];

				if (out[to] || to == gone || phases[to])
					continue;
				out[to] = more = true;
			}
		}
	}
}

struct truth {
	uint8_t phase[MOST];
	bool dominates[MOST][MOST]; /* by object, then by what goes with it, itself too */
};

static void find_truth(const struct whole *w, struct truth *t)
{
	bool all[MOST], left[MOST];

	memset(t, 0, sizeof(*t));
	for (unsigned phase = 1; phase <= PHASES; phase++) {
		uint8_t before[MOST];

		memcpy(before, t->phase, sizeof(before));
		reach(w, WHOLE_NONE, before, phase, all);
		for (uint32_t x = 0; x < w->n; x++) {
			if (!all[x])
				continue;
			t->phase[x] = (uint8_t)phase;
			reach(w, x, before, phase, left);
			for (uint32_t y = 0; y < w->n; y++)
				t->dominates[x][y] = all[y] && !left[y];
		}
	}
}

static void check_object(const struct whole *w, const struct truth *t, uint32_t x)
{
	uint32_t up = w->idom[x], above = 0, above_up = 0;
	uint64_t retained = 0;

	assert_int_equal(whole_phase(w, x), t->phase[x]);
	for (uint32_t y = 0; y < w->n; y++) {
		retained += t->dominates[x][y] ? whole_bytes(w, y) : 0;
		above += t->dominates[y][x] && y != x;
		above_up += up < w->n && t->dominates[y][up];
	}
	assert_int_equal(whole_retained(w, x), retained);
	/* The nearest of those that dominate it has all the others above itself. */
	assert_int_equal(above, above_up);
	if (up < w->n)
		assert_true(t->dominates[up][x]);
}

static void retained_bytes_and_dominators_are_those_of_the_slow_method(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < GRAPHS; i++) {
		struct whole w;
		struct truth t;
		uint64_t all = 0;

		seed = i * 7919;
		random_whole(&w);
		assert_int_equal(whole_seal(&w, (struct whole_progress){ 0 }), 0);
		find_truth(&w, &t);
		for (uint32_t x = 0; x < w.n; x++) {
			check_object(&w, &t, x);
			all += whole_bytes(&w, x);
		}
		assert_int_equal(w.total_bytes, all);
		assert_int_equal(w.retained[0], all);
		whole_fini(&w);
	}
}

static void what_has_more_references_than_are_found_is_a_native_root(void **state)
{
	uint32_t natives = 0;

	(void)state;
	for (uint32_t i = 0; i < GRAPHS; i++) {
		bool reached[MOST] = { false }, is[MOST] = { false };
		static const uint8_t none[MOST];
		struct whole w;

		seed = i * 104729;
		random_whole(&w);
		assert_int_equal(whole_seal(&w, (struct whole_progress){ 0 }), 0);
		for (unsigned phase = 1; phase <= 2; phase++) {
			bool some[MOST];

			reach(&w, WHOLE_NONE, none, phase, some);
			for (uint32_t x = 0; x < w.n; x++)
				reached[x] |= some[x];
		}
		for (size_t k = 0; k < w.roots.n; k++) {
			if (w.roots.items[k].kind == ROOT_NATIVE)
				is[w.roots.items[k].object] = true;
		}
		for (uint32_t x = 0; x < w.n; x++) {
			assert_int_equal(is[x], w.source.refcount && !reached[x] && excess[x]);
			natives += is[x];
		}
		whole_fini(&w);
	}
	assert_true(natives > GRAPHS / 10);
}

static void a_type_retains_the_union_of_what_its_objects_do(void **state)
{
	static const uint32_t group[TYPES] = { 0, 1, 2, 2 };

	(void)state;
	for (uint32_t i = 0; i < GRAPHS; i++) {
		struct whole w;
		struct truth t;
		uint64_t sums[3];

		seed = i * 31337;
		random_whole(&w);
		assert_int_equal(whole_seal(&w, (struct whole_progress){ 0 }), 0);
		find_truth(&w, &t);
		assert_int_equal(whole_sum_types(&w, group, 3, sums), 0);
		for (uint32_t g = 0; g < 3; g++) {
			uint64_t sum = 0;

			for (uint32_t y = 0; y < w.n; y++) {
				bool below_one = false;

				for (uint32_t x = 0; x < w.n; x++)
					below_one |= group[w.objects.type[x]] == g &&
						     t.dominates[x][y];
				sum += below_one ? whole_bytes(&w, y) : 0;
			}
			assert_int_equal(sums[g], sum);
		}
		whole_fini(&w);
	}
}

static int note(void *arg, uint32_t object)
{
	((uint32_t *)arg)[object]++;
	return 0;
}

static void referrers_are_those_of_the_same_or_an_earlier_phase(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < GRAPHS / 10; i++) {
		const struct links *f;
		struct whole w;
		struct truth t;

		seed = i * 271;
		random_whole(&w);
		assert_int_equal(whole_seal(&w, (struct whole_progress){ 0 }), 0);
		find_truth(&w, &t);
		f = &w.objects.forward;
		for (uint32_t x = 0; x < w.n; x++) {
			uint32_t found[MOST] = { 0 }, real[MOST] = { 0 };

			for (uint32_t from = 0; from < w.n; from++) {
				for (uint32_t k = f->start[from]; k < f->start[from + 1]; k++)
					real[from] += f->to[k] == x && from != x &&
						      t.phase[from] <= t.phase[x];
			}
			assert_int_equal(whole_referrers(&w, x, note, found), 0);
			found[x] = 0;
			assert_memory_equal(found, real, sizeof(real));
		}
		whole_fini(&w);
	}
}

static void children_are_those_whose_dominator_it_is(void **state)
{
	struct whole w;
	struct links children;
	uint32_t seen = 0;

	(void)state;
	seed = 12;
	random_whole(&w);
	assert_int_equal(whole_seal(&w, (struct whole_progress){ 0 }), 0);
	assert_int_equal(whole_children(&w, &children), 0);
	for (uint32_t o = 0; o <= w.n; o++) {
		for (uint32_t i = children.start[o]; i < children.start[o + 1]; i++, seen++)
			assert_int_equal(w.idom[children.to[i]], o);
	}
	assert_int_equal(seen, w.n);
	links_fini(&children);
	whole_fini(&w);
}

/* What was told of a stage, by its name. */
struct stage {
	const char *what;
	uint64_t done, total;
};

struct told {
	struct stage stages[2];
	uint32_t n;
};

static void note_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	struct told *told = ctx;
	struct stage *stage = told->n ? &told->stages[told->n - 1] : NULL;

	if (!stage || strcmp(stage->what, what)) {
		assert_true(told->n < 2);
		stage = &told->stages[told->n++];
		*stage = (struct stage){ what, 0, total };
	}
	assert_int_equal(stage->total, total);
	assert_in_range(done, stage->done, total);
	assert_true(done - stage->done <= total / 5);
	stage->done = done;
}

/* Each stage by and by, from where it begins to near its end. */
static void check_progress(const struct told *told)
{
	assert_int_equal(told->n, 2);
	for (uint32_t i = 0; i < told->n; i++) {
		assert_true(told->stages[i].done > told->stages[i].total / 10 * 9);
	}
}

/*
 * A list of a million nodes linked one to the next, each with a value that something
 * else holds as well: what climbs the tree node by node takes hours here. The values
 * refer to nothing, or to one object that they share.
 */
static void check_chain(bool with_referents)
{
	enum { LENGTH = 1000000, LIST = 2 * LENGTH, SHARED };
	struct edge *edges = calloc(4 * (size_t)LENGTH, sizeof(*edges));
	struct whole w = { .jobs = 1 };
	struct told told = { .n = 0 };
	uint32_t n = 0;

	assert_non_null(edges);
	assert_int_equal(whole_init(&w, SHARED + 1), 0);
	put_types(&w, 1);
	for (uint32_t i = 0; i < LENGTH; i++) {
		whole_set_bytes(&w, i, 10);
		if (i + 1 < LENGTH)
			edges[n++] = (struct edge){ i, i + 1 };
		edges[n++] = (struct edge){ i, LENGTH + i };
		edges[n++] = (struct edge){ LIST, LENGTH + i };
		if (with_referents)
			edges[n++] = (struct edge){ LENGTH + i, SHARED };
	}
	put_edges(&w, edges, n);
	/* The chain is followed before the list is: values are found at its nodes. */
	put_root(&w, 0, ROOT_MODULE);
	put_root(&w, LIST, ROOT_MODULE);
	assert_int_equal(whole_seal(&w, (struct whole_progress){ note_progress, &told }), 0);
	check_progress(&told);
	assert_int_equal(whole_retained(&w, 0), UINT64_C(10) * LENGTH);
	assert_int_equal(whole_retained(&w, LENGTH - 1), 10);
	assert_int_equal(w.idom[LENGTH], w.n);
	assert_int_equal(w.idom[2 * LENGTH - 1], w.n);
	assert_int_equal(w.idom[LENGTH - 1], LENGTH - 2);
	whole_fini(&w);
	free(edges);
}

static void a_long_chain_takes_no_longer_for_its_depth_and_its_progress_is_told(void **state)
{
	(void)state;
	check_chain(false);
	check_chain(true);
}

static void an_empty_heap_is_a_heap(void **state)
{
	struct whole w = { .jobs = 1 };

	(void)state;
	assert_int_equal(whole_init(&w, 0), 0);
	put_edges(&w, NULL, 0);
	assert_int_equal(whole_seal(&w, (struct whole_progress){ 0 }), 0);
	assert_int_equal(w.total_bytes, 0);
	assert_int_equal(w.n_inner, 0);
	whole_fini(&w);
}

static void more_references_than_numbers_are_refused(void **state)
{
	uint32_t start[3] = { 0, UINT32_MAX, 1 };

	(void)state;
	assert_int_equal(links_sum(start, 2), PYCORE_ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retained_bytes_and_dominators_are_those_of_the_slow_method),
		cmocka_unit_test(what_has_more_references_than_are_found_is_a_native_root),
		cmocka_unit_test(a_type_retains_the_union_of_what_its_objects_do),
		cmocka_unit_test(referrers_are_those_of_the_same_or_an_earlier_phase),
		cmocka_unit_test(children_are_those_whose_dominator_it_is),
		cmocka_unit_test(a_long_chain_takes_no_longer_for_its_depth_and_its_progress_is_told),
		cmocka_unit_test(an_empty_heap_is_a_heap),
		cmocka_unit_test(more_references_than_numbers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
