/* SPDX-License-Identifier: MIT */
#include "heap/place.h"

#include <stdlib.h>

#include "heap/mimalloc.h"
#include "heap/scan.h"

/* How far before an address an object may begin that it is inside of, out of pymalloc's pools. */
#define FARTHEST_BACK (UINT64_C(1) << 20)
/* What stands before an object is no more words than this. */
#define MOST_BEFORE 4
/* Debug hooks put that before a block's memory, Objects/obmalloc.c. */
#define HOOKS 16
/* To 3.7, and from 3.8 on. */
#define OLD_FORBIDDEN 0xfb
#define FORBIDDEN 0xfd
/* A bit in the head of malloc's chunk: it is mapped by itself. */
#define CHUNK_MAPPED 2u
#define PAGE 4096u

static uint64_t word_at(const struct ctx *c, uint64_t address)
{
	uint64_t word;

	return reader_probe_u64(c->r, address, &word) ? word : 0;
}

static void find_block(const struct pool *pool, bool all_freed, uint64_t at, uint64_t address,
		       struct place *out)
{
	uint64_t offset = address - at, n = pool->carved;

	if (offset >= pool->header)
		n = (offset - pool->header) / pool->size;
	out->kind = PLACE_POOL;
	if (n >= pool->carved)
		return;
	out->kind = all_freed || pool->freed[n / 64] >> (n % 64) & 1 ? PLACE_FREED : PLACE_BLOCK;
	out->start = at + pool->header + n * pool->size;
	out->bytes = pool->size;
}

static bool in_page(const struct ctx *c, uint64_t address, struct place *out)
{
	uint64_t freed[POOL_BLOCKS_MOST / 64], i;
	struct mi_page page;

	if (!mimalloc_page_at(c->l, c->r, address, &page) || mimalloc_live(&page, c->r, freed) < 0)
		return false;
	i = (address - page.start) / page.block;
	out->kind = freed[i / 64] >> (i % 64) & 1 ? PLACE_FREED : PLACE_BLOCK;
	out->start = page.start + i * page.block;
	out->bytes = page.block;
	out->no_object = page.heap == POOL_HEAP_MEMORY;
	return true;
}

/* @return whether @p address is in a pool; then @p out tells where */
static bool in_pool(const struct ctx *c, uint64_t address, struct place *out)
{
	uint64_t size = FACT(c->l, POOL_SIZE), at;
	uint8_t *scratch;
	const uint8_t *p;
	uint32_t arena;
	struct pool pool;
	bool in = false, emptied = false;

	if (FACT(c->l, OBMALLOC) == OBMALLOC_MIMALLOC)
		return in_page(c, address, out);
	if (!HAS(c->l, pool_header, sizeof) || size < 4096 || size > POOL_SIZE_MOST)
		return false;
	at = address & ~(size - 1);
	scratch = malloc(size);
	p = scratch ? reader_probe(c->r, at, size, scratch) : NULL;
	if (p) {
		emptied = pool_looks_emptied(c->l, p, at, &pool);
		in = emptied || (pool_looks_true(c->l, p, at, &arena) &&
				 pool_read(c->l, p, at, &pool) == POOL_READ);
	}
	if (in)
		find_block(&pool, emptied, at, address, out);
	free(scratch);
	return in;
}

bool place_is_chunk(const struct ctx *c, uint64_t start, uint64_t *bytes)
{
	uint64_t head = word_at(c, start - 8), size = head & ~UINT64_C(7), next;

	if (start & 15 || size < 32 || size & 15 || size > UINT64_C(1) << 44)
		return false;
	*bytes = size - 8;
	/* Mapped by itself: whole pages. */
	if (head & CHUNK_MAPPED)
		return !(head & 1) && !((size + word_at(c, start - 16)) & 4095);
	next = word_at(c, start - 8 + size);
	return next & 1 && (next & ~UINT64_C(7)) >= 16 && !(next & 2);
}

bool place_is_private(const struct ctx *c, const struct arenas *a, uint64_t address)
{
	const struct region *region = target_region_at(c->r->target, address);

	return region &&
	       (region->flags & (REGION_WRITE | REGION_SHARED | REGION_STACK)) == REGION_WRITE &&
	       !target_module_at(c->r->target, address) && !arenas_has(a, address);
}

/*
 * malloc takes 8 bytes, gives multiples of 16, and leaves no rest of less than 32, or gives
 * whole pages. Each of two allocators' hooks puts 8 or 16 bytes behind what it puts before.
 */
bool place_is_chunk_of(const struct ctx *c, struct object o)
{
	uint64_t own = spot_own_bytes(c, o), bytes;

	for (unsigned hooks = 0; hooks <= 2 * HOOKS; hooks += HOOKS) {
		uint64_t before = o.type->pre_header + hooks, start = o.address - before;
		uint64_t rest = 31 + hooks;

		if (!place_is_chunk(c, start, &bytes) || bytes < own)
			continue;
		if (word_at(c, start - 8) & CHUNK_MAPPED)
			rest += PAGE;
		bytes -= own;
		if (bytes >= before + hooks / 2 && bytes <= before + rest)
			return true;
	}
	return false;
}

