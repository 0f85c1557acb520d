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
	struct arena names;
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
		number(o, w->types.items[i].flags);
		number(o, w->types.items[i].hidden);
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

/* What it is called and written as; most have neither. */
static void write_name(struct writer *o, const struct whole_root *root)
{
	const char *name = root->name ? root_without_thread(&o->names, root->name) : NULL;

	number(o, (root->field ? 32u : 0) | (root->address ? 16u : 0) | (root->itself ? 8u : 0) |
		  (root->expression ? 4u : 0) | (root->local ? 2u : 0) | (name ? 1u : 0));
	number(o, root->frame);
	if (name)
		text(o, name);
	if (root->local)
		text(o, root->local);
	if (root->expression)
		text(o, root->expression);
	if (root->address)
		number(o, root->address);
	if (root->field)
		text(o, root->field);
	o->failed |= root->name && !name;
}

static void write_roots(struct writer *o, const struct whole *w)
{
	number(o, w->frames.n);
	for (size_t i = 0; i < w->frames.n; i++) {
		number(o, w->frames.items[i].ident);
		number(o, w->frames.items[i].depth);
	}
	number(o, w->roots.n);
	for (size_t i = 0; i < w->roots.n; i++) {
		number(o, w->roots.items[i].object);
		number(o, w->roots.items[i].kind);
	}
	for (size_t i = 0; i < w->roots.n; i++)
		write_name(o, &w->roots.items[i]);
}

static void write_labels(struct writer *o, const struct whole *w, const struct labels *l)
{
	const struct links *f = &w->objects.forward;

	number(o, l->entries.n);
	for (size_t i = 0; i < l->entries.n; i++) {
		const struct label_entry *e = &l->entries.items[i];

		number(o, (uint64_t)e->kind << 2 | (uint64_t)e->guess << 1 | (e->text != NULL));
		if (e->text)
			text(o, e->text);
	}
	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t next = LABELS_INDEX;

		for (uint32_t k = f->start[i]; k < f->start[i + 1]; k++) {
			uint32_t code = l->of[k];

			if (code == next)
				number(o, SNAPSHOT_NEXT);
			else if (code & LABELS_INDEX)
				number(o, (uint64_t)(code & ~LABELS_INDEX) << 1 | 1);
			else
				number(o, ((uint64_t)code + 1) << 1);
			if (code & LABELS_INDEX)
				next = LABELS_INDEX | ((code + 1) & ~LABELS_INDEX);
		}
	}
}

static void write_audit(struct writer *o, const struct audit *a)
{
	number(o, a->unread);
	number(o, a->excess.n);
	for (size_t i = 0; i < a->excess.n; i++) {
		const struct audit_excess *e = &a->excess.items[i];

		number(o, e->object);
		number(o, (uint64_t)e->references << 1 | e->unheld);
	}
	number(o, a->cycles.n);
	for (size_t i = 0; i < a->cycles.n; i++) {
		const struct audit_cycle *c = &a->cycles.items[i];

		number(o, c->first);
		number(o, c->objects);
		number(o, c->bytes);
		number(o, c->finalizers);
		number(o, c->finalizers ? c->finalizer : 0);
	}
	number(o, a->uncollectable.n);
	for (size_t i = 0; i < a->uncollectable.n; i++)
		number(o, a->uncollectable.items[i]);
}

void snapshot_blocks(struct pycore_blocks *b, uint64_t all[SNAPSHOT_BLOCKS], bool out)
{
	uint64_t *const numbers[] = {
		&b->live, &b->live_bytes, &b->raw, &b->object, &b->storage, &b->free_list,
		&b->unknown, &b->unknown_bytes, &b->arenas, &b->pools, &b->gc_listed, &b->gc_only,
		&b->outside, &b->unreadable,
	};
	size_t n = sizeof(numbers) / sizeof(numbers[0]);

	for (size_t i = 0; i < n; i++)
		*(out ? &all[i] : numbers[i]) = *(out ? numbers[i] : &all[i]);
	if (out)
		all[n] = b->gc_partial;
	else
		b->gc_partial = all[n];
}

static void write_blocks(struct writer *o, const struct pycore_blocks *b)
{
	uint64_t all[SNAPSHOT_BLOCKS];

	snapshot_blocks((struct pycore_blocks *)b, all, true);
	for (size_t i = 0; i < SNAPSHOT_BLOCKS; i++)
		number(o, all[i]);
}

static void write_tally(struct writer *o, const struct tally *t)
{
	number(o, t->sizes.n);
	for (size_t i = 0; i < t->sizes.n; i++) {
		number(o, t->sizes.items[i].size);
		number(o, t->sizes.items[i].pools);
		number(o, t->sizes.items[i].live);
		number(o, t->sizes.items[i].free);
	}
	number(o, t->lists.n);
	for (size_t i = 0; i < t->lists.n; i++) {
		text(o, t->lists.items[i].type);
		number(o, t->lists.items[i].count);
	}
}

bool snapshot_write(const struct whole *w, const struct snapshot_facts *facts,
		    const int64_t *counts, const struct labels *labels, snapshot_put_fn *put,
		    void *arg)
{
	struct writer o = { .put = put, .arg = arg };

	text(&o, facts->python);
	text(&o, facts->build);
	number(&o, facts->pid);
	number(&o, facts->runtime);
	write_blocks(&o, &facts->blocks);
	write_tally(&o, &facts->tally);
	write_types(&o, w);
	number(&o, w->n);
	number(&o, w->objects.forward.start[w->n]);
	write_objects(&o, w, counts);
	write_references(&o, w);
	write_roots(&o, w);
	write_labels(&o, w, labels);
	write_audit(&o, &facts->audit);
	flush(&o);
	arena_free(&o.names);
	return !o.failed;
}
