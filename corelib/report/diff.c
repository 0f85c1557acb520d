/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/number.h"
#include "report/report.h"
#include "report/style.h"

/* What one is more than the other; sizes of memory are far below the bounds. */
static int64_t more(uint64_t a, uint64_t b)
{
	return (int64_t)(b - a);
}

static int order(int64_t x, int64_t y)
{
	return (x < y) - (x > y);
}

static int by_count(const void *a, const void *b)
{
	const struct pycore_growth_row *x = *(const struct pycore_growth_row *const *)a;
	const struct pycore_growth_row *y = *(const struct pycore_growth_row *const *)b;
	int first = order(more(x->a.count, x->b.count), more(y->a.count, y->b.count));

	return first ? first : strcmp(x->type, y->type);
}

static int by_bytes(const void *a, const void *b)
{
	const struct pycore_growth_row *x = *(const struct pycore_growth_row *const *)a;
	const struct pycore_growth_row *y = *(const struct pycore_growth_row *const *)b;
	int first = order(more(x->a.bytes, x->b.bytes), more(y->a.bytes, y->b.bytes));

	return first ? first : by_count(a, b);
}

static int by_retained(const void *a, const void *b)
{
	const struct pycore_growth_row *x = *(const struct pycore_growth_row *const *)a;
	const struct pycore_growth_row *y = *(const struct pycore_growth_row *const *)b;
	int first = order(more(x->a.retained, x->b.retained), more(y->a.retained, y->b.retained));

	return first ? first : by_bytes(a, b);
}

/* With a third target, what stayed is the question. */
static int by_kept(const void *a, const void *b)
{
	const struct pycore_growth_row *x = *(const struct pycore_growth_row *const *)a;
	const struct pycore_growth_row *y = *(const struct pycore_growth_row *const *)b;
	int first = order((int64_t)x->kept_bytes, (int64_t)y->kept_bytes);

	return first ? first : by_bytes(a, b);
}

static int (*order_of(const struct report *r))(const void *, const void *)
{
	if (!r->o.sort)
		return r->growth->third ? by_kept : by_bytes;
	if (!strcmp(r->o.sort, "count"))
		return by_count;
	return !strcmp(r->o.sort, "retained") ? by_retained : by_bytes;
}

static bool changed(const struct pycore_growth_row *row)
{
	return row->a.count != row->b.count || row->a.bytes != row->b.bytes ||
	       row->a.retained != row->b.retained || row->kept;
}

static void add(struct pycore_growth_sum *to, const struct pycore_growth_sum *sum)
{
	to->count += sum->count;
	to->bytes += sum->bytes;
}

static void count_row(struct growth_rows *g, const struct pycore_growth_row *row)
{
	add(&g->sum.a, &row->a);
	add(&g->sum.b, &row->b);
	add(&g->sum.c, &row->c);
	g->sum.kept += row->kept;
	g->sum.kept_bytes += row->kept_bytes;
	g->grew += row->b.bytes > row->a.bytes;
	g->shrank += row->b.bytes < row->a.bytes;
	g->appeared += !row->a.count && row->b.count;
	g->gone += row->a.count && !row->b.count;
}

static int diff_read(struct report *r)
{
	struct growth_rows *g = &r->grown;
	bool json = r->o.format == PYCORE_JSON;
	size_t limit = report_limit(r, json ? SIZE_MAX : DEFAULT_ROWS);
	int status;

	if (!r->o.base)
		return pycore_fail(r->err, PYCORE_ERR_ARGUMENT,
				   "the report diff needs a base to compare with");
	status = pycore_get_growth(r->session, r->o.base, r->o.third, &r->growth, r->err);
	if (status < 0)
		return status;
	g->rows = arena_array(&r->arena, r->growth->n_rows + 1, sizeof(*g->rows));
	if (!g->rows)
		return report_no_memory(r);
	for (size_t i = 0; i < r->growth->n_rows; i++) {
		const struct pycore_growth_row *row = &r->growth->rows[i];

		if (!report_wants_type(r, row->type))
			continue;
		count_row(g, row);
		/* People want to know what changed. */
		if (json || changed(row))
			g->rows[g->matched++] = row;
	}
	if (g->matched)
		qsort(g->rows, g->matched, sizeof(*g->rows), order_of(r));
	g->n = g->matched < limit ? g->matched : limit;
	return 0;
}

/* "+1,234", "-12", "0" */
static const char *signed_count(char out[NUMBER_ROOM + 1], uint64_t a, uint64_t b)
{
	out[0] = b < a ? '-' : '+';
	number_count(out + 1, b < a ? a - b : b - a);
	return a == b ? out + 1 : out;
}

static const char *signed_bytes(char out[NUMBER_ROOM + 1], uint64_t a, uint64_t b)
{
	out[0] = b < a ? '-' : '+';
	number_bytes(out + 1, b < a ? a - b : b - a);
	return a == b ? out + 1 : out;
}

