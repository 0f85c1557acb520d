/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_OBJECT_H
#define OBJECT_OBJECT_H

#include "base/buf.h"
#include "object/type.h"

struct behind;

/* What every decoder is given. One a worker: the reader is not shared. */
struct ctx {
	const struct layout *l;
	struct reader *r;
	struct type_table *types;
	const struct interpreters *interps; /* for tp_dict of static types; may be NULL */
	struct behind *behind; /* filled with the graph of all references; may be NULL */
	unsigned nested; /* values within which one is written: value_repr_within() counts them */
};

/* An object whose type is known. */
struct object {
	uint64_t address;
	const struct type *type;
};

enum edge_kind {
	EDGE_OWNED,    /* counted in the target's ob_refcnt */
	EDGE_BORROWED, /* held by nothing here: not an owner */
	EDGE_WEAK,
	EDGE_GUESS,    /* found by looking at every word of an unknown body */
};

enum label_kind {
	LABEL_NONE,
	LABEL_ATTR,  /* .text */
	LABEL_FIELD, /* text as it is: "__defaults__", "f_locals x" */
	LABEL_INDEX, /* [index] */
	LABEL_KEY,   /* [repr of object key] */
	LABEL_ATTR_KEY, /* .name, the str object key being the name */
	LABEL_IS_KEY,   /* it is itself the key number index */
	LABEL_LOCAL,    /* local variable named by the str object key */
};

/* Cheap to make for each of millions of edges; text is made only where it is shown. */
struct label {
	enum label_kind kind;
	const char *text; /* static, or as long-lived as the type table */
	uint64_t index;
	uint64_t key;     /* address of an object */
};

/* @return non-zero to stop; edges() returns that value then. */
typedef int edge_fn(void *arg, uint64_t to, enum edge_kind kind, const struct label *label);

/* Memory that an object owns outside itself: start of the block and its bytes. */
typedef void storage_fn(void *arg, uint64_t address, uint64_t bytes);

/* A field of an object's body that is a reference. */
struct ref_field {
	uint32_t field; /* enum field_id; one that the layout lacks is skipped */
	enum label_kind kind;
	enum edge_kind edge;
	const char *text;
};

/* Room that a container has for more items than are in it. */
struct slack {
	uint64_t used, room; /* items, and for how many there is room */
	uint64_t bytes;      /* that a copy of it would take less */
};

/* Where an object that is data in the main has it. */
enum buffer_kind {
	BUFFER_NONE,
	BUFFER_COUNTED, /* sys.getsizeof tells all of it */
	BUFFER_OWNED,   /* what the storage function gives, whether sys.getsizeof counts it or not */
};

/*
 * One builtin type. Every function may find garbage: it gives what it could
 * read and returns PYCORE_ERR_FAULT or PYCORE_ERR_DAMAGED; it never recurses
 * and is bounded by what is mapped. All of them may be NULL.
 */
struct decoder {
	const struct ref_field *fields; /* up to one with no text */
	bool scan; /* words of the body that no field names may be references too */
	int (*edges)(const struct ctx *c, struct object o, edge_fn *fn, void *arg);
	/* Words, as guesses, that may lead to memory of C code's: see object_inside() */
	int (*inside)(const struct ctx *c, struct object o, edge_fn *fn, void *arg);
	/* Another library's memory is behind these: references are in Python's own blocks alone */
	bool foreign;
	/* sys.getsizeof without what stands before the object; NULL: by tp_basicsize, tp_itemsize */
	int (*extent)(const struct ctx *c, struct object o, uint64_t *bytes);
	void (*storage)(const struct ctx *c, struct object o, storage_fn *fn, void *arg);
	/*
	 * Short text as Python would write it, until @p out is @p most long;
	 * NULL: "<type object at 0x...>"
	 */
	int (*repr)(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		    size_t most);
	/* Of containers that grow: what of their room is not used. */
	int (*slack)(const struct ctx *c, struct object o, struct slack *out);
	enum buffer_kind buffer;
};

/* The decoder that is for the type of this tp_name and its like; NULL: there is none. */
const struct decoder *decoder_named(const char *tp_name);

/*
 * The decoder for a type: by its name (NULL: that of a class made in Python, which
 * says nothing), else that of its base, else by flag, else generic.
 */
const struct decoder *decoder_for(const char *tp_name, uint64_t flags, const struct decoder *base);

extern const struct decoder pycore_dec_generic;

/* @return 0 and the object at @p address, or a negative status if there is none. */
int object_at(const struct ctx *c, uint64_t address, struct object *out);

/*
 * References: of the type's decoder, then instance dict or inline values, then slots, then the
 * type itself, then what is known to be behind its pointers. A negative status tells that some
 * could not be read; the others were given.
 */
int object_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg);

/*
 * Where the type is opaque: every word that only C code knows, in the object or its state,
 * that may be a pointer to more memory of that code's.
 */
int object_inside(const struct ctx *c, struct object o, edge_fn *fn, void *arg);

/* sys.getsizeof(o) */
int object_sizeof(const struct ctx *c, struct object o, uint64_t *bytes);

/* All memory owned outside the object, the instance dict's values included. */
void object_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg);

/* Count of references; -1 if immortal. */
int object_refcount(const struct ctx *c, uint64_t address, int64_t *out);

/* Whether the cycle collector tracks it now. */
bool object_gc_tracked(const struct ctx *c, struct object o);

#endif
