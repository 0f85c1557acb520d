/* SPDX-License-Identifier: MIT */
#include "graph/express_target.h"

#include <string.h>

#include "base/error.h"
#include "graph/seek.h"
#include "object/value.h"

#define MOST_KEY 400
#define KEY_DEPTH 3

static void edges_of(void *arg, uint32_t object, edge_fn *fn, void *fn_arg)
{
	const struct express_target *t = arg;
	struct object o;

	if (object_at(t->c, index_address_of(&t->h->index, object), &o) == 0)
		object_edges(t->c, o, fn, fn_arg);
}

int express_label(const struct ctx *c, uint64_t from, uint64_t to, struct buf *out)
{
	struct seek s = { .to = to };
	struct object o;

	if (object_at(c, from, &o) == 0)
		object_edges(c, o, seek_meet, &s);
	if (!s.rank)
		return PYCORE_ERR_NOT_FOUND;
	value_label(c, &s.label, out);
	if (s.kind == EDGE_GUESS)
		buf_putc(out, '?');
	return 0;
}

/* Classes in the order in which attributes are looked for. */
struct lookup {
	const struct ctx *c;
	const char *name;
	bool python_only, found;
};

static int look_in(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct lookup *k = arg;
	const struct type *type = type_at(k->c->types, k->c->r, to);
	uint64_t dict = type ? type_dict(k->c->types, k->c->r, to) : 0;

	if (!dict || (k->python_only && !type->python_class))
		return 0;
	k->found = value_dict_get(k->c, dict, k->name) != 0;
	return k->found;
}

static bool class_has(void *arg, uint32_t type, const char *name, bool python_only)
{
	const struct express_target *t = arg;
	const struct ctx *c = t->c;
	struct lookup k = { .c = c, .name = name, .python_only = python_only };
	struct object mro;
	uint64_t at;

	if (LOAD(c->l, c->r, t->h->types->types.items[type]->address, PyTypeObject, tp_mro, &at) && at &&
	    object_at(c, at, &mro) == 0 && mro.type->flags & TPFLAGS_TUPLE)
		object_edges(c, mro, look_in, &k);
	return k.found;
}

/* What repr writes of these evaluates to an equal one. */
static bool is_plain_key(const struct ctx *c, uint64_t key, unsigned depth);

static int check_item(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	const struct ctx *c = arg;

	return label->kind == LABEL_INDEX && !is_plain_key(c, to, 0);
}

static bool is_plain_key(const struct ctx *c, uint64_t key, unsigned depth)
{
	static const char *const plain[] = { "str", "int", "bool", "NoneType", "bytes" };
	struct object o;

	if (object_at(c, key, &o) < 0)
		return false;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (!strcmp(o.type->name, plain[i]))
			return true;
	}
	return depth && !strcmp(o.type->name, "tuple") &&
	       object_edges(c, o, check_item, (void *)c) == 0;
}

/* All of the key is written, or it does not evaluate to an equal one. */
static bool write_key(void *arg, uint64_t key, struct buf *out)
{
	const struct ctx *c = ((const struct express_target *)arg)->c;

	if (!is_plain_key(c, key, 1) || value_repr(c, key, out, KEY_DEPTH, MOST_KEY) < 0 ||
	    out->failed || !out->text || out->len >= MOST_KEY)
		return false;
	/* Cut, or with characters that are none. */
	return !strstr(out->text, "...") && !strstr(out->text, "\xef\xbf\xbd") &&
	       !strstr(out->text, "\xe2\x80\xa6");
}

static bool name_of(void *arg, uint64_t key, struct buf *out)
{
	const struct express_target *t = arg;

	return value_str(t->c, key, out, MOST_KEY) >= 0 && out->text && !out->failed;
}

static bool reaches(void *arg, uint32_t object, uint64_t index)
{
	const struct express_target *t = arg;
	uint64_t size;

	return LOAD(t->c->l, t->c->r, index_address_of(&t->h->index, object), PyVarObject, ob_size,
		    &size) &&
	       index < size;
}

const struct express_ops express_target_ops = {
	.edges = edges_of,
	.name = name_of,
	.key = write_key,
	.class_has = class_has,
	.reaches = reaches,
};
