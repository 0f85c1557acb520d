/* SPDX-License-Identifier: MIT */
#include "target/reader.h"

#include <stdlib.h>

enum {
	BLOCK = 16384,
	BLOCKS = 4096, /* at most 64 MiB of copies a reader */
	PAGE = 4096,
	BIG = 4 * BLOCK, /* read past the cache: a scan of a region would only flush it */
	CREDIT_TIMES = 4, /* how often long walks may read all there is */
	PURSE_TIMES = 3,  /* and all that read together, where each keeps what it reads */
	CREDIT_LEAST = 1 << 24,
};

/* A copy of what can be read of BLOCK bytes at start: [start + lo, start + hi). */
struct block {
	uint64_t start;
	uint32_t lo, hi;
	unsigned char *bytes; /* NULL: nothing here yet */
};

struct reader_cache {
	struct block blocks[BLOCKS];
};

void reader_init(struct reader *r, struct target *t)
{
	*r = (struct reader){ .target = t };
	reader_renew(r);
}

void reader_renew(struct reader *r)
{
	if (__builtin_mul_overflow(r->target->bytes_readable, CREDIT_TIMES, &r->credit) ||
	    __builtin_add_overflow(r->credit, CREDIT_LEAST, &r->credit))
		r->credit = UINT64_MAX;
}

uint64_t reader_purse(const struct target *t)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(t->bytes_readable, PURSE_TIMES, &bytes) ||
	    __builtin_add_overflow(bytes, CREDIT_LEAST, &bytes))
		bytes = UINT64_MAX;
	return bytes;
}

static bool spend_together(uint64_t *purse, uint64_t bytes)
{
	uint64_t left = __atomic_load_n(purse, __ATOMIC_RELAXED);

	while (bytes <= left) {
		if (__atomic_compare_exchange_n(purse, &left, left - bytes, true, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}

bool reader_spend_far(struct reader *r, uint64_t addr, uint64_t bytes)
{
	if (r->purse && spend_together(r->purse, bytes))
		return true;
	if (!r->purse && bytes <= r->credit) {
		r->credit -= bytes;
		return true;
	}
	if (!r->faults++)
		r->first_fault = addr;
	return false;
}

void reader_forget(struct reader *r)
{
	for (size_t i = 0; r->cache && i < BLOCKS; i++)
		free(r->cache->blocks[i].bytes);
	free(r->cache);
	r->cache = NULL;
	memset(r->near, 0, sizeof(r->near));
}

void reader_fini(struct reader *r)
{
	reader_forget(r);
}

static size_t target_read(struct reader *r, uint64_t addr, void *buf, size_t len)
{
	if (len > UINT64_MAX - addr)
		len = (size_t)(UINT64_MAX - addr);
	return len ? r->target->ops->read(r->target, addr, buf, len) : 0;
}

/* Read as much of the block as can be had around @p at; false: not even the byte there. */
static bool block_fill(struct reader *r, struct block *b, uint64_t start, uint32_t at)
{
	const uint32_t tries[] = { 0, at & ~(uint32_t)(PAGE - 1), at };
	unsigned char *bytes = b->bytes ? b->bytes : malloc(BLOCK);

	if (!bytes)
		return false;
	b->hi = b->lo = 0;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		uint32_t lo = tries[i];
		size_t got;

		if (i && lo == tries[i - 1])
			continue;
		got = target_read(r, start + lo, bytes + lo, BLOCK - lo);
		if (lo + got <= at)
			continue;
		b->bytes = bytes;
		b->start = start;
		b->lo = lo;
		b->hi = lo + (uint32_t)got;
		return true;
	}
	/* Nothing is there, and a wild guess must not cost memory. */
	if (!b->bytes)
		free(bytes);
	return false;
}

static struct block *block_with(struct reader *r, uint64_t addr)
{
	uint64_t number = addr / BLOCK;
	uint32_t at = (uint32_t)(addr % BLOCK);
	struct block *b;

	if (!r->cache)
		r->cache = calloc(1, sizeof(*r->cache));
	if (!r->cache)
		return NULL;
	b = &r->cache->blocks[(number ^ number / BLOCKS) % BLOCKS];
	if (b->start == addr - at && at >= b->lo && at < b->hi)
		return b;
	return block_fill(r, b, addr - at, at) ? b : NULL;
}

/* Remember the piece around @p addr. */
static const struct piece *piece_with(struct reader *r, uint64_t addr)
{
	struct piece *slot = &r->near[(addr >> READER_NEAR_SHIFT) & (READER_NEAR - 1)];
	struct piece p;

	if (addr - slot->start < slot->len)
		return slot;
	if (!r->target->ops->piece || !r->target->ops->piece(r->target, addr, &p))
		return NULL;
	*slot = p;
	return slot;
}

/* Copy some of [addr, addr + len). @return how much; 0: the byte at addr is not readable. */
static size_t copy_some(struct reader *r, uint64_t addr, void *buf, size_t len)
{
	const struct piece *p = piece_with(r, addr);
	struct block *b;
	size_t n;

	if (p) {
		uint64_t at = addr - p->start;

		n = len < p->len - at ? len : (size_t)(p->len - at);
		memcpy(buf, p->host + at, n);
		return n;
	}
	if (len >= BIG)
		return target_read(r, addr, buf, len);
	b = block_with(r, addr);
	if (!b)
		return r->cache ? 0 : target_read(r, addr, buf, len);
	n = b->hi - addr % BLOCK;
	if (n > len)
		n = len;
	memcpy(buf, b->bytes + addr % BLOCK, n);
	return n;
}

size_t reader_copy(struct reader *r, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	if (len > UINT64_MAX - addr)
		len = (size_t)(UINT64_MAX - addr);
	while (done < len) {
		size_t n = copy_some(r, addr + done, (char *)buf + done, len - done);

		if (!n)
			break;
		done += n;
	}
	return done;
}

const void *reader_far(struct reader *r, uint64_t addr, size_t len, void *scratch)
{
	const struct piece *p = piece_with(r, addr);

	if (p && len <= p->len - (addr - p->start))
		return p->host + (addr - p->start);
	return reader_copy(r, addr, scratch, len) == len ? scratch : NULL;
}

const void *reader_far_view(struct reader *r, uint64_t addr, size_t len, void *scratch)
{
	const void *p = reader_far(r, addr, len, scratch);

	if (!p && !r->faults++)
		r->first_fault = addr;
	return p;
}

long reader_string(struct reader *r, uint64_t addr, char *buf, size_t size)
{
	size_t len = 0;

	if (!size)
		return -1;
	while (len < size) {
		size_t want = size - len < 128 ? size - len : 128;
		size_t got = reader_copy(r, addr + len, buf + len, want);
		const char *end = memchr(buf + len, 0, got);

		if (end)
			return end - buf;
		if (got < want)
			break;
		len += got;
	}
	buf[0] = 0;
	return -1;
}
