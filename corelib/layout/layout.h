/* SPDX-License-Identifier: MIT */
#ifndef LAYOUT_LAYOUT_H
#define LAYOUT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What is known about each CPython: where fields are and how things are
 * encoded. Constants only; that memory exists is not known here.
 */

enum field_id {
#define FIELD(s, f, dwarf) F_##s##_##f,
#include "layout/fields.def"
#undef FIELD
	N_FIELDS
};

enum fact_id {
#define FACT_KIND(k) FACT_##k,
#include "layout/facts.def"
#undef FACT_KIND
	N_FACTS
};

/* Values of facts: never 0, so that a fact that was not stated is seen. */
enum {
	/* INT_SHAPE */
	INT_SIGNED_SIZE = 1, /* ob_size is the digit count, its sign the sign (to 3.11) */
	INT_LV_TAG,          /* digit count << 3 | flags (3.12) */
	/* TEXT: what names and other text are */
	TEXT_BYTES = 1,      /* str is bytes; unicode objects have characters of one width (2.7) */
	TEXT_COMPACT,        /* str of 1, 2 or 4 bytes a character (3.3) */
	/* DICT_KEYS_SHAPE */
	DICT_KEYS_DK_SIZE = 1, /* dk_size, dk_lookup; entries of 24 bytes (to 3.10) */
	DICT_KEYS_LOG2,        /* dk_log2_size, dk_kind; unicode entries of 16 bytes (3.11) */
	DICT_KEYS_TABLE,       /* no keys object: ma_table, of ma_mask + 1 entries (2.7) */
	/* DICT_VALUES: what ma_values and instance values are */
	DICT_VALUES_ARRAY = 1, /* PyObject *[] (to 3.10) */
	DICT_VALUES_PREFIXED,  /* PyObject *[], sizes in the bytes before it (3.11, 3.12) */
	DICT_VALUES_STRUCT,    /* capacity, size, embedded, valid; then values (3.13) */
	/* MANAGED_DICT: where an instance keeps its attributes */
	MANAGED_DICT_NONE = 1,
	MANAGED_DICT_TWO_WORDS, /* o-24 dict, o-32 values (3.11) */
	MANAGED_DICT_TAGGED,    /* o-24: bit 0 set: values at slot + 1 (3.12) */
	MANAGED_DICT_INLINE,    /* o-24 dict; values inline after the body (3.13) */
	/* FRAME_CHAIN */
	FRAME_OBJECTS = 1,   /* tstate.frame -> PyFrameObject (to 3.10) */
	FRAME_VIA_CFRAME,    /* tstate.cframe -> current_frame (3.11, 3.12) */
	FRAME_CURRENT,       /* tstate.current_frame (3.13) */
	/* LINE_TABLE */
	LINE_LNOTAB = 1,     /* to 3.9 */
	LINE_LNOTAB_UP,      /* the same, lines only go up: their bytes have no sign (2.7) */
	LINE_RANGES,         /* 3.10 */
	LINE_LOCATIONS,      /* 3.11 */
	/* LASTI: what tells the current instruction */
	LASTI_BYTES = 1,     /* f_lasti in bytes (to 3.9) */
	LASTI_UNITS,         /* f_lasti in code units (3.10) */
	LASTI_POINTER,       /* prev_instr or instr_ptr (3.11) */
	/* IMMORTAL */
	IMMORTAL_NONE = 1,
	IMMORTAL_LOW32,      /* refcnt word is 0xffffffff (3.12, 3.13) */
	IMMORTAL_FLAGS,      /* u32 count >= 0x80000000, flags in the high half (3.14) */
	IMMORTAL_LOCAL,      /* ob_ref_local is 0xffffffff (free-threaded) */
	/* STACK_REF */
	STACK_PLAIN = 1,     /* PyObject * */
	STACK_TAGGED,        /* _PyStackRef (3.14) */
	/* OBMALLOC: where the allocator's state is */
	OBMALLOC_STATIC = 1, /* file statics: scan for pools (to 3.11) */
	OBMALLOC_EMBEDDED,   /* in the interpreter (3.12) */
	OBMALLOC_POINTER,    /* interp->obmalloc (3.13) */
	OBMALLOC_MIMALLOC,   /* none: heaps of mimalloc (free-threaded) */
	/* FREE_LISTS: how a freed object that is kept looks */
	FREE_LISTS_REFCNT0 = 1, /* ob_refcnt 0, or ob_type used as link (to 3.13) */
	FREE_LISTS_FIRST_WORD,  /* linked through the first word, ob_type intact (3.14) */
	/* TYPE_STATE: where static builtin types keep tp_dict */
	TYPE_STATE_OWN = 1,
	TYPE_STATE_INTERP,   /* per interpreter; tp_subclasses is index + 1 (3.12) */
	/* EXC_STATE: what is being handled */
	EXC_OF_THREAD = 1,   /* the thread state's exc_type, exc_value, exc_traceback (to 3.6) */
	EXC_TRIPLE,          /* an item's exc_type, exc_value, exc_traceback (3.7) */
	EXC_VALUE,           /* exc_value (3.11) */
	/* CUREXC: what is propagating */
	CUREXC_TRIPLE = 1,   /* curexc_type, curexc_value, curexc_traceback (to 3.11) */
	CUREXC_VALUE,        /* current_exception (3.12) */
	/* GIL: where it is */
	GIL_CURRENT_THREAD = 1, /* _PyThreadState_Current is not NULL (to 3.6) */
	GIL_IN_RUNTIME,      /* _PyRuntime.ceval.gil (3.7) */
	GIL_BY_POINTER,      /* interp->ceval.gil -> _gil_runtime_state (3.12) */
	/* GEN_STATE: gi_frame_state */
	GEN_STATE_NONE = 1,  /* a frame object tells (to 3.10) */
	GEN_STATE_3_11,      /* -2 created, -1 suspended, 0 executing, 1 completed, 4 cleared */
	GEN_STATE_3_13,      /* -3 created, -2 suspended, -1 in yield from, 0 executing, 1, 4 */
	GEN_STATE_3_15,      /* 0 created, 1 suspended, 2, 3 in yield from, 4 executing, 5 cleared */
	/* GC_HEAD: what tells that an object is on a collector's list */
	GC_HEAD_REFS = 1,    /* gc_refs >> 1 is not -2; gc_next may be anything (to 3.7) */
	GC_HEAD_REFS_PLAIN,  /* the same of gc_refs itself (2.7) */
	GC_HEAD_LINKS,       /* _gc_next is not NULL; low bits of links are flags (3.8) */
	GC_HEAD_NONE,        /* ob_gc_bits & 1; there are no lists (free-threaded) */
	/* TYPE_NAMES: tp_name of static types that have been renamed; in order */
	TYPE_NAMES_2_7 = 1,
	TYPE_NAMES_3_6,      /* exceptions are builtins, and many others have new names */
	TYPE_NAMES_3_10,     /* weakref and contextvars name their modules */
	TYPE_NAMES_3_11,     /* iter("") is a str_ascii_iterator */
	TYPE_NAMES_3_14,     /* types.UnionType is typing.Union */
	/* SIZEOF_HEAD: what sys.getsizeof adds to __sizeof__ */
	SIZEOF_GC_HEAD = 1,  /* the GC head (to 3.10) */
	SIZEOF_PRE_HEADER,   /* all that stands before the object (3.11); as if static types had it too */
	SIZEOF_PRE_HEADER_THERE, /* the same, where it is there (3.13) */
	/* PRE_HEADER: what stands before an object */
	PRE_HEADER_GC = 1,       /* GC head (to 3.10) */
	PRE_HEADER_DICT,         /* + 16 with a managed dict (3.11) */
	PRE_HEADER_DICT_WEAKREF, /* + 16 with a managed dict or weakref list (3.12) */
	/* YES_NO facts */
	NO = 1,
	YES,
};

