/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/workers.h"
#include "heap/place.h"
#include "heap/scan.h"

/*
 * Objects outside the arenas are found by reference. In rounds: each candidate
 * is looked at, the index gets room for the good ones, these are counted, and
 * what they refer to are the next round's candidates.
 */

#define SLICE 1024
/* struct _PyStackChunk: previous, size, top, data; the same since there is one (3.11) */
#define STACK_CHUNK_SIZE_AT 8
#define STACK_CHUNK_DATA_AT 24
#define STACK_CHUNK_MOST (UINT64_C(1) << 30)
#define STACK_CHUNKS_MOST 4096

/*
 * Before an object that the collector may track are its two words. Where memory was used
 * before, a stale reference may lead to what looks like an object but has no such words;
 * static objects need not have them.
 */
static bool head_fits(struct scan *s, uint64_t address, const struct scan_type *t)
{
	struct gc_head head;

	if (!t->type->is_gc || t->type->flags & TPFLAGS_TYPE)
		return true;
	if (scan_gc_head(s, address, &head) && head.fits)
		return true;
	return target_module_at(s->reader.target, address) != NULL;
}

/* Static types are shorter than those that a class statement makes, and may end a mapping. */
static uint64_t least_outside(const struct scan *s, const struct scan_type *t)
{
	return t->type->flags & TPFLAGS_TYPE ? L(s->l, PyTypeObject, sizeof) : t->least;
}

bool scan_items_end(const struct ctx *c, struct object o)
{
	uint64_t bytes, last;

	if (!o.type->itemsize || o.type->flags & TPFLAGS_TYPE)
		return true;
	bytes = spot_own_bytes(c, o);
	return !bytes || (!__builtin_add_overflow(o.address, bytes - 1, &last) &&
			  target_region_at(c->r->target, last));
}

struct scan_type *scan_validate(struct scan *s, uint64_t address)
{
	uint8_t head[OBJECT_HEAD_MOST];
	const uint8_t *object;
	struct scan_type *t;

	if (address < 4096 || address >> 47 || address & 7)
		return NULL;
	object = reader_probe(&s->reader, address, L(s->l, PyObject, sizeof), head);
	if (!object || life_of(s->l, object) != LIFE_LIVE)
		return NULL;
	t = scan_type_at(s, load_u64(object + L(s->l, PyObject, ob_type)));
	if (t) {
		uint8_t scratch[8];

		/* All of it is there. */
		if (!reader_probe(&s->reader, address + least_outside(s, t) - 1, 1, scratch) ||
		    !head_fits(s, address, t) ||
		    !scan_items_end(&s->c, (struct object){ address, t->type }))
			return NULL;
	}
	return t;
}

/* What the collector links it to: the only way to some that nothing else refers to. */
static void neighbours(struct scan *s, uint64_t address)
{
	struct gc_head head;

	if (!scan_gc_head(s, address, &head))
		return;
	scan_links(s, address, &head, 1);
	scan_edge(s, head.next + s->gc_size);
	if (!head.counts)
		scan_edge(s, head.prev + s->gc_size);
}

/* Count an object that is out of the arenas; once, whoever comes first. */
static void visit(struct scan *s, struct index *x, uint64_t address, struct scan_type *t)
{
	struct index_chunk *chunk = index_chunk_at(x, address);
	struct object o = { address, t->type };

	if (!chunk || bitmap_set(chunk->object, address))
		return;
	/* Big blocks of mimalloc are no finds: the allocator has told of them. */
	if (arenas_big(s->arenas, address))
		s->big_objects++;
	else
		s->blocks.outside++;
	t->count++;
	if (object_gc_tracked(&s->c, o)) {
		t->tracked++;
		neighbours(s, address);
	}
	t->bytes += scan_visit_at(s, t, address);
}

struct closure {
	struct scan *scans;
	struct index *x;
	VEC(uint64_t) todo; /* 0: not an object */
};

static void validate_slice(void *ctx, size_t job, unsigned worker)
{
	struct closure *c = ctx;
	size_t end = (job + 1) * SLICE < c->todo.n ? (job + 1) * SLICE : c->todo.n;

	for (size_t i = job * SLICE; i < end; i++) {
		if (index_has(c->x, c->todo.items[i]) ||
		    !scan_validate(&c->scans[worker], c->todo.items[i]))
			c->todo.items[i] = 0;
	}
}

static void visit_slice(void *ctx, size_t job, unsigned worker)
{
	struct closure *c = ctx;
	size_t end = (job + 1) * SLICE < c->todo.n ? (job + 1) * SLICE : c->todo.n;

	for (size_t i = job * SLICE; i < end; i++) {
		uint64_t address = c->todo.items[i];
		struct scan_type *t = address ? scan_validate(&c->scans[worker], address) : NULL;

		if (t)
			visit(&c->scans[worker], c->x, address, t);
	}
}

