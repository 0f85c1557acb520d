/* SPDX-License-Identifier: MIT */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

/* "pycore: KIND text" on standard error; nothing in @p text can move the terminal's cursor. */
void message_print(const char *kind, const char *text);

#endif
