/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "report/number.h"
#include "report/report.h"
#include "report/style.h"

static size_t type_limit(const struct report *r)
{
	return report_limit(r, r->o.format == PYCORE_JSON ? SIZE_MAX : DEFAULT_ROWS);
}

static int objects_read(struct report *r)
{
	int status = 0;

	if (r->o.type)
		status = read_objects(r, report_limit(r, DEFAULT_ROWS));
	return status < 0 ? status : read_types(r, type_limit(r));
}

static void type_row(const struct report *r, struct table *t, const struct pycore_type_count *type,
		     bool with_gc)
{
	struct table_row *row = table_row(t);
	char text[NUMBER_ROOM], name[NUMBER_ROOM];
	size_t column = 0;

	table_set(t, row, column++, number_count(text, type->count));
	table_set(t, row, column++, number_bytes(text, type->bytes));
	table_set(t, row, column++, number_share(text, type->bytes, r->types.bytes));
	if (r->retained)
		table_set(t, row, column++, number_bytes(text, type->retained));
	if (r->o.cost) {
		table_set(t, row, column++, number_bytes(text, type->block_bytes));
		table_set(t, row, column++, number_bytes(text, type->outside_bytes));
	}
	if (with_gc)
		table_set(t, row, column++, number_count(text, type->gc));
	if (r->o.by_address) {
		snprintf(name, sizeof(name), "0x%" PRIx64, type->address);
		table_set(t, row, column++, name);
	}
	table_set_text(t, row, column, type->type, 0);
}

static void sum_row(const struct report *r, struct table *t, bool with_gc)
{
	struct table_row *row = table_row(t);
	char text[NUMBER_ROOM];
	size_t column = 0;

	if (row)
		row->strong = true;
	table_set(t, row, column++, number_count(text, r->types.count));
	table_set(t, row, column++, number_bytes(text, r->types.bytes));
	table_set(t, row, column++, number_share(text, r->types.bytes, r->types.bytes));
	/* What types retain overlaps: there is no sum of it. */
	column += r->retained;
	if (r->o.cost) {
		table_set(t, row, column++, number_bytes(text, r->types.block_bytes));
		table_set(t, row, column++, number_bytes(text, r->types.outside_bytes));
	}
	if (with_gc)
		table_set(t, row, column++, number_count(text, r->types.gc));
	if (r->o.by_address)
		column++;
	snprintf(text, sizeof(text), "all %zu types", r->types.matched);
	table_set(t, row, column, r->types.matched == 1 ? "in all" : text);
}

void types_text(const struct report *r, const char *indent, bool with_gc, struct buf *out)
{
	const char *heads[TABLE_COLUMNS] = { "objects", "size", "share" };
	size_t n = 3;
	struct arena arena = { 0 };
	struct table t;

	if (r->retained)
		heads[n++] = "retained";
	if (r->o.cost) {
		heads[n++] = "in blocks";
		heads[n++] = "outside";
	}
	if (with_gc)
		heads[n++] = "gc tracked";
	if (r->o.by_address)
		heads[n++] = "<address";
	heads[n++] = "<type";
	t = table_make(&arena, heads);
	for (size_t i = 0; i < r->types.n; i++)
		type_row(r, &t, r->types.rows[i], with_gc);
	sum_row(r, &t, with_gc);
	table_write(&t, out, indent, r->o.width, r->o.color);
	arena_free(&arena);
}

void blocks_text(const struct report *r, const char *indent, struct buf *out)
{
	const struct pycore_blocks *b = &r->census->blocks;
	char live[NUMBER_ROOM], object[NUMBER_ROOM], storage[NUMBER_ROOM], kept[NUMBER_ROOM],
		unknown[NUMBER_ROOM];

	buf_printf(out, "%slive blocks %s: %s objects, %s storage, %s free lists, %s unknown\n",
		   indent, number_count(live, b->live), number_share(object, b->object, b->live),
		   number_share(storage, b->storage, b->live),
		   number_share(kept, b->free_list, b->live),
		   number_share(unknown, b->unknown, b->live));
}

static void blocks_detail(const struct report *r, struct buf *out)
{
	const struct pycore_blocks *b = &r->census->blocks;
	char x[NUMBER_ROOM], y[NUMBER_ROOM], z[NUMBER_ROOM];

	buf_printf(out, "in %s arenas, %s pools: %s in use\n", number_count(x, b->arenas),
		   number_count(y, b->pools), number_bytes(z, b->live_bytes));
	buf_printf(out, "on the collector's lists %s objects, %s of them found nowhere else\n",
		   number_count(x, b->gc_listed), number_count(y, b->gc_only));
	buf_printf(out, "outside the pools, by reference: %s objects\n",
		   number_count(x, b->outside));
	if (b->unreadable)
		buf_printf(out, "arenas and pools that could not be read: %s\n",
			   number_count(x, b->unreadable));
}

