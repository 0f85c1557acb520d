/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct buf *b, size_t more)
{
	size_t size = b->size ? b->size : 256;
	char *text;

	if (b->failed)
		return false;
	if (more >= SIZE_MAX / 4 || b->len >= SIZE_MAX / 4) {
		b->failed = true;
		return false;
	}
	while (size < b->len + more + 1)
		size *= 2;
	if (size == b->size)
		return true;
	text = realloc(b->text, size);
	if (!text) {
		b->failed = true;
		return false;
	}
	b->text = text;
	b->size = size;
	return true;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!make_room(b, len))
		return;
	if (len)
		memcpy(b->text + b->len, bytes, len);
	b->len += len;
	b->text[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0 || !make_room(b, (size_t)len)) {
		b->failed = true;
		return;
	}
	va_start(args, format);
	vsnprintf(b->text + b->len, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
}

void buf_free(struct buf *b)
{
	free(b->text);
	*b = (struct buf){ 0 };
}
