/* SPDX-License-Identifier: MIT */
#include "report/table.h"

#include "report/escape.h"
#include "report/style.h"
#include "report/utf8.h"

#define GAP 2
#define NARROWEST 12

struct table table_make(struct arena *arena, const char *const *heads)
{
	struct table t = { .arena = arena };

	for (; heads[t.n_columns] && t.n_columns < TABLE_COLUMNS; t.n_columns++) {
		const char *head = heads[t.n_columns];

		t.left[t.n_columns] = *head == '<';
		t.heads[t.n_columns] = head + (*head == '<');
	}
	return t;
}

struct table_row *table_row(struct table *t)
{
	struct table_row *row = arena_alloc(t->arena, sizeof(*row));

	if (!row) {
		t->failed = true;
		return NULL;
	}
	if (t->last)
		t->last->next = row;
	else
		t->first = row;
	t->last = row;
	return row;
}

void table_set(struct table *t, struct table_row *row, size_t column, const char *cell)
{
	if (!row || column >= t->n_columns)
		return;
	row->cells[column] = arena_strdup(t->arena, cell);
	if (!row->cells[column])
		t->failed = true;
}

void table_set_text(struct table *t, struct table_row *row, size_t column, const char *text,
		    size_t most)
{
	struct buf cell = { 0 };

	escape_text(&cell, text, most);
	table_set(t, row, column, cell.text ? cell.text : "");
	t->failed |= cell.failed;
	buf_free(&cell);
}

static size_t cell_columns(const char *cell)
{
	return cell ? text_columns(cell) : 0;
}

static void measure(const struct table *t, size_t widths[TABLE_COLUMNS])
{
	for (size_t i = 0; i < t->n_columns; i++) {
		widths[i] = cell_columns(t->heads[i]);
		for (const struct table_row *row = t->first; row; row = row->next) {
			size_t columns = cell_columns(row->cells[i]);

			if (columns > widths[i])
				widths[i] = columns;
		}
	}
}

static void pad(struct buf *out, size_t columns)
{
	while (columns--)
		buf_putc(out, ' ');
}

static void write_cells(const struct table *t, struct buf *out, const char *const *cells,
			const size_t *widths, size_t room)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		size_t columns = cell_columns(cells[i]);
		bool last = i + 1 == t->n_columns;

		if (i)
			pad(out, GAP);
		if (!t->left[i])
			pad(out, widths[i] - columns);
		/* Escaped already; that escapes nothing twice, and cuts where a character ends. */
		if (cells[i])
			escape_text(out, cells[i], last ? room : 0);
		if (t->left[i] && !last)
			pad(out, widths[i] - columns);
	}
	while (out->len && out->text[out->len - 1] == ' ')
		out->text[--out->len] = '\0';
}

void table_write(const struct table *t, struct buf *out, const char *indent, size_t width,
		 bool color)
{
	size_t widths[TABLE_COLUMNS] = { 0 }, used = text_columns(indent), room = 0;

	out->failed |= t->failed;
	measure(t, widths);
	for (size_t i = 0; i + 1 < t->n_columns; i++)
		used += widths[i] + GAP;
	if (width)
		room = width > used + NARROWEST ? width - used : NARROWEST;
	buf_puts(out, indent);
	style_begin(out, color, STYLE_DIM);
	write_cells(t, out, t->heads, widths, 0);
	style_end(out, color);
	buf_putc(out, '\n');
	for (const struct table_row *row = t->first; row; row = row->next) {
		buf_puts(out, indent);
		if (row->strong)
			style_begin(out, color, STYLE_BOLD);
		write_cells(t, out, row->cells, widths, room);
		if (row->strong)
			style_end(out, color);
		buf_putc(out, '\n');
	}
}
