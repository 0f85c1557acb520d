/* SPDX-License-Identifier: MIT */
#include "heap/pool_scan.h"

#include "base/error.h"
#include "base/workers.h"
#include "heap/pool.h"

#define PIECE_SIZE (UINT64_C(64) << 20)
#define PIECES 1024 /* that one mapping is cut into at most, however big it claims to be */

#define HOLE_STEP (UINT64_C(1) << 20) /* how often is looked for holes */

/* A part of a mapping: one job. */
struct stretch {
	uint64_t start, end;
};

/* Pools of one arena, from the first seen to the last. */
struct run {
	uint64_t start, end;
	uint32_t arena;
};

struct scan_result {
	VEC(struct run) runs;
	bool failed;
};

struct pool_scan {
	const struct layout *l;
	struct target *t;
	VEC(struct stretch) pieces;
	VEC(struct scan_result) results; /* one a piece */
};

static bool worth_scanning(const struct region *region)
{
	/* Arenas are private anonymous maps of their own: never brk's or a stack's. */
	return (region->flags & REGION_ANON) && (region->flags & REGION_READ) &&
	       (region->flags & REGION_WRITE) &&
	       !(region->flags & (REGION_SHARED | REGION_STACK | REGION_HEAP));
}

static uint64_t piece_size(uint64_t len)
{
	uint64_t size = PIECE_SIZE;

	while (size < len / PIECES)
		size *= 2;
	return size;
}

static bool cut(struct pool_scan *s, uint64_t pool)
{
	for (size_t i = 0; i < s->t->n_regions; i++) {
		const struct region *region = &s->t->regions[i];
		uint64_t at, end = region->end & ~(pool - 1);
		uint64_t size = piece_size(region->end - region->start);

		if (!worth_scanning(region) || __builtin_add_overflow(region->start, pool - 1, &at))
			continue;
		for (at &= ~(pool - 1); at < end; at += size) {
			uint64_t to = end - at < size ? end : at + size;

			if (!vec_push(&s->pieces, ((struct stretch){ at, to })) ||
			    !vec_push(&s->results, ((struct scan_result){ 0 })))
				return false;
			if (to == end)
				break;
		}
	}
	return true;
}

static bool note(struct scan_result *out, uint64_t at, uint64_t pool, uint32_t arena,
		 uint64_t arena_size)
{
	struct run *last = out->runs.n ? &out->runs.items[out->runs.n - 1] : NULL;

	if (last && last->arena == arena && at + pool - last->start <= arena_size) {
		last->end = at + pool;
		return true;
	}
	return vec_push(&out->runs, ((struct run){ at, at + pool, arena }));
}

static void scan_piece(void *ctx, size_t job, unsigned worker)
{
	struct pool_scan *s = ctx;
	struct scan_result *out = &s->results.items[job];
	struct stretch piece = s->pieces.items[job];
	uint64_t pool = FACT(s->l, POOL_SIZE);
	uint32_t header = L(s->l, pool_header, sizeof);
	uint64_t step = pool, known = piece.start; /* up to there holes were looked for */
	struct reader r;

	reader_init(&r, s->t);
	for (uint64_t at = piece.start; at < piece.end && !out->failed;) {
		uint8_t scratch[256];
		const uint8_t *p;
		uint32_t arena;

		if (at >= known) {
			at = target_skip_holes(s->t, at, piece.end) & ~(pool - 1);
			if (__builtin_add_overflow(at, HOLE_STEP, &known))
				known = UINT64_MAX;
			if (at >= piece.end)
				break;
		}
		p = header <= sizeof(scratch) ? reader_probe(&r, at, header, scratch) : NULL;
		if (p && pool_looks_true(s->l, p, at, &arena))
			out->failed = !note(out, at, pool, arena, FACT(s->l, ARENA_SIZE));
		/* What a core says is mapped may be far more than it holds. */
		step = p ? pool : step * 2;
		if (__builtin_add_overflow(at, step, &at))
			break;
	}
	reader_fini(&r);
}

/* Runs of neighbouring pieces may be parts of one arena. */
static bool gather(struct arenas *a, struct pool_scan *s)
{
	struct run open = { 0 };
	bool ok = true;

	for (size_t i = 0; i < s->results.n; i++) {
		struct scan_result *result = &s->results.items[i];

		ok = ok && !result->failed;
		for (size_t k = 0; ok && k < result->runs.n; k++) {
			struct run next = result->runs.items[k];

			if (open.end && open.arena == next.arena &&
			    next.end - open.start <= FACT(s->l, ARENA_SIZE)) {
				open.end = next.end;
				continue;
			}
			if (open.end) {
				ok = arenas_add(a, open.start, open.end);
				a->n_arenas++;
			}
			open = next;
		}
	}
	if (ok && open.end) {
		ok = arenas_add(a, open.start, open.end);
		a->n_arenas++;
	}
	return ok;
}

int pool_scan(struct arenas *a, const struct layout *l, struct target *t, unsigned workers)
{
	struct pool_scan s = { .l = l, .t = t };
	bool ok = cut(&s, FACT(l, POOL_SIZE));

	if (ok) {
		workers_run(workers, s.pieces.n, scan_piece, &s);
		ok = gather(a, &s);
	}
	for (size_t i = 0; i < s.results.n; i++)
		vec_free(&s.results.items[i].runs);
	vec_free(&s.results);
	vec_free(&s.pieces);
	return ok ? 0 : PYCORE_ERR_NOMEM;
}
