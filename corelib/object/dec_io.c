/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

static const struct ref_field buffered_fields[] = {
	{ F_buffered_raw, LABEL_ATTR, EDGE_OWNED, "raw" },
	{ 0 },
};

static int buffered_buffer(const struct ctx *c, struct object o, uint64_t *buffer, uint64_t *size)
{
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*buffer = *size = 0;
	if (status)
		return status;
	*buffer = BODY(&b, c->l, buffered, buffer);
	if (*buffer)
		*size = BODY(&b, c->l, buffered, buffer_size);
	if (*size > UINT64_C(1) << 44)
		return PYCORE_ERR_DAMAGED;
	return body_status(&b);
}

static int buffered_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	uint64_t buffer, size;
	int status = buffered_buffer(c, o, &buffer, &size);

	*bytes = o.type->basicsize + (status ? 0 : size);
	return status;
}

static void buffered_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t buffer, size;

	if (!buffered_buffer(c, o, &buffer, &size) && size)
		fn(arg, buffer, size);
}

static const struct ref_field bytesio_fields[] = {
	{ F_bytesio_buf, LABEL_FIELD, EDGE_OWNED, "buffer" },
	{ 0 },
};

/* To 3.4 the buffer was a block, not a bytes object. */
static int bytesio_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	if (status || HAS(c->l, bytesio, buf_size))
		return status;
	return emit_fields(&b, c->l, bytesio_fields, fn, arg);
}

static int own_buffer_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	uint64_t size;

	if (!LOAD(c->l, c->r, o.address, bytesio, buf_size, &size))
		return PYCORE_ERR_FAULT;
	if (size > UINT64_C(1) << 44)
		return PYCORE_ERR_DAMAGED;
	*bytes += size;
	return 0;
}

static void bytesio_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t buffer, size;

	if (LOAD(c->l, c->r, o.address, bytesio, buf_size, &size) &&
	    LOAD(c->l, c->r, o.address, bytesio, buf, &buffer) && type_is_address(buffer) &&
	    size && size < UINT64_C(1) << 44)
		fn(arg, buffer, size);
}

/* BytesIO.__sizeof__ counts the bytes object it fills, unless that is shared. */
static int bytesio_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct object buffer;
	uint64_t at, more;
	int64_t count;
	int status;

	*bytes = o.type->basicsize;
	if (HAS(c->l, bytesio, buf_size))
		return own_buffer_extent(c, o, bytes);
	if (!LOAD(c->l, c->r, o.address, bytesio, buf, &at))
		return PYCORE_ERR_FAULT;
	if (!at)
		return 0;
	status = object_at(c, at, &buffer);
	if (!status && buffer.type->decoder != &pycore_dec_bytes)
		status = PYCORE_ERR_DAMAGED;
	if (!status)
		status = object_refcount(c, at, &count);
	if (status || count != 1)
		return status;
	status = generic_extent(c, buffer, &more);
	if (!status)
		*bytes += more;
	return status;
}

static const struct ref_field stringio_fields[] = {
	{ F_stringio_decoder, LABEL_FIELD, EDGE_OWNED, "decoder" },
	{ F_stringio_readnl, LABEL_FIELD, EDGE_OWNED, "readnl" },
	{ F_stringio_writenl, LABEL_FIELD, EDGE_OWNED, "writenl" },
	{ F_stringio_accu_large, LABEL_FIELD, EDGE_OWNED, "written" },
	{ F_stringio_accu_small, LABEL_FIELD, EDGE_OWNED, "written last" },
	{ F_stringio_writer_buffer, LABEL_FIELD, EDGE_OWNED, "written" },
	{ 0 },
};

/* What is written stands in the object, or in a writer of its own (3.14). */
static int stringio_writer(const struct ctx *c, struct object o, uint64_t *writer)
{
	const struct field *f = &c->l->field[F_stringio_writer];

	*writer = 0;
	if (!f->present || f->width != 8)
		return 0;
	if (!LOAD(c->l, c->r, o.address, stringio, writer, writer))
		return PYCORE_ERR_FAULT;
	return !*writer || type_is_address(*writer) ? 0 : PYCORE_ERR_DAMAGED;
}

static int stringio_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	uint64_t writer, buffer;
	int status = stringio_writer(c, o, &writer);

	if (status || !writer)
		return status;
	if (!LOAD(c->l, c->r, writer, _PyUnicodeWriter, buffer, &buffer))
		return PYCORE_ERR_FAULT;
	return emit_field(fn, arg, buffer, "written");
}

static void stringio_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t buffer, size, writer;
	struct body b;

	if (body_view(&b, c->r, o.address, o.type->basicsize))
		return;
	if (!stringio_writer(c, o, &writer) && writer)
		fn(arg, writer, L(c->l, _PyUnicodeWriter, sizeof));
	buffer = BODY(&b, c->l, stringio, buf);
	size = BODY(&b, c->l, stringio, buf_size);
	if (buffer && size && size < UINT64_C(1) << 44)
		fn(arg, buffer, size * FACT(c->l, UNICODE_WIDTH));
}

const struct decoder pycore_dec_buffered = {
	.fields = buffered_fields,
	.extent = buffered_extent,
	.storage = buffered_storage,
	.buffer = BUFFER_OWNED,
};
const struct decoder pycore_dec_bytesio = {
	.edges = bytesio_edges,
	.extent = bytesio_extent,
	.storage = bytesio_storage,
	.buffer = BUFFER_OWNED,
};
const struct decoder pycore_dec_stringio = {
	.fields = stringio_fields,
	.edges = stringio_edges,
	.storage = stringio_storage,
	.buffer = BUFFER_OWNED,
};
