/* SPDX-License-Identifier: MIT */
#include "runtime/find.h"

#include <stdlib.h>

#include "runtime/offsets.h"
#include "runtime/runtime.h"

/*
 * _PyRuntime without symbol or section: it is in the writable data of the file
 * that CPython is in, or in the .bss behind it. From 3.13 on it begins with a
 * cookie. Before, it is known by interpreters.head and .main, which stand side
 * by side with a small counter after them, and lead to an interpreter that
 * leads to a thread state that leads back.
 */

enum {
	BLOCK = 1 << 16,
	OVERLAP = 64, /* what is looked for may lie across blocks */
	REGION_MOST = 256 << 20,
	COUNTER_MOST = 1 << 20,
};

struct scan {
	struct reader *r;
	found_fn *fn;
	void *ctx;
};

static int offer(struct scan *s, uint64_t at, const char *by, const struct layout *table)
{
	struct found f = { .address = at, .by = by, .table = table };

	f.module = target_module_at(s->r->target, at);
	return s->fn(s->ctx, &f);
}

static bool is_pointer(uint64_t word)
{
	return word && word % 8 == 0 && word >> 47 == 0;
}

static bool is_interpreter(const struct layout *l, struct reader *r, uint64_t at)
{
	uint64_t tstate, back;

	return PROBE(l, r, at, PyInterpreterState, threads_head, &tstate) && is_pointer(tstate) &&
	       PROBE(l, r, tstate, PyThreadState, interp, &back) && back == at;
}

/* head, main and next_id at @p at: as which of the layouts without a cookie? */
static int try_words(struct scan *s, uint64_t at, const uint64_t *words)
{
	const struct layout *l;

	if (!is_pointer(words[0]) || !is_pointer(words[1]) || !words[2] || words[2] > COUNTER_MOST)
		return 0;
	for (unsigned i = 0; (l = layout_at(i)); i++) {
		uint32_t head = L(l, _PyRuntimeState, interpreters_head);
		int rc;

		if (layout_debug_offsets(l->version) || at < head ||
		    !HAS(l, _PyRuntimeState, interpreters_main) ||
		    L(l, _PyRuntimeState, interpreters_main) != head + 8 ||
		    !is_interpreter(l, s->r, words[1]))
			continue;
		rc = offer(s, at - head, "scan", l);
		if (rc)
			return rc;
	}
	return 0;
}

/*
 * Without a _PyRuntime (to 3.6) a word of its own leads to the interpreters. The one
 * that leads to the main one alone will do.
 */
static int try_head(struct scan *s, uint64_t at, uint64_t word)
{
	const struct layout *l;

	for (unsigned i = 0; (l = layout_at(i)); i++) {
		int rc;

		if (HAS(l, _PyRuntimeState, interpreters_main) || !is_interpreter(l, s->r, word))
			continue;
		rc = offer(s, at - L(l, _PyRuntimeState, interpreters_head), "scan", l);
		if (rc)
			return rc;
	}
	return 0;
}

static int scan_block(struct scan *s, uint64_t start, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i + 3 * sizeof(uint64_t) <= len; i += sizeof(uint64_t)) {
		uint64_t words[3];
		int rc = 0;

		memcpy(words, bytes + i, sizeof(words));
		if (!memcmp(words, OFFSETS_COOKIE, sizeof(words[0])))
			rc = offer(s, start + i, "cookie", NULL);
		else if (words[0])
			rc = try_words(s, start + i, words);
		if (!rc && is_pointer(words[0]))
			rc = try_head(s, start + i, words[0]);
		if (rc)
			return rc;
	}
	return 0;
}

static int scan_region(struct scan *s, const struct region *region, unsigned char *buf)
{
	uint64_t end = region->end;

	if (end - region->start > REGION_MOST)
		end = region->start + REGION_MOST;
	for (uint64_t at = region->start; at < end; at += BLOCK) {
		uint64_t want = end - at < BLOCK + OVERLAP ? end - at : BLOCK + OVERLAP;
		size_t got = reader_copy(s->r, at, buf, (size_t)want);
		int rc = scan_block(s, at, buf, got);

		if (rc)
			return rc;
	}
	return 0;
}

int scan_runtime(struct reader *r, found_fn *fn, void *ctx)
{
	const struct target *t = r->target;
	struct scan s = { r, fn, ctx };
	unsigned char *buf = malloc(BLOCK + OVERLAP);
	uint64_t data_end = 0;
	int rc = 0;

	for (size_t i = 0; buf && !rc && i < t->n_regions; i++) {
		const struct region *region = &t->regions[i];
		bool in_file = region->path && region->path[0] == '/';
		bool is_bss = region->start == data_end && !in_file;

		if (in_file || is_bss)
			data_end = region->end;
		if (!(region->flags & REGION_WRITE) || (region->flags & REGION_SHARED))
			continue;
		/* A core that names no files does not tell what is data. */
		if (in_file || is_bss || !t->n_modules)
			rc = scan_region(&s, region, buf);
	}
	free(buf);
	return rc;
}
