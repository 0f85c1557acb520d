/* SPDX-License-Identifier: MIT */
#include "object/object.h"

#include "object/behind.h"
#include "object/decode.h"

#define TEXT_MOST (UINT64_C(1) << 24)

int object_at(const struct ctx *c, uint64_t address, struct object *out)
{
	uint64_t type;

	*out = (struct object){ .address = address };
	if (!type_is_address(address))
		return PYCORE_ERR_DAMAGED;
	if (!reader_u64(c->r, address + L(c->l, PyObject, ob_type), &type))
		return PYCORE_ERR_FAULT;
	out->type = type_at(c->types, c->r, type);
	return out->type ? 0 : PYCORE_ERR_DAMAGED;
}

int object_ob_size(const struct ctx *c, struct object o, uint64_t *out)
{
	uint64_t n;

	*out = 0;
	if (!reader_u64(c->r, o.address + L(c->l, PyVarObject, ob_size), &n))
		return PYCORE_ERR_FAULT;
	*out = (int64_t)n < 0 ? -n : n;
	return 0;
}

int generic_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	uint64_t n;
	int status;

	*bytes = o.type->basicsize;
	if (!o.type->itemsize)
		return 0;
	status = object_ob_size(c, o, &n);
	if (status)
		return status;
	if (__builtin_mul_overflow(n, o.type->itemsize, &n) || n > UINT64_C(1) << 47)
		return PYCORE_ERR_DAMAGED;
	*bytes += n;
	return 0;
}

int slot_address(const struct ctx *c, struct object o, const struct type_slot *slot,
		 uint64_t *address)
{
	uint64_t extent;
	int status;

	*address = o.address + slot->offset;
	if (!slot->after_items)
		return 0;
	status = generic_extent(c, o, &extent);
	if (!status)
		*address += (extent - o.type->basicsize + 7) & ~UINT64_C(7);
	return status;
}

int object_sizeof(const struct ctx *c, struct object o, uint64_t *bytes)
{
	uint64_t flags;
	int status;

	if (o.type->decoder->extent)
		status = o.type->decoder->extent(c, o, bytes);
	else
		status = generic_extent(c, o, bytes);
	/* Type objects of C code have nothing before them, though their type says so. */
	if (o.type->flags & TPFLAGS_TYPE && FACT(c->l, SIZEOF_HEAD) != SIZEOF_PRE_HEADER) {
		if (!LOAD(c->l, c->r, o.address, PyTypeObject, tp_flags, &flags))
			return PYCORE_ERR_FAULT;
		if (!(flags & TPFLAGS_HEAPTYPE))
			return status;
	}
	*bytes += o.type->sizeof_head;
	return status;
}

uint64_t text_bytes(const struct ctx *c, uint64_t at)
{
	char part[1024];
	uint64_t n = 0;

	while (n < TEXT_MOST && reader_spend(c->r, at + n, n, sizeof(part))) {
		size_t got = reader_copy(c->r, at + n, part, sizeof(part));
		const char *end = memchr(part, '\0', got);

		if (end)
			return n + (uint64_t)(end - part) + 1;
		if (got < sizeof(part))
			break;
		n += got;
	}
	return 0;
}

#define ITEMS_BATCH 128
#define ITEMS_MOST (UINT64_C(1) << 31)

int emit_items(const struct ctx *c, uint64_t address, uint64_t n, enum edge_kind kind,
	       struct label label, edge_fn *fn, void *arg)
{
	uint64_t scratch[ITEMS_BATCH], word;
	int status = 0;

	if (!n)
		return 0;
	if (n > ITEMS_MOST || !type_is_address(address))
		return PYCORE_ERR_DAMAGED;
	for (uint64_t i = 0; i < n && !status;) {
		uint64_t k = n - i < ITEMS_BATCH ? n - i : ITEMS_BATCH;
		const unsigned char *p;

		if (!reader_spend(c->r, address + i * 8, i * 8, k * 8))
			return PYCORE_ERR_FAULT;
		p = reader_probe(c->r, address + i * 8, k * 8, scratch);
		if (!p) {
			/* What there is before the end of the mapped memory. */
			k = reader_copy(c->r, address + i * 8, scratch, k * 8) / 8;
			p = (const unsigned char *)scratch;
			status = PYCORE_ERR_FAULT;
			if (kind != EDGE_GUESS)
				c->r->faults++;
		}
		for (uint64_t j = 0; j < k; j++) {
			int stop;

			memcpy(&word, p + j * 8, 8);
			stop = emit(fn, arg, word, kind, &label);
			if (stop)
				return stop;
			label.index++;
		}
		i += k;
	}
	return status;
}

