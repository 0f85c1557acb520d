/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* Types of the standard library's C modules that keep memory where no field tells of it. */

#define CODES_MOST 4096

/* struct.Struct keeps an array of codes that ends with one without a definition. */
static uint64_t codes_of(const struct ctx *c, struct object o, uint64_t *codes)
{
	uint32_t size = L(c->l, formatcode, sizeof);
	uint64_t definition;
	struct body b;

	*codes = 0;
	if (!HAS(c->l, formatcode, sizeof) || body_view(&b, c->r, o.address, o.type->basicsize))
		return 0;
	*codes = BODY(&b, c->l, PyStructObject, s_codes);
	for (uint64_t n = 0; type_is_address(*codes) && n < CODES_MOST; n++) {
		if (!reader_u64(c->r, *codes + n * size, &definition))
			return 0;
		if (!definition)
			return (n + 1) * size;
	}
	return 0;
}

static int struct_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	uint64_t codes;

	*bytes = o.type->basicsize + codes_of(c, o, &codes);
	return 0;
}

static void struct_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t codes, bytes = codes_of(c, o, &codes);

	if (bytes)
		fn(arg, codes, bytes);
}

static const struct ref_field struct_fields[] = {
	{ F_PyStructObject_s_format, LABEL_ATTR, EDGE_OWNED, "format" },
	{ 0 },
};

/* xml.etree's elements: attributes and children stand in a block of their own. */
struct element {
	uint64_t extra, children, n, allocated;
	bool own; /* children have outgrown the block and have one of their own */
};

static int element_of(const struct ctx *c, struct object o, struct element *out)
{
	const struct layout *l = c->l;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*out = (struct element){ .extra = 0 };
	if (status || !HAS(l, ElementObjectExtra, _children))
		return status;
	out->extra = BODY(&b, l, ElementObject, extra);
	if (!out->extra)
		return body_status(&b);
	if (!type_is_address(out->extra))
		return PYCORE_ERR_DAMAGED;
	status = body_view(&b, c->r, out->extra, L(l, ElementObjectExtra, sizeof));
	if (status)
		return status;
	out->n = BODY(&b, l, ElementObjectExtra, length);
	out->allocated = BODY(&b, l, ElementObjectExtra, allocated);
	out->children = BODY(&b, l, ElementObjectExtra, children);
	out->own = out->children != out->extra + L(l, ElementObjectExtra, _children);
	if (out->n > out->allocated || out->allocated > UINT64_C(1) << 43)
		return PYCORE_ERR_DAMAGED;
	return body_status(&b);
}

static int element_text_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	if (status)
		return status;
	/* The lowest bit tells that text is a list of pieces. */
	status = emit_field(fn, arg, BODY(&b, c->l, ElementObject, tag), "tag");
	if (!status)
		status = emit_field(fn, arg, BODY(&b, c->l, ElementObject, text) & ~UINT64_C(1),
				    "text");
	if (!status)
		status = emit_field(fn, arg, BODY(&b, c->l, ElementObject, tail) & ~UINT64_C(1),
				    "tail");
	return status ? status : body_status(&b);
}

static int element_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label index = { .kind = LABEL_INDEX };
	struct element e;
	uint64_t attrib;
	int status = element_text_edges(c, o, fn, arg);

	if (stopped(status))
		return status;
	status = element_of(c, o, &e);
	if (status || !e.extra)
		return status;
	if (!LOAD(c->l, c->r, e.extra, ElementObjectExtra, attrib, &attrib))
		return PYCORE_ERR_FAULT;
	status = emit_field(fn, arg, attrib, "attrib");
	return status ? status : emit_items(c, e.children, e.n, EDGE_OWNED, index, fn, arg);
}

static int element_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct element e;
	int status = element_of(c, o, &e);

	*bytes = o.type->basicsize;
	if (!status && e.extra)
		*bytes += L(c->l, ElementObjectExtra, sizeof) + (e.own ? e.allocated * 8 : 0);
	return status;
}

static void element_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct element e;

	if (element_of(c, o, &e) || !e.extra)
		return;
	fn(arg, e.extra, L(c->l, ElementObjectExtra, sizeof));
	if (e.own && type_is_address(e.children))
		fn(arg, e.children, e.allocated * 8);
}

/* queue.SimpleQueue: a ring of items in a block of its own (3.13); a list before. */
struct ring {
	uint64_t items, first, n, room;
};

static int ring_of(const struct ctx *c, struct object o, struct ring *out)
{
	const struct layout *l = c->l;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*out = (struct ring){ .items = 0 };
	if (status || !HAS(l, simplequeueobject, items))
		return status;
	out->items = BODY(&b, l, simplequeueobject, items);
	out->first = BODY(&b, l, simplequeueobject, get_idx);
	out->n = BODY(&b, l, simplequeueobject, num_items);
	out->room = BODY(&b, l, simplequeueobject, items_cap);
	if (out->n > out->room || out->room > UINT64_C(1) << 43 ||
	    (out->n && out->first >= out->room) || !type_is_address(out->items))
		return PYCORE_ERR_DAMAGED;
	return body_status(&b);
}

static int queue_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	struct label label = { .kind = LABEL_INDEX };
	struct ring r;
	uint64_t before_end;
	int status = ring_of(c, o, &r);

	if (status || !r.n)
		return status;
	before_end = r.n < r.room - r.first ? r.n : r.room - r.first;
	status = emit_items(c, r.items + 8 * r.first, before_end, EDGE_OWNED, label, fn, arg);
	if (status)
		return status;
	label.index = before_end;
	return emit_items(c, r.items, r.n - before_end, EDGE_OWNED, label, fn, arg);
}

static int queue_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct ring r;
	int status = ring_of(c, o, &r);

	*bytes = o.type->basicsize;
	if (!status && FACT(c->l, SIMPLE_QUEUE_SIZEOF) == YES)
		*bytes += 8 * r.room;
	return status;
}

static void queue_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct ring r;

	if (!ring_of(c, o, &r) && r.items)
		fn(arg, r.items, r.room * 8);
}

const struct decoder pycore_dec_struct = {
	.fields = struct_fields,
	.extent = struct_extent,
	.storage = struct_storage,
};
const struct decoder pycore_dec_element = {
	.edges = element_edges,
	.extent = element_extent,
	.storage = element_storage,
};
static const struct ref_field queue_fields[] = {
	{ F_simplequeueobject_lst, LABEL_FIELD, EDGE_OWNED, "items" },
	{ 0 },
};

const struct decoder pycore_dec_simple_queue = {
	.fields = queue_fields,
	.edges = queue_edges,
	.extent = queue_extent,
	.storage = queue_storage,
};
