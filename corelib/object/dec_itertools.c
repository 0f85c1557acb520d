/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* The iterators of itertools. */

static const struct ref_field accumulate_fields[] = {
	{ F_accumulateobject_total, LABEL_FIELD, EDGE_OWNED, "total" },
	{ F_accumulateobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ F_accumulateobject_binop, LABEL_FIELD, EDGE_OWNED, "function" },
	{ F_accumulateobject_initial, LABEL_FIELD, EDGE_OWNED, "initial" },
	{ 0 },
};

static const struct ref_field batched_fields[] = {
	{ F_batchedobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ 0 },
};

static const struct ref_field chain_fields[] = {
	{ F_chainobject_source, LABEL_FIELD, EDGE_OWNED, "source" },
	{ F_chainobject_active, LABEL_FIELD, EDGE_OWNED, "active" },
	{ 0 },
};

static const struct ref_field compress_fields[] = {
	{ F_compressobject_data, LABEL_FIELD, EDGE_OWNED, "data" },
	{ F_compressobject_selectors, LABEL_FIELD, EDGE_OWNED, "selectors" },
	{ 0 },
};

static const struct ref_field count_fields[] = {
	{ F_countobject_long_cnt, LABEL_FIELD, EDGE_OWNED, "count" },
	{ F_countobject_long_step, LABEL_FIELD, EDGE_OWNED, "step" },
	{ 0 },
};

static const struct ref_field cycle_fields[] = {
	{ F_cycleobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ F_cycleobject_saved, LABEL_FIELD, EDGE_OWNED, "saved" },
	{ 0 },
};

static const struct ref_field dropwhile_fields[] = {
	{ F_dropwhileobject_func, LABEL_FIELD, EDGE_OWNED, "function" },
	{ F_dropwhileobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ 0 },
};

static const struct ref_field filterfalse_fields[] = {
	{ F_filterfalseobject_func, LABEL_FIELD, EDGE_OWNED, "function" },
	{ F_filterfalseobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ 0 },
};

static const struct ref_field groupby_fields[] = {
	{ F_groupbyobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ F_groupbyobject_keyfunc, LABEL_FIELD, EDGE_OWNED, "key function" },
	{ F_groupbyobject_tgtkey, LABEL_FIELD, EDGE_OWNED, "target key" },
	{ F_groupbyobject_currkey, LABEL_FIELD, EDGE_OWNED, "current key" },
	{ F_groupbyobject_currvalue, LABEL_FIELD, EDGE_OWNED, "current value" },
	{ 0 },
};

static const struct ref_field grouper_fields[] = {
	{ F__grouperobject_parent, LABEL_FIELD, EDGE_OWNED, "parent" },
	{ F__grouperobject_tgtkey, LABEL_FIELD, EDGE_OWNED, "target key" },
	{ 0 },
};

static const struct ref_field islice_fields[] = {
	{ F_isliceobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ 0 },
};

static const struct ref_field pairwise_fields[] = {
	{ F_pairwiseobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ F_pairwiseobject_old, LABEL_FIELD, EDGE_OWNED, "old" },
	{ F_pairwiseobject_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ 0 },
};

static const struct ref_field repeat_fields[] = {
	{ F_repeatobject_element, LABEL_FIELD, EDGE_OWNED, "element" },
	{ 0 },
};

static const struct ref_field starmap_fields[] = {
	{ F_starmapobject_func, LABEL_FIELD, EDGE_OWNED, "function" },
	{ F_starmapobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ 0 },
};

static const struct ref_field takewhile_fields[] = {
	{ F_takewhileobject_func, LABEL_FIELD, EDGE_OWNED, "function" },
	{ F_takewhileobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ 0 },
};

static const struct ref_field tee_fields[] = {
	{ F_teeobject_dataobj, LABEL_FIELD, EDGE_OWNED, "data" },
	{ 0 },
};

static const struct ref_field ziplongest_fields[] = {
	{ F_ziplongestobject_ittuple, LABEL_FIELD, EDGE_OWNED, "iterators" },
	{ F_ziplongestobject_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ F_ziplongestobject_fillvalue, LABEL_FIELD, EDGE_OWNED, "fill value" },
	{ 0 },
};

static const struct ref_field combinations_fields[] = {
	{ F_combinationsobject_pool, LABEL_FIELD, EDGE_OWNED, "pool" },
	{ F_combinationsobject_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ 0 },
};

static const struct ref_field cwr_fields[] = {
	{ F_cwrobject_pool, LABEL_FIELD, EDGE_OWNED, "pool" },
	{ F_cwrobject_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ 0 },
};

static const struct ref_field permutations_fields[] = {
	{ F_permutationsobject_pool, LABEL_FIELD, EDGE_OWNED, "pool" },
	{ F_permutationsobject_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ 0 },
};

static const struct ref_field product_fields[] = {
	{ F_productobject_pools, LABEL_FIELD, EDGE_OWNED, "pools" },
	{ F_productobject_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ 0 },
};

static const struct ref_field teedata_fields[] = {
	{ F_teedataobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ F_teedataobject_nextlink, LABEL_FIELD, EDGE_OWNED, "next" },
	{ 0 },
};

