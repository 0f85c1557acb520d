/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* ctypes: instances and the types that it makes. */

static const struct ref_field cdata_fields[] = {
	{ F_CDataObject_b_base, LABEL_ATTR, EDGE_OWNED, "_b_base_" },
	{ F_CDataObject_b_objects, LABEL_ATTR, EDGE_OWNED, "_objects" },
	{ 0 },
};

static const struct ref_field py_cfunc_ptr_fields[] = {
	{ F_CDataObject_b_base, LABEL_ATTR, EDGE_OWNED, "_b_base_" },
	{ F_CDataObject_b_objects, LABEL_ATTR, EDGE_OWNED, "_objects" },
	{ F_PyCFuncPtrObject_thunk, LABEL_FIELD, EDGE_OWNED, "thunk" },
	{ F_PyCFuncPtrObject_callable, LABEL_FIELD, EDGE_OWNED, "callable" },
	{ F_PyCFuncPtrObject_converters, LABEL_FIELD, EDGE_OWNED, "converters" },
	{ F_PyCFuncPtrObject_argtypes, LABEL_ATTR, EDGE_OWNED, "argtypes" },
	{ F_PyCFuncPtrObject_restype, LABEL_ATTR, EDGE_OWNED, "restype" },
	{ F_PyCFuncPtrObject_checker, LABEL_FIELD, EDGE_OWNED, "checker" },
	{ F_PyCFuncPtrObject_errcheck, LABEL_ATTR, EDGE_OWNED, "errcheck" },
	{ F_PyCFuncPtrObject_paramflags, LABEL_FIELD, EDGE_OWNED, "paramflags" },
	{ 0 },
};

static const struct ref_field cfield_fields[] = {
	{ F_CFieldObject_proto, LABEL_FIELD, EDGE_OWNED, "type" },
	{ F_CFieldObject_name, LABEL_ATTR, EDGE_OWNED, "name" },
	{ 0 },
};

static const struct ref_field py_carg_fields[] = {
	{ F_PyCArgObject_obj, LABEL_ATTR, EDGE_OWNED, "_obj" },
	{ 0 },
};

static const struct ref_field dict_remover_fields[] = {
	{ F_DictRemoverObject_key, LABEL_FIELD, EDGE_OWNED, "key" },
	{ F_DictRemoverObject_dict, LABEL_FIELD, EDGE_OWNED, "dict" },
	{ 0 },
};

static const struct ref_field cthunk_fields[] = {
	{ F_CThunkObject_converters, LABEL_FIELD, EDGE_OWNED, "converters" },
	{ F_CThunkObject_callable, LABEL_FIELD, EDGE_OWNED, "callable" },
	{ F_CThunkObject_restype, LABEL_FIELD, EDGE_OWNED, "restype" },
	{ 0 },
};

static const struct ref_field struct_param_fields[] = {
	{ F_StructParamObject_keep, LABEL_FIELD, EDGE_OWNED, "keep" },
	{ 0 },
};

/* The value stands in the object, in another's, or in a block of its own. */
static void cdata_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct body b;
	uint64_t at;

	if (body_view(&b, c->r, o.address, o.type->basicsize))
		return;
	at = BODY(&b, c->l, CDataObject, b_ptr);
	if (at && BODY(&b, c->l, CDataObject, b_needsfree) &&
	    at != o.address + L(c->l, CDataObject, b_value))
		fn(arg, at, BODY(&b, c->l, CDataObject, b_size));
}

/* What ctypes knows of a C type: in its dict (to 3.12), or behind its type object. */
struct storage_info {
	uint64_t at, format, shape, elements, ndim, length;
};

#define INFO(b, l, info, s)                                           \
	do {                                                          \
		(info)->format = BODY(b, l, s, format);               \
		(info)->shape = BODY(b, l, s, shape);                 \
		(info)->elements = BODY(b, l, s, elements);           \
		(info)->ndim = (uint32_t)BODY(b, l, s, ndim);         \
		(info)->length = BODY(b, l, s, length);               \
	} while (0)

static void info_storage(const struct ctx *c, const struct storage_info *i, storage_fn *fn,
			 void *arg)
{
	if (i->format)
		fn(arg, i->format, text_bytes(c, i->format));
	if (i->shape && i->ndim < 4096)
		fn(arg, i->shape, 8 * i->ndim);
	if (i->elements && i->length < UINT64_C(1) << 32)
		fn(arg, i->elements, 8 * (i->length + 1));
}

static void add_bytes(void *arg, uint64_t address, uint64_t bytes)
{
	*(uint64_t *)arg += bytes;
}

/* To 3.12: a dict with more fields. */
static const struct ref_field stg_dict_fields[] = {
	{ F_StgDictObject_proto, LABEL_ATTR, EDGE_OWNED, "_type_" },
	{ F_StgDictObject_argtypes, LABEL_ATTR, EDGE_OWNED, "_argtypes_" },
	{ F_StgDictObject_converters, LABEL_FIELD, EDGE_OWNED, "converters" },
	{ F_StgDictObject_restype, LABEL_ATTR, EDGE_OWNED, "_restype_" },
	{ F_StgDictObject_checker, LABEL_ATTR, EDGE_OWNED, "_check_retval_" },
	{ 0 },
};

