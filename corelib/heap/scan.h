/* SPDX-License-Identifier: MIT */
#ifndef HEAP_SCAN_H
#define HEAP_SCAN_H

#include "heap/arenas.h"
#include "heap/edges.h"
#include "heap/heap.h"
#include "heap/pool.h"

/*
 * One worker's walk over memory: which live blocks are objects, how many of
 * each type, and what they refer to outside the arenas. It asks the object
 * room about rare types only; for those of which there are millions it has
 * loops of its own (visit.c), which must agree with the object room's.
 */

enum scan_kind {
	SCAN_OTHER,    /* by object_sizeof(), object_edges(), object_storage() */
	SCAN_LEAF,     /* no references; basicsize and itemsize tell all */
	SCAN_INT,
	SCAN_STR,
	SCAN_TUPLE,
	SCAN_LIST,
	SCAN_DICT,
	SCAN_INSTANCE, /* nothing but slots and attributes */
};

/* What the walk has to know of a type, and its counts. */
struct scan_type {
	uint64_t address;          /* of the type object */
	const struct type *type;   /* NULL: it is no type */
	enum scan_kind kind;
	bool attributes;           /* instances have slots, a dict or values: after their kind's */
	bool inline_values;
	uint32_t pre_header;
	uint64_t least;            /* bytes of an instance at least, without pre_header, with
				    * the head of inline values */
	uint64_t most_room;        /* in the block of an instance, without pre_header */
	uint64_t base;             /* sys.getsizeof without items */
	bool bare;                 /* instances are a count and a type */
	bool kept;                 /* freed ones are kept for the next */
	uint64_t n_values;         /* attribute values of an instance that does not tell itself */
	uint64_t count, bytes, tracked;
};

#define SCAN_RECENT 4096u

/* _gc_next and _gc_prev keep flags in their low bits. */
#define GC_POINTER(word) ((word) & ~UINT64_C(3))
/* _PyGC_PREV_MASK_COLLECTING: the rest of _gc_prev is a count of references then */
#define GC_COLLECTING UINT64_C(2)
#define GC_HEAD_MOST 32u
#define GC_REFS_UNTRACKED (-2)

/* A block that is kept for the next object of a type. */
struct kept_block {
	uint64_t address;
	const char *type; /* its name */
};

/* The collector's words before an object. */
struct gc_head {
	uint64_t next, prev; /* without flags */
	bool tracked;
	bool fits;           /* no object of a collected type has other words before it */
	bool counts;         /* a collection runs, and prev is a count of references */
};

struct scan {
	struct ctx c;              /* with the reader below */
	struct reader reader;
	const struct layout *l;
	const struct arenas *arenas;
	uint32_t gc_size;          /* of the collector's head before an object; 0: no lists */
	uint32_t gc_refs;          /* where in it gc_refs is, which tells what is tracked; 0: none */
	unsigned gc_refs_shift;    /* bits of it that are something else */
	bool counts;               /* the collector is at work: _gc_prev may be a count */
	unsigned bias;             /* bytes that debug hooks put before a block's memory */
	uint64_t most_bytes;       /* that any object can have */
	bool failed;               /* no memory */

	/* The chunk in work: its bytes, by offset, in place or in copy. */
	struct index_chunk *chunk;
	const uint8_t *bytes;
	uint8_t *copy;

	struct map types;          /* type address -> struct scan_type *; 1: no type */
	VEC(struct scan_type *) met;
	uint64_t not_types[SCAN_RECENT];

	uint64_t recent[SCAN_RECENT]; /* addresses lately put into outside */
	struct map outside;        /* addresses out of the arenas that may be objects */
	VEC(uint64_t) fresh;       /* of these, the ones not looked at yet */
	struct map outside_storage; /* addresses out of the arenas that are some object's memory */
	VEC(struct kept_block) dead; /* freed objects */
	VEC(uint64_t) texts;       /* bare objects whose count reads as text */
	struct tally tally;
	/*
	 * Sums over all tracked objects of a hash of (it, its next) and of (its
	 * previous, it). They are equal if every link leads to a tracked object
	 * that links back: the collector's lists are checked without a walk.
	 */
	uint64_t links_forth, links_back;
	uint64_t big_objects;      /* in pages of mimalloc's that are no pools */
	struct pycore_blocks blocks;
	uint64_t numbers, number_blocks; /* objects in blocks of many, and these blocks (2.7) */

	struct edge_sink *edges;   /* gets the references, when all objects are numbered; or NULL */
};

void scan_init(struct scan *s, const struct ctx *c, const struct arenas *arenas, unsigned bias);
void scan_fini(struct scan *s);

static inline bool gc_link_plausible(uint64_t link)
{
	return link >= 4096 && !(link >> 47);
}

