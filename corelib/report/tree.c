/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "report/number.h"
#include "report/report.h"
#include "report/style.h"

int read_tree(struct report *r, size_t limit)
{
	struct pycore_tree_query query = {
		.size = sizeof(query),
		.type = r->o.type,
		.limit = limit,
		.depth = r->o.depth,
		.values = !r->o.redact,
	};

	return pycore_get_tree(r->session, &query, &r->tree, r->err);
}

/* The type of what the node is below. */
static const char *owner_of(const struct pycore_tree *tree, size_t i)
{
	for (size_t k = i; k-- > 0;) {
		if (tree->nodes[k].depth < tree->nodes[i].depth)
			return tree->nodes[k].type;
	}
	return "";
}

static void node_words(const struct report *r, size_t i, struct buf *out)
{
	const struct pycore_tree_node *node = &r->tree->nodes[i];

	if (node->path)
		path_words(r, node->path, out);
	else if (node->label)
		report_label(r, node->label, owner_of(r->tree, i), out);
}

static void node_row(const struct report *r, struct table *t, size_t i)
{
	const struct pycore_tree_node *node = &r->tree->nodes[i];
	struct table_row *row = table_row(t);
	struct buf words = { 0 };
	char text[NUMBER_ROOM];

	table_set(t, row, 0, number_bytes(text, node->retained));
	table_set(t, row, 1, number_share(text, node->retained, r->tree->bytes));
	table_set(t, row, 2, number_bytes(text, node->bytes));
	for (uint32_t d = 0; d < node->depth; d++)
		buf_puts(&words, "  ");
	if (node->address) {
		snprintf(text, sizeof(text), "0x%" PRIx64, node->address);
		table_set(t, row, 3, text);
		buf_printf(&words, "%s  ", node->type);
		node_words(r, i, &words);
	} else {
		buf_printf(&words, "%s more", number_count(text, node->count));
	}
	table_set_text(t, row, 4, words.text ? words.text : "", 0);
	t->failed |= words.failed;
	buf_free(&words);
}

void tree_text(const struct report *r, const char *indent, struct buf *out)
{
	const char *heads[] = { "retained", "share", "size", "<address", "<object", NULL };
	struct arena arena = { 0 };
	struct table t = table_make(&arena, heads);

	for (size_t i = 0; i < r->tree->n_nodes; i++)
		node_row(r, &t, i);
	table_write(&t, out, indent, r->o.width, r->o.color);
	arena_free(&arena);
}

static json_t *node_json(const void *ctx, size_t i, struct json_out *out)
{
	const struct report *r = ctx;
	const struct pycore_tree_node *node = &r->tree->nodes[i];
	struct buf words = { 0 };
	json_t *row = json_object();

	node_words(r, i, &words);
	json_put(out, row, "depth", json_count(node->depth));
	json_put(out, row, "address", node->address ? json_address(node->address) : json_null());
	json_put(out, row, "type", json_text(node->address ? node->type : NULL));
	json_put(out, row, "count", json_count(node->count));
	json_put(out, row, "bytes", json_count(node->bytes));
	json_put(out, row, "retained", json_count(node->retained));
	json_put(out, row, "label", json_text(words.text));
	out->failed |= words.failed;
	buf_free(&words);
	return row;
}

void tree_json(const struct report *r, struct json_out *out)
{
	json_list(out, "tree", r->tree->n_nodes, node_json, r);
}
