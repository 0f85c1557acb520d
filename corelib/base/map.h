/* SPDX-License-Identifier: MIT */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** From u64 keys (never 0) to u64 values, open addressing. Zero is empty. */
struct map {
	struct map_slot {
		uint64_t key, value;
	} *slots;
	size_t n, mask; /* mask is 0 while there are no slots */
};

static inline size_t map_hash(uint64_t key)
{
	return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20);
}

/** @return where @p key's value is, or NULL; good until the next map_put() */
static inline uint64_t *map_get(const struct map *m, uint64_t key)
{
	if (!m->mask)
		return NULL;
	for (size_t i = map_hash(key) & m->mask;; i = (i + 1) & m->mask) {
		if (m->slots[i].key == key)
			return &m->slots[i].value;
		if (!m->slots[i].key)
			return NULL;
	}
}

/** Find @p key or add it with value 0. @return where its value is, NULL: no memory (or key 0) */
uint64_t *map_put(struct map *m, uint64_t key, bool *added);

void map_free(struct map *m);

#endif
