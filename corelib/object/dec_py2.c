/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/value.h"

/* Types that Python 3 does not have, or has in another form. */

static const struct ref_field file_fields[] = {
	{ F_PyFileObject_f_name, LABEL_ATTR, EDGE_OWNED, "name" },
	{ F_PyFileObject_f_mode, LABEL_ATTR, EDGE_OWNED, "mode" },
	{ F_PyFileObject_f_encoding, LABEL_ATTR, EDGE_OWNED, "encoding" },
	{ F_PyFileObject_f_errors, LABEL_ATTR, EDGE_OWNED, "errors" },
	{ 0 },
};

static const struct ref_field buffer_fields[] = {
	{ F_PyBufferObject_b_base, LABEL_FIELD, EDGE_OWNED, "base" },
	{ 0 },
};

static const struct ref_field input_fields[] = {
	{ F_Iobject_pbuf_obj, LABEL_FIELD, EDGE_OWNED, "buffer" },
	{ 0 },
};

static int file_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		     size_t most)
{
	uint64_t fp, name, mode;

	if (!LOAD(c->l, c->r, o.address, PyFileObject, f_fp, &fp) ||
	    !LOAD(c->l, c->r, o.address, PyFileObject, f_name, &name) ||
	    !LOAD(c->l, c->r, o.address, PyFileObject, f_mode, &mode))
		return PYCORE_ERR_FAULT;
	buf_puts(out, fp ? "<open file " : "<closed file ");
	value_repr_within(c, name, out, 0, most);
	buf_puts(out, ", mode '");
	value_str(c, mode, out, out->len + 20);
	buf_printf(out, "' at 0x%llx>", (unsigned long long)o.address);
	return 0;
}

static int xrange_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		       size_t most)
{
	uint64_t start, step, len, stop;

	if (!LOAD(c->l, c->r, o.address, rangeobject, start, &start) ||
	    !LOAD(c->l, c->r, o.address, rangeobject, step, &step) ||
	    !LOAD(c->l, c->r, o.address, rangeobject, len, &len))
		return PYCORE_ERR_FAULT;
	/* As it wraps in the target, so it does here. */
	stop = start + len * step;
	if (!start && step == 1)
		buf_printf(out, "xrange(%lld)", (long long)stop);
	else if (step == 1)
		buf_printf(out, "xrange(%lld, %lld)", (long long)start, (long long)stop);
	else
		buf_printf(out, "xrange(%lld, %lld, %lld)", (long long)start, (long long)stop,
			   (long long)step);
	return 0;
}

/* cStringIO.StringIO() to write into: a block of its own. */
static void output_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t buffer, size;

	if (LOAD(c->l, c->r, o.address, Oobject, buf, &buffer) &&
	    LOAD(c->l, c->r, o.address, Oobject, buf_size, &size) && type_is_address(buffer) &&
	    size < UINT64_C(1) << 44)
		fn(arg, buffer, size);
}

const struct decoder pycore_dec_file = { .fields = file_fields, .repr = file_repr };
const struct decoder pycore_dec_xrange = { .repr = xrange_repr };
const struct decoder pycore_dec_buffer = { .fields = buffer_fields };
const struct decoder pycore_dec_string_input = { .fields = input_fields };
const struct decoder pycore_dec_string_output = {
	.storage = output_storage,
	.buffer = BUFFER_OWNED,
};