static void text_row(const struct report *r, struct table *t, const struct pycore_growth_row *row)
{
	struct table_row *to = table_row(t);
	char text[NUMBER_ROOM + 1];
	size_t column = 0;

	if (r->growth->third) {
		table_set(t, to, column++, number_count(text, row->kept));
		table_set(t, to, column++, number_bytes(text, row->kept_bytes));
	}
	table_set(t, to, column++, signed_count(text, row->a.count, row->b.count));
	table_set(t, to, column++, signed_bytes(text, row->a.bytes, row->b.bytes));
	table_set(t, to, column++, signed_bytes(text, row->a.retained, row->b.retained));
	table_set(t, to, column++, number_count(text, row->b.count));
	table_set(t, to, column++, !row->a.count ? "new" : !row->b.count ? "gone" : "");
	table_set_text(t, to, column, row->type, 0);
}

/* "in all: +1,234 objects, as many bytes; now 5,678, 1.2 MiB" */
static void write_total(const struct pycore_growth_row *g, struct buf *out)
{
	bool count = g->a.count != g->b.count, bytes = g->a.bytes != g->b.bytes;
	char x[NUMBER_ROOM + 1], y[NUMBER_ROOM + 1];

	if (!count && !bytes) {
		buf_printf(out, "in all: as before, %s objects, %s\n", number_count(x, g->b.count),
			   number_bytes(y, g->b.bytes));
		return;
	}
	buf_printf(out, "in all: %s objects, %s%s; ",
		   count ? signed_count(x, g->a.count, g->b.count) : "as many",
		   bytes ? signed_bytes(y, g->a.bytes, g->b.bytes) : "as many",
		   bytes ? "" : " bytes");
	buf_printf(out, "now %s, %s\n", number_count(x, g->b.count), number_bytes(y, g->b.bytes));
}

static void write_sums(const struct report *r, struct buf *out)
{
	const struct pycore_growth_row *g = &r->grown.sum;
	char x[NUMBER_ROOM + 1], y[NUMBER_ROOM + 1];

	write_total(g, out);
	buf_printf(out, "%zu types grew, %zu shrank; %zu are new, %zu gone\n", r->grown.grew,
		   r->grown.shrank, r->grown.appeared, r->grown.gone);
	if (r->growth->third)
		buf_printf(out, "came after the first, and still there in the third: %s objects, %s\n",
			   number_count(x, g->kept), number_bytes(y, g->kept_bytes));
}

static void diff_text(const struct report *r, struct buf *out)
{
	static const char *const two[] = { "objects", "size",  "retained", "now",
					   "<",       "<type", NULL };
	static const char *const three[] = { "kept",     "kept size", "objects", "size",
					     "retained", "now",	      "<",	 "<type",
					     NULL };
	struct arena arena = { 0 };
	struct table t = table_make(&arena, r->growth->third ? three : two);

	for (size_t i = 0; i < r->grown.n; i++)
		text_row(r, &t, r->grown.rows[i]);
	if (r->grown.n) {
		table_write(&t, out, "", r->o.width, r->o.color);
		buf_putc(out, '\n');
	}
	if (r->grown.n < r->grown.matched)
		buf_printf(out, "%zu of %zu types that changed are shown\n", r->grown.n,
			   r->grown.matched);
	write_sums(r, out);
	arena_free(&arena);
}

static json_t *row_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_growth_row *row = r->grown.rows[i];
	json_t *to = json_object();

	json_put(out, to, "type", json_text(row->type));
	json_put(out, to, "count_a", json_count(row->a.count));
	json_put(out, to, "count_b", json_count(row->b.count));
	json_put(out, to, "bytes_a", json_count(row->a.bytes));
	json_put(out, to, "bytes_b", json_count(row->b.bytes));
	json_put(out, to, "retained_a", json_count(row->a.retained));
	json_put(out, to, "retained_b", json_count(row->b.retained));
	if (!r->growth->third)
		return to;
	json_put(out, to, "count_c", json_count(row->c.count));
	json_put(out, to, "bytes_c", json_count(row->c.bytes));
	json_put(out, to, "retained_c", json_count(row->c.retained));
	json_put(out, to, "kept", json_count(row->kept));
	json_put(out, to, "kept_bytes", json_count(row->kept_bytes));
	return to;
}

static void diff_json(const struct report *r, struct json_out *out)
{
	const struct pycore_growth_row *g = &r->grown.sum;
	json_t *total = json_object();

	json_put(out, total, "count_a", json_count(g->a.count));
	json_put(out, total, "count_b", json_count(g->b.count));
	json_put(out, total, "bytes_a", json_count(g->a.bytes));
	json_put(out, total, "bytes_b", json_count(g->b.bytes));
	if (r->growth->third) {
		json_put(out, total, "count_c", json_count(g->c.count));
		json_put(out, total, "bytes_c", json_count(g->c.bytes));
		json_put(out, total, "kept", json_count(g->kept));
		json_put(out, total, "kept_bytes", json_count(g->kept_bytes));
	}
	json_put(out, out->root, "total", total);
	json_list(out, "types", r->grown.n, row_json, r);
}

const struct report_kind report_diff = {
	.name = "diff",
	.read = diff_read,
	.text = diff_text,
	.json = diff_json,
	.of_snapshots = true,
};