int emit_fields(struct body *b, const struct layout *l, const struct ref_field *fields,
		edge_fn *fn, void *arg)
{
	int status;

	for (; fields->text; fields++) {
		struct label label = { fields->kind, fields->text, 0, 0 };
		uint64_t to = body_field(b, l, fields->field);

		status = emit(fn, arg, to, fields->edge, &label);
		if (status)
			return status;
	}
	return body_status(b);
}

static int slot_edges(const struct ctx *c, struct object o, struct body *b, edge_fn *fn,
		      void *arg)
{
	const struct type *t = o.type;

	for (uint32_t i = t->first_slot; i < t->n_slots; i++) {
		struct label label = { LABEL_ATTR, t->slots[i].name, 0, 0 };
		uint64_t at, to;
		int status = slot_address(c, o, &t->slots[i], &at);

		if (status)
			return status;
		if (at - o.address + 8 <= b->len)
			to = body_u64(b, (uint32_t)(at - o.address));
		else if (!reader_u64(c->r, at, &to))
			return PYCORE_ERR_FAULT;
		status = emit(fn, arg, to, EDGE_OWNED, &label);
		if (status)
			return status;
	}
	return 0;
}

/* Words that something else speaks for. */
static bool is_known_word(const struct layout *l, const struct type *t, uint64_t offset)
{
	const struct ref_field *f = t->decoder->fields;

	for (; f && f->text; f++) {
		if (l->field[f->field].present && l->field[f->field].offset == offset)
			return true;
	}
	if ((int64_t)offset == t->dictoffset || (int64_t)offset == t->weaklistoffset)
		return true;
	for (uint32_t i = 0; i < t->n_slots; i++) {
		if (t->slots[i].offset == offset)
			return true;
	}
	return false;
}

static int scan_edges(const struct ctx *c, struct object o, struct body *b, edge_fn *fn, void *arg)
{
	static const struct label none;
	const struct type *t = o.type;
	uint64_t extent, from, at;
	int status;

	for (at = t->scan_from; at + 8 <= t->scan_to && at + 8 <= b->len; at += 8) {
		uint64_t word = body_u64(b, at);

		if (!type_is_address(word) || is_known_word(c->l, t, at))
			continue;
		status = fn(arg, word, EDGE_GUESS, &none);
		if (status)
			return status;
	}
	if (at < t->scan_to && b->len == BODY_MAX) {
		status = emit_items(c, o.address + at, (t->scan_to - at) / 8, EDGE_GUESS, none, fn,
				    arg);
		if (stopped(status))
			return status;
	}
	if (!t->scan_items)
		return 0;
	status = generic_extent(c, o, &extent);
	from = (t->basicsize + 7) & ~UINT64_C(7);
	if (status || extent < from + 8)
		return status;
	return emit_items(c, o.address + from, (extent - from) / 8, EDGE_GUESS, none, fn, arg);
}

static int value_edges(const struct ctx *c, struct object o, const struct attrs *a, edge_fn *fn,
		       void *arg)
{
	uint64_t scratch[256], value;
	uint64_t n = a->n < 256 ? a->n : 256;
	const unsigned char *p;

	if (!n)
		return 0;
	p = reader_view(c->r, a->values, n * 8, scratch);
	if (!p)
		return PYCORE_ERR_FAULT;
	for (uint32_t i = 0; i < n; i++) {
		struct label label = { LABEL_ATTR_KEY, NULL, i, 0 };
		int status;

		memcpy(&value, p + i * 8, 8);
		if (i < o.type->n_attr_keys)
			label.key = o.type->attr_keys[i];
		status = emit(fn, arg, value, EDGE_OWNED, &label);
		if (status)
			return status;
	}
	return 0;
}

static int attr_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label dict = { LABEL_ATTR, "__dict__", 0, 0 };
	struct attrs a;
	int status = attrs_of(c, o, &a);
	int stop = emit(fn, arg, a.dict, EDGE_OWNED, &dict);

	if (stop)
		return stop;
	if (a.values && !status)
		return value_edges(c, o, &a, fn, arg);
	return status;
}

