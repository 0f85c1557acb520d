/* SPDX-License-Identifier: MIT */
#include "object/decode.h"
#include "object/dict.h"
#include "object/value.h"

static const struct ref_field type_fields[] = {
	{ F_PyTypeObject_tp_base, LABEL_ATTR, EDGE_OWNED, "__base__" },
	{ F_PyTypeObject_tp_bases, LABEL_ATTR, EDGE_OWNED, "__bases__" },
	{ F_PyTypeObject_tp_mro, LABEL_ATTR, EDGE_OWNED, "__mro__" },
	{ F_PyTypeObject_tp_cache, LABEL_FIELD, EDGE_OWNED, "tp_cache" },
	{ 0 },
};

static const struct ref_field heap_type_fields[] = {
	{ F_PyHeapTypeObject_ht_name, LABEL_ATTR, EDGE_OWNED, "__name__" },
	{ F_PyHeapTypeObject_ht_qualname, LABEL_ATTR, EDGE_OWNED, "__qualname__" },
	{ F_PyHeapTypeObject_ht_slots, LABEL_FIELD, EDGE_OWNED, "ht_slots" },
	{ F_PyHeapTypeObject_ht_module, LABEL_FIELD, EDGE_OWNED, "ht_module" },
	{ 0 },
};

/* The names of the instances' attributes, which shared keys hold. */
static int key_edges(const struct ctx *c, uint64_t address, edge_fn *fn, void *arg)
{
	struct dict_keys keys;
	int status = dict_keys_at(c->l, c->r, address, &keys);

	for (uint64_t i = 0; i < keys.n && !status; i++) {
		struct label label = { LABEL_IS_KEY, NULL, i, 0 };
		uint64_t key;

		if (!reader_u64(c->r, keys.entries + i * keys.stride + keys.key, &key))
			return PYCORE_ERR_FAULT;
		status = emit(fn, arg, key, EDGE_OWNED, &label);
	}
	return status;
}

static int heap_type_edges(const struct ctx *c, struct body *b, edge_fn *fn, void *arg)
{
	uint64_t keys = BODY(b, c->l, PyHeapTypeObject, ht_cached_keys);
	int status = emit_fields(b, c->l, heap_type_fields, fn, arg);

	if (stopped(status) || !keys)
		return status;
	return key_edges(c, keys, fn, arg);
}

/* Each interpreter has attributes and subclasses of its own for static types (3.12). */
static int state_edges(const struct ctx *c, uint64_t type, edge_fn *fn, void *arg)
{
	static const struct label dict = { LABEL_FIELD, "__dict__ in a sub-interpreter", 0, 0 };
	uint64_t state, to;
	int status = 0;

	for (size_t i = 0; c->interps && i < c->interps->interps.n && !stopped(status); i++) {
		state = type_state(c->l, c->r, c->interps->interps.items[i].address, type);
		if (!state)
			continue;
		/* The main one's is the type's __dict__. */
		if (i > 0 && PROBE(c->l, c->r, state, managed_static_type_state, tp_dict, &to))
			status = emit(fn, arg, to, EDGE_OWNED, &dict);
		if (!stopped(status) &&
		    PROBE(c->l, c->r, state, managed_static_type_state, tp_subclasses, &to))
			status = emit_field(fn, arg, to, "tp_subclasses");
	}
	return status;
}

static int type_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label dict = { LABEL_ATTR, "__dict__", 0, 0 };
	uint64_t flags;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	if (status)
		return status;
	flags = BODY(&b, c->l, PyTypeObject, tp_flags);
	status = emit_fields(&b, c->l, type_fields, fn, arg);
	if (stopped(status))
		return status;
	status = emit(fn, arg, type_dict(c->types, c->r, o.address), EDGE_OWNED, &dict);
	if (!stopped(status)) {
		/* Where the interpreter keeps the state of static types, this is a small number. */
		uint64_t subclasses = BODY(&b, c->l, PyTypeObject, tp_subclasses);

		status = emit_field(fn, arg, subclasses, "tp_subclasses");
	}
	if (stopped(status))
		return status;
	if (!(flags & TPFLAGS_HEAPTYPE))
		return FACT(c->l, TYPE_STATE) == TYPE_STATE_INTERP ?
			       state_edges(c, o.address, fn, arg) : status;
	return heap_type_edges(c, &b, fn, arg);
}

