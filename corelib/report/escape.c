/* SPDX-License-Identifier: MIT */
#include "report/escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "report/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Seen as nothing, or turning what is around them: a name must not hide behind these. */
static bool is_invisible(uint32_t c)
{
	return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

/*
 * The next piece of @p text, ready for a terminal.
 * @return bytes of @p text that it stands for
 */
static size_t next_piece(const char *text, char piece[16], size_t *columns)
{
	uint32_t c;
	size_t len = utf8_next(text, &c);

	if (!len || is_control(c)) {
		/* C1 controls are below 0x100 as characters but two bytes as UTF-8. */
		c = len ? c : (unsigned char)*text;
		*columns = (size_t)snprintf(piece, 16, "\\x%02x", c);
		return len ? len : 1;
	}
	if (is_invisible(c)) {
		*columns = (size_t)snprintf(piece, 16, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
		return len;
	}
	memcpy(piece, text, len);
	piece[len] = '\0';
	*columns = utf8_columns(c);
	return len;
}

static void put_piece(struct buf *out, const char *piece, bool dot)
{
	for (; *piece; piece++) {
		if (dot && (*piece == '"' || *piece == '\\'))
			buf_putc(out, '\\');
		buf_putc(out, *piece);
	}
}

static void escape(struct buf *out, const char *text, size_t most, bool dot)
{
	size_t used = 0, columns, fits_len = out->len;
	char piece[16];

	text = text ? text : "?";
	while (*text) {
		size_t len = next_piece(text, piece, &columns);

		if (most && used + columns > most) {
			/* Go back to where the ellipsis still has room. */
			if (!out->failed && out->text) {
				out->len = fits_len;
				out->text[fits_len] = '\0';
			}
			buf_puts(out, ELLIPSIS);
			return;
		}
		put_piece(out, piece, dot);
		used += columns;
		text += len;
		if (used + 1 <= most)
			fits_len = out->len;
	}
}

void escape_text(struct buf *out, const char *text, size_t columns)
{
	escape(out, text, columns, false);
}

void escape_dot(struct buf *out, const char *text, size_t columns)
{
	escape(out, text, columns, true);
}

void escape_short_repr(struct buf *out, const char *repr, const char *type)
{
	size_t len = strlen(repr), name = strlen(type);
	const char *at = repr;

	while (*at && strncmp(at, " at 0x", 6))
		at++;
	if (*at && at[6 + strspn(at + 6, "0123456789abcdef")] == '>' &&
	    at + 7 + strspn(at + 6, "0123456789abcdef") == repr + len) {
		if (!strncmp(repr + 1, type, name) && !strncmp(repr + 1 + name, " object at ", 11))
			return;
		buf_add(out, repr, (size_t)(at - repr));
		buf_putc(out, '>');
		return;
	}
	buf_puts(out, repr);
}

void escape_utf8(struct buf *out, const char *text)
{
	uint32_t c;
	size_t len;

	for (text = text ? text : "?"; *text; text += len ? len : 1) {
		len = utf8_next(text, &c);
		if (len)
			buf_add(out, text, len);
		else
			buf_puts(out, "\xef\xbf\xbd");
	}
}

static bool is_plain(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789%+,-./:=@_";

	return *text && strspn(text, plain) == strlen(text);
}

void escape_shell(struct buf *out, const char *text)
{
	struct buf shown = { 0 };

	escape_text(&shown, text, 0);
	text = shown.text ? shown.text : "";
	if (is_plain(text)) {
		buf_puts(out, text);
	} else {
		buf_putc(out, '\'');
		for (; *text; text++) {
			if (*text == '\'')
				buf_puts(out, "'\\''");
			else
				buf_putc(out, *text);
		}
		buf_putc(out, '\'');
	}
	out->failed |= shown.failed;
	buf_free(&shown);
}
