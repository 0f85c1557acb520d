/* SPDX-License-Identifier: MIT */
#ifndef REPORT_STYLE_H
#define REPORT_STYLE_H

#include "base/buf.h"

#define STYLE_BOLD "\033[1m"
#define STYLE_DIM "\033[2m"
#define STYLE_NAME "\033[36m"
#define STYLE_ALARM "\033[31m"

static inline void style_begin(struct buf *out, bool color, const char *style)
{
	if (color)
		buf_puts(out, style);
}

static inline void style_end(struct buf *out, bool color)
{
	if (color)
		buf_puts(out, "\033[0m");
}

static inline void style_puts(struct buf *out, bool color, const char *style, const char *text)
{
	style_begin(out, color, style);
	buf_puts(out, text);
	style_end(out, color);
}

#endif
