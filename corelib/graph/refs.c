/* SPDX-License-Identifier: MIT */
#include "graph/refs.h"

#include "graph/collect.h"
#include "graph/names.h"
#include "graph/page.h"
#include "graph/weigh.h"

/* The way to a root may be long; what an object refers to is soon too much. */
#define DEFAULT_DEPTH_REFERRERS 10
#define DEFAULT_DEPTH_REFERENTS 3
#define MOST_DEPTH 1000
#define DEFAULT_MAX_NODES 60
#define MOST_MAX_NODES 100000
/* More targets than this are counted, not followed. */
#define MOST_TARGETS 500000u

#define REPR_DEPTH 1
#define REPR_BYTES 60

struct drawing {
	struct collection k;
	struct web web;
	struct page page;
	bool values;
	struct arena *arena;
};

static int add_targets(struct collection *k, const uint64_t *targets, size_t n)
{
	size_t added = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t node;

		if (added == MOST_TARGETS) {
			k->web->cut = true;
			break;
		}
		node = collect_node(k, targets[i]);
		if (node == UINT32_MAX || k->web->nodes.items[node].flags & WEB_TARGET)
			continue;
		/* Among all dicts, those of modules' globals would hide the others. */
		if (n > 1 && k->web->nodes.items[node].address != targets[i])
			continue;
		k->web->nodes.items[node].flags |= WEB_TARGET;
		k->web->nodes.items[node].level = 0;
		added++;
	}
	return added ? 0 : PYCORE_ERR_NOT_FOUND;
}

static const char *kept(struct arena *a, struct buf *b)
{
	const char *text = b->failed ? NULL : arena_strdup(a, b->text ? b->text : "");

	buf_free(b);
	return text;
}

/* The bare shape before a folded one: "__defaults__" of "__defaults__[0]"; or NULL. */
static const char *owner_field(const struct shapes *s, uint32_t shape)
{
	const struct shape *x = &s->list.items[shape], *prefix;

	if (!x->prefix || x->kind != LABEL_INDEX)
		return NULL;
	prefix = &s->list.items[x->prefix - 1];
	return !prefix->prefix && prefix->text ? prefix->text : NULL;
}

/* Names of parameters and variables, where the label alone has a number. */
static int draw_name(const struct drawing *d, const struct page_edge *e, struct pycore_edge *out)
{
	const struct page_node *from = &d->page.nodes.items[e->from];
	const char *field = e->shape == UINT32_MAX ? NULL : owner_field(&d->web.shapes, e->shape);
	uint64_t function = d->web.nodes.items[from->first].address;
	struct buf name = { 0 };
	bool known = false;

	if (!field || e->several || from->count != 1 || !d->k.c)
		return 0;
	if (strcmp(field, "__defaults__") == 0)
		known = names_default(d->k.c, function, e->detail, &name);
	else if (strcmp(field, "__closure__") == 0)
		known = names_closure(d->k.c, function, e->detail, &name);
	if (!known) {
		buf_free(&name);
		return 0;
	}
	out->name = kept(d->arena, &name);
	return out->name ? 0 : PYCORE_ERR_NOMEM;
}

static int draw_edge(const struct drawing *d, const struct page_edge *e, struct pycore_edge *out)
{
	struct buf label = { 0 };

	if (e->shape == UINT32_MAX)
		buf_puts(&label, "\xe2\x80\xa6");
	else
		shape_text(&d->web.shapes, d->k.c, e->shape, e->detail, e->several, &label);
	*out = (struct pycore_edge){
		.from = e->from,
		.to = e->to,
		.label = kept(d->arena, &label),
		.count = e->count,
	};
	return out->label ? draw_name(d, e, out) : PYCORE_ERR_NOMEM;
}

static int draw_value(const struct drawing *d, uint64_t address, struct pycore_node *out)
{
	struct buf text = { 0 };

	if (value_repr(d->k.c, address, &text, REPR_DEPTH, REPR_BYTES) < 0) {
		buf_free(&text);
		return 0;
	}
	out->repr = kept(d->arena, &text);
	return out->repr ? 0 : PYCORE_ERR_NOMEM;
}

static int draw_node(const struct drawing *d, const struct page_node *node,
		     struct pycore_node *out)
{
	const struct web_node *x = &d->web.nodes.items[node->first];
	struct kind kind;