/* To 3.7: links of what is not on a list are what was in memory before. */
static inline struct gc_head gc_head_by_refs(const struct scan *s, const uint8_t *p)
{
	/* _PyGC_REFS_SHIFT; _PyGC_REFS_REACHABLE is -3, counts are of a running collection */
	int64_t refs = (int64_t)load_u64(p + s->gc_refs) >> s->gc_refs_shift;
	struct gc_head head = { .next = load_u64(p), .prev = load_u64(p + 8) };
	bool linked = gc_link_plausible(head.next) && gc_link_plausible(head.prev);

	head.tracked = refs != GC_REFS_UNTRACKED && linked;
	head.fits = head.tracked || refs == GC_REFS_UNTRACKED;
	if (refs < -4 || refs >> 40 > 0)
		head.fits = head.tracked = false;
	return head;
}

/* What the collector knows of the object whose bytes are @p body; s->gc_size are before it. */
static inline struct gc_head gc_head_of(const struct scan *s, const uint8_t *body)
{
	const uint8_t *p = body - s->gc_size;
	struct gc_head head;
	uint64_t prev;

	if (!s->gc_size)
		return (struct gc_head){
			.tracked = body[L(s->l, PyObject, ob_gc_bits)] & 1, .fits = true
		};
	if (s->gc_refs)
		return gc_head_by_refs(s, p);
	prev = load_u64(p + 8);
	head.next = GC_POINTER(load_u64(p));
	head.prev = GC_POINTER(prev);
	head.counts = prev & GC_COLLECTING;
	head.tracked = head.next != 0;
	head.fits = head.next ? gc_link_plausible(head.next) &&
					(head.counts || gc_link_plausible(head.prev)) :
				!head.prev || head.counts;
	/* Nothing has that flag while there is no collection. */
	head.fits &= s->counts || !head.counts;
	return head;
}

/* The head before the object at @p address. False: it cannot be read. */
bool scan_gc_head(struct scan *s, uint64_t address, struct gc_head *out);

/* Whether there is memory as far as an object's items go: else their number is none. */
bool scan_items_end(const struct ctx *c, struct object o);

/* All pools of the chunk of the index that begins at @p start. */
void scan_chunk(struct scan *s, uint64_t start);

/* All pages of mimalloc's that are no pools. @return their live blocks */
uint64_t scan_big(struct scan *s);

/* Whether blocks carry debug hooks: how many bytes these put before the memory. */
unsigned scan_bias(const struct layout *l, struct reader *r, const struct arenas *a);

/* Take back the objects of the chunk that are in some other object's storage. */
void scan_contest(struct scan *s, struct index_chunk *chunk);
/* Take back what looks tracked, but no neighbour in a list knows of it. */
void scan_unlisted(struct scan *s, struct index_chunk *chunk);
/* Take back the object at @p address of the chunk, which is none. */
void scan_take_back(struct scan *s, struct index_chunk *chunk, uint64_t address);
/*
 * Take back those that are texts of C code's, where an object was once: no object refers to them.
 * @return 0 or a negative status
 */
int scan_texts(struct scan *scans, unsigned n, struct index *x, const struct interpreters *interps);
/* Whether the word is printable ASCII from its lowest byte on, then zeros. */
bool reads_as_text(uint64_t word);
/* Whether any CPython keeps freed objects of the type of that name: others that are dead are remains. */
bool free_list_is_of(const char *type);
/* Find blocks that the interpreters keep free for reuse; more of them look like dead objects. */
void free_lists(struct scan *s, const struct interpreters *interps);
/* When that is done: class the blocks of freed objects, one worker after the other; */
void scan_class_dead(struct scan *s);
/* then all others. */
void scan_class(struct scan *s, struct index_chunk *chunk);

/* Add the object at @p address to the sums of links, or (sign -1) take it away. */
void scan_links(struct scan *s, uint64_t address, const struct gc_head *head, int sign);

/* A reference to @p to was found, or a collector's link to an object there. */
void scan_outside(struct scan *s, uint64_t to);

static inline void scan_edge(struct scan *s, uint64_t to)
{
	if (s->edges)
		edge_sink_add(s->edges, to);
	else if (to && !arenas_has(s->arenas, to) && s->recent[(to >> 4) % SCAN_RECENT] != to)
		scan_outside(s, to);
}

/* The memory that begins at @p address is some object's. */
void scan_claim(struct scan *s, uint64_t address);

/*
 * See to an object's references and storage. @p body are its bytes: t->pre_header
 * before it, t->least of it and, where it is not SCAN_OTHER, its inline values.
 * @return sys.getsizeof
 */
uint64_t scan_visit(struct scan *s, struct scan_type *t, uint64_t address, const uint8_t *body);

/*
 * The same, of an object whose bytes are not at hand. @return sys.getsizeof
 */
