/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "report/number.h"
#include "report/report.h"
#include "report/style.h"

/* Addresses after a type, in text. */
#define EXAMPLES 3

static int audit_read(struct report *r)
{
	size_t limit = report_limit(r, DEFAULT_ROWS);
	struct pycore_audit_query query = {
		.size = sizeof(query),
		.type = r->o.type,
		.limit = limit == SIZE_MAX ? 0 : limit,
	};

	return pycore_get_audit(r->session, &query, &r->audit, r->err);
}

static const char *address_text(char text[24], uint64_t address)
{
	snprintf(text, 24, "0x%" PRIx64, address);
	return text;
}

static void title(const struct report *r, struct buf *out, const char *text)
{
	style_puts(out, r->o.color, STYLE_BOLD, text);
	buf_putc(out, '\n');
}

static void examples_cell(struct table *t, struct table_row *row, size_t column,
			  const struct pycore_excess *excess)
{
	struct buf text = { 0 };
	char address[24];

	for (size_t i = 0; i < excess->n_examples && i < EXAMPLES; i++) {
		buf_puts(&text, i ? " " : "");
		buf_puts(&text, address_text(address, excess->examples[i]));
	}
	if (excess->objects > EXAMPLES)
		buf_puts(&text, " ...");
	table_set(t, row, column, text.text ? text.text : "");
	t->failed |= text.failed;
	buf_free(&text);
}

static void more_line(struct buf *out, uint64_t all, size_t shown, const char *what)
{
	char text[NUMBER_ROOM];

	if (all > shown)
		buf_printf(out, "  and %s more %s\n", number_count(text, all - shown), what);
}

/* All types in JSON, unless it is told how many. */
static size_t rows_shown(const struct report *r, size_t n)
{
	size_t limit = report_limit(r, r->o.format == PYCORE_JSON ? SIZE_MAX : DEFAULT_ROWS);

	return n < limit ? n : limit;
}

static void excess_text(const struct report *r, struct buf *out)
{
	const struct pycore_audit *a = r->audit;
	size_t n = rows_shown(r, a->n_excess);
	const char *heads[] = { "references", "objects", "unheld", "<type", "<such as", NULL };
	struct arena arena = { 0 };
	struct table t = table_make(&arena, heads);
	char text[NUMBER_ROOM];

	title(r, out, "References that are counted, and that nothing known holds");
	if (!a->n_excess) {
		buf_puts(out, "  none\n");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct pycore_excess *excess = &a->excess[i];
		struct table_row *row = table_row(&t);

		table_set(&t, row, 0, number_count(text, excess->references));
		table_set(&t, row, 1, number_count(text, excess->objects));
		table_set(&t, row, 2, number_count(text, excess->unheld));
		table_set_text(&t, row, 3, excess->type, 0);
		examples_cell(&t, row, 4, excess);
	}
	table_write(&t, out, "  ", r->o.width, r->o.color);
	out->failed |= t.failed;
	more_line(out, a->n_excess, n, "types");
	buf_printf(out, "  %s in all,", number_count(text, a->excess_references));
	buf_printf(out, " of %s objects\n", number_count(text, a->excess_objects));
	arena_free(&arena);
}

static void garbage_text(const struct report *r, struct buf *out)
{
	const struct pycore_audit *a = r->audit;
	size_t n = rows_shown(r, a->n_garbage);
	const char *heads[] = { "objects", "bytes", "<type", NULL };
	struct arena arena = { 0 };
	struct table t = table_make(&arena, heads);
	char text[NUMBER_ROOM];

	title(r, out, "\nGarbage that the collector has not come to yet");
	if (!a->n_garbage) {
		buf_puts(out, "  none\n");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct table_row *row = table_row(&t);

		table_set(&t, row, 0, number_count(text, a->garbage[i].objects));
		table_set(&t, row, 1, number_bytes(text, a->garbage[i].bytes));
		table_set_text(&t, row, 2, a->garbage[i].type, 0);
	}
	table_write(&t, out, "  ", r->o.width, r->o.color);
	out->failed |= t.failed;
	more_line(out, a->n_garbage, n, "types");
	arena_free(&arena);
}

