/* SPDX-License-Identifier: MIT */
#include "object/value.h"

#include "object/decode.h"
#include "object/dict.h"
#include "object/number.h"
#include "object/text.h"

#define DEPTH_MOST 8
/* Of an exception or a method all is shown at any depth, and it may be in itself. */
#define NESTED_MOST (DEPTH_MOST + 4)

static int str_at(const struct ctx *c, uint64_t address, struct text *out)
{
	struct object o;
	int status = object_at(c, address, &o);

	if (status)
		return status;
	if (!type_is_text(c->l, o.type))
		return PYCORE_ERR_ARGUMENT;
	return text_at(c->l, c->r, address, out);
}

int value_text(const struct ctx *c, struct object o, struct text *out)
{
	int status;

	if (type_is_text(c->l, o.type))
		return text_at(c->l, c->r, o.address, out);
	*out = (struct text){ .data = o.address + L(c->l, PyBytesObject, ob_sval), .kind = 1 };
	status = object_ob_size(c, o, &out->length);
	if (!status && out->length > UINT64_C(1) << 44)
		status = PYCORE_ERR_DAMAGED;
	return status;
}

int value_str(const struct ctx *c, uint64_t address, struct buf *out, size_t most)
{
	struct text t;
	int status = str_at(c, address, &t);

	return status ? status : text_utf8(&t, c->r, out, most, NULL);
}

char *value_strdup(const struct ctx *c, uint64_t address, struct arena *a, size_t most)
{
	struct buf text = { 0 };
	char *copy = NULL;

	if (!value_str(c, address, &text, most) && !text.failed)
		copy = arena_strndup(a, text.text ? text.text : "", text.len);
	buf_free(&text);
	return copy;
}

int value_int(const struct ctx *c, uint64_t address, int64_t *out)
{
	struct object o;
	int status = object_at(c, address, &o);

	*out = 0;
	if (status)
		return status;
	if (!type_is_int(c->l, o.type))
		return PYCORE_ERR_ARGUMENT;
	return number_int64(c, address, out);
}

static bool is_dict(const struct ctx *c, uint64_t address)
{
	struct object o;

	return !object_at(c, address, &o) && (o.type->flags & TPFLAGS_DICT ||
					      o.type->decoder == &pycore_dec_dict);
}

uint64_t value_dict_get(const struct ctx *c, uint64_t address, const char *name)
{
	return is_dict(c, address) ? dict_get(c->l, c->r, address, name) : 0;
}

int value_dict_each(const struct ctx *c, uint64_t address, dict_fn *fn, void *arg)
{
	uint64_t key, value;
	struct dict_iter it;
	struct dict d;
	int status;

	if (!is_dict(c, address))
		return PYCORE_ERR_ARGUMENT;
	status = dict_at(c->l, c->r, address, &d);
	if (status)
		return status;
	dict_iter_init(&it, c->r, &d);
	while (dict_next(&it, &key, &value)) {
		status = fn(arg, key, value);
		if (status)
			return status;
	}
	return it.status;
}

static uint64_t inline_value(const struct ctx *c, struct object o, const struct attrs *a,
			     const char *name)
{
	size_t len = strlen(name);
	uint64_t value;

	for (uint32_t i = 0; i < a->n && i < o.type->n_attr_keys; i++) {
		if (o.type->attr_keys[i] && text_is(c->l, c->r, o.type->attr_keys[i], name, len))
			return reader_u64(c->r, a->values + 8 * (uint64_t)i, &value) ? value : 0;
	}
	return 0;
}

static uint64_t slot_value(const struct ctx *c, struct object o, const char *name)
{
	uint64_t at, value;

	for (uint32_t i = 0; i < o.type->n_slots; i++) {
		if (strcmp(o.type->slots[i].name, name))
			continue;
		if (slot_address(c, o, &o.type->slots[i], &at) || !reader_u64(c->r, at, &value))
			return 0;
		return value;
	}
	return 0;
}

uint64_t value_attr(const struct ctx *c, uint64_t address, const char *name)
{
	struct object o;
	struct attrs a;
	uint64_t value = 0;

	if (object_at(c, address, &o))
		return 0;
	if (!attrs_of(c, o, &a)) {
		if (a.values)
			value = inline_value(c, o, &a, name);
		if (!value && a.dict)
			value = value_dict_get(c, a.dict, name);
	}
	return value ? value : slot_value(c, o, name);
}

uint64_t value_module_dict(const struct ctx *c, uint64_t interp, const char *name)
{
	uint64_t modules, module, dict;
	struct object o;

	if (!LOAD(c->l, c->r, interp, PyInterpreterState, modules, &modules))
		return 0;
	module = value_dict_get(c, modules, name);
	if (!module || object_at(c, module, &o) || o.type->decoder != &pycore_dec_module ||
	    !LOAD(c->l, c->r, module, PyModuleObject, md_dict, &dict))
		return 0;
	return is_dict(c, dict) ? dict : 0;
}

/* Whether a subclass's repr would most likely be the one of its builtin base. */
static bool shows_as_base(const struct type *t)
{
	return t->flags & (TPFLAGS_TUPLE | TPFLAGS_DICT | TPFLAGS_LIST | TPFLAGS_BASE_EXC |
			   TPFLAGS_TYPE | TPFLAGS_UNICODE | TPFLAGS_INT | TPFLAGS_LONG |
			   TPFLAGS_BYTES) ||
	       !t->python_class;
}

int value_repr_within(const struct ctx *c, uint64_t address, struct buf *out, unsigned depth,
		      size_t most)
{
	struct ctx inner = *c;
	struct object o;
	size_t before = out->len;
	int status = object_at(c, address, &o);

	if (inner.nested++ >= NESTED_MOST) {
		buf_puts(out, "...");
		return 0;
	}
	if (status) {
		buf_printf(out, address ? "<0x%llx>" : "<NULL>", (unsigned long long)address);
		return status;
	}
	if (depth > DEPTH_MOST)
		depth = DEPTH_MOST;
	if (o.type->decoder->repr && shows_as_base(o.type)) {
		status = o.type->decoder->repr(&inner, o, out, depth, most);
		if (!status)
			return 0;
		/* Half a value would be taken for all of it. */
		if (out->text)
			out->text[out->len = before] = '\0';
	}
	buf_printf(out, "<%s object at 0x%llx>", o.type->name, (unsigned long long)address);
	return status;
}

int value_repr(const struct ctx *c, uint64_t address, struct buf *out, unsigned depth, size_t most)
{
	return value_repr_within(c, address, out, depth, out->len + most);
}

#define LABEL_TEXT_MOST 60

int value_label(const struct ctx *c, const struct label *label, struct buf *out)
{
	switch (label->kind) {
	case LABEL_NONE:
		return 0;
	case LABEL_ATTR:
		buf_printf(out, ".%s", label->text);
		return 0;
	case LABEL_FIELD:
		buf_puts(out, label->text);
		return 0;
	case LABEL_INDEX:
		buf_printf(out, "[%llu]", (unsigned long long)label->index);
		return 0;
	case LABEL_KEY:
		buf_putc(out, '[');
		value_repr(c, label->key, out, 1, LABEL_TEXT_MOST);
		buf_putc(out, ']');
		return 0;
	case LABEL_ATTR_KEY:
		buf_putc(out, '.');
		break;
	case LABEL_IS_KEY:
		buf_puts(out, "key");
		return 0;
	case LABEL_LOCAL:
		break;
	}
	if (!label->key || value_str(c, label->key, out, out->len + LABEL_TEXT_MOST))
		buf_putc(out, '?');
	return 0;
}
