/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "report/escape.h"
#include "report/number.h"
#include "report/report.h"
#include "report/style.h"

#define VALUE_COLUMNS 80

static int heap_top_read(struct report *r)
{
	int status;

	r->retained |= !r->o.sort;
	if (r->o.tree) {
		status = read_tree(r, report_limit(r, DEFAULT_ROWS));
		if (status < 0)
			return status;
	}
	r->want_paths = true;
	status = read_objects(r, report_limit(r, DEFAULT_ROWS));

	if (status < 0)
		return status;
	return read_types(r, report_limit(r, r->o.format == PYCORE_JSON ? SIZE_MAX
									: DEFAULT_ROWS));
}

static void object_row(const struct report *r, struct table *t, const struct pycore_object *o,
		       bool with_refcount)
{
	struct table_row *row = table_row(t);
	char text[NUMBER_ROOM];
	size_t column = 0;

	if (r->retained)
		table_set(t, row, column++, number_bytes(text, o->retained));
	table_set(t, row, column++, number_bytes(text, o->bytes));
	if (with_refcount)
		table_set(t, row, column++,
			  o->refcount < 0 ? "immortal"
					  : number_count(text, (uint64_t)o->refcount));
	snprintf(text, sizeof(text), "0x%" PRIx64, o->address);
	table_set(t, row, column++, text);
	table_set_text(t, row, column++, o->type, 0);
	if (r->want_paths && r->retained) {
		path_cell(r, t, row, column, o->path);
	} else if (!r->o.redact && o->repr) {
		struct buf repr = { 0 };

		escape_short_repr(&repr, o->repr, o->type);
		table_set_text(t, row, column, repr.text ? repr.text : "", VALUE_COLUMNS);
		t->failed |= repr.failed;
		buf_free(&repr);
	}
}

void top_text(const struct report *r, const char *indent, bool with_refcount, struct buf *out)
{
	const char *heads[TABLE_COLUMNS] = { NULL };
	size_t n = 0;
	struct arena arena = { 0 };
	struct table t;

	if (r->retained)
		heads[n++] = "retained";
	heads[n++] = "size";
	if (with_refcount)
		heads[n++] = "refcount";
	heads[n++] = "<address";
	heads[n++] = "<type";
	if (r->want_paths && r->retained)
		heads[n++] = "<held by";
	else if (!r->o.redact)
		heads[n++] = "<value";
	t = table_make(&arena, heads);
	for (size_t i = 0; i < r->top.n; i++)
		object_row(r, &t, r->top.rows[i], with_refcount);
	table_write(&t, out, indent, r->o.width, r->o.color);
	arena_free(&arena);
}

static void heap_top_text(const struct report *r, struct buf *out)
{
	style_puts(out, r->o.color, STYLE_BOLD,
		   r->retained ? "Types by what their objects keep alive"
			       : "Types by the bytes of their objects");
	buf_puts(out, "\n\n");
	types_text(r, "  ", false, out);
	buf_putc(out, '\n');
	style_puts(out, r->o.color, STYLE_BOLD,
		   r->o.tree	 ? "What keeps what alive"
		   : r->retained ? "Single objects by what they alone keep alive"
				 : "Biggest single objects");
	buf_puts(out, "\n\n");
	if (r->o.tree)
		tree_text(r, "  ", out);
	else
		top_text(r, "  ", false, out);
}

static json_t *object_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_object *o = r->top.rows[i];
	json_t *row = json_object();

	json_put(out, row, "address", json_address(o->address));
	json_put(out, row, "type", json_text(o->type));
	json_put(out, row, "bytes", json_count(o->bytes));
	if (r->retained)
		json_put(out, row, "retained", json_count(o->retained));
	if (r->retained && r->want_paths) {
		json_put(out, row, "root", path_root_json(o->path, out));
		json_put(out, row, "expression",
			 json_text(o->path ? o->path->expression : NULL));
		json_put(out, row, "path", path_steps_json(r, o->path, out));
	}
	json_put(out, row, "refcount", o->refcount < 0 ? json_null() : json_integer(o->refcount));
	json_put(out, row, "repr", json_text(r->o.redact ? NULL : o->repr));
	return row;
}

void top_json(const struct report *r, struct json_out *out)
{
	json_list(out, "objects", r->top.n, object_json, r);
}

static void heap_top_json(const struct report *r, struct json_out *out)
{
	types_json(r, out, false);
	top_json(r, out);
	if (r->o.tree)
		tree_json(r, out);
}

const struct report_kind report_heap_top = {
	.name = "heap-top",
	.read = heap_top_read,
	.text = heap_top_text,
	.json = heap_top_json,
	.of_snapshots = true,
};
