/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "heap/scan.h"
#include "object/dict.h"

static bool decoded_as(const struct type *type, uint64_t flag)
{
	return type->flags & flag && type->decoder == decoder_for(NULL, flag, NULL);
}

static enum scan_kind kind_of(const struct layout *l, const struct type *type)
{
	bool builtin = !(type->flags & TPFLAGS_HEAPTYPE);

	/* C code's own fields, items that no ob_size counts, a dict behind the items. */
	if (type->scan_from < type->scan_to || type->scan_items || type->hidden_items ||
	    type->pre_header > 32 ||
	    (type->dictoffset < 0 && !(type->flags & TPFLAGS_MANAGED_DICT)))
		return SCAN_OTHER;
	if (decoded_as(type, TPFLAGS_TUPLE))
		return SCAN_TUPLE;
	if (decoded_as(type, TPFLAGS_LIST))
		return SCAN_LIST;
	if (decoded_as(type, TPFLAGS_DICT) && type->basicsize < 256)
		return SCAN_DICT;
	if (type->decoder == &pycore_dec_generic && !type->itemsize && !type->leaf)
		return SCAN_INSTANCE;
	if (builtin && decoded_as(type, TPFLAGS_UNICODE) && FACT(l, TEXT) == TEXT_COMPACT)
		return SCAN_STR;
	if (builtin && decoded_as(type, TPFLAGS_LONG))
		return SCAN_INT;
	if (builtin && type->leaf &&
	    (!type->decoder->extent || decoded_as(type, TPFLAGS_BYTES)) &&
	    !type->decoder->storage)
		return SCAN_LEAF;
	return SCAN_OTHER;
}

/* Loads of the loops in visit.c must be inside what every instance has. */
static bool slots_inside(const struct type *type)
{
	for (uint32_t i = 0; i < type->n_slots; i++) {
		if (type->slots[i].after_items || type->slots[i].offset > type->basicsize - 8)
			return false;
	}
	return type->dictoffset <= 0 || (uint64_t)type->dictoffset <= type->basicsize - 8;
}

static uint64_t least_of(const struct layout *l, const struct scan_type *t)
{
	/* A short str lacks the fields of other forms, a datetime.time its tzinfo. */
	if (t->type->flags & TPFLAGS_UNICODE && FACT(l, TEXT) == TEXT_COMPACT)
		return L(l, PyASCIIObject, sizeof);
	if (t->kind == SCAN_OTHER && !t->type->is_gc && t->type->basicsize >= 32)
		return t->type->basicsize - 8;
	return t->type->basicsize;
}

/*
 * C code's memory may begin with a small number and a type, as datetime's table of its C API
 * does. A builtin type of one size is never in a block that is much bigger: allocators round
 * up to 16 bytes (pymalloc) or by less than a quarter (mimalloc).
 */
static uint64_t most_room_of(const struct type *type)
{
	bool fixed = !(type->flags & (TPFLAGS_HEAPTYPE | TPFLAGS_UNICODE)) && !type->itemsize &&
		     !type->is_gc && type->decoder != &pycore_dec_generic;

	return fixed ? type->basicsize + type->basicsize / 4 + 15 : UINT64_MAX;
}

/* How many values an instance of 3.11 or 3.12 has room for. */
static uint64_t count_values(struct scan *s, const struct type *type)
{
	struct dict_keys keys;

	if (!type->cached_keys || dict_keys_at(s->l, &s->reader, type->cached_keys, &keys))
		return 0;
	return keys.n < 256 ? keys.n : 256;
}

static bool fill(struct scan *s, struct scan_type *t)
{
	const struct type *type = t->type;
	const struct layout *l = s->l;

	t->kind = kind_of(l, type);
	if (!slots_inside(type))
		t->kind = SCAN_OTHER;
	t->pre_header = type->pre_header;
	t->inline_values = FACT(l, MANAGED_DICT) == MANAGED_DICT_INLINE &&
			   type->flags & TPFLAGS_INLINE_VALUES;
	t->most_room = most_room_of(type);
	t->least = least_of(l, t) + (t->inline_values ? L(l, PyDictValues, values) : 0);
	t->base = type->basicsize + type->sizeof_head;
	t->attributes = t->kind != SCAN_OTHER &&
			(type->first_slot < type->n_slots || type->dictoffset > 0 ||
			 type->flags & TPFLAGS_MANAGED_DICT);
	t->n_values = count_values(s, type);
	t->bare = !type->is_gc && !type->itemsize && type->basicsize <= L(l, PyObject, sizeof) &&
		  HAS(l, PyObject, ob_refcnt);
	t->kept = free_list_is_of(type->name);
	return vec_push(&s->met, t);
}

