/* SPDX-License-Identifier: MIT */
#include "session/detail.h"

#include <inttypes.h>
#include <stdio.h>

#include "graph/holders.h"
#include "heap/cost.h"
#include "heap/place.h"
#include "object/dict.h"
#include "object/text.h"

#define VALUE_DEPTH 4
#define VALUE_BYTES 1000
#define MOST_DEPTH 64

/* Ints that are made with the interpreter: -5 to 256, to 1024 from 3.15. */
#define SMALL_INT_LEAST (-5)
#define SMALL_INT_MOST 1024
#define SMALL_INTS_TABLED 262
#define INTERPRETER_HEAD 8192u
#define STATICS_MOST (UINT64_C(64) << 20)

const char *detail_repr(struct pycore *s, uint64_t address, unsigned depth, size_t most)
{
	struct ctx c = session_ctx(s);
	struct buf b = { 0 };
	char *text = NULL;

	if (value_repr(&c, address, &b, depth, most) >= 0 && b.text && !b.failed)
		text = arena_strndup(&s->arena, b.text, b.len);
	buf_free(&b);
	return text;
}

const char *detail_label(struct pycore *s, const struct label *label)
{
	struct ctx c = session_ctx(s);
	struct buf b = { 0 };
	char *text = NULL;

	value_label(&c, label, &b);
	if (!b.failed)
		text = arena_strndup(&s->arena, b.text ? b.text : "", b.len);
	buf_free(&b);
	return text;
}

/* Whether [start, end) has the table of small ints, with that one in its place. */
static bool has_table(const struct ctx *c, uint64_t start, uint64_t end, uint64_t address,
		      int64_t value)
{
	int64_t first, last;
	uint64_t word;

	for (uint64_t at = start; at < end; at += 8) {
		uint64_t table = at - 8 * (uint64_t)(value - SMALL_INT_LEAST);

		if (!reader_probe_u64(c->r, at, &word) || word != address)
			continue;
		if (reader_probe_u64(c->r, table, &word) && !value_int(c, word, &first) &&
		    first == SMALL_INT_LEAST &&
		    reader_probe_u64(c->r, table + 8 * (SMALL_INTS_TABLED - 1), &word) &&
		    !value_int(c, word, &last) &&
		    last == SMALL_INT_LEAST + SMALL_INTS_TABLED - 1)
			return true;
	}
	return false;
}

/*
 * To 3.10 small ints are ordinary objects, and the interpreter has a table of them; in 2.7
 * it is a static.
 */
static bool in_table(const struct pycore *s, const struct ctx *c, uint64_t address, int64_t value)
{
	uint64_t start, end;

	if (HAS(c->l, PyIntObject, ob_ival))
		return target_data_around(s->target, s->runtime.address, &start, &end) &&
		       end - start < STATICS_MOST && has_table(c, start, end, address, value);
	for (size_t i = 0; i < s->interps.interps.n; i++) {
		start = s->interps.interps.items[i].address;
		if (has_table(c, start, start + INTERPRETER_HEAD, address, value))
			return true;
	}
	return false;
}

static bool is_small_int(const struct pycore *s, const struct ctx *c, const struct spot *spot)
{
	uint64_t address = spot->o.address;
	int64_t value;

	if (strcmp(spot->o.type->name, "int") || value_int(c, address, &value) ||
	    value < SMALL_INT_LEAST || value > SMALL_INT_MOST)
		return false;
	if (spot->place.kind == PLACE_STATIC)
		return true;
	return value < SMALL_INT_LEAST + SMALL_INTS_TABLED && in_table(s, c, address, value);
}

static void describe_place(struct pycore *s, const struct spot *spot, struct pycore_detail *out)
{
	const struct place *p = &spot->place;
	const char *symbol;

	out->block = p->start;
	out->block_bytes = p->bytes;
	switch (p->kind) {
	case PLACE_BLOCK:
		out->allocator = FACT(&s->runtime.layout, OBMALLOC) == OBMALLOC_MIMALLOC ?
					 "mimalloc" : "pymalloc";
		break;
	case PLACE_CHUNK:
		out->allocator = "malloc";
		break;
	case PLACE_STATIC:
		out->allocator = "static";
		out->file = arena_strdup(&s->arena, p->module->path);
		symbol = module_symbol_at(s->target, p->module, spot->o.address);
		out->symbol = symbol ? arena_strdup(&s->arena, symbol) : NULL;
		break;
	default:
		break;
	}
}

