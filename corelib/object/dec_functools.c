/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

static const struct ref_field lru_cache_fields[] = {
	{ F_lru_cache_object_func, LABEL_FIELD, EDGE_OWNED, "__wrapped__" },
	{ F_lru_cache_object_cache, LABEL_FIELD, EDGE_OWNED, "cache" },
	{ F_lru_cache_object_kwd_mark, LABEL_FIELD, EDGE_OWNED, "kwd_mark" },
	{ F_lru_cache_object_lru_list_elem_type, LABEL_FIELD, EDGE_OWNED, "lru_list_elem_type" },
	{ F_lru_cache_object_cache_info_type, LABEL_FIELD, EDGE_OWNED, "cache_info_type" },
	{ 0 },
};

/* Its links to its neighbours are not counted: the cache's dict holds every element. */
static const struct ref_field lru_elem_fields[] = {
	{ F_lru_list_elem_key, LABEL_FIELD, EDGE_OWNED, "key" },
	{ F_lru_list_elem_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ 0 },
};

const struct decoder pycore_dec_lru_cache = { .fields = lru_cache_fields };
const struct decoder pycore_dec_lru_elem = { .fields = lru_elem_fields };
