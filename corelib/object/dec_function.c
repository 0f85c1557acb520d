/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/value.h"

static const struct ref_field function_fields[] = {
	{ F_PyFunctionObject_func_code, LABEL_FIELD, EDGE_OWNED, "__code__" },
	{ F_PyFunctionObject_func_globals, LABEL_FIELD, EDGE_OWNED, "__globals__" },
	{ F_PyFunctionObject_func_builtins, LABEL_FIELD, EDGE_OWNED, "__builtins__" },
	{ F_PyFunctionObject_func_defaults, LABEL_FIELD, EDGE_OWNED, "__defaults__" },
	{ F_PyFunctionObject_func_kwdefaults, LABEL_FIELD, EDGE_OWNED, "__kwdefaults__" },
	{ F_PyFunctionObject_func_closure, LABEL_FIELD, EDGE_OWNED, "__closure__" },
	{ F_PyFunctionObject_func_doc, LABEL_FIELD, EDGE_OWNED, "__doc__" },
	{ F_PyFunctionObject_func_name, LABEL_FIELD, EDGE_OWNED, "__name__" },
	{ F_PyFunctionObject_func_qualname, LABEL_FIELD, EDGE_OWNED, "__qualname__" },
	{ F_PyFunctionObject_func_module, LABEL_FIELD, EDGE_OWNED, "__module__" },
	{ F_PyFunctionObject_func_annotations, LABEL_FIELD, EDGE_OWNED, "__annotations__" },
	{ F_PyFunctionObject_func_annotate, LABEL_FIELD, EDGE_OWNED, "__annotate__" },
	{ F_PyFunctionObject_func_typeparams, LABEL_FIELD, EDGE_OWNED, "__type_params__" },
	{ 0 }, /* func_dict is the instance dict */
};

static const struct ref_field method_fields[] = {
	{ F_PyMethodObject_im_func, LABEL_FIELD, EDGE_OWNED, "__func__" },
	{ F_PyMethodObject_im_self, LABEL_FIELD, EDGE_OWNED, "__self__" },
	{ 0 },
};

static const struct ref_field builtin_fields[] = {
	{ F_PyCFunctionObject_m_self, LABEL_FIELD, EDGE_OWNED, "__self__" },
	{ F_PyCFunctionObject_m_module, LABEL_FIELD, EDGE_OWNED, "__module__" },
	{ 0 },
};

static const struct ref_field cell_fields[] = {
	{ F_PyCellObject_ob_ref, LABEL_FIELD, EDGE_OWNED, "cell_contents" },
	{ 0 },
};

static const struct ref_field property_fields[] = {
	{ F_propertyobject_prop_get, LABEL_FIELD, EDGE_OWNED, "fget" },
	{ F_propertyobject_prop_set, LABEL_FIELD, EDGE_OWNED, "fset" },
	{ F_propertyobject_prop_del, LABEL_FIELD, EDGE_OWNED, "fdel" },
	{ F_propertyobject_prop_doc, LABEL_FIELD, EDGE_OWNED, "__doc__" },
	{ F_propertyobject_prop_name, LABEL_FIELD, EDGE_OWNED, "__name__" },
	{ 0 },
};

static const struct ref_field staticmethod_fields[] = {
	{ F_staticmethod_sm_callable, LABEL_FIELD, EDGE_OWNED, "__func__" },
	{ 0 },
};

static const struct ref_field classmethod_fields[] = {
	{ F_classmethod_cm_callable, LABEL_FIELD, EDGE_OWNED, "__func__" },
	{ 0 },
};

static const struct ref_field descriptor_fields[] = {
	{ F_PyDescrObject_d_type, LABEL_FIELD, EDGE_OWNED, "__objclass__" },
	{ F_PyDescrObject_d_name, LABEL_FIELD, EDGE_OWNED, "__name__" },
	{ F_PyDescrObject_d_qualname, LABEL_FIELD, EDGE_OWNED, "__qualname__" },
	{ 0 },
};

/* Methods of C types that are told their class (METH_METHOD) are longer than the others. */
static int builtin_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	struct body b;

	if (!HAS(c->l, PyCMethodObject, mm_class) ||
	    o.type->basicsize <= L(c->l, PyCMethodObject, mm_class) ||
	    o.type->basicsize <= L(c->l, PyCFunctionObject, sizeof))
		return 0;
	if (body_view(&b, c->r, o.address, o.type->basicsize))
		return PYCORE_ERR_FAULT;
	return emit_field(fn, arg, BODY(&b, c->l, PyCMethodObject, mm_class), "__objclass__");
}

static int put_str(const struct ctx *c, uint64_t address, struct buf *out)
{
	size_t before = out->len;
	int status = value_str(c, address, out, before + 200);

	if (out->len == before)
		buf_putc(out, '?');
	return status;
}

static int function_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
			 size_t most)
{
	uint64_t name;

	if (!LOAD(c->l, c->r, o.address, PyFunctionObject, func_qualname, &name) &&
	    !LOAD(c->l, c->r, o.address, PyFunctionObject, func_name, &name))
		return PYCORE_ERR_FAULT;
	buf_puts(out, "<function ");
	put_str(c, name, out);
	buf_printf(out, " at 0x%llx>", (unsigned long long)o.address);
	return 0;
}

static int method_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		       size_t most)
{
	uint64_t function, self, name = 0;
	struct object func;

	if (!LOAD(c->l, c->r, o.address, PyMethodObject, im_func, &function) ||
	    !LOAD(c->l, c->r, o.address, PyMethodObject, im_self, &self))
		return PYCORE_ERR_FAULT;
	if (!object_at(c, function, &func) && func.type->decoder == &pycore_dec_function)
		LOAD(c->l, c->r, function, PyFunctionObject, func_qualname, &name);
	buf_puts(out, "<bound method ");
	put_str(c, name, out);
	buf_puts(out, " of ");
	value_repr_within(c, self, out, depth ? depth - 1 : 0, most);
	buf_putc(out, '>');
	return 0;
}

static int builtin_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
			size_t most)
{
	uint64_t ml, name;
	char text[128];

	if (!LOAD(c->l, c->r, o.address, PyCFunctionObject, m_ml, &ml) || !type_is_address(ml) ||
	    !LOAD(c->l, c->r, ml, PyMethodDef, ml_name, &name) ||
	    reader_string(c->r, name, text, sizeof(text)) < 0)
		buf_printf(out, "<built-in function at 0x%llx>", (unsigned long long)o.address);
	else
		buf_printf(out, "<built-in function %s>", text);
	return 0;
}

const struct decoder pycore_dec_function = { .fields = function_fields, .repr = function_repr };
const struct decoder pycore_dec_method = { .fields = method_fields, .repr = method_repr };
const struct decoder pycore_dec_builtin = {
	.fields = builtin_fields,
	.edges = builtin_edges,
	.repr = builtin_repr,
};
const struct decoder pycore_dec_cell = { .fields = cell_fields };
const struct decoder pycore_dec_property = { .fields = property_fields };
const struct decoder pycore_dec_staticmethod = { .fields = staticmethod_fields };
const struct decoder pycore_dec_classmethod = { .fields = classmethod_fields };
const struct decoder pycore_dec_descriptor = { .fields = descriptor_fields };
