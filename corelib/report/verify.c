/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include <pycore/verify.h>

#include "report/escape.h"
#include "report/number.h"
#include "report/report.h"
#include "report/style.h"

#define ROW_BYTES 16

static int verify_read(struct report *r)
{
	size_t limit = report_limit(r, DEFAULT_ROWS);

	return pycore_verify(r->session, limit == SIZE_MAX ? 0 : limit, &r->verdict, r->err);
}

/* As hexdump -C has it; a row with what is wrong in it has a mark. */
static void bytes_text(const struct pycore_fault *f, struct buf *out)
{
	for (size_t i = 0; i < f->n_bytes; i += ROW_BYTES) {
		uint64_t at = f->bytes_at + i;

		buf_printf(out, "  %c 0x%" PRIx64 " ", f->at - at < ROW_BYTES ? '>' : ' ', at);
		for (size_t k = i; k < i + ROW_BYTES; k++) {
			if (k < f->n_bytes)
				buf_printf(out, " %02x", f->bytes[k]);
			else
				buf_puts(out, "   ");
		}
		buf_puts(out, "  ");
		for (size_t k = i; k < i + ROW_BYTES && k < f->n_bytes; k++)
			buf_putc(out, f->bytes[k] >= ' ' && f->bytes[k] < 0x7f ? (char)f->bytes[k] : '.');
		buf_putc(out, '\n');
	}
}

static void place_line(const char *name, const char *text, struct buf *out)
{
	if (!text)
		return;
	buf_printf(out, "    %-7s ", name);
	escape_text(out, text, 0);
	buf_putc(out, '\n');
}

static void fault_text(const struct report *r, const struct pycore_fault *f, struct buf *out)
{
	style_begin(out, r->o.color, STYLE_ALARM);
	buf_printf(out, "%s 0x%" PRIx64, f->kind, f->address);
	style_end(out, r->o.color);
	buf_puts(out, ": ");
	escape_text(out, f->text, 0);
	buf_putc(out, '\n');
	place_line("before", f->before, out);
	place_line("here", f->what, out);
	place_line("after", f->after, out);
	if (!r->o.redact)
		bytes_text(f, out);
	buf_putc(out, '\n');
}

static void verify_text(const struct report *r, struct buf *out)
{
	const struct pycore_verdict *v = r->verdict;
	char text[NUMBER_ROOM];

	for (size_t i = 0; i < v->n_faults; i++)
		fault_text(r, &v->faults[i], out);
	if (v->total > v->n_faults)
		buf_printf(out, "and %s more\n\n", number_count(text, v->total - v->n_faults));
	buf_printf(out, "%s fault%s in", v->total ? number_count(text, v->total) : "no",
		   v->total == 1 ? "" : "s");
	for (size_t i = 0; i < v->n_checked; i++)
		buf_printf(out, "%s %s %s", i ? "," : "", number_count(text, v->checked[i].count),
			   v->checked[i].kind);
	buf_putc(out, '\n');
}

static json_t *bytes_json(const struct pycore_fault *f)
{
	char hex[2 * PYCORE_FAULT_BYTES + 1] = "";

	for (size_t i = 0; i < f->n_bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", f->bytes[i]);
	return json_string(hex);
}

static json_t *fault_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_fault *f = &r->verdict->faults[i];
	json_t *row = json_object();

	json_put(out, row, "kind", json_text(f->kind));
	json_put(out, row, "address", json_address(f->address));
	json_put(out, row, "text", json_text(f->text));
	json_put(out, row, "at", json_address(f->at));
	json_put(out, row, "before", json_text(f->before));
	json_put(out, row, "here", json_text(f->what));
	json_put(out, row, "after", json_text(f->after));
	if (!r->o.redact && f->n_bytes) {
		json_put(out, row, "bytes_at", json_address(f->bytes_at));
		json_put(out, row, "bytes", bytes_json(f));
	}
	return row;
}

static void verify_json(const struct report *r, struct json_out *out)
{
	const struct pycore_verdict *v = r->verdict;
	json_t *checked = json_object();

	for (size_t i = 0; i < v->n_checked; i++)
		json_put(out, checked, v->checked[i].kind, json_count(v->checked[i].count));
	json_put(out, out->root, "total", json_count(v->total));
	json_put(out, out->root, "checked", checked);
	json_list(out, "faults", v->n_faults, fault_json, r);
}

const struct report_kind report_verify = {
	.name = "verify",
	.read = verify_read,
	.text = verify_text,
	.json = verify_json,
};
