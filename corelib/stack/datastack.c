/* SPDX-License-Identifier: MIT */
#include "stack/datastack.h"

#include "stack/code.h"
#include "stack/stack.h"

/* A million frames of the smallest size that is possible, in chunks of 16 KiB. */
#define MOST_CHUNKS 8192
#define MOST_IN_CHUNK 100000

struct chunk {
	uint64_t address, previous;
	uint64_t first, end; /* where its first frame is, and where the last one ends at most */
};

static bool read_chunk(const struct ctx *c, uint64_t address, struct chunk *out)
{
	const struct layout *l = c->l;
	uint64_t size, data;

	out->address = address;
	if (__builtin_add_overflow(address, L(l, _PyStackChunk, data), &data) ||
	    !LOAD(l, c->r, address, _PyStackChunk, previous, &out->previous) ||
	    !LOAD(l, c->r, address, _PyStackChunk, size, &size) ||
	    __builtin_add_overflow(address, size, &out->end))
		return false;
	/* push_chunk() leaves the very first word free, so that no frame is the first in all. */
	out->first = data + (out->previous ? 0 : 8);
	return out->first < out->end;
}

/* The last frame that begins before @p end, where the next one begins; 0: none. */
static uint64_t last_before(const struct ctx *c, const struct chunk *chunk, uint64_t end,
			    uint64_t *code_type)
{
	uint64_t at = chunk->first, last = 0, code, size;

	for (int i = 0; at < end && i < MOST_IN_CHUNK; i++) {
		if (!reader_spend(c->r, at, at - chunk->first, 64))
			return 0;
		if (!LOAD(c->l, c->r, at, _PyInterpreterFrame, executable, &code))
			return 0;
		code = stack_untag(c->l, code);
		if (code_check(c, code, code_type) <= 0)
			return 0;
		size = code_frame_size(c, code);
		if (!size)
			return 0;
		last = at;
		at += size;
	}
	/* If the frames do not meet the end, they were not frames. */
	return at == end ? last : 0;
}

/* How much of a chunk that is full is in use. */
static bool end_of_full(const struct ctx *c, const struct chunk *chunk, uint64_t *end)
{
	uint64_t top;

	if (!LOAD(c->l, c->r, chunk->address, _PyStackChunk, top, &top) ||
	    top > (chunk->end - chunk->first) / 8 + 1)
		return false;
	*end = chunk->address + L(c->l, _PyStackChunk, data) + 8 * top;
	return true;
}

/* The newest chunk, or the one that @p frame is in. */
static bool find_chunk(const struct ctx *c, uint64_t tstate, uint64_t frame, struct chunk *out)
{
	uint64_t at;

	if (!LOAD(c->l, c->r, tstate, PyThreadState, datastack_chunk, &at))
		return false;
	for (int i = 0; at && i < MOST_CHUNKS; i++, at = out->previous) {
		if (!reader_spend(c->r, at, i * UINT64_C(64), 64))
			return false;
		if (!read_chunk(c, at, out))
			return false;
		if (!frame || (frame >= out->first && frame < out->end))
			return true;
	}
	return false;
}

uint64_t datastack_older(const struct ctx *c, uint64_t tstate, uint64_t frame,
			 uint64_t *code_type)
{
	struct chunk chunk;
	uint64_t end = frame;

	if (!HAS(c->l, _PyStackChunk, data) || !find_chunk(c, tstate, frame, &chunk) ||
	    (!frame && !LOAD(c->l, c->r, tstate, PyThreadState, datastack_top, &end)))
		return 0;
	if (end == chunk.first) {
		if (!chunk.previous || !read_chunk(c, chunk.previous, &chunk) ||
		    !end_of_full(c, &chunk, &end))
			return 0;
	}
	return end > chunk.first && end <= chunk.end ? last_before(c, &chunk, end, code_type) : 0;
}

bool datastack_count(const struct ctx *c, uint64_t tstate, uint64_t *n)
{
	uint64_t limit, remaining;

	if (!LOAD(c->l, c->r, tstate, PyThreadState, py_recursion_limit, &limit) ||
	    !LOAD(c->l, c->r, tstate, PyThreadState, py_recursion_remaining, &remaining))
		return false;
	*n = (uint32_t)(limit - remaining);
	return true;
}
