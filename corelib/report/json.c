/* SPDX-License-Identifier: MIT */
#include "report/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/escape.h"

#define FLUSH_SIZE ((size_t)1 << 20)

json_t *json_text(const char *text)
{
	struct buf valid = { 0 };
	json_t *value;

	if (!text)
		return json_null();
	escape_utf8(&valid, text);
	value = valid.failed ? NULL : json_stringn_nocheck(valid.text ? valid.text : "", valid.len);
	buf_free(&valid);
	return value;
}

json_t *json_address(uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	return json_string(text);
}

json_t *json_count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

void json_put(struct json_out *out, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value))
		out->failed = true;
}

void json_push(struct json_out *out, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		out->failed = true;
}

void json_list(struct json_out *out, const char *key, size_t n, json_row_fn *row, const void *ctx)
{
	if (out->n_lists == JSON_LISTS) {
		out->failed = true;
		return;
	}
	out->lists[out->n_lists].key = key;
	out->lists[out->n_lists].n = n;
	out->lists[out->n_lists].row = row;
	out->lists[out->n_lists++].ctx = ctx;
}

/* DEL is ASCII, and in strings alone. */
static int put_text(const char *text, size_t len, void *to)
{
	const char *end = text + len, *del;

	while ((del = memchr(text, 0x7f, (size_t)(end - text)))) {
		buf_add(to, text, (size_t)(del - text));
		buf_puts(to, "\\u007f");
		text = del + 1;
	}
	buf_add(to, text, (size_t)(end - text));
	return 0;
}

/*
 * ASCII alone, since JSON is shown on terminals too, and its own rules leave
 * DEL, C1 controls and direction marks as they are.
 */
static void dump(struct json_out *from, const json_t *value, size_t flags, struct buf *to)
{
	if (!value || json_dump_callback(value, put_text, to, JSON_ENSURE_ASCII | flags))
		from->failed = true;
}

static bool write_list(struct json_out *from, size_t list, struct buf *to,
		       bool (*flush)(void *ctx), void *ctx)
{
	size_t n = from->lists[list].n;

	buf_printf(to, ",\n \"%s\": [", from->lists[list].key);
	for (size_t i = 0; i < n && !from->failed; i++) {
		json_t *row = from->lists[list].row(from->lists[list].ctx, i, from);

		buf_puts(to, i ? ",\n  " : "\n  ");
		dump(from, row, 0, to);
		json_decref(row);
		if (to->len >= FLUSH_SIZE && !flush(ctx))
			return false;
	}
	buf_puts(to, n ? "\n ]" : "]");
	return true;
}

/* The root is never empty: the last two bytes of its text are a newline and its brace. */
void json_write(struct json_out *from, struct buf *to, bool (*flush)(void *ctx), void *ctx)
{
	bool going = true;

	dump(from, from->root, JSON_INDENT(1), to);
	if (to->failed || from->failed || to->len < 2) {
		to->failed = true;
		return;
	}
	to->len -= 2;
	for (size_t i = 0; i < from->n_lists && going; i++)
		going = write_list(from, i, to, flush, ctx);
	buf_puts(to, "\n}\n");
	to->failed |= from->failed;
}
