/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_ERROR_H
#define PYCORE_ERROR_H

#include <stdint.h>

/** Why a call could not do its work. Success is 0; every failure is negative. */
enum pycore_status {
	PYCORE_OK = 0,
	PYCORE_ERR_NOMEM = -1,       /**< this program is out of memory */
	PYCORE_ERR_FAULT = -2,       /**< an address of the target cannot be read */
	PYCORE_ERR_DAMAGED = -3,     /**< it was read, and cannot be what it should be */
	PYCORE_ERR_OPEN = -4,        /**< a file or process cannot be opened */
	PYCORE_ERR_FORMAT = -5,      /**< not an ELF core, or one of another machine */
	PYCORE_ERR_NOT_PYTHON = -6,  /**< no CPython in the target */
	PYCORE_ERR_UNSUPPORTED = -7, /**< a CPython whose layout is not known, or fails its checks */
	PYCORE_ERR_PERMISSION = -8,  /**< the system forbids looking into the process */
	PYCORE_ERR_GONE = -9,        /**< the process ended while it was looked at */
	PYCORE_ERR_ARGUMENT = -10,   /**< the caller asked for something that makes no sense */
	PYCORE_ERR_NOT_FOUND = -11,  /**< nothing has that name or address */
	PYCORE_ERR_OUTPUT = -12,     /**< the answer could not be written */
	PYCORE_ERR_CANCELLED = -13,  /**< the caller gave up */
	PYCORE_ERR_TOO_LONG = -14,   /**< a limit of time was reached */
};

/**
 * What went wrong, by value: nothing to free, the same bytes in C and ctypes.
 */
struct pycore_error {
	int32_t status;    /**< enum pycore_status */
	int32_t os_errno;  /**< errno of the failed call, or 0 */
	uint64_t address;  /**< target address at fault, or 0 */
	char message[240]; /**< one line, no newline, always terminated: what is wrong and what to do */
};

#endif
