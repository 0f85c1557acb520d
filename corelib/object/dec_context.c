/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* contextvars: contexts are immutable maps, trees of three kinds of nodes. */

static const struct ref_field py_context_fields[] = {
	{ F_PyContext_ctx_prev, LABEL_FIELD, EDGE_OWNED, "previous" },
	{ F_PyContext_ctx_vars, LABEL_FIELD, EDGE_OWNED, "vars" },
	{ 0 },
};

static const struct ref_field py_context_var_fields[] = {
	{ F_PyContextVar_var_name, LABEL_ATTR, EDGE_OWNED, "name" },
	{ F_PyContextVar_var_default, LABEL_FIELD, EDGE_OWNED, "default" },
	{ F_PyContextVar_var_cached, LABEL_FIELD, EDGE_BORROWED, "cached" },
	{ 0 },
};

static const struct ref_field py_context_token_fields[] = {
	{ F_PyContextToken_tok_ctx, LABEL_FIELD, EDGE_OWNED, "context" },
	{ F_PyContextToken_tok_var, LABEL_ATTR, EDGE_OWNED, "var" },
	{ F_PyContextToken_tok_oldval, LABEL_ATTR, EDGE_OWNED, "old_value" },
	{ 0 },
};

static const struct ref_field py_hamt_fields[] = {
	{ F_PyHamtObject_h_root, LABEL_FIELD, EDGE_OWNED, "root" },
	{ 0 },
};

static const struct ref_field py_hamt_iterator_fields[] = {
	{ F_PyHamtIterator_hi_obj, LABEL_FIELD, EDGE_OWNED, "map" },
	{ 0 },
};

/* Key and value by turns; where there is no key, the value is a node below. */
static int pairs(const struct ctx *c, struct object o, uint32_t at, edge_fn *fn, void *arg)
{
	static const struct label item = { LABEL_FIELD, "item", 0, 0 };
	uint64_t n;
	int status = object_ob_size(c, o, &n);

	return status ? status : emit_items(c, o.address + at, n, EDGE_OWNED, item, fn, arg);
}

static int bitmap_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	if (!HAS(c->l, PyHamtNode_Bitmap, b_array))
		return 0;
	return pairs(c, o, L(c->l, PyHamtNode_Bitmap, b_array), fn, arg);
}

static int collision_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	if (!HAS(c->l, PyHamtNode_Collision, c_array))
		return 0;
	return pairs(c, o, L(c->l, PyHamtNode_Collision, c_array), fn, arg);
}

static int array_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label node = { LABEL_FIELD, "node", 0, 0 };
	uint32_t from = L(c->l, PyHamtNode_Array, a_array), to = L(c->l, PyHamtNode_Array, a_count);

	if (!HAS(c->l, PyHamtNode_Array, a_count))
		return 0;
	return emit_items(c, o.address + from, (to - from) / 8, EDGE_OWNED, node, fn, arg);
}

const struct named_decoder pycore_context_types[] = {
	{ "Context", { .fields = py_context_fields } },
	{ "_contextvars.Context", { .fields = py_context_fields } },
	{ "ContextVar", { .fields = py_context_var_fields } },
	{ "_contextvars.ContextVar", { .fields = py_context_var_fields } },
	{ "Token", { .fields = py_context_token_fields } },
	{ "_contextvars.Token", { .fields = py_context_token_fields } },
	{ "hamt", { .fields = py_hamt_fields } },
	{ "keys", { .fields = py_hamt_iterator_fields } },
	{ "values", { .fields = py_hamt_iterator_fields } },
	{ "items", { .fields = py_hamt_iterator_fields } },
	{ "hamt_bitmap_node", { .edges = bitmap_edges } },
	{ "hamt_collision_node", { .edges = collision_edges } },
	{ "hamt_array_node", { .edges = array_edges } },
	{ NULL, { .fields = NULL } },
};
