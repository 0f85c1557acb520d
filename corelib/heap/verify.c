/* SPDX-License-Identifier: MIT */
#include "heap/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/workers.h"
#include "heap/place.h"
#include "object/text.h"

const char *const fault_kind_names[FAULT_KINDS] = {
	[FAULT_TYPE] = "type", [FAULT_REFERENCE] = "reference", [FAULT_REFCOUNT] = "refcount",
	[FAULT_GC] = "gc",     [FAULT_DICT] = "dict",           [FAULT_LIST] = "list",
	[FAULT_TUPLE] = "tuple", [FAULT_STR] = "str",           [FAULT_BYTES] = "bytes",
	[FAULT_SET] = "set",   [FAULT_POOL] = "pool",
};

const char *const check_kind_names[CHECK_KINDS] = {
	[CHECK_OBJECTS] = "objects", [CHECK_REFERENCES] = "references",
	[CHECK_REFCOUNTS] = "refcounts", [CHECK_GC] = "gc", [CHECK_DICTS] = "dict",
	[CHECK_LISTS] = "list", [CHECK_TUPLES] = "tuple", [CHECK_STRS] = "str",
	[CHECK_BYTES] = "bytes", [CHECK_SETS] = "set", [CHECK_POOLS] = "pool",
};

void verify_fault(struct verify *v, enum fault_kind kind, uint64_t address, uint64_t at,
		  const char *format, ...)
{
	struct fault fault = { .kind = kind, .address = address, .at = at, .from = v->from };
	va_list args;

	v->n_faults++;
	if (v->faults.n >= MOST_FAULTS)
		return;
	va_start(args, format);
	vsnprintf(fault.text, sizeof(fault.text), format, args);
	va_end(args);
	v->failed |= !vec_push(&v->faults, fault);
}

struct from {
	struct verify *v;
	struct object o;
};

static enum fault_kind kind_of(const struct type *t)
{
	return t->flags & TPFLAGS_TUPLE ? FAULT_TUPLE : t->flags & TPFLAGS_LIST ? FAULT_LIST :
	       t->flags & TPFLAGS_DICT	? FAULT_DICT : t->flags & TPFLAGS_UNICODE ? FAULT_STR :
	       t->flags & TPFLAGS_BYTES ? FAULT_BYTES : FAULT_REFERENCE;
}

/* Whether memory alone says that a whole object is there: the walk over the heap may doubt it. */
static bool is_whole(struct verify *v, const struct place *p, uint64_t at)
{
	uint64_t offset = at - p->start, all;
	struct object o;

	return !object_at(&v->c, at, &o) && !object_sizeof(&v->c, o, &all) &&
	       scan_items_end(&v->c, o) &&
	       (p->kind != PLACE_BLOCK || (offset >= o.type->pre_header &&
					   spot_own_bytes(&v->c, o) <= p->bytes - offset));
}

/* The walk over the heap leaves out what is on the collector's lists but not linked back. */
static void verify_uncounted(struct verify *v, uint64_t address)
{
	struct object o;

	v->uncounted += v->from == UINT32_MAX;
	if (v->aside || v->no_links || object_at(&v->c, address, &o) || !o.type->is_gc)
		return;
	v->aside = true;
	verify_links(v, o);
	v->aside = false;
}

/* Where the count of references is, or the first part of it. */
static uint64_t count_at(const struct layout *l, uint64_t address)
{
	return address + (HAS(l, PyObject, ob_ref_local) ? L(l, PyObject, ob_ref_local) :
							   L(l, PyObject, ob_refcnt));
}

/* The count as it stands there, whatever it is. */
static bool count_of(struct verify *v, uint64_t address, int64_t *out)
{
	uint64_t word;

	if (HAS(v->c.l, PyObject, ob_ref_local))
		return !object_refcount(&v->c, address, out);
	if (!reader_probe_u64(&v->reader, count_at(v->c.l, address), &word))
		return false;
	*out = (int64_t)word;
	return true;
}

