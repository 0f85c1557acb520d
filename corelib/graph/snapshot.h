/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_SNAPSHOT_H
#define GRAPH_SNAPSHOT_H

#include <pycore/error.h>

#include "graph/whole.h"

/*
 * A file of the whole graph: types, and of each object its address, type, size, count
 * of references and what it refers to; and what is a root. There are no values in it.
 *
 * After the magic bytes it is one zstd frame of numbers, seven bits a byte, lowest
 * first. Addresses are written as the distance from the one before, references as
 * that from the object that they are of: so most are one byte, and alike.
 */
#define SNAPSHOT_MAGIC "PYSNAP1\n"
#define SNAPSHOT_MAGIC_LEN 8
/* Less than this for an object or a reference cannot be. */
#define SNAPSHOT_LEAST_OBJECT 6

/* What it was made of. */
struct snapshot_facts {
	const char *python, *build;
	uint64_t pid;     /* 0: not known */
	uint64_t runtime; /* address of _PyRuntime: another one is another run */
};

/* A count that is not known. */
#define SNAPSHOT_NO_COUNT INT64_MIN

/*
 * Write all but the magic bytes, unpacked, through @p put, which returns whether to go on.
 * @p counts: by object, as whole_source.refcount gives them. @return whether all is written
 */
typedef bool snapshot_put_fn(void *arg, const void *bytes, size_t len);
bool snapshot_write(const struct whole *w, const struct snapshot_facts *facts,
		    const int64_t *counts, snapshot_put_fn *put, void *arg);

/*
 * Read the file @p fd of @p size bytes, the magic bytes included, and seal the graph.
 * The strings of @p facts are in w->arena. @p name is for messages.
 */
int snapshot_read(struct whole *w, struct snapshot_facts *facts, int fd, uint64_t size,
		  const char *name, struct whole_progress progress, struct pycore_error *err);

#endif
