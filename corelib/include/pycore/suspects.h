/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_SUSPECTS_H
#define PYCORE_SUSPECTS_H

#include <pycore/path.h>

enum pycore_suspect_kind {
	PYCORE_SUSPECT_OBJECT,    /**< one object that holds much, or is big itself */
	PYCORE_SUSPECT_STRUCTURE, /**< objects of one type that hold one another: links, a tree */
	PYCORE_SUSPECT_GROUP,     /**< objects of one type that no single object keeps alive */
};

/** What keeps a great share of the heap alive, told where it grows. */
struct pycore_suspect {
	int32_t kind;        /**< enum pycore_suspect_kind */
	const char *type;    /**< of the object, of the structure's objects, of the group's */
	uint64_t address;    /**< of the object; of the structure's first; 0 of a group */
	uint64_t count;      /**< objects of a structure or group; else 1 */
	uint64_t bytes;      /**< of the object itself; of a group: all of its own */
	uint64_t retained;   /**< what would be freed with it; of a group: with each, summed up */
	const char *item_type; /**< of what an object alone keeps: the type that keeps most; or NULL */
	uint64_t items;      /**< of that type */
	uint64_t items_retained; /**< bytes that these retain, summed up */
	uint64_t holder;     /**< of a group: address of what refers to most of it; 0: C code or
	                      * garbage has it */
	const char *holder_type; /**< or NULL */
	uint64_t held;       /**< of the group, referred to by the holder */
	bool shared;         /**< other objects refer to those of the group, too */
	const struct pycore_path *path; /**< to the object or holder, else to the group's first;
	                                 * NULL: there is none of 1000 steps or fewer */
};

/** Zero is the default; set @c size to sizeof. */
struct pycore_suspect_query {
	size_t size;
	uint32_t percent; /**< of the bytes of all objects that make a suspect; 0: 10 */
	bool values;      /**< as in struct pycore_path_query */
};

struct pycore_suspects {
	const struct pycore_suspect *suspects; /**< most retained first */
	size_t n_suspects;
	uint64_t bytes;   /**< of all objects of the heap */
	uint32_t percent; /**< that made a suspect */
};

/**
 * Find what retains much of the heap: single objects, lowest first, such as the dict that
 * 200,000 entries are in, not the module above it; and groups of one type that one object
 * holds most of, but others too. Reads every reference. Lives until pycore_close().
 */
PYCORE_API int pycore_get_suspects(struct pycore *session,
				   const struct pycore_suspect_query *query,
				   const struct pycore_suspects **out, struct pycore_error *err);

/** A container of which a copy would be smaller. */
struct pycore_sparse {
	uint64_t address;
	const char *type;
	uint64_t bytes;      /**< that the copy would take less */
	uint64_t used, room; /**< items, and for how many there is room */
	const struct pycore_path *path; /**< NULL: there is none of 1000 steps or fewer */
};

/** All of them of one type. */
struct pycore_waste {
	const char *type;
	uint64_t objects;
	uint64_t bytes; /**< that copies would take less */
	struct pycore_sparse biggest; /**< of them; its path: of the first types, as many as the limit */
};

/** Objects of equal content: str or bytes (2.7: unicode or str), and no classes of these. */
struct pycore_duplicate {
	const char *type;
	uint64_t address;  /**< of the first */
	const char *repr;  /**< short; NULL if values are not wanted */
	uint64_t count;
	uint64_t bytes;    /**< of all of them */
	uint64_t saved;    /**< if only the biggest of them were there */
};

/** All duplicates of one type. */
struct pycore_duplicate_sum {
	const char *type;
	uint64_t contents; /**< that there are several of */
	uint64_t count, bytes, saved;
};

/** An object that is data in the main: bytes, str, bytearray, array, mmap, numpy.ndarray, ... */
struct pycore_buffer {
	uint64_t address;
	const char *type;
	uint64_t bytes; /**< of the object and of the memory that it owns */
	const struct pycore_path *path; /**< NULL: there is none of 1000 steps or fewer */
};

/** Zero is the default; set @c size to sizeof. */
struct pycore_savings_query {
	size_t size;
	size_t limit; /**< of containers, duplicates and buffers that are told one by one; 0: 20 */
	bool values;  /**< make @c repr; paths as in struct pycore_path_query */
};

/** Memory that a program might do without. */
struct pycore_savings {
	const struct pycore_waste *waste; /**< most bytes first */
	size_t n_waste;
	uint64_t waste_bytes;
	const struct pycore_sparse *sparse; /**< most bytes first */
	size_t n_sparse;
	const struct pycore_duplicate_sum *sums;
	size_t n_sums;
	const struct pycore_duplicate *duplicates; /**< most saved first */
	size_t n_duplicates;
	const struct pycore_buffer *buffers; /**< biggest first */
	size_t n_buffers;
};

/**
 * What could be had back: room in lists that nothing is in (what x[:] would do without),
 * tables of dicts and sets that fewer slots would do for (what a copy made item by item has,
 * at least eight), text and bytes that are there several times; and the biggest buffers.
 * Counts are exact: equal is what was compared byte by byte. Lives until pycore_close().
 */
PYCORE_API int pycore_get_savings(struct pycore *session,
				  const struct pycore_savings_query *query,
				  const struct pycore_savings **out, struct pycore_error *err);

#endif
