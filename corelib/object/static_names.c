/* SPDX-License-Identifier: MIT */
#include "object/static_names.h"

#include <stdlib.h>

#include "object/dict.h"
#include "object/text.h"
#include "object/type_name.h"

#define NAME_MOST 200
#define MODULES_MOST 50000
#define ENTRIES_MOST 2000000

/* How what is found under a name leads to a type. */
enum way {
	WAY_SELF,  /* it is the type */
	WAY_TYPE,  /* it is an instance */
	WAY_ENTRY, /* it is a type with an instance in its dict, under the name attr */
	WAY_DICT,  /* it is a type whose dict is an instance */
	WAY_CODE,  /* it is a function, whose code is an instance */
	WAY_DEF,   /* it is a module's name, whose definition is an instance */
};

/*
 * Where types are that have other names there, or none; the surest first. What a layout says
 * of TYPE_NAMES is @c from at least and less than @c before, if these are not 0.
 */
static const struct known_name {
	const char *module, *key;
	enum way way;
	const char *name, *attr;
	unsigned from, before;
} known[] = {
	{ "builtins", "type", WAY_SELF, "type", NULL, 0, 0 },
	{ "builtins", "None", WAY_TYPE, "NoneType", NULL, 0, 0 },
	{ "builtins", "Ellipsis", WAY_TYPE, "ellipsis", NULL, 0, 0 },
	{ "builtins", "NotImplemented", WAY_TYPE, "NotImplementedType", NULL, 0, 0 },
	{ "builtins", "len", WAY_TYPE, "builtin_function_or_method", NULL, 0, 0 },
	{ "builtins", "type", WAY_ENTRY, "method_descriptor", "mro", 0, 0 },
	{ "builtins", "type", WAY_ENTRY, "member_descriptor", "__basicsize__", 0, 0 },
	{ "builtins", "type", WAY_ENTRY, "getset_descriptor", "__abstractmethods__", 0, 0 },
	{ "builtins", "type", WAY_ENTRY, "wrapper_descriptor", "__repr__", 0, 0 },
	{ "builtins", "dict", WAY_ENTRY, "classmethod_descriptor", "fromkeys", 0, 0 },
	{ "builtins", "__name__", WAY_DEF, "moduledef", NULL, 0, 0 },
	{ "_frozen_importlib", "_verbose_message", WAY_TYPE, "function", NULL, 0, 0 },
	{ "_frozen_importlib", "_verbose_message", WAY_CODE, "code", NULL, 0, 0 },
	{ "sys", "implementation", WAY_TYPE, "types.SimpleNamespace", NULL, 0, 0 },
	{ "_weakref", "ref", WAY_SELF, "weakref", NULL, 0, TYPE_NAMES_3_10 },
	{ "_weakref", "ProxyType", WAY_SELF, "weakproxy", NULL, 0, TYPE_NAMES_3_10 },
	{ "_weakref", "CallableProxyType", WAY_SELF, "weakcallableproxy", NULL, 0,
	  TYPE_NAMES_3_10 },
	{ "_weakref", "ReferenceType", WAY_SELF, "weakref.ReferenceType", NULL, 0, 0 },
	{ "_contextvars", "Context", WAY_SELF, "Context", NULL, 0, TYPE_NAMES_3_10 },
	{ "_contextvars", "ContextVar", WAY_SELF, "ContextVar", NULL, 0, TYPE_NAMES_3_10 },
	{ "_contextvars", "Token", WAY_SELF, "Token", NULL, 0, TYPE_NAMES_3_10 },
	{ "_datetime", "datetime_CAPI", WAY_TYPE, "PyCapsule", NULL, 0, 0 },
	{ "_socket", "CAPI", WAY_TYPE, "PyCapsule", NULL, 0, 0 },
	{ "_socket", "socket", WAY_SELF, "_socket.socket", NULL, 0, 0 },
	{ "array", "array", WAY_SELF, "array.array", NULL, 0, 0 },
	{ "_json", "make_scanner", WAY_SELF, "_json.Scanner", NULL, 0, 0 },
	{ "_json", "make_encoder", WAY_SELF, "_json.Encoder", NULL, 0, 0 },
	{ "_struct", "Struct", WAY_SELF, "Struct", NULL, 0, 0 },
	{ "_thread", "LockType", WAY_SELF, "_thread.lock", NULL, 0, 0 },
	{ "_collections", "_tuplegetter", WAY_SELF, "_collections._tuplegetter", NULL, 0, 0 },
	{ "ctypes", "c_int", WAY_DICT, "StgDict", NULL, 0, 0 },
	{ "_ctypes", "Structure", WAY_TYPE, "_ctypes.PyCStructType", NULL, 0, 0 },
	{ "_ctypes", "Union", WAY_TYPE, "_ctypes.UnionType", NULL, 0, 0 },
	{ "_ctypes", "_Pointer", WAY_TYPE, "_ctypes.PyCPointerType", NULL, 0, 0 },
	{ "_ctypes", "Array", WAY_TYPE, "_ctypes.PyCArrayType", NULL, 0, 0 },
	{ "_ctypes", "_SimpleCData", WAY_TYPE, "_ctypes.PyCSimpleType", NULL, 0, 0 },
	{ "_ctypes", "CFuncPtr", WAY_TYPE, "_ctypes.PyCFuncPtrType", NULL, 0, 0 },
	{ "_ctypes", "CFuncPtr", WAY_SELF, "_ctypes.PyCFuncPtr", NULL, 0, 0 },
	{ "re", "Pattern", WAY_SELF, "re.Pattern", NULL, 0, 0 },
	{ "re", "Match", WAY_SELF, "re.Match", NULL, 0, 0 },
};

