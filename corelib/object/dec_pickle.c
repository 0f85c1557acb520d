/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* pickle's C classes: their memos are tables of their own. */

#define MEMO_MOST (UINT64_C(1) << 32)

static const struct ref_field pickler_fields[] = {
	{ F_PicklerObject_pers_func, LABEL_FIELD, EDGE_OWNED, "persistent_id" },
	{ F_PicklerObject_pers_func_self, LABEL_FIELD, EDGE_BORROWED, "persistent_id of" },
	{ F_PicklerObject_persistent_id, LABEL_FIELD, EDGE_OWNED, "persistent_id" },
	{ F_PicklerObject_persistent_id_attr, LABEL_ATTR, EDGE_OWNED, "persistent_id" },
	{ F_PicklerObject_dispatch_table, LABEL_ATTR, EDGE_OWNED, "dispatch_table" },
	{ F_PicklerObject_reducer_override, LABEL_FIELD, EDGE_OWNED, "reducer_override" },
	{ F_PicklerObject_write, LABEL_FIELD, EDGE_OWNED, "write" },
	{ F_PicklerObject_output_buffer, LABEL_FIELD, EDGE_OWNED, "output buffer" },
	{ F_PicklerObject_fast_memo, LABEL_FIELD, EDGE_OWNED, "fast memo" },
	{ F_PicklerObject_buffer_callback, LABEL_FIELD, EDGE_OWNED, "buffer_callback" },
	{ 0 },
};

static const struct ref_field unpickler_fields[] = {
	{ F_UnpicklerObject_stack, LABEL_FIELD, EDGE_OWNED, "stack" },
	{ F_UnpicklerObject_memo_dict, LABEL_FIELD, EDGE_OWNED, "memo" },
	{ F_UnpicklerObject_pers_func, LABEL_FIELD, EDGE_OWNED, "persistent_load" },
	{ F_UnpicklerObject_pers_func_self, LABEL_FIELD, EDGE_BORROWED, "persistent_load of" },
	{ F_UnpicklerObject_persistent_load, LABEL_FIELD, EDGE_OWNED, "persistent_load" },
	{ F_UnpicklerObject_persistent_load_attr, LABEL_ATTR, EDGE_OWNED, "persistent_load" },
	{ F_UnpicklerObject_buffer_obj, LABEL_FIELD, EDGE_OWNED, "buffer" },
	{ F_UnpicklerObject_read, LABEL_FIELD, EDGE_OWNED, "read" },
	{ F_UnpicklerObject_readinto, LABEL_FIELD, EDGE_OWNED, "readinto" },
	{ F_UnpicklerObject_readline, LABEL_FIELD, EDGE_OWNED, "readline" },
	{ F_UnpicklerObject_peek, LABEL_FIELD, EDGE_OWNED, "peek" },
	{ F_UnpicklerObject_buffers, LABEL_FIELD, EDGE_OWNED, "buffers" },
	{ 0 },
};

static const struct ref_field pickler_proxy_fields[] = {
	{ F_PicklerMemoProxyObject_pickler, LABEL_FIELD, EDGE_OWNED, "pickler" },
	{ 0 },
};

static const struct ref_field unpickler_proxy_fields[] = {
	{ F_UnpicklerMemoProxyObject_unpickler, LABEL_FIELD, EDGE_OWNED, "unpickler" },
	{ 0 },
};

struct memo {
	uint64_t at, table, n; /* of entries there is room for */
};

static int pickler_memo(const struct ctx *c, struct object o, struct memo *out)
{
	const struct layout *l = c->l;

	*out = (struct memo){ .at = 0 };
	if (!HAS(l, PyMemoTable, sizeof) || !L(l, PyMemoEntry, sizeof))
		return 0;
	if (!LOAD(l, c->r, o.address, PicklerObject, memo, &out->at))
		return PYCORE_ERR_FAULT;
	if (!out->at)
		return 0;
	if (!type_is_address(out->at))
		return PYCORE_ERR_DAMAGED;
	if (!LOAD(l, c->r, out->at, PyMemoTable, mt_table, &out->table) ||
	    !LOAD(l, c->r, out->at, PyMemoTable, mt_allocated, &out->n))
		return PYCORE_ERR_FAULT;
	return out->n < MEMO_MOST && type_is_address(out->table) ? 0 : PYCORE_ERR_DAMAGED;
}

static int pickler_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label label = { LABEL_FIELD, "memo", 0, 0 };
	uint32_t size = L(c->l, PyMemoEntry, sizeof), key_at = L(c->l, PyMemoEntry, me_key);
	struct memo m;
	int status = pickler_memo(c, o, &m);

	for (uint64_t i = 0; i < m.n && !status; i++) {
		uint64_t key;

		if (!reader_spend(c->r, m.table + i * size, i * size, size) ||
		    !reader_u64(c->r, m.table + i * size + key_at, &key))
			return PYCORE_ERR_FAULT;
		status = emit(fn, arg, key, EDGE_OWNED, &label);
	}
	return status;
}

