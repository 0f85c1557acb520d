/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/escape.h"
#include "report/number.h"
#include "report/show.h"
#include "report/style.h"

#define REPR_COLUMNS 60
#define NAME_COLUMNS 48
#define STEPS_SHOWN 40

static void item(struct buf *out, const char *name)
{
	buf_printf(out, "  %-9s ", name);
}

static void value_text(const struct report *r, const char *value, size_t columns, struct buf *out)
{
	if (r->o.redact)
		buf_puts(out, "(redacted)");
	else if (value)
		escape_text(out, value, columns);
	else
		buf_puts(out, "(cannot be read)");
}

/* Without values the column still has remarks. */
static const char *value_head(const struct report *r)
{
	return r->o.redact ? "<" : "<value";
}

static void size_text(const struct pycore_detail *d, struct buf *out)
{
	char text[NUMBER_ROOM];

	item(out, "size");
	buf_printf(out, "%s bytes", number_count(text, d->object.bytes));
	if (d->block_bytes)
		buf_printf(out, ", in a block of %s bytes from %s", number_count(text, d->block_bytes),
			   d->allocator);
	if (d->n_outside)
		buf_printf(out, "; %s bytes of memory elsewhere are its own",
			   number_count(text, d->outside_bytes));
	buf_putc(out, '\n');
}

/* What kind of thing it is, if it is not the usual: made at run time, and one of many. */
static void nature_text(const struct pycore_detail *d, struct buf *out)
{
	const char *name = d->file && strrchr(d->file, '/') ? strrchr(d->file, '/') + 1 : d->file;

	if (!d->interned && !d->small_int && !d->file)
		return;
	item(out, "kind");
	if (d->small_int)
		buf_puts(out, "a small int, of which there is one only");
	else if (d->interned)
		buf_puts(out, "an interned string, of which there is one only");
	if (d->file) {
		buf_printf(out, "%sstatic in ", d->small_int || d->interned ? "; " : "");
		escape_text(out, name, 0);
		if (d->symbol) {
			buf_puts(out, ": ");
			escape_text(out, d->symbol, 0);
		}
	}
	buf_putc(out, '\n');
}

static void head_text(const struct report *r, struct buf *out)
{
	const struct pycore_detail *d = r->detail;
	char text[NUMBER_ROOM];

	style_begin(out, r->o.color, STYLE_NAME);
	escape_text(out, d->object.type, 0);
	style_end(out, r->o.color);
	buf_printf(out, " 0x%" PRIx64, d->object.address);
	if (d->found_as) {
		buf_puts(out, ", ");
		escape_text(out, d->found_as, 0);
	}
	buf_putc(out, '\n');
	if (d->asked > d->object.address)
		buf_printf(out, "  0x%" PRIx64 " is inside of it, at byte %" PRIu64 "\n", d->asked,
			   d->asked - d->object.address);
	else if (d->asked < d->object.address)
		buf_printf(out, "  0x%" PRIx64 " is in what stands before it\n", d->asked);
	item(out, "value");
	value_text(r, d->object.repr, 0, out);
	buf_putc(out, '\n');
	item(out, "refcount");
	if (d->object.refcount < 0)
		buf_puts(out, "immortal\n");
	else
		buf_printf(out, "%s\n", number_count(text, (uint64_t)d->object.refcount));
	size_text(d, out);
	nature_text(d, out);
	item(out, "collector");
	buf_puts(out, d->tracked ? "tracked\n" : d->gc ? "not tracked\n" : "not of its concern\n");
}

static void way_text(const struct report *r, struct buf *out)
{
	const struct pycore_detail *d = r->detail;
	const char *owner = "module";
	struct buf text = { 0 };

	item(out, "kept by");
	if (!d->root) {
		buf_puts(out, "no module, frame or class, as far as references tell\n");
		return;
	}
	refs_root(r, d->root, &text);
	for (size_t i = 0; i < d->n_steps && i < STEPS_SHOWN; i++) {
		buf_putc(&text, ' ');
		report_label(r, d->steps[i].label, owner, &text);
		owner = d->steps[i].type;
	}
	if (d->n_steps > STEPS_SHOWN)
		buf_printf(&text, " and %zu steps more", d->n_steps - STEPS_SHOWN);
	escape_text(out, text.text ? text.text : "", 0);
	if (!d->n_steps)
		buf_puts(out, ", which it is itself");
	out->failed |= text.failed;
	buf_free(&text);
	buf_putc(out, '\n');
}

static void address_cell(struct table *t, struct table_row *row, size_t column, uint64_t address)
{
	char text[NUMBER_ROOM];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	table_set(t, row, column, text);
}

