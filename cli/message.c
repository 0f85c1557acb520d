/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <stdio.h>
#include <string.h>

#include "progress.h"

/* Bytes of the UTF-8 character at @p s if a terminal may have it, else 0. */
static size_t harmless(const unsigned char *s)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] < ' ' || s[0] == 0x7f || (s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	/* C1 controls, and what hides text or turns it around, U+200B to U+206F. */
	if ((s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xe2 && s[1] == 0x80 && s[2] >= 0x8b &&
					      (s[2] <= 0x8f || s[2] >= 0xa8) && s[2] <= 0xae) ||
	    (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf))
		return 0;
	return len;
}

void message_print(const char *kind, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	progress_clear();
	fprintf(stderr, "pycore: %s", kind);
	while (*s) {
		size_t len = harmless(s);

		if (len)
			fwrite(s, 1, len, stderr);
		else
			fprintf(stderr, "\\x%02x", *s);
		s += len ? len : 1;
	}
	fputc('\n', stderr);
}