static void place_of(const struct ctx *c, uint64_t address, struct place *out)
{
	struct target *t = c->r->target;
	uint8_t byte;

	*out = (struct place){ .kind = PLACE_UNMAPPED };
	out->region = target_region_at(t, address);
	if (!out->region)
		return;
	out->module = target_module_at(t, address);
	if (!reader_probe(c->r, address, 1, &byte))
		out->kind = PLACE_UNREADABLE;
	else if (out->module)
		out->kind = PLACE_STATIC;
	else if (out->region->flags & REGION_STACK)
		out->kind = PLACE_STACK;
	else if (!in_pool(c, address, out))
		out->kind = PLACE_MEMORY;
}

static enum life life_at(const struct ctx *c, uint64_t address)
{
	uint8_t scratch[OBJECT_HEAD_MOST];
	const uint8_t *p = reader_probe(c->r, address, L(c->l, PyObject, sizeof), scratch);

	return p ? life_of(c->l, p) : LIFE_NONE;
}

static bool typed_at(const struct ctx *c, uint64_t address, struct object *out)
{
	uint64_t type;

	*out = (struct object){ .address = address };
	if (!type_is_address(address) ||
	    !reader_probe_u64(c->r, address + L(c->l, PyObject, ob_type), &type) ||
	    !type_is_address(type))
		return false;
	out->type = type_at(c->types, c->r, type);
	return out->type;
}

static void add_storage(void *arg, uint64_t address, uint64_t bytes)
{
	uint64_t *sum = arg;

	if (__builtin_add_overflow(*sum, bytes, sum))
		*sum = UINT64_MAX;
}

/* A str has its text where tp_basicsize has more fields. Not so objects of its subclasses. */
static uint64_t least_own_bytes(const struct layout *l, const struct type *t)
{
	uint64_t head = L(l, PyASCIIObject, sizeof);
	bool is_str = (t->flags & (TPFLAGS_UNICODE | TPFLAGS_HEAPTYPE)) == TPFLAGS_UNICODE;

	return is_str && head < t->basicsize ? head : t->basicsize;
}

uint64_t spot_own_bytes(const struct ctx *c, struct object o)
{
	uint64_t all, outside = 0, least = least_own_bytes(c->l, o.type);

	if (object_sizeof(c, o, &all))
		return least;
	object_storage(c, o, add_storage, &outside);
	if (all < outside || all - outside < o.type->sizeof_head)
		return least;
	all -= outside + o.type->sizeof_head;
	return all > least ? all : least;
}

static bool covers(const struct ctx *c, struct object o, uint64_t address)
{
	if (address < o.address)
		return o.address - address <= o.type->pre_header;
	return address - o.address < spot_own_bytes(c, o);
}

/* How many bytes debug hooks take at the beginning of a block: its size, then the forbidden byte. */
static uint64_t hooks_of(const struct ctx *c, const struct place *p)
{
	uint8_t head[HOOKS];
	uint64_t size = 0;

	if (p->bytes <= HOOKS || reader_copy(c->r, p->start, head, HOOKS) != HOOKS)
		return 0;
	for (unsigned i = 0; i < 8; i++)
		size = size << 8 | head[i];
	for (unsigned i = 9; i < HOOKS; i++) {
		if (head[i] != head[9] || (head[i] != FORBIDDEN && head[i] != OLD_FORBIDDEN))
			return 0;
	}
	return size <= p->bytes ? HOOKS : 0;
}

/* The object that a block of memory is for, told by its type; its count may be anything. */
static bool block_object(const struct ctx *c, const struct place *p, struct object *out)
{
	uint64_t from = p->start + hooks_of(c, p), end = p->start + p->bytes;

	if (p->no_object)
		return false;
	/* The farthest first: the words before an object may be anything. */
	for (unsigned before = MOST_BEFORE + 1; before--;) {
		uint64_t at = from + 8 * before;

		if (at + L(c->l, PyObject, sizeof) <= end && typed_at(c, at, out) &&
		    out->type->pre_header == 8 * before)
			return true;
	}
	return false;
}

/*
 * Freed floats and the like are chained through ob_type (to 3.13): a count of 0,
 * and the address of the next of them.
 */
static bool is_chained(const struct ctx *c, const struct place *p)
{
	uint64_t at = p->start + hooks_of(c, p), next;
	struct place other = { 0 };

	if (FACT(c->l, FREE_LISTS) != FREE_LISTS_REFCNT0 ||
	    word_at(c, at + L(c->l, PyObject, ob_refcnt)))
		return false;
	next = word_at(c, at + L(c->l, PyObject, ob_type));
	return type_is_address(next) && !word_at(c, next) && in_pool(c, next, &other) &&
	       other.kind == PLACE_BLOCK && other.bytes == p->bytes;
}

