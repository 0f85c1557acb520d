/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* Builtin types that are a handful of references. */

static const struct ref_field super_fields[] = {
	{ F_superobject_type, LABEL_ATTR, EDGE_OWNED, "__thisclass__" },
	{ F_superobject_obj, LABEL_ATTR, EDGE_OWNED, "__self__" },
	{ F_superobject_obj_type, LABEL_ATTR, EDGE_OWNED, "__self_class__" },
	{ 0 },
};

static const struct ref_field wrapper_fields[] = {
	{ F_wrapperobject_descr, LABEL_FIELD, EDGE_OWNED, "descriptor" },
	{ F_wrapperobject_self, LABEL_ATTR, EDGE_OWNED, "__self__" },
	{ 0 },
};

static const struct ref_field py_frame_locals_proxy_fields[] = {
	{ F_PyFrameLocalsProxyObject_frame, LABEL_FIELD, EDGE_OWNED, "frame" },
	{ 0 },
};

static const struct ref_field py_buffer_wrapper_fields[] = {
	{ F_PyBufferWrapper_mv, LABEL_FIELD, EDGE_OWNED, "view" },
	{ F_PyBufferWrapper_obj, LABEL_FIELD, EDGE_OWNED, "obj" },
	{ 0 },
};

static const struct ref_field py_pickle_buffer_fields[] = {
	{ F_PyPickleBufferObject_view_obj, LABEL_FIELD, EDGE_OWNED, "obj" },
	{ 0 },
};

static const struct ref_field py_module_def_fields[] = {
	{ F_PyModuleDef_m_copy, LABEL_FIELD, EDGE_OWNED, "copy" },
	{ 0 },
};

const struct named_decoder pycore_builtin_types[] = {
	{ "super", { .fields = super_fields } },
	{ "method-wrapper", { .fields = wrapper_fields } },
	{ "FrameLocalsProxy", { .fields = py_frame_locals_proxy_fields } },
	{ "_buffer_wrapper", { .fields = py_buffer_wrapper_fields } },
	{ "pickle.PickleBuffer", { .fields = py_pickle_buffer_fields } },
	{ "moduledef", { .fields = py_module_def_fields } },
	{ NULL, { .fields = NULL } },
};
