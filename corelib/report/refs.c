/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "report/report.h"

static int refs_read(struct report *r)
{
	struct pycore_graph_query query = {
		.size = sizeof(query),
		.type = r->o.type,
		.addresses = r->o.addresses,
		.n_addresses = r->o.n_addresses,
		.depth = r->o.depth,
		.max_nodes = r->o.max_nodes,
		.referents = r->o.referents,
		.values = !r->o.redact,
	};

	return pycore_get_graph(r->session, &query, &r->graph, r->err);
}

/* A key is a value of the target; a place in a sequence and what an attribute is called are not. */
void report_label(const struct report *r, const char *label, const char *type, struct buf *out)
{
	size_t name = strcspn(label, "[");
	size_t digits = label[name] ? strspn(label + name + 1, "0123456789") : 0;
	bool sequence = name || !strcmp(type, "list") || !strcmp(type, "tuple");

	if (!r->o.redact || !label[name] ||
	    (sequence && digits && label[name + 1 + digits] == ']')) {
		buf_puts(out, label);
		return;
	}
	buf_add(out, label, name);
	buf_puts(out, "[...]");
}

void refs_label(const struct report *r, const struct pycore_edge *e, struct buf *out)
{
	report_label(r, e->label ? e->label : "", r->graph->nodes[e->from].type, out);
}

void refs_root(const struct report *r, const char *root, struct buf *out)
{
	static const char thread[] = "thread ";
	const char *at = root, *last = NULL;

	while ((at = strstr(at, thread)))
		last = at += sizeof(thread) - 1;
	if (r->o.redact && last)
		buf_add(out, root, (size_t)(last - root) + strcspn(last, " "));
	else
		buf_puts(out, root);
}

json_t *refs_root_json(const struct report *r, const char *root, struct json_out *out)
{
	struct buf text = { 0 };
	json_t *value;

	if (!root)
		return json_null();
	refs_root(r, root, &text);
	value = json_text(text.text ? text.text : "");
	out->failed |= text.failed;
	buf_free(&text);
	return value;
}

static void add_weights(const struct pycore_node *n, json_t *node, struct json_out *out)
{
	json_t *collapsed = n->count > 1 ? json_object() : json_null();

	json_put(out, node, "retained", n->retained ? json_count(n->retained) : json_null());
	json_put(out, node, "dominator", n->keeper ? json_address(n->keeper) : json_null());
	json_put(out, node, "root_kind", json_text(n->root_kind));
	json_put(out, node, "root_name", json_text(n->root_name));
	if (n->count > 1)
		json_put(out, collapsed, "count", json_count(n->count));
	json_put(out, node, "collapsed", collapsed);
}

static json_t *node_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_node *n = &r->graph->nodes[i];
	json_t *node = json_object();

	json_put(out, node, "address", json_address(n->address));
	json_put(out, node, "type", json_text(n->type));
	json_put(out, node, "bytes", json_count(n->bytes));
	json_put(out, node, "repr", json_text(r->o.redact ? NULL : n->repr));
	json_put(out, node, "root", refs_root_json(r, n->root, out));
	json_put(out, node, "count", json_count(n->count));
	json_put(out, node, "more", json_count(n->more));
	json_put(out, node, "target", json_boolean(n->target));
	if (r->graph->weighed)
		add_weights(n, node, out);
	return node;
}

static json_t *edge_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_edge *e = &r->graph->edges[i];
	json_t *edge = json_object();
	struct buf label = { 0 };

	refs_label(r, e, &label);
	json_put(out, edge, "from", json_address(r->graph->nodes[e->from].address));
	json_put(out, edge, "to", json_address(r->graph->nodes[e->to].address));
	json_put(out, edge, "label", json_text(label.text ? label.text : ""));
	if (e->name)
		json_put(out, edge, "name", json_text(e->name));
	out->failed |= label.failed;
	buf_free(&label);
	json_put(out, edge, "count", json_count(e->count));
	if (r->graph->weighed)
		json_put(out, edge, "dominator", json_boolean(e->keeps));
	return edge;
}

static void refs_json(const struct report *r, struct json_out *out)
{
	const struct pycore_graph *g = r->graph;

	json_list(out, "nodes", g->n_nodes, node_json, r);
	json_list(out, "edges", g->n_edges, edge_json, r);
	json_put(out, out->root, "targets", json_count(g->n_targets));
	json_put(out, out->root, "followed", json_count(g->n_followed));
	json_put(out, out->root, "cut", json_boolean(g->cut));
}

const struct report_kind report_refs = {
	.name = "refs",
	.read = refs_read,
	.text = refs_text,
	.json = refs_json,
	.dot = refs_dot,
	.of_snapshots = true,
};
