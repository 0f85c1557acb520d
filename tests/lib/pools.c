/* SPDX-License-Identifier: MIT */
#include "lib/pools.h"

static uint32_t get_u32(struct fake *f, uint64_t addr)
{
	uint32_t value;

	memcpy(&value, fake_at(f, addr, sizeof(value)), sizeof(value));
	return value;
}

uint32_t pools_room(const struct layout *l, uint32_t size)
{
	return ((uint32_t)FACT(l, POOL_SIZE) - L(l, pool_header, sizeof)) / size;
}

void pools_put(struct fake *f, const struct layout *l, uint64_t addr, uint32_t arena,
	       uint32_t size, uint32_t n)
{
	fake_u32(f, addr + L(l, pool_header, ref), n);
	fake_u64(f, addr + L(l, pool_header, freeblock), 0);
	fake_u32(f, addr + L(l, pool_header, arenaindex), arena);
	fake_u32(f, addr + L(l, pool_header, szidx), size / 16 - 1);
	fake_u32(f, addr + L(l, pool_header, nextoffset), L(l, pool_header, sizeof) + n * size);
	fake_u32(f, addr + L(l, pool_header, maxnextoffset), (uint32_t)FACT(l, POOL_SIZE) - size);
}

uint64_t pools_block(struct fake *f, const struct layout *l, uint64_t addr, uint32_t i)
{
	uint32_t size = (get_u32(f, addr + L(l, pool_header, szidx)) + 1) * 16;

	return addr + L(l, pool_header, sizeof) + (uint64_t)i * size;
}

void pools_free(struct fake *f, const struct layout *l, uint64_t addr, uint32_t i)
{
	uint64_t block = pools_block(f, l, addr, i), head;

	memcpy(&head, fake_at(f, addr + L(l, pool_header, freeblock), 8), 8);
	fake_u64(f, block, head);
	fake_u64(f, addr + L(l, pool_header, freeblock), block);
	fake_u32(f, addr + L(l, pool_header, ref),
		 get_u32(f, addr + L(l, pool_header, ref)) - 1);
}
