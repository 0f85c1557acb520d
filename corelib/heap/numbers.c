/* SPDX-License-Identifier: MIT */
#include "heap/scan.h"

/*
 * Python 2 makes its ints and floats in blocks of its own, which malloc gave: a link to the
 * next older block, then objects side by side. Nothing but a static in the interpreter's file,
 * block_list of Objects/intobject.c and floatobject.c, leads to them; it is known by
 * what it leads to. What is free in a block has another free one, or nothing, in ob_type.
 */

enum {
	OBJECTS_MOST = 64,
	BLOCK_MOST = 4096,
	BLOCKS_MOST = 1 << 26,
	TRIED_MOST = 1 << 20, /* blocks that are looked at to tell which word is the static */
};

/* How blocks of one kind are made. */
struct shape {
	uint32_t bytes, next, first, stride, n;
	const struct decoder *decoder; /* of their objects */
};

struct chain {
	struct scan *s;
	const struct shape *shape;
	uint64_t type; /* address of the type of the objects; 0: none was seen yet */
	uint64_t start, end; /* of the interpreter's static data: it is there */
	uint8_t copy[BLOCK_MOST];
};

static bool shape_of(const struct layout *l, bool ints, struct shape *out)
{
	const struct field *size = &l->field[ints ? F_PyIntBlock_sizeof : F_PyFloatBlock_sizeof];

	if (!size->present)
		return false;
	*out = (struct shape){
		.bytes = size->offset,
		.next = ints ? L(l, PyIntBlock, next) : L(l, PyFloatBlock, next),
		.first = ints ? L(l, PyIntBlock, objects) : L(l, PyFloatBlock, objects),
		.stride = ints ? L(l, PyIntObject, sizeof) : L(l, PyFloatObject, sizeof),
		.decoder = ints ? decoder_for(NULL, TPFLAGS_INT, NULL) : decoder_for("float", 0, NULL),
	};
	if (!out->stride || out->bytes > BLOCK_MOST || out->first + out->stride > out->bytes ||
	    out->next + 8 > out->bytes)
		return false;
	out->n = (out->bytes - out->first) / out->stride;
	return out->n <= OBJECTS_MOST;
}

static struct chain chain_of(struct scan *s, const struct shape *shape)
{
	struct chain c = { .s = s, .shape = shape };

	target_data_around(s->reader.target, s->c.types->rt->address, &c.start, &c.end);
	return c;
}

static bool is_type_of(struct chain *c, uint64_t word)
{
	struct scan_type *t;

	if (c->type || word < c->start || word >= c->end)
		return c->type && word == c->type;
	t = scan_type_at(c->s, word);
	if (!t || t->type->decoder != c->shape->decoder || t->type->flags & TPFLAGS_HEAPTYPE)
		return false;
	c->type = word;
	return true;
}

static bool is_block_address(uint64_t address)
{
	return type_is_address(address) && !(address & 15);
}

/* The block at @p at, if it is one; NULL: it is none. */
static const uint8_t *look(struct chain *c, uint64_t at, uint64_t *next)
{
	const struct layout *l = c->s->l;
	const struct shape *shape = c->shape;
	const uint8_t *p;

	if (!is_block_address(at) || arenas_has(c->s->arenas, at))
		return NULL;
	p = reader_probe(&c->s->reader, at, shape->bytes, c->copy);
	if (!p)
		return NULL;
	*next = load_u64(p + shape->next);
	if (*next && !is_block_address(*next))
		return NULL;
	for (uint32_t i = 0; i < shape->n; i++) {
		uint64_t word = load_u64(p + shape->first + i * shape->stride +
					 L(l, PyObject, ob_type));

		if (word && !type_is_address(word))
			return NULL;
	}
	return p;
}

/* How many of a block's objects are live; UINT32_MAX: one is what none can be. */
static uint32_t count_live(struct chain *c, const uint8_t *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->shape->n; i++) {
		const uint8_t *o = p + c->shape->first + i * c->shape->stride;

		if (!is_type_of(c, load_u64(o + L(c->s->l, PyObject, ob_type))))
			continue;
		if (life_of(c->s->l, o) != LIFE_LIVE)
			return UINT32_MAX;
		n++;
	}
	return n;
}

