/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/value.h"

/* Builtin types that are a handful of fields. */

static const struct ref_field weakref_fields[] = {
	{ F_PyWeakReference_wr_object, LABEL_FIELD, EDGE_WEAK, "weakly" },
	{ F_PyWeakReference_wr_callback, LABEL_FIELD, EDGE_OWNED, "__callback__" },
	{ 0 },
};

static const struct ref_field mappingproxy_fields[] = {
	{ F_mappingproxyobject_mapping, LABEL_FIELD, EDGE_OWNED, "mapping" },
	{ 0 },
};

static const struct ref_field memoryview_fields[] = {
	{ F_PyMemoryViewObject_mbuf, LABEL_FIELD, EDGE_OWNED, "managed buffer" },
	{ F_PyMemoryViewObject_view_obj, LABEL_FIELD, EDGE_BORROWED, "obj" },
	{ 0 },
};

static const struct ref_field old_memoryview_fields[] = {
	{ F_PyMemoryViewObject_base, LABEL_FIELD, EDGE_OWNED, "base" },
	{ F_PyMemoryViewObject_view_obj, LABEL_FIELD, EDGE_OWNED, "obj" },
	{ 0 },
};

/* Python 2 has no managed buffer between a view and what it is of. */
static int memoryview_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	bool old = HAS(c->l, PyMemoryViewObject, base);
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	return status ? status :
			emit_fields(&b, c->l, old ? old_memoryview_fields : memoryview_fields, fn,
				    arg);
}

static const struct ref_field managedbuffer_fields[] = {
	{ F__PyManagedBufferObject_master_obj, LABEL_FIELD, EDGE_OWNED, "obj" },
	{ 0 },
};

static const struct ref_field exception_fields[] = {
	{ F_PyBaseExceptionObject_args, LABEL_ATTR, EDGE_OWNED, "args" },
	{ F_PyBaseExceptionObject_message, LABEL_ATTR, EDGE_OWNED, "message" },
	{ F_PyBaseExceptionObject_notes, LABEL_ATTR, EDGE_OWNED, "__notes__" },
	{ F_PyBaseExceptionObject_traceback, LABEL_ATTR, EDGE_OWNED, "__traceback__" },
	{ F_PyBaseExceptionObject_context, LABEL_ATTR, EDGE_OWNED, "__context__" },
	{ F_PyBaseExceptionObject_cause, LABEL_ATTR, EDGE_OWNED, "__cause__" },
	{ 0 }, /* dict is the instance dict */
};

static const struct ref_field traceback_fields[] = {
	{ F_PyTracebackObject_tb_next, LABEL_ATTR, EDGE_OWNED, "tb_next" },
	{ F_PyTracebackObject_tb_frame, LABEL_ATTR, EDGE_OWNED, "tb_frame" },
	{ 0 },
};

static const struct ref_field partial_fields[] = {
	{ F_partialobject_fn, LABEL_ATTR, EDGE_OWNED, "func" },
	{ F_partialobject_args, LABEL_ATTR, EDGE_OWNED, "args" },
	{ F_partialobject_kw, LABEL_ATTR, EDGE_OWNED, "keywords" },
	{ 0 },
};

static const struct ref_field datetime_fields[] = {
	{ F_PyDateTime_DateTime_tzinfo, LABEL_ATTR, EDGE_OWNED, "tzinfo" },
	{ 0 },
};

static const struct ref_field time_fields[] = {
	{ F_PyDateTime_Time_tzinfo, LABEL_ATTR, EDGE_OWNED, "tzinfo" },
	{ 0 },
};

/* Without a time zone the memory ends before the field for it. */
static int zone_edges(const struct ctx *c, struct object o, unsigned has_zone,
		      const struct ref_field *fields, edge_fn *fn, void *arg)
{
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	if (status || !body_field(&b, c->l, has_zone))
		return status;
	return emit_fields(&b, c->l, fields, fn, arg);
}

static int datetime_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	return zone_edges(c, o, F_PyDateTime_DateTime_hastzinfo, datetime_fields, fn, arg);
}

static int time_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	return zone_edges(c, o, F_PyDateTime_Time_hastzinfo, time_fields, fn, arg);
}

static int exception_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
			  size_t most)
{
	const char *dot = strrchr(o.type->name, '.');
	uint64_t args, n, first;

	if (!LOAD(c->l, c->r, o.address, PyBaseExceptionObject, args, &args))
		return PYCORE_ERR_FAULT;
	buf_puts(out, dot ? dot + 1 : o.type->name);
	/* A single argument is shown without the tuple's comma, but for Python 2. */
	if (!HAS(c->l, PyBaseExceptionObject, message) && type_is_address(args) &&
	    reader_u64(c->r, args + L(c->l, PyVarObject, ob_size), &n) && n == 1 &&
	    reader_u64(c->r, args + L(c->l, PyTupleObject, ob_item), &first)) {
		buf_putc(out, '(');
		value_repr_within(c, first, out, depth ? depth - 1 : 0, most);
		buf_putc(out, ')');
		return 0;
	}
	return value_repr_within(c, args, out, depth, most);
}

const struct decoder pycore_dec_exception = {
	.fields = exception_fields,
	.repr = exception_repr,
};
const struct decoder pycore_dec_weakref = { .fields = weakref_fields };
const struct decoder pycore_dec_mappingproxy = { .fields = mappingproxy_fields };
const struct decoder pycore_dec_memoryview = { .edges = memoryview_edges };
const struct decoder pycore_dec_managedbuffer = { .fields = managedbuffer_fields };
const struct decoder pycore_dec_traceback = { .fields = traceback_fields };
const struct decoder pycore_dec_partial = { .fields = partial_fields };
const struct decoder pycore_dec_datetime = { .edges = datetime_edges };
const struct decoder pycore_dec_time = { .edges = time_edges };
