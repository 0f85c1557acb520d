/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/workers.h"
#include "heap/scan.h"

/*
 * Of an object that is nothing but a count and a type, C code that is given its memory for a short
 * text leaves the type. The text is then a count of at least 32 references, and to an object that
 * is counted so often some other object refers. That takes a look at the references of all, until
 * one is found to each of these.
 */

struct search;

struct hand {
	struct search *search;
	struct scan scan;
	struct edge_sink sink;
};

struct search {
	const struct index *x;
	struct hand *hands;       /* one a worker */
	_Atomic uint64_t *doubts; /* a bit for each object: it may be text */
	_Atomic uint64_t left;    /* of these */
};

bool reads_as_text(uint64_t word)
{
	for (; word; word >>= 8) {
		if ((word & 0xff) < ' ' || (word & 0xff) > '~')
			return false;
	}
	return true;
}

/* What was referred to is an object. */
static void believe(struct hand *me)
{
	struct search *search = me->search;

	for (size_t i = 0; i < me->sink.to.n; i++) {
		uint32_t to = me->sink.to.items[i];
		uint64_t bit = UINT64_C(1) << (to & 63);

		if (search->doubts[to >> 6] & bit &&
		    atomic_fetch_and(&search->doubts[to >> 6], ~bit) & bit)
			search->left--;
	}
	me->sink.to.n = 0;
}

static int look_at(void *arg, uint64_t address)
{
	struct hand *me = arg;
	struct scan_type *t = NULL;
	uint64_t type;

	if (reader_u64(&me->scan.reader, address + L(me->scan.l, PyObject, ob_type), &type))
		t = scan_type_at(&me->scan, type);
	if (t)
		scan_visit_at(&me->scan, t, address);
	believe(me);
	return !me->search->left || me->sink.failed;
}

/* Memory is given out from the highest address down: what is there is oldest, as modules are. */
static void look_through(void *arg, size_t job, unsigned worker)
{
	struct search *search = arg;
	size_t last = search->x->order.n - 1;

	if (search->left)
		index_chunk_each(search->x->order.items[last - job], look_at, &search->hands[worker]);
}

/* As far as all workers together may read. */
static int look(struct search *search, const struct scan *from, unsigned n,
		const struct interpreters *interps)
{
	uint64_t purse = reader_purse(from->reader.target);
	bool failed = false;

	search->hands = calloc(n, sizeof(*search->hands));
	if (!search->hands)
		return PYCORE_ERR_NOMEM;
	for (unsigned i = 0; i < n; i++) {
		struct hand *me = &search->hands[i];

		me->search = search;
		scan_init(&me->scan, &from->c, from->arenas, 0);
		me->scan.reader.purse = &purse;
		me->scan.edges = &me->sink;
		me->sink = (struct edge_sink){ .index = search->x, .arenas = from->arenas };
	}
	closure_roots(&search->hands[0].scan, interps);
	believe(&search->hands[0]);
	workers_run(n, search->x->order.n, look_through, search);
	for (unsigned i = 0; i < n; i++) {
		failed |= search->hands[i].scan.failed || search->hands[i].sink.failed;
		vec_free(&search->hands[i].sink.to);
		scan_fini(&search->hands[i].scan);
	}
	free(search->hands);
	return failed ? PYCORE_ERR_NOMEM : 0;
}

static void doubt(struct search *search, const struct scan *s)
{
	for (size_t i = 0; i < s->texts.n; i++) {
		uint32_t number = index_number_of(search->x, s->texts.items[i]);

		if (number == UINT32_MAX)
			continue;
		search->doubts[number >> 6] |= UINT64_C(1) << (number & 63);
		search->left++;
	}
}

static bool is_doubted(const struct search *search, uint64_t address)
{
	uint32_t number = index_number_of(search->x, address);

	return number != UINT32_MAX && search->doubts[number >> 6] >> (number & 63) & 1;
}

/* The numbers are good while none is gone. */
static void keep_doubted(const struct search *search, struct scan *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->texts.n; i++) {
		if (is_doubted(search, s->texts.items[i]))
			s->texts.items[n++] = s->texts.items[i];
	}
	s->texts.n = n;
}

static size_t count_texts(const struct scan *scans, unsigned n)
{
	size_t all = 0;

	for (unsigned i = 0; i < n; i++)
		all += scans[i].texts.n;
	return all;
}

int scan_texts(struct scan *scans, unsigned n, struct index *x, const struct interpreters *interps)
{
	struct search search = { .x = x };
	int rc;

	if (!count_texts(scans, n))
		return 0;
	rc = index_number(x);
	if (rc)
		return rc;
	search.doubts = calloc(x->n_objects / 64 + 1, sizeof(*search.doubts));
	if (!search.doubts)
		return PYCORE_ERR_NOMEM;
	for (unsigned i = 0; i < n; i++)
		doubt(&search, &scans[i]);
	if (search.left)
		rc = look(&search, &scans[0], n, interps);
	for (unsigned i = 0; i < n && !rc; i++)
		keep_doubted(&search, &scans[i]);
	for (unsigned i = 0; i < n && !rc; i++) {
		for (size_t k = 0; k < scans[i].texts.n; k++)
			scan_take_back(&scans[0], index_chunk_at(x, scans[i].texts.items[k]),
				       scans[i].texts.items[k]);
	}
	free(search.doubts);
	return rc;
}
