/* SPDX-License-Identifier: MIT */
#include "graph/collect.h"
#include "heap/behind.h"
#include "object/behind.h"
#include "object/text.h"

/* Without the graph of all references: what holds one object from memory of C code's. */

static uint32_t target_node(const struct web *w)
{
	for (uint32_t i = 0; i < w->nodes.n; i++) {
		if (w->nodes.items[i].flags & WEB_TARGET)
			return i;
	}
	return UINT32_MAX;
}

/* Their count leaves out the table of interned strings, which refers to each twice. */
static bool is_interned(const struct ctx *c, uint64_t address)
{
	struct object o;
	struct text text;

	return !object_at(c, address, &o) && type_is_text(c->l, o.type) &&
	       !text_at(c->l, c->r, address, &text) && text.interned;
}

/* The references to it that its count tells of, and nothing was found to have. */
static int64_t unexplained(const struct collection *k, const struct web_node *node,
			   const struct found_list *found)
{
	int64_t count;

	if (object_refcount(k->c, node->address, &count) || count < 0 ||
	    target_module_at(k->c->r->target, node->address))
		return 0;
	if (is_interned(k->c, node->address))
		count += 2;
	count -= (int64_t)(node->more + found->list.n);
	for (size_t i = 0; i < k->held.n; i++)
		count -= k->held.items[i].to == node->address && !k->held.items[i].guess;
	return count;
}

static int add_found(const struct collection *k, const struct behind_trail *trail, uint32_t node,
		     int64_t most, struct found_list *out)
{
	uint32_t target = index_number_of(&k->h->index, k->web->nodes.items[node].address);

	for (size_t i = 0; i < trail->found.n && most > 0; i++) {
		const struct behind_found *f = &trail->found.items[i];
		struct found found = {
			.from = index_address_of(&k->h->index, f->from),
			.text = behind_label.text,
			.kind = (uint8_t)behind_label.kind,
			.to = node,
			.guess = true,
		};

		if (f->to != target)
			continue;
		most--;
		if (!vec_push(&out->list, found))
			return PYCORE_ERR_NOMEM;
	}
	return 0;
}

int collect_behind(const struct collection *k, struct found_list *found)
{
	uint32_t node = target_node(k->web);
	struct behind_starts starts = { .failed = false };
	struct behind_trail trail = { { 0 } };
	int64_t most;
	int rc;

	/* Where the graph was read, they are among what was found. */
	if (node == UINT32_MAX || !k->c || !k->c->behind || k->c->behind->edges.n)
		return 0;
	most = unexplained(k, &k->web->nodes.items[node], found);
	if (most <= 0)
		return 0;
	rc = behind_look_all(&starts, k->h, k->c);
	if (!rc)
		rc = behind_follow(&starts, k->h, k->c, &trail);
	if (!rc)
		rc = add_found(k, &trail, node, most, found);
	vec_free(&starts.list);
	vec_free(&trail.found);
	return rc;
}
