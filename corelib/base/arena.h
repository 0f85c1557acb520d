/* SPDX-License-Identifier: MIT */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

/** Memory given back all at once. Zero is an empty arena. */
struct arena {
	struct arena_chunk *chunks;
	size_t used, size; /* of the newest chunk */
};

/** @return zeroed memory aligned for any type, or NULL */
void *arena_alloc(struct arena *a, size_t size);

/** @return zeroed room for @p n items of @p size bytes, or NULL (also when that overflows) */
void *arena_array(struct arena *a, size_t n, size_t size);

char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *text, size_t len);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *a);

#endif