/*
 * The same of 2.7, before all others: two of its builtins are one type, and modules have types
 * under names that became those of others, or that are none.
 */
static const struct known_name known_two[] = {
	{ "builtins", "str", WAY_SELF, "str", NULL, 0, 0 }, /* and not bytes */
	{ "types", "MethodType", WAY_SELF, "instancemethod", NULL, 0, 0 },
	{ "types", "DictProxyType", WAY_SELF, "dictproxy", NULL, 0, 0 },
	{ "types", "ClassType", WAY_SELF, "classobj", NULL, 0, 0 },
	{ "types", "InstanceType", WAY_SELF, "instance", NULL, 0, 0 },
	{ "types", "FunctionType", WAY_SELF, "function", NULL, 0, 0 },
	{ "types", "CodeType", WAY_SELF, "code", NULL, 0, 0 },
	{ "types", "GetSetDescriptorType", WAY_SELF, "getset_descriptor", NULL, 0, 0 },
	{ "types", "MemberDescriptorType", WAY_SELF, "member_descriptor", NULL, 0, 0 },
	{ "thread", "LockType", WAY_SELF, "thread.lock", NULL, 0, 0 },
	{ "cStringIO", "InputType", WAY_SELF, "cStringIO.StringI", NULL, 0, 0 },
	{ "cStringIO", "OutputType", WAY_SELF, "cStringIO.StringO", NULL, 0, 0 },
};

/* The same of modules that give names to many: "types" and, from 3.14 on, "_types". */
static const struct known_name known_types[] = {
	{ NULL, "MappingProxyType", WAY_SELF, "mappingproxy", NULL, 0, 0 },
	{ NULL, "CellType", WAY_SELF, "cell", NULL, 0, 0 },
	{ NULL, "GeneratorType", WAY_SELF, "generator", NULL, 0, 0 },
	{ NULL, "CoroutineType", WAY_SELF, "coroutine", NULL, 0, 0 },
	{ NULL, "AsyncGeneratorType", WAY_SELF, "async_generator", NULL, 0, 0 },
	{ NULL, "MethodType", WAY_SELF, "method", NULL, 0, 0 },
	{ NULL, "MethodWrapperType", WAY_SELF, "method-wrapper", NULL, 0, 0 },
	{ NULL, "TracebackType", WAY_SELF, "traceback", NULL, 0, 0 },
	{ NULL, "FrameType", WAY_SELF, "frame", NULL, 0, 0 },
	{ NULL, "CapsuleType", WAY_SELF, "PyCapsule", NULL, 0, 0 },
	{ NULL, "GenericAlias", WAY_SELF, "types.GenericAlias", NULL, 0, 0 },
	{ NULL, "UnionType", WAY_SELF, "types.UnionType", NULL, 0, TYPE_NAMES_3_14 },
	{ NULL, "UnionType", WAY_SELF, "typing.Union", NULL, TYPE_NAMES_3_14, 0 },
	{ NULL, "LazyImportType", WAY_SELF, "lazy_import", NULL, 0, 0 },
	{ NULL, "FrameLocalsProxyType", WAY_SELF, "FrameLocalsProxy", NULL, 0, 0 },
};

