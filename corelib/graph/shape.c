/* SPDX-License-Identifier: MIT */
#include "graph/shape.h"

static const struct {
	const char *text;
	enum shape_role role;
} roles[] = {
	{ "__dict__", SHAPE_DICT },
	{ "__defaults__", SHAPE_FIELD },
	{ "__kwdefaults__", SHAPE_FIELD },
	{ "__closure__", SHAPE_FIELD },
	{ "__annotations__", SHAPE_FIELD },
	{ "__type_params__", SHAPE_FIELD },
	{ "args", SHAPE_FIELD },     /* of exceptions and functools.partial */
	{ "keywords", SHAPE_FIELD },
	{ "co_consts", SHAPE_FIELD },
	{ "f_locals", SHAPE_FIELD },
	{ "f_extra_locals", SHAPE_FIELD },
	{ "__class__", SHAPE_CLASS },
	{ "ob_type", SHAPE_CLASS },
	{ "__base__", SHAPE_BASE },
	{ "__bases__", SHAPE_BASE },
	{ "tp_base", SHAPE_BASE },
	{ "tp_bases", SHAPE_BASE },
	{ "__globals__", SHAPE_GLOBALS },
	{ "__builtins__", SHAPE_GLOBALS },
	{ "f_globals", SHAPE_GLOBALS },
	{ "f_builtins", SHAPE_GLOBALS },
	{ "f_func", SHAPE_FRAME },
	{ "f_code", SHAPE_FRAME },
	{ "__mro__", SHAPE_NOISE },
	{ "tp_mro", SHAPE_NOISE },
	{ "tp_cache", SHAPE_NOISE },
	{ "tp_subclasses", SHAPE_NOISE },
	{ "__subclasses__", SHAPE_NOISE },
	{ "__objclass__", SHAPE_NOISE }, /* a descriptor's type, which holds the descriptor */
};

enum shape_role shape_role_of(const struct label *label)
{
	const char *text = label->text;

	if ((label->kind != LABEL_FIELD && label->kind != LABEL_ATTR) || !text)
		return SHAPE_PLAIN;
	text += *text == '.';
	for (size_t i = 0; *text && i < sizeof(roles) / sizeof(*roles); i++) {
		if (strcmp(text, roles[i].text) == 0)
			return roles[i].role;
	}
	return SHAPE_PLAIN;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

static uint64_t shape_hash(const struct shape *s)
{
	uint64_t h = mix(s->kind, s->guess);

	for (const char *p = s->text; p && *p; p++)
		h = mix(h, (unsigned char)*p);
	return mix(mix(mix(h, s->key), s->prefix), s->prefix_detail) | 1;
}

static bool same_shape(const struct shape *a, const struct shape *b)
{
	return a->kind == b->kind && a->key == b->key && a->prefix == b->prefix &&
	       a->prefix_detail == b->prefix_detail && a->guess == b->guess &&
	       !a->text == !b->text && (!a->text || strcmp(a->text, b->text) == 0);
}

static uint32_t intern(struct shapes *s, const struct shape *shape)
{
	for (uint64_t h = shape_hash(shape);; h += 2) {
		uint64_t *at = map_get(&s->by_hash, h);

		if (at && same_shape(&s->list.items[*at], shape))
			return (uint32_t)*at;
		if (at)
			continue;
		if (s->list.n >= UINT32_MAX - 1)
			return UINT32_MAX;
		at = map_put(&s->by_hash, h, NULL);
		if (!at || !vec_push(&s->list, *shape))
			return UINT32_MAX;
		*at = s->list.n - 1;
		return (uint32_t)*at;
	}
}

uint32_t shape_of(struct shapes *s, const struct label *label, bool guess, uint64_t *detail)
{
	struct shape shape = {
		.kind = label->kind,
		.role = shape_role_of(label),
		.guess = guess,
	};

	*detail = 0;
	switch (label->kind) {
	case LABEL_ATTR:
	case LABEL_FIELD:
		shape.text = label->text;
		if (shape.role == SHAPE_FIELD && shape.text[0] == '_')
			shape.kind = LABEL_FIELD; /* "__defaults__[0]", without a dot */
		break;
	case LABEL_LOCAL:
		shape.text = label->text;
		shape.key = label->key;
		break;
	case LABEL_ATTR_KEY:
		shape.key = label->key;
		break;
	case LABEL_KEY:
		*detail = label->key;
		break;
	case LABEL_INDEX:
	case LABEL_IS_KEY:
		*detail = label->index;
		break;
	case LABEL_NONE:
		break;
	}
	return intern(s, &shape);
}

uint32_t shape_join(struct shapes *s, uint32_t a, uint64_t a_detail, uint32_t b, uint64_t b_detail,
		    uint64_t *detail)
{
	struct shape shape;

	if (a >= s->list.n || b >= s->list.n)
		return UINT32_MAX;
	shape = s->list.items[b];
	*detail = b_detail;
	if (s->list.items[a].role == SHAPE_DICT && shape.kind == LABEL_KEY && !shape.prefix) {
		shape.kind = LABEL_ATTR_KEY;
		shape.key = b_detail;
		*detail = 0;
		shape.prefix = s->list.items[a].prefix;
		shape.prefix_detail = s->list.items[a].prefix_detail;
	} else {
		shape.prefix = a + 1;
		shape.prefix_detail = a_detail;
	}
	shape.guess |= s->list.items[a].guess;
	if (s->list.items[a].role == SHAPE_NOISE || s->list.items[a].role == SHAPE_BASE)
		shape.role = s->list.items[a].role;
	return intern(s, &shape);
}

void shapes_fini(struct shapes *s)
{
	vec_free(&s->list);
	map_free(&s->by_hash);
	*s = (struct shapes){ 0 };
}