static void find_in_block(const struct ctx *c, struct spot *out)
{
	const struct place *p = &out->place;
	bool typed = block_object(c, p, &out->o);
	enum life life = typed ? life_at(c, out->o.address) : LIFE_NONE;

	if (p->kind == PLACE_FREED)
		out->kind = SPOT_FREED;
	else if (life == LIFE_LIVE)
		out->kind = SPOT_OBJECT;
	else if (life == LIFE_DEAD || is_chained(c, p))
		out->kind = SPOT_KEPT;
	else
		out->o.type = NULL;
}

/* Whether the object, which is none of the pool's of @p address, can reach as far as that. */
static bool reaches(const struct ctx *c, struct object o, uint64_t address, const struct region *r)
{
	struct place p;

	return covers(c, o, address) && spot_own_bytes(c, o) <= r->end - o.address &&
	       !in_pool(c, o.address, &p);
}

static bool is_live(const struct ctx *c, uint64_t at, struct object *o)
{
	return typed_at(c, at, o) && life_at(c, at) == LIFE_LIVE;
}

/* Around @p address, out of pools. */
static bool find_around(const struct ctx *c, uint64_t address, const struct place *p,
			struct object *out)
{
	uint64_t at = address & ~UINT64_C(7), first = p->region->start, end = p->region->end;

	if (address - first > FARTHEST_BACK)
		first = address - FARTHEST_BACK;
	for (unsigned i = 1; i <= MOST_BEFORE && end - at > 8 * i + 16; i++) {
		if (is_live(c, at + 8 * i, out) && reaches(c, *out, address, p->region))
			return true;
	}
	for (; at >= first && at >= 4096; at -= 8) {
		if (is_live(c, at, out) && reaches(c, *out, address, p->region))
			return true;
	}
	return false;
}

/*
 * The chunk of malloc's that an object is in; the place stays as it was if it is none.
 * What is too big for a pool has gone through the hooks of two allocators.
 */
static void find_chunk(const struct ctx *c, struct object o, struct place *p)
{
	uint64_t start = o.address - o.type->pre_header, bytes;

	for (unsigned hooks = 0; hooks <= 2 * HOOKS; hooks += HOOKS) {
		if (!place_is_chunk(c, start - hooks, &bytes) || bytes < o.type->pre_header + hooks)
			continue;
		p->kind = PLACE_CHUNK;
		p->start = start - hooks;
		p->bytes = bytes;
		return;
	}
}

static void find_anywhere(const struct ctx *c, uint64_t address, struct spot *out)
{
	bool found = is_live(c, address, &out->o);

	if (!found && address >= 4096 && typed_at(c, address, &out->o) &&
	    life_at(c, address) == LIFE_DEAD && out->place.kind == PLACE_MEMORY) {
		struct place chunk = out->place;

		find_chunk(c, out->o, &chunk);
		if (chunk.kind == PLACE_CHUNK) {
			out->place = chunk;
			out->kind = SPOT_KEPT;
			return;
		}
	}
	if (!found)
		found = find_around(c, address, &out->place, &out->o);
	if (!found) {
		out->o.type = NULL;
		return;
	}
	out->kind = SPOT_OBJECT;
	if (out->place.kind == PLACE_MEMORY)
		find_chunk(c, out->o, &out->place);
}

void spot_find(const struct ctx *c, uint64_t address, struct spot *out)
{
	uint64_t faults = c->r->faults, first = c->r->first_fault;

	*out = (struct spot){ .o.address = address };
	place_of(c, address, &out->place);
	switch (out->place.kind) {
	case PLACE_BLOCK:
	case PLACE_FREED:
		find_in_block(c, out);
		break;
	case PLACE_STATIC:
	case PLACE_STACK:
	case PLACE_MEMORY:
		find_anywhere(c, address, out);
		break;
	default:
		break;
	}
	/* What was looked at were guesses: nothing is missing. */
	c->r->faults = faults;
	c->r->first_fault = first;
}

void place_find(const struct ctx *c, uint64_t address, struct place *out)
{
	uint64_t faults = c->r->faults, first = c->r->first_fault;

	place_of(c, address, out);
	c->r->faults = faults;
	c->r->first_fault = first;
}

bool spot_is_object(const struct ctx *c, uint64_t address)
{
	struct place p;
	struct object o;

	if (!is_live(c, address, &o))
		return false;
	place_of(c, address, &p);
	if (p.kind == PLACE_BLOCK)
		return block_object(c, &p, &o) && o.address == address;
	return p.kind == PLACE_STATIC || p.kind == PLACE_MEMORY;
}