/* The same of "_collections_abc", which is there in every program. */
static const struct known_name known_abc[] = {
	{ NULL, "mappingproxy", WAY_SELF, "mappingproxy", NULL, 0, 0 },
	{ NULL, "generator", WAY_SELF, "generator", NULL, 0, 0 },
	{ NULL, "coroutine", WAY_SELF, "coroutine", NULL, 0, 0 },
	{ NULL, "async_generator", WAY_SELF, "async_generator", NULL, 0, 0 },
	{ NULL, "str_iterator", WAY_SELF, "str_iterator", NULL, 0, TYPE_NAMES_3_11 },
	{ NULL, "str_iterator", WAY_SELF, "str_ascii_iterator", NULL, TYPE_NAMES_3_11, 0 },
	{ NULL, "bytes_iterator", WAY_SELF, "bytes_iterator", NULL, 0, 0 },
	{ NULL, "bytearray_iterator", WAY_SELF, "bytearray_iterator", NULL, 0, 0 },
	{ NULL, "dict_keyiterator", WAY_SELF, "dict_keyiterator", NULL, 0, 0 },
	{ NULL, "dict_valueiterator", WAY_SELF, "dict_valueiterator", NULL, 0, 0 },
	{ NULL, "dict_itemiterator", WAY_SELF, "dict_itemiterator", NULL, 0, 0 },
	{ NULL, "list_iterator", WAY_SELF, "list_iterator", NULL, 0, 0 },
	{ NULL, "list_reverseiterator", WAY_SELF, "list_reverseiterator", NULL, 0, 0 },
	{ NULL, "range_iterator", WAY_SELF, "range_iterator", NULL, 0, 0 },
	{ NULL, "longrange_iterator", WAY_SELF, "longrange_iterator", NULL, 0, 0 },
	{ NULL, "set_iterator", WAY_SELF, "set_iterator", NULL, 0, 0 },
	{ NULL, "tuple_iterator", WAY_SELF, "tuple_iterator", NULL, 0, 0 },
	{ NULL, "dict_keys", WAY_SELF, "dict_keys", NULL, 0, 0 },
	{ NULL, "dict_values", WAY_SELF, "dict_values", NULL, 0, 0 },
	{ NULL, "dict_items", WAY_SELF, "dict_items", NULL, 0, 0 },
};

/* Modules of C code whose types have another's name in theirs; "": none. */
static const struct {
	const char *module, *name;
} renamed[] = {
	{ "builtins", "" },           { "_collections", "collections" },
	{ "_functools", "functools" }, { "_datetime", "datetime" },
	{ "_decimal", "decimal" },    { "_operator", "operator" },
	{ "_weakref", "weakref" },    { "_typing", "typing" },
	{ "_elementtree", "xml.etree.ElementTree" },
};

struct names {
	struct type_table *tt;
	const struct layout *l;
	struct reader *r;
	uint64_t entries; /* looked at */
};

static uint64_t type_of(const struct names *n, uint64_t object)
{
	uint64_t type;

	if (!type_is_address(object) ||
	    !PROBE(n->l, n->r, object, PyObject, ob_type, &type) || !type_is_address(type))
		return 0;
	return type;
}

/* Whether it is a static type: one of heap types has its name with it. */
static bool is_static(const struct names *n, uint64_t object)
{
	uint64_t type = type_of(n, object), flags;

	return type && PROBE(n->l, n->r, type, PyTypeObject, tp_flags, &flags) &&
	       flags & TPFLAGS_TYPE &&
	       PROBE(n->l, n->r, object, PyTypeObject, tp_flags, &flags) &&
	       !(flags & TPFLAGS_HEAPTYPE);
}

