/* SPDX-License-Identifier: MIT */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* One JSON object being made. A failed allocation is remembered and checked at the end. */
struct json_out {
	json_t *root;
	bool failed;
};

/* Text of the target as valid UTF-8; NULL becomes null. */
json_t *json_text(const char *text);

/* "0x7f..." */
json_t *json_address(uint64_t address);

json_t *json_count(uint64_t n);

/* As json_object_set_new() and json_array_append_new(). */
void json_put(struct json_out *out, json_t *object, const char *key, json_t *value);
void json_push(struct json_out *out, json_t *array, json_t *value);

/* All of it as text, one line an item, ASCII alone. */
void json_write(struct json_out *from, struct buf *out);

#endif
