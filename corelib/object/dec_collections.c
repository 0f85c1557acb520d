/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/value.h"

#define BLOCK_MOST 64 /* items in a deque's block */

struct deque {
	uint64_t left, right;
	int64_t left_index, right_index;
	uint64_t n;
	uint32_t per_block;
};

static int deque_of(const struct ctx *c, struct object o, struct deque *out)
{
	const struct layout *l = c->l;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*out = (struct deque){ .left = 0 };
	if (status)
		return status;
	out->n = HAS(l, dequeobject, len) ? BODY(&b, l, dequeobject, len) :
					    BODY(&b, l, PyVarObject, ob_size);
	out->left = BODY(&b, l, dequeobject, leftblock);
	out->right = BODY(&b, l, dequeobject, rightblock);
	out->left_index = (int64_t)BODY(&b, l, dequeobject, leftindex);
	out->right_index = (int64_t)BODY(&b, l, dequeobject, rightindex);
	out->per_block = (L(l, block, rightlink) - L(l, block, data)) / 8;
	if (b.cut || !HAS(l, block, data) || !out->per_block || out->per_block > BLOCK_MOST ||
	    out->left_index < 0 || out->left_index > out->per_block ||
	    out->n > UINT64_C(1) << 44)
		return PYCORE_ERR_DAMAGED;
	return 0;
}

static int deque_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	struct label label = { .kind = LABEL_INDEX };
	uint64_t at, first, left;
	struct deque d;
	int status = deque_of(c, o, &d);

	first = (uint64_t)d.left_index;
	/* The items say how many blocks there are: a circle ends with them. */
	for (at = d.left, left = d.n; !status && left; first = 0) {
		uint64_t n = d.per_block - first < left ? d.per_block - first : left;

		/* Blocks in a circle have items without end. */
		if (!reader_spend(c->r, at, label.index * 8, d.per_block * 8))
			return PYCORE_ERR_FAULT;
		status = emit_items(c, at + L(c->l, block, data) + first * 8, n, EDGE_OWNED, label,
				    fn, arg);
		label.index += n;
		left -= n;
		if (!status && left && !LOAD(c->l, c->r, at, block, rightlink, &at))
			status = PYCORE_ERR_FAULT;
	}
	return status;
}

static uint64_t deque_blocks(const struct deque *d)
{
	uint64_t n = ((uint64_t)d->left_index + d->n + d->per_block - 1) / d->per_block;

	return n ? n : 1;
}

static int deque_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct deque d;
	int status = deque_of(c, o, &d);

	*bytes = o.type->basicsize;
	if (!status)
		*bytes += deque_blocks(&d) * L(c->l, block, sizeof);
	return status;
}

#define SPARE_MOST 64

/* Emptied blocks that wait inside the object for the next append (3.11). */
static void spare_blocks(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	const struct layout *l = c->l;
	uint64_t n, at = o.address + L(l, dequeobject, freeblocks), block;

	if (!HAS(l, dequeobject, freeblocks) ||
	    !LOAD(l, c->r, o.address, dequeobject, numfreeblocks, &n) || n > SPARE_MOST)
		return;
	for (uint64_t i = 0; i < n && reader_u64(c->r, at + 8 * i, &block); i++) {
		if (type_is_address(block))
			fn(arg, block, L(l, block, sizeof));
	}
}

static void deque_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	const struct layout *l = c->l;
	uint64_t at, n, done = 0;
	struct deque d;

	if (deque_of(c, o, &d))
		return;
	spare_blocks(c, o, fn, arg);
	n = deque_blocks(&d);
	for (at = d.left; n && type_is_address(at); n--, done += L(l, block, sizeof)) {
		if (!reader_spend(c->r, at, done, L(l, block, sizeof)))
			break;
		fn(arg, at, L(l, block, sizeof));
		if (at == d.right || !LOAD(l, c->r, at, block, rightlink, &at))
			break;
	}
}

static int deque_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		      size_t most)
{
	struct deque d;
	int status = deque_of(c, o, &d);

	if (!status)
		buf_printf(out, "<deque of %llu items at 0x%llx>", (unsigned long long)d.n,
			   (unsigned long long)o.address);
	return status;
}

static int array_of(const struct ctx *c, struct object o, uint64_t *items, uint64_t *bytes)
{
	const struct layout *l = c->l;
	uint64_t allocated, descr, size = 0;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*items = *bytes = 0;
	if (status)
		return status;
	allocated = BODY(&b, l, arrayobject, allocated);
	descr = BODY(&b, l, arrayobject, ob_descr);
	*items = BODY(&b, l, arrayobject, ob_item);
	if (!allocated)
		return body_status(&b);
	if (!type_is_address(descr) || !LOAD(l, c->r, descr, arraydescr, itemsize, &size))
		return PYCORE_ERR_FAULT;
	size = (uint32_t)size;
	if (size > 16 || allocated > UINT64_C(1) << 43)
		return PYCORE_ERR_DAMAGED;
	*bytes = allocated * size;
	return body_status(&b);
}

static int array_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	uint64_t items, more;
	int status = array_of(c, o, &items, &more);

	*bytes = o.type->basicsize + more;
	return status;
}

static void array_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t items, bytes;

	if (!array_of(c, o, &items, &bytes) && items && bytes)
		fn(arg, items, bytes);
}

const struct decoder pycore_dec_deque = {
	.edges = deque_edges,
	.extent = deque_extent,
	.storage = deque_storage,
	.repr = deque_repr,
};
const struct decoder pycore_dec_array = {
	.extent = array_extent,
	.storage = array_storage,
	.buffer = BUFFER_OWNED,
};