/* The first name that is found is the one. */
static void add(struct names *n, uint64_t type, const char *name)
{
	uint64_t *p;
	bool added;

	if (!is_static(n, type))
		return;
	p = map_put(&n->tt->static_names, type, &added);
	if (!p || !added)
		return;
	*p = (uint64_t)(uintptr_t)arena_strdup(&n->tt->arena, name);
}

static uint64_t module_dict(const struct names *n, uint64_t module)
{
	uint64_t dict;

	/* Anything can be in sys.modules. */
	if (!type_is_address(module) ||
	    !PROBE(n->l, n->r, module, PyModuleObject, md_dict, &dict) || !type_is_address(dict))
		return 0;
	return dict;
}

static uint64_t definition(const struct names *n, uint64_t module)
{
	uint64_t def;

	if (PROBE(n->l, n->r, module, PyModuleObject, md_def, &def) ||
	    PROBE(n->l, n->r, module, PyModuleObject, md_token, &def))
		return def;
	return 0;
}

static uint64_t found(const struct names *n, const struct known_name *k, uint64_t module,
		      uint64_t at)
{
	uint64_t to;

	switch (k->way) {
	case WAY_SELF:
		return at;
	case WAY_TYPE:
		return type_of(n, at);
	case WAY_ENTRY:
		to = type_dict(n->tt, n->r, at);
		return to ? type_of(n, dict_get(n->l, n->r, to, k->attr)) : 0;
	case WAY_DICT:
		return type_of(n, type_dict(n->tt, n->r, at));
	case WAY_CODE:
		return PROBE(n->l, n->r, at, PyFunctionObject, func_code, &to) ? type_of(n, to) : 0;
	case WAY_DEF:
		return type_of(n, definition(n, module));
	}
	return 0;
}

/* Those of @p list, in module @p name if they name none. */
static void add_known(struct names *n, const struct known_name *list, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++) {
		const struct known_name *k = &list[i];
		uint64_t module, dict, at;
		const char *from;

		if ((k->from && FACT(n->l, TYPE_NAMES) < k->from) ||
		    (k->before && FACT(n->l, TYPE_NAMES) >= k->before))
			continue;
		from = k->module ? k->module : name;
		if (!strcmp(from, "builtins"))
			from = runtime_builtins(n->l);
		module = dict_get(n->l, n->r, n->tt->modules, from);
		dict = module ? module_dict(n, module) : 0;
		at = dict ? dict_get(n->l, n->r, dict, k->key) : 0;
		if (at)
			add(n, found(n, k, module, at), k->name);
	}
}

/* An ASCII str as text; NULL: it is none, or longer than a name. */
static const char *text(const struct names *n, uint64_t address, struct buf *out)
{
	struct text t;

	out->len = 0;
	if (!type_raw_is_str(n->l, n->r, address) || text_at(n->l, n->r, address, &t) ||
	    !t.length || t.length > NAME_MOST || text_utf8(&t, n->r, out, NAME_MOST, NULL))
		return NULL;
	return out->failed ? NULL : out->text;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && !strcmp(text + len - n, end);
}

/* Of C code: others have types under names that need not be theirs. */
static bool is_c_module(const struct names *n, uint64_t dict, struct buf *scratch)
{
	uint64_t file = dict_get(n->l, n->r, dict, "__file__");
	const char *path = file ? text(n, file, scratch) : NULL;

	if (path)
		return ends_with(path, ".so");
	/* Frozen modules have no file either, but are made of Python. */
	return !file && !dict_get(n->l, n->r, dict, "__builtins__");
}

/* Struct sequences that sys has one of each are called as it calls them. */
static bool is_sequence(const struct names *n, uint64_t object)
{
	uint64_t type = type_of(n, object), flags, tuple;

	return type && PROBE(n->l, n->r, type, PyTypeObject, tp_flags, &flags) &&
	       flags & TPFLAGS_TUPLE && PROBE(n->l, n->r, type, PyTypeObject, tp_base, &tuple) &&
	       tuple && PROBE(n->l, n->r, tuple, PyTypeObject, tp_flags, &flags) &&
	       flags & TPFLAGS_TUPLE;
}

