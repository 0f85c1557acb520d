/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/value.h"

static const struct ref_field code_fields[] = {
	{ F_PyCodeObject_co_code, LABEL_FIELD, EDGE_OWNED, "co_code" },
	{ F_PyCodeObject_co_consts, LABEL_FIELD, EDGE_OWNED, "co_consts" },
	{ F_PyCodeObject_co_names, LABEL_FIELD, EDGE_OWNED, "co_names" },
	{ F_PyCodeObject_co_varnames, LABEL_FIELD, EDGE_OWNED, "co_varnames" },
	{ F_PyCodeObject_co_freevars, LABEL_FIELD, EDGE_OWNED, "co_freevars" },
	{ F_PyCodeObject_co_cellvars, LABEL_FIELD, EDGE_OWNED, "co_cellvars" },
	{ F_PyCodeObject_co_localsplusnames, LABEL_FIELD, EDGE_OWNED, "co_localsplusnames" },
	{ F_PyCodeObject_co_localspluskinds, LABEL_FIELD, EDGE_OWNED, "co_localspluskinds" },
	{ F_PyCodeObject_co_filename, LABEL_FIELD, EDGE_OWNED, "co_filename" },
	{ F_PyCodeObject_co_name, LABEL_FIELD, EDGE_OWNED, "co_name" },
	{ F_PyCodeObject_co_qualname, LABEL_FIELD, EDGE_OWNED, "co_qualname" },
	{ F_PyCodeObject_co_linetable, LABEL_FIELD, EDGE_OWNED, "co_linetable" },
	{ F_PyCodeObject_co_exceptiontable, LABEL_FIELD, EDGE_OWNED, "co_exceptiontable" },
	{ F_PyCodeObject__co_code, LABEL_FIELD, EDGE_OWNED, "co_code" },
	{ F_PyCodeObject_co_zombieframe, LABEL_FIELD, EDGE_BORROWED, "co_zombieframe" },
	{ 0 },
};

/* What co_code and the like gave once is kept in a block of four (3.12). */
#define CACHED 4

static int code_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label label = { LABEL_FIELD, "co_cached", 0, 0 };
	uint64_t cached;

	if (!HAS(c->l, PyCodeObject, _co_cached))
		return 0;
	if (!LOAD(c->l, c->r, o.address, PyCodeObject, _co_cached, &cached))
		return PYCORE_ERR_FAULT;
	return cached ? emit_items(c, cached, CACHED, EDGE_OWNED, label, fn, arg) : 0;
}

/* _PyCodeObjectExtra: a count, then as many words. */
static uint64_t extra_bytes(const struct ctx *c, uint64_t address)
{
	uint64_t n;

	if (!address || !reader_u64(c->r, address, &n) || n > 255)
		return 0;
	return 8 + n * 8;
}

/* The opcode cache (3.8, 3.9): a byte for each instruction and a block of entries. */
#define OPCACHE_ENTRY 32

static uint64_t opcache_bytes(const struct ctx *c, struct body *b, uint64_t *map)
{
	uint64_t code = BODY(b, c->l, PyCodeObject, co_code);
	uint64_t n;

	*map = 0;
	if (!BODY(b, c->l, PyCodeObject, co_opcache))
		return 0;
	if (type_is_address(code) && reader_u64(c->r, code + L(c->l, PyVarObject, ob_size), &n) &&
	    n < UINT64_C(1) << 40)
		*map = n / 2;
	return BODY(b, c->l, PyCodeObject, co_opcache_size) * OPCACHE_ENTRY;
}

static int code_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	uint64_t n, map, cells;
	struct body b;
	int status = generic_extent(c, o, bytes);

	if (status)
		return status;
	if (FACT(c->l, CODE_IS_SIZED) == YES)
		*bytes = (*bytes + 7) & ~UINT64_C(7);
	status = body_view(&b, c->r, o.address, o.type->basicsize);
	if (status)
		return status;
	*bytes += extra_bytes(c, BODY(&b, c->l, PyCodeObject, co_extra));
	*bytes += opcache_bytes(c, &b, &map);
	*bytes += map;
	cells = BODY(&b, c->l, PyCodeObject, co_cellvars);
	if (BODY(&b, c->l, PyCodeObject, co_cell2arg) && type_is_address(cells) &&
	    reader_u64(c->r, cells + L(c->l, PyVarObject, ob_size), &n) && n < 65536)
		*bytes += n * 8;
	return body_status(&b);
}

static void one_block(uint64_t address, uint64_t bytes, storage_fn *fn, void *arg)
{
	if (type_is_address(address) && bytes)
		fn(arg, address, bytes);
}

/* The frame of the last call, kept for the next one (to 3.9): it is no object meanwhile. */
static void zombie_frame(const struct ctx *c, uint64_t address, storage_fn *fn, void *arg)
{
	uint64_t bytes;
	struct object frame;

	if (!type_is_address(address) || object_at(c, address, &frame) ||
	    object_sizeof(c, frame, &bytes) || bytes < frame.type->pre_header)
		return;
	one_block(address - frame.type->pre_header, bytes, fn, arg);
}

static void code_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	const struct layout *l = c->l;
	uint64_t opcache, map, extra, executors, n;
	struct body b;

	if (body_view(&b, c->r, o.address, o.type->basicsize))
		return;
	extra = BODY(&b, l, PyCodeObject, co_extra);
	one_block(extra, extra_bytes(c, extra), fn, arg);
	opcache = opcache_bytes(c, &b, &map);
	one_block(BODY(&b, l, PyCodeObject, co_opcache), opcache, fn, arg);
	one_block(BODY(&b, l, PyCodeObject, co_opcache_map), map, fn, arg);
	one_block(BODY(&b, l, PyCodeObject, co_cell2arg), 8, fn, arg);
	one_block(BODY(&b, l, PyCodeObject, _co_cached), CACHED * 8, fn, arg);
	one_block(BODY(&b, l, PyCodeObject, _co_linearray), 8, fn, arg);
	zombie_frame(c, BODY(&b, l, PyCodeObject, co_zombieframe), fn, arg);
	executors = BODY(&b, l, PyCodeObject, co_executors);
	/* _PyExecutorArray: size and capacity, then as many words */
	if (type_is_address(executors) && reader_u64(c->r, executors, &n))
		one_block(executors, 8 + ((n >> 32) & 0xffff) * 8, fn, arg);
}

static int code_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		     size_t most)
{
	uint64_t name;

	if (!LOAD(c->l, c->r, o.address, PyCodeObject, co_name, &name))
		return PYCORE_ERR_FAULT;
	buf_puts(out, "<code object ");
	value_str(c, name, out, out->len + 200);
	buf_printf(out, " at 0x%llx>", (unsigned long long)o.address);
	return 0;
}

const struct decoder pycore_dec_code = {
	.fields = code_fields,
	.edges = code_edges,
	.extent = code_extent,
	.storage = code_storage,
	.repr = code_repr,
};
