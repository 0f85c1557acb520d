/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "session/whole.h"

#define DEFAULT_TOP 20
#define DEFAULT_DEPTH 3
#define DEFAULT_WIDTH 5
#define MOST_NODES 100000

struct opening {
	struct pycore *s;
	const struct whole *w;
	const struct pycore_tree_query *q;
	struct links children;
	VEC(struct pycore_tree_node) nodes;
};

static int no_memory(struct pycore_error *err)
{
	return pycore_fail(err, PYCORE_ERR_NOMEM, "no memory for the tree of what keeps what alive");
}

static const char *label_of(struct opening *o, uint32_t parent, uint32_t object)
{
	const struct whole_source *source = &o->w->source;
	struct buf text = { 0 };
	const char *label = NULL;

	if (parent < o->w->n && source->label &&
	    source->label(source->arg, parent, object, &text) == 0)
		label = arena_strdup(&o->s->arena, text.text ? text.text : "");
	buf_free(&text);
	return label;
}

static bool add_node(struct opening *o, uint32_t depth, uint32_t parent, uint32_t object)
{
	const struct whole *w = o->w;
	struct pycore_tree_node node = {
		.depth = depth,
		.address = w->source.address(w->source.arg, object),
		.type = w->types.items[w->objects.type[object]].name,
		.label = label_of(o, parent, object),
		.bytes = whole_bytes(w, object),
		.retained = whole_retained(w, object),
		.count = 1,
	};

	return vec_push(&o->nodes, node);
}

/* All that the level has no room for, as one. */
static bool add_rest(struct opening *o, uint32_t depth, const uint32_t *objects, size_t n)
{
	struct pycore_tree_node node = { .depth = depth, .type = "", .count = n };

	for (size_t i = 0; i < n; i++) {
		node.bytes += whole_bytes(o->w, objects[i]);
		node.retained += whole_retained(o->w, objects[i]);
	}
	return !n || vec_push(&o->nodes, node);
}

/* Put the @p most that retain most first, in order; the rest behind them in any. */
static void put_first(const struct whole *w, uint32_t *objects, size_t n, size_t most)
{
	for (size_t i = 0; i < n && i < most; i++) {
		size_t best = i;
		uint32_t kept = objects[i];

		for (size_t k = i + 1; k < n; k++) {
			if (whole_retained(w, objects[k]) > whole_retained(w, objects[best]))
				best = k;
		}
		objects[i] = objects[best];
		objects[best] = kept;
	}
}

static int open_level(struct opening *o, uint32_t parent, uint32_t depth);

/* No deeper than the query says: that is at most some thousand calls. */
static int open_below(struct opening *o, uint32_t object, uint32_t depth)
{
	return depth <= o->q->depth && o->nodes.n < MOST_NODES ? open_level(o, object, depth) : 0;
}

static int open_level(struct opening *o, uint32_t parent, uint32_t depth)
{
	uint32_t *objects = o->children.to + o->children.start[parent];
	size_t n = o->children.start[parent + 1] - o->children.start[parent];
	size_t shown = n < o->q->width ? n : o->q->width;

	put_first(o->w, objects, n, shown);
	/* A thousandth of the heap is not worth a line. */
	while (shown > 1 && whole_retained(o->w, objects[shown - 1]) < o->w->total_bytes / 1000)
		shown--;
	for (size_t i = 0; i < shown; i++) {
		if (!add_node(o, depth, parent, objects[i]) ||
		    open_below(o, objects[i], depth + 1) < 0)
			return PYCORE_ERR_NOMEM;
	}
	return add_rest(o, depth, objects + shown, n - shown) ? 0 : PYCORE_ERR_NOMEM;
}

static int open_top(struct opening *o, const struct picked_list *top, struct pycore_error *err)
{
	const struct way_query wish = { .most = 1, .values = o->q->values };

	for (size_t i = 0; i < top->found.n; i++) {
		uint32_t object = top->found.items[i].object;
		size_t at = o->nodes.n;
		const struct pycore_path *path;
		int rc;

		if (!add_node(o, 0, o->w->n, object))
			return no_memory(err);
		rc = session_paths(o->s, o->w, object, &wish, &path, err);
		if (rc < 0)
			return rc;
		o->nodes.items[at].path = rc ? path : NULL;
		if (open_below(o, object, 1))
			return no_memory(err);
	}
	return 0;
}

/* What is at the top: objects of a type, else what no other object dominates. */
static int pick_top(struct opening *o, struct picked_list *out, struct pycore_error *err)
{
	struct type_selection selection;
	size_t n = o->children.start[o->w->n + 1] - o->children.start[o->w->n];
	uint32_t *objects = o->children.to + o->children.start[o->w->n];
	int rc;

	*out = (struct picked_list){ 0 };
	if (o->q->type) {
		rc = select_instances(o->s, o->s->heap, o->q->type, NULL, NULL, &selection, err);
		if (!rc) {
			rc = pick_whole(o->s, o->w, &selection, o->q->limit, PICK_RETAINED, true,
					out, err);
			selection_fini(&selection);
		}
		return rc;
	}
	put_first(o->w, objects, n, o->q->limit);
	for (size_t i = 0; i < n && i < o->q->limit; i++) {
		struct picked p = { .object = objects[i] };

		if (!vec_push(&out->found, p))
			return no_memory(err);
	}
	return 0;
}

static int open_tree(struct opening *o, const struct pycore_tree **out, struct pycore_error *err)
{
	struct pycore_tree *tree = arena_alloc(&o->s->arena, sizeof(*tree));
	struct pycore_tree_node *nodes;
	struct picked_list top;
	int rc = pick_top(o, &top, err);

	if (!rc)
		rc = open_top(o, &top, err);
	picked_fini(&top);
	if (rc)
		return rc;
	nodes = arena_array(&o->s->arena, o->nodes.n ? o->nodes.n : 1, sizeof(*nodes));
	if (!tree || !nodes)
		return no_memory(err);
	if (o->nodes.n)
		memcpy(nodes, o->nodes.items, o->nodes.n * sizeof(*nodes));
	*tree = (struct pycore_tree){ nodes, o->nodes.n, o->w->total_bytes };
	*out = tree;
	return session_check_read(o->s, "references", err);
}

int pycore_get_tree(struct pycore *s, const struct pycore_tree_query *query,
		    const struct pycore_tree **out, struct pycore_error *err)
{
	struct pycore_tree_query q;
	struct opening o = { .s = s, .q = &q };
	int rc;

	rc = session_take(&q, sizeof(q), query, "pycore_tree_query", err);
	if (!rc)
		rc = session_can_answer(s, "references", err);
	if (!rc)
		rc = session_whole(s, &o.w, err);
	if (rc)
		return rc;
	q.limit = q.limit ? q.limit : DEFAULT_TOP;
	q.depth = q.depth ? q.depth : DEFAULT_DEPTH;
	q.width = q.width ? q.width : DEFAULT_WIDTH;
	if (whole_children(o.w, &o.children))
		return no_memory(err);
	rc = open_tree(&o, out, err);
	links_fini(&o.children);
	vec_free(&o.nodes);
	return rc;
}