/* Every live object of the chain that begins at @p at may be one that nothing else leads to. */
static void take(struct scan *s, const struct shape *shape, uint64_t at)
{
	struct chain c = chain_of(s, shape);
	uint64_t next;

	for (uint64_t n = 0; at && n < BLOCKS_MOST; at = next, n++) {
		const uint8_t *p = NULL;

		if (reader_spend(&s->reader, at, n * shape->bytes, shape->bytes))
			p = look(&c, at, &next);
		if (!p)
			return;
		s->number_blocks++;
		for (uint32_t i = 0; i < shape->n; i++) {
			const uint8_t *o = p + shape->first + i * shape->stride;

			if (!is_type_of(&c, load_u64(o + L(s->l, PyObject, ob_type))))
				continue;
			s->numbers++;
			scan_edge(s, at + shape->first + (uint64_t)i * shape->stride);
		}
	}
}

/* Which word leads to the longest chain of blocks of a kind. */
struct search {
	struct scan *s;
	struct shape shape;
	uint64_t best, length;
	struct map known;    /* block -> what was found of the chain from there on */
	VEC(uint64_t) path;  /* blocks that were just met, in their order */
};

/* What is known: NO_CHAIN, or how many blocks there are, and whether any object in them is live. */
#define NO_CHAIN UINT64_C(1)
#define CHAIN(blocks, live) ((uint64_t)(blocks) << 2 | (uint64_t)(live) << 1)
#define CHAIN_BLOCKS(known) ((known) >> 2)
#define CHAIN_LIVE(known) ((known) >> 1 & 1)

/* Follow it to what is known already, or to its end. @return what is known of that */
static uint64_t follow(struct search *search, uint64_t at)
{
	struct chain c = chain_of(search->s, &search->shape);
	uint64_t next;

	for (search->path.n = 0; at; at = next) {
		bool added;
		uint64_t *known = map_put(&search->known, at, &added);
		const uint8_t *p;
		uint32_t live;

		if (!known)
			search->s->failed = true;
		if (!known || search->known.n > TRIED_MOST)
			return NO_CHAIN;
		if (!added)
			return *known;
		/* So it is where a chain comes back to itself. */
		*known = NO_CHAIN;
		p = look(&c, at, &next);
		live = p ? count_live(&c, p) : UINT32_MAX;
		if (live == UINT32_MAX)
			return NO_CHAIN;
		if (!vec_push(&search->path, at | (live != 0)))
			search->s->failed = true;
	}
	return CHAIN(0, false);
}

/* How many blocks a word leads to, if they are blocks at all and any object is live. */
static uint64_t length_of(struct search *search, uint64_t at)
{
	uint64_t known = follow(search, at);

	if (known == NO_CHAIN)
		return 0;
	for (size_t i = search->path.n; i-- > 0;) {
		uint64_t block = search->path.items[i], *to;

		known = CHAIN(CHAIN_BLOCKS(known) + 1, CHAIN_LIVE(known) | (block & 1));
		to = map_get(&search->known, block & ~UINT64_C(1));
		if (to)
			*to = known;
	}
	return CHAIN_LIVE(known) ? CHAIN_BLOCKS(known) : 0;
}

static void try_word(void *arg, uint64_t at, uint64_t word)
{
	struct search *search = arg;
	uint64_t n = is_block_address(word) ? length_of(search, word) : 0;

	if (n > search->length) {
		search->length = n;
		search->best = word;
	}
}

void numbers_roots(struct scan *s)
{
	for (int ints = 1; ints >= 0; ints--) {
		struct search search = { .s = s };

		if (!shape_of(s->l, ints, &search.shape))
			continue;
		scan_data(s, s->c.types->rt->address, try_word, &search);
		take(s, &search.shape, search.best);
		map_free(&search.known);
		vec_free(&search.path);
	}
}
