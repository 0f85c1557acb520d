/* SPDX-License-Identifier: MIT */
#ifndef REPORT_UTF8_H
#define REPORT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decode one character of @p text. @return its bytes, 0: not UTF-8 (or the end of the text). */
size_t utf8_next(const char *text, uint32_t *character);

/* Columns that a terminal gives one character: 0, 1 or 2. */
unsigned utf8_columns(uint32_t character);

/* Columns of a text that escape_text() made. */
size_t text_columns(const char *text);

#endif
