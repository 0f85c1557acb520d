/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "report/escape.h"
#include "report/number.h"
#include "report/report.h"

#define TYPE_COLUMNS 48
#define PLACE_COLUMNS 100 /* the end matters */
#define REPR_COLUMNS 44
#define LABEL_COLUMNS 32

/* Of the node that retains most, in hundredths of an inch. */
#define MOST_WIDTH 450u
#define MOST_HEIGHT 270u
#define LEAST_WIDTH 60u /* any text needs more */

static void line_break(struct buf *out)
{
	buf_puts(out, "\\n");
}

/* "module m", "frame f() of thread 12": the root's name has its type in it. */
static bool says_type(const struct pycore_node *n)
{
	size_t len = strlen(n->type);

	return n->root && !strncmp(n->root, n->type, len) && n->root[len] == ' ';
}

static void node_repr(const struct report *r, const struct pycore_node *n, struct buf *out)
{
	struct buf repr = { 0 };

	if (!n->repr || r->o.redact || says_type(n))
		return;
	escape_short_repr(&repr, n->repr, n->type);
	if (repr.len) {
		line_break(out);
		escape_dot(out, repr.text, REPR_COLUMNS);
	}
	out->failed |= repr.failed;
	buf_free(&repr);
}

/* "frame f()" and "of thread 12 w1" on lines of their own: pictures are wide enough. */
static void root_label(const struct report *r, const struct pycore_node *n, struct buf *out)
{
	struct buf root = { 0 };
	char *thread;

	refs_root(r, n->root, &root);
	thread = root.text ? strstr(root.text, " of thread ") : NULL;
	if (thread)
		*thread++ = '\0';
	escape_dot(out, root.text ? root.text : "", TYPE_COLUMNS);
	if (thread) {
		line_break(out);
		escape_dot(out, thread, TYPE_COLUMNS);
	}
	out->failed |= root.failed;
	buf_free(&root);
}

static void node_label(const struct report *r, const struct pycore_node *n, struct buf *out)
{
	char text[NUMBER_ROOM];

	if (n->root)
		root_label(r, n, out);
	if (n->root && !says_type(n))
		line_break(out);
	if (!n->root || !says_type(n))
		escape_dot(out, n->type, TYPE_COLUMNS);
	if (n->count > 1)
		buf_printf(out, " \xc3\x97 %s", number_count(text, n->count));
	node_repr(r, n, out);
	if (!n->root && n->root_kind) {
		line_break(out);
		escape_dot(out, n->root_name ? n->root_name : refs_look(n->root_kind)->words,
			   PLACE_COLUMNS);
	}
	/* A frame is no object of its own in most releases: it has an address, but no size. */
	if (n->bytes) {
		line_break(out);
		buf_puts(out, number_bytes(text, n->bytes));
		if (n->count == 1 && n->address)
			buf_printf(out, " at 0x%" PRIx64, n->address);
		if (n->retained > n->bytes) {
			line_break(out);
			buf_printf(out, "retains %s", number_bytes(text, n->retained));
		}
	}
	if (n->more) {
		line_break(out);
		buf_printf(out, "+ %s more %s", number_count(text, n->more),
			   r->o.referents ? "referents" : "referrers");
	}
}

static uint64_t most_retained(const struct report *r)
{
	uint64_t most = 1;

	for (size_t i = 0; i < r->graph->n_nodes; i++) {
		if (r->graph->nodes[i].retained > most)
			most = r->graph->nodes[i].retained;
	}
	return most;
}

/* The length whose square is to that of @p most as @p part is to @p all, rounded down. */
static uint32_t side(uint32_t most, uint64_t part, uint64_t all)
{
	uint64_t area;
	uint32_t length = 0;

	while (all >> 40) {
		all >>= 1;
		part >>= 1;
	}
	area = (uint64_t)most * most * part / all;
	for (uint32_t bit = 1u << 10; bit; bit >>= 1) {
		if ((uint64_t)(length + bit) * (length + bit) <= area)
			length += bit;
	}
	return length;
}

/* Graphviz makes a node as big as its text needs, where that is more. */
static void node_size(const struct pycore_node *n, uint64_t most, struct buf *out)
{
	uint32_t width = side(MOST_WIDTH, n->retained, most);
	uint32_t height = side(MOST_HEIGHT, n->retained, most);

	if (width >= LEAST_WIDTH)
		buf_printf(out, ", width=%u.%02u, height=%u.%02u", width / 100, width % 100,
			   height / 100, height % 100);
}

