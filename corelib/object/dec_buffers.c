/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* Types that keep bytes, or a text in the making, in a buffer of their own. */

#define BUFFER_MOST (UINT64_C(1) << 44)

static const struct ref_field bz2_fields[] = {
	{ F_BZ2Decompressor_unused_data, LABEL_ATTR, EDGE_OWNED, "unused_data" },
	{ 0 },
};

static const struct ref_field lzma_fields[] = {
	{ F_Decompressor_unused_data, LABEL_ATTR, EDGE_OWNED, "unused_data" },
	{ 0 },
};

static const struct ref_field zlib_fields[] = {
	{ F_ZlibDecompressor_unused_data, LABEL_ATTR, EDGE_OWNED, "unused_data" },
	{ F_ZlibDecompressor_zdict, LABEL_FIELD, EDGE_OWNED, "zdict" },
	{ 0 },
};

static const struct ref_field csv_reader_fields[] = {
	{ F_ReaderObj_input_iter, LABEL_FIELD, EDGE_OWNED, "input" },
	{ F_ReaderObj_dialect, LABEL_ATTR, EDGE_OWNED, "dialect" },
	{ F_ReaderObj_fields, LABEL_FIELD, EDGE_OWNED, "fields" },
	{ 0 },
};

static const struct ref_field csv_writer_fields[] = {
	{ F_WriterObj_write, LABEL_FIELD, EDGE_OWNED, "write" },
	{ F_WriterObj_dialect, LABEL_ATTR, EDGE_OWNED, "dialect" },
	{ F_WriterObj_error_obj, LABEL_FIELD, EDGE_OWNED, "error" },
	{ 0 },
};

/* The buffer that two fields tell of: where it is, and its items of @p size bytes. */
static void buffer_storage(const struct ctx *c, struct object o, unsigned at_field,
			   unsigned n_field, unsigned size, storage_fn *fn, void *arg)
{
	struct body b;
	uint64_t at, n;

	if (body_view(&b, c->r, o.address, o.type->basicsize))
		return;
	at = body_field(&b, c->l, at_field);
	n = body_field(&b, c->l, n_field);
	if (at && n < BUFFER_MOST)
		fn(arg, at, n * size);
}

static void bz2_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	buffer_storage(c, o, F_BZ2Decompressor_input_buffer, F_BZ2Decompressor_input_buffer_size, 1,
		       fn, arg);
}

static void lzma_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	buffer_storage(c, o, F_Decompressor_input_buffer, F_Decompressor_input_buffer_size, 1, fn,
		       arg);
}

static void zlib_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	buffer_storage(c, o, F_ZlibDecompressor_input_buffer, F_ZlibDecompressor_input_buffer_size,
		       1, fn, arg);
}

/* Fields and records of csv are Py_UCS4. */
static void csv_reader_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	buffer_storage(c, o, F_ReaderObj_field, F_ReaderObj_field_size, 4, fn, arg);
}

static void csv_writer_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	buffer_storage(c, o, F_WriterObj_rec, F_WriterObj_rec_size, 4, fn, arg);
}

static void mmap_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	buffer_storage(c, o, F_mmap_object_data, F_mmap_object_size, 1, fn, arg);
}

/* Decimals of many digits have these in a block; flags as in mpdecimal.h. */
#define MPD_DATAFLAGS 0xe0

static int decimal_words(const struct ctx *c, struct object o, uint64_t *at, uint64_t *n)
{
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*at = *n = 0;
	if (status || !HAS(c->l, PyDecObject, flags))
		return status;
	if (BODY(&b, c->l, PyDecObject, flags) & MPD_DATAFLAGS)
		return body_status(&b);
	*at = BODY(&b, c->l, PyDecObject, data);
	*n = BODY(&b, c->l, PyDecObject, alloc);
	return *n < BUFFER_MOST ? body_status(&b) : PYCORE_ERR_DAMAGED;
}

static int decimal_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	uint64_t at, n;
	int status = decimal_words(c, o, &at, &n);

	*bytes = o.type->basicsize + (status ? 0 : 8 * n);
	return status;
}

static void decimal_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t at, n;

	if (!decimal_words(c, o, &at, &n) && at && n)
		fn(arg, at, 8 * n);
}

/* re's parsed replacements (3.12): an index of a group and the text behind it, by turns. */
static const struct ref_field template_fields[] = {
	{ F_TemplateObject_literal, LABEL_FIELD, EDGE_OWNED, "literal" },
	{ 0 },
};

static int template_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	uint64_t n, size = o.type->itemsize, at = o.address + L(c->l, TemplateObject, items), to;
	int status = object_ob_size(c, o, &n);

	if (!HAS(c->l, TemplateObject, items) || size != 16)
		return status;
	for (uint64_t i = 0; i < n && !status; i++) {
		struct label label = { LABEL_INDEX, NULL, i, 0 };

		if (!reader_spend(c->r, at + i * size, i * size, size) ||
		    !reader_u64(c->r, at + i * size + 8, &to))
			return PYCORE_ERR_FAULT;
		status = emit(fn, arg, to, EDGE_OWNED, &label);
	}
	return status;
}

const struct named_decoder pycore_buffer_types[] = {
	{ "_bz2.BZ2Decompressor", { .fields = bz2_fields, .storage = bz2_storage } },
	{ "_csv.reader", { .fields = csv_reader_fields, .storage = csv_reader_storage } },
	{ "_csv.writer", { .fields = csv_writer_fields, .storage = csv_writer_storage } },
	{ "_lzma.LZMADecompressor", { .fields = lzma_fields, .storage = lzma_storage } },
	{ "_sre.SRE_Template", { .fields = template_fields, .edges = template_edges } },
	{ "decimal.Decimal", { .extent = decimal_extent, .storage = decimal_storage } },
	{ "mmap.mmap", { .storage = mmap_storage, .buffer = BUFFER_OWNED } },
	{ "zlib._ZlibDecompressor", { .fields = zlib_fields, .storage = zlib_storage } },
	{ NULL, { .fields = NULL } },
};
