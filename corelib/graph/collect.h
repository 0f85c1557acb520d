/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_COLLECT_H
#define GRAPH_COLLECT_H

#include "graph/web.h"
#include "graph/whole.h"
#include "heap/heap.h"

/* Bounds of what is collected: memory is a few hundred bytes for each of these. */
#define MOST_NODES 1000000u
#define MOST_EDGES 4000000u
#define MOST_FOUND 2000000u     /* references met in one pass */
#define MOST_REFERRERS 50000u   /* of one object */

/* A reference by something that is no object of the index, such as a frame. */
struct held {
	uint32_t node;
	uint64_t to;
	bool guess;
	struct label label;
};

/* A reference met: by the object at from, to node to of the web. */
struct found {
	uint64_t from, detail;
	const char *text;
	uint32_t to, order;
	uint8_t kind, guess;
};

struct found_list {
	VEC(struct found) list;
};

/* What is collected, and where it comes from: a target, the graph of it, or both. */
struct collection {
	const struct ctx *c;       /* NULL: a snapshot is all there is */
	const struct heap *h;
	const struct whole *whole; /* NULL: it was not read */
	struct map types;          /* with it: address of a type -> 1 + number */
	struct web *web;
	struct arena *arena;
	struct map nodes;          /* address -> 1 + node; a module's dict has the module's node */
	VEC(struct held) held;     /* by node */
	VEC(const char *) roots;   /* names of roots */
	uint32_t n_modules;        /* nodes before this are modules */
	uint32_t n_roots;          /* nodes before this are modules, threads and frames */
	uint32_t max_nodes;        /* of the page: what is much more need not be sought;
				    * 0: no more than it takes to find a root */
	struct found_list *direct; /* gets what refers to the targets themselves, or NULL */
};

/* What an object is. */
struct kind {
	uint32_t type;     /* its number */
	const char *name;
	bool is_class;
};

/* @return whether there is an object */
bool collect_kind(const struct collection *k, uint64_t address, struct kind *out);

/* Every reference of an object, by an edge_fn. */
void collect_edges(const struct collection *k, uint64_t address, edge_fn *fn, void *arg);

/* A module's globals, 0: not known. */
uint64_t collect_globals(const struct collection *k, uint64_t module);

/* What a snapshot has of modules, threads and frames, as roots_add_modules() and so on do. */
int roots_add_kept(struct collection *k, bool with_threads);

/* Add modules, then threads and their frames, as nodes that are roots. */
int roots_add_modules(struct collection *k);
int roots_add_threads(struct collection *k);

/* 1 + number of the root named @p name, which lives as long as the arena; 0: no memory. */
uint32_t roots_name(struct collection *k, const char *name);

/* Node of the module that defines a type of this name; UINT32_MAX: none. */
uint32_t roots_home(const struct collection *k, const char *type_name);

/* The node of an address, made if there is an object; UINT32_MAX: there is none, or no room. */
uint32_t collect_node(struct collection *k, uint64_t address);

/* Add an edge, unless the same was just added. */
int collect_edge(struct collection *k, uint32_t from, uint32_t to, const struct label *label,
		 bool guess);

/* Add to what refers to the one target what does so from memory of C code's. */
int collect_behind(const struct collection *k, struct found_list *found);

/* Follow references away from the targets, at most @p depth steps. */
int collect_referrers(struct collection *k, uint32_t depth);
int collect_referents(struct collection *k, uint32_t depth);

void collection_fini(struct collection *k);

#endif