static void dot_node(const struct report *r, size_t i, uint64_t most, struct buf *out)
{
	const struct pycore_node *n = &r->graph->nodes[i];
	const char *kind = n->root_kind ? n->root_kind : n->root ? "" : NULL;

	buf_printf(out, "\tn%zu [label=\"", i);
	node_label(r, n, out);
	buf_putc(out, '"');
	if (kind)
		buf_printf(out, ", fillcolor=\"%s\"", refs_look(kind)->fill);
	else if (n->target)
		buf_puts(out, ", fillcolor=\"#ffd24d\"");
	if (n->root && !n->target)
		buf_puts(out, ", style=\"filled,bold\"");
	if (n->target)
		buf_puts(out, ", color=\"#d08700\", penwidth=3");
	node_size(n, most, out);
	buf_puts(out, "];\n");
}

static void dot_edge(const struct report *r, const struct pycore_edge *e, struct buf *out)
{
	char text[NUMBER_ROOM];
	struct buf label = { 0 };

	refs_label(r, e, &label);
	buf_printf(out, "\tn%" PRIu32 " -> n%" PRIu32 " [label=\"", e->from, e->to);
	escape_dot(out, label.text ? label.text : "", LABEL_COLUMNS);
	out->failed |= label.failed;
	buf_free(&label);
	if (e->name) {
		buf_puts(out, " (");
		escape_dot(out, e->name, LABEL_COLUMNS);
		buf_putc(out, ')');
	}
	if (e->count > 1)
		buf_printf(out, " \xc3\x97 %s", number_count(text, e->count));
	buf_puts(out, e->keeps ? "\", penwidth=3, color=\"#222222\"];\n" : "\"];\n");
}

/*
 * Modules and classes stand on top. Frames do not: there can be many, and each
 * reads better beside what it holds.
 */
static void dot_roots(const struct report *r, struct buf *out)
{
	const struct pycore_graph *g = r->graph;
	size_t n = 0;

	if (r->o.referents)
		return;
	for (size_t i = 0; i < g->n_nodes; i++) {
		const struct pycore_node *node = &g->nodes[i];

		if (node->root && !node->target && strncmp(node->root, "frame ", 6))
			buf_printf(out, "%s n%zu;", n++ ? "" : "\t{ rank=source;", i);
	}
	if (n)
		buf_puts(out, " }\n");
}

static void dot_title(const struct report *r, struct buf *out)
{
	const struct pycore_graph *g = r->graph;
	char text[NUMBER_ROOM];

	buf_puts(out, "\tlabel=\"");
	buf_puts(out, r->o.referents ? "What is referred to by " : "What refers to ");
	buf_printf(out, "%s ", number_count(text, g->n_targets));
	if (r->o.type)
		escape_dot(out, r->o.type, TYPE_COLUMNS);
	buf_puts(out, r->o.type ? " object" : "object");
	buf_puts(out, g->n_targets == 1 ? "" : "s");
	if (r->info.python) {
		buf_puts(out, ", Python ");
		escape_dot(out, r->info.python, 0);
	}
	if (r->info.path) {
		const char *slash = strrchr(r->info.path, '/');

		buf_puts(out, ", ");
		escape_dot(out, slash ? slash + 1 : r->info.path, TYPE_COLUMNS);
	} else if (r->info.pid) {
		buf_printf(out, ", process %" PRIu64, r->info.pid);
	}
	if (g->n_followed < g->n_targets)
		buf_printf(out, " (the first %s followed)", number_count(text, g->n_followed));
	buf_printf(out, "%s\";\n", g->cut ? " (not all of it)" : "");
}

void refs_dot(const struct report *r, struct buf *out)
{
	const struct pycore_graph *g = r->graph;
	uint64_t most = most_retained(r);

	buf_puts(out, "digraph pycore {\n");
	dot_title(r, out);
	buf_puts(out, "\tlabelloc=t; fontname=\"Helvetica\"; fontsize=14; rankdir=TB; nodesep=0.2;\n"
		      "\tnode [shape=box, style=\"filled,rounded\", fillcolor=\"#f4f4f4\", "
		      "color=\"#555555\", fontname=\"Helvetica\", fontsize=10];\n"
		      "\tedge [color=\"#777777\", fontname=\"Helvetica\", fontsize=9, "
		      "arrowsize=0.7];\n");
	for (size_t i = 0; i < g->n_nodes; i++)
		dot_node(r, i, most, out);
	for (size_t i = 0; i < g->n_edges; i++)
		dot_edge(r, &g->edges[i], out);
	dot_roots(r, out);
	if (g->weighed)
		refs_legend(r, out);
	buf_puts(out, "}\n");
}
