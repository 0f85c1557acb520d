/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_SNAPSHOT_H
#define GRAPH_SNAPSHOT_H

#include <pycore/error.h>

#include "graph/audit.h"
#include "graph/labels.h"

/*
 * A file of the whole graph: types, and of each object its address, type, size, count
 * of references and what it refers to, by what name; what is a root; what an audit found,
 * which has looked at memory too. There are no values in it.
 *
 * After the magic bytes it is one zstd frame of numbers, seven bits a byte, lowest
 * first. Addresses are written as the distance from the one before, references as
 * that from the object that they are of: so most are one byte, and alike.
 */
#define SNAPSHOT_MAGIC "PYSNAP4\n"
#define SNAPSHOT_MAGIC_LEN 8
#define SNAPSHOT_KIND_LEN 6 /* of any version */
/* Less than this for an object or a reference cannot be. */
#define SNAPSHOT_LEAST_OBJECT 6

/* The code of an index that is one more than the last of the same object. */
#define SNAPSHOT_NEXT 0
/* Numbers of struct pycore_blocks. */
#define SNAPSHOT_BLOCKS 15

/* What it was made of. */
struct snapshot_facts {
	const char *python, *build;
	uint64_t pid;     /* 0: not known */
	uint64_t runtime; /* address of _PyRuntime: another one is another run */
	struct pycore_blocks blocks;
	struct tally tally;
	struct audit audit;
};

void snapshot_facts_fini(struct snapshot_facts *f);

/* The numbers of @p b into @p all, or (not @p out) from there. */
void snapshot_blocks(struct pycore_blocks *b, uint64_t all[SNAPSHOT_BLOCKS], bool out);

/* A count that is not known. */
#define SNAPSHOT_NO_COUNT INT64_MIN

/*
 * Write all but the magic bytes, unpacked, through @p put, which returns whether to go on.
 * @p counts: by object, as whole_source.refcount gives them. @return whether all is written
 */
typedef bool snapshot_put_fn(void *arg, const void *bytes, size_t len);
bool snapshot_write(const struct whole *w, const struct snapshot_facts *facts,
		    const int64_t *counts, const struct labels *labels, snapshot_put_fn *put,
		    void *arg);

/*
 * Read the file @p fd of @p size bytes, the magic bytes included, and seal the graph.
 * The strings of @p facts are in w->arena, the rest of it is for snapshot_facts_fini(),
 * also after a failure. @p name is for messages.
 */
int snapshot_read(struct whole *w, struct snapshot_facts *facts, int fd, uint64_t size,
		  const char *name, struct whole_progress progress, struct pycore_error *err);

/* The labels of a graph that snapshot_read() has made. */
const struct labels *snapshot_labels(const struct whole *w);

#endif
