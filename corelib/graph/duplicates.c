/* SPDX-License-Identifier: MIT */
#include "graph/duplicates.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/workers.h"

/*
 * One pass takes a hash of each content; then, share by share of the hashes, what has the
 * same one is compared. An entry is 32 bits of the hash, then the number of the object.
 */

#define SHARES 256
#define SHARE_OF(hash) ((hash) >> 56)
#define BATCH 4096

/* Contents of one hash that are told apart: of honest ones there are rarely two. */
#define CONTENTS_MOST 16

struct entries {
	VEC(uint64_t) list;
};

/* What one worker has found. */
struct finder {
	const struct whole *w;
	struct entries shares[SHARES];
	struct duplicates found;
};

static bool is_text(const struct ctx *c, const struct type *type)
{
	const uint64_t flags = TPFLAGS_UNICODE | TPFLAGS_BYTES;

	(void)c;
	/* Of a class of it, an object is more than its text. */
	return type->flags & flags && !(type->flags & TPFLAGS_HEAPTYPE) && type->base &&
	       !(type->base->flags & flags);
}

static unsigned kind_of(const struct type *type)
{
	return type->flags & TPFLAGS_BYTES ? 1 : 0;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static bool hash_of(struct ctx *c, const struct text *t, uint64_t *out)
{
	uint64_t size = t->length * t->kind, hash = mix(size, t->kind);
	unsigned char scratch[BATCH];

	for (uint64_t at = 0; at < size;) {
		uint64_t n = size - at < BATCH ? size - at : BATCH, word;
		const unsigned char *p = NULL;

		if (reader_spend(c->r, t->data + at, at, n))
			p = reader_view(c->r, t->data + at, n, scratch);
		if (!p)
			return false;
		for (uint64_t i = 0; i < n; i += 8) {
			word = 0;
			memcpy(&word, p + i, n - i < 8 ? n - i : 8);
			hash = mix(hash, word);
		}
		at += n;
	}
	*out = mix(hash, size);
	return true;
}

static bool content_of(struct ctx *c, struct object o, struct text *out)
{
	/* What C code has not made ready yet has no characters. */
	return !value_text(c, o, out) && out->kind && (out->data || !out->length);
}

static void take_hash(struct sweeper *me, uint32_t number, struct object o)
{
	struct finder *f = me->found;
	struct text t;
	uint64_t hash;

	if (!content_of(&me->c, o, &t) || !hash_of(&me->c, &t, &hash)) {
		f->found.unread++;
		return;
	}
	hash = mix(hash, kind_of(o.type));
	f->found.sums[kind_of(o.type)].type = o.type;
	me->failed |= !vec_push(&f->shares[SHARE_OF(hash)].list,
				(hash << 8 & ~(uint64_t)UINT32_MAX) | number);
}

/* A content that was met, of those that have one hash. */
struct content {
	struct text text;
	unsigned kind;
	uint32_t first;
	uint64_t count, bytes, biggest;
};

static bool is_equal(struct ctx *c, const struct text *a, const struct text *b)
{
	uint64_t size = a->length * a->kind;
	unsigned char scratch[2][BATCH];

	if (a->length != b->length || a->kind != b->kind)
		return false;
	for (uint64_t at = 0; at < size;) {
		uint64_t n = size - at < BATCH ? size - at : BATCH;
		const void *p, *q;

		if (!reader_spend(c->r, b->data + at, at, n))
			return false;
		p = reader_view(c->r, a->data + at, n, scratch[0]);
		q = reader_view(c->r, b->data + at, n, scratch[1]);
		if (!p || !q || memcmp(p, q, n))
			return false;
		at += n;
	}
	return true;
}

static void count(const struct whole *w, struct content *content, uint32_t number)
{
	uint64_t bytes = whole_bytes(w, number);

	content->count++;
	content->bytes += bytes;
	if (bytes > content->biggest)
		content->biggest = bytes;
}

static void keep(struct sweeper *me, const struct content *content)
{
	struct duplicates *found = &((struct finder *)me->found)->found;
	struct duplicate_sum *sum = &found->sums[content->kind];
	struct waste_object object = { content->bytes - content->biggest, content->count,
				       content->bytes, content->first };

	if (content->count < 2)
		return;
	sum->contents++;
	sum->objects += content->count;
	sum->bytes += content->bytes;
	sum->saved += object.bytes;
	me->failed |= !waste_offer(&found->top, object);
}

/* Objects of one hash, by address. */
static void compare(struct sweeper *me, const struct sweep *s, const uint64_t *entries, size_t n)
{
	struct finder *f = me->found;
	struct content contents[CONTENTS_MOST];
	size_t n_contents = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t number = (uint32_t)entries[i];
		struct object o = { .type = s->types[f->w->objects.type[number]] };
		struct content *found = NULL;
		struct text t;

		o.address = index_address_of(&s->h->index, number);
		if (!content_of(&me->c, o, &t))
			continue;
		for (size_t k = 0; k < n_contents && !found; k++) {
			if (contents[k].kind == kind_of(o.type) &&
			    is_equal(&me->c, &contents[k].text, &t))
				found = &contents[k];
		}
		if (!found && n_contents == CONTENTS_MOST) {
			f->found.left_out++;
			continue;
		}
		if (!found) {
			found = &contents[n_contents++];
			*found = (struct content){ .text = t, .kind = kind_of(o.type),
						   .first = number };
		}
		count(f->w, found, number);
	}
	for (size_t k = 0; k < n_contents; k++)
		keep(me, &contents[k]);
}

