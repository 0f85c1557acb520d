/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct pycore_error *err, int status, const char *format, va_list args)
{
	*err = (struct pycore_error){ .status = status };
	vsnprintf(err->message, sizeof(err->message), format, args);
	/* One line is promised, whatever a path or a name of the target holds. */
	for (char *c = err->message; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
}

int pycore_fail(struct pycore_error *err, int status, const char *format, ...)
{
	va_list args;

	if (!err)
		return status;
	va_start(args, format);
	fill(err, status, format, args);
	va_end(args);
	return status;
}

int pycore_fail_errno(struct pycore_error *err, int status, int os_errno, const char *format, ...)
{
	va_list args;
	char text[96];
	size_t used;

	if (!err)
		return status;
	va_start(args, format);
	fill(err, status, format, args);
	va_end(args);
	err->os_errno = os_errno;
	used = strlen(err->message);
	snprintf(err->message + used, sizeof(err->message) - used, ": %s",
		 strerror_r(os_errno, text, sizeof(text)));
	return status;
}
