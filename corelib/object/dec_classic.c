/* SPDX-License-Identifier: MIT */
#include "object/classic.h"
#include "object/decode.h"
#include "object/dict.h"
#include "object/value.h"

/* What only Python 2 has of classes: those without a type of their own, and methods that know one. */

#define NAME_MOST 200

static const struct ref_field class_fields[] = {
	{ F_PyClassObject_cl_bases, LABEL_ATTR, EDGE_OWNED, "__bases__" },
	{ F_PyClassObject_cl_dict, LABEL_ATTR, EDGE_OWNED, "__dict__" },
	{ F_PyClassObject_cl_name, LABEL_ATTR, EDGE_OWNED, "__name__" },
	{ F_PyClassObject_cl_getattr, LABEL_FIELD, EDGE_OWNED, "cl_getattr" },
	{ F_PyClassObject_cl_setattr, LABEL_FIELD, EDGE_OWNED, "cl_setattr" },
	{ F_PyClassObject_cl_delattr, LABEL_FIELD, EDGE_OWNED, "cl_delattr" },
	{ 0 },
};

static const struct ref_field instance_fields[] = {
	{ F_PyInstanceObject_in_class, LABEL_ATTR, EDGE_OWNED, "__class__" },
	{ F_PyInstanceObject_in_dict, LABEL_ATTR, EDGE_OWNED, "__dict__" },
	{ 0 },
};

/* Python 3 gives the name to another type, of C functions that bind as Python's do. */
static const struct ref_field instancemethod_fields[] = {
	{ F_PyInstanceMethodObject_func, LABEL_ATTR, EDGE_OWNED, "__func__" },
	{ 0 },
};

static const struct ref_field method_fields[] = {
	{ F_PyMethodObject_im_func, LABEL_FIELD, EDGE_OWNED, "__func__" },
	{ F_PyMethodObject_im_self, LABEL_FIELD, EDGE_OWNED, "__self__" },
	{ F_PyMethodObject_im_class, LABEL_FIELD, EDGE_OWNED, "im_class" },
	{ 0 },
};

static void put_name(const struct ctx *c, uint64_t address, struct buf *out)
{
	size_t before = out->len;

	if (!address || value_str(c, address, out, before + NAME_MOST) || out->len == before)
		buf_putc(out, '?');
}

bool classic_class(const struct ctx *c, uint64_t address, uint64_t *class)
{
	struct object o;

	return HAS(c->l, PyInstanceObject, in_class) && !object_at(c, address, &o) &&
	       o.type->decoder == &pycore_dec_instance &&
	       LOAD(c->l, c->r, address, PyInstanceObject, in_class, class);
}

int classic_name(const struct ctx *c, uint64_t class, struct buf *out)
{
	uint64_t dict, name, module;
	struct object o;
	int status = object_at(c, class, &o);

	if (status || o.type->decoder != &pycore_dec_classobj)
		return PYCORE_ERR_DAMAGED;
	if (!LOAD(c->l, c->r, class, PyClassObject, cl_dict, &dict) ||
	    !LOAD(c->l, c->r, class, PyClassObject, cl_name, &name))
		return PYCORE_ERR_FAULT;
	module = value_dict_get(c, dict, "__module__");
	put_name(c, module, out);
	buf_putc(out, '.');
	put_name(c, name, out);
	return 0;
}

static int class_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		      size_t most)
{
	int status;

	buf_puts(out, "<class ");
	status = classic_name(c, o.address, out);
	buf_printf(out, " at 0x%llx>", (unsigned long long)o.address);
	return status;
}

static int instance_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
			 size_t most)
{
	uint64_t class;
	int status;

	if (!LOAD(c->l, c->r, o.address, PyInstanceObject, in_class, &class))
		return PYCORE_ERR_FAULT;
	buf_putc(out, '<');
	status = classic_name(c, class, out);
	buf_printf(out, " instance at 0x%llx>", (unsigned long long)o.address);
	return status;
}

/* The name of a class of either kind, without its module's. */
static void put_class(const struct ctx *c, uint64_t class, struct buf *out)
{
	const struct type *type = type_at(c->types, c->r, class);
	const char *dot = type ? strrchr(type->name, '.') : NULL;
	struct object o;
	uint64_t name;

	if (type)
		buf_puts(out, dot ? dot + 1 : type->name);
	else if (!object_at(c, class, &o) && o.type->decoder == &pycore_dec_classobj &&
		 LOAD(c->l, c->r, class, PyClassObject, cl_name, &name))
		put_name(c, name, out);
	else
		buf_putc(out, '?');
}

static int instancemethod_repr(const struct ctx *c, struct object o, struct buf *out,
			       unsigned depth, size_t most)
{
	uint64_t function, self, class, name = 0;
	struct object func;

	if (!HAS(c->l, PyMethodObject, im_class)) {
		buf_printf(out, "<instancemethod object at 0x%llx>", (unsigned long long)o.address);
		return 0;
	}
	if (!LOAD(c->l, c->r, o.address, PyMethodObject, im_func, &function) ||
	    !LOAD(c->l, c->r, o.address, PyMethodObject, im_self, &self) ||
	    !LOAD(c->l, c->r, o.address, PyMethodObject, im_class, &class))
		return PYCORE_ERR_FAULT;
	if (!object_at(c, function, &func) && func.type->decoder == &pycore_dec_function)
		LOAD(c->l, c->r, function, PyFunctionObject, func_name, &name);
	buf_puts(out, self ? "<bound method " : "<unbound method ");
	put_class(c, class, out);
	buf_putc(out, '.');
	put_name(c, name, out);
	if (self) {
		buf_puts(out, " of ");
		value_repr_within(c, self, out, depth ? depth - 1 : 0, most);
	}
	buf_putc(out, '>');
	return 0;
}

static int instancemethod_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	struct body b;

	if (!HAS(c->l, PyMethodObject, im_class))
		return 0;
	if (body_view(&b, c->r, o.address, o.type->basicsize))
		return PYCORE_ERR_FAULT;
	return emit_fields(&b, c->l, method_fields, fn, arg);
}

const struct decoder pycore_dec_classobj = { .fields = class_fields, .repr = class_repr };
const struct decoder pycore_dec_instance = { .fields = instance_fields, .repr = instance_repr };
const struct decoder pycore_dec_instancemethod = {
	.fields = instancemethod_fields,
	.edges = instancemethod_edges,
	.repr = instancemethod_repr,
};
