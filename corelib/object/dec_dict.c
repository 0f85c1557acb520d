/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/dict.h"
#include "object/value.h"

static int dict_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	uint64_t key, value;
	struct dict_iter it;
	struct dict d;
	int status = dict_at(c->l, c->r, o.address, &d);

	if (status)
		return status;
	dict_iter_init(&it, c->r, &d);
	while (dict_next(&it, &key, &value)) {
		struct label by_key = { LABEL_KEY, NULL, it.next - 1, key };
		struct label is_key = { LABEL_IS_KEY, NULL, it.next - 1, 0 };

		/* The keys of a split table are its type's. */
		status = d.values ? 0 : emit(fn, arg, key, EDGE_OWNED, &is_key);
		if (!status)
			status = emit(fn, arg, value, EDGE_OWNED, &by_key);
		if (status)
			return status;
	}
	return it.status;
}

static int dict_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct dict d;
	int status = dict_at(c->l, c->r, o.address, &d);

	*bytes = o.type->basicsize;
	if (status)
		return status;
	if (d.values)
		*bytes += d.keys.capacity * 8;
	if (d.keys.refcnt == 1)
		*bytes += d.keys.bytes;
	return 0;
}

static void dict_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct dict d;

	if (dict_at(c->l, c->r, o.address, &d))
		return;
	/* Shared keys may have outlived the type that they were made for: every holder tells. */
	if (!d.keys.empty)
		fn(arg, d.keys.address, d.keys.bytes);
	if (d.block)
		fn(arg, d.block, d.block_bytes);
}

/* A copy made item by item has the smallest table that they fit in. */
static int dict_slack(const struct ctx *c, struct object o, struct slack *out)
{
	struct dict d;
	uint64_t least, bytes;
	int status = dict_at(c->l, c->r, o.address, &d);

	if (status)
		return status;
	if (d.used > d.keys.usable)
		return PYCORE_ERR_DAMAGED;
	*out = (struct slack){ .used = d.used, .room = d.keys.usable };
	/* Keys that are shared are no dict's own. */
	if (d.values || d.keys.empty || d.keys.refcnt != 1)
		return 0;
	least = dict_slots_least(d.used);
	bytes = dict_keys_bytes(c->l, &d.keys, least);
	if (least < d.keys.slots && bytes < d.keys.bytes)
		out->bytes = d.keys.bytes - bytes;
	return 0;
}

/* It has a word more for each slot. */
static int ordereddict_slack(const struct ctx *c, struct object o, struct slack *out)
{
	struct dict d;
	uint64_t fast, least;
	int status = dict_slack(c, o, out);

	if (status || !out->bytes)
		return status;
	if (dict_at(c->l, c->r, o.address, &d) ||
	    !LOAD(c->l, c->r, o.address, PyODictObject, od_fast_nodes_size, &fast))
		return PYCORE_ERR_FAULT;
	least = dict_slots_least(d.used);
	if (fast == d.keys.slots)
		out->bytes += (fast - least) * 8;
	return 0;
}

static int dict_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		     size_t most)
{
	uint64_t key, value;
	struct dict_iter it;
	struct dict d;
	const char *comma = "";
	int status = dict_at(c->l, c->r, o.address, &d);

	if (status)
		return status;
	buf_putc(out, '{');
	dict_iter_init(&it, c->r, &d);
	while (dict_next(&it, &key, &value)) {
		buf_puts(out, comma);
		comma = ", ";
		if (out->len >= most || out->failed || !depth) {
			buf_puts(out, "...");
			break;
		}
		value_repr_within(c, key, out, depth - 1, most);
		buf_puts(out, ": ");
		value_repr_within(c, value, out, depth - 1, most);
	}
	buf_putc(out, '}');
	return it.status;
}

static int defaultdict_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct ref_field fields[] = {
		{ F_defdictobject_default_factory, LABEL_ATTR, EDGE_OWNED, "default_factory" },
		{ 0 },
	};
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	if (!status)
		status = emit_fields(&b, c->l, fields, fn, arg);
	return stopped(status) ? status : dict_edges(c, o, fn, arg);
}

static int ordereddict_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct dict d;
	struct body b;
	int status = dict_extent(c, o, bytes);

	if (status)
		return status;
	status = body_view(&b, c->r, o.address, o.type->basicsize);
	if (status)
		return status;
	*bytes += BODY(&b, c->l, PyODictObject, od_fast_nodes_size) * 8;
	if (BODY(&b, c->l, PyODictObject, od_first) && !dict_at(c->l, c->r, o.address, &d))
		*bytes += d.used * L(c->l, _ODictNode, sizeof);
	return *bytes < UINT64_C(1) << 47 ? body_status(&b) : PYCORE_ERR_DAMAGED;
}

#define NODES_MOST (UINT64_C(1) << 31)

static void ordereddict_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	const struct layout *l = c->l;
	uint64_t node, fast, limit;
	struct dict d;
	struct body b;

	dict_storage(c, o, fn, arg);
	if (dict_at(l, c->r, o.address, &d) || body_view(&b, c->r, o.address, o.type->basicsize))
		return;
	fast = BODY(&b, l, PyODictObject, od_fast_nodes);
	if (fast)
		fn(arg, fast, BODY(&b, l, PyODictObject, od_fast_nodes_size) * 8);
	node = BODY(&b, l, PyODictObject, od_first);
	limit = d.used < NODES_MOST ? d.used : NODES_MOST;
	for (uint64_t i = 0; i < limit && type_is_address(node); i++) {
		if (!reader_spend(c->r, node, i * 64, 64))
			return;
		fn(arg, node, L(l, _ODictNode, sizeof));
		if (!LOAD(l, c->r, node, _ODictNode, next, &node))
			return;
	}
}

const struct decoder pycore_dec_dict = {
	.edges = dict_edges,
	.extent = dict_extent,
	.storage = dict_storage,
	.repr = dict_repr,
	.slack = dict_slack,
};
const struct decoder pycore_dec_defaultdict = {
	.edges = defaultdict_edges,
	.extent = dict_extent,
	.storage = dict_storage,
	.repr = dict_repr,
	.slack = dict_slack,
};
const struct decoder pycore_dec_ordereddict = {
	.edges = dict_edges,
	.extent = ordereddict_extent,
	.storage = ordereddict_storage,
	.repr = dict_repr,
	.slack = ordereddict_slack,
};