/* A reference to what is no object that was found: what is it? */
static void blame_target(struct verify *v, struct object from, uint64_t to)
{
	const struct layout *l = v->c.l;
	const char *name = from.type->name;
	uint8_t head[OBJECT_HEAD_MOST];
	uint64_t type, len = L(l, PyObject, sizeof);
	struct place place;
	int64_t refcnt;

	if (len > sizeof(head) || reader_copy(&v->reader, to, head, len) != len ||
	    !count_of(v, to, &refcnt) ||
	    !reader_probe_u64(&v->reader, to + L(l, PyObject, ob_type), &type)) {
		/* Of memory that is mapped and that the core does not have nothing is known. */
		if (!target_region_at(v->reader.target, to))
			verify_fault(v, FAULT_REFERENCE, from.address, to,
				     "refers to 0x%llx, where nothing is mapped (%.80s)",
				     (unsigned long long)to, name);
		return;
	}
	place_find(&v->c, to, &place);
	if (place.kind == PLACE_FREED)
		verify_fault(v, FAULT_REFERENCE, to, to,
			     "freed memory that 0x%llx (%.80s) refers to",
			     (unsigned long long)from.address, name);
	else if (!type_is_address(type) || !type_at(v->c.types, &v->reader, type))
		verify_fault(v, FAULT_TYPE, to, to + L(l, PyObject, ob_type),
			     "its ob_type, 0x%llx, is no type; 0x%llx (%.60s) refers to it",
			     (unsigned long long)type, (unsigned long long)from.address, name);
	else if (life_of(l, head) != LIFE_LIVE)
		verify_fault(v, FAULT_REFCOUNT, to, count_at(l, to),
			     "its reference count is %lld, and 0x%llx (%.60s) refers to it",
			     (long long)refcnt, (unsigned long long)from.address, name);
	else if (is_whole(v, &place, to))
		verify_uncounted(v, to);
	else
		verify_fault(v, kind_of(type_at(v->c.types, &v->reader, type)), to, to,
			     "no whole object is there: its size or its head makes no sense; "
			     "0x%llx (%.60s) refers to it",
			     (unsigned long long)from.address, name);
}

void verify_listed(struct verify *v, struct object from, uint64_t to)
{
	if (arenas_has(&v->h->arenas, to) && !index_has(&v->h->index, to))
		blame_target(v, from, to);
}

static int follow(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct from *from = arg;
	struct verify *v = from->v;
	uint32_t number;

	/* Members of a struct sequence are its items by other names. */
	if (kind != EDGE_OWNED || (label->kind == LABEL_ATTR && from->o.type->flags & TPFLAGS_TUPLE))
		return 0;
	v->checked[CHECK_REFERENCES]++;
	number = index_number_of(&v->h->index, to);
	if (number == UINT32_MAX)
		blame_target(v, from->o, to);
	else
		__atomic_fetch_add(&v->incoming[number], 1, __ATOMIC_RELAXED);
	return v->failed;
}

/* C code keeps tuples for calls, with what was in them at the last: held by nothing that is known. */
static bool is_for_calls(struct verify *v, struct object o)
{
	return o.type->flags & TPFLAGS_TUPLE && !object_gc_tracked(&v->c, o);
}

static int forget(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct verify *v = arg;
	uint32_t number = index_number_of(&v->h->index, to);

	if (number != UINT32_MAX && kind == EDGE_OWNED && label->kind == LABEL_INDEX)
		__atomic_fetch_sub(&v->incoming[number], 1, __ATOMIC_RELAXED);
	return 0;
}

/* Take back the references of such a tuple. */
static int forget_calls(void *arg, uint64_t address)
{
	struct verify *v = arg;
	uint32_t number = index_number_of(&v->h->index, address);
	struct object o;

	if (number != UINT32_MAX && !v->incoming[number] && !object_at(&v->c, address, &o) &&
	    is_for_calls(v, o))
		object_edges(&v->c, o, forget, v);
	return 0;
}

