/* SPDX-License-Identifier: MIT */
#include "object/decode.h"

/* sqlite3. */

static const struct ref_field pysqlite_cursor_fields[] = {
	{ F_pysqlite_Cursor_connection, LABEL_ATTR, EDGE_OWNED, "connection" },
	{ F_pysqlite_Cursor_description, LABEL_ATTR, EDGE_OWNED, "description" },
	{ F_pysqlite_Cursor_row_cast_map, LABEL_FIELD, EDGE_OWNED, "row cast map" },
	{ F_pysqlite_Cursor_lastrowid, LABEL_ATTR, EDGE_OWNED, "lastrowid" },
	{ F_pysqlite_Cursor_row_factory, LABEL_ATTR, EDGE_OWNED, "row_factory" },
	{ F_pysqlite_Cursor_statement, LABEL_FIELD, EDGE_OWNED, "statement" },
	{ F_pysqlite_Cursor_next_row, LABEL_FIELD, EDGE_OWNED, "next row" },
	{ 0 },
};

static const struct ref_field pysqlite_row_fields[] = {
	{ F_pysqlite_Row_data, LABEL_FIELD, EDGE_OWNED, "data" },
	{ F_pysqlite_Row_description, LABEL_FIELD, EDGE_OWNED, "description" },
	{ 0 },
};

static const struct ref_field pysqlite_statement_fields[] = {
	{ F_pysqlite_Statement_sql, LABEL_FIELD, EDGE_OWNED, "sql" },
	{ 0 },
};

static const struct ref_field pysqlite_blob_fields[] = {
	{ F_pysqlite_Blob_connection, LABEL_FIELD, EDGE_OWNED, "connection" },
	{ 0 },
};

static const struct ref_field pysqlite_node_fields[] = {
	{ F_pysqlite_Node_key, LABEL_FIELD, EDGE_OWNED, "key" },
	{ F_pysqlite_Node_data, LABEL_FIELD, EDGE_OWNED, "data" },
	{ 0 },
};

static const struct ref_field cache_fields[] = {
	{ F_pysqlite_Cache_mapping, LABEL_FIELD, EDGE_OWNED, "mapping" },
	{ F_pysqlite_Cache_factory, LABEL_FIELD, EDGE_BORROWED, "factory" },
	{ 0 },
};

#define NODES_MOST 100000

/* To 3.10: statements in a list, the last used first. */
static int cache_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	uint64_t at;
	int status = 0;

	if (!HAS(c->l, pysqlite_Cache, first))
		return 0;
	if (!LOAD(c->l, c->r, o.address, pysqlite_Cache, first, &at))
		return PYCORE_ERR_FAULT;
	for (int n = 0; at && !status; n++) {
		if (!type_is_address(at) || n == NODES_MOST)
			return PYCORE_ERR_DAMAGED;
		status = emit_field(fn, arg, at, "cached statement");
		if (!status && !LOAD(c->l, c->r, at, pysqlite_Node, next, &at))
			return PYCORE_ERR_FAULT;
	}
	return status;
}

/* The classes of its exceptions it holds too, but does not count. */
static const struct ref_field connection_fields[] = {
	{ F_pysqlite_Connection_isolation_level, LABEL_ATTR, EDGE_OWNED, "isolation_level" },
	{ F_pysqlite_Connection_statement_cache, LABEL_FIELD, EDGE_OWNED, "statement cache" },
	{ F_pysqlite_Connection_statements, LABEL_FIELD, EDGE_OWNED, "statements" },
	{ F_pysqlite_Connection_cursors, LABEL_FIELD, EDGE_OWNED, "cursors" },
	{ F_pysqlite_Connection_blobs, LABEL_FIELD, EDGE_OWNED, "blobs" },
	{ F_pysqlite_Connection_row_factory, LABEL_ATTR, EDGE_OWNED, "row_factory" },
	{ F_pysqlite_Connection_text_factory, LABEL_ATTR, EDGE_OWNED, "text_factory" },
	{ F_pysqlite_Connection_function_pinboard, LABEL_FIELD, EDGE_OWNED, "functions" },
	{ F_pysqlite_Connection_pinned_trace, LABEL_FIELD, EDGE_OWNED, "trace callback" },
	{ F_pysqlite_Connection_pinned_progress, LABEL_FIELD, EDGE_OWNED, "progress handler" },
	{ F_pysqlite_Connection_pinned_authorizer, LABEL_FIELD, EDGE_OWNED, "authorizer" },
	{ F_pysqlite_Connection_collations, LABEL_FIELD, EDGE_OWNED, "collations" },
	{ 0 },
};

static const struct callback {
	unsigned field;
	const char *name;
} callbacks[] = {
	{ F_pysqlite_Connection_trace_ctx, "trace callback" },
	{ F_pysqlite_Connection_progress_ctx, "progress handler" },
	{ F_pysqlite_Connection_authorizer_ctx, "authorizer" },
};

/* What sqlite is to call stands in blocks of its own (3.11). */
static int connection_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	uint64_t at, callable, module;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	for (size_t i = 0; i < sizeof(callbacks) / sizeof(callbacks[0]) && !status; i++) {
		at = body_field(&b, c->l, callbacks[i].field);
		if (!at)
			continue;
		if (!type_is_address(at))
			return PYCORE_ERR_DAMAGED;
		if (!LOAD(c->l, c->r, at, callback_context, callable, &callable) ||
		    !LOAD(c->l, c->r, at, callback_context, module, &module))
			return PYCORE_ERR_FAULT;
		status = emit_field(fn, arg, callable, callbacks[i].name);
		if (!status)
			status = emit_field(fn, arg, module, "module");
	}
	return status;
}

static void connection_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct body b;

	if (body_view(&b, c->r, o.address, o.type->basicsize))
		return;
	for (size_t i = 0; i < sizeof(callbacks) / sizeof(callbacks[0]); i++) {
		uint64_t at = body_field(&b, c->l, callbacks[i].field);

		if (at)
			fn(arg, at, L(c->l, callback_context, sizeof));
	}
}

const struct named_decoder pycore_sqlite_types[] = {
	{ "sqlite3.Cursor", { .fields = pysqlite_cursor_fields } },
	{ "sqlite3.Row", { .fields = pysqlite_row_fields } },
	{ "sqlite3.Statement", { .fields = pysqlite_statement_fields } },
	{ "sqlite3.Blob", { .fields = pysqlite_blob_fields } },
	{ "sqlite3.Cache", { .fields = cache_fields, .edges = cache_edges } },
	{ "sqlite3.Node", { .fields = pysqlite_node_fields } },
	{ "sqlite3Node", { .fields = pysqlite_node_fields } },
	{ "sqlite3.Connection",
	  { .fields = connection_fields,
	    .edges = connection_edges,
	    .inside = emit_body, /* functions and aggregates (3.11): only sqlite knows where */
	    .foreign = true,
	    .storage = connection_storage } },
	{ NULL, { .fields = NULL } },
};
