/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/*
 * numpy's arrays: PyArrayObject_fields of numpy/ndarraytypes.h, which has not changed
 * since 1.7, but for two fields at its end (1.22). That is not what this CPython is
 * about, so it is not in its layout, and nothing is believed that does not fit together.
 * Offsets are behind PyObject_HEAD.
 */
enum {
	ARRAY_DATA = 0,
	ARRAY_ND = 8, /* int */
	ARRAY_DIMENSIONS = 16,
	ARRAY_STRIDES = 24,
	ARRAY_BASE = 32,
	ARRAY_DESCR = 40,
	ARRAY_FLAGS = 48, /* int */
	ARRAY_MEM_HANDLER = 72,
	ARRAY_SIZE = 64, /* at least */
};

#define ARRAY_C_CONTIGUOUS 1u
#define ARRAY_F_CONTIGUOUS 2u
#define ARRAY_OWNDATA 4u
#define DIMENSIONS_MOST 64 /* NPY_MAXDIMS: 32 in 1.x, 64 in 2.x */
#define BYTES_MOST (UINT64_C(1) << 46)

/* PyArray_Descr: the first of it is the same everywhere. */
enum {
	DESCR_TYPEOBJ = 0,
	DESCR_TYPE_NUM = 12,    /* int */
	/* numpy 1 */
	DESCR1_FLAGS = 11,      /* char */
	DESCR1_ELSIZE = 16,     /* int */
	DESCR1_ALIGNMENT = 20,  /* int */
	DESCR1_SUBARRAY = 24,
	DESCR1_FIELDS = 32,
	DESCR1_NAMES = 40,
	DESCR1_METADATA = 56,
	DESCR1_SIZE = 64,       /* at least */
	/* numpy 2 */
	DESCR2_FLAGS = 16,      /* u64 */
	DESCR2_ELSIZE = 24,
	DESCR2_ALIGNMENT = 32,
	DESCR2_METADATA = 40,
	DESCR2_SIZE = 48,       /* at least; what follows only those numbered below 2056 have */
	DESCR2_SUBARRAY = 72,
	DESCR2_FIELDS = 80,
	DESCR2_NAMES = 88,
	DESCR2_LEGACY_SIZE = 96,
};

#define TYPE_OBJECT 17
#define ITEM_REFCOUNT 1u /* of a dtype's flags: items hold references */
#define ALIGNMENT_MOST 64

struct dtype {
	uint64_t elsize;
	uint32_t type_num;
	bool refcount; /* items hold references */
	bool second;   /* numpy 2 */
	uint32_t n;    /* bytes of the struct that are there */
	unsigned char bytes[128]; /* behind the head */
};

static uint64_t word(const unsigned char *bytes, uint32_t at)
{
	uint64_t value;

	memcpy(&value, bytes + at, sizeof(value));
	return value;
}

static uint32_t half(const unsigned char *bytes, uint32_t at)
{
	uint32_t value;

	memcpy(&value, bytes + at, sizeof(value));
	return value;
}

/* Copy what is behind an object's head. @return 0, or a status if it is shorter than @p least */
static int fields_of(const struct ctx *c, struct object o, unsigned char *out, uint32_t room,
		     uint32_t least, uint32_t *n)
{
	uint32_t head = L(c->l, PyObject, sizeof);
	struct body b;

	memset(out, 0, room);
	*n = 0;
	if (o.type->basicsize < (uint64_t)head + least)
		return PYCORE_ERR_DAMAGED;
	if (body_view(&b, c->r, o.address, o.type->basicsize))
		return PYCORE_ERR_FAULT;
	if (b.len < head + least)
		return PYCORE_ERR_FAULT;
	*n = b.len - head < room ? b.len - head : room;
	memcpy(out, b.bytes + head, *n);
	return 0;
}

static bool alignment_fits(uint64_t n)
{
	return n && n <= ALIGNMENT_MOST && !(n & (n - 1));
}

static int dtype_of(const struct ctx *c, struct object o, struct dtype *out)
{
	int status = fields_of(c, o, out->bytes, sizeof(out->bytes), DESCR2_SIZE, &out->n);

	if (status)
		return status;
	out->type_num = half(out->bytes, DESCR_TYPE_NUM);
	/* Where one has its alignment the other has the high half of flags, or a pointer. */
	out->second = !alignment_fits(half(out->bytes, DESCR1_ALIGNMENT));
	if (out->second) {
		if (!alignment_fits(word(out->bytes, DESCR2_ALIGNMENT)))
			return PYCORE_ERR_DAMAGED;
		out->elsize = word(out->bytes, DESCR2_ELSIZE);
		out->refcount = word(out->bytes, DESCR2_FLAGS) & ITEM_REFCOUNT;
	} else {
		out->elsize = half(out->bytes, DESCR1_ELSIZE);
		out->refcount = out->bytes[DESCR1_FLAGS] & ITEM_REFCOUNT;
	}
	return out->elsize < BYTES_MOST ? 0 : PYCORE_ERR_DAMAGED;
}

