/* SPDX-License-Identifier: MIT */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "report/json.h"
#include "report/model.h"
#include "report/table.h"

/* One kind of report: what it reads, then what it can write. NULL: it has no such form. */
struct report_kind {
	const char *name;
	int (*read)(struct report *r);
	void (*text)(const struct report *r, struct buf *out);
	void (*json)(const struct report *r, struct json_out *out);
	void (*dot)(const struct report *r, struct buf *out);
	void (*folded)(const struct report *r, struct buf *out);
	void (*speedscope)(const struct report *r, struct buf *out);
	void (*svg)(const struct report *r, struct buf *out);
	bool of_snapshots; /* can be made of a snapshot of the heap, too */
};

extern const struct report_kind report_bt, report_objects, report_heap_top, report_refs, report_path,
	report_show, report_print, report_info, report_analyze, report_verify, report_diff,
	report_audit;

/* Stacks for flame graph tools. */
void bt_folded(const struct report *r, struct buf *out);
void bt_speedscope(const struct report *r, struct buf *out);
void bt_svg(const struct report *r, struct buf *out);

/* Parts of reports that analyze has too. */
void bt_json(const struct report *r, struct json_out *out);
void info_json(const struct report *r, struct json_out *out);
void census_json(const struct report *r, struct json_out *out);
void types_json(const struct report *r, struct json_out *out, bool with_gc);
void top_json(const struct report *r, struct json_out *out);

/* "Thread 12 "w1" (main, holds GIL)" */
void thread_title(const struct report *r, const struct pycore_thread *t, struct buf *out);

/* "  File "x.py", line 3, in C.f" lines, at most @p most, then how many were left out. */
void thread_frames(const struct report *r, const struct pycore_thread *t, const char *indent,
		   size_t most, struct buf *out);

/* "ValueError: wrong", or nothing */
void thread_exception(const struct report *r, const struct pycore_thread *t, const char *indent,
		      struct buf *out);

/* The table of types; the sum last. */
void types_text(const struct report *r, const char *indent, bool with_gc, struct buf *out);

/* The table of single objects. */
void top_text(const struct report *r, const char *indent, bool with_refcount, struct buf *out);

/* "live blocks 1,234: 83.1 % objects, ..." */
void blocks_text(const struct report *r, const char *indent, struct buf *out);

/* "SIGSEGV at address 0x0", or NULL if no signal ended the target */
const char *signal_text(const struct report *r, struct buf *scratch);

/* "python3 app.py", NULL if it is not known */
const char *command_text(const struct report *r, struct buf *scratch);

/* The reference graph. */
void refs_text(const struct report *r, struct buf *out);
void refs_dot(const struct report *r, struct buf *out);

/*
 * The label of a reference from an object of type @p owner, without the key if
 * values are not wanted. It is not escaped.
 */
void report_label(const struct report *r, const char *label, const char *owner, struct buf *out);

/* The label of an edge, without the key if values are not wanted. It is not escaped. */
void refs_label(const struct report *r, const struct pycore_edge *e, struct buf *out);

/* The name of a root; that of its thread is a value too. It is not escaped. */
void refs_root(const struct report *r, const char *root, struct buf *out);

/* How a kind of root is told and drawn. */
struct root_look {
	const char *kind;  /* as struct pycore_node says */
	const char *words; /* "held by C code" */
	const char *fill;  /* "#cfe8cf" */
};

/* Of a kind that is not known: as any root. */
const struct root_look *refs_look(const char *kind);

/* A node of DOT that explains what the picture has. */
void refs_legend(const struct report *r, struct buf *out);

/* The same as JSON; null if @p root is. */
json_t *refs_root_json(const struct report *r, const char *root, struct json_out *out);

/* "sys.modules['app'].CACHE", else the root and the labels after it. It is not escaped. */
void path_words(const struct report *r, const struct pycore_path *path, struct buf *out);
/* These words as a cell of a table; empty if there is no path. */
void path_cell(const struct report *r, struct table *t, struct table_row *row, size_t column,
	       const struct pycore_path *path);

/* The steps of a path; null if @p path is. */
json_t *path_steps_json(const struct report *r, const struct pycore_path *path,
			struct json_out *out);
json_t *path_root_json(const struct pycore_path *path, struct json_out *out);

/* What keeps what alive, an object a line. */
void tree_text(const struct report *r, const char *indent, struct buf *out);
void tree_json(const struct report *r, struct json_out *out);

/* Put a suspect behind those of r->suspects. NULL: no memory. */
struct suspect *add_suspect(struct report *r, const char *text);

/* Put all of r->found into r->suspects, in words. */
int suspects_in_words(struct report *r);
void suspects_json(const struct report *r, struct json_out *out);

/* What a program might do without, and its biggest buffers. */
void savings_text(const struct report *r, struct buf *out);
void buffers_text(const struct report *r, struct buf *out);
void savings_json(const struct report *r, struct json_out *out);

void analyze_text(const struct report *r, struct buf *out);

#endif