static int teedata_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label index = { .kind = LABEL_INDEX };
	uint64_t n, values = L(c->l, teedataobject, values);

	if (!HAS(c->l, teedataobject, values))
		return 0;
	if (!LOAD(c->l, c->r, o.address, teedataobject, numread, &n))
		return PYCORE_ERR_FAULT;
	if (n > (o.type->basicsize - values) / 8)
		return PYCORE_ERR_DAMAGED;
	return emit_items(c, o.address + values, n, EDGE_OWNED, index, fn, arg);
}

/* Where they stand in their pools: arrays of numbers, each in a block of its own. */
struct indices {
	uint64_t at[2], n[2];
};

static int tuple_size(const struct ctx *c, uint64_t tuple, uint64_t *n)
{
	struct object o;
	int status = object_at(c, tuple, &o);

	if (!status && !(o.type->flags & TPFLAGS_TUPLE))
		status = PYCORE_ERR_DAMAGED;
	return status ? status : object_ob_size(c, o, n);
}

static int indices_check(struct indices *x, const struct body *b)
{
	if (x->n[0] >> 40 || x->n[1] >> 40)
		return PYCORE_ERR_DAMAGED;
	return body_status(b);
}

static int combinations_indices(const struct ctx *c, struct object o, struct indices *x)
{
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*x = (struct indices){ .n = { 0 } };
	if (status)
		return status;
	/* Those with replacement have the same fields. */
	x->at[0] = BODY(&b, c->l, combinationsobject, indices);
	x->n[0] = BODY(&b, c->l, combinationsobject, r);
	return indices_check(x, &b);
}

static int permutations_indices(const struct ctx *c, struct object o, struct indices *x)
{
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*x = (struct indices){ .n = { 0 } };
	if (!status)
		status = tuple_size(c, BODY(&b, c->l, permutationsobject, pool), &x->n[0]);
	if (status)
		return status;
	x->at[0] = BODY(&b, c->l, permutationsobject, indices);
	x->at[1] = BODY(&b, c->l, permutationsobject, cycles);
	x->n[1] = BODY(&b, c->l, permutationsobject, r);
	return indices_check(x, &b);
}

static int product_indices(const struct ctx *c, struct object o, struct indices *x)
{
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*x = (struct indices){ .n = { 0 } };
	if (!status)
		status = tuple_size(c, BODY(&b, c->l, productobject, pools), &x->n[0]);
	if (status)
		return status;
	x->at[0] = BODY(&b, c->l, productobject, indices);
	return indices_check(x, &b);
}

static int indices_extent(const struct object *o, const struct indices *x, int status,
			  uint64_t *bytes)
{
	*bytes = o->type->basicsize;
	if (!status)
		*bytes += 8 * (x->n[0] + x->n[1]);
	return status;
}

static void indices_storage(const struct indices *x, storage_fn *fn, void *arg)
{
	for (int i = 0; i < 2; i++) {
		if (x->at[i])
			fn(arg, x->at[i], 8 * x->n[i]);
	}
}

#define INDICES(kind)                                                                          \
	static int kind##_extent(const struct ctx *c, struct object o, uint64_t *bytes)        \
	{                                                                                      \
		struct indices x;                                                              \
		int status = kind##_indices(c, o, &x);                                         \
                                                                                               \
		return indices_extent(&o, &x, status, bytes);                                  \
	}                                                                                      \
                                                                                               \
	static void kind##_storage(const struct ctx *c, struct object o, storage_fn *fn,       \
				   void *arg)                                                  \
	{                                                                                      \
		struct indices x;                                                              \
                                                                                               \
		if (!kind##_indices(c, o, &x))                                                 \
			indices_storage(&x, fn, arg);                                          \
	}

INDICES(combinations)
INDICES(permutations)
INDICES(product)

const struct named_decoder pycore_itertools_types[] = {
	{ "itertools.accumulate", { .fields = accumulate_fields } },
	{ "itertools.batched", { .fields = batched_fields } },
	{ "itertools.chain", { .fields = chain_fields } },
	{ "itertools.compress", { .fields = compress_fields } },
	{ "itertools.count", { .fields = count_fields } },
	{ "itertools.cycle", { .fields = cycle_fields } },
	{ "itertools.dropwhile", { .fields = dropwhile_fields } },
	{ "itertools.filterfalse", { .fields = filterfalse_fields } },
	{ "itertools.groupby", { .fields = groupby_fields } },
	{ "itertools._grouper", { .fields = grouper_fields } },
	{ "itertools.islice", { .fields = islice_fields } },
	{ "itertools.pairwise", { .fields = pairwise_fields } },
	{ "itertools.repeat", { .fields = repeat_fields } },
	{ "itertools.starmap", { .fields = starmap_fields } },
	{ "itertools.takewhile", { .fields = takewhile_fields } },
	{ "itertools._tee", { .fields = tee_fields } },
	{ "itertools.zip_longest", { .fields = ziplongest_fields } },
	{ "itertools._tee_dataobject", { .fields = teedata_fields, .edges = teedata_edges } },
	{ "itertools.combinations",
	  { .fields = combinations_fields,
	    .extent = combinations_extent,
	    .storage = combinations_storage } },
	{ "itertools.combinations_with_replacement",
	  { .fields = cwr_fields,
	    .extent = combinations_extent,
	    .storage = combinations_storage } },
	{ "itertools.permutations",
	  { .fields = permutations_fields,
	    .extent = permutations_extent,
	    .storage = permutations_storage } },
	{ "itertools.product",
	  { .fields = product_fields, .extent = product_extent, .storage = product_storage } },
	{ NULL, { .fields = NULL } },
};
