/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/value.h"

/* Where a tuple's or list's items are, and how many. */
struct items {
	uint64_t address, n, allocated;
};

static int tuple_items(const struct ctx *c, struct object o, struct items *out)
{
	int status = object_ob_size(c, o, &out->n);

	out->address = o.address + L(c->l, PyTupleObject, ob_item);
	out->n += o.type->hidden_items;
	return status;
}

static int list_items(const struct ctx *c, struct object o, struct items *out)
{
	struct body b;
	int status = body_view(&b, c->r, o.address, L(c->l, PyListObject, sizeof));

	*out = (struct items){ .address = 0 };
	if (status)
		return status;
	out->n = BODY(&b, c->l, PyVarObject, ob_size);
	out->address = BODY(&b, c->l, PyListObject, ob_item);
	out->allocated = BODY(&b, c->l, PyListObject, allocated);
	if (out->n > out->allocated) {
		/* list.sort() empties the list that it sorts: allocated is -1 meanwhile. */
		if (out->allocated != UINT64_MAX || out->n)
			return PYCORE_ERR_DAMAGED;
	}
	if (out->allocated == UINT64_MAX)
		out->allocated = 0;
	if (out->allocated > UINT64_C(1) << 44)
		return PYCORE_ERR_DAMAGED;
	return body_status(&b);
}

static int tuple_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label index = { .kind = LABEL_INDEX };
	struct items items;
	int status = tuple_items(c, o, &items);

	return status ? status : emit_items(c, items.address, items.n, EDGE_OWNED, index, fn, arg);
}

static int list_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label index = { .kind = LABEL_INDEX };
	struct items items;
	int status = list_items(c, o, &items);

	return status ? status : emit_items(c, items.address, items.n, EDGE_OWNED, index, fn, arg);
}

static int list_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct items items;
	int status = list_items(c, o, &items);

	*bytes = o.type->basicsize + (status ? 0 : items.allocated * 8);
	return status;
}

static void list_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	/* Free-threaded builds have the room's size before the items, once more. */
	uint64_t head = L(c->l, _PyListArray, ob_item);
	struct items items;

	if (!list_items(c, o, &items) && items.allocated && items.address)
		fn(arg, items.address - head, items.allocated * 8 + head);
}

/* x[:] has room for as many as there are. */
static int list_slack(const struct ctx *c, struct object o, struct slack *out)
{
	struct items items;
	int status = list_items(c, o, &items);

	if (!status)
		*out = (struct slack){ items.n, items.allocated, (items.allocated - items.n) * 8 };
	return status;
}

static int items_repr(const struct ctx *c, const struct items *items, const char *close,
		      struct buf *out, unsigned depth, size_t most)
{
	uint64_t item;

	for (uint64_t i = 0; i < items->n; i++) {
		if (i)
			buf_puts(out, ", ");
		if (out->len >= most || out->failed || !depth ||
		    !reader_u64(c->r, items->address + i * 8, &item)) {
			buf_puts(out, "...");
			break;
		}
		value_repr_within(c, item, out, depth - 1, most);
	}
	buf_puts(out, close);
	return 0;
}

static int tuple_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		      size_t most)
{
	struct items items;
	int status = tuple_items(c, o, &items);

	if (status)
		return status;
	if (items.n >= o.type->hidden_items)
		items.n -= o.type->hidden_items;
	buf_puts(out, "(");
	return items_repr(c, &items, items.n == 1 ? ",)" : ")", out, depth, most);
}

static int list_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		     size_t most)
{
	struct items items;
	int status = list_items(c, o, &items);

	if (status)
		return status;
	buf_puts(out, "[");
	return items_repr(c, &items, "]", out, depth, most);
}

static const struct ref_field slice_fields[] = {
	{ F_PySliceObject_start, LABEL_ATTR, EDGE_OWNED, "start" },
	{ F_PySliceObject_stop, LABEL_ATTR, EDGE_OWNED, "stop" },
	{ F_PySliceObject_step, LABEL_ATTR, EDGE_OWNED, "step" },
	{ 0 },
};

const struct decoder pycore_dec_tuple = { .edges = tuple_edges, .repr = tuple_repr };
const struct decoder pycore_dec_list = {
	.edges = list_edges,
	.extent = list_extent,
	.storage = list_storage,
	.repr = list_repr,
	.slack = list_slack,
};
const struct decoder pycore_dec_slice = { .fields = slice_fields };
