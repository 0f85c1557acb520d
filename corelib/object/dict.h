/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_DICT_H
#define OBJECT_DICT_H

#include "runtime/runtime.h"

/* A dict's keys object, or its table (2.7), checked: what it says fits together. */
struct dict_keys {
	uint64_t address;
	uint64_t entries;  /* address of the first */
	uint64_t n;        /* entries in use, deleted ones among them */
	uint64_t slots;    /* of the hash table */
	uint64_t usable;   /* how many there can be */
	uint64_t capacity; /* for how many a new array of values is made */
	uint64_t bytes;    /* of all of it */
	int64_t refcnt;
	uint32_t stride;   /* of an entry */
	uint32_t key, value; /* in an entry */
	bool unicode;      /* keys are str, without hashes */
	bool empty;        /* no block of its own: the static one that all empty dicts share, or
			    * (2.7) a table inside the dict */
};

/* Bytes of keys of this shape with so many slots, a power of two, at least eight. */
uint64_t dict_keys_bytes(const struct layout *l, const struct dict_keys *keys, uint64_t slots);

/* The slots of the smallest table that has room for @p used entries. */
uint64_t dict_slots_least(uint64_t used);

int dict_keys_at(const struct layout *l, struct reader *r, uint64_t address,
		 struct dict_keys *out);

struct dict {
	struct dict_keys keys;
	uint64_t used;
	uint64_t values;   /* split: address of the first value, else 0 */
	uint64_t n_values; /* split: how many there is room for */
	uint64_t block, block_bytes; /* split: that holds the values and is the dict's own, or 0 */
};

/* Read the head of the dict at @p address and of its keys. */
int dict_at(const struct layout *l, struct reader *r, uint64_t address, struct dict *out);

/*
 * The first value that the word @p values (of ma_values or of an instance) stands for,
 * how many there are (@p keys: as many as that has room for, where the values do not tell),
 * and the block they are in if it is not inside another object.
 */
int dict_values_at(const struct layout *l, struct reader *r, uint64_t values,
		   const struct dict_keys *keys, uint64_t *first, uint64_t *n, uint64_t *block,
		   uint64_t *block_bytes);

#define DICT_BATCH 128

/* Walks the live entries of a dict in insertion order. */
struct dict_iter {
	struct reader *r;
	const struct dict *dict;
	uint64_t next;     /* entry */
	uint64_t first, n; /* of the batch */
	const unsigned char *entries, *values;
	int status;
	unsigned char scratch[DICT_BATCH * 24];
	uint64_t value_scratch[DICT_BATCH];
};

void dict_iter_init(struct dict_iter *it, struct reader *r, const struct dict *d);
/* @return false at the end or, with @c status set, where it cannot be read */
bool dict_next(struct dict_iter *it, uint64_t *key, uint64_t *value);

/* The value of the str key @p name; 0: not there. */
uint64_t dict_get(const struct layout *l, struct reader *r, uint64_t address, const char *name);

#endif