/* A dtype of arrays in arrays: its own dtype, and a tuple. */
static int subarray_edges(const struct ctx *c, uint64_t at, edge_fn *fn, void *arg)
{
	uint64_t base, shape;
	int status;

	if (!at)
		return 0;
	if (!type_is_address(at))
		return PYCORE_ERR_DAMAGED;
	if (!reader_u64(c->r, at, &base) || !reader_u64(c->r, at + 8, &shape))
		return PYCORE_ERR_FAULT;
	status = emit_field(fn, arg, base, "base");
	return status ? status : emit_field(fn, arg, shape, "shape");
}

static int guess_all(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label none;
	uint32_t head = L(c->l, PyObject, sizeof);

	return emit_items(c, o.address + head, (o.type->basicsize - head) / 8, EDGE_GUESS, none,
			  fn, arg);
}

static int dtype_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct {
		uint32_t at[2]; /* in numpy 1 and 2 */
		const char *name;
	} parts[] = {
		{ { DESCR_TYPEOBJ, DESCR_TYPEOBJ }, "type" },
		{ { DESCR1_METADATA, DESCR2_METADATA }, "metadata" },
		{ { DESCR1_FIELDS, DESCR2_FIELDS }, "fields" },
		{ { DESCR1_NAMES, DESCR2_NAMES }, "names" },
	};
	struct dtype d;
	uint32_t at;
	int status = dtype_of(c, o, &d);

	if (status)
		return guess_all(c, o, fn, arg);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !status; i++) {
		at = parts[i].at[d.second];
		if (at + 8 <= d.n)
			status = emit_field(fn, arg, word(d.bytes, at), parts[i].name);
	}
	at = d.second ? DESCR2_SUBARRAY : DESCR1_SUBARRAY;
	if (!status && at + 8 <= d.n)
		status = subarray_edges(c, word(d.bytes, at), fn, arg);
	return status;
}

struct array {
	uint64_t data, dimensions, base, descr, mem_handler;
	uint64_t items, bytes; /* of data */
	uint32_t nd, flags;
	struct dtype dtype;
};

/* @return 0 if all that it says fits together */
static int array_of(const struct ctx *c, struct object o, struct array *a)
{
	uint64_t shape[DIMENSIONS_MOST];
	unsigned char f[96];
	struct object descr;
	uint32_t n;
	int status = fields_of(c, o, f, sizeof(f), ARRAY_SIZE, &n);

	if (status)
		return status;
	a->data = word(f, ARRAY_DATA);
	a->nd = half(f, ARRAY_ND);
	a->dimensions = word(f, ARRAY_DIMENSIONS);
	a->base = word(f, ARRAY_BASE);
	a->descr = word(f, ARRAY_DESCR);
	a->flags = half(f, ARRAY_FLAGS);
	a->mem_handler = word(f, ARRAY_MEM_HANDLER); /* 0 where there is none */
	a->items = 1;
	if (a->nd > DIMENSIONS_MOST || (a->nd && !type_is_address(a->dimensions)) ||
	    object_at(c, a->descr, &descr) || descr.type->decoder->edges != dtype_edges)
		return PYCORE_ERR_DAMAGED;
	if (reader_copy(c->r, a->dimensions, shape, 8 * a->nd) != 8 * (size_t)a->nd)
		return PYCORE_ERR_FAULT;
	for (uint32_t i = 0; i < a->nd; i++) {
		if (__builtin_mul_overflow(a->items, shape[i], &a->items))
			return PYCORE_ERR_DAMAGED;
	}
	status = dtype_of(c, descr, &a->dtype);
	if (status)
		return status;
	if (__builtin_mul_overflow(a->items, a->dtype.elsize, &a->bytes) || a->bytes > BYTES_MOST)
		return PYCORE_ERR_DAMAGED;
	return 0;
}

/* What the items refer to belongs to the array that owns the data, not to views of it. */
static int item_edges(const struct ctx *c, const struct array *a, edge_fn *fn, void *arg)
{
	static const struct label index = { .kind = LABEL_INDEX }, none;

	if (!a->dtype.refcount || !(a->flags & ARRAY_OWNDATA) || !a->bytes ||
	    !(a->flags & (ARRAY_C_CONTIGUOUS | ARRAY_F_CONTIGUOUS)))
		return 0;
	if (a->dtype.type_num == TYPE_OBJECT && a->dtype.elsize == 8)
		return emit_items(c, a->data, a->items, EDGE_OWNED, index, fn, arg);
	/* Records: some of their fields are references. */
	return emit_items(c, a->data, a->bytes / 8, EDGE_GUESS, none, fn, arg);
}

static int array_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label base = { LABEL_ATTR, "base", 0, 0 };
	static const struct label dtype = { LABEL_ATTR, "dtype", 0, 0 };
	struct array a;
	int status = array_of(c, o, &a);

	if (status)
		return guess_all(c, o, fn, arg);
	status = emit(fn, arg, a.base, EDGE_OWNED, &base);
	if (!status)
		status = emit(fn, arg, a.descr, EDGE_OWNED, &dtype);
	if (!status)
		status = emit_field(fn, arg, a.mem_handler, "memory handler");
	return status ? status : item_edges(c, &a, fn, arg);
}