static int stg_dict_info(const struct ctx *c, struct object o, struct storage_info *i)
{
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*i = (struct storage_info){ .at = o.address };
	if (status || !HAS(c->l, StgDictObject, sizeof))
		return status;
	INFO(&b, c->l, i, StgDictObject);
	return body_status(&b);
}

static int stg_dict_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	return pycore_dec_dict.edges(c, o, fn, arg);
}

static int stg_dict_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct storage_info i;
	int status = pycore_dec_dict.extent(c, o, bytes);

	if (!status && FACT(c->l, STG_DICT_SIZEOF) == YES) {
		/* What is more than a dict is counted once more: dict.__sizeof__() has it. */
		*bytes += L(c->l, StgDictObject, sizeof) - L(c->l, PyDictObject, sizeof);
		status = stg_dict_info(c, o, &i);
		if (!status)
			info_storage(c, &i, add_bytes, bytes);
	}
	return status;
}

static void stg_dict_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct storage_info i;

	pycore_dec_dict.storage(c, o, fn, arg);
	if (!stg_dict_info(c, o, &i))
		info_storage(c, &i, fn, arg);
}

/* From 3.13 on: what the metatype has put behind the type object. */
static const struct ref_field info_fields[] = {
	{ F_StgInfo_proto, LABEL_ATTR, EDGE_OWNED, "_type_" },
	{ F_StgInfo_argtypes, LABEL_ATTR, EDGE_OWNED, "_argtypes_" },
	{ F_StgInfo_converters, LABEL_FIELD, EDGE_OWNED, "converters" },
	{ F_StgInfo_restype, LABEL_ATTR, EDGE_OWNED, "_restype_" },
	{ F_StgInfo_checker, LABEL_ATTR, EDGE_OWNED, "_check_retval_" },
	{ F_StgInfo_module, LABEL_FIELD, EDGE_OWNED, "module" },
	{ F_StgInfo_pointer_type, LABEL_ATTR, EDGE_OWNED, "__pointer_type__" },
	{ 0 },
};

/* PyObject_GetTypeData(): behind the base's size, rounded up to what any type needs. */
#define ALIGNMENT 16

static int info_view(const struct ctx *c, struct object o, struct body *b,
		     struct storage_info *i)
{
	uint64_t from = (L(c->l, PyHeapTypeObject, sizeof) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	int status;

	*i = (struct storage_info){ .at = 0 };
	if (!HAS(c->l, StgInfo, sizeof) || o.type->basicsize < from + L(c->l, StgInfo, sizeof))
		return 0;
	status = body_view(b, c->r, o.address + from, L(c->l, StgInfo, sizeof));
	if (status || !BODY(b, c->l, StgInfo, initialized))
		return status;
	i->at = o.address + from;
	INFO(b, c->l, i, StgInfo);
	return body_status(b);
}

static int ctype_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	struct storage_info i;
	struct body b;
	int status = pycore_dec_type.edges(c, o, fn, arg), part;

	if (stopped(status))
		return status;
	part = info_view(c, o, &b, &i);
	if (!part && i.at)
		part = emit_fields(&b, c->l, info_fields, fn, arg);
	return part ? part : status;
}

/* _ctypes.CType_Type.__sizeof__ leaves out what type.__sizeof__ adds for shared keys (3.13). */
static int ctype_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct storage_info i;
	struct body b;
	int status;

	if (!HAS(c->l, StgInfo, sizeof))
		return pycore_dec_type.extent(c, o, bytes);
	*bytes = o.type->basicsize;
	status = info_view(c, o, &b, &i);
	if (!status && i.at)
		info_storage(c, &i, add_bytes, bytes);
	return status;
}

static void ctype_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct storage_info i;
	struct body b;

	pycore_dec_type.storage(c, o, fn, arg);
	if (!info_view(c, o, &b, &i) && i.at)
		info_storage(c, &i, fn, arg);
}

static int ctype_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		      size_t most)
{
	return pycore_dec_type.repr(c, o, out, depth, most);
}

const struct named_decoder pycore_ctypes_types[] = {
	{ "_ctypes._CData", { .fields = cdata_fields, .storage = cdata_storage,
	    .buffer = BUFFER_OWNED } },
	{ "_ctypes.PyCFuncPtr", { .fields = py_cfunc_ptr_fields, .storage = cdata_storage } },
	{ "_ctypes.CFuncPtr", { .fields = py_cfunc_ptr_fields, .storage = cdata_storage } },
	{ "_ctypes.CField", { .fields = cfield_fields } },
	{ "ctypes.CField", { .fields = cfield_fields } },
	{ "CArgObject", { .fields = py_carg_fields } },
	{ "_ctypes.CArgObject", { .fields = py_carg_fields } },
	{ "_ctypes.DictRemover", { .fields = dict_remover_fields } },
	{ "_ctypes.CThunkObject", { .fields = cthunk_fields } },
	{ "_ctypes.StructParam_Type", { .fields = struct_param_fields } },
	{ "StgDict",
	  { .fields = stg_dict_fields,
	    .edges = stg_dict_edges,
	    .extent = stg_dict_extent,
	    .storage = stg_dict_storage } },
	{ "_ctypes.CType_Type",
	  { .edges = ctype_edges,
	    .extent = ctype_extent,
	    .storage = ctype_storage,
	    .repr = ctype_repr } },
	{ NULL, { .fields = NULL } },
};
