/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* Iterators and views of the builtin types. */

static const struct ref_field listiter_fields[] = {
	{ F_listiterobject_it_seq, LABEL_FIELD, EDGE_OWNED, "sequence" },
	{ 0 },
};

static const struct ref_field listreviter_fields[] = {
	{ F_listreviterobject_it_seq, LABEL_FIELD, EDGE_OWNED, "sequence" },
	{ 0 },
};

static const struct ref_field tupleiter_fields[] = {
	{ F_tupleiterobject_it_seq, LABEL_FIELD, EDGE_OWNED, "sequence" },
	{ 0 },
};

static const struct ref_field striter_fields[] = {
	{ F_striterobject_it_seq, LABEL_FIELD, EDGE_OWNED, "sequence" },
	{ 0 },
};

static const struct ref_field unicodeiter_fields[] = {
	{ F_unicodeiterobject_it_seq, LABEL_FIELD, EDGE_OWNED, "sequence" },
	{ 0 },
};

static const struct ref_field bytesiter_fields[] = {
	{ F_bytesiterobject_it_seq, LABEL_FIELD, EDGE_OWNED, "sequence" },
	{ 0 },
};

static const struct ref_field memoryiter_fields[] = {
	{ F_memoryiterobject_it_seq, LABEL_FIELD, EDGE_OWNED, "sequence" },
	{ 0 },
};

static const struct ref_field seqiter_fields[] = {
	{ F_seqiterobject_it_seq, LABEL_FIELD, EDGE_OWNED, "sequence" },
	{ 0 },
};

static const struct ref_field calliter_fields[] = {
	{ F_calliterobject_it_callable, LABEL_FIELD, EDGE_OWNED, "callable" },
	{ F_calliterobject_it_sentinel, LABEL_FIELD, EDGE_OWNED, "sentinel" },
	{ 0 },
};

static const struct ref_field dictiter_fields[] = {
	{ F_dictiterobject_di_dict, LABEL_FIELD, EDGE_OWNED, "dict" },
	{ F_dictiterobject_di_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ 0 },
};

static const struct ref_field py_dict_view_fields[] = {
	{ F__PyDictViewObject_dv_dict, LABEL_ATTR, EDGE_OWNED, "mapping" },
	{ 0 },
};

static const struct ref_field odictiter_fields[] = {
	{ F_odictiterobject_di_odict, LABEL_FIELD, EDGE_OWNED, "dict" },
	{ F_odictiterobject_di_current, LABEL_FIELD, EDGE_OWNED, "current key" },
	{ F_odictiterobject_di_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ 0 },
};

static const struct ref_field setiter_fields[] = {
	{ F_setiterobject_si_set, LABEL_FIELD, EDGE_OWNED, "set" },
	{ 0 },
};

static const struct ref_field enum_fields[] = {
	{ F_enumobject_en_sit, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ F_enumobject_en_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ F_enumobject_en_longindex, LABEL_FIELD, EDGE_OWNED, "index" },
	{ 0 },
};

static const struct ref_field reversed_fields[] = {
	{ F_reversedobject_seq, LABEL_FIELD, EDGE_OWNED, "sequence" },
	{ 0 },
};

static const struct ref_field range_fields[] = {
	{ F_rangeobject_start, LABEL_ATTR, EDGE_OWNED, "start" },
	{ F_rangeobject_stop, LABEL_ATTR, EDGE_OWNED, "stop" },
	{ F_rangeobject_step, LABEL_ATTR, EDGE_OWNED, "step" },
	{ F_rangeobject_length, LABEL_FIELD, EDGE_OWNED, "length" },
	{ 0 },
};

static const struct ref_field longrangeiter_fields[] = {
	{ F_longrangeiterobject_index, LABEL_FIELD, EDGE_OWNED, "index" },
	{ F_longrangeiterobject_start, LABEL_FIELD, EDGE_OWNED, "start" },
	{ F_longrangeiterobject_step, LABEL_FIELD, EDGE_OWNED, "step" },
	{ F_longrangeiterobject_len, LABEL_FIELD, EDGE_OWNED, "length" },
	{ 0 },
};

static const struct ref_field map_fields[] = {
	{ F_mapobject_iters, LABEL_FIELD, EDGE_OWNED, "iterators" },
	{ F_mapobject_func, LABEL_FIELD, EDGE_OWNED, "function" },
	{ 0 },
};

