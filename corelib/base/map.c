/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <stdlib.h>

static bool grow(struct map *m)
{
	size_t size = m->mask ? (m->mask + 1) * 2 : 64;
	struct map bigger = { calloc(size, sizeof(*m->slots)), m->n, size - 1 };

	if (!bigger.slots)
		return false;
	for (size_t i = 0; m->mask && i <= m->mask; i++) {
		size_t at = map_hash(m->slots[i].key) & bigger.mask;

		if (!m->slots[i].key)
			continue;
		while (bigger.slots[at].key)
			at = (at + 1) & bigger.mask;
		bigger.slots[at] = m->slots[i];
	}
	free(m->slots);
	*m = bigger;
	return true;
}

uint64_t *map_put(struct map *m, uint64_t key, bool *added)
{
	uint64_t *value = key ? map_get(m, key) : NULL;
	size_t i;

	if (added)
		*added = false;
	if (value || !key)
		return value;
	if ((m->n + 1) * 3 > (m->mask + 1) * 2 || !m->mask) {
		if (!grow(m))
			return NULL;
	}
	for (i = map_hash(key) & m->mask; m->slots[i].key;)
		i = (i + 1) & m->mask;
	m->slots[i] = (struct map_slot){ .key = key };
	m->n++;
	if (added)
		*added = true;
	return &m->slots[i].value;
}

void map_free(struct map *m)
{
	free(m->slots);
	*m = (struct map){ 0 };
}
