/* SPDX-License-Identifier: MIT */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct json_out;

/* Make row @p i of a list. */
typedef json_t *json_row_fn(const void *ctx, size_t i, struct json_out *out);

enum { JSON_LISTS = 8 };

/*
 * One JSON object being made. Lists that may be long are made row by row while
 * they are written. A failed allocation is remembered and checked at the end.
 */
struct json_out {
	json_t *root;
	bool failed;
	size_t n_lists;
	struct {
		const char *key;
		size_t n;
		json_row_fn *row;
		const void *ctx;
	} lists[JSON_LISTS];
};

/* Text of the target as valid UTF-8; NULL becomes null. */
json_t *json_text(const char *text);

/* "0x7f..." */
json_t *json_address(uint64_t address);

json_t *json_count(uint64_t n);

/* As json_object_set_new() and json_array_append_new(). */
void json_put(struct json_out *out, json_t *object, const char *key, json_t *value);
void json_push(struct json_out *out, json_t *array, json_t *value);

/* The list @p key of @p n rows, after all that json_put() has put into the root. */
void json_list(struct json_out *out, const char *key, size_t n, json_row_fn *row, const void *ctx);

/*
 * All of it as text, ASCII alone, a line a row. @p flush is called where there
 * is much in @p to, may empty it, and stops the writing if it says false.
 */
void json_write(struct json_out *from, struct buf *to, bool (*flush)(void *ctx), void *ctx);

#endif