/*
 * A type's type is a type whose instances are types. Looking there first keeps
 * the table of types from filling with words that are none.
 */
static bool may_be_type(struct scan *s, uint64_t address)
{
	uint64_t meta;

	for (int depth = 0; depth < 8; depth++) {
		uint64_t *slot;

		if (!reader_probe_u64(&s->reader, address + L(s->l, PyObject, ob_type), &meta) ||
		    meta < 4096 || meta >> 47 || meta & 7)
			return false;
		if (meta == s->c.types->rt->type_type)
			return true;
		slot = map_get(&s->types, meta);
		if (slot) {
			const struct scan_type *t = (const struct scan_type *)(uintptr_t)*slot;

			return t->type->flags & TPFLAGS_TYPE;
		}
		address = meta;
	}
	return false;
}

struct scan_type *scan_type_far(struct scan *s, uint64_t address)
{
	const struct type *type = NULL;
	struct scan_type *t;
	uint64_t *slot;

	if (may_be_type(s, address))
		type = type_at(s->c.types, &s->reader, address);
	if (!type) {
		s->not_types[(address >> 4) % SCAN_RECENT] = address;
		return NULL;
	}
	t = calloc(1, sizeof(*t));
	slot = t ? map_put(&s->types, address, NULL) : NULL;
	if (!slot) {
		free(t);
		s->failed = true;
		return NULL;
	}
	t->address = address;
	t->type = type;
	*slot = (uint64_t)(uintptr_t)t;
	if (!fill(s, t))
		s->failed = true;
	/* Every instance refers to its type: once is enough to find that. */
	if (!s->edges)
		scan_edge(s, address);
	return t;
}

void scan_outside(struct scan *s, uint64_t to)
{
	uint64_t *slot;
	bool added;

	s->recent[(to >> 4) % SCAN_RECENT] = to;
	if (to < 4096 || to >> 47 || to & 7)
		return;
	slot = map_put(&s->outside, to, &added);
	if (!slot || (added && !vec_push(&s->fresh, to)))
		s->failed = true;
}

void scan_claim(struct scan *s, uint64_t address)
{
	if (s->edges)
		return;
	address -= s->bias;
	if (arenas_has(s->arenas, address)) {
		if (!(address & 7))
			bitmap_set(arenas_chunk(s->arenas, address)->storage, address);
	} else if (address && !map_put(&s->outside_storage, address, NULL)) {
		s->failed = true;
	}
}

void scan_init(struct scan *s, const struct ctx *c, const struct arenas *arenas, unsigned bias)
{
	*s = (struct scan){ .c = *c, .l = c->l, .arenas = arenas, .bias = bias };
	s->gc_size = L(c->l, PyGC_Head, sizeof);
	if (FACT(c->l, GC_HEAD) != GC_HEAD_LINKS)
		s->gc_refs = L(c->l, PyGC_Head, gc_refs);
	s->gc_refs_shift = FACT(c->l, GC_HEAD) == GC_HEAD_REFS;
	s->counts = !c->interps || interpreters_collecting(c->interps);
	s->most_bytes = c->r->target->bytes_mapped + 4096;
	reader_init(&s->reader, c->r->target);
	s->c.r = &s->reader; /* so a scan must stay where it is */
}

void scan_fini(struct scan *s)
{
	for (size_t i = 0; s->types.mask && i <= s->types.mask; i++) {
		if (s->types.slots[i].key)
			free((void *)(uintptr_t)s->types.slots[i].value);
	}
	map_free(&s->types);
	vec_free(&s->met);
	map_free(&s->outside);
	vec_free(&s->fresh);
	map_free(&s->outside_storage);
	vec_free(&s->dead);
	vec_free(&s->texts);
	tally_fini(&s->tally);
	free(s->copy);
	reader_fini(&s->reader);
}
