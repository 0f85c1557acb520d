/* SPDX-License-Identifier: MIT */
#include "graph/labels.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/search.h"
#include "base/workers.h"

#define MOST_NAME 200
#define NO_ENTRY UINT32_MAX
#define NOT_TOLD (UINT64_C(1) << 32) /* more than entries can be */

struct met {
	uint32_t to, code, order;
};

struct reading {
	const struct whole *w;
	const struct heap *h;
	struct labels *out;
	struct worker *workers;
	pthread_mutex_t lock; /* of the entries */
};

struct worker {
	struct reading *reading;
	struct ctx c;
	struct reader reader;
	uint32_t number;      /* of the next object */
	bool names;           /* its keys are names of attributes */
	VEC(struct met) met;  /* references of one object */
	struct map codes;     /* what was interned: text's or key's address and kind -> code */
	bool failed;
};

static uint64_t hash_of(const struct label_entry *e)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ ((uint64_t)e->kind << 1 | e->guess);

	for (const char *p = e->text; p && *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	return h | 1;
}

static bool same(const struct label_entry *a, const struct label_entry *b)
{
	return a->kind == b->kind && a->guess == b->guess && !a->text == !b->text &&
	       (!a->text || !strcmp(a->text, b->text));
}

/* Under the lock. @return 1 + number, 0: there is no room for it, NO_ENTRY: no memory */
static uint32_t intern(struct labels *l, struct label_entry e)
{
	uint64_t *at;

	for (uint64_t h = hash_of(&e);; h += 2) {
		at = map_put(&l->by_hash, h, NULL);
		if (!at)
			return NO_ENTRY;
		if (!*at)
			break;
		if (same(&l->entries.items[*at - 1], &e))
			return (uint32_t)*at;
	}
	if (l->entries.n >= LABELS_MOST)
		return 0;
	if (e.text) {
		e.text = arena_strdup(&l->arena, e.text);
		if (!e.text)
			return NO_ENTRY;
	}
	if (!vec_push(&l->entries, e))
		return NO_ENTRY;
	*at = l->entries.n;
	return (uint32_t)*at;
}

/* The name that a str object is, into @p out. @return whether it is one */
static bool name_of(struct worker *me, uint64_t key, struct buf *out)
{
	return key && value_str(&me->c, key, out, MOST_NAME) >= 0 && out->text && !out->failed &&
	       out->len < MOST_NAME;
}

static uint32_t code_of_entry(struct worker *me, const struct label *label, bool guess)
{
	struct label_entry e = { .kind = (uint8_t)label->kind, .guess = guess };
	struct buf name = { 0 };
	uint32_t code;

	switch (label->kind) {
	case LABEL_ATTR:
	case LABEL_FIELD:
		e.text = label->text ? label->text : "";
		break;
	case LABEL_ATTR_KEY:
	case LABEL_LOCAL:
		e.text = name_of(me, label->key, &name) ? name.text : "?";
		break;
	case LABEL_KEY:
		e.text = me->names && name_of(me, label->key, &name) ? name.text : NULL;
		break;
	case LABEL_IS_KEY:
		break;
	case LABEL_INDEX:
	case LABEL_NONE:
		e.kind = LABEL_NONE;
		break;
	}
	pthread_mutex_lock(&me->reading->lock);
	code = intern(me->reading->out, e);
	pthread_mutex_unlock(&me->reading->lock);
	buf_free(&name);
	return code;
}

/* What tells a label from others as long as the target does not change; 0: nothing. */
static uint64_t cache_key(const struct worker *me, const struct label *label, bool guess)
{
	uint64_t what = 0;

	if (label->kind == LABEL_ATTR || label->kind == LABEL_FIELD)
		what = (uintptr_t)label->text;
	else if (label->kind == LABEL_ATTR_KEY || label->kind == LABEL_LOCAL ||
		 (label->kind == LABEL_KEY && me->names))
		what = label->key;
	return (what << 5 | (uint64_t)label->kind << 1 | guess) + 1;
}

static uint32_t code_of(struct worker *me, const struct label *label, bool guess)
{
	uint64_t *at;

	if (label->kind == LABEL_INDEX && !guess && label->index < LABELS_INDEX)
		return LABELS_INDEX | (uint32_t)label->index;
	if (label->kind == LABEL_NONE && !guess)
		return 0;
	at = map_put(&me->codes, cache_key(me, label, guess), NULL);
	if (!at) {
		me->failed = true;
		return 0;
	}
	if (!*at)
		*at = (uint64_t)code_of_entry(me, label, guess) + 1;
	if (*at - 1 == NO_ENTRY)
		me->failed = true;
	return (uint32_t)(*at - 1);
}

static int meet(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct worker *me = arg;
	struct met met = { .order = (uint32_t)me->met.n };

	if (!edge_holds(kind, label))
		return 0;
	met.to = index_number_of(&me->reading->h->index, to);
	if (met.to == WHOLE_NONE)
		return 0;
	met.code = code_of(me, label, kind == EDGE_GUESS);
	me->failed |= !vec_push(&me->met, met);
	return me->failed;
}