enum field_source { SOURCE_NONE, SOURCE_TABLE, SOURCE_DEBUG_OFFSETS, SOURCE_DWARF, SOURCE_CHECKED };

struct field {
	uint32_t offset;
	uint8_t width;        /* bytes; 0: a place, not a value (an array, a struct's size) */
	bool present;
	bool declared_absent;
	uint8_t source;       /* enum field_source */
};

enum build_kind { BUILD_RELEASE, BUILD_DEBUG, BUILD_FREE_THREADED };

struct layout {
	const char *name;     /* "cpython-3.13.5" */
	uint32_t version;     /* as PY_VERSION_HEX, of the release the table was made from */
	uint8_t alike_low, alike_high; /* micro releases known not to differ; 0, 0: none told */
	enum build_kind build;
	bool unverified; /* made without the interpreter: nothing was ever read with it */
	struct field field[N_FIELDS];
	uint64_t fact[N_FACTS];
};

#define PYVER(major, minor, micro) \
	(((uint32_t)(major) << 24) | ((uint32_t)(minor) << 16) | ((uint32_t)(micro) << 8) | 0xf0)

/* Offset of a field that the caller knows to be present. */
#define L(l, s, f) ((l)->field[F_##s##_##f].offset)
#define HAS(l, s, f) ((l)->field[F_##s##_##f].present)
#define FACT(l, k) ((l)->fact[FACT_##k])

/* All tables, oldest first; NULL past the last. */
const struct layout *layout_at(unsigned i);

/*
 * The table for a release: the one that names it, else the nearest of its minor
 * version and build (@p exact tells); NULL: no table of that minor version.
 */
const struct layout *layout_find(uint32_t version, enum build_kind build, bool *exact);

const char *layout_field_name(unsigned field); /* "PyObject.ob_type" */

/* The field that is the size of the struct that @p field is in; N_FIELDS: none is. */
unsigned layout_size_field(unsigned field);

/*
 * What the _Py_DebugOffsets of a minor version tells of our fields: the offset
 * is the u64 at byte @c at of it, plus that at @c plus, less that at @c minus
 * (0: nothing to add or take off).
 */
struct debug_offset {
	uint16_t field, at, plus, minus;
};

struct debug_offsets {
	uint32_t version;
	uint32_t size; /* bytes of the whole */
	const struct debug_offset *items;
	unsigned n;
};

/* NULL: that minor version has none, or none that is known. */
const struct debug_offsets *layout_debug_offsets(uint32_t version);

/* For tests: layout_find() and layout_at() skip the table named @p name; NULL: none. */
void layout_hide(const char *name);

#endif
