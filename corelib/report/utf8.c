/* SPDX-License-Identifier: MIT */
#include "report/utf8.h"

size_t utf8_next(const char *text, uint32_t *character)
{
	const unsigned char *s = (const unsigned char *)text;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = s[0];
	size_t len;

	if (c < 0x80) {
		*character = c;
		return c ? 1 : 0;
	}
	len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	c &= 0x7fu >> len;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*character = c;
	return len;
}

struct range {
	uint32_t first, last;
};

/* wcwidth() asks the locale, which is the host program's; a table of the common scripts does. */
static const struct range no_columns[] = {
	{ 0x300, 0x36f },   { 0x483, 0x489 },	{ 0x591, 0x5bd },   { 0x610, 0x61a },
	{ 0x64b, 0x65f },   { 0x93c, 0x93c },	{ 0x94d, 0x94d },   { 0xe31, 0xe31 },
	{ 0xe34, 0xe3a },   { 0xe47, 0xe4e },	{ 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },
	{ 0x200c, 0x200d }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};

static const struct range two_columns[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },	  { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff },   { 0xfe30, 0xfe4f },   { 0xff00, 0xff60 },	  { 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

#define IN(table, c) in_ranges(table, sizeof(table) / sizeof((table)[0]), c)

static int in_ranges(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return 1;
	}
	return 0;
}

unsigned utf8_columns(uint32_t character)
{
	if (character < 0x300)
		return 1;
	if (IN(no_columns, character))
		return 0;
	return IN(two_columns, character) ? 2 : 1;
}

size_t text_columns(const char *text)
{
	size_t columns = 0, len;
	uint32_t c;

	while (*text) {
		len = utf8_next(text, &c);
		columns += len ? utf8_columns(c) : 1;
		text += len ? len : 1;
	}
	return columns;
}
