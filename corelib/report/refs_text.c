/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/number.h"
#include "report/report.h"
#include "report/style.h"

#define REPR_COLUMNS 60

/* A step still to be written: a node, and the edge by which it was come to. */
struct step {
	uint32_t node, edge, depth;
};

#define NO_EDGE UINT32_MAX

/* The graph as a tree that grows from its targets; each node's neighbours are written once. */
struct walk {
	const struct report *r;
	const struct pycore_graph *g;
	uint32_t *first; /* by node: where its edges begin in @c edges; one more at the end */
	uint32_t *edges;
	bool *done;
	struct step *steps;
	size_t n_steps;
};

static uint32_t near_end(const struct walk *w, const struct pycore_edge *e)
{
	return w->r->o.referents ? e->from : e->to;
}

static uint32_t far_end(const struct walk *w, const struct pycore_edge *e)
{
	return w->r->o.referents ? e->to : e->from;
}

static void sort_edges(struct walk *w)
{
	const struct pycore_graph *g = w->g;

	for (size_t i = 0; i < g->n_edges; i++)
		w->first[near_end(w, &g->edges[i]) + 1]++;
	for (size_t i = 0; i < g->n_nodes; i++)
		w->first[i + 1] += w->first[i];
	/* From the last edge on, each end moves down to its beginning. */
	for (size_t i = g->n_edges; i-- > 0;)
		w->edges[--w->first[near_end(w, &g->edges[i]) + 1]] = (uint32_t)i;
	for (size_t i = 0; i < g->n_nodes; i++)
		w->first[i] = w->first[i + 1];
	w->first[g->n_nodes] = (uint32_t)g->n_edges;
}

static void node_text(const struct walk *w, const struct pycore_node *n, struct buf *out)
{
	char text[NUMBER_ROOM];
	bool color = w->r->o.color;

	if (n->root) {
		struct buf root = { 0 };

		refs_root(w->r, n->root, &root);
		style_begin(out, color, STYLE_BOLD);
		escape_text(out, root.text ? root.text : "", 0);
		style_end(out, color);
		out->failed |= root.failed;
		buf_free(&root);
		return;
	}
	style_begin(out, color, STYLE_NAME);
	escape_text(out, n->type, 0);
	style_end(out, color);
	if (n->count > 1)
		buf_printf(out, " \xc3\x97 %s", number_count(text, n->count));
	else
		buf_printf(out, " 0x%" PRIx64, n->address);
	if (n->repr && !w->r->o.redact) {
		struct buf repr = { 0 };

		escape_short_repr(&repr, n->repr, n->type);
		if (repr.len)
			buf_putc(out, ' ');
		escape_text(out, repr.text ? repr.text : "", REPR_COLUMNS);
		out->failed |= repr.failed;
		buf_free(&repr);
	}
	buf_printf(out, " (%s", number_bytes(text, n->bytes));
	if (n->retained)
		buf_printf(out, ", retains %s", number_bytes(text, n->retained));
	buf_putc(out, ')');
	if (n->root_kind) {
		buf_puts(out, " [");
		escape_text(out, n->root_name ? n->root_name : refs_look(n->root_kind)->words, 0);
		buf_putc(out, ']');
	}
}

/* A local is in a frame, while an attribute is of an object. */
static bool is_frame(const struct pycore_node *n)
{
	return n->root && !strncmp(n->root, "frame ", 6);
}

static void edge_text(const struct walk *w, const struct pycore_edge *e, struct buf *out)
{
	struct buf label = { 0 };
	char text[NUMBER_ROOM];

	refs_label(w->r, e, &label);
	escape_text(out, label.text ? label.text : "", REPR_COLUMNS);
	if (e->name) {
		buf_puts(out, " (");
		escape_text(out, e->name, REPR_COLUMNS);
		buf_putc(out, ')');
	}
	if (e->count > 1)
		buf_printf(out, " \xc3\x97 %s", number_count(text, e->count));
	if (w->r->o.referents)
		buf_puts(out, ": ");
	else
		buf_puts(out, is_frame(&w->g->nodes[e->from]) ? " in " : " of ");
	out->failed |= label.failed;
	buf_free(&label);
}

static void step_text(const struct walk *w, const struct step *s, struct buf *out)
{
	const struct pycore_node *n = &w->g->nodes[s->node];
	char text[NUMBER_ROOM];

	buf_printf(out, "%*s", (int)(s->depth < 200 ? 2 * s->depth : 400), "");
	if (s->edge != NO_EDGE)
		edge_text(w, &w->g->edges[s->edge], out);
	node_text(w, n, out);
	if (w->done[s->node] && w->first[s->node] != w->first[s->node + 1])
		buf_puts(out, " (see above)");
	else if (n->more)
		buf_printf(out, " + %s more", number_count(text, n->more));
	if (s->edge != NO_EDGE && w->g->edges[s->edge].keeps)
		buf_puts(out, w->r->o.referents ? ", kept by nothing else"
						: ", which alone keeps it");
	buf_putc(out, '\n');
}

static void push_neighbours(struct walk *w, const struct step *s)
{
	for (uint32_t i = w->first[s->node + 1]; i-- > w->first[s->node];) {
		uint32_t edge = w->edges[i];

		w->steps[w->n_steps++] = (struct step){
			.node = far_end(w, &w->g->edges[edge]),
			.edge = edge,
			.depth = s->depth + 1,
		};
	}
}

/* Every edge is pushed once at most, so the steps have room for all. */
static void write_from(struct walk *w, uint32_t target, struct buf *out)
{
	w->steps[w->n_steps++] = (struct step){ .node = target, .edge = NO_EDGE };
	while (w->n_steps) {
		struct step s = w->steps[--w->n_steps];

		step_text(w, &s, out);
		if (w->done[s.node])
			continue;
		w->done[s.node] = true;
		push_neighbours(w, &s);
	}
}

static void write_all(struct walk *w, struct buf *out)
{
	char drawn[NUMBER_ROOM];

	for (size_t i = 0; i < w->g->n_nodes; i++) {
		if (w->g->nodes[i].target)
			write_from(w, (uint32_t)i, out);
	}
	buf_printf(out, "\n%s object%s asked for", number_count(drawn, w->g->n_targets),
		   w->g->n_targets == 1 ? "" : "s");
	if (w->g->n_followed < w->g->n_targets)
		buf_printf(out, ", the first %s followed", number_count(drawn, w->g->n_followed));
	buf_puts(out, w->g->cut ? "; --depth and --max-nodes show more\n" : "\n");
}

void refs_text(const struct report *r, struct buf *out)
{
	const struct pycore_graph *g = r->graph;
	struct walk w = {
		.r = r,
		.g = g,
		.first = calloc(g->n_nodes + 1, sizeof(*w.first)),
		.edges = calloc(g->n_edges + 1, sizeof(*w.edges)),
		.done = calloc(g->n_nodes + 1, sizeof(*w.done)),
		.steps = calloc(g->n_edges + 1, sizeof(*w.steps)),
	};

	if (w.first && w.edges && w.done && w.steps) {
		sort_edges(&w);
		write_all(&w, out);
	} else {
		out->failed = true;
	}
	free(w.first);
	free(w.edges);
	free(w.done);
	free(w.steps);
}
