/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_LABELS_H
#define GRAPH_LABELS_H

#include "graph/whole.h"
#include "heap/heap.h"

/*
 * Labels of all references, as a snapshot keeps them: names of attributes, fields and
 * variables, and places in sequences. Keys of dicts are values, and are not among them,
 * but for those of the __dict__ of an instance, a class or a module: these are attributes.
 */
struct label_entry {
	const char *text; /* NULL: none, or not told */
	uint8_t kind;     /* enum label_kind */
	bool guess;       /* the reference is one */
};

/* A reference's code: this and its index, or 1 + the number of an entry; 0: no label. */
#define LABELS_INDEX (UINT32_C(1) << 31)
/* More different labels than this are not told. */
#define LABELS_MOST (UINT32_C(1) << 20)

struct labels {
	uint32_t *of; /* codes, as forward.to of the graph */
	VEC(struct label_entry) entries;
	struct arena arena; /* texts */
	struct map by_hash; /* while they are collected */
};

/* Read them from the target. @return 0 or PYCORE_ERR_NOMEM; labels_fini() either way */
int labels_read(const struct whole *w, const struct ctx *c, const struct heap *h,
		struct labels *out);

/*
 * The label of reference number @p i. A name is no object here: @c key is then 1 + the number
 * of the entry; of a key that is not told, something that no other reference has.
 */
struct label labels_label(const struct labels *l, uint32_t i, enum edge_kind *kind);

/* What such a label says, as value_label() does; "[...]" for a key that is not told. */
void labels_text(const struct labels *l, const struct label *label, struct buf *out);

void labels_fini(struct labels *l);

#endif
