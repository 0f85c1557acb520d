/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_VERIFY_H
#define PYCORE_VERIFY_H

#include <pycore/session.h>

/** Bytes of the target that are shown around what is wrong. */
#define PYCORE_FAULT_BYTES 64

/** Something in the heap that contradicts itself: what no CPython ever leaves so. */
struct pycore_fault {
	const char *kind;    /**< "type", "reference", "refcount", "gc", "dict", "list", "tuple",
	                      * "str", "bytes", "set" or "pool" */
	uint64_t address;    /**< of the object, block, or pool (mimalloc: page) */
	uint64_t at;         /**< of what is wrong in it */
	const char *text;    /**< one line: what is wrong */
	const char *what;    /**< what is there: "dict at 0x...", "freed memory", ... */
	const char *before;  /**< what ends where it begins, or NULL: not known */
	const char *after;   /**< what begins where it ends, or NULL: not known */
	uint64_t bytes_at;   /**< address of the first of @c bytes, on a mark of 16 */
	size_t n_bytes;      /**< how many there are: those that could be read */
	uint8_t bytes[PYCORE_FAULT_BYTES];
};

/** How many of one kind were looked at. */
struct pycore_checked {
	const char *kind;
	uint64_t count;
};

struct pycore_verdict {
	const struct pycore_fault *faults; /**< by address */
	size_t n_faults;
	uint64_t total; /**< of which only some may be told */
	const struct pycore_checked *checked;
	size_t n_checked;
};

/**
 * Look at every object for what cannot be: that its type is a type, that its references
 * lead to objects, that no fewer references are counted than there are; at the collector's
 * links in both directions; at the tables of dicts and sets, lists, the characters of str;
 * and at the allocator's free blocks. What is only found unreadable is no fault.
 *
 * @param limit  faults to tell, 0: all that are kept (some thousands)
 * @param out    lives until pycore_close()
 */
PYCORE_API int pycore_verify(struct pycore *session, size_t limit,
			     const struct pycore_verdict **out, struct pycore_error *err);

#endif
