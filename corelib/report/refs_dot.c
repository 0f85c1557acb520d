/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "report/escape.h"
#include "report/number.h"
#include "report/report.h"

#define TYPE_COLUMNS 48
#define REPR_COLUMNS 44
#define LABEL_COLUMNS 32

struct look {
	const char *begins; /* of the root's name */
	const char *fill;
};

/* Where a root comes from is told by its name. */
static const struct look looks[] = {
	{ "module", "#cfe8cf" }, { "frame", "#cfdcf5" },  { "thread", "#cfdcf5" },
	{ "class", "#e6d8f2" },	 { "type", "#e6d8f2" },	  { "", "#dddddd" },
};

static const char *root_fill(const char *root)
{
	size_t i = 0;

	while (strncmp(root, looks[i].begins, strlen(looks[i].begins)))
		i++;
	return looks[i].fill;
}

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
	/* A frame is no object of its own in most releases: it has an address, but no size. */
	if (n->bytes) {
		line_break(out);
		buf_puts(out, number_bytes(text, n->bytes));
		if (n->count == 1 && n->address)
			buf_printf(out, " at 0x%" PRIx64, n->address);
	}
	if (n->more) {
		line_break(out);
		buf_printf(out, "+ %s more %s", number_count(text, n->more),
			   r->o.referents ? "referents" : "referrers");
	}
}

static void dot_node(const struct report *r, size_t i, struct buf *out)
{
	const struct pycore_node *n = &r->graph->nodes[i];

	buf_printf(out, "\tn%zu [label=\"", i);
	node_label(r, n, out);
	buf_putc(out, '"');
	if (n->target)
		buf_puts(out, ", fillcolor=\"#ffd24d\", penwidth=2");
	else if (n->root)
		buf_printf(out, ", fillcolor=\"%s\", shape=box, style=\"filled,bold\"",
			   root_fill(n->root));
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
	buf_puts(out, "\"];\n");
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

	buf_puts(out, "digraph pycore {\n");
	dot_title(r, out);
	buf_puts(out, "\tlabelloc=t; fontname=\"Helvetica\"; fontsize=14; rankdir=TB; nodesep=0.2;\n"
		      "\tnode [shape=box, style=\"filled,rounded\", fillcolor=\"#f4f4f4\", "
		      "color=\"#555555\", fontname=\"Helvetica\", fontsize=10];\n"
		      "\tedge [color=\"#777777\", fontname=\"Helvetica\", fontsize=9, "
		      "arrowsize=0.7];\n");
	for (size_t i = 0; i < g->n_nodes; i++)
		dot_node(r, i, out);
	for (size_t i = 0; i < g->n_edges; i++)
		dot_edge(r, &g->edges[i], out);
	dot_roots(r, out);
	buf_puts(out, "}\n");
}
