/* SPDX-License-Identifier: MIT */
#ifndef TARGET_READER_H
#define TARGET_READER_H

#include <string.h>

#include "target/target.h"

enum {
	READER_NEAR = 64,       /* recent pieces, found by a few bits of the address */
	READER_NEAR_SHIFT = 20, /* arenas are a megabyte or less: neighbours do not share a slot */
};

/*
 * One thread's way into a target: it remembers recent places, keeps copies of
 * blocks that cannot be had in place, and counts what could not be read.
 * The target does not change while it is frozen, so copies never go stale.
 */
struct reader {
	struct target *target;
	struct reader_cache *cache; /* NULL while every read was in place */
	uint64_t faults;            /* loads that failed */
	uint64_t first_fault;       /* address of the first of them */
	uint64_t credit;            /* bytes that long walks may still read */
	uint64_t *purse;            /* what several spend together instead, or NULL */
	struct piece near[READER_NEAR];
};

void reader_init(struct reader *r, struct target *t);
/* Long walks begin anew: before each question that is asked of a target. */
void reader_renew(struct reader *r);
void reader_fini(struct reader *r);
/*
 * What several readers may spend together, as their purse, where what they read is kept:
 * their number makes no difference then.
 */
uint64_t reader_purse(const struct target *t);
/* Forget copies: after the target was frozen or may have changed. */
void reader_forget(struct reader *r);

/* The slow halves of reader_probe() and reader_view(). */
const void *reader_far(struct reader *r, uint64_t addr, size_t len, void *scratch);
const void *reader_far_view(struct reader *r, uint64_t addr, size_t len, void *scratch);

/* [addr, addr + len) in place if a recent piece holds all of it, else NULL */
static inline const void *reader_near(const struct reader *r, uint64_t addr, size_t len)
{
	const struct piece *p = &r->near[(addr >> READER_NEAR_SHIFT) & (READER_NEAR - 1)];
	uint64_t at = addr - p->start;

	return at < p->len && len <= p->len - at ? p->host + at : NULL;
}

/*
 * A guess: [addr, addr + len) in place or copied to @p scratch (room for len
 * bytes); NULL, in silence, if any of it cannot be read. In place means until the
 * target is closed; a copy lives as long as @p scratch.
 */
static inline const void *reader_probe(struct reader *r, uint64_t addr, size_t len, void *scratch)
{
	const void *p = reader_near(r, addr, len);

	return __builtin_expect(p != NULL, 1) ? p : reader_far(r, addr, len, scratch);
}

/* It ought to be there: as reader_probe(), but a fault is counted. */
static inline const void *reader_view(struct reader *r, uint64_t addr, size_t len, void *scratch)
{
	const void *p = reader_near(r, addr, len);

	return __builtin_expect(p != NULL, 1) ? p : reader_far_view(r, addr, len, scratch);
}

enum { READER_FREE = 4096 }; /* bytes that any walk may read */

/* The slow half of reader_spend(). */
bool reader_spend_far(struct reader *r, uint64_t addr, uint64_t bytes);

/*
 * Ask before reading @p bytes more at @p addr in a walk whose length the target
 * tells, when @p done bytes of it have been read. Memory that is told of once,
 * by whatever owns it, is read a few times at most; where a thousand lists claim
 * the same gigabyte, the answer is false after a while, and a fault is counted.
 */
static inline bool reader_spend(struct reader *r, uint64_t addr, uint64_t done, uint64_t bytes)
{
	return done < READER_FREE || reader_spend_far(r, addr, bytes);
}

/* Copy up to @p len bytes. @return bytes that could be had from @p addr on. */
size_t reader_copy(struct reader *r, uint64_t addr, void *buf, size_t len);

/* A word at any alignment; false if it cannot be read. */
static inline bool reader_u64(struct reader *r, uint64_t addr, uint64_t *out)
{
	const void *p = reader_view(r, addr, sizeof(*out), out);

	if (p)
		memmove(out, p, sizeof(*out)); /* p may be out */
	return p != NULL;
}

static inline bool reader_probe_u64(struct reader *r, uint64_t addr, uint64_t *out)
{
	const void *p = reader_probe(r, addr, sizeof(*out), out);

	if (p)
		memmove(out, p, sizeof(*out)); /* p may be out */
	return p != NULL;
}

/*
 * A NUL-terminated string of the target, at most @p size - 1 bytes of it.
 * @return its length, or -1 if it cannot be read or has no end within @p size
 * (then @p buf is empty). No fault is counted.
 */
long reader_string(struct reader *r, uint64_t addr, char *buf, size_t size);

#endif