static void add_all_of(struct names *n, const char *module, uint64_t address)
{
	struct buf key = { 0 }, name = { 0 };
	struct dict_iter it;
	struct dict d;
	uint64_t k, v;

	for (size_t i = 0; i < sizeof(renamed) / sizeof(*renamed); i++) {
		if (!strcmp(renamed[i].module, module))
			module = renamed[i].name;
	}
	if (dict_at(n->l, n->r, address, &d))
		return;
	dict_iter_init(&it, n->r, &d);
	while (n->entries++ < ENTRIES_MOST && dict_next(&it, &k, &v)) {
		bool sequence = !strcmp(module, "sys") && is_sequence(n, v);

		if (!is_static(n, sequence ? type_of(n, v) : v) || !text(n, k, &key) ||
		    (sequence && key.text[0] == '_'))
			continue;
		name.len = 0;
		buf_printf(&name, "%s%s%s", module, *module ? "." : "", key.text);
		if (!name.failed)
			add(n, sequence ? type_of(n, v) : v, name.text);
	}
	buf_free(&key);
	buf_free(&name);
}

static void add_modules(struct names *n)
{
	struct buf name = { 0 }, scratch = { 0 };
	uint64_t k, v;
	struct dict_iter it;
	struct dict d;

	if (dict_at(n->l, n->r, n->tt->modules, &d))
		return;
	dict_iter_init(&it, n->r, &d);
	for (unsigned i = 0; i < MODULES_MOST && dict_next(&it, &k, &v); i++) {
		uint64_t dict = module_dict(n, v);

		if (dict && is_c_module(n, dict, &scratch) && text(n, k, &name))
			add_all_of(n, name.text, dict);
	}
	buf_free(&name);
	buf_free(&scratch);
}

static void add_all(struct names *n)
{
	uint64_t builtins = dict_get(n->l, n->r, n->tt->modules, runtime_builtins(n->l));

	if (FACT(n->l, TYPE_NAMES) == TYPE_NAMES_2_7) {
		uint64_t exceptions = dict_get(n->l, n->r, n->tt->modules, "exceptions");

		add_known(n, known_two, sizeof(known_two) / sizeof(*known_two), NULL);
		if (exceptions)
			add_all_of(n, "exceptions", module_dict(n, exceptions));
	}
	if (builtins) {
		add(n, type_of(n, builtins), "module");
		add_all_of(n, "builtins", module_dict(n, builtins));
	}
	add_known(n, known, sizeof(known) / sizeof(*known), NULL);
	add_known(n, known_abc, sizeof(known_abc) / sizeof(*known_abc), "_collections_abc");
	add_known(n, known_types, sizeof(known_types) / sizeof(*known_types), "types");
	add_known(n, known_types, sizeof(known_types) / sizeof(*known_types), "_types");
	add_modules(n);
}

/* Some that no module has are the only ones that derive from a type. */
static const char *by_base(const struct names *n, uint64_t type)
{
	uint64_t base, *p;

	if (!PROBE(n->l, n->r, type, PyTypeObject, tp_base, &base) || !base)
		return NULL;
	p = map_get(&n->tt->static_names, base);
	if (p && !strcmp((const char *)(uintptr_t)*p, "builtin_function_or_method"))
		return "builtin_method";
	return NULL;
}

const char *static_name(struct type_table *tt, struct reader *r, uint64_t type)
{
	struct names n = { tt, &tt->rt->layout, r, 0 };
	uint64_t faults = r->faults, first = r->first_fault, *p;

	if (!tt->static_names_made && tt->modules) {
		tt->static_names_made = true;
		add_all(&n);
		/* What was looked at may be anything: nothing is missing. */
		r->faults = faults;
		r->first_fault = first;
	}
	p = map_get(&tt->static_names, type);
	if (p)
		return (const char *)(uintptr_t)*p;
	return by_base(&n, type);
}