static void objects_text(const struct report *r, struct buf *out)
{
	char shown[NUMBER_ROOM], all[NUMBER_ROOM], blocks[NUMBER_ROOM], outside[NUMBER_ROOM];

	if (r->o.type) {
		top_text(r, "", true, out);
		buf_printf(out, "\n%s of %s objects, biggest first\n",
			   number_count(shown, r->top.n), number_count(all, r->types.count));
		if (r->o.cost)
			buf_printf(out, "all are in blocks of %s, and own %s outside of these\n",
				   number_bytes(blocks, r->types.block_bytes),
				   number_bytes(outside, r->types.outside_bytes));
		return;
	}
	types_text(r, "", true, out);
	buf_putc(out, '\n');
	blocks_text(r, "", out);
	if (r->o.verbose)
		blocks_detail(r, out);
}

static json_t *plain_type_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_type_count *type = r->types.rows[i];
	json_t *row = json_object();

	json_put(out, row, "type", json_text(type->type));
	json_put(out, row, "count", json_count(type->count));
	json_put(out, row, "bytes", json_count(type->bytes));
	if (r->retained)
		json_put(out, row, "retained", json_count(type->retained));
	if (r->o.cost) {
		json_put(out, row, "block_bytes", json_count(type->block_bytes));
		json_put(out, row, "outside_bytes", json_count(type->outside_bytes));
	}
	json_put(out, row, "address", json_address(type->address));
	return row;
}

static json_t *type_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	json_t *row = plain_type_json(ctx, i, out);

	json_put(out, row, "gc", json_count(r->types.rows[i]->gc));
	return row;
}

void types_json(const struct report *r, struct json_out *out, bool with_gc)
{
	json_list(out, "types", r->types.n, with_gc ? type_json : plain_type_json, r);
}

static json_t *classes_json(const struct pycore_census *census, struct json_out *out)
{
	json_t *classes = json_array();

	for (size_t i = 0; i < census->n_size_classes; i++) {
		const struct pycore_size_class *c = &census->size_classes[i];
		json_t *row = json_object();

		json_put(out, row, "size", json_count(c->size));
		json_put(out, row, "pools", json_count(c->pools));
		json_put(out, row, "live", json_count(c->live));
		json_put(out, row, "free", json_count(c->free));
		json_push(out, classes, row);
	}
	return classes;
}

static json_t *free_lists_json(const struct pycore_census *census, struct json_out *out)
{
	json_t *lists = json_array();

	for (size_t i = 0; i < census->n_free_lists; i++) {
		json_t *row = json_object();

		json_put(out, row, "type", json_text(census->free_lists[i].type));
		json_put(out, row, "count", json_count(census->free_lists[i].count));
		json_push(out, lists, row);
	}
	return lists;
}

static json_t *blocks_json(const struct pycore_census *census, struct json_out *out)
{
	const struct pycore_blocks *b = &census->blocks;
	const struct {
		const char *key;
		uint64_t n;
	} items[] = {
		{ "live", b->live },
		{ "live_bytes", b->live_bytes },
		{ "raw", b->raw },
		{ "object", b->object },
		{ "storage", b->storage },
		{ "free_list", b->free_list },
		{ "unknown", b->unknown },
		{ "unknown_bytes", b->unknown_bytes },
		{ "arenas", b->arenas },
		{ "pools", b->pools },
		{ "gc_listed", b->gc_listed },
		{ "gc_only", b->gc_only },
		{ "outside", b->outside },
		{ "unreadable", b->unreadable },
	};
	json_t *blocks = json_object();

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		json_put(out, blocks, items[i].key, json_count(items[i].n));
	json_put(out, blocks, "classes", classes_json(census, out));
	json_put(out, blocks, "free_lists", free_lists_json(census, out));
	return blocks;
}

static void total_json(const struct report *r, struct json_out *out)
{
	json_t *total = json_object();

	json_put(out, total, "count", json_count(r->types.count));
	json_put(out, total, "bytes", json_count(r->types.bytes));
	if (r->o.cost) {
		json_put(out, total, "block_bytes", json_count(r->types.block_bytes));
		json_put(out, total, "outside_bytes", json_count(r->types.outside_bytes));
	}
	json_put(out, out->root, "total", total);
}

void census_json(const struct report *r, struct json_out *out)
{
	types_json(r, out, true);
	total_json(r, out);
	json_put(out, out->root, "blocks", blocks_json(r->census, out));
}

static void objects_json(const struct report *r, struct json_out *out)
{
	if (!r->o.type) {
		census_json(r, out);
		return;
	}
	top_json(r, out);
	total_json(r, out);
}

const struct report_kind report_objects = {
	.name = "objects",
	.read = objects_read,
	.text = objects_text,
	.json = objects_json,
	.of_snapshots = true,
};
