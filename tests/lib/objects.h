/* SPDX-License-Identifier: MIT */
#ifndef TESTS_OBJECTS_H
#define TESTS_OBJECTS_H

#include "lib/fake.h"
#include "object/object.h"

/*
 * A target with fabricated objects in it, laid out as one CPython lays them out.
 * Everything is put behind the last, with 64 zero bytes between.
 */
struct objects {
	const struct layout *l;
	struct fake *f;
	struct runtime rt;
	struct type_table types;
	struct ctx c;
	uint64_t next;
	/* static types */
	uint64_t object, type, str, bytes, integer, boolean, floating, tuple, list, dict, set, none;
	uint64_t unicode; /* of text that is not ASCII: of Python 3 it is str */
	uint64_t digits;  /* of ints of any size: of Python 3 it is int */
	uint64_t none_object;
};

#define OBJECTS_BASE UINT64_C(0x7f0000000000)
#define OBJECTS_SIZE ((size_t)1 << 20)

/*
 * The layouts to try, NULL past the last: those whose objects begin with a count and a
 * type. Where there is more before (2.7 with --with-pydebug), the live tests look at it.
 */
const struct layout *objects_layout(unsigned i);

void objects_init(struct objects *w, const struct layout *l);
void objects_fini(struct objects *w);

/* Room for @p size bytes. */
uint64_t objects_room(struct objects *w, size_t size);

/* Put a field's value, if the layout has the field. */
void objects_put(struct objects *w, uint64_t at, unsigned field, uint64_t value);
#define PUT(w, at, s, f, value) objects_put(w, at, F_##s##_##f, value)

/* Bytes that every object begins with. */
#define HEAD_OF(w) L((w)->l, PyObject, sizeof)

/* Set the reference count of the object at @p at. */
void objects_count(struct objects *w, uint64_t at, uint32_t count);

/* An object of @p size bytes, its reference count 1. */
uint64_t objects_object(struct objects *w, uint64_t type, size_t size);

/* A type of C code; @p base 0: object. */
uint64_t objects_static_type(struct objects *w, const char *name, uint64_t base, uint64_t flags,
			     uint64_t basicsize, uint64_t itemsize);

/* What a class statement in __main__ makes. */
uint64_t objects_class(struct objects *w, const char *name, uint64_t base, uint64_t flags,
		       uint64_t basicsize);

uint64_t objects_str(struct objects *w, const char *ascii);
/*
 * A compact str of characters of @p kind bytes, not ASCII. In 2.7 it is a unicode, and a
 * character has as many bytes as all have.
 */
uint64_t objects_wide_str(struct objects *w, unsigned kind, const uint32_t *characters, size_t n);
uint64_t objects_bytes(struct objects *w, const void *bytes, size_t n);
uint64_t objects_int(struct objects *w, int64_t value);
uint64_t objects_float(struct objects *w, double value);
uint64_t objects_tuple(struct objects *w, const uint64_t *items, size_t n);
uint64_t objects_list(struct objects *w, const uint64_t *items, size_t n);

/* Bytes in front of what a str is. */
size_t objects_str_head(const struct layout *l);

/* Keys of 8 slots (from 3.3 on), with room for 5 entries; @p values may be NULL (shared keys). */
uint64_t objects_keys(struct objects *w, const uint64_t *keys, const uint64_t *values, size_t n);
/* A dict of up to 5 str keys. */
uint64_t objects_dict(struct objects *w, const uint64_t *keys, const uint64_t *values, size_t n);

/* Note edges: an edge_fn whose argument is a struct edges. */
struct edges {
	struct {
		uint64_t to;
		enum edge_kind kind;
		struct label label;
	} seen[64];
	size_t n, stop_at; /* stop_at: ask to stop with 7 at that edge, 0: never */
};

int edges_note(void *arg, uint64_t to, enum edge_kind kind, const struct label *label);
/* The first edge to @p to, or -1. */
int edges_find(const struct edges *e, uint64_t to);

#endif