int object_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label type = { LABEL_ATTR, "__class__", 0, 0 };
	const struct type *t = o.type;
	const struct decoder *d = t->decoder;
	int status = 0, part;
	struct body b;

	if (t->leaf)
		return 0;
	if (d->edges) {
		status = d->edges(c, o, fn, arg);
		if (stopped(status))
			return status;
	}
	if (d->fields || t->first_slot < t->n_slots || t->scan_from < t->scan_to ||
	    t->scan_items) {
		part = body_view(&b, c->r, o.address, t->basicsize);
		if (!part && d->fields)
			part = emit_fields(&b, c->l, d->fields, fn, arg);
		if (!stopped(part) && b.len)
			part = slot_edges(c, o, &b, fn, arg);
		if (!stopped(part) && b.len && (t->scan_from < t->scan_to || t->scan_items))
			part = scan_edges(c, o, &b, fn, arg);
		if (stopped(part))
			return part;
		status = part ? part : status;
	}
	/* A type's instance dict is its tp_dict, which its decoder gives. */
	if (t->flags & TPFLAGS_MANAGED_DICT || (t->dictoffset && !(t->flags & TPFLAGS_TYPE))) {
		part = attr_edges(c, o, fn, arg);
		if (stopped(part))
			return part;
		status = part ? part : status;
	}
	if (t->flags & TPFLAGS_HEAPTYPE) {
		part = fn(arg, t->address, EDGE_OWNED, &type);
		if (part)
			return part;
	}
	if (t->opaque && c->behind) {
		part = behind_edges(c->behind, o.address, fn, arg);
		if (part)
			return part;
	}
	return status;
}

int emit_body(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label none;
	uint32_t head = L(c->l, PyObject, sizeof);

	return emit_items(c, o.address + head, (o.type->basicsize - head) / 8, EDGE_GUESS, none, fn,
			  arg);
}

int object_inside(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	const struct type *t = o.type;
	int status = 0, part;
	struct body b;

	if (t->decoder->inside)
		status = t->decoder->inside(c, o, fn, arg);
	if (stopped(status) || (t->scan_from >= t->scan_to && !t->scan_items))
		return status;
	part = body_view(&b, c->r, o.address, t->basicsize);
	if (!part)
		part = scan_edges(c, o, &b, fn, arg);
	return part ? part : status;
}

void object_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct attrs a;

	if (o.type->decoder->storage)
		o.type->decoder->storage(c, o, fn, arg);
	if (!(o.type->flags & TPFLAGS_MANAGED_DICT))
		return;
	if (!attrs_of(c, o, &a) && a.block)
		fn(arg, a.block, a.block_bytes);
}

/*
 * Py_REFCNT() of a free-threaded build: what the owning thread counts and what all others do.
 * Deferred counting adds to the latter; sys.getrefcount() does not take that off either.
 */
static int biased_refcount(const struct ctx *c, uint64_t address, int64_t *out)
{
	uint64_t local, shared;

	if (!LOAD(c->l, c->r, address, PyObject, ob_ref_local, &local) ||
	    !LOAD(c->l, c->r, address, PyObject, ob_ref_shared, &shared))
		return PYCORE_ERR_FAULT;
	*out = local == UINT32_MAX ? -1 : (int64_t)local + ((int64_t)shared >> 2);
	return 0;
}

int object_refcount(const struct ctx *c, uint64_t address, int64_t *out)
{
	uint64_t word;

	*out = 0;
	if (HAS(c->l, PyObject, ob_ref_local))
		return biased_refcount(c, address, out);
	if (!reader_u64(c->r, address + L(c->l, PyObject, ob_refcnt), &word))
		return PYCORE_ERR_FAULT;
	if (FACT(c->l, IMMORTAL) == IMMORTAL_NONE)
		*out = (int64_t)word;
	else
		*out = word & UINT64_C(0x80000000) ? -1 : (int64_t)(word & 0xffffffff);
	return 0;
}

bool object_gc_tracked(const struct ctx *c, struct object o)
{
	uint64_t head = o.address - L(c->l, PyGC_Head, sizeof), next, refs, flags, bits;

	if (!o.type->is_gc)
		return false;
	if (o.type->flags & TPFLAGS_TYPE &&
	    (!LOAD(c->l, c->r, o.address, PyTypeObject, tp_flags, &flags) ||
	     !(flags & TPFLAGS_HEAPTYPE)))
		return false;
	if (FACT(c->l, GC_HEAD) == GC_HEAD_NONE)
		return PROBE(c->l, c->r, o.address, PyObject, ob_gc_bits, &bits) && bits & 1;
	if (!PROBE(c->l, c->r, head, PyGC_Head, gc_next, &next))
		return false;
	/* _PyGC_REFS_UNTRACKED is -2; bit 0 may be something else */
	if (FACT(c->l, GC_HEAD) != GC_HEAD_LINKS &&
	    (!PROBE(c->l, c->r, head, PyGC_Head, gc_refs, &refs) ||
	     (int64_t)refs >> (FACT(c->l, GC_HEAD) == GC_HEAD_REFS) == -2))
		return false;
	/* The low bits are marks; list heads may be on 4-byte addresses. */
	next &= ~UINT64_C(3);
	return next >= 4096 && next < UINT64_C(1) << 47;
}