static void cycles_text(const struct report *r, struct buf *out)
{
	const struct pycore_audit *a = r->audit;
	const char *heads[] = { "objects", "bytes", "<at", "<type", "__del__", "<of", NULL };
	struct arena arena = { 0 };
	struct table t = table_make(&arena, heads);
	char text[NUMBER_ROOM], address[24];

	if (!a->all_cycles)
		return;
	title(r, out, "\nCycles in it");
	for (size_t i = 0; i < a->n_cycles; i++) {
		const struct pycore_cycle *cycle = &a->cycles[i];
		struct table_row *row = table_row(&t);

		table_set(&t, row, 0, number_count(text, cycle->objects));
		table_set(&t, row, 1, number_bytes(text, cycle->bytes));
		table_set(&t, row, 2, address_text(address, cycle->address));
		table_set_text(&t, row, 3, cycle->type, 0);
		if (!cycle->finalizers)
			continue;
		table_set(&t, row, 4, number_count(text, cycle->finalizers));
		table_set_text(&t, row, 5, cycle->finalizer_type, 0);
	}
	table_write(&t, out, "  ", r->o.width, r->o.color);
	out->failed |= t.failed;
	more_line(out, a->all_cycles, a->n_cycles, "cycles");
	arena_free(&arena);
}

static void uncollectable_text(const struct report *r, struct buf *out)
{
	const struct pycore_audit *a = r->audit;
	char address[24];

	title(r, out, "\nIn gc.garbage");
	if (!a->all_uncollectable)
		buf_puts(out, "  nothing\n");
	for (size_t i = 0; i < a->n_uncollectable; i++)
		buf_printf(out, "  %s\n", address_text(address, a->uncollectable[i]));
	more_line(out, a->all_uncollectable, a->n_uncollectable, "objects");
}

static void audit_text(const struct report *r, struct buf *out)
{
	excess_text(r, out);
	garbage_text(r, out);
	cycles_text(r, out);
	uncollectable_text(r, out);
}

static json_t *addresses_json(const uint64_t *list, size_t n, struct json_out *out)
{
	json_t *addresses = json_array();

	for (size_t i = 0; i < n; i++)
		json_push(out, addresses, json_address(list[i]));
	return addresses;
}

static json_t *excess_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_excess *excess = &r->audit->excess[i];
	json_t *row = json_object();

	json_put(out, row, "type", json_text(excess->type));
	json_put(out, row, "objects", json_count(excess->objects));
	json_put(out, row, "references", json_count(excess->references));
	json_put(out, row, "unheld", json_count(excess->unheld));
	json_put(out, row, "examples", addresses_json(excess->examples, excess->n_examples, out));
	return row;
}

static json_t *garbage_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_garbage *garbage = &r->audit->garbage[i];
	json_t *row = json_object();

	json_put(out, row, "type", json_text(garbage->type));
	json_put(out, row, "objects", json_count(garbage->objects));
	json_put(out, row, "bytes", json_count(garbage->bytes));
	return row;
}

static json_t *cycle_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_cycle *cycle = &r->audit->cycles[i];
	json_t *row = json_object();

	json_put(out, row, "address", json_address(cycle->address));
	json_put(out, row, "type", json_text(cycle->type));
	json_put(out, row, "objects", json_count(cycle->objects));
	json_put(out, row, "bytes", json_count(cycle->bytes));
	json_put(out, row, "finalizers", json_count(cycle->finalizers));
	json_put(out, row, "finalizer_type", json_text(cycle->finalizer_type));
	json_put(out, row, "finalizer",
		 cycle->finalizer ? json_address(cycle->finalizer) : json_null());
	return row;
}

static void audit_json(const struct report *r, struct json_out *out)
{
	const struct pycore_audit *a = r->audit;
	json_t *total = json_object();

	json_put(out, total, "objects", json_count(a->excess_objects));
	json_put(out, total, "references", json_count(a->excess_references));
	json_put(out, total, "cycles", json_count(a->all_cycles));
	json_put(out, total, "uncollectable", json_count(a->all_uncollectable));
	json_put(out, out->root, "total", total);
	json_put(out, out->root, "uncollectable",
		 addresses_json(a->uncollectable, a->n_uncollectable, out));
	json_list(out, "excess", rows_shown(r, a->n_excess), excess_json, r);
	json_list(out, "garbage", rows_shown(r, a->n_garbage), garbage_json, r);
	json_list(out, "cycles", a->n_cycles, cycle_json, r);
}

const struct report_kind report_audit = {
	.name = "audit",
	.read = audit_read,
	.text = audit_text,
	.json = audit_json,
	.of_snapshots = true,
};