static int by_value(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* All entries of a share, in one array; the workers' own are freed. NULL: none, or no memory. */
static uint64_t *gather(const struct sweep *s, size_t share, size_t *n)
{
	uint64_t *all;
	size_t at = 0;

	*n = 0;
	for (unsigned i = 0; i < s->n_sweepers; i++)
		*n += ((struct finder *)s->sweepers[i].found)->shares[share].list.n;
	all = *n ? malloc(*n * sizeof(*all)) : NULL;
	for (unsigned i = 0; i < s->n_sweepers; i++) {
		struct entries *some = &((struct finder *)s->sweepers[i].found)->shares[share];

		if (all && some->list.n)
			memcpy(all + at, some->list.items, some->list.n * sizeof(*all));
		at += some->list.n;
		vec_free(&some->list);
	}
	return all;
}

static void compare_share(void *arg, size_t share, unsigned worker)
{
	const struct sweep *s = arg;
	struct sweeper *me = &s->sweepers[worker];
	size_t n, end;
	uint64_t *all = gather(s, share, &n);

	me->failed |= n && !all;
	if (all)
		qsort(all, n, sizeof(*all), by_value);
	for (size_t i = 0; all && i < n && !me->failed; i = end) {
		for (end = i + 1; end < n && all[end] >> 32 == all[i] >> 32;)
			end++;
		if (end - i > 1)
			compare(me, s, all + i, end - i);
	}
	free(all);
}

static int prepare(void *found, const struct sweep *s, const void *limit)
{
	struct finder *f = found;

	f->w = s->w;
	f->found.top.limit = *(const size_t *)limit;
	return 0;
}

static int join(struct duplicates *to, struct duplicates *from)
{
	for (unsigned i = 0; i < DUPLICATE_TYPES; i++) {
		struct duplicate_sum *a = &to->sums[i], *b = &from->sums[i];

		if (b->type)
			a->type = b->type;
		a->contents += b->contents;
		a->objects += b->objects;
		a->bytes += b->bytes;
		a->saved += b->saved;
	}
	to->unread += from->unread;
	to->left_out += from->left_out;
	return waste_join(&to->top, &from->top) ? 0 : PYCORE_ERR_NOMEM;
}

static int finish(struct sweep *s, struct duplicates *out)
{
	int rc = 0;

	for (unsigned i = 0; i < s->n_sweepers; i++) {
		struct sweeper *me = &s->sweepers[i];
		struct finder *f = me->found;

		if (!f)
			continue;
		if (me->failed || join(out, &f->found))
			rc = PYCORE_ERR_NOMEM;
		for (unsigned k = 0; k < SHARES; k++)
			vec_free(&f->shares[k].list);
		vec_free(&f->found.top.list);
	}
	waste_sort(&out->top);
	return rc;
}

int duplicates_find(const struct ctx *c, const struct heap *h, const struct whole *w, size_t limit,
		    struct duplicates *out)
{
	struct sweep s = { .c = c, .h = h, .w = w, .wants = is_text, .fn = take_hash,
			   .prepare = prepare, .prepare_arg = &limit };
	int rc, status;

	*out = (struct duplicates){ .top = { .limit = limit } };
	rc = sweep_run(&s, sizeof(struct finder));
	if (!rc) {
		/* The contents are read again: what was read once may be. */
		for (unsigned i = 0; i < s.n_sweepers; i++)
			reader_renew(&s.sweepers[i].reader);
		workers_run(s.n_sweepers, SHARES, compare_share, &s);
		for (unsigned i = 0; i < s.n_sweepers; i++)
			c->r->faults += s.sweepers[i].reader.faults;
	}
	status = finish(&s, out);
	sweep_fini(&s);
	return rc ? rc : status;
}

void duplicates_fini(struct duplicates *out)
{
	vec_free(&out->top.list);
}
