/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "graph/audit.h"
#include "heap/place.h"
#include "object/text.h"
#include "target/words.h"

#define MOST_BASES 64
/* Fewer bytes than pymalloc leaves to malloc (SMALL_REQUEST_THRESHOLD, 512), to be sure. */
#define SMALL 256u
#define THREAD_BLOCK 4096u

/* Memory of malloc's that C code refers to may hold references in turn. */
static void lead_to(struct missing *m, uint64_t address)
{
	uint64_t bytes;
	bool added;

	/* sqlite has the size of each of its pieces of memory before it. */
	if (address & 15)
		address -= 8;
	if (address & 15 || map_get(&m->owned, address) ||
	    !place_is_private(m->c, &m->h->arenas, address) ||
	    !chunks_have(&m->in_use, m->c, address, &bytes))
		return;
	if (!map_put(&m->seen, address, &added) ||
	    (added && !vec_push(&m->chunks, address)))
		m->failed = true;
}

/*
 * Static data may have the text of a str, for which a reference to the str was counted: the
 * documentation of methods of C types, where it is written in Python (numpy's add_docstring()).
 */
static void meet_text(struct missing *m, uint64_t word)
{
	uint64_t address = word - L(m->c->l, PyASCIIObject, sizeof);
	uint32_t object = index_number_of(&m->h->index, address);
	struct text text;

	if (object != WHOLE_NONE && m->of[object] && missing_is_str(m, object) &&
	    !text_at(m->c->l, m->c->r, address, &text) && text.data == word)
		missing_take(m, object);
}

/* A word of memory that C code knows alone, and its address. */
static void meet(struct missing *m, uint64_t at, uint64_t word)
{
	uint32_t object;

	/* From 3.14 on a word of the interpreter's may have a mark in its lowest bit. */
	if (!word || word & 7)
		return;
	object = index_number_of(&m->h->index, word);
	if (object != WHOLE_NONE) {
		if (!map_get(&m->told, at))
			missing_take(m, object);
	} else {
		lead_to(m, word);
	}
	if (m->in_data)
		meet_text(m, word);
}

static bool is_static_type(const struct whole *w, uint32_t object)
{
	return w->objects.flags[object] & OBJECT_STATIC &&
	       w->types.items[w->objects.type[object]].flags & WHOLE_CLASSES;
}

/*
 * Bytes of the object at @p address, 0: none is there. Where types have no __sizeof__ of their
 * own (2.7), static ones are said to be as large as those of the heap, which they are not.
 */
static uint64_t object_there(const struct missing *m, uint64_t address)
{
	uint32_t object = index_number_of(&m->h->index, address);
	uint64_t bytes = object == WHOLE_NONE ? 0 : whole_bytes(m->w, object);

	if (bytes > L(m->c->l, PyTypeObject, sizeof) && is_static_type(m->w, object))
		bytes = L(m->c->l, PyTypeObject, sizeof);
	return (bytes + 7) & ~UINT64_C(7);
}

/* Words, one behind the other, of which an object covers the first ones. */
struct scan {
	struct missing *m;
	uint64_t skip; /* bytes that the object has left */
};

/* What the words that are in an object refer to is found already. */
static void scan_some(void *arg, uint64_t at, const uint64_t *words, size_t n)
{
	struct scan *s = arg;

	for (size_t i = 0; i < n; i++) {
		uint64_t bytes = object_there(s->m, at + 8 * i);

		if (bytes > s->skip)
			s->skip = bytes;
		if (s->skip)
			s->skip -= 8;
		else
			meet(s->m, at + 8 * i, words[i]);
	}
}

static void scan_words(struct missing *m, uint64_t start, uint64_t end)
{
	struct scan s = { .m = m };

	words_each(m->c->r, start, end, scan_some, &s);
}

/*
 * Where a thread's stack ends: the C library puts what it knows of the thread there, to
 * which fs_base points. Stacks without pages between them are mapped as one region.
 */
static uint64_t stack_end(const struct native_thread *thread, const struct region *region)
{
	if (thread->fs_base <= thread->sp || thread->fs_base >= region->end)
		return region->end;
	return thread->fs_base + THREAD_BLOCK;
}

/* Documentation of types: a word that is in an object, and no reference of it. */
static void scan_docs(struct missing *m)
{
	const struct whole *w = m->w;
	uint64_t doc;

	for (uint32_t i = 0; i < w->n; i++) {
		if (w->types.items[w->objects.type[i]].flags & WHOLE_CLASSES &&
		    PROBE(m->c->l, m->c->r, w->source.address(w->source.arg, i), PyTypeObject,
			  tp_doc, &doc) &&
		    doc)
			meet_text(m, doc);
	}
}

/* Below the stack pointer is what calls that have returned left there. */
static void scan_stacks(struct missing *m)
{
	const struct target *t = m->c->r->target;

	for (size_t i = 0; i < t->n_threads; i++) {
		const struct native_thread *thread = &t->threads[i];
		const struct region *region = thread->sp ? target_region_at(t, thread->sp) : NULL;

		if (region)
			scan_words(m, thread->sp, stack_end(thread, region));
	}
}

