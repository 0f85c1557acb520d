/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_GRAPH_H
#define PYCORE_GRAPH_H

#include <pycore/session.h>

struct pycore_node {
	uint64_t address;   /**< of the object; of the first one if it stands for several */
	const char *type;
	uint64_t bytes;     /**< of all it stands for */
	const char *repr;   /**< NULL if values are not wanted */
	const char *root;   /**< "module __main__", "frame f() of thread 12", NULL: not a root */
	uint64_t count;     /**< how many alike objects this node stands for: 1 or more */
	uint64_t more;      /**< neighbours that were left out of the picture */
	bool target;        /**< one of the objects asked for */
	uint64_t retained;  /**< bytes that would be freed with all it stands for; 0: not known, or
			     *   no object */
	uint64_t keeper;    /**< the object that alone keeps all of it alive, its immediate
			     *   dominator; 0: no single one does. Memory that is drawn in its
			     *   owner, such as a __dict__, is the owner */
	const char *root_kind; /**< of what holds it from outside of the heap: "module", "frame",
				*   "thread", "class" (one that a module holds), "local",
				*   "asyncio" (an event loop that a thread runs),
				*   "interpreter", "static", "immortal", "interned", "stack",
				*   "native" (C code), "garbage"; NULL: nothing, or not known */
	const char *root_name; /**< of what C code holds, the global that does, where one is known:
				*   "C global _ctypes.so+0x1a2c0 (_unpickle)"; else NULL */
};

struct pycore_edge {
	uint32_t from, to;  /**< indices of nodes: @c from refers to @c to */
	const char *label;  /**< ".attr", "['key']", "[3]", "__defaults__[0]" */
	uint64_t count;     /**< how many references it stands for */
	const char *name;   /**< of the parameter or variable that the label's number is, or NULL */
	bool keeps;         /**< @c from alone keeps @c to alive: a step of the dominator tree */
};

struct pycore_graph {
	const struct pycore_node *nodes;
	size_t n_nodes;
	const struct pycore_edge *edges;
	size_t n_edges;
	uint64_t n_targets; /**< objects that matched, drawn or not */
	uint64_t n_followed; /**< of these, the first ones, whose references were followed */
	bool cut;           /**< depth or node limit left something out */
	bool weighed;       /**< what nodes retain, and what keeps them, is known */
};

/** What to draw. */
struct pycore_graph_query {
	size_t size;          /**< sizeof(struct pycore_graph_query) of the caller */
	const char *type;     /**< as in struct pycore_object_query; or NULL */
	const uint64_t *addresses; /**< objects asked for by address */
	size_t n_addresses;
	uint32_t depth;       /**< steps from the objects; 0: default */
	uint32_t max_nodes;   /**< 0: what a page holds */
	bool referents;       /**< what they refer to, not what refers to them */
	bool values;          /**< make @c repr */
};

/** The reference graph around objects. Lives until pycore_close(). */
PYCORE_API int pycore_get_graph(struct pycore *session, const struct pycore_graph_query *query,
				const struct pycore_graph **out, struct pycore_error *err);

#endif
