/* SPDX-License-Identifier: MIT */
#include "base/links.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"

int links_room(struct links *l, size_t n_nodes, uint64_t most)
{
	void *to;

	*l = (struct links){ .n_nodes = n_nodes };
	if (n_nodes >= UINT32_MAX)
		return PYCORE_ERR_UNSUPPORTED;
	if (most > UINT32_MAX)
		return PYCORE_ERR_UNSUPPORTED;
	if (!most)
		most = 1;
	l->start = calloc(n_nodes + 1, sizeof(*l->start));
	to = mmap(NULL, most * sizeof(*l->to), PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!l->start || to == MAP_FAILED) {
		if (to != MAP_FAILED)
			munmap(to, most * sizeof(*l->to));
		free(l->start);
		*l = (struct links){ 0 };
		return PYCORE_ERR_NOMEM;
	}
	l->to = to;
	l->room = most;
	return 0;
}

int links_grow(struct links *l, uint64_t n)
{
	uint64_t room = n + n / 2;
	void *to;

	if (n <= l->room)
		return 0;
	if (n > UINT32_MAX)
		return PYCORE_ERR_UNSUPPORTED;
	to = mremap(l->to, l->room * sizeof(*l->to), room * sizeof(*l->to), MREMAP_MAYMOVE);
	if (to == MAP_FAILED)
		return PYCORE_ERR_NOMEM;
	l->to = to;
	l->room = room;
	return 0;
}

void links_trim(struct links *l)
{
	size_t n = l->start[l->n_nodes] ? l->start[l->n_nodes] : 1;
	void *to = mremap(l->to, l->room * sizeof(*l->to), n * sizeof(*l->to), 0);

	/* It shrinks in place, or stays as it is. */
	if (to != MAP_FAILED)
		l->room = n;
}

int links_sum(uint32_t *start, size_t n_nodes)
{
	uint64_t sum = 0;

	for (size_t i = 1; i <= n_nodes; i++) {
		sum += start[i];
		if (sum > UINT32_MAX)
			return PYCORE_ERR_UNSUPPORTED;
		start[i] = (uint32_t)sum;
	}
	return 0;
}

void links_unshift(struct links *l)
{
	memmove(l->start + 1, l->start, l->n_nodes * sizeof(*l->start));
	l->start[0] = 0;
}

int links_insert(struct links *l, const struct links_pair *pairs, size_t n)
{
	int rc = links_grow(l, (uint64_t)l->start[l->n_nodes] + n);

	/* From the last node on: all before the first that gets an edge stay where they are. */
	for (size_t node = l->n_nodes; n && !rc; node--) {
		uint32_t begin = l->start[node - 1], end = l->start[node];

		l->start[node] = end + (uint32_t)n;
		while (n && pairs[n - 1].from == node - 1) {
			n--;
			l->to[end + n] = pairs[n].to;
		}
		memmove(l->to + begin + n, l->to + begin, (end - begin) * sizeof(*l->to));
	}
	return rc;
}

void links_fini(struct links *l)
{
	free(l->start);
	if (l->to)
		munmap(l->to, l->room * sizeof(*l->to));
	*l = (struct links){ 0 };
}
