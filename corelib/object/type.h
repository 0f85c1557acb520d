/* SPDX-License-Identifier: MIT */
#ifndef OBJECT_TYPE_H
#define OBJECT_TYPE_H

#include <pthread.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "runtime/runtime.h"

/* tp_flags, Include/object.h */
#define TPFLAGS_STATIC_BUILTIN (UINT64_C(1) << 1)
#define TPFLAGS_INLINE_VALUES (UINT64_C(1) << 2)
#define TPFLAGS_MANAGED_WEAKREF (UINT64_C(1) << 3)
#define TPFLAGS_MANAGED_DICT (UINT64_C(1) << 4)
#define TPFLAGS_HEAPTYPE (UINT64_C(1) << 9)
#define TPFLAGS_READY (UINT64_C(1) << 12)
#define TPFLAGS_HAVE_GC (UINT64_C(1) << 14)
#define TPFLAGS_ITEMS_AT_END (UINT64_C(1) << 23)
#define TPFLAGS_INT (UINT64_C(1) << 23) /* 2.7 */
#define TPFLAGS_LONG (UINT64_C(1) << 24)
#define TPFLAGS_LIST (UINT64_C(1) << 25)
#define TPFLAGS_TUPLE (UINT64_C(1) << 26)
#define TPFLAGS_BYTES (UINT64_C(1) << 27)
#define TPFLAGS_UNICODE (UINT64_C(1) << 28)
#define TPFLAGS_DICT (UINT64_C(1) << 29)
#define TPFLAGS_BASE_EXC (UINT64_C(1) << 30)
#define TPFLAGS_TYPE (UINT64_C(1) << 31)

struct decoder;

/* A slot or C member that holds a reference: found in tp_members along tp_base. */
struct type_slot {
	uint32_t offset;
	bool after_items; /* it counts from where that would be if the object had no items */
	const char *name;
};

/* A type object of the target, resolved once. Everything here is checked. */
struct type {
	uint64_t address;
	uint32_t number;      /* dense: index into the table */
	uint64_t flags;
	uint64_t basicsize, itemsize;
	int64_t dictoffset, weaklistoffset;
	uint32_t pre_header;  /* bytes before an instance: GC head, managed dict */
	uint32_t sizeof_head; /* what sys.getsizeof adds for what stands before */
	bool is_gc;
	bool python_class;    /* made by a class statement: C code has put nothing into it */
	bool nameless;        /* static, and its name is not to be had: @c name tells where it is */
	bool leaf;            /* its instances refer to nothing */
	const struct decoder *decoder; /* never NULL: at least the generic one */
	const char *name;     /* module.qualname, builtins bare */
	const struct type *base, *metatype; /* NULL for object; metatype of type is itself */
	uint64_t cached_keys; /* ht_cached_keys, 0: none */
	const uint64_t *attr_keys; /* str objects: names of inline values, by index */
	uint32_t n_attr_keys;
	uint32_t hidden_items; /* struct sequences: items past ob_size */
	const struct type_slot *slots;
	uint32_t n_slots;
	uint32_t first_slot;  /* slots before this one are the decoder's own business */
	uint32_t scan_from, scan_to; /* part of the body that no one knows: every word may be a reference */
	bool scan_items;      /* so may the items after it */
	bool opaque;          /* its C code may have references in memory of its own */
};

/* Every type met. Any worker may look up; adding is done under a lock. */
struct type_table {
	const struct runtime *rt;
	struct arena arena;
	struct map by_address;  /* type address -> number + 1; not a type: UINT64_MAX */
	VEC(struct type *) types;
	size_t n_rejected;
	uint64_t modules;        /* sys.modules of the main interpreter, 0: not known; set by the owner */
	struct map static_names; /* type address -> char *, of those whose own is not at hand */
	bool static_names_made;
	pthread_rwlock_t lock;
};

int type_table_init(struct type_table *tt, const struct runtime *rt);
void type_table_fini(struct type_table *tt);

/*
 * The type at @p address, or NULL if that is no type: its own type must be a
 * type (up to type itself), it must be ready, its name text, its sizes sane.
 */
const struct type *type_at(struct type_table *tt, struct reader *r, uint64_t address);

/* Whether a word can be the address of an object at all. */
static inline bool type_is_address(uint64_t word)
{
	return word >= 4096 && word < UINT64_C(1) << 47 && !(word & 7);
}

/* Whether its objects are text: str, unicode. */
static inline bool type_is_text(const struct layout *l, const struct type *type)
{
	return type->flags & TPFLAGS_UNICODE ||
	       (FACT(l, TEXT) == TEXT_BYTES && type->flags & TPFLAGS_BYTES);
}

/* Whether its objects are whole numbers: int, bool, long. */
static inline bool type_is_int(const struct layout *l, const struct type *type)
{
	return type->flags & TPFLAGS_LONG ||
	       (HAS(l, PyIntObject, ob_ival) && type->flags & TPFLAGS_INT);
}

/* The instance dict of a type without managed dict: address of its slot, or 0. */
uint64_t type_dict_slot(const struct type *type, struct reader *r, const struct layout *l,
			uint64_t object);

/* tp_dict of a type object, also where the interpreter keeps it; 0 if unknown. */
uint64_t type_dict(struct type_table *tt, struct reader *r, uint64_t type_address);

/* What the interpreter at @p interp keeps of a static type: managed_static_type_state; 0: nothing. */
uint64_t type_state(const struct layout *l, struct reader *r, uint64_t interp,
		    uint64_t type_address);

#endif