static int by_target(const void *a, const void *b)
{
	const struct met *x = a, *y = b;

	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static size_t first_to(const struct worker *me, uint32_t to)
{
	return COUNT_BEFORE(me->met.n, i, me->met.items[i].to < to);
}

/* Each reference takes the first label to its object that is left. */
static void hand_out(struct worker *me, uint32_t object)
{
	const struct links *f = &me->reading->w->objects.forward;
	uint32_t *of = me->reading->out->of, first = f->start[object], n = f->start[object + 1] - first;
	struct met *met = me->met.items;
	uint32_t same = 0;

	while (same < n && same < me->met.n && met[same].to == f->to[first + same]) {
		of[first + same] = met[same].code;
		same++;
	}
	if (same == n)
		return;
	if (me->met.n)
		qsort(met, me->met.n, sizeof(*met), by_target);
	/* Of the first label to an object, the order is now how many of them are taken. */
	for (size_t i = 0; i < me->met.n; i++)
		met[i].order = 0;
	for (uint32_t i = 0; i < n; i++) {
		size_t at = first_to(me, f->to[first + i]), next;

		if (at == me->met.n || met[at].to != f->to[first + i])
			continue;
		next = at + met[at].order;
		if (next + 1 < me->met.n && met[next + 1].to == met[at].to)
			met[at].order++;
		of[first + i] = met[next].code;
	}
}

static int look_at(void *arg, uint64_t address)
{
	struct worker *me = arg;
	const struct whole *w = me->reading->w;
	uint32_t object = me->number++;
	struct object o;

	if (!whole_is_inner(w, object) || object_at(&me->c, address, &o) < 0)
		return 0;
	me->names = w->objects.flags[object] & OBJECT_PART;
	me->met.n = 0;
	object_edges(&me->c, o, meet, me);
	hand_out(me, object);
	return me->failed;
}

static void look_through(void *arg, size_t job, unsigned worker)
{
	struct reading *r = arg;
	const struct index_chunk *chunk = r->h->index.order.items[job];

	r->workers[worker].number = chunk->first;
	index_chunk_each(chunk, look_at, &r->workers[worker]);
}

static int run(struct reading *r, const struct ctx *c, unsigned n)
{
	bool failed = false;

	for (unsigned i = 0; i < n; i++) {
		struct worker *me = &r->workers[i];

		me->reading = r;
		me->c = *c;
		me->c.r = &me->reader;
		reader_init(&me->reader, c->r->target);
	}
	workers_run(n, r->h->index.order.n, look_through, r);
	for (unsigned i = 0; i < n; i++) {
		struct worker *me = &r->workers[i];

		failed |= me->failed;
		reader_fini(&me->reader);
		vec_free(&me->met);
		map_free(&me->codes);
	}
	return failed ? PYCORE_ERR_NOMEM : 0;
}

int labels_read(const struct whole *w, const struct ctx *c, const struct heap *h,
		struct labels *out)
{
	struct reading r = { .w = w, .h = h, .out = out };
	unsigned n = workers_count(h->jobs);
	int rc = PYCORE_ERR_NOMEM;

	*out = (struct labels){ 0 };
	out->of = calloc((size_t)w->objects.forward.start[w->n] + 1, sizeof(*out->of));
	r.workers = calloc(n, sizeof(*r.workers));
	pthread_mutex_init(&r.lock, NULL);
	if (out->of && r.workers)
		rc = run(&r, c, n);
	pthread_mutex_destroy(&r.lock);
	free(r.workers);
	map_free(&out->by_hash);
	return rc;
}

struct label labels_label(const struct labels *l, uint32_t i, enum edge_kind *kind)
{
	uint32_t code = l->of[i];
	struct label label = { .kind = LABEL_NONE };
	const struct label_entry *e;

	*kind = EDGE_OWNED;
	if (code & LABELS_INDEX) {
		label.kind = LABEL_INDEX;
		label.index = code & ~LABELS_INDEX;
	}
	if (!code || code & LABELS_INDEX || code > l->entries.n)
		return label;
	e = &l->entries.items[code - 1];
	*kind = e->guess ? EDGE_GUESS : EDGE_OWNED;
	label.kind = e->kind;
	if (e->kind == LABEL_ATTR || e->kind == LABEL_FIELD)
		label.text = e->text;
	else
		label.key = e->text ? code : NOT_TOLD + i;
	return label;
}

/* As repr writes it, where that is nothing but quotes around it. */
static void put_quoted(const char *name, struct buf *out)
{
	for (const char *p = name; *p; p++) {
		if (*p == '\'' || *p == '\\' || (unsigned char)*p < ' ' || *p == 0x7f) {
			buf_puts(out, "[...]");
			return;
		}
	}
	buf_printf(out, "['%s']", name);
}

void labels_text(const struct labels *l, const struct label *label, struct buf *out)
{
	const char *name = label->key && label->key <= l->entries.n
				   ? l->entries.items[label->key - 1].text
				   : NULL;

	switch (label->kind) {
	case LABEL_KEY:
		if (name)
			put_quoted(name, out);
		else
			buf_puts(out, "[...]");
		break;
	case LABEL_LOCAL:
		buf_puts(out, label->text ? label->text : name ? name : "?");
		break;
	case LABEL_ATTR_KEY:
		buf_printf(out, ".%s", name ? name : "?");
		break;
	case LABEL_ATTR:
	case LABEL_FIELD:
		buf_printf(out, label->kind == LABEL_FIELD ? "%s" : ".%s", label->text);
		break;
	case LABEL_INDEX:
		buf_printf(out, "[%llu]", (unsigned long long)label->index);
		break;
	case LABEL_IS_KEY:
		buf_puts(out, "key");
		break;
	case LABEL_NONE:
		break;
	}
}

void labels_fini(struct labels *l)
{
	free(l->of);
	vec_free(&l->entries);
	arena_free(&l->arena);
	map_free(&l->by_hash);
	*l = (struct labels){ 0 };
}
