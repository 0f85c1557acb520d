/* SPDX-License-Identifier: MIT */
#include "graph/collect.h"

/* Forward: what the targets refer to, and that, and so on. */

struct follow {
	struct collection *k;
	VEC(uint32_t) queue;
	uint32_t node;  /* whose references are read */
	uint32_t depth, n;
	int rc;
};

static uint32_t steps(const struct web_node *to, uint32_t level, enum shape_role role)
{
	if (to->flags & WEB_CELL)
		return level;
	if (to->flags & WEB_HELPER && role != SHAPE_PLAIN && role != SHAPE_CLASS)
		return level;
	return level + 1;
}

/* Whether following the reference tells of the object, not of the language. */
static bool is_news(const struct web_node *from, enum shape_role role)
{
	switch (role) {
	case SHAPE_CLASS:
	case SHAPE_NOISE:
	case SHAPE_GLOBALS:
		return false;
	case SHAPE_BASE:
		return from->flags & WEB_TARGET;
	default:
		return true;
	}
}

static bool is_known(const struct collection *k, uint64_t address)
{
	return k->c ? index_has(&k->h->index, address)
		    : k->whole->source.number(k->whole->source.arg, address) != WHOLE_NONE;
}

static int meet(void *arg, uint64_t address, enum edge_kind kind, const struct label *label)
{
	struct follow *f = arg;
	struct web *w = f->k->web;
	enum shape_role role = shape_role_of(label);
	uint32_t to, level;

	if (kind == EDGE_WEAK || kind == EDGE_BORROWED ||
	    !is_news(&w->nodes.items[f->node], role))
		return 0;
	/* A guess is any word: it must be an object that is known. */
	if (kind == EDGE_GUESS && !is_known(f->k, address))
		return 0;
	if (f->n++ >= MOST_REFERRERS || w->edges.n >= MOST_EDGES) {
		w->nodes.items[f->node].more++;
		w->cut = true;
		return w->edges.n >= MOST_EDGES;
	}
	to = collect_node(f->k, address);
	if (to == UINT32_MAX)
		return 0;
	level = steps(&w->nodes.items[to], w->nodes.items[f->node].level, role);
	if (w->nodes.items[to].level == WEB_FAR) {
		if (level > f->depth) {
			w->nodes.items[f->node].more++;
			w->cut = true;
			return 0;
		}
		w->nodes.items[to].level = level;
		if (!vec_push(&f->queue, to)) {
			f->rc = PYCORE_ERR_NOMEM;
			return 1;
		}
	}
	f->rc = collect_edge(f->k, f->node, to, label, kind == EDGE_GUESS);
	return f->rc < 0;
}

/* Modules and classes hold the whole program: only what was asked for is opened. */
static bool opens(const struct web_node *x)
{
	return x->flags & WEB_TARGET || !(x->root || x->flags & WEB_CLASS);
}

static void expand(struct follow *f, uint32_t node)
{
	const struct collection *k = f->k;
	uint64_t address = k->web->nodes.items[node].address, dict;

	f->node = node;
	f->n = 0;
	dict = node < k->n_modules ? collect_globals(k, address) : 0;
	collect_edges(k, dict ? dict : address, meet, f);
}

int collect_referents(struct collection *k, uint32_t depth)
{
	struct follow f = { .k = k, .depth = depth };

	for (uint32_t i = 0; i < k->web->nodes.n && f.rc == 0; i++) {
		if (k->web->nodes.items[i].flags & WEB_TARGET && !vec_push(&f.queue, i))
			f.rc = PYCORE_ERR_NOMEM;
	}
	for (size_t at = 0; at < f.queue.n && f.rc == 0; at++) {
		if (opens(&k->web->nodes.items[f.queue.items[at]]))
			expand(&f, f.queue.items[at]);
	}
	vec_free(&f.queue);
	return f.rc;
}