static int describe(struct pycore *s, const struct spot *spot, const struct pycore_detail_query *q,
		    struct pycore_detail *out)
{
	struct ctx c = session_ctx(s);
	struct object o = spot->o;
	struct text text;

	out->object = (struct pycore_object){ .address = o.address, .type = o.type->name };
	object_sizeof(&c, o, &out->object.bytes);
	object_refcount(&c, o.address, &out->object.refcount);
	if (q->values)
		out->object.repr = detail_repr(s, o.address, VALUE_DEPTH, VALUE_BYTES);
	out->type_address = o.type->address;
	out->gc = o.type->is_gc;
	out->tracked = object_gc_tracked(&c, o);
	out->interned = type_is_text(c.l, o.type) &&
			!text_at(c.l, c.r, o.address, &text) && text.interned;
	out->small_int = is_small_int(s, &c, spot);
	cost_outside(&c, o, &out->outside_bytes, &out->n_outside);
	describe_place(s, spot, out);
	return detail_fields(s, o, q, out);
}

/* What is at the address, where no object is. */
static void say_place(struct pycore *s, const struct spot *spot, char *out, size_t size)
{
	const struct place *p = &spot->place;
	const char *path = p->module ? p->module->path : p->region ? p->region->path : NULL;
	const char *name = path && strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	const char *symbol;

	switch (p->kind) {
	case PLACE_UNMAPPED:
		snprintf(out, size, "nothing is mapped there");
		break;
	case PLACE_UNREADABLE:
		snprintf(out, size, "the bytes there cannot be read");
		break;
	case PLACE_STATIC:
		symbol = module_symbol_at(s->target, p->module, spot->o.address);
		snprintf(out, size, "%s%.60s of %.80s is there", symbol ? "" : "memory",
			 symbol ? symbol : "", name ? name : "?");
		break;
	case PLACE_BLOCK:
	case PLACE_CHUNK:
		snprintf(out, size, "a block of %" PRIu64 " bytes in use is there, at 0x%" PRIx64,
			 p->bytes, p->start);
		break;
	case PLACE_FREED:
		snprintf(out, size, "freed memory is there, a block of %" PRIu64 " bytes", p->bytes);
		break;
	case PLACE_POOL:
		snprintf(out, size, "memory that Python's allocator has not handed out is there");
		break;
	case PLACE_STACK:
		snprintf(out, size, "a thread's stack is there");
		break;
	case PLACE_MEMORY:
		snprintf(out, size, "other memory is there%s%.80s", name ? ": " : "",
			 name ? name : "");
		break;
	}
}

static int no_object(struct pycore *s, const struct spot *spot, uint64_t address, bool look_far,
		     struct pycore_error *err)
{
	const char *type = spot->o.type ? spot->o.type->name : NULL;
	struct pycore_error ignored;
	struct ctx c = session_ctx(s);
	struct object owner;
	struct heap *h;
	char what[160];

	say_place(s, spot, what, sizeof(what));
	if (spot->kind == SPOT_FREED && type)
		return pycore_fail(err, PYCORE_ERR_NOT_FOUND,
				   "no object is at 0x%" PRIx64 ": %s, and looks to have been a %.60s",
				   address, what, type);
	if (look_far && spot->place.region && spot->place.kind != PLACE_FREED &&
	    !session_heap(s, &h, &ignored)) {
		uint64_t at = holders_owner(&c, h, address);

		if (at && !object_at(&c, at, &owner))
			return pycore_fail(err, PYCORE_ERR_NOT_FOUND,
					   "no object is at 0x%" PRIx64 ": %s, memory of the %.60s "
					   "at 0x%" PRIx64,
					   address, what, owner.type->name, at);
	}
	if (spot->kind == SPOT_KEPT)
		return pycore_fail(err, PYCORE_ERR_NOT_FOUND,
				   "no live object is at 0x%" PRIx64 ": a freed %.60s is there, which "
				   "Python keeps on a free list",
				   address, type ? type : "object");
	return pycore_fail(err, PYCORE_ERR_NOT_FOUND, "no object is at 0x%" PRIx64 ": %s", address,
			   what);
}