static const struct ref_field filter_fields[] = {
	{ F_filterobject_func, LABEL_FIELD, EDGE_OWNED, "function" },
	{ F_filterobject_it, LABEL_FIELD, EDGE_OWNED, "iterator" },
	{ 0 },
};

static const struct ref_field zip_fields[] = {
	{ F_zipobject_ittuple, LABEL_FIELD, EDGE_OWNED, "iterators" },
	{ F_zipobject_result, LABEL_FIELD, EDGE_OWNED, "result" },
	{ 0 },
};

static const struct ref_field fieldnameiter_fields[] = {
	{ F_fieldnameiterobject_str, LABEL_FIELD, EDGE_OWNED, "string" },
	{ 0 },
};

static const struct ref_field formatteriter_fields[] = {
	{ F_formatteriterobject_str, LABEL_FIELD, EDGE_OWNED, "string" },
	{ 0 },
};

static const struct ref_field lineiterator_fields[] = {
	{ F_lineiterator_li_code, LABEL_FIELD, EDGE_OWNED, "code" },
	{ 0 },
};

static const struct ref_field positionsiterator_fields[] = {
	{ F_positionsiterator_pi_code, LABEL_FIELD, EDGE_OWNED, "code" },
	{ 0 },
};

static const struct ref_field branchesiterator_fields[] = {
	{ F_branchesiterator_bi_code, LABEL_FIELD, EDGE_OWNED, "code" },
	{ 0 },
};

static const struct ref_field gaiter_fields[] = {
	{ F_gaiterobject_obj, LABEL_FIELD, EDGE_OWNED, "alias" },
	{ 0 },
};

const struct named_decoder pycore_iterators_types[] = {
	{ "list_iterator", { .fields = listiter_fields } },
	{ "list_reverseiterator", { .fields = listreviter_fields } },
	{ "tuple_iterator", { .fields = tupleiter_fields } },
	{ "bytes_iterator", { .fields = striter_fields } },
	{ "str_iterator", { .fields = unicodeiter_fields } },
	{ "str_ascii_iterator", { .fields = unicodeiter_fields } },
	{ "bytearray_iterator", { .fields = bytesiter_fields } },
	{ "memory_iterator", { .fields = memoryiter_fields } },
	{ "iterator", { .fields = seqiter_fields } },
	{ "callable_iterator", { .fields = calliter_fields } },
	{ "dict_keyiterator", { .fields = dictiter_fields } },
	{ "dict_valueiterator", { .fields = dictiter_fields } },
	{ "dict_itemiterator", { .fields = dictiter_fields } },
	{ "dict_reversekeyiterator", { .fields = dictiter_fields } },
	{ "dict_reversevalueiterator", { .fields = dictiter_fields } },
	{ "dict_reverseitemiterator", { .fields = dictiter_fields } },
	{ "dict_keys", { .fields = py_dict_view_fields } },
	{ "dict_values", { .fields = py_dict_view_fields } },
	{ "dict_items", { .fields = py_dict_view_fields } },
	{ "odict_keys", { .fields = py_dict_view_fields } },
	{ "odict_values", { .fields = py_dict_view_fields } },
	{ "odict_items", { .fields = py_dict_view_fields } },
	{ "odict_iterator", { .fields = odictiter_fields } },
	{ "set_iterator", { .fields = setiter_fields } },
	{ "enumerate", { .fields = enum_fields } },
	{ "reversed", { .fields = reversed_fields } },
	{ "range", { .fields = range_fields } },
	{ "longrange_iterator", { .fields = longrangeiter_fields } },
	{ "map", { .fields = map_fields } },
	{ "filter", { .fields = filter_fields } },
	{ "zip", { .fields = zip_fields } },
	{ "fieldnameiterator", { .fields = fieldnameiter_fields } },
	{ "formatteriterator", { .fields = formatteriter_fields } },
	{ "line_iterator", { .fields = lineiterator_fields } },
	{ "positions_iterator", { .fields = positionsiterator_fields } },
	{ "code_iterator", { .fields = branchesiterator_fields } },
	{ "branch_iterator", { .fields = branchesiterator_fields } },
	{ "generic_alias_iterator", { .fields = gaiter_fields } },
	{ NULL, { .fields = NULL } },
};
