/* SPDX-License-Identifier: MIT */
#include "graph/sweep.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/workers.h"

/* One chunk of the index. */
struct chunk_sweep {
	const struct sweep *s;
	struct sweeper *me;
	uint32_t number; /* of the next object */
};

static int look_at(void *arg, uint64_t address)
{
	struct chunk_sweep *k = arg;
	uint32_t number = k->number++;
	const struct type *type = k->s->types[k->s->w->objects.type[number]];

	if (type)
		k->s->fn(k->me, number, (struct object){ address, type });
	return k->me->failed;
}

static void sweep_chunk(void *arg, size_t job, unsigned worker)
{
	const struct sweep *s = arg;
	const struct index_chunk *chunk = s->h->index.order.items[job];
	struct chunk_sweep k = { s, &s->sweepers[worker], chunk->first };

	if (!k.me->failed)
		index_chunk_each(chunk, look_at, &k);
}

static int choose_types(struct sweep *s)
{
	size_t n = s->w->types.n;

	s->types = calloc(n + 1, sizeof(*s->types));
	if (!s->types)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < n && i < s->h->types->types.n; i++) {
		if (s->wants(s->c, s->h->types->types.items[i]))
			s->types[i] = s->h->types->types.items[i];
	}
	return 0;
}

static int make_sweepers(struct sweep *s, size_t found_size)
{
	s->n_sweepers = workers_count(s->h->jobs);
	s->sweepers = calloc(s->n_sweepers, sizeof(*s->sweepers));
	if (!s->sweepers)
		s->n_sweepers = 0;
	for (unsigned i = 0; i < s->n_sweepers; i++) {
		struct sweeper *me = &s->sweepers[i];

		reader_init(&me->reader, s->c->r->target);
		me->c = *s->c;
		me->c.r = &me->reader;
		me->found = calloc(1, found_size);
		if (!me->found || (s->prepare && s->prepare(me->found, s, s->prepare_arg)))
			return PYCORE_ERR_NOMEM;
	}
	return s->sweepers ? 0 : PYCORE_ERR_NOMEM;
}

int sweep_run(struct sweep *s, size_t found_size)
{
	int rc = choose_types(s);

	if (!rc)
		rc = make_sweepers(s, found_size);
	if (rc)
		return rc;
	workers_run(s->n_sweepers, s->h->index.order.n, sweep_chunk, s);
	for (unsigned i = 0; i < s->n_sweepers; i++) {
		struct sweeper *me = &s->sweepers[i];

		if (me->failed)
			rc = PYCORE_ERR_NOMEM;
		s->c->r->faults += me->reader.faults;
		if (!s->c->r->first_fault)
			s->c->r->first_fault = me->reader.first_fault;
		me->reader.faults = 0;
	}
	return rc;
}

void sweep_fini(struct sweep *s)
{
	for (unsigned i = 0; i < s->n_sweepers; i++) {
		if (s->sweepers[i].reader.target)
			reader_fini(&s->sweepers[i].reader);
		free(s->sweepers[i].found);
	}
	free(s->sweepers);
	free(s->types);
	s->sweepers = NULL;
	s->types = NULL;
}
