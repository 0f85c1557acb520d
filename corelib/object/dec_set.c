/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/text.h"
#include "object/type_name.h"
#include "object/value.h"

#define SET_BATCH 128

struct set {
	uint64_t table, slots, used;
	bool own_table; /* outside the object */
	bool has_dead;  /* entries whose key is a str that stands for none (2.7) */
};

static int set_of(const struct ctx *c, struct object o, struct set *out)
{
	const struct layout *l = c->l;
	uint64_t mask;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*out = (struct set){ .table = 0 };
	if (status)
		return status;
	mask = BODY(&b, l, PySetObject, mask);
	out->table = BODY(&b, l, PySetObject, table);
	out->used = BODY(&b, l, PySetObject, used);
	out->own_table = out->table != o.address + L(l, PySetObject, smalltable);
	out->has_dead = FACT(l, TEXT) == TEXT_BYTES &&
			BODY(&b, l, PySetObject, fill) != BODY(&b, l, PySetObject, used);
	if (b.cut || mask & (mask + 1) || mask >= UINT64_C(1) << 40 ||
	    L(l, setentry, sizeof) < 16 || L(l, setentry, sizeof) > 32)
		return PYCORE_ERR_DAMAGED;
	out->slots = mask + 1;
	return 0;
}

/* @return whether the entry at @p p is in use; dummies have the hash -1 */
static bool live(const struct layout *l, const unsigned char *p, uint64_t *key)
{
	int64_t hash;

	memcpy(key, p + L(l, setentry, key), 8);
	memcpy(&hash, p + L(l, setentry, hash), 8);
	return *key && hash != -1;
}

/*
 * Python 2 puts a str of its own in the place of what was removed. It was never hashed,
 * and a str in a set has been.
 */
static bool is_dead_key(const struct ctx *c, uint64_t key)
{
	static const char text[] = "<dummy key>";
	uint64_t hash;

	return runtime_probe(c->l, c->r, key, F_PyBytesObject_ob_shash, &hash) &&
	       hash == UINT64_MAX && type_raw_is_str(c->l, c->r, key) &&
	       text_is(c->l, c->r, key, text, sizeof(text) - 1);
}

static int set_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label element = { LABEL_FIELD, "element", 0, 0 };
	unsigned char scratch[SET_BATCH * 32];
	uint32_t size = L(c->l, setentry, sizeof);
	struct set s;
	int status = set_of(c, o, &s);

	for (uint64_t i = 0; i < s.slots && !status;) {
		uint64_t n = s.slots - i < SET_BATCH ? s.slots - i : SET_BATCH;
		const unsigned char *p = NULL;
		uint64_t key;

		if (reader_spend(c->r, s.table + i * size, i * size, n * size))
			p = reader_view(c->r, s.table + i * size, n * size, scratch);
		if (!p)
			return PYCORE_ERR_FAULT;
		for (uint64_t k = 0; k < n && !status; k++) {
			if (live(c->l, p + k * size, &key) &&
			    !(s.has_dead && is_dead_key(c, key)))
				status = emit(fn, arg, key, EDGE_OWNED, &element);
		}
		i += n;
	}
	return status;
}

static int set_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	struct set s;
	int status = set_of(c, o, &s);

	*bytes = o.type->basicsize;
	if (!status && s.own_table)
		*bytes += s.slots * L(c->l, setentry, sizeof);
	return status;
}

static void set_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	struct set s;

	if (!set_of(c, o, &s) && s.own_table)
		fn(arg, s.table, s.slots * L(c->l, setentry, sizeof));
}

#define SMALL_TABLE 8 /* PySet_MINSIZE, inside of the object */

/*
 * The table of a copy, set_merge() of Objects/setobject.c: the small one if its load is low
 * enough, else more slots than twice the elements.
 */
static uint64_t slots_of_copy(const struct layout *l, uint64_t used)
{
	bool small = FACT(l, TEXT) == TEXT_BYTES ? used * 3 < SMALL_TABLE * 2
						 : used * 5 < (SMALL_TABLE - 1) * 3;
	uint64_t slots = SMALL_TABLE;

	while (!small && slots <= 2 * used)
		slots *= 2;
	return slots;
}

static int set_slack(const struct ctx *c, struct object o, struct slack *out)
{
	struct set s;
	int status = set_of(c, o, &s);
	uint64_t copy;

	if (status)
		return status;
	if (s.used > s.slots)
		return PYCORE_ERR_DAMAGED;
	*out = (struct slack){ .used = s.used, .room = s.slots };
	copy = slots_of_copy(c->l, s.used);
	if (s.own_table && copy < s.slots)
		out->bytes = (s.slots - (copy > SMALL_TABLE ? copy : 0)) * L(c->l, setentry, sizeof);
	return 0;
}

struct set_text {
	const struct ctx *c;
	struct buf *out;
	unsigned depth;
	size_t most, n;
};

static int put_element(void *arg, uint64_t to, enum edge_kind kind, const struct label *label)
{
	struct set_text *t = arg;

	if (t->n++)
		buf_puts(t->out, ", ");
	if (t->out->len >= t->most || t->out->failed || !t->depth) {
		buf_puts(t->out, "...");
		return 1;
	}
	value_repr_within(t->c, to, t->out, t->depth - 1, t->most);
	return 0;
}

static int elements(const struct ctx *c, struct object o, const char *name, struct buf *out,
		    unsigned depth, size_t most)
{
	struct set_text t = { c, out, depth, most, 0 };
	bool list = FACT(c->l, TEXT) == TEXT_BYTES; /* as Python 2 writes it */
	size_t before = out->len;
	int status;

	if (list)
		buf_printf(out, "%s([", *name ? name : "set");
	else
		buf_printf(out, *name ? "%s({" : "{", name);
	status = set_edges(c, o, put_element, &t);
	if (list)
		buf_puts(out, "])");
	else
		buf_puts(out, *name ? "})" : "}");
	if (!t.n && !out->failed && !list) {
		out->len = before;
		buf_printf(out, "%s()", *name ? name : "set");
	}
	return status > 0 ? 0 : status;
}

static int set_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		    size_t most)
{
	return elements(c, o, "", out, depth, most);
}

static int frozenset_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
			  size_t most)
{
	return elements(c, o, "frozenset", out, depth, most);
}

const struct decoder pycore_dec_set = {
	.edges = set_edges,
	.extent = set_extent,
	.storage = set_storage,
	.repr = set_repr,
	.slack = set_slack,
};
const struct decoder pycore_dec_frozenset = {
	.edges = set_edges,
	.extent = set_extent,
	.storage = set_storage,
	.repr = frozenset_repr,
	.slack = set_slack,
};