static struct pycore_referrer referrer(struct pycore *s, const struct holder *holder, bool values)
{
	struct ctx c = session_ctx(s);
	struct pycore_referrer out = {
		.address = holder->address,
		.type = holder->type,
		.label = detail_label(s, &holder->label),
		.root = holder->root,
		.guess = holder->guess,
	};
	struct object o;

	if (out.type)
		return out;
	out.type = object_at(&c, holder->address, &o) < 0 ? "?" : o.type->name;
	if (values)
		out.repr = detail_repr(s, holder->address, DETAIL_REPR_DEPTH, DETAIL_REPR_BYTES);
	return out;
}

static int copy_referrers(struct pycore *s, const struct holders *h,
			  const struct pycore_detail_query *q, struct pycore_detail *out)
{
	size_t n = q->limit && q->limit < h->list.n ? q->limit : h->list.n;
	struct pycore_referrer *list = arena_array(&s->arena, n + 1, sizeof(*list));

	if (!list)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		list[i] = referrer(s, &h->list.items[i], q->values);
		if (!list[i].label)
			return PYCORE_ERR_NOMEM;
	}
	out->referrers = list;
	out->n_referrers = n;
	out->more_referrers = h->list.n - n + h->more;
	out->has_referrers = true;
	return 0;
}

static int copy_way(struct pycore *s, const struct holders *h, struct pycore_detail *out)
{
	struct ctx c = session_ctx(s);
	struct pycore_step *steps = arena_array(&s->arena, h->way.n + 1, sizeof(*steps));

	if (!steps)
		return PYCORE_ERR_NOMEM;
	for (size_t i = 0; i < h->way.n; i++) {
		const struct way_step *step = &h->way.items[i];
		struct object o;

		steps[i] = (struct pycore_step){ step->label, step->address, "?" };
		if (!object_at(&c, step->address, &o))
			steps[i].type = o.type->name;
	}
	out->steps = steps;
	out->n_steps = h->way.n;
	out->root = h->root;
	out->root_address = h->root_address;
	return 0;
}

static int look_for_referrers(struct pycore *s, const struct pycore_detail_query *q,
			      struct pycore_detail *out, struct pycore_error *err)
{
	struct ctx c = session_ctx(s);
	struct holders holders;
	struct heap *h;
	int rc = session_heap(s, &h, err);

	if (rc)
		return rc;
	rc = holders_find(&c, h, out->object.address, &s->arena, &holders);
	if (!rc)
		rc = copy_referrers(s, &holders, q, out);
	if (!rc)
		rc = copy_way(s, &holders, out);
	holders_fini(&holders);
	return rc ? pycore_fail(err, rc, "no memory for what refers to an object") : 0;
}

static int get(struct pycore *s, struct pycore_detail_query *q, struct pycore_detail *out,
	       struct pycore_error *err)
{
	struct ctx c = session_ctx(s);
	struct spot spot;
	int rc;

	if (q->name) {
		rc = detail_name(s, q, &q->address, &out->found_as, err);
		if (rc)
			return rc;
	}
	out->asked = q->address;
	spot_find(&c, q->address, &spot);
	if (spot.kind != SPOT_OBJECT)
		return no_object(s, &spot, q->address, !q->no_referrers, err);
	rc = describe(s, &spot, q, out);
	if (rc)
		return pycore_fail(err, rc, "no memory for an object");
	if (!q->no_referrers)
		rc = look_for_referrers(s, q, out, err);
	return rc ? rc : session_check_read(s, "the object", err);
}

int pycore_get_object(struct pycore *s, const struct pycore_detail_query *query,
		      const struct pycore_detail **out, struct pycore_error *err)
{
	struct pycore_detail_query q;
	struct pycore_detail *detail;
	int rc = session_take(&q, sizeof(q), query, "pycore_detail_query", err);

	if (!rc && !q.address && !q.name)
		rc = pycore_fail(err, PYCORE_ERR_ARGUMENT, "which object? No address, no name");
	if (!rc)
		rc = session_can_read(s, "objects", err);
	if (rc)
		return rc;
	q.depth = q.depth < 1 ? 1 : q.depth > MOST_DEPTH ? MOST_DEPTH : q.depth;
	detail = arena_alloc(&s->arena, sizeof(*detail));
	if (!detail)
		return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for an object");
	rc = get(s, &q, detail, err);
	if (!rc)
		*out = detail;
	return rc;
}