uint64_t scan_visit_at(struct scan *s, struct scan_type *t, uint64_t address);

/* Whether an object with its items is no more than @p room bytes. */
bool scan_fits(const struct scan *s, const struct scan_type *t, const uint8_t *body, uint64_t room);

/* Ask for the type, after the cheap ways to tell have been tried. NULL: no type. */
struct scan_type *scan_type_far(struct scan *s, uint64_t address);

static inline struct scan_type *scan_type_at(struct scan *s, uint64_t address)
{
	uint64_t *slot;

	/* Types are too big for pymalloc; not for mimalloc. */
	if (address < 4096 || address >> 47 || address & 7 ||
	    (!s->arenas->pages.n && arenas_has(s->arenas, address)))
		return NULL;
	slot = map_get(&s->types, address);
	if (slot)
		return (struct scan_type *)(uintptr_t)*slot;
	if (s->not_types[(address >> 4) % SCAN_RECENT] == address)
		return NULL;
	return scan_type_far(s, address);
}

enum life { LIFE_NONE, LIFE_LIVE, LIFE_DEAD };

/* PyObject is no more than that. */
#define OBJECT_HEAD_MOST 32u

/* Free-threaded builds. Deferred counting adds about 1 << 60 to what the other threads count. */
static inline enum life life_of_biased(const struct layout *l, const uint8_t *object)
{
	uint32_t local = load_u32(object + L(l, PyObject, ob_ref_local));
	int64_t shared = (int64_t)load_u64(object + L(l, PyObject, ob_ref_shared)) >> 2;

	if (local == UINT32_MAX)
		return LIFE_LIVE;
	if (shared >= INT64_C(1) << 59)
		shared -= INT64_C(1) << 60;
	if (shared < -(INT64_C(1) << 40) || shared >= INT64_C(1) << 40)
		return LIFE_NONE;
	if (!local && !shared)
		return LIFE_DEAD;
	return local + shared > 0 ? LIFE_LIVE : LIFE_NONE;
}

/* What the reference count of the object whose first bytes are @p object says, its type being known. */
static inline enum life life_of(const struct layout *l, const uint8_t *object)
{
	uint64_t word;

	if (FACT(l, IMMORTAL) == IMMORTAL_LOCAL)
		return life_of_biased(l, object);
	word = load_u64(object + L(l, PyObject, ob_refcnt));
	switch (FACT(l, IMMORTAL)) {
	case IMMORTAL_LOW32:
		if (word - 1 < UINT32_MAX)
			return LIFE_LIVE;
		break;
	case IMMORTAL_FLAGS:
		/* u32 count, u16 overflow, u16 flags */
		if ((uint32_t)word && (word >> 32 & 0xffff) < 4 && word >> 48 < 16)
			return LIFE_LIVE;
		break;
	default:
		if (word - 1 < (UINT64_C(1) << 40))
			return LIFE_LIVE;
		break;
	}
	if (!word)
		return LIFE_DEAD;
	/* Free lists are chained through this word from 3.14 on. */
	if (FACT(l, FREE_LISTS) == FREE_LISTS_FIRST_WORD && !(word & 15) && !(word >> 47))
		return LIFE_DEAD;
	return LIFE_NONE;
}

/*
 * Look at s->fresh of all @p n scans, at what that refers to, and so on, with
 * as many threads. @return 0 or PYCORE_ERR_NOMEM
 */
int closure_run(struct scan *scans, unsigned n, struct index *x);

/* Put all that was claimed out of the arenas into the first scan. */
int closure_join_storage(struct scan *scans, unsigned n);

/* Put what interpreters and threads hold into @p s. */
void closure_roots(struct scan *s, const struct interpreters *interps);

/* Call @p fn for each word of the static data that @p address is in; it may change @p s. */
typedef void scan_word_fn(void *arg, uint64_t at, uint64_t word);
void scan_data(struct scan *s, uint64_t address, scan_word_fn *fn, void *arg);

/*
 * Put into @p s what is out of the arenas and not in @p x, but writable data of a binary leads to.
 * @return whether there is any
 */
bool statics_roots(struct scan *s, const struct index *x);

/* Put the ints and floats into @p s that stand in blocks of their own (2.7). */
void numbers_roots(struct scan *s);

/* The type of the object at @p address; NULL if there is none, as far as one can tell. */
struct scan_type *scan_validate(struct scan *s, uint64_t address);

/* Whether tracked objects and the lists' heads are all linked to one another. */
bool gc_agrees(const struct scan *scans, unsigned n, const struct interpreters *interps);

/* Walk the collector's lists; what is not in the index goes into @p s. */
void gc_walk(struct scan *s, const struct index *x, const struct interpreters *interps,
	     void (*warn)(void *ctx, const char *line), void *warn_ctx);

#endif
