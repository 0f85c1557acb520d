/* SPDX-License-Identifier: MIT */
#ifndef BASE_LINKS_H
#define BASE_LINKS_H

#include <stddef.h>
#include <stdint.h>

/**
 * Edges of numbered nodes, packed: those of node i are to[start[i]] up to
 * to[start[i + 1]]. Fewer than 2^32 nodes and edges. Zero is empty.
 */
struct links {
	uint32_t *start; /* one more than there are nodes */
	uint32_t *to;
	size_t n_nodes, room;
};

/**
 * Room for @p n_nodes and @p most edges; all zero. Memory is taken where it is written.
 * @return 0, PYCORE_ERR_NOMEM, or
 * PYCORE_ERR_UNSUPPORTED if numbers of 32 bits are too few
 */
int links_room(struct links *l, size_t n_nodes, uint64_t most);

/**
 * Room for at least @p n edges; @c to may move, but is not copied. @return as links_room()
 */
int links_grow(struct links *l, uint64_t n);

/** Give back what is behind the last edge; start[n_nodes] tells how many there are. */
void links_trim(struct links *l);

/** Where start[i + 1] is how many edges node i has: make it where they end. */
int links_sum(uint32_t *start, size_t n_nodes);

/**
 * Filling moves each start[i] on to where node i ends; when all are there, move them back:
 * so a counting sort needs no second array.
 */
void links_unshift(struct links *l);

struct links_pair {
	uint32_t from, to;
};

/**
 * Add @p n edges, which are in the order of from, behind those that their nodes have.
 * @return as links_grow()
 */
int links_insert(struct links *l, const struct links_pair *pairs, size_t n);

void links_fini(struct links *l);

#endif
