/* SPDX-License-Identifier: MIT */
#ifndef PYCORE_REPORT_H
#define PYCORE_REPORT_H

#include <pycore/session.h>

enum pycore_format {
	PYCORE_TEXT,
	PYCORE_JSON,
	PYCORE_DOT,        /**< refs: for Graphviz */
	PYCORE_FOLDED,     /**< bt: "outermost;...;innermost COUNT" lines, for flame graph tools */
	PYCORE_SPEEDSCOPE, /**< bt: JSON for speedscope.app */
	PYCORE_SVG,        /**< bt: a flame graph */
};

/** Where a report goes. @return 0, or non-zero to stop with PYCORE_ERR_OUTPUT. */
typedef int pycore_write_fn(void *ctx, const char *text, size_t len);

/** What to report and how. Zero everywhere is the default; set @c size to sizeof. */
struct pycore_report_options {
	size_t size;
	int32_t format;        /**< enum pycore_format */
	bool color;
	bool redact;           /**< no values of the target's objects */
	bool verbose;
	bool referents;        /**< refs */
	const char *type;      /**< objects, heap-top, refs, path */
	const char *const *include, *const *exclude; /**< globs of type names, NULL-terminated, or NULL */
	const uint64_t *addresses; /**< refs, show, print, path */
	size_t n_addresses;
	int64_t limit;         /**< rows; 0: all, -1: the format's default */
	const char *sort;      /**< "count", "bytes" or "retained"; NULL: bytes, of heap-top retained */
	bool by_address;       /**< types of one name in rows of their own */
	uint32_t depth, max_nodes; /**< refs, show, heap-top; 0: default */
	uint64_t tid;          /**< bt: only this native thread; 0: all */
	uint32_t width;        /**< columns of the terminal, 0: do not fit */
	bool in_gdb;           /**< advise commands of the gdb plugin, not of the command line */
	bool locals;           /**< bt: the local variables of each frame */
	bool no_referrers;     /**< show: not what refers to the object */
	const char *name;      /**< show, print: of a variable of thread @c tid, not an address */
	bool retained;         /**< objects: what each type or object retains, too */
	bool tree;             /**< heap-top: what the objects hold below them, @c depth levels deep */
	uint32_t paths;        /**< path: how many of each object; 0: one */
	struct pycore *base;   /**< diff: the target that the session's is compared to */
	struct pycore *third;  /**< diff: the target after it, or NULL */
	bool cost;             /**< objects: the memory that the objects of each type take, too */
};

/**
 * Make one report.
 *
 * @param name  "bt", "objects", "heap-top", "refs", "path", "show", "print" (the
 *              value of one object as a line), "info", "analyze" or "diff"
 * @return 0, or a negative enum pycore_status told in @p err; what could not
 *         be read is no failure but a pycore_warning()
 *
 * Everything is read first, then the target is thawed, then @p write is called.
 */
PYCORE_API int pycore_report(struct pycore *session, const char *name,
			     const struct pycore_report_options *options, pycore_write_fn *write,
			     void *ctx, struct pycore_error *err);

#endif