/* To 1.21 a subclass counts no more than an array of its own fields. */
static uint64_t array_size(const struct ctx *c, const struct type *t)
{
	uint64_t old = L(c->l, PyObject, sizeof) + ARRAY_SIZE;
	const struct type *top = t;

	while (top->base && top->base->decoder == t->decoder)
		top = top->base;
	return top->basicsize == old ? old : t->basicsize;
}

/* Lengths and strides stand in one block of their own. */
static int array_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct array a;
	int status = array_of(c, o, &a);

	*bytes = array_size(c, o.type);
	if (!status)
		*bytes += 16 * (uint64_t)a.nd + (a.flags & ARRAY_OWNDATA ? a.bytes : 0);
	return status;
}

static void array_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct array a;

	if (array_of(c, o, &a))
		return;
	if (a.nd)
		fn(arg, a.dimensions, 16 * (uint64_t)a.nd);
	if (a.flags & ARRAY_OWNDATA && a.data)
		fn(arg, a.data, a.bytes);
}

/* numpy.void, an item of an array of records: ob_size, obval, descr, flags, base. */
enum { VOID_DESCR = 16, VOID_BASE = 32, VOID_SIZE = 40 };

static int void_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	unsigned char f[VOID_SIZE];
	uint32_t n;
	int status = fields_of(c, o, f, sizeof(f), VOID_SIZE, &n);

	if (status)
		return status;
	status = emit_field(fn, arg, word(f, VOID_DESCR), "dtype");
	return status ? status : emit_field(fn, arg, word(f, VOID_BASE), "base");
}

static int void_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	unsigned char f[VOID_SIZE];
	struct object descr;
	struct dtype d;
	uint32_t n;

	*bytes = o.type->basicsize;
	if (fields_of(c, o, f, sizeof(f), VOID_SIZE, &n) ||
	    object_at(c, word(f, VOID_DESCR), &descr) || dtype_of(c, descr, &d))
		return PYCORE_ERR_DAMAGED;
	*bytes += d.elsize;
	return 0;
}

static int bytes_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	uint64_t n;
	int status = object_ob_size(c, o, &n);

	*bytes = o.type->basicsize;
	if (!status && n < BYTES_MOST)
		*bytes += 2 * n;
	return status;
}

/* Scalars count their item twice: as part of their struct, and once more. */
#define SCALAR(size)                                                                          \
	static int scalar##size##_extent(const struct ctx *c, struct object o, uint64_t *bytes) \
	{                                                                                     \
		*bytes = o.type->basicsize + (size);                                          \
		return 0;                                                                     \
	}

SCALAR(1)
SCALAR(2)
SCALAR(4)
SCALAR(8)
SCALAR(16)
SCALAR(32)

static int float_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		      size_t most)
{
	return pycore_dec_float.repr(c, o, out, depth, most);
}

static int text_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		     size_t most)
{
	return pycore_dec_bytes.repr(c, o, out, depth, most);
}

const struct named_decoder pycore_numpy_types[] = {
	{ "numpy.ndarray",
	  { .edges = array_edges,
	    .extent = array_extent,
	    .storage = array_storage,
	    .buffer = BUFFER_OWNED } },
	{ "numpy.dtype", { .edges = dtype_edges } },
	/* Numbers: what is in them may look like references. */
	{ "numpy.generic", { .fields = NULL } },
	{ "numpy.void", { .edges = void_edges, .extent = void_extent } },
	{ "numpy.bool", { .extent = scalar1_extent } },
	{ "numpy.bool_", { .extent = scalar1_extent } },
	{ "numpy.bytes_", { .extent = bytes_extent, .repr = text_repr } },
	{ "numpy.clongdouble", { .extent = scalar32_extent } },
	{ "numpy.complex128", { .extent = scalar16_extent } },
	{ "numpy.complex256", { .extent = scalar32_extent } },
	{ "numpy.complex64", { .extent = scalar8_extent } },
	{ "numpy.datetime64", { .extent = scalar8_extent } },
	{ "numpy.float128", { .extent = scalar16_extent } },
	{ "numpy.float16", { .extent = scalar2_extent } },
	{ "numpy.float32", { .extent = scalar4_extent } },
	{ "numpy.float64", { .extent = scalar8_extent, .repr = float_repr } },
	{ "numpy.int16", { .extent = scalar2_extent } },
	{ "numpy.int32", { .extent = scalar4_extent } },
	{ "numpy.int64", { .extent = scalar8_extent } },
	{ "numpy.int8", { .extent = scalar1_extent } },
	{ "numpy.longdouble", { .extent = scalar16_extent } },
	{ "numpy.longlong", { .extent = scalar8_extent } },
	{ "numpy.timedelta64", { .extent = scalar8_extent } },
	{ "numpy.uint16", { .extent = scalar2_extent } },
	{ "numpy.uint32", { .extent = scalar4_extent } },
	{ "numpy.uint64", { .extent = scalar8_extent } },
	{ "numpy.uint8", { .extent = scalar1_extent } },
	{ "numpy.ulonglong", { .extent = scalar8_extent } },
	{ NULL, { .fields = NULL } },
};
