/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/workers.h"
#include "graph/holders.h"

/* Which object owns a piece of memory: all of them are asked. */

struct seek {
	const struct heap *h;
	uint64_t address;
	_Atomic uint64_t owner;
	struct seeker *seekers;
};

struct seeker {
	struct seek *seek;
	struct ctx c;
	struct reader reader;
	uint64_t from; /* the object that is asked */
};

static void claim(void *arg, uint64_t start, uint64_t bytes)
{
	struct seeker *me = arg;

	if (me->seek->address - start < bytes)
		me->seek->owner = me->from;
}

static int ask(void *arg, uint64_t address)
{
	struct seeker *me = arg;
	struct object o;

	me->from = address;
	if (object_at(&me->c, address, &o) == 0)
		object_storage(&me->c, o, claim, me);
	return me->seek->owner != 0;
}

static void ask_chunk(void *arg, size_t job, unsigned worker)
{
	struct seek *seek = arg;

	index_chunk_each(seek->h->index.order.items[job], ask, &seek->seekers[worker]);
}

uint64_t holders_owner(const struct ctx *c, const struct heap *h, uint64_t address)
{
	unsigned n = workers_count(h->jobs);
	struct seek seek = { .h = h, .address = address };

	seek.seekers = calloc(n, sizeof(*seek.seekers));
	if (!seek.seekers)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		struct seeker *me = &seek.seekers[i];

		me->seek = &seek;
		me->c = *c;
		me->c.r = &me->reader;
		reader_init(&me->reader, c->r->target);
	}
	workers_run(n, h->index.order.n, ask_chunk, &seek);
	for (unsigned i = 0; i < n; i++)
		reader_fini(&seek.seekers[i].reader);
	free(seek.seekers);
	return seek.owner;
}
