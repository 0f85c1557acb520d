/* SPDX-License-Identifier: MIT */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <pycore/error.h>

/** Fill @p err (which may be NULL) and return @p status. */
int pycore_fail(struct pycore_error *err, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** As pycore_fail(), with @p os_errno kept and its text put after the message. */
int pycore_fail_errno(struct pycore_error *err, int status, int os_errno, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