	*out = (struct pycore_node){
		.address = x->address,
		.type = web_type_name(x->type),
		.root = x->root ? d->k.roots.items[x->root - 1] : NULL,
		.count = node->count,
		.more = node->more,
		.target = x->flags & WEB_TARGET,
	};
	if (out->type)
		return 0;
	out->type = "?";
	if (!collect_kind(&d->k, x->address, &kind))
		return 0;
	out->type = arena_strdup(d->arena, kind.name);
	if (!out->type)
		return PYCORE_ERR_NOMEM;
	return d->values && d->k.c && node->count == 1 ? draw_value(d, x->address, out) : 0;
}

static int draw(const struct drawing *d, struct pycore_graph *out)
{
	struct pycore_node *nodes = arena_array(d->arena, d->page.nodes.n + 1, sizeof(*nodes));
	struct pycore_edge *edges = arena_array(d->arena, d->page.edges.n + 1, sizeof(*edges));
	int rc = nodes && edges ? 0 : PYCORE_ERR_NOMEM;

	for (size_t i = 0; i < d->page.nodes.n && rc == 0; i++)
		rc = draw_node(d, &d->page.nodes.items[i], &nodes[i]);
	for (size_t i = 0; i < d->page.edges.n && rc == 0; i++)
		rc = draw_edge(d, &d->page.edges.items[i], &edges[i]);
	if (rc == 0)
		rc = weigh_page(&d->k, &d->page, nodes, edges);
	out->nodes = nodes;
	out->n_nodes = d->page.nodes.n;
	out->edges = edges;
	out->n_edges = d->page.edges.n;
	out->cut = d->page.cut;
	return rc;
}

static uint32_t pick(uint32_t asked, uint32_t otherwise, uint32_t most)
{
	if (!asked)
		return otherwise;
	return asked < most ? asked : most;
}

static int make(struct drawing *d, const uint64_t *targets, size_t n_targets,
		const struct pycore_graph_query *query, struct pycore_graph *out)
{
	uint32_t depth = pick(query->depth,
			      query->referents ? DEFAULT_DEPTH_REFERENTS : DEFAULT_DEPTH_REFERRERS,
			      MOST_DEPTH);
	int rc;

	if (!n_targets)
		return 0;
	/* Threads hold, and are not held: no use for them the other way. */
	if (!d->k.c)
		rc = roots_add_kept(&d->k, !query->referents);
	else
		rc = roots_add_modules(&d->k);
	if (rc == 0 && d->k.c && !query->referents)
		rc = roots_add_threads(&d->k);
	if (rc == 0)
		rc = add_targets(&d->k, targets, n_targets);
	if (rc == 0)
		rc = query->referents ? collect_referents(&d->k, depth)
				      : collect_referrers(&d->k, depth);
	if (rc == 0)
		rc = web_fold(&d->web, depth);
	if (rc == 0)
		rc = page_make(&d->web, d->k.max_nodes, &d->page);
	return rc == 0 ? draw(d, out) : rc;
}

int refs_graph(const struct ctx *c, const struct heap *h, const struct whole *whole,
	       const uint64_t *targets, size_t n_targets, const struct pycore_graph_query *query, struct arena *a,
	       struct pycore_graph *out, struct pycore_error *err)
{
	struct drawing d = { .values = query->values, .arena = a };
	int rc;

	*out = (struct pycore_graph){ .n_targets = n_targets, .weighed = whole != NULL };
	d.web.referents = query->referents;
	d.k = (struct collection){ .c = c, .h = h, .whole = whole, .web = &d.web,
				    .arena = a };
	if (!c) {
		d.web.shapes.label_text = whole->source.label_text;
		d.web.shapes.label_arg = whole->source.arg;
	}
	d.k.max_nodes = pick(query->max_nodes, DEFAULT_MAX_NODES, MOST_MAX_NODES);
	rc = make(&d, targets, n_targets, query, out);
	page_fini(&d.page);
	collection_fini(&d.k);
	web_fini(&d.web);
	if (rc == PYCORE_ERR_NOT_FOUND)
		return pycore_fail(err, rc, n_targets == 1 ? "there is no object at 0x%llx"
							    : "there is no object at 0x%llx, "
							      "nor at the other addresses",
				   n_targets ? (unsigned long long)targets[0] : 0ull);
	if (rc == PYCORE_ERR_NOMEM)
		return pycore_fail(err, rc, "no memory for a reference graph");
	return rc < 0 ? pycore_fail(err, rc, "the references cannot be read") : 0;
}
