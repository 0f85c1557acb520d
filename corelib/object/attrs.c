/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/dict.h"

/* What a word before the object (a managed dict's, or its values') is; before the GC head. */
static bool slot_before(const struct ctx *c, struct object o, unsigned words, uint64_t *out)
{
	return reader_u64(c->r, o.address - L(c->l, PyGC_Head, sizeof) - 8 * words, out);
}

static int set_values(const struct ctx *c, struct object o, uint64_t values, struct attrs *out)
{
	struct dict_keys keys;
	uint64_t n;
	int status = dict_keys_at(c->l, c->r, o.type->cached_keys, &keys);

	if (status)
		return status;
	status = dict_values_at(c->l, c->r, values, &keys, &out->values, &n, &out->block,
				&out->block_bytes);
	out->n = (uint32_t)(n < keys.n ? n : keys.n);
	return status;
}

/* Values that stand behind the body (3.13). */
static int inline_values(const struct ctx *c, struct object o, struct attrs *out)
{
	const struct layout *l = c->l;
	uint64_t at = o.address + o.type->basicsize;
	struct body b;
	int status = body_view(&b, c->r, at, L(l, PyDictValues, values));

	if (status)
		return status;
	if (!BODY(&b, l, PyDictValues, valid))
		return 0; /* the dict, if there was one, has been taken away or keeps its own */
	out->values = at + L(l, PyDictValues, values);
	out->n = (uint32_t)BODY(&b, l, PyDictValues, capacity);
	return body_status(&b);
}

static int managed(const struct ctx *c, struct object o, struct attrs *out)
{
	uint64_t dict, values;

	if (!slot_before(c, o, 1, &dict))
		return PYCORE_ERR_FAULT;
	switch (FACT(c->l, MANAGED_DICT)) {
	case MANAGED_DICT_TWO_WORDS:
		if (!slot_before(c, o, 2, &values))
			return PYCORE_ERR_FAULT;
		out->dict = dict;
		return values ? set_values(c, o, values, out) : 0;
	case MANAGED_DICT_TAGGED:
		if (dict & 1)
			return set_values(c, o, dict + 1, out);
		out->dict = dict;
		return 0;
	case MANAGED_DICT_INLINE:
		out->dict = dict;
		if (!dict && o.type->flags & TPFLAGS_INLINE_VALUES)
			return inline_values(c, o, out);
		return 0;
	default:
		return 0;
	}
}

int attrs_of(const struct ctx *c, struct object o, struct attrs *out)
{
	uint64_t slot;

	*out = (struct attrs){ .dict = 0 };
	if (o.type->flags & TPFLAGS_MANAGED_DICT)
		return managed(c, o, out);
	if (o.type->decoder == &pycore_dec_instance)
		return LOAD(c->l, c->r, o.address, PyInstanceObject, in_dict, &out->dict) ?
			       0 :
			       PYCORE_ERR_FAULT;
	slot = type_dict_slot(o.type, c->r, c->l, o.address);
	if (slot && !reader_u64(c->r, slot, &out->dict))
		return PYCORE_ERR_FAULT;
	return 0;
}
