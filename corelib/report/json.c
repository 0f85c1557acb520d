/* SPDX-License-Identifier: MIT */
#include "report/json.h"

#include <inttypes.h>
#include <stdio.h>

#include "report/escape.h"

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

static int put_text(const char *text, size_t len, void *out)
{
	buf_add(out, text, len);
	return 0;
}

/*
 * ASCII alone, since JSON is shown on terminals too, and its own rules leave
 * DEL, C1 controls and direction marks as they are.
 */
void json_write(struct json_out *from, struct buf *out)
{
	if (from->failed || !from->root ||
	    json_dump_callback(from->root, put_text, out, JSON_INDENT(1) | JSON_ENSURE_ASCII))
		out->failed = true;
	buf_putc(out, '\n');
}
