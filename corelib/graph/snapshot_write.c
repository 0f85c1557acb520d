/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "graph/snapshot.h"

enum {
	ROOM = 1 << 16,
	LONGEST_NUMBER = 10,
};

struct writer {
	snapshot_put_fn *put;
	void *arg;
	size_t n;
	bool failed;
	unsigned char bytes[ROOM];
};

static void flush(struct writer *o)
{
	if (!o->failed && o->n && !o->put(o->arg, o->bytes, o->n))
		o->failed = true;
	o->n = 0;
}

static void number(struct writer *o, uint64_t v)
{
	if (o->n > ROOM - LONGEST_NUMBER)
		flush(o);
	for (; v > 0x7f; v >>= 7)
		o->bytes[o->n++] = (unsigned char)(v | 0x80);
	o->bytes[o->n++] = (unsigned char)v;
}

static void text(struct writer *o, const char *s)
{
	size_t len = s ? strlen(s) : 0;

	number(o, len);
	for (size_t i = 0; i < len; i++) {
		if (o->n == ROOM)
			flush(o);
		o->bytes[o->n++] = (unsigned char)s[i];
	}
}

static void write_types(struct writer *o, const struct whole *w)
{
	number(o, w->types.n);
	for (size_t i = 0; i < w->types.n; i++) {
		text(o, w->types.items[i].name);
		number(o, w->types.items[i].address);
	}
}

/* Column by column: what is alike stands together, and packs well. */
static void write_objects(struct writer *o, const struct whole *w, const int64_t *counts)
{
	uint64_t before = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		uint64_t address = w->source.address(w->source.arg, i);

		number(o, address - before);
		before = address;
	}
	for (uint32_t i = 0; i < w->n; i++)
		number(o, w->objects.type[i]);
	for (uint32_t i = 0; i < w->n; i++)
		number(o, whole_bytes(w, i));
	for (uint32_t i = 0; i < w->n; i++)
		number(o, w->objects.flags[i] & ((1u << WHOLE_PHASE_SHIFT) - 1));
	/* 0: not known, 1: immortal */
	for (uint32_t i = 0; i < w->n; i++)
		number(o, counts[i] == SNAPSHOT_NO_COUNT ? 0
			  : counts[i] < 0		 ? 1
							 : (uint64_t)counts[i] + 2);
}

static void write_references(struct writer *o, const struct whole *w)
{
	const struct links *f = &w->objects.forward;

	for (uint32_t i = 0; i < w->n; i++)
		number(o, f->start[i + 1] - f->start[i]);
	for (uint32_t i = 0; i < w->n; i++) {
		for (uint32_t k = f->start[i]; k < f->start[i + 1]; k++) {
			uint32_t to = f->to[k];

			/* The lowest bit says which way. */
			number(o, to < i ? (uint64_t)(i - to) << 1 | 1 : (uint64_t)(to - i) << 1);
		}
	}
}

static void write_roots(struct writer *o, const struct whole *w)
{
	number(o, w->roots.n);
	for (size_t i = 0; i < w->roots.n; i++) {
		number(o, w->roots.items[i].object);
		number(o, w->roots.items[i].kind);
	}
}

bool snapshot_write(const struct whole *w, const struct snapshot_facts *facts,
		    const int64_t *counts, snapshot_put_fn *put, void *arg)
{
	struct writer o = { .put = put, .arg = arg };

	text(&o, facts->python);
	text(&o, facts->build);
	number(&o, facts->pid);
	number(&o, facts->runtime);
	write_types(&o, w);
	number(&o, w->n);
	number(&o, w->objects.forward.start[w->n]);
	write_objects(&o, w, counts);
	write_references(&o, w);
	write_roots(&o, w);
	flush(&o);
	return !o.failed;
}
