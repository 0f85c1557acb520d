/* SPDX-License-Identifier: MIT */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Growing text, always terminated. A failed allocation is remembered in
 * @c failed and makes all that follows a no-op, so it is checked once, at the end.
 */
struct buf {
	char *text; /* NULL while empty */
	size_t len, size;
	bool failed;
};

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_free(struct buf *b);

#endif