/* Take what all workers have newly found. */
static int gather(struct closure *c, unsigned n)
{
	c->todo.n = 0;
	for (unsigned i = 0; i < n; i++) {
		struct scan *s = &c->scans[i];

		for (size_t k = 0; k < s->fresh.n; k++) {
			if (!vec_push(&c->todo, s->fresh.items[k]))
				return PYCORE_ERR_NOMEM;
		}
		s->fresh.n = 0;
	}
	return 0;
}

static int round_of(struct closure *c, unsigned n)
{
	size_t slices = (c->todo.n + SLICE - 1) / SLICE;
	/* A chain of big objects makes rounds of one: no threads for those. */
	unsigned workers = slices > 2 ? n : 1;

	workers_run(workers, slices, validate_slice, c);
	for (size_t i = 0; i < c->todo.n; i++) {
		if (c->todo.items[i] && !index_chunk_make(c->x, c->todo.items[i]))
			return PYCORE_ERR_NOMEM;
	}
	workers_run(workers, slices, visit_slice, c);
	for (unsigned i = 0; i < n; i++) {
		if (c->scans[i].failed)
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

int closure_join_storage(struct scan *scans, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		struct map *m = &scans[i].outside_storage;

		for (size_t k = 0; m->mask && k <= m->mask; k++) {
			if (m->slots[k].key &&
			    !map_put(&scans[0].outside_storage, m->slots[k].key, NULL))
				return PYCORE_ERR_NOMEM;
		}
		map_free(m);
	}
	return 0;
}

int closure_run(struct scan *scans, unsigned n, struct index *x)
{
	struct closure c = { .scans = scans, .x = x };
	int rc = gather(&c, n);

	while (!rc && c.todo.n) {
		rc = round_of(&c, n);
		if (!rc)
			rc = gather(&c, n);
	}
	vec_free(&c.todo);
	return rc;
}

static void root(struct scan *s, uint64_t holder, unsigned field)
{
	uint64_t to;

	if (runtime_load(s->l, &s->reader, holder, field, &to))
		scan_edge(s, to & ~UINT64_C(3));
}

/*
 * Every word of the frames' memory may be a reference, up to @p top: behind that is what
 * frames that have returned left there.
 */
static void data_stack(struct scan *s, uint64_t chunk, uint64_t top)
{
	uint64_t done = 0;

	for (int i = 0; chunk && i < STACK_CHUNKS_MOST; i++) {
		uint64_t size, previous, word;

		if (chunk & 7 || !reader_probe_u64(&s->reader, chunk, &previous) ||
		    !reader_probe_u64(&s->reader, chunk + STACK_CHUNK_SIZE_AT, &size) ||
		    size > STACK_CHUNK_MOST)
			return;
		if (top - chunk < size)
			size = top - chunk;
		for (uint64_t at = STACK_CHUNK_DATA_AT; at + 8 <= size; at += 8) {
			if (!reader_spend(&s->reader, chunk + at, done, 8))
				return;
			if (!reader_probe_u64(&s->reader, chunk + at, &word))
				break;
			done += 8;
			scan_edge(s, word & ~UINT64_C(3));
		}
		chunk = previous;
	}
}

void closure_roots(struct scan *s, const struct interpreters *interps)
{
	static const unsigned of_interpreter[] = {
		F_PyInterpreterState_modules, F_PyInterpreterState_sysdict,
		F_PyInterpreterState_builtins, F_PyInterpreterState_gc_garbage,
		F_PyInterpreterState_interned_strings,
	};
	static const unsigned of_thread[] = {
		F_PyThreadState_frame,        F_PyThreadState_curexc_type,
		F_PyThreadState_curexc_value, F_PyThreadState_current_exception,
		F_PyThreadState_dict,         F_PyThreadState_exc_type,
		F_PyThreadState_exc_value,    F_PyThreadState_exc_traceback,
	};
	uint64_t chunk, top;

	scan_edge(s, s->c.types->rt->type_type);
	root(s, s->c.types->rt->address, F__PyRuntimeState_gc_garbage);
	for (size_t i = 0; i < interps->interps.n; i++) {
		for (size_t k = 0; k < sizeof(of_interpreter) / sizeof(of_interpreter[0]); k++)
			root(s, interps->interps.items[i].address, of_interpreter[k]);
	}
	for (size_t i = 0; i < interps->threads.n; i++) {
		uint64_t thread = interps->threads.items[i].address;

		for (size_t k = 0; k < sizeof(of_thread) / sizeof(of_thread[0]); k++)
			root(s, thread, of_thread[k]);
		if (LOAD(s->l, &s->reader, thread, PyThreadState, datastack_chunk, &chunk) &&
		    LOAD(s->l, &s->reader, thread, PyThreadState, datastack_top, &top))
			data_stack(s, chunk, top);
	}
}