static int verify_object(void *arg, uint64_t address)
{
	struct verify *v = arg;
	struct from from = { .v = v };

	if (object_at(&v->c, address, &from.o))
		return 0;
	v->checked[CHECK_OBJECTS]++;
	verify_contents(v, from.o);
	if (from.o.type->is_gc && !v->no_links)
		verify_links(v, from.o);
	if (HAS(v->c.l, PyObject, ob_gc_bits))
		verify_head(v, from.o);
	if (is_for_calls(v, from.o))
		v->from = index_number_of(&v->h->index, address);
	object_edges(&v->c, from.o, follow, &from);
	v->from = UINT32_MAX;
	return v->failed;
}

/* The table of interned strings has each of them as key and as value, and counts neither. */
static uint64_t uncounted(struct verify *v, struct object o)
{
	uint64_t str = FACT(v->c.l, TEXT) == TEXT_BYTES ? TPFLAGS_BYTES : TPFLAGS_UNICODE;
	struct text t;

	return o.type->flags & str && !text_at(v->c.l, &v->reader, o.address, &t) &&
		       t.interned ? 2 : 0;
}

/*
 * Static objects are never freed, and C code counts references to them as it
 * likes; of types, some that are found in them are borrowed.
 */
static bool counts_loosely(struct verify *v, struct object o)
{
	return o.type->flags & TPFLAGS_TYPE || target_module_at(v->reader.target, o.address);
}

static int verify_count(void *arg, uint64_t address)
{
	struct verify *v = arg;
	uint32_t number = index_number_of(&v->h->index, address);
	struct object o;
	int64_t counted;

	if (number == UINT32_MAX || object_at(&v->c, address, &o) ||
	    object_refcount(&v->c, address, &counted) || counted < 0)
		return 0;
	v->checked[CHECK_REFCOUNTS] += !v->look_only;
	if ((uint64_t)counted >= v->incoming[number] || counts_loosely(v, o) ||
	    (uint64_t)counted + uncounted(v, o) >= v->incoming[number])
		return 0;
	v->suspects++;
	if (!v->look_only)
		verify_fault(v, FAULT_REFCOUNT, address, count_at(v->c.l, address),
			     "its reference count is %lld, but %lu references to it are there (%.80s)",
			     (long long)counted, (unsigned long)v->incoming[number],
			     o.type->name);
	return v->failed;
}

struct work {
	const struct heap *h;
	struct verify *workers;
	unsigned n;
	void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total);
	void *progress_ctx;
};

static void object_job(void *ctx, size_t job, unsigned worker)
{
	struct work *w = ctx;
	const struct index_chunk *chunk = w->h->index.order.items[job];

	if (!worker && w->progress)
		w->progress(w->progress_ctx, "verifying", job, w->h->index.order.n);
	index_chunk_each(chunk, verify_object, &w->workers[worker]);
	verify_pools(&w->workers[worker], chunk->start, chunk->start + INDEX_CHUNK_SIZE);
}

enum { PAGES_PER_JOB = 64 };

static void page_job(void *ctx, size_t job, unsigned worker)
{
	struct work *w = ctx;
	const struct arenas *a = &w->h->arenas;
	size_t i = job * PAGES_PER_JOB;

	for (size_t end = i + PAGES_PER_JOB; i < end && i < a->pages.n; i++)
		verify_page(&w->workers[worker], &a->pages.items[i]);
}

static void count_job(void *ctx, size_t job, unsigned worker)
{
	struct work *w = ctx;

	index_chunk_each(w->h->index.order.items[job], verify_count, &w->workers[worker]);
}

static void forget_job(void *ctx, size_t job, unsigned worker)
{
	struct work *w = ctx;

	index_chunk_each(w->h->index.order.items[job], forget_calls, &w->workers[worker]);
}

