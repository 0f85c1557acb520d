/* SPDX-License-Identifier: MIT */
#include "graph/natives.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "target/words.h"

/* Of a file or symbol. */
#define MOST_NAME 100

struct naming {
	struct whole *w;
	struct target *t;
	const struct index *index;
	bool failed;
};

/* The root of C code's that the object at @p address is, without a name so far; else NULL. */
static struct whole_root *nameless(const struct naming *k, uint64_t address)
{
	uint32_t object = address ? index_number_of(k->index, address) : WHOLE_NONE;
	const uint64_t *at = NULL;
	struct whole_root *root;

	if (object != WHOLE_NONE)
		at = map_get(&k->w->root_of, (uint64_t)object + 1);
	if (!at)
		return NULL;
	root = &k->w->roots.items[*at - 1];
	return root->kind == ROOT_NATIVE && !root->name ? root : NULL;
}

static const char *name_of_place(const struct naming *k, uint64_t at)
{
	struct module *m = target_module_at(k->t, at);
	const char *symbol = m ? module_symbol_at(k->t, m, at) : NULL;
	const char *file = m ? m->path : "?", *slash = strrchr(file, '/');
	uint64_t offset = m ? at - m->bias : at;

	if (slash)
		file = slash + 1;
	if (!symbol)
		return arena_printf(&k->w->arena, "C global %.*s+0x%" PRIx64, MOST_NAME, file,
				    offset);
	return arena_printf(&k->w->arena, "C global %.*s+0x%" PRIx64 " (%.*s)", MOST_NAME, file,
			    offset, MOST_NAME, symbol);
}

static void look_at(void *arg, uint64_t at, const uint64_t *words, size_t n)
{
	struct naming *k = arg;

	for (size_t i = 0; i < n; i++) {
		struct whole_root *root = nameless(k, words[i]);

		if (!root)
			continue;
		root->name = name_of_place(k, at + 8 * i);
		k->failed |= !root->name;
	}
}

int natives_name(struct whole *w, const struct ctx *c, const struct heap *h)
{
	struct target *t = c->r->target;
	struct naming k = { .w = w, .t = t, .index = &h->index };

	for (size_t i = 0; i < t->n_regions; i++)
		words_each(c->r, t->regions[i].start, words_end_of_binary(t, &t->regions[i]),
			   look_at, &k);
	return k.failed ? PYCORE_ERR_NOMEM : 0;
}