static void scan_state(struct missing *m, uint64_t address, uint64_t bytes)
{
	/* Static ones are in a binary's data. */
	if (!target_module_at(m->c->r->target, address))
		scan_words(m, address, address + bytes);
}

static void scan_states(struct missing *m)
{
	const struct interpreters *all = m->h->interps;
	const struct layout *l = m->c->l;

	for (size_t i = 0; i < all->interps.n; i++)
		scan_state(m, all->interps.items[i].address, L(l, PyInterpreterState, sizeof));
	for (size_t i = 0; i < all->threads.n; i++)
		scan_state(m, all->threads.items[i].address, L(l, PyThreadState, sizeof));
}

static void scan_chunk(struct missing *m, const struct index_chunk *chunk)
{
	for (unsigned i = 0; i < INDEX_WORDS; i++) {
		uint64_t left = chunk->live[i] & ~chunk->storage[i];

		for (; left; left &= left - 1) {
			uint64_t bit = i * UINT64_C(64) + (unsigned)__builtin_ctzll(left);
			uint64_t block = chunk->start + (bit << INDEX_GRANULE_SHIFT), pool, bytes;

			pool = block & ~((UINT64_C(1) << m->h->arenas.pool_shift) - 1);
			bytes = (uint64_t)chunk->block_size[(pool - chunk->start) >> 12]
				<< INDEX_GRANULE_SHIFT;
			if (!index_chunk_has_object(chunk, block, bytes))
				scan_words(m, block, block + bytes);
		}
	}
}

static void scan_node(void *arg, uint64_t address, uint64_t bytes)
{
	struct missing *m = arg;

	if (bytes == L(m->c->l, _ODictNode, sizeof))
		scan_words(m, address, address + bytes);
}

static bool is_ordered(const struct type *type)
{
	for (unsigned i = 0; type && i < MOST_BASES; i++, type = type->base) {
		if (!strcmp(type->name, "collections.OrderedDict"))
			return true;
	}
	return false;
}

static int meet_inside(void *arg, uint64_t word, enum edge_kind kind, const struct label *label)
{
	struct missing *m = arg;

	(void)kind;
	(void)label;
	if (index_number_of(&m->h->index, word) == WHOLE_NONE)
		lead_to(m, word);
	return m->failed;
}

/* What an object has another library keep (sqlite's functions, to 3.10) no decoder knows. */
static void scan_foreign(struct missing *m)
{
	const struct whole *w = m->w;
	const struct type_table *types = m->h->types;

	for (uint32_t i = 0; i < w->n; i++) {
		const struct type *type = types->types.items[w->objects.type[i]];

		if (type->decoder && type->decoder->foreign)
			object_inside(m->c, (struct object){ w->source.address(w->source.arg, i), type },
				      meet_inside, m);
	}
}

/* The nodes by which a dict knows its order hold its keys once more, untold to the collector. */
static void scan_nodes(struct missing *m)
{
	const struct whole *w = m->w;
	const struct type_table *types = m->h->types;
	uint32_t last = UINT32_MAX;
	bool ordered = false;

	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t type = w->objects.type[i];

		if (type != last)
			ordered = is_ordered(types->types.items[type]);
		last = type;
		if (ordered)
			object_storage(m->c, (struct object){ w->source.address(w->source.arg, i),
							      types->types.items[type] },
				       scan_node, m);
	}
}

static void own(void *arg, uint64_t address, uint64_t bytes)
{
	struct missing *m = arg;

	if (bytes > SMALL && !map_put(&m->owned, address, NULL))
		m->failed = true;
}

/* What malloc has given to objects, none of which is small: the references in it are found. */
static void find_owned(struct missing *m)
{
	const struct whole *w = m->w;

	for (uint32_t i = 0; i < w->n && !m->failed; i++) {
		if (whole_bytes(w, i) > SMALL)
			object_storage(m->c,
				       (struct object){ w->source.address(w->source.arg, i),
							m->h->types->types.items[w->objects.type[i]] },
				       own, m);
	}
}

int missing_scan(struct missing *m)
{
	struct target *t = m->c->r->target;

	chunks_read(&m->in_use, m->c->r);
	m->failed |= m->in_use.failed;
	find_owned(m);
	m->in_data = HAS(m->c->l, PyASCIIObject, sizeof);
	if (m->in_data)
		scan_docs(m);
	for (size_t i = 0; i < t->n_regions; i++)
		scan_words(m, t->regions[i].start, words_end_of_binary(t, &t->regions[i]));
	m->in_data = false;
	scan_stacks(m);
	scan_states(m);
	scan_nodes(m);
	scan_foreign(m);
	for (size_t i = 0; i < m->h->index.order.n; i++)
		scan_chunk(m, m->h->index.order.items[i]);
	/* What these lead to is put behind them. */
	for (size_t i = 0; i < m->chunks.n && !m->failed; i++) {
		uint64_t at = m->chunks.items[i], bytes;

		if (chunks_have(&m->in_use, m->c, at, &bytes))
			scan_words(m, at, at + bytes);
	}
	return m->failed ? PYCORE_ERR_NOMEM : 0;
}