static int type_extent(const struct ctx *c, struct object o, uint64_t *bytes)
{
	uint64_t flags, keys_at;
	struct dict_keys keys;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	/* To 2.7 types did not tell their size themselves. */
	if (!HAS(c->l, PyHeapTypeObject, ht_cached_keys))
		return generic_extent(c, o, bytes);
	*bytes = L(c->l, PyTypeObject, sizeof);
	if (status)
		return status;
	flags = BODY(&b, c->l, PyTypeObject, tp_flags);
	if (!(flags & TPFLAGS_HEAPTYPE))
		return 0;
	*bytes = L(c->l, PyHeapTypeObject, sizeof);
	keys_at = BODY(&b, c->l, PyHeapTypeObject, ht_cached_keys);
	if (keys_at && !dict_keys_at(c->l, c->r, keys_at, &keys))
		*bytes += keys.bytes;
	return body_status(&b);
}

static void type_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t keys_at, at;
	struct dict_keys keys;
	struct body b;
	char text[4096];
	long len;

	if (body_view(&b, c->r, o.address, o.type->basicsize) ||
	    !(BODY(&b, c->l, PyTypeObject, tp_flags) & TPFLAGS_HEAPTYPE))
		return;
	keys_at = BODY(&b, c->l, PyHeapTypeObject, ht_cached_keys);
	if (keys_at && !dict_keys_at(c->l, c->r, keys_at, &keys) && !keys.empty)
		fn(arg, keys_at, keys.bytes);
	at = BODY(&b, c->l, PyHeapTypeObject, _ht_tpname);
	len = type_is_address(at) ? reader_string(c->r, at, text, sizeof(text)) : -1;
	if (len >= 0)
		fn(arg, at, (uint64_t)len + 1);
	at = BODY(&b, c->l, PyTypeObject, tp_doc);
	if (!type_is_address(at))
		return;
	len = reader_string(c->r, at, text, sizeof(text));
	fn(arg, at, len >= 0 ? (uint64_t)len + 1 : sizeof(text));
}

static int type_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		     size_t most)
{
	const struct type *t = type_at(c->types, c->r, o.address);

	if (!t)
		return PYCORE_ERR_DAMAGED;
	buf_printf(out, "<%s '%s'>",
		   FACT(c->l, TEXT) == TEXT_BYTES && !(t->flags & TPFLAGS_HEAPTYPE) ? "type" : "class",
		   t->name);
	return 0;
}

/* Modules */

static const struct ref_field module_fields[] = {
	{ F_PyModuleObject_md_name, LABEL_FIELD, EDGE_OWNED, "__name__" },
	{ F_PyModuleObject_md_def, LABEL_FIELD, EDGE_BORROWED, "md_def" },
	{ 0 }, /* md_dict is the instance dict */
};

#define STATE_MOST (UINT64_C(1) << 20)

/* A C module's own struct: what is in it only its C code knows. */
static int module_state(const struct ctx *c, struct object o, uint64_t *state, uint64_t *size)
{
	uint64_t def;
	struct body b;
	int status = body_view(&b, c->r, o.address, o.type->basicsize);

	*state = *size = 0;
	if (status)
		return status;
	*state = BODY(&b, c->l, PyModuleObject, md_state);
	if (!*state)
		return 0;
	def = BODY(&b, c->l, PyModuleObject, md_def);
	if (HAS(c->l, PyModuleObject, md_state_size))
		*size = BODY(&b, c->l, PyModuleObject, md_state_size);
	else if (!type_is_address(def) || !LOAD(c->l, c->r, def, PyModuleDef, m_size, size))
		*size = 0;
	return *size < STATE_MOST && type_is_address(*state) ? 0 : PYCORE_ERR_DAMAGED;
}

/* What a module was made by; from 3.15 on it may also be made of slots alone. */
static uint64_t module_token(const struct ctx *c, struct object o)
{
	uint64_t is_def, token;

	if (!HAS(c->l, PyModuleObject, md_token) ||
	    !LOAD(c->l, c->r, o.address, PyModuleObject, md_token_is_def, &is_def) || !is_def ||
	    !LOAD(c->l, c->r, o.address, PyModuleObject, md_token, &token))
		return 0;
	return token;
}

