/* SPDX-License-Identifier: MIT */
#ifndef REPORT_ESCAPE_H
#define REPORT_ESCAPE_H

#include "base/buf.h"

/*
 * Text from the target is hostile: nothing of it may move a terminal's cursor,
 * turn the direction of a line, or end a quoted string. NULL reads as "?".
 */

/*
 * For a terminal: control characters, what is not UTF-8, and characters that
 * are not seen or turn the line around come out as \x1b or \u202e. At most
 * @p columns wide, the last being an ellipsis if it is cut; 0: no limit.
 */
void escape_text(struct buf *out, const char *text, size_t columns);

/* As escape_text(), but for the inside of a DOT string: quotes and backslashes too. */
void escape_dot(struct buf *out, const char *text, size_t columns);

/*
 * What a repr adds to the type's name and the address, which stand beside it:
 * "<function f at 0x7f00>" without the address; nothing of "<m.C object at 0x7f00>".
 */
void escape_short_repr(struct buf *out, const char *repr, const char *type);

/* Valid UTF-8: each byte that is none becomes U+FFFD. */
void escape_utf8(struct buf *out, const char *text);

/* One word of a POSIX shell command, quoted if it must be. */
void escape_shell(struct buf *out, const char *text);

#endif
