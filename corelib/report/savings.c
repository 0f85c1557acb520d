/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/escape.h"
#include "report/number.h"
#include "report/report.h"

#define VALUE_COLUMNS 60
#define ROWS_SHOWN 5

static void address_cell(struct table *t, struct table_row *row, size_t column, uint64_t address)
{
	char text[NUMBER_ROOM];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	table_set(t, row, column, text);
}

static void waste_text(const struct report *r, struct buf *out)
{
	static const char *const heads[] = { "unused", "containers", "<type", "<most of it in one", NULL };
	const struct pycore_savings *s = r->savings;
	struct arena arena = { 0 };
	struct table t = table_make(&arena, heads);
	char text[NUMBER_ROOM];

	buf_printf(out, "  %s in lists, dicts and sets that are bigger than copies of them would be\n",
		   number_bytes(text, s->waste_bytes));
	for (size_t i = 0; i < s->n_waste && i < ROWS_SHOWN; i++) {
		const struct pycore_waste *w = &s->waste[i];
		struct table_row *row = table_row(&t);

		table_set(&t, row, 0, number_bytes(text, w->bytes));
		table_set(&t, row, 1, number_count(text, w->objects));
		table_set_text(&t, row, 2, w->type, 0);
		path_cell(r, &t, row, 3, w->biggest.path);
	}
	table_write(&t, out, "    ", r->o.width, r->o.color);
	out->failed |= t.failed;
	arena_free(&arena);
}

static void duplicates_text(const struct report *r, struct buf *out)
{
	const char *heads[] = { "saved", "objects", "<type", r->o.redact ? NULL : "<value", NULL };
	const struct pycore_savings *s = r->savings;
	struct arena arena = { 0 };
	struct table t = table_make(&arena, heads);
	char saved[NUMBER_ROOM], count[NUMBER_ROOM], contents[NUMBER_ROOM];

	for (size_t i = 0; i < s->n_sums; i++) {
		const struct pycore_duplicate_sum *sum = &s->sums[i];

		if (!sum->contents)
			continue;
		buf_printf(out, "  %s if each of %s contents were there once, not in %s objects of ",
			   number_bytes(saved, sum->saved), number_count(contents, sum->contents),
			   number_count(count, sum->count));
		escape_text(out, sum->type, 0);
		buf_putc(out, '\n');
	}
	for (size_t i = 0; i < s->n_duplicates && i < ROWS_SHOWN; i++) {
		const struct pycore_duplicate *d = &s->duplicates[i];
		struct table_row *row = table_row(&t);

		table_set(&t, row, 0, number_bytes(saved, d->saved));
		table_set(&t, row, 1, number_count(count, d->count));
		table_set_text(&t, row, 2, d->type, 0);
		if (!r->o.redact && d->repr)
			table_set_text(&t, row, 3, d->repr, VALUE_COLUMNS);
	}
	table_write(&t, out, "    ", r->o.width, r->o.color);
	out->failed |= t.failed;
	arena_free(&arena);
}

void savings_text(const struct report *r, struct buf *out)
{
	waste_text(r, out);
	duplicates_text(r, out);
}

void buffers_text(const struct report *r, struct buf *out)
{
	static const char *const heads[] = { "size", "<address", "<type", "<held by", NULL };
	const struct pycore_savings *s = r->savings;
	struct arena arena = { 0 };
	struct table t = table_make(&arena, heads);
	char text[NUMBER_ROOM];

	for (size_t i = 0; i < s->n_buffers && i < ROWS_SHOWN; i++) {
		const struct pycore_buffer *b = &s->buffers[i];
		struct table_row *row = table_row(&t);

		table_set(&t, row, 0, number_bytes(text, b->bytes));
		address_cell(&t, row, 1, b->address);
		table_set_text(&t, row, 2, b->type, 0);
		path_cell(r, &t, row, 3, b->path);
	}
	table_write(&t, out, "  ", r->o.width, r->o.color);
	out->failed |= t.failed;
	arena_free(&arena);
}

static void put_path(const struct report *r, json_t *row, const struct pycore_path *path,
		     struct json_out *out)
{
	json_put(out, row, "root", path_root_json(path, out));
	json_put(out, row, "expression", json_text(path ? path->expression : NULL));
	json_put(out, row, "path", path_steps_json(r, path, out));
}

static json_t *sparse_json(const struct report *r, const struct pycore_sparse *s,
			   struct json_out *out)
{
	json_t *row = json_object();

	json_put(out, row, "address", json_address(s->address));
	json_put(out, row, "bytes", json_count(s->bytes));
	json_put(out, row, "used", json_count(s->used));
	json_put(out, row, "room", json_count(s->room));
	put_path(r, row, s->path, out);
	return row;
}

/* The biggest of the type, and which else are among the biggest of all. */
static json_t *examples_json(const struct report *r, const struct pycore_waste *w,
			     struct json_out *out)
{
	json_t *examples = json_array();

	json_push(out, examples, sparse_json(r, &w->biggest, out));
	for (size_t i = 0; i < r->savings->n_sparse; i++) {
		const struct pycore_sparse *s = &r->savings->sparse[i];

		if (!strcmp(s->type, w->type) && s->address != w->biggest.address)
			json_push(out, examples, sparse_json(r, s, out));
	}
	return examples;
}

static json_t *waste_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_waste *w = &r->savings->waste[i];
	json_t *row = json_object();

	json_put(out, row, "type", json_text(w->type));
	json_put(out, row, "objects", json_count(w->objects));
	json_put(out, row, "bytes", json_count(w->bytes));
	json_put(out, row, "examples", examples_json(r, w, out));
	return row;
}

static json_t *duplicate_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_duplicate *d = &r->savings->duplicates[i];
	json_t *row = json_object();

	json_put(out, row, "type", json_text(d->type));
	json_put(out, row, "address", json_address(d->address));
	json_put(out, row, "repr", json_text(r->o.redact ? NULL : d->repr));
	json_put(out, row, "count", json_count(d->count));
	json_put(out, row, "bytes", json_count(d->bytes));
	json_put(out, row, "saved", json_count(d->saved));
	return row;
}

static json_t *sum_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_duplicate_sum *sum = &r->savings->sums[i];
	json_t *row = json_object();

	json_put(out, row, "type", json_text(sum->type));
	json_put(out, row, "contents", json_count(sum->contents));
	json_put(out, row, "count", json_count(sum->count));
	json_put(out, row, "bytes", json_count(sum->bytes));
	json_put(out, row, "saved", json_count(sum->saved));
	return row;
}

static json_t *buffer_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_buffer *b = &r->savings->buffers[i];
	json_t *row = json_object();

	json_put(out, row, "address", json_address(b->address));
	json_put(out, row, "type", json_text(b->type));
	json_put(out, row, "bytes", json_count(b->bytes));
	put_path(r, row, b->path, out);
	return row;
}

void savings_json(const struct report *r, struct json_out *out)
{
	const struct pycore_savings *s = r->savings;

	json_list(out, "waste", s->n_waste, waste_json, r);
	json_list(out, "duplicates", s->n_duplicates, duplicate_json, r);
	json_list(out, "duplicates_total", s->n_sums, sum_json, r);
	json_list(out, "buffers", s->n_buffers, buffer_json, r);
}
