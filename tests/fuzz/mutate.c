/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <string.h>

#include "fuzz/fuzz.h"

enum { MOST_HITS = 8, MOST_RUN = 64 };

/* libFuzzer's own; without it there is none. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

struct damage {
	uint8_t *bytes;
	size_t len, most;
	uint64_t state;
};

static uint64_t draw(struct damage *d, uint64_t below)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return below ? d->state % below : 0;
}

static uint64_t word_at(const struct damage *d, size_t at)
{
	uint64_t word;

	memcpy(&word, d->bytes + at, sizeof(word));
	return word;
}

static uint64_t other_word(struct damage *d)
{
	return word_at(d, draw(d, d->len / 8) * 8);
}

/* What may stand in the place of a word. */
static uint64_t bad_word(struct damage *d, uint64_t old)
{
	static const uint64_t odd[] = {
		0, 1, UINT64_MAX, INT64_MAX, UINT32_MAX, INT32_MAX, UINT64_C(1) << 47, 0x1000,
		UINT64_C(1) << 60, UINT64_C(1) << 61, 0x8000000000000001,
	};

	switch (draw(d, 8)) {
	case 0:
		return odd[draw(d, sizeof(odd) / sizeof(odd[0]))];
	case 1:
		return draw(d, 300);
	case 2:
		return UINT64_C(1) << draw(d, 64);
	case 3:
		return old ^ UINT64_C(1) << draw(d, 64);
	case 4:
		return old + draw(d, 33) - 16;
	case 5:
		return old + (draw(d, 33) - 16) * 8;
	case 6:
		return other_word(d) + draw(d, 9) * 8;
	default:
		return other_word(d);
	}
}

static void hit_word(struct damage *d)
{
	size_t at = draw(d, d->len / 8) * 8;
	uint64_t word = bad_word(d, word_at(d, at));

	bool half = !draw(d, 3); /* of which ELF notes and symbols have many */

	memcpy(d->bytes + at + (half ? draw(d, 2) * 4 : 0), &word, half ? 4 : 8);
}

static void hit_byte(struct damage *d)
{
	static const uint8_t odd[] = { 0, 1, 0x3f, 0x7f, 0x80, 0xff };
	size_t at = draw(d, d->len);

	d->bytes[at] = draw(d, 2) ? (uint8_t)draw(d, 256) : odd[draw(d, sizeof(odd))];
}

/* A run of bytes in another place, which grows or shrinks by it, or stays. */
static void move_run(struct damage *d)
{
	size_t from = draw(d, d->len), to = draw(d, d->len), run = 1 + draw(d, MOST_RUN);
	uint8_t copy[MOST_RUN];

	if (draw(d, 2)) {
		from &= ~(size_t)7;
		to &= ~(size_t)7;
		run = (run + 7) & ~(size_t)7;
	}
	if (run > d->len - from)
		run = d->len - from;
	memcpy(copy, d->bytes + from, run);
	switch (draw(d, 3)) {
	case 0: /* over what is there */
		memcpy(d->bytes + to, copy, run < d->len - to ? run : d->len - to);
		break;
	case 1:
		if (run > d->most - d->len)
			break;
		memmove(d->bytes + to + run, d->bytes + to, d->len - to);
		memcpy(d->bytes + to, copy, run);
		d->len += run;
		break;
	default:
		memmove(d->bytes + from, d->bytes + from + run, d->len - from - run);
		d->len -= run;
	}
}

size_t fuzz_mutate(uint8_t *data, size_t size, size_t most, uint64_t seed)
{
	struct damage d = { data, size, most, (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) };
	uint64_t hits = 1 + draw(&d, MOST_HITS);

	for (uint64_t i = 0; i < hits && d.len >= 8; i++) {
		uint64_t roll = draw(&d, 16);

		if (roll < 10)
			hit_word(&d);
		else if (roll < 13)
			hit_byte(&d);
		else
			move_run(&d);
	}
	if (!draw(&d, 20))
		d.len = draw(&d, d.len + 1);
	return d.len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
	if (LLVMFuzzerMutate && seed % 2)
		return LLVMFuzzerMutate(data, size, most);
	return fuzz_mutate(data, size, most, seed);
}