/* What it has written so far counts as its own: with the GC head, had it one. */
static int pickler_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct object buffer;
	uint64_t at, more;
	struct memo m;
	int status = pickler_memo(c, o, &m);

	*bytes = o.type->basicsize;
	if (!status && m.at)
		*bytes += L(c->l, PyMemoTable, sizeof) + m.n * L(c->l, PyMemoEntry, sizeof);
	if (!LOAD(c->l, c->r, o.address, PicklerObject, output_buffer, &at))
		return status ? status : PYCORE_ERR_FAULT;
	if (!at)
		return status;
	if (object_at(c, at, &buffer) || !(buffer.type->flags & TPFLAGS_BYTES) ||
	    generic_extent(c, buffer, &more))
		return PYCORE_ERR_DAMAGED;
	*bytes += more;
	return status;
}

static void pickler_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct memo m;

	if (pickler_memo(c, o, &m) || !m.at)
		return;
	fn(arg, m.at, L(c->l, PyMemoTable, sizeof));
	fn(arg, m.table, m.n * L(c->l, PyMemoEntry, sizeof));
}

static int unpickler_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label label = { LABEL_FIELD, "memo", 0, 0 };
	uint64_t memo, n;

	if (!HAS(c->l, UnpicklerObject, memo))
		return 0;
	if (!LOAD(c->l, c->r, o.address, UnpicklerObject, memo, &memo) ||
	    !LOAD(c->l, c->r, o.address, UnpicklerObject, memo_size, &n))
		return PYCORE_ERR_FAULT;
	return memo ? emit_items(c, memo, n, EDGE_OWNED, label, fn, arg) : 0;
}

/* The blocks that an Unpickler owns. */
static int unpickler_blocks(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	static const unsigned texts[] = { F_UnpicklerObject_input_line, F_UnpicklerObject_encoding,
					  F_UnpicklerObject_errors };
	const struct layout *l = c->l;
	uint64_t at, n;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	if (status)
		return status;
	at = BODY(&b, l, UnpicklerObject, memo);
	n = BODY(&b, l, UnpicklerObject, memo_size);
	if (at && n < MEMO_MOST)
		fn(arg, at, 8 * n);
	at = BODY(&b, l, UnpicklerObject, marks);
	n = BODY(&b, l, UnpicklerObject, marks_size);
	if (at && n < MEMO_MOST)
		fn(arg, at, 8 * n);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		at = body_field(&b, l, texts[i]);
		if (at)
			fn(arg, at, text_bytes(c, at));
	}
	return body_status(&b);
}

static void add_bytes(void *arg, uint64_t address, uint64_t bytes)
{
	*(uint64_t *)arg += bytes;
}

static int unpickler_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	*bytes = o.type->basicsize;
	return unpickler_blocks(c, o, add_bytes, bytes);
}

static void unpickler_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	unpickler_blocks(c, o, fn, arg);
}

/* An Unpickler's stack. */
static int pdata_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label index = { .kind = LABEL_INDEX };
	uint64_t data, n;
	int status = object_ob_size(c, o, &n);

	if (status || !HAS(c->l, Pdata, data))
		return status;
	if (!LOAD(c->l, c->r, o.address, Pdata, data, &data))
		return PYCORE_ERR_FAULT;
	return n ? emit_items(c, data, n, EDGE_OWNED, index, fn, arg) : 0;
}

static void pdata_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t data, n;

	if (LOAD(c->l, c->r, o.address, Pdata, data, &data) &&
	    LOAD(c->l, c->r, o.address, Pdata, allocated, &n) && data && n < MEMO_MOST)
		fn(arg, data, 8 * n);
}

const struct named_decoder pycore_pickle_types[] = {
	{ "_pickle.Pickler",
	  { .fields = pickler_fields,
	    .edges = pickler_edges,
	    .extent = pickler_extent,
	    .storage = pickler_storage } },
	{ "_pickle.Unpickler",
	  { .fields = unpickler_fields,
	    .edges = unpickler_edges,
	    .extent = unpickler_extent,
	    .storage = unpickler_storage } },
	{ "_pickle.Pdata",
	  { .edges = pdata_edges, .storage = pdata_storage } },
	{ "_pickle.PicklerMemoProxy", { .fields = pickler_proxy_fields } },
	{ "_pickle.UnpicklerMemoProxy", { .fields = unpickler_proxy_fields } },
	{ NULL, { .fields = NULL } },
};
