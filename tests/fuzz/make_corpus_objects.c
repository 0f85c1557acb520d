/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/make_corpus.h"
#include "fuzz/world.h"
#include "lib/offsets.h"

enum { BEFORE = 64 }; /* bytes before an object: its heads for the collector */

/* Of these releases: between them what they consist of has changed. */
static const uint32_t releases[] = { PYVER(2, 7, 18), PYVER(3, 8, 18), PYVER(3, 11, 2),
				     PYVER(3, 13, 5) };

/* The number of the layout of a release, among those that a world can be made of. */
static bool find_layout(uint32_t version, uint8_t *number)
{
	const struct layout *l = layout_find(version, BUILD_RELEASE, &(bool){ false });

	for (unsigned i = 0; objects_layout(i); i++) {
		*number = (uint8_t)i;
		if (objects_layout(i) == l)
			return true;
	}
	return false;
}

/* As world_make() will make addresses of it. */
static uint64_t word_for(const struct objects *w, uint64_t word, uint64_t from, uint64_t to)
{
	uint64_t known[WORLD_KNOWN];

	if (word >= from && word < to)
		return TO_BODY | (word - from);
	world_known(w, known);
	for (size_t i = 0; i < WORLD_KNOWN; i++) {
		if (word == known[i])
			return TO_KNOWN | i;
	}
	return word;
}

/* The memory from @p from on, which has the object at @p at of a type with this number. */
static void save(struct objects *w, const char *name, uint8_t layout, uint16_t kind, uint64_t from,
		 uint64_t at)
{
	static uint8_t input[sizeof(struct world_head) + WORLD_BODY_MOST];
	struct world_head h = { .layout = layout, .kind = kind, .at = (uint16_t)(at - from) };
	uint64_t end = w->next, word;
	char path[64];

	memcpy(input, &h, sizeof(h));
	for (uint64_t a = from; a < end; a += 8) {
		memcpy(&word, fake_at(w->f, a, 8), 8);
		word = word_for(w, word, from, end);
		memcpy(input + sizeof(h) + (a - from), &word, 8);
	}
	snprintf(path, sizeof(path), "%s-%u", name, w->l->version >> 24 << 8 | (w->l->version >> 16 & 0xff));
	corpus_save("object", path, input, sizeof(h) + (end - from));
}

typedef uint64_t make_fn(struct objects *w);

static uint64_t make_str(struct objects *w)
{
	static const uint32_t characters[] = { 'a', 0xe4, 0x20ac, 0x1f600 };

	objects_wide_str(w, 4, characters, 4);
	return objects_str(w, "name");
}

static uint64_t make_int(struct objects *w)
{
	return objects_int(w, -1234567890123);
}

static uint64_t make_bytes(struct objects *w)
{
	return objects_bytes(w, "some\n\x80 bytes", 12);
}

static uint64_t make_tuple(struct objects *w)
{
	const uint64_t items[] = { objects_int(w, 1), objects_str(w, "two"), w->none_object };

	return objects_tuple(w, items, 3);
}

static uint64_t make_list(struct objects *w)
{
	const uint64_t items[] = { objects_float(w, 1.5), make_tuple(w), w->none_object };

	return objects_list(w, items, 3);
}

static uint64_t make_dict(struct objects *w)
{
	const uint64_t keys[] = { objects_str(w, "name"), objects_str(w, "key") };
	const uint64_t values[] = { objects_int(w, 1), make_list(w) };

	return objects_dict(w, keys, values, 2);
}

static uint64_t make_class(struct objects *w)
{
	return objects_class(w, "Thing", w->object, TPFLAGS_HAVE_GC | TPFLAGS_MANAGED_DICT, 48);
}

static const struct {
	const char *name;
	make_fn *make;
	uint16_t kind; /* the number that world_known() has of the type */
} kinds[] = {
	{ "type", make_class, 1 }, { "str", make_str, 2 },     { "bytes", make_bytes, 3 },
	{ "int", make_int, 4 },	   { "tuple", make_tuple, 8 }, { "list", make_list, 9 },
	{ "dict", make_dict, 10 },
};

static void objects_of(uint32_t version)
{
	struct objects w;
	uint8_t layout;

	if (!find_layout(version, &layout))
		abort();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint64_t from, at;

		objects_init(&w, objects_layout(layout));
		from = objects_room(&w, BEFORE);
		at = kinds[i].make(&w);
		save(&w, kinds[i].name, layout, kinds[i].kind, from, at);
		objects_fini(&w);
	}
}

/* Words that are right for no type in particular, and so for all: by turns of these, counted up. */
static void words(const char *name, bool any, const uint64_t *turns, size_t n)
{
	struct {
		struct world_head h;
		uint64_t words[64];
	} input = { .h = { .at = BEFORE, .kind = WORLD_EXCEPTION, .flags = any ? WORLD_ANY : 0 } };

	for (size_t i = 0; i < 64; i++)
		input.words[i] = turns[i % n] == (TO_BODY | BEFORE) ? turns[i % n] : turns[i % n] + i / n;
	corpus_save("object", name, &input, sizeof(input));
}

#define WORDS(name, ...)                                                                           \
	words(name, true, (const uint64_t[]){ __VA_ARGS__ },                                       \
	      sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

void corpus_objects(void)
{
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++)
		objects_of(releases[i]);
	words("exception", false, (const uint64_t[]){ TO_BODY | BEFORE }, 1);
	WORDS("numbers", 0);
	WORDS("itself", TO_BODY | BEFORE);
	WORDS("known", TO_KNOWN);
	WORDS("places", TO_BODY, TO_BODY | 8, TO_BODY | 0x40, TO_BODY | 0x80);
	WORDS("numbers-and-places", 3, TO_BODY | 0x100);
	WORDS("places-and-numbers", TO_BODY | 0x48, 7);
	WORDS("known-and-places", TO_KNOWN, TO_BODY | 0x50, 1);
	WORDS("places-and-known", TO_BODY | 0x60, 5, TO_KNOWN | 4);
	WORDS("itself-and-numbers", TO_BODY | BEFORE, 2, 64);
	WORDS("large-numbers", UINT64_C(1) << 32, INT64_MAX, UINT64_C(1) << 47, TO_BODY | 0x58);
}

/* Bytes of line tables that say something in each shape, and what a process tells of itself. */
void corpus_tables(void)
{
	static const uint8_t lnotab[] = { 2, 1, 4, 255, 8, 2, 0, 100, 255, 0, 6, 128 };
	static const uint8_t locations[] = { 0xf0, 2, 0x92, 4, 8, 0xe8, 0x7e, 0x40, 1, 0xda, 1, 2, 3 };
	const struct layout *l;
	char name[32];

	corpus_save("tables", "lnotab", lnotab, sizeof(lnotab));
	corpus_save("tables", "locations", locations, sizeof(locations));
	for (unsigned minor = 13; minor <= 15; minor++) {
		struct fake *f;

		l = layout_find(PYVER(3, minor, 0), BUILD_RELEASE, &(bool){ false });
		f = offsets_tell(l, WORLD_BODY);
		snprintf(name, sizeof(name), "offsets-%u", minor);
		corpus_save("tables", name, fake_at(f, WORLD_BODY, layout_debug_offsets(l->version)->size),
			    layout_debug_offsets(l->version)->size);
		fake_free(f);
	}
}