static void short_value(const struct report *r, struct table *t, struct table_row *row,
			size_t column, const char *value, const char *type)
{
	struct buf text = { 0 };

	if (value && !r->o.redact)
		escape_short_repr(&text, value, type);
	table_set_text(t, row, column, text.text ? text.text : "", REPR_COLUMNS);
	t->failed |= text.failed;
	buf_free(&text);
}

static void more_row(struct table *t, unsigned level, uint64_t more)
{
	char n[NUMBER_ROOM], text[NUMBER_ROOM + 160];

	if (!more)
		return;
	snprintf(text, sizeof(text), "%*s%s more", (int)(2 * level), "", number_count(n, more));
	table_set(t, table_row(t), 0, text);
}

static void field_row(const struct report *r, struct table *t, const struct pycore_field *f,
		      const char *owner, unsigned level)
{
	struct table_row *row = table_row(t);
	struct buf name = { 0 };

	for (unsigned i = 0; i < level; i++)
		buf_puts(&name, "  ");
	report_label(r, *f->name ? f->name : "?", owner, &name);
	if (!strcmp(f->kind, "weak") || !strcmp(f->kind, "guess"))
		buf_printf(&name, " (%s)", f->kind);
	table_set_text(t, row, 0, name.text ? name.text : "", NAME_COLUMNS + 2 * level);
	t->failed |= name.failed;
	buf_free(&name);
	address_cell(t, row, 1, f->address);
	table_set_text(t, row, 2, f->type, 0);
	if (f->address == r->detail->object.address)
		table_set(t, row, 3, "(the object itself)");
	else if (f->seen)
		table_set(t, row, 3, "(shown elsewhere)");
	else
		short_value(r, t, row, 3, f->value, f->type);
}

/* As deep as the library has made it, which is bounded. */
static void field_rows(const struct report *r, struct table *t, const struct pycore_field *fields,
		       size_t n, uint64_t more, const char *owner, unsigned level)
{
	for (size_t i = 0; i < n; i++) {
		const struct pycore_field *f = &fields[i];

		field_row(r, t, f, owner, level);
		field_rows(r, t, f->fields, f->n_fields, f->more, f->type, level + 1);
	}
	more_row(t, level, more);
}

static void fields_text(const struct report *r, struct buf *out)
{
	const char *const heads[] = { "<field", "<address", "<type", value_head(r), NULL };
	const struct pycore_detail *d = r->detail;
	struct arena arena = { 0 };
	struct table t = table_make(&arena, heads);

	if (d->n_fields) {
		field_rows(r, &t, d->fields, d->n_fields, d->more_fields, d->object.type, 0);
		buf_putc(out, '\n');
		table_write(&t, out, "", r->o.width, r->o.color);
	}
	out->failed |= t.failed;
	arena_free(&arena);
}

static void referrer_row(const struct report *r, struct table *t,
			 const struct pycore_referrer *from)
{
	struct table_row *row = table_row(t);
	struct buf text = { 0 };

	report_label(r, *from->label ? from->label : "?", from->type, &text);
	if (from->guess)
		buf_puts(&text, " (guess)");
	table_set_text(t, row, 0, text.text ? text.text : "", NAME_COLUMNS);
	buf_free(&text);
	address_cell(t, row, 1, from->address);
	table_set_text(t, row, 2, from->type, 0);
	if (from->root) {
		text = (struct buf){ 0 };
		refs_root(r, from->root, &text);
		table_set_text(t, row, 3, text.text ? text.text : "", 0);
		buf_free(&text);
		return;
	}
	short_value(r, t, row, 3, from->repr, from->type);
}

static void referrers_text(const struct report *r, struct buf *out)
{
	const char *const heads[] = { "<referred to by", "<of", "<type", value_head(r), NULL };
	const struct pycore_detail *d = r->detail;
	struct arena arena = { 0 };
	struct table t = table_make(&arena, heads);

	for (size_t i = 0; i < d->n_referrers; i++)
		referrer_row(r, &t, &d->referrers[i]);
	more_row(&t, 0, d->more_referrers);
	buf_putc(out, '\n');
	if (d->n_referrers || d->more_referrers)
		table_write(&t, out, "", r->o.width, r->o.color);
	else
		buf_puts(out, "nothing that was found refers to it\n");
	out->failed |= t.failed;
	arena_free(&arena);
}

void show_text(const struct report *r, struct buf *out)
{
	head_text(r, out);
	if (r->detail->has_referrers)
		way_text(r, out);
	fields_text(r, out);
	if (r->detail->has_referrers)
		referrers_text(r, out);
}

void print_text(const struct report *r, struct buf *out)
{
	const struct pycore_detail *d = r->detail;

	if (d->found_as) {
		escape_text(out, d->found_as, 0);
		buf_puts(out, " = ");
	}
	value_text(r, d->object.repr, 0, out);
	buf_putc(out, '\n');
}
