/* SPDX-License-Identifier: MIT */
#ifndef HEAP_EDGES_H
#define HEAP_EDGES_H

#include "base/links.h"
#include "base/map.h"
#include "base/vec.h"
#include "heap/arenas.h"
#include "heap/behind.h"
#include "object/object.h"

/* What an object is, beside its type and size. */
enum object_flag {
	OBJECT_PART = 1,     /* the __dict__ of its owner */
	OBJECT_TRACKED = 2,  /* by the cycle collector */
	OBJECT_IMMORTAL = 4, /* its count says that it is never freed */
	OBJECT_STATIC = 8,   /* in a module's data */
};

/*
 * Every object by number, and the references among them: owned ones and guesses,
 * each as often as it is there. Arrays have room for all objects but for forward,
 * which is made; @c giants has the size, by 1 + number, of those whose bytes are UINT32_MAX.
 */
struct object_arrays {
	uint32_t *type;  /* number in the table of types */
	uint32_t *bytes; /* sys.getsizeof */
	uint8_t *flags;
	struct map giants;
	struct links forward;
	struct behind_starts starts; /* until these were followed */
};

/*
 * Whether a reference holds its object. Words of a running frame's stack that may be
 * left over do not: those are roots of the last resort.
 */
bool edge_holds(enum edge_kind kind, const struct label *label);

struct heap;

/*
 * Fill them in one pass over memory. @return 0, PYCORE_ERR_NOMEM, or
 * PYCORE_ERR_UNSUPPORTED where there are 2^32 references or more
 */
int heap_edges(const struct heap *h, const struct ctx *c, struct object_arrays *out,
	       void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total),
	       void *progress_ctx);

/* Where a worker puts the references of the objects of one chunk. */
struct edge_sink {
	const struct index *index;
	const struct arenas *arenas;
	uint8_t *flags;                  /* by object, or NULL */
	const struct index_chunk *last;  /* that an address was in */
	VEC(uint32_t) to;
	bool failed;
};

/* The chunk of an address that is not in the last one, or NULL. */
static inline const struct index_chunk *edge_sink_chunk(struct edge_sink *e, uint64_t to)
{
	uint64_t number = (to >> INDEX_CHUNK_SHIFT) - e->arenas->first_chunk;
	const struct index_chunk *chunk;

	if (e->last && to - e->last->start < INDEX_CHUNK_SIZE)
		return e->last;
	chunk = number < e->arenas->n_chunks ? e->arenas->chunks[number] : NULL;
	if (!chunk)
		chunk = index_chunk_at(e->index, to);
	if (chunk)
		e->last = chunk;
	return chunk;
}

/* The object at @p to; UINT32_MAX: none. */
static inline uint32_t edge_sink_number(struct edge_sink *e, uint64_t to)
{
	const struct index_chunk *chunk = edge_sink_chunk(e, to);

	return chunk ? index_chunk_number_of(chunk, to) : UINT32_MAX;
}

static inline void edge_sink_add(struct edge_sink *e, uint64_t to)
{
	uint32_t number = to ? edge_sink_number(e, to) : UINT32_MAX;

	if (number != UINT32_MAX)
		e->failed |= !vec_push(&e->to, number);
}

/* The object at @p to is the __dict__ of one that was met. */
void edge_sink_part(struct edge_sink *e, uint64_t to);

/* A reference that the object room has found. */
void edge_sink_add_labelled(struct edge_sink *e, uint64_t to, const struct label *label);

#endif
