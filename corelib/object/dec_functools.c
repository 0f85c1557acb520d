/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/dict.h"

#define ELEMENTS_MOST (UINT64_C(1) << 31)

static const struct ref_field lru_cache_fields[] = {
	{ F_lru_cache_object_func, LABEL_FIELD, EDGE_OWNED, "__wrapped__" },
	{ F_lru_cache_object_cache, LABEL_FIELD, EDGE_OWNED, "cache" },
	{ F_lru_cache_object_maxsize_O, LABEL_FIELD, EDGE_OWNED, "maxsize" },
	{ F_lru_cache_object_kwd_mark, LABEL_FIELD, EDGE_OWNED, "kwd_mark" },
	{ F_lru_cache_object_lru_list_elem_type, LABEL_FIELD, EDGE_OWNED, "lru_list_elem_type" },
	{ F_lru_cache_object_cache_info_type, LABEL_FIELD, EDGE_OWNED, "cache_info_type" },
	{ 0 },
};

/*
 * The elements form a ring through the wrapper, which looks like one of them from
 * lru_cache_object.root on. The cache's dict says how many there are.
 */
static int lru_cache_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	const struct layout *l = c->l;
	uint64_t root = o.address + L(l, lru_cache_object, root), at = root, dict;
	struct dict d;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	if (status)
		return status;
	dict = BODY(&b, l, lru_cache_object, cache);
	if (!HAS(l, lru_cache_object, root) || dict_at(l, c->r, dict, &d))
		return 0;
	for (uint64_t n = d.used < ELEMENTS_MOST ? d.used : ELEMENTS_MOST; n && !status; n--) {
		if (!LOAD(l, c->r, at, lru_list_elem, next, &at))
			return PYCORE_ERR_FAULT;
		if (at == root)
			return 0;
		if (!type_is_address(at))
			return PYCORE_ERR_DAMAGED;
		status = emit_field(fn, arg, at, "cached result");
	}
	return status;
}

/* Its links to its neighbours are not counted: the cache's dict holds every element. */
static const struct ref_field lru_elem_fields[] = {
	{ F_lru_list_elem_key, LABEL_FIELD, EDGE_OWNED, "key" },
	{ F_lru_list_elem_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ 0 },
};

const struct decoder pycore_dec_lru_cache = {
	.fields = lru_cache_fields,
	.edges = lru_cache_edges,
};
const struct decoder pycore_dec_lru_elem = { .fields = lru_elem_fields };