/* Of most heaps, one look is enough. */
static void verify_counts(struct work *w)
{
	uint64_t suspects = 0;

	for (unsigned i = 0; i < w->n; i++)
		w->workers[i].look_only = true;
	workers_run(w->n, w->h->index.order.n, count_job, w);
	for (unsigned i = 0; i < w->n; i++) {
		suspects += w->workers[i].suspects;
		w->workers[i].look_only = false;
	}
	if (suspects)
		workers_run(w->n, w->h->index.order.n, forget_job, w);
	workers_run(w->n, w->h->index.order.n, count_job, w);
}

static int by_address(const void *a, const void *b)
{
	const struct fault *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static bool same(const struct fault *a, const struct fault *b)
{
	return a->kind == b->kind && a->address == b->address && a->at == b->at;
}

/* All of them by address, each once, however many objects led to it. */
static int gather(const struct work *w, struct heap_verdict *out)
{
	size_t n = 0;

	for (unsigned i = 0; i < w->n; i++) {
		struct verify *v = &w->workers[i];

		for (size_t k = 0; k < v->faults.n; k++) {
			uint32_t from = v->faults.items[k].from;

			if (from != UINT32_MAX && !v->incoming[from])
				out->n_faults--;
			else if (!vec_push(&out->faults, v->faults.items[k]))
				return PYCORE_ERR_NOMEM;
		}
		out->n_faults += v->n_faults;
		out->uncounted += v->uncounted;
		for (unsigned k = 0; k < CHECK_KINDS; k++)
			out->checked[k] += v->checked[k];
		if (v->failed)
			return PYCORE_ERR_NOMEM;
	}
	if (out->faults.n)
		qsort(out->faults.items, out->faults.n, sizeof(out->faults.items[0]), by_address);
	for (size_t i = 0; i < out->faults.n; i++) {
		if (n && same(&out->faults.items[n - 1], &out->faults.items[i]))
			out->n_faults--;
		else
			out->faults.items[n++] = out->faults.items[i];
	}
	out->faults.n = n;
	return 0;
}

static void start(struct verify *v, const struct heap *h, const struct ctx *c, uint32_t *incoming)
{
	v->h = h;
	v->c = *c;
	reader_init(&v->reader, c->r->target);
	v->c.r = &v->reader;
	v->incoming = incoming;
	v->from = UINT32_MAX;
	scan_init(&v->scan, c, &h->arenas, 0);
	v->collecting = interpreters_collecting(h->interps);
	v->no_links = !v->scan.gc_size || v->collecting;
	/* From 3.14 on a free-threaded build counts some by thread. */
	v->no_counts = HAS(c->l, PyObject, ob_ref_shared) && c->l->unverified;
}

int heap_verify(const struct heap *h, const struct ctx *c, struct heap_verdict *out,
		void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total),
		void *progress_ctx)
{
	struct work w = { .h = h, .n = workers_count(h->jobs), .progress = progress,
			  .progress_ctx = progress_ctx };
	uint32_t *incoming = calloc(h->index.n_objects + 1, sizeof(*incoming));
	int rc = PYCORE_ERR_NOMEM;

	*out = (struct heap_verdict){ .n_faults = 0 };
	w.workers = calloc(w.n, sizeof(*w.workers));
	for (unsigned i = 0; w.workers && i < w.n; i++)
		start(&w.workers[i], h, c, incoming);
	if (incoming && w.workers) {
		workers_run(w.n, h->index.order.n, object_job, &w);
		verify_torn(&w.workers[0]);
		workers_run(w.n, (h->arenas.pages.n + PAGES_PER_JOB - 1) / PAGES_PER_JOB, page_job,
			    &w);
		if (!w.workers[0].no_counts)
			verify_counts(&w);
		rc = gather(&w, out);
	}
	for (unsigned i = 0; w.workers && i < w.n; i++) {
		scan_fini(&w.workers[i].scan);
		reader_fini(&w.workers[i].reader);
		vec_free(&w.workers[i].faults);
	}
	free(w.workers);
	free(incoming);
	return rc;
}

void heap_verdict_fini(struct heap_verdict *v)
{
	vec_free(&v->faults);
}