static int module_edges(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label label = { LABEL_FIELD, "module state", 0, 0 };
	static const struct label def = { LABEL_FIELD, "md_def", 0, 0 };
	uint64_t state, size;
	int status = emit(fn, arg, module_token(c, o), EDGE_BORROWED, &def);

	if (status)
		return status;
	status = module_state(c, o, &state, &size);
	return status ? status : emit_items(c, state, size / 8, EDGE_GUESS, label, fn, arg);
}

static int module_inside(const struct ctx *c, struct object o, edge_fn *fn, void *arg)
{
	static const struct label none;
	uint64_t state, size;
	int status = module_state(c, o, &state, &size);

	return status ? status : emit_items(c, state, size / 8, EDGE_GUESS, none, fn, arg);
}

static void module_storage(const struct ctx *c, struct object o, storage_fn *fn, void *arg)
{
	uint64_t state, size;

	if (!module_state(c, o, &state, &size) && state)
		fn(arg, state, size);
}

/* The spec of sys has no origin (to 3.8): its loader knows what to say. */
static void loader_origin(const struct ctx *c, uint64_t loader, struct buf *out)
{
	const struct type *type = loader ? type_at(c->types, c->r, loader) : NULL;

	if (type && !strcmp(type->name, "_frozen_importlib.BuiltinImporter"))
		buf_puts(out, " (built-in)");
	else if (type && !strcmp(type->name, "_frozen_importlib.FrozenImporter"))
		buf_puts(out, " (frozen)");
}

/* As _module_repr_from_spec() of importlib. */
static void module_origin(const struct ctx *c, struct object o, struct buf *out, size_t most)
{
	uint64_t dict, spec, origin, set_file;
	int64_t has_file = 0;
	struct object text;

	if (!LOAD(c->l, c->r, o.address, PyModuleObject, md_dict, &dict))
		return;
	spec = value_dict_get(c, dict, "__spec__");
	origin = spec ? value_attr(c, spec, "origin") : 0;
	set_file = spec ? value_attr(c, spec, "_set_fileattr") : 0;
	if (!origin || object_at(c, origin, &text) || !type_is_text(c->l, text.type)) {
		loader_origin(c, spec ? value_attr(c, spec, "loader") : 0, out);
		return;
	}
	if (set_file && !value_int(c, set_file, &has_file) && has_file) {
		buf_puts(out, " from ");
		value_repr_within(c, origin, out, 0, most);
		return;
	}
	buf_puts(out, " (");
	value_str(c, origin, out, most > out->len ? most : out->len);
	buf_putc(out, ')');
}

/* Of Python 2: name and file are in the module's dict. */
static int old_module_repr(const struct ctx *c, struct object o, struct buf *out, size_t most)
{
	uint64_t dict, name, file;

	if (!LOAD(c->l, c->r, o.address, PyModuleObject, md_dict, &dict))
		return PYCORE_ERR_FAULT;
	name = value_dict_get(c, dict, "__name__");
	file = value_dict_get(c, dict, "__file__");
	buf_puts(out, "<module '");
	if (!name || value_str(c, name, out, most > out->len ? most : out->len))
		buf_putc(out, '?');
	if (file) {
		buf_puts(out, "' from '");
		value_str(c, file, out, most > out->len ? most : out->len);
		buf_puts(out, "'>");
	} else {
		buf_puts(out, "' (built-in)>");
	}
	return 0;
}

static int module_repr(const struct ctx *c, struct object o, struct buf *out, unsigned depth,
		       size_t most)
{
	uint64_t name;

	if (!HAS(c->l, PyModuleObject, md_name))
		return old_module_repr(c, o, out, most);
	if (!LOAD(c->l, c->r, o.address, PyModuleObject, md_name, &name))
		return PYCORE_ERR_FAULT;
	buf_puts(out, "<module ");
	value_repr_within(c, name, out, 0, most);
	module_origin(c, o, out, most);
	buf_putc(out, '>');
	return 0;
}

const struct decoder pycore_dec_type = {
	.edges = type_edges,
	.extent = type_extent,
	.storage = type_storage,
	.repr = type_repr,
};
const struct decoder pycore_dec_module = {
	.fields = module_fields,
	.edges = module_edges,
	.inside = module_inside,
	.storage = module_storage,
	.repr = module_repr,
};
